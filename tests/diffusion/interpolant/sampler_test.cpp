// The samplers: exact transport, orders, resumption, threads, likelihoods.
#include <fstream>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/interpolant/transport_checks.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "tests/core/test_files.hpp"
#include "tests/diffusion/interpolant/laws.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

double ks(const MatrixXd& points, const stats::GaussianMixture& law) {
  const std::span<const double> sample(points.data(), static_cast<std::size_t>(points.size()));
  return stats::kolmogorov_smirnov(sample, [&](double x) { return mixture_cdf(law, x); }).statistic;
}

struct Pair {
  const char *path, *gamma;
};
const Pair pairs[] = {{"linear", "brownian"},
                      {"linear", "quadratic"},
                      {"linear", "sine2"},
                      {"trig", "brownian"},
                      {"trig", "quadratic"},
                      {"encoding_decoding", "brownian"},
                      {"encoding_decoding", "quadratic"},
                      {"encoding_decoding", "sine2"}};

// Every path and gamma by ODE and SDEs: the law at t = 1 is rho1 by Kolmogorov-Smirnov at the 1 % level, 1.628 / sqrt(n).
void exact_transport(Index n, SdeScheme scheme, std::int64_t sde_steps, std::span<const Pair> chosen) {
  const double limit = 1.628 / std::sqrt(static_cast<double>(n));
  for (const Pair& pair : chosen) {
    const MixtureTransport transport = between(two_bumps(), three_bumps(), pair.path, pair.gamma);
    const MatrixXd start = draw_mixture(two_bumps(), n, {11}, lane("test.start"));
    const TransportState flow =
        run_ode(transport.field(), start, {.grid = {.steps = 200}, .measure_score = false});
    EXPECT_LE(ks(flow.points, three_bumps()), limit) << pair.path << " " << pair.gamma << " ODE";
    for (const double epsilon : {0.5, 2.0}) {
      const TransportState end = run_sde(
          transport.field(), start, {.grid = {.steps = sde_steps}, .epsilon = epsilon, .scheme = scheme});
      EXPECT_LE(ks(end.points, three_bumps()), limit) << pair.path << " " << pair.gamma << " SDE " << epsilon;
    }
  }
}

TEST(InterpolantSampler, ArrivesWhereItShould) { exact_transport(2000, SdeScheme::trapezoid, 200, pairs); }
TEST(InterpolantSamplerSlow, ArrivesWhereItShould) {
  exact_transport(20000, SdeScheme::trapezoid, 500, pairs);
}
// Euler's method with 1000 steps puts 0.5 % too many points into the middle component after the path of encoding_decoding with a
// quadratic gamma, which is narrow at t = 1/2; so its threshold holds for the other paths.
TEST(InterpolantSamplerSlow, ArrivesByEulersMethodToo) {
  exact_transport(20000, SdeScheme::euler, 1000, std::span(pairs).first(5));
}

TEST(InterpolantSampler, BackwardRunsArriveAtTheStart) {
  const MixtureTransport transport = between(two_bumps(), three_bumps());
  const MatrixXd target = draw_mixture(three_bumps(), 3000, {12}, 1);
  const double limit = 1.628 / std::sqrt(3000.0);
  EXPECT_LE(ks(run_sde(transport.field(), target,
                       {.grid = {.steps = 500, .direction = Direction::backward}, .epsilon = 0.5})
                   .points,
               two_bumps()),
            limit);
  EXPECT_LE(ks(run_sde(transport.field(), target,
                       {.grid = {.steps = 300, .direction = Direction::backward},
                        .epsilon = Schedule::parse("linear(from=0, to=1)"),
                        .scheme = SdeScheme::heun})
                   .points,
               two_bumps()),
            limit);
}

// E x^2 of a Gaussian transport at the end: the bias falls with h for Euler's method, with h^2 for the trapezoid. Standard error of
// a variance of 4 by 40000 points: 0.03; the same noise in both runs cancels most of it.
TEST(InterpolantSde, TheTrapezoidHasLessBias) {
  stats::GaussianMixture narrow = standard_normal(1);
  narrow.covariances(0, 0) = 0.04;
  const MixtureTransport transport = between(standard_normal(1), narrow);
  const MatrixXd start = draw_mixture(standard_normal(1), 40000, {19}, 1);
  const auto bias = [&](SdeScheme scheme, std::int64_t steps) {
    return std::abs(
        run_sde(transport.field(), start, {.grid = {.steps = steps}, .epsilon = 1.0, .scheme = scheme})
                .points.array()
                .square()
                .mean() /
            0.04 -
        1);
  };
  const double error = std::sqrt(2.0 / 40000);  // relative standard error of a variance
  EXPECT_GT(bias(SdeScheme::euler, 100), 10 * error);
  EXPECT_LT(bias(SdeScheme::trapezoid, 100), bias(SdeScheme::euler, 100) / 2);
  EXPECT_LT(bias(SdeScheme::trapezoid, 400), 4 * error);
}

TEST(InterpolantSampler, MirrorStaysInItsLawAndForgetsWhereItWas) {
  const MixtureTransport transport = between(close_bumps(), close_bumps(), "mirror", "brownian");
  const MatrixXd start = draw_mixture(close_bumps(), 4000, {12}, 1);
  const TransportState end = run_sde(transport.field(), start, {.grid = {.steps = 500}, .epsilon = 1.0});
  EXPECT_LE(ks(end.points, close_bumps()), 1.628 / std::sqrt(4000.0));
  EXPECT_GT((end.points - start).cwiseAbs().mean(), 0.3);
  // Without noise, and with gamma = 0 at both ends, a point comes back to where it was.
  const TransportState still = run_ode(transport.field(), start.leftCols(50), {.grid = {.steps = 200}});
  EXPECT_LT((still.points - start.leftCols(50)).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(InterpolantOde, LikelihoodAndReverseImagesInOneDimension) {
  const MixtureTransport transport = between(two_bumps(), three_bumps());
  const MatrixXd points = draw_mixture(three_bumps(), 300, {13}, 1);
  const auto error = [&](bool adaptive) {
    const TransportState end =
        run_ode(transport.field(), points,
                {.grid = {.steps = adaptive ? 10 : 200, .direction = Direction::backward},
                 .adaptive = adaptive,
                 .rtol = 1e-8,
                 .atol = 1e-8,
                 .likelihood = true});
    return (log_density(two_bumps(), end.points) - end.divergence - log_density(three_bumps(), points))
        .cwiseAbs()
        .maxCoeff();
  };
  EXPECT_LE(error(false), 1e-3);
  EXPECT_LE(error(true), 1e-5);
}

TEST(InterpolantOde, ReverseImagesEqualTheReference) {
  const auto folder = lehr::test::shared_data("stochastic-interpolants");
  if (folder.empty()) GTEST_SKIP() << "the shared data are not here";
  const PointSet reference = read_point_set(folder / "gmm1d_reverse_ode.csv");
  const MixtureTransport transport = between(two_bumps(), three_bumps());
  const TransportState end =
      run_ode(transport.field(), reference.points.row(0),
              {.grid = {.steps = 200, .direction = Direction::backward}, .likelihood = true});
  EXPECT_LE((end.points - reference.points.row(1)).cwiseAbs().maxCoeff(), 1e-3);
  const VectorXd log_likelihood = log_density(two_bumps(), end.points) - end.divergence;
  EXPECT_LE((log_likelihood.transpose() - reference.points.row(2)).cwiseAbs().maxCoeff(), 1e-3);
}

TEST(InterpolantOde, LikelihoodInThePlaneWithFullCovariances) {
  const MixtureTransport transport = between(tilted(), upright(), "trig", "quadratic");
  const MatrixXd points = draw_mixture(upright(), 50, {13}, 1);
  const TransportState end =
      run_ode(transport.field(), points,
              {.grid = {.steps = 200, .direction = Direction::backward}, .likelihood = true});
  EXPECT_LT((log_density(tilted(), end.points) - end.divergence - log_density(upright(), points))
                .cwiseAbs()
                .maxCoeff(),
            1e-4);
  const TransportState numeric =
      run_ode(with_divergence(transport.field()), points,
              {.grid = {.steps = 200, .direction = Direction::backward}, .likelihood = true});
  EXPECT_LT((numeric.divergence - end.divergence).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(InterpolantOde, RungeKuttaHasOrderFour) {
  const MixtureTransport transport = between(standard_normal(2), upright());
  const MatrixXd start = draw_mixture(standard_normal(2), 40, {14}, 1);
  const MatrixXd exact = run_ode(transport.field(), start, {.grid = {.steps = 2000}}).points;
  const auto error = [&](std::int64_t steps) {
    return (run_ode(transport.field(), start, {.grid = {.steps = steps}}).points - exact).norm();
  };
  const double order = std::log2(error(100) / error(200));
  EXPECT_GT(order, 3.5);
  EXPECT_LT(order, 4.8);
}

TEST(InterpolantOde, AdaptiveStepsKeepTheirTolerance) {
  const MixtureTransport transport = between(standard_normal(2), upright());
  const MatrixXd start = draw_mixture(standard_normal(2), 300, {14}, 1);
  const MatrixXd exact = run_ode(transport.field(), start, {.grid = {.steps = 2000}}).points;
  const TransportState coarse = run_ode(transport.field(), start, {.grid = {.steps = 5}, .adaptive = true});
  const TransportState fine =
      run_ode(transport.field(), start, {.grid = {.steps = 5}, .adaptive = true, .rtol = 1e-9, .atol = 1e-9});
  EXPECT_LT((coarse.points - exact).cwiseAbs().maxCoeff(), 1e-3);
  EXPECT_LT((fine.points - exact).cwiseAbs().maxCoeff(), 1e-7);
  EXPECT_LT(coarse.evaluations, fine.evaluations);
  EXPECT_LT(coarse.evaluations, 250);
}

// E|drift|^2 of two Gaussians by linear and brownian is known: b_F = A (x - m), E|b_F|^2 = (S'/2 - epsilon)^2 / S.
TEST(InterpolantSampler, KineticEnergyOfGaussians) {
  stats::GaussianMixture wide = standard_normal(1);
  wide.covariances(0, 0) = 4;
  const MixtureTransport transport = between(standard_normal(1), wide);
  double exact = 0;
  for (int i = 0; i < 4000; ++i) {
    const double t = (i + 0.5) / 4000, v = (1 - t) * (1 - t) + 4 * t * t + t * (1 - t),
                 rate = 0.5 * (-2 * (1 - t) + 8 * t + 1 - 2 * t);
    exact += (rate - 0.5) * (rate - 0.5) / v / 4000;
  }
  const MatrixXd start = draw_mixture(standard_normal(1), 20000, {15}, 1);
  // Standard error: each path's energy is about chi-square with few degrees of freedom, 1 % for 20000 paths.
  EXPECT_NEAR(run_sde(transport.field(), start, {.grid = {.steps = 200}, .epsilon = 0.5}).kinetic / exact, 1,
              0.04);
}

TEST(InterpolantSde, FeynmanKacLikelihood) {
  const MixtureTransport transport = between(standard_normal(1), close_bumps());
  const MatrixXd points = draw_mixture(close_bumps(), 20, {16}, 1);
  constexpr std::int64_t paths = 400;
  const TransportState end =
      run_sde(transport.field(), repeated(points, paths),
              {.grid = {.steps = 400, .direction = Direction::backward}, .epsilon = 0.3, .likelihood = true});
  const PathLikelihood estimate = path_likelihood(end, standard_normal(1), paths);
  const VectorXd exact = log_density(close_bumps(), points);
  for (Index i = 0; i < points.cols(); ++i) {
    EXPECT_LT(estimate.error[i], 0.3);
    EXPECT_NEAR(estimate.value[i], exact[i], 4 * estimate.error[i] + 0.02) << points(0, i);
  }
  EXPECT_THROW(InterpolantSde(transport.field(), points, {.likelihood = true}), InvalidInput);
}

TEST(InterpolantSampler, AResumedRunIsTheSameToTheBit) {
  const MixtureTransport transport = between(two_bumps(), three_bumps());
  const MatrixXd start = draw_mixture(two_bumps(), 700, {17}, 1);
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("lehr_interpolant_{}.safetensors", getpid());
  const auto resumed = [&](const auto& method) {
    std::filesystem::remove(path);
    Observers observers;
    observers.checkpoints.path = path;
    drive(method, Budget::steps(method.steps()), {3},
          {.list = {{.see = [](const Moment& now,
                               const Row&) { return now.step == 16 ? Observer::stop_run : now.step + 1; },
                     .end = {}}},
           .checkpoints = {.path = path}});
    const auto run = drive(method, Budget::steps(method.steps()), {3}, observers);
    std::filesystem::remove(path);
    return run.state;
  };
  const auto same = [](const TransportState& a, const TransportState& b) {
    EXPECT_EQ(a.points, b.points);
    EXPECT_EQ(a.divergence, b.divergence);
    EXPECT_EQ(a.trail, b.trail);
    EXPECT_EQ(a.kinetic, b.kinetic);
  };
  const InterpolantSdeOptions sde{
      .grid = {.steps = 40, .direction = Direction::backward}, .epsilon = 0.7, .likelihood = true};
  same(resumed(InterpolantSde(transport.field(), start, sde)), run_sde(transport.field(), start, sde, {3}));
  const InterpolantOdeOptions ode{.grid = {.steps = 40}, .adaptive = true, .likelihood = true};
  same(resumed(InterpolantOde(transport.field(), start, ode)), run_ode(transport.field(), start, ode));
}

TEST(InterpolantSampler, ThreadsAndLaterPointsDoNotMatter) {
  const MixtureTransport transport = between(tilted(), upright());
  const MatrixXd start = draw_mixture(tilted(), 1000, {18}, 1);
  const InterpolantSdeOptions options{.grid = {.steps = 30}, .epsilon = 0.7, .scheme = SdeScheme::heun};
  set_threads(1);
  const MatrixXd one = run_sde(transport.field(), start, options).points;
  set_threads(4);
  EXPECT_EQ(run_sde(transport.field(), start, options).points, one);
  set_threads(0);
  EXPECT_EQ(run_sde(transport.field(), start.leftCols(300), options).points, one.leftCols(300));
}

TEST(InterpolantSde, RefusesWhatCannotBe) {
  const MixtureTransport transport = between(two_bumps(), three_bumps());
  const MatrixXd start = MatrixXd::Zero(1, 3);
  EXPECT_THROW(InterpolantSde(transport.field(), start, {.epsilon = -1.0}), InvalidInput);
  EXPECT_THROW(InterpolantSde(transport.field(), MatrixXd::Zero(2, 3), {}), InvalidInput);
  TransportField no_score = transport.field();
  no_score.has_score = false;
  EXPECT_THROW(InterpolantSde(no_score, start, {.epsilon = 0.1}), InvalidInput);
  EXPECT_NO_THROW(InterpolantSde(no_score, start, {.epsilon = 0.0}));
}

}  // namespace
}  // namespace lehr::diffusion
