#include "lehr/diffusion/steered.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/sigma_coordinates.hpp"
#include "lehr/diffusion/single_step.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXXd;
using Eigen::MatrixXd;

stats::GaussianMixture three_modes() {
  return mixture_from_json(
      parse_json(
          R"json({"weights":[0.5,0.3,0.2],"means":[[1.5,1.5],[-1.2,1.0],[0.3,-1.6]],"variances":[0.25,0.16,0.09]})json",
          "wide3"),
      "wide3");
}

struct SteeredRun {
  MatrixXd ends;
  SteeredCounts counts;
};
SteeredRun solve(const char* name, const ScoreModel& model, const Process& process, const MatrixXd& starts,
                 AdaptiveSteps steps = {}, const std::vector<double>& times = {},
                 LangevinPcOptions corrector = {}) {
  SteeredRun run{MatrixXd(starts.rows(), starts.cols()), {}};
  run.counts = SteeredSolver(name, model, process, times, steps, corrector).run(starts, Seed{1}, 0, run.ends);
  return run;
}

double median_distance(const MatrixXd& a, const MatrixXd& b) {
  const Eigen::VectorXd distance = (a - b).colwise().norm() / std::sqrt(static_cast<double>(a.rows()));
  std::vector<double> sorted(distance.begin(), distance.end());
  std::ranges::sort(sorted);
  return sorted[sorted.size() / 2];
}

// One step is exact for polynomials of degree 4 (order 5), and its estimate of the error is 0 for degree 3.
TEST(DormandPrince, OneStepHasOrderFive) {
  for (const double degree : {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}) {
    ArrayXXd x = ArrayXXd::Zero(1, 1);
    const bool exact_pair = degree <= 3;
    const AdaptiveCourse course = integrate_adaptively(
        [&](const ArrayXXd&, double u, ArrayXXd& slope) { slope = (degree + 1) * std::pow(u, degree); }, x, 0,
        2, {.rtol = 1e-12, .atol = exact_pair ? 1e-12 : 1e6, .first = 2});
    EXPECT_EQ(course.steps, 1);
    EXPECT_EQ(course.evaluations, 7);
    const double error = std::abs(x(0, 0) - std::pow(2, degree + 1));
    if (degree <= 4) {
      EXPECT_LT(error, 1e-12);
    } else {
      EXPECT_GT(error, 1e-3);
    }
  }
}

// dx/du = x cos u, x = exp(sin u): there and back.
TEST(DormandPrince, ErrorFollowsTheTolerance) {
  double before = 1;
  for (const double tolerance : {1e-4, 1e-6, 1e-8, 1e-10}) {
    ArrayXXd x = ArrayXXd::Ones(1, 1);
    const Slope slope = [](const ArrayXXd& at, double u, ArrayXXd& out) { out = at * std::cos(u); };
    integrate_adaptively(slope, x, 0, 3, {.rtol = tolerance, .atol = tolerance});
    const double error = std::abs(x(0, 0) - std::exp(std::sin(3.0)));
    EXPECT_LT(error, 30 * tolerance);
    EXPECT_LT(error, 0.1 * before);
    before = error;
    integrate_adaptively(slope, x, 3, 0, {.rtol = tolerance, .atol = tolerance});
    EXPECT_NEAR(x(0, 0), 1, 60 * tolerance);
  }
}

TEST(DormandPrince, RefusesWhatCannotBeSolved) {
  ArrayXXd x = ArrayXXd::Ones(1, 1);
  const Slope blow_up = [](const ArrayXXd& at, double, ArrayXXd& out) {
    out = at.square();
  };  // x = 1 / (1 - u)
  EXPECT_THROW(integrate_adaptively(blow_up, x, 0, 2), NumericalFailure);
  EXPECT_THROW(integrate_adaptively(blow_up, x, 0, 1, {.rtol = 0}), InvalidInput);
}

// An error per step of tol means a number of steps like tol^(-1/5): 2.5 times as many for a hundredth of the tolerance.
TEST(Ode45, ErrorAndEvaluationsFollowTheTolerance) {
  for (const Process& process :
       {Process::vp_linear(), Process::sub_vp(), Process::edm(0.01, 20), Process::flow()}) {
    SCOPED_TRACE(process.text());
    const ScoreModel model = mixture_score(three_modes(), process);
    const MatrixXd starts = prior_points(process, 2, 400, Seed{3});
    const MatrixXd exact =
        follow(rho_runge_kutta_plan(process, TimeGrid::parse("rho(7)").times(process, 3000), "rk4"), model,
               process, starts);
    double error = 0, calls = 0;
    for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
      const SteeredRun run = solve("ode45", model, process, starts, {.rtol = tolerance, .atol = tolerance});
      const double now = median_distance(run.ends, exact),
                   now_calls = static_cast<double>(run.counts.calls) / 400;
      EXPECT_LT(now, 100 * tolerance);
      if (error > 0) {
        EXPECT_LT(now, 0.1 * error);
        EXPECT_GT(now_calls / calls, 1.7);
        EXPECT_LT(now_calls / calls, 3.2);
      }
      EXPECT_LE(run.counts.least, now_calls);
      EXPECT_GE(run.counts.most, now_calls);
      // The last stage is the next step's first: six a step, tried or taken, and one a block.
      const std::int64_t blocks = (400 + model.rows - 1) / model.rows;
      if (400 % model.rows == 0) {
        EXPECT_EQ(run.counts.calls / model.rows, 6 * (run.counts.steps + run.counts.rejected) + blocks);
      }
      error = now, calls = now_calls;
    }
  }
}

// Independent end points (RK4 of 3000 steps, printed with ten digits).
TEST(Ode45, AgainstTheFiles) {
  const char* const shared = std::getenv("LEHR_SHARED_DATA");
  const std::filesystem::path folder =
      std::filesystem::path(shared != nullptr ? shared : "../shared/data") / "deis";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not here";
  for (const std::string name : {"wide3", "manifold16"}) {
    const Process process = Process::vp_linear();
    const ScoreModel model = mixture_score(read_mixture(folder / (name + ".json")), process);
    const MatrixXd table = read_point_set(folder / (name + "_pfode.csv")).points;
    const Eigen::Index d = model.dimension;
    double before = 1;
    for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
      const SteeredRun run =
          solve("ode45", model, process, table.topRows(d), {.rtol = tolerance, .atol = tolerance});
      const double distance = median_distance(run.ends, table.bottomRows(d));
      EXPECT_LT(distance, 50 * tolerance) << name;
      EXPECT_LT(distance, 0.2 * before) << name;
      before = distance;
    }
  }
}

// The corrector on N(0, v I), v = 1 + 3: its law has the variance v (1 + r^2), because the norms of xi and of the score are averaged
// over the batch: V = v / (1 - e / 2 v) with e = 2 r^2 v^2 / V. The estimate from 4096 x 16 numbers has the relative standard error
// (2 / 65536)^1/2 = 0.0055.
TEST(LangevinPc, TheCorrectorsStationaryVariance) {
  const double sigma = 1, v = 4;
  for (const double r : {0.1, 0.3}) {
    Lanes y = Lanes::Zero(4096, 16);
    for (std::uint64_t step = 0; step < 600; ++step)
      langevin_move(y, sigma / v * y, sigma, r, step, {Seed{5}, 0});
    EXPECT_NEAR(y.square().mean(), v * (1 + r * r), 4 * 0.0055 * v * (1 + r * r)) << r;
  }
}

// Mean and standard deviation of the energy distance between two true samples.
std::pair<double, double> energy_floor(const stats::GaussianMixture& law, Eigen::Index n) {
  std::vector<double> values;
  for (std::uint64_t i = 0; i < 12; ++i)
    values.push_back(energy_distance(draw_mixture(law, n, Seed{100 + i}, lane("test.floor.a")),
                                     draw_mixture(law, n, Seed{100 + i}, lane("test.floor.b"))));
  const Eigen::Map<const Eigen::ArrayXd> v(values.data(), 12);
  return {v.mean(), std::sqrt((v - v.mean()).square().sum() / 11)};
}

// From one point to the three modes at the noise level 1: 400 moves of r = 0.05 (bias of the variance 0.25 %).
TEST(LangevinPc, TheCorrectorsLawIsTheMixtures) {
  const stats::GaussianMixture mixture = three_modes();
  const double sigma = 1;
  const ScoreModel model = mixture_score(mixture, Process::edm(0.01, 20));
  const Evaluate evaluate = model.at(sigma);
  Lanes y = Lanes::Constant(2000, 2, 1.5), noise(2000, 2);
  const stats::GaussianMixture law = noised(mixture, 1, sigma);
  const MatrixXd truth = draw_mixture(law, 2000, Seed{8}, lane("test.truth"));
  const auto [mean, deviation] = energy_floor(law, 2000);
  EXPECT_GT(energy_distance(y.transpose().matrix(), truth), 0.5);
  for (std::uint64_t step = 0; step < 1500; ++step) {
    evaluate(y, noise);
    langevin_move(y, noise, sigma, 0.05, step, {Seed{5}, 0});
  }
  EXPECT_LT(energy_distance(y.transpose().matrix(), truth), mean + 4 * deviation);
}

// On any process, through x / a.
TEST(LangevinPc, EndsAtTheMixture) {
  const stats::GaussianMixture mixture = three_modes();
  const auto [mean, deviation] = energy_floor(mixture, 2000);
  const MatrixXd truth = draw_mixture(mixture, 2000, Seed{8}, lane("test.truth"));
  for (const Process& process : {Process::edm(0.01, 20), Process::vp_linear()}) {
    SCOPED_TRACE(process.text());
    const ScoreModel model = mixture_score(mixture, process);
    const auto times = TimeGrid::parse("rho(7)").times(process, 200);
    const MatrixXd starts = prior_points(process, 2, 2000, Seed{3});
    const SteeredRun run = solve("langevin_pc", model, process, starts, {}, times);
    EXPECT_EQ(run.counts.most, 400);
    EXPECT_LT(energy_distance(run.ends, truth), mean + 4 * deviation);
    const SteeredRun twice = solve("langevin_pc", model, process, starts, {}, times, {.corrector_moves = 2});
    EXPECT_EQ(twice.counts.least, 600);
    EXPECT_LT(energy_distance(twice.ends, truth), mean + 4 * deviation);
  }
}

TEST(Steered, ThreadsDoNotMatter) {
  const Process process = Process::vp_linear();
  const ScoreModel model = mixture_score(three_modes(), process);
  const MatrixXd starts = prior_points(process, 2, 1000, Seed{3});
  const auto times = TimeGrid::parse("rho(7)").times(process, 8);
  for (const char* name : {"ode45", "langevin_pc"}) {
    set_threads(1);
    const MatrixXd one = solve(name, model, process, starts, {}, times).ends;
    set_threads(4);
    EXPECT_EQ(solve(name, model, process, starts, {}, times).ends, one) << name;
    set_threads(0);
  }
}

TEST(Steered, FailuresNameStepAndColumn) {
  const Process process = Process::edm(0.01, 20);
  ScoreModel bad;
  bad.dimension = 1;
  bad.at = [](double t) -> Evaluate {
    return [t](const Lanes&, Lanes& out) {
      out.setZero();
      if (t < 5) out(3, 0) = std::nan("");
    };
  };
  const std::vector<double> times = {20, 10, 4, 1};
  try {
    solve("langevin_pc", bad, process, MatrixXd::Ones(1, 8), {}, times);
    FAIL();
  } catch (const NumericalFailure& failure) {
    EXPECT_STREQ(failure.what(),
                 "langevin_pc: step 2 at sigma = 4: the model's noise for column 3 is not finite");
  }
  EXPECT_THROW(solve("ode45", bad, process, MatrixXd::Ones(1, 8)), NumericalFailure);
  EXPECT_THROW(solve("ode46", bad, process, MatrixXd::Ones(1, 8)), InvalidInput);
  EXPECT_THROW(solve("ode45", bad, process, MatrixXd::Ones(1, 8), {.rtol = -1}), InvalidInput);
  EXPECT_THROW(solve("langevin_pc", bad, process, MatrixXd::Ones(1, 8)), InvalidInput);
}

// A model asked on another process gives the noise of the same point at the same s / a.
TEST(SigmaCoordinates, ModelsChangeTheirProcess) {
  const Process own = Process::vp_linear(), other = Process::edm(0.01, 20);
  const ScoreModel converted = on_process(mixture_score(three_modes(), own), own, other),
                   direct = mixture_score(three_modes(), other);
  const Lanes x = prior_points(other, 2, 64, Seed{2}).transpose().array();
  Lanes a(64, 2), b(64, 2);
  Eigen::ArrayXd log_a(64), log_b(64);
  for (const double t : {0.05, 1.0, 15.0}) {
    converted.density_at(t)(x, a, log_a);
    direct.density_at(t)(x, b, log_b);
    EXPECT_LT((a - b).abs().maxCoeff(), 1e-9);
    EXPECT_LT((log_a - log_b).abs().maxCoeff(), 1e-9 * log_b.abs().maxCoeff());
  }
  EXPECT_THROW(converted.at(200), InvalidInput);  // vp-linear ends at s / a = 152
}

// Every process from its prior to the mixture's law: end points of the probability flow and of a stochastic solver have its mean
// and covariance within four standard errors (n = 4000) and an energy distance (2000 points a side) within four deviations of the floor.
class EveryProcess : public testing::TestWithParam<std::string> {};

TEST_P(EveryProcess, EndsAtTheMixture) {
  const Process process = GetParam() == "table" ? [] {
    std::vector<double> alpha_bar;
    double product = 1;
    for (int i = 0; i < 1000; ++i) alpha_bar.push_back(product *= 1 - (1e-4 + (0.02 - 1e-4) * i / 999.0));
    return Process::vp_table(alpha_bar);
  }() : Process::parse(GetParam());
  const stats::GaussianMixture mixture = three_modes();
  const ScoreModel model = mixture_score(mixture, process);
  constexpr Eigen::Index n = 4000;
  const MatrixXd truth = draw_mixture(mixture, n, Seed{8}, lane("test.truth"));
  const Eigen::VectorXd mean = mixture.means * mixture.weights;
  MatrixXd covariance = -mean * mean.transpose(), fourth = MatrixXd::Zero(2, 2);
  for (Eigen::Index k = 0; k < 3; ++k)
    covariance += mixture.weights[k] *
                  (mixture.covariance(k) + mixture.means.col(k) * mixture.means.col(k).transpose());
  // Standard errors of the covariance's entries, from the true draws.
  const MatrixXd centred = truth.colwise() - mean;
  for (Eigen::Index i = 0; i < 2; ++i)
    for (Eigen::Index j = 0; j < 2; ++j)
      fourth(i, j) = (centred.row(i).cwiseProduct(centred.row(j)).array() - covariance(i, j)).square().mean();
  const auto [floor, deviation] = energy_floor(mixture, 2000);
  const std::int64_t most = process.discrete() ? 999 : 400;
  const auto grid = [&](std::int64_t steps) {
    return TimeGrid::parse(process.discrete() ? "power_t(1)" : "rho(7)").times(process, steps);
  };
  for (const bool stochastic : {false, true}) {
    SCOPED_TRACE(stochastic ? "ancestral" : "deis_rho_ab");
    const Plan plan = stochastic ? ancestral_plan(process, grid(most))
                                 : deis_plan(process, grid(60), {.order = 2, .basis = Basis::rho});
    const MatrixXd ends = follow(plan, model, process, prior_points(process, 2, n, Seed{3}));
    const MatrixXd around = ends.colwise() - mean;
    for (Eigen::Index i = 0; i < 2; ++i) {
      EXPECT_LT(std::abs(around.row(i).mean()), 4 * std::sqrt(covariance(i, i) / n)) << i;
      for (Eigen::Index j = 0; j < 2; ++j)
        EXPECT_LT(std::abs(around.row(i).dot(around.row(j)) / n - covariance(i, j)),
                  4 * std::sqrt(fourth(i, j) / n))
            << i << j;
    }
    EXPECT_LT(energy_distance(ends.leftCols(2000), truth.leftCols(2000)), floor + 4 * deviation);
  }
}

INSTANTIATE_TEST_SUITE_P(Processes, EveryProcess,
                         testing::Values("vp-linear", "vp-cosine", "sub-vp", "ve", "edm", "flow", "table"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace lehr::diffusion
