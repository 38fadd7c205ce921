#include "lehr/diffusion/deis.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/single_step.hpp"
#include "lehr/stats/quadrature.hpp"
#include "tests/core/test_files.hpp"
#include "tests/diffusion/wide3.hpp"

namespace lehr::diffusion {
namespace {

struct Case : test::Wide3 {
  std::vector<double> grid(const char* text, std::int64_t n) const {
    return TimeGrid::parse(text).times(process, n);
  }
  Eigen::MatrixXd starts(Eigen::Index n) const { return prior_points(process, 2, n, Seed{3}); }
  Eigen::MatrixXd run(const Plan& plan, const Eigen::MatrixXd& x) const {
    return follow(plan, model, process, x);
  }
  Eigen::MatrixXd reference(const Eigen::MatrixXd& x) const {
    return run(rho_runge_kutta_plan(process, grid("rho(7)", 1500), "rk4"), x);
  }
};

double rms(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return std::sqrt((a - b).colwise().squaredNorm().mean());
}

// Order 0 of every family is the closed formula of DDIM.
TEST(Deis, OrderZeroIsDdim) {
  const Case c;
  const auto times = c.grid("power_t(2)", 10);
  const Eigen::MatrixXd x = c.starts(100);
  const Eigen::MatrixXd ddim = c.run(ddim_plan(c.process, times), x);
  EXPECT_LT((c.run(deis_plan(c.process, times, {.order = 0}), x) - ddim).cwiseAbs().maxCoeff(), 1e-11);
  EXPECT_LT(
      (c.run(deis_plan(c.process, times, {.order = 0, .basis = Basis::rho}), x) - ddim).cwiseAbs().maxCoeff(),
      1e-11);
  EXPECT_LT((c.run(rho_runge_kutta_plan(c.process, times, "euler"), x) - ddim).cwiseAbs().maxCoeff(), 1e-11);
  EXPECT_LT((c.run(ipndm_plan(c.process, times, 0), x) - ddim).cwiseAbs().maxCoeff(), 1e-11);
  // By quadrature rather than the closed form.
  for (std::size_t i = 1; i < 10; ++i) {
    const auto factors = multistep_factors(c.process, times, i, 1, Basis::time);
    EXPECT_NEAR(
        factors[0] + factors[1],
        c.process.s(times[i + 1]) -
            std::exp(c.process.log_a(times[i + 1]) - c.process.log_a(times[i])) * c.process.s(times[i]),
        1e-12);
  }
}

// Coefficients of order r integrate t^k against a' drho exactly for k <= r: compared with a quadrature of 200 points in t^1/2.
TEST(Deis, CoefficientsIntegratePolynomials) {
  const Case c;
  for (const Process& process : {Process::vp_linear(), Process::vp_cosine(), Process::ve(),
                                 Process::edm(0.01, 20), Process::flow(), Process::sub_vp()}) {
    const auto times = TimeGrid::parse("power_t(2)").times(process, 8);
    for (int r = 1; r <= 3; ++r)
      for (std::size_t i = 3; i < 8; ++i) {
        const auto factors = multistep_factors(process, times, i, r, Basis::time);
        for (int k = 0; k <= r; ++k) {
          double sum = 0;
          for (int j = 0; j <= r; ++j)
            sum += factors[static_cast<std::size_t>(j)] * std::pow(times[i - static_cast<std::size_t>(j)], k);
          const double exact = stats::gauss_legendre(200, std::sqrt(times[i]), std::sqrt(times[i + 1]))
                                   .integrate([&](double u) {
                                     const double t = u * u;
                                     return 2 * u * std::pow(t, k) *
                                            std::exp(process.log_a(times[i + 1]) - process.log_a(t)) * 0.5 *
                                            process.g2(t) / process.s(t);
                                   });
          EXPECT_NEAR(sum, exact, 1e-11 * std::max(1.0, std::abs(exact)))
              << process.text() << " order " << r << " step " << i << " power " << k;
        }
      }
  }
}

// On eps = 1 every method is exact: x_end = (a'/a) x + s' - (a'/a) s.
TEST(Deis, ConstantNoiseIsIntegratedExactly) {
  const Process process = Process::vp_linear();
  ScoreModel one;
  one.dimension = 1;
  one.at = [](double) -> Evaluate { return [](const Lanes&, Lanes& out) { out.setOnes(); }; };
  const auto times = TimeGrid::parse("power_t(2)").times(process, 9);
  const Eigen::MatrixXd x = Eigen::MatrixXd::Constant(1, 3, 0.7);
  const double ratio = std::exp(process.log_a(process.t0()) - process.log_a(1)),
               expected = ratio * 0.7 + process.s(process.t0()) - ratio * process.s(1);
  for (const Plan& plan :
       {deis_plan(process, times, {.order = 3}), deis_plan(process, times, {.order = 3, .basis = Basis::rho}),
        ipndm_plan(process, times), rho_runge_kutta_plan(process, times, "rk4"),
        rho_runge_kutta_plan(process, times, "wray3"), ddim_plan(process, times)})
    EXPECT_NEAR(follow(plan, one, process, x)(0, 2), expected, 1e-9 * std::abs(expected));
}

// The specification's accuracy table on wide3.
TEST(Deis, HigherOrdersAreMoreAccurate) {
  const Case c;
  const Eigen::MatrixXd x = c.starts(4000), exact = c.reference(x);
  std::map<std::pair<int, int>, double> error;
  for (const int n : {10, 20, 50})
    for (int r = 0; r <= 3; ++r)
      error[{n, r}] = rms(c.run(deis_plan(c.process, c.grid("power_t(2)", n), {.order = r}), x), exact);
  EXPECT_LE((error[{10, 3}]), 0.35 * (error[{10, 0}]));
  EXPECT_LE((error[{20, 3}]), 0.15 * (error[{20, 0}]));
  EXPECT_LE((error[{50, 3}]), 0.02 * (error[{50, 0}]));
  for (const int n : {20, 50})
    for (int r = 1; r <= 3; ++r) EXPECT_LT((error[{n, r}]), (error[{n, r - 1}])) << n << " " << r;
  const double heun = rms(c.run(rho_runge_kutta_plan(c.process, c.grid("power_t(2)", 5), "heun2"), x), exact);
  EXPECT_LE((error[{10, 3}]), 0.2 * heun);
}

TEST(Deis, ConvergenceOrders) {
  const Case c;
  const Eigen::MatrixXd x = c.starts(300),
                        exact = c.run(rho_runge_kutta_plan(c.process, c.grid("power_t(2)", 3000), "rk4"), x);
  const auto slope = [&](auto plan) {
    return std::log2(rms(c.run(plan(160), x), exact) / rms(c.run(plan(320), x), exact));
  };
  const auto grid = [&](int n) { return c.grid("power_t(2)", n); };
  EXPECT_GE(slope([&](int n) { return rho_runge_kutta_plan(c.process, grid(n), "rk4"); }), 3.7);
  EXPECT_GE(slope([&](int n) { return rho_runge_kutta_plan(c.process, grid(n), "kutta3"); }), 2.7);
  EXPECT_GE(slope([&](int n) { return rho_runge_kutta_plan(c.process, grid(n), "heun2"); }), 1.7);
  EXPECT_GE(slope([&](int n) { return deis_plan(c.process, grid(n), {.order = 2}); }), 2.6);
  EXPECT_GE(slope([&](int n) { return deis_plan(c.process, grid(n), {.order = 3}); }), 2.6);
  EXPECT_GE(
      slope([&](int n) { return deis_plan(c.process, grid(n), {.order = 3, .runge_kutta_start = true}); }),
      3.5);
}

// Other third-order tableaus, and their stages.
TEST(Deis, EveryTableauHasItsOrder) {
  const Case c;
  const Eigen::MatrixXd x = c.starts(200),
                        exact = c.run(rho_runge_kutta_plan(c.process, c.grid("power_t(2)", 3000), "rk4"), x);
  for (const char* name : {"ralston3", "heun3", "wray3", "ssprk3"}) {
    const double coarse =
        rms(c.run(rho_runge_kutta_plan(c.process, c.grid("power_t(2)", 160), name), x), exact);
    const double fine =
        rms(c.run(rho_runge_kutta_plan(c.process, c.grid("power_t(2)", 320), name), x), exact);
    EXPECT_GE(std::log2(coarse / fine), 2.7) << name;
    EXPECT_EQ(runge_kutta_stages(name), 3);
  }
}

// Independent end points, solved elsewhere with 3000 steps of RK4.
void compare_with_file(const char* name, double bound) {
  const auto folder = lehr::test::shared_data("deis");
  if (folder.empty()) GTEST_SKIP() << "the shared data are not here";
  const Process process = Process::vp_linear();
  const ScoreModel model = mixture_score(read_mixture(folder / (std::string(name) + ".json")), process);
  const Eigen::MatrixXd table = read_point_set(folder / (std::string(name) + "_pfode.csv")).points;
  const Eigen::Index d = model.dimension;
  ASSERT_EQ(table.rows(), 2 * d);
  const auto times = TimeGrid::parse("power_t(2)").times(process, 50);
  const Eigen::MatrixXd ends =
      follow(deis_plan(process, times, {.order = 3}), model, process, table.topRows(d));
  // Per dimension.
  const Eigen::VectorXd distance =
      (ends - table.bottomRows(d)).colwise().norm() / std::sqrt(static_cast<double>(d));
  std::vector<double> sorted(distance.begin(), distance.end());
  std::ranges::sort(sorted);
  EXPECT_LE(sorted[sorted.size() / 2], bound);
}

TEST(Deis, Wide3AgainstTheFile) { compare_with_file("wide3", 2e-4); }
TEST(Deis, Manifold16AgainstTheFile) { compare_with_file("manifold16", 5e-4); }

// A long step after short ones: the polynomial through the short ones would be carried far.
TEST(Deis, TheGuardDropsTheOrder) {
  const Process process = Process::vp_linear();
  const std::vector<double> times = {1, 0.98, 0.96, 0.94, 0.5, 0.2, 0.05, 0.001};
  const Plan guarded = deis_plan(process, times, {.order = 3}),
             free = deis_plan(process, times, {.order = 3, .guard = false});
  EXPECT_EQ(free.nodes[4].order, 3);
  EXPECT_LT(guarded.nodes[4].order, 2);
}

TEST(Deis, ThreadsDoNotMatter) {
  const Case c;
  const Plan plan = deis_plan(c.process, c.grid("power_t(2)", 12), {.order = 3});
  const Plan noisy = euler_maruyama_plan(c.process, c.grid("power_t(2)", 12));
  const Eigen::MatrixXd x = c.starts(1000);
  set_threads(1);
  const Eigen::MatrixXd one = c.run(plan, x), one_noisy = c.run(noisy, x);
  for (const int threads : {2, 8}) {
    set_threads(threads);
    EXPECT_EQ(c.run(plan, x), one);
    EXPECT_EQ(c.run(noisy, x), one_noisy);
  }
  set_threads(0);
  // A point does not depend on how many others there are.
  EXPECT_EQ(c.run(noisy, x.leftCols(10)), one_noisy.leftCols(10));
}

TEST(Deis, NonFiniteNoiseNamesStepAndColumn) {
  const Process process = Process::vp_linear();
  ScoreModel bad;
  bad.dimension = 1;
  bad.at = [](double t) -> Evaluate {
    return [t](const Lanes&, Lanes& out) {
      out.setZero();
      if (t < 0.5) out(3, 0) = std::nan("");
    };
  };
  try {
    follow(ddim_plan(process, {1, 0.7, 0.4, 0.1}), bad, process, Eigen::MatrixXd::Zero(1, 8));
    FAIL();
  } catch (const NumericalFailure& failure) {
    EXPECT_STREQ(failure.what(), "step 2 at t = 0.4: the model's noise for column 3 is not finite");
  }
}

}  // namespace
}  // namespace lehr::diffusion
