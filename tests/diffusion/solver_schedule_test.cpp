#include "lehr/diffusion/solver_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/single_step.hpp"
#include "tests/core/test_files.hpp"
#include "tests/diffusion/wide3.hpp"

namespace lehr::diffusion {
namespace {

struct Wide3 : test::Wide3 {
  Eigen::MatrixXd x = prior_points(process, 2, 300, Seed{5});
  std::vector<double> lambda_grid(int n) const { return TimeGrid::parse("log_rho").times(process, n); }
  Eigen::MatrixXd run(const Plan& plan) const { return follow(plan, model, process, x); }
  Eigen::MatrixXd clean(const Eigen::MatrixXd& points, double t) const {
    Lanes lanes = points.transpose().array(), out(lanes.rows(), lanes.cols());
    model.at(t)(lanes, out);
    return (points - process.s(t) * out.matrix().transpose()) / process.a(t);
  }
};

double largest(const Eigen::MatrixXd& difference) { return difference.cwiseAbs().maxCoeff(); }

TEST(SolverSchedule, PhiFunctionsWithoutCancellation) {
  // phi_2(z) = (e^z - 1 - z) / z^2, phi_3 by its series at 1e-3.
  EXPECT_NEAR(phi_functions(1e-3, 3)[2], 1.0 / 6 + 1e-3 / 24 + 1e-6 / 120 + 1e-9 / 720, 1e-15);
  for (const double z : {-3.0, -0.999999, -1.000001, 0.999999, 1.000001, 4.0})
    EXPECT_NEAR(phi_functions(z, 2)[1], (std::exp(z) - 1 - z) / (z * z), 1e-13 * std::exp(std::abs(z)));
  EXPECT_NEAR(phi_functions(0.999999, 4)[3], phi_functions(1.000001, 4)[3], 1e-7);
}

TEST(SolverSchedule, OrderOneIsDdimForBothPredictions) {
  const Wide3 c;
  const auto times = c.lambda_grid(8);
  const Eigen::MatrixXd ddim = c.run(ddim_plan(c.process, times));
  for (const bool data : {false, true}) {
    SolverSchedule schedule{times, std::vector<SolverStep>(8, SolverStep{.data = data})};
    EXPECT_LT(largest(c.run(usf_plan(c.process, schedule)) - ddim), 1e-11) << data;
  }
}

// D = x0_i + (x0_i - x0_{i-1}) / (2 r), x <- (s_t / s_s) x - a_t (e^-h - 1) D, as published; without the rule for the last step.
TEST(SolverSchedule, DpmSolverPlusPlusIsItsPublishedRecursion) {
  const Wide3 c;
  const auto times = c.lambda_grid(8);
  Eigen::MatrixXd x = c.x, before;
  double h_before = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    const Eigen::MatrixXd clean = c.clean(x, times[i]);
    const double h = c.process.lambda(times[i + 1]) - c.process.lambda(times[i]);
    Eigen::MatrixXd d = clean;
    if (i > 0) d += (clean - before) / (2 * h_before / h);
    x = c.process.s(times[i + 1]) / c.process.s(times[i]) * x -
        c.process.a(times[i + 1]) * std::expm1(-h) * d;
    before = clean;
    h_before = h;
  }
  PresetOptions options = preset_named("dpm_solver_pp_2m");
  options.lower_order_final = false;
  EXPECT_LT(largest(c.run(usf_plan(c.process, preset_schedule(options, times))) - x), 1e-11);
}

// UniPC-2 with B(h) = e^h - 1 on data predictions: predictor with rho = 1/2, corrector by the 2 x 2 system (Zhao et al., 2023).
TEST(SolverSchedule, UniPcIsItsPublishedForm) {
  const Wide3 c;
  const auto times = c.lambda_grid(8);
  Eigen::MatrixXd x = c.x, value, before;
  double h_before = 0;
  value = c.clean(x, times[0]);
  for (std::size_t i = 0; i < 8; ++i) {
    const double h = c.process.lambda(times[i + 1]) - c.process.lambda(times[i]), b = std::expm1(-h);
    const double a = c.process.a(times[i + 1]), ratio = c.process.s(times[i + 1]) / c.process.s(times[i]);
    const Eigen::MatrixXd base = ratio * x - a * b * value;
    const double r = -h_before / h;
    const bool second = i > 0 && i < 7;  // lower order at the end
    const Eigen::MatrixXd d1 =
        i > 0 ? Eigen::MatrixXd((before - value) / r) : Eigen::MatrixXd::Zero(2, c.x.cols());
    Eigen::MatrixXd predicted = base;
    if (second) predicted -= a * b * 0.5 * d1;
    if (i == 7) {
      x = predicted;
      break;
    }
    const Eigen::MatrixXd next = c.clean(predicted, times[i + 1]);
    // h phi_1(-h) etc. of the paper: g_1 = (e^-h - 1 + h) / -h ..., solved for the weights of D_1 and D_t.
    const double phi1 = std::expm1(-h) / -h - 1, phi2 = phi1 / -h - 0.5;
    Eigen::VectorXd rho(2);
    if (second) {
      Eigen::Matrix2d system;
      system << 1, 1, r, 1;
      Eigen::Vector2d right(phi1 / b, phi2 * 2 / b);
      const double determinant = 1 - r;
      rho << (right[0] - right[1]) / determinant, (right[1] - r * right[0]) / determinant;
    } else {
      rho << 0, 0.5;
    }
    x = base - a * b * (rho[0] * d1 + rho[1] * (next - value));
    before = value;
    value = next;
    h_before = h;
  }
  EXPECT_LT(largest(c.run(usf_plan(c.process, preset_schedule(preset_named("unipc"), times))) - x), 1e-11);
}

TEST(SolverSchedule, MixedScheduleAgainstTheFile) {
  const auto folder = lehr::test::shared_data("unified-sampling-framework");
  if (folder.empty()) GTEST_SKIP() << "the shared data are not here";
  const Wide3 c;
  const SolverSchedule schedule = read_solver_schedule(folder / "schedule_5.json");
  const Eigen::MatrixXd table = read_point_set(folder / "schedule_5_io.csv").points;
  const Eigen::MatrixXd ends = follow(usf_plan(c.process, schedule), c.model, c.process, table.topRows(2));
  EXPECT_LT(largest(ends - table.bottomRows(2)), 1e-8);
}

// Slopes between 80 and 160 steps, uniform in lambda, without lowering the last orders. Root mean squares over the starts
// that keep their basin (one that changes it with the step size outweighs all others).
TEST(SolverSchedule, ConvergenceOrders) {
  const Wide3 c;
  const Eigen::MatrixXd exact =
      c.run(rho_runge_kutta_plan(c.process, TimeGrid::parse("power_t(2)").times(c.process, 3000), "rk4"));
  const auto error = [&](bool data, int order, bool corrector, int n, double largest_kept = 0.3) {
    const PresetOptions options{"", order, data, Scaling::none, corrector, false};
    const Eigen::ArrayXd distance =
        (c.run(usf_plan(c.process, preset_schedule(options, c.lambda_grid(n)))) - exact).colwise().norm();
    const Eigen::ArrayXd kept = (distance < largest_kept).cast<double>();
    EXPECT_GE(kept.sum(), 295);
    return std::sqrt((kept * distance.square()).sum() / kept.sum());
  };
  const auto slope = [&](bool data, int order, bool corrector) {
    return std::log2(error(data, order, corrector, 80) / error(data, order, corrector, 160));
  };
  EXPECT_GE(slope(false, 2, false), 1.3);
  EXPECT_GE(slope(false, 3, false), 2.5);
  EXPECT_GE(slope(false, 2, true), 2.4);
  EXPECT_GE(slope(false, 3, true), 3.2);
  EXPECT_GE(slope(true, 3, false), 2.4);
  // Over all starts, those included: the corrector also keeps starts in their basin.
  EXPECT_GE(error(false, 2, false, 40, 1e9), 5 * error(false, 2, true, 40, 1e9));
}

TEST(SolverSchedule, EveryDecisionChangesTheOutput) {
  const Wide3 c;
  const auto times = c.lambda_grid(6);
  PresetOptions plain{"", 3, false, Scaling::none, false, false};
  const SolverSchedule base = preset_schedule(plain, times);
  const Eigen::MatrixXd reference = c.run(usf_plan(c.process, base));
  const auto changes = [&](auto edit) {
    SolverSchedule changed = base;
    edit(changed.steps[3]);
    return largest(c.run(usf_plan(c.process, changed)) - reference) > 1e-9;
  };
  EXPECT_TRUE(changes([](SolverStep& s) { s.data = true; }));
  EXPECT_TRUE(changes([](SolverStep& s) { s.order = 2, s.derivative_points = {{-2}}; }));
  EXPECT_TRUE(changes([](SolverStep& s) { s.derivative_points[0] = {-2}; }));
  EXPECT_TRUE(changes([](SolverStep& s) { s.derivative_points[1] = {-2, -3, -4}; }));
  EXPECT_TRUE(changes([](SolverStep& s) { s.start = -2, s.derivative_points = {{-1, -3}, {-1, -3}}; }));
  EXPECT_TRUE(changes([](SolverStep& s) { s.corrector = Corrector::pseudo; }));
  EXPECT_TRUE(changes([](SolverStep& s) { s.scaling = Scaling::linear, s.kappa = 0.1; }));
  for (const Scaling scaling : {Scaling::dpm, Scaling::bh1, Scaling::plus_exp, Scaling::minus_exp})
    EXPECT_TRUE(changes([&](SolverStep& s) { s.scaling = scaling; }));
  SolverSchedule pseudo = base, implicit = base;
  pseudo.steps[3].corrector = Corrector::pseudo;
  implicit.steps[3].corrector = Corrector::implicit;
  EXPECT_EQ(pseudo.evaluations(), 6);
  EXPECT_EQ(implicit.evaluations(), 7);
  EXPECT_EQ(usf_plan(c.process, implicit).evaluations(), 7);
  EXPECT_GT(largest(c.run(usf_plan(c.process, pseudo)) - c.run(usf_plan(c.process, implicit))), 1e-9);
}

TEST(SolverSchedule, JsonRoundTrip) {
  const Wide3 c;
  SolverSchedule schedule = preset_schedule(preset_named("unipc"), c.lambda_grid(5));
  schedule.steps[2].scaling = Scaling::linear;
  schedule.steps[2].kappa = -0.07;
  const SolverSchedule again = schedule_from_json(schedule_json(schedule), "s");
  EXPECT_EQ(schedule_json(again), schedule_json(schedule));
  EXPECT_EQ(c.run(usf_plan(c.process, again)), c.run(usf_plan(c.process, schedule)));
}

TEST(SolverSchedule, RefusalsNameTheStep) {
  const Process process = Process::vp_linear();
  const auto message = [&](const char* text) -> std::string {
    try {
      check_schedule(schedule_from_json(parse_json(text, "s.json"), "s.json"), process);
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(
      message(R"json({"timesteps":[1,0.5,0.1],"steps":[{"order":2,"derivative_points":[[-2]]},{}]})json"),
      "schedule: step 1 has order 2, 1 nodes are there and 4 is the highest");
  EXPECT_EQ(message(R"json({"timesteps":[1,0.5,0.6],"steps":[{},{}]})json"),
            "schedule: times must fall, but time 2 is 0.6 after 0.5");
  EXPECT_EQ(
      message(R"json({"timesteps":[1,0.5,0.1],"steps":[{},{"order":2,"derivative_points":[[-1]]}]})json"),
      "schedule: step 2: point -1 is the start");
  EXPECT_EQ(message(R"json({"timesteps":[1,0.5,0.1],"nfe":3,"steps":[{},{}]})json"),
            "s.json: nfe is said to be 3, the steps make 2");
  EXPECT_NE(
      message(R"json({"timesteps":[1,0.5],"steps":[{"order":1e300}]})json").find("s.json: step 1: order: "),
      std::string::npos);
  EXPECT_EQ(message(R"json({"timesteps":[1,0.5],"steps":[{"order":2,"derivative_points":[[1e300]]}]})json"),
            "s.json: step 1: derivative_points has '1e+300' where a number of a node belongs");
  EXPECT_EQ(message(R"json({"timesteps":[1,0.5],"steps":[{"scaling":{"type":"linaer"}}]})json"),
            "s.json: step 1: unknown scaling 'linaer' (did you mean 'linear'?)");
}

}  // namespace
}  // namespace lehr::diffusion
