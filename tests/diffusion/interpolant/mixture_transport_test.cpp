// The exact fields against what defines them: the score is the gradient of the log density, velocity and density obey the transport
// equation, the fields are the conditional means of draws.
#include "lehr/diffusion/interpolant/mixture_transport.hpp"

#include "lehr/core/errors.hpp"
#include "tests/diffusion/interpolant/laws.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

FieldValues all_values(const MixtureTransport& transport, double t, const MatrixXd& x) {
  FieldValues values;
  transport.field().at(t)(x, {.score = true, .divergence = true, .score_divergence = true}, values);
  return values;
}

struct Case {
  const char *path, *gamma;
};
const Case cases[] = {{"linear", "brownian"},
                      {"linear", "quadratic"},
                      {"linear", "sine2"},
                      {"linear", "sigmoid"},
                      {"linear", "zero"},
                      {"trig", "brownian"},
                      {"trig", "quadratic"},
                      {"encoding_decoding", "brownian"},
                      {"encoding_decoding", "sine2"},
                      {"mirror", "brownian"},
                      {"linear", "knots(values=[0, 0.3, 0.4, 0.2, 0])"}};

TEST(MixtureTransport, ScoreIsTheGradientAndTheTransportEquationHolds) {
  MatrixXd x(2, 5);
  x << 0.3, -1.2, 2, 0, -2.5, 0.1, 0.7, -1, 2, -2;
  for (const Case& c : cases) {
    const MixtureTransport transport = between(tilted(), upright(), c.path, c.gamma);
    for (const double t : {0.13, 0.35, 0.62, 0.9}) {
      const FieldValues values = all_values(transport, t, x);
      const double h = 1e-5;
      VectorXd rate = (log_density(transport.law(t + h), x) - log_density(transport.law(t - h), x)) / (2 * h);
      for (Index j = 0; j < 2; ++j) {
        const MatrixXd up = x.colwise() + h * VectorXd::Unit(2, j),
                       down = x.colwise() - h * VectorXd::Unit(2, j);
        const VectorXd slope =
            (log_density(transport.law(t), up) - log_density(transport.law(t), down)) / (2 * h);
        EXPECT_LT((slope.transpose() - values.score.row(j)).cwiseAbs().maxCoeff(), 1e-6)
            << c.path << " " << c.gamma << " " << t;
      }
      // d log rho / dt + b . s + div b = 0
      rate += (values.velocity.cwiseProduct(values.score)).colwise().sum().transpose() + values.divergence;
      EXPECT_LT(rate.cwiseAbs().maxCoeff(), 2e-6) << c.path << " " << c.gamma << " " << t;
    }
  }
}

TEST(MixtureTransport, DivergencesEqualDifferences) {
  const MatrixXd x = MatrixXd::Random(2, 7) * 2;
  for (const auto& from : {tilted(), upright()}) {
    const MixtureTransport transport = between(from, upright());
    FieldValues numeric;
    with_divergence(transport.field())
        .at(0.4)(x, {.score = true, .divergence = true, .score_divergence = true}, numeric);
    const FieldValues exact = all_values(transport, 0.4, x);
    EXPECT_LT((exact.divergence - numeric.divergence).cwiseAbs().maxCoeff(), 1e-7);
    EXPECT_LT((exact.score_divergence - numeric.score_divergence).cwiseAbs().maxCoeff(), 1e-7);
  }
}

TEST(MixtureTransport, HutchinsonEstimatesTheDivergenceAboveEightDimensions) {
  const Index d = 12;
  stats::GaussianMixture to = standard_normal(d);
  to.shape = stats::CovarianceShape::full;
  MatrixXd root = MatrixXd::Identity(d, d);
  for (Index i = 0; i + 1 < d; ++i) root(i, i + 1) = 0.5;
  to.covariances = (root * root.transpose()).reshaped();
  const MixtureTransport transport = between(standard_normal(d), to);
  const MatrixXd x = MatrixXd::Random(d, 3);
  FieldValues numeric;
  constexpr int probes = 4000;
  with_divergence(transport.field(), {5}, probes)
      .at(0.7)(x, {.score = false, .divergence = true, .score_divergence = false}, numeric);
  // The variance of u' J u for signs u is 2 sum of squares off the diagonal of a symmetric J: below 2 here.
  const VectorXd exact = all_values(transport, 0.7, x).divergence;
  EXPECT_LT((exact - numeric.divergence).cwiseAbs().maxCoeff(), 4 * std::sqrt(2.0 / probes));
}

TEST(MixtureTransport, DiagonalCovariancesGiveWhatFullOnesGive) {
  stats::GaussianMixture full = upright();
  MatrixXd covariances(4, full.components());
  for (Index k = 0; k < full.components(); ++k) covariances.col(k) = full.covariance(k).reshaped();
  full.shape = stats::CovarianceShape::full, full.covariances = covariances;
  const MatrixXd x = MatrixXd::Random(2, 9) * 3;
  const FieldValues a = all_values(between(upright(), upright()), 0.3, x),
                    b = all_values(between(full, upright()), 0.3, x);
  EXPECT_LT((a.velocity - b.velocity).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT((a.score - b.score).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT((a.divergence - b.divergence).cwiseAbs().maxCoeff(), 1e-12);
}

// E[f(x_t) z] = E[f(x_t) eta(x_t)] for any f, and the same for v: a sign error would show at once. Error bars: 4 standard errors.
TEST(MixtureTransport, DenoiserAndConditionalVelocityAreConditionalMeans) {
  const MixtureTransport transport = between(two_bumps(), three_bumps(), "trig", "brownian");
  constexpr Index n = 40000;
  constexpr double t = 0.3;
  const PathPoint path = transport.interpolant().at(t);
  const MatrixXd x0 = draw_mixture(two_bumps(), n, {3}, 1), x1 = draw_mixture(three_bumps(), n, {3}, 2);
  const MatrixXd z = draw_mixture(standard_normal(1), n, {3}, 3);
  const MatrixXd x = path.alpha * x0 + path.beta * x1 + path.gamma * z;
  const MatrixXd rate = path.alpha_rate * x0 + path.beta_rate * x1;
  const MatrixXd eta = transport.denoiser(t, x), v = transport.conditional_velocity(t, x);
  for (const double frequency : {0.0, 0.5, 1.5}) {
    const Eigen::ArrayXXd f = (frequency * x.array() + 0.7).sin();
    for (const auto& difference : {MatrixXd(f * (z - eta).array()), MatrixXd(f * (rate - v).array())}) {
      const double mean = difference.mean(),
                   error = std::sqrt((difference.array() - mean).square().mean() / n);
      EXPECT_LT(std::abs(mean), 4 * error) << frequency;
    }
    // and not of the other sign
    EXPECT_GT((eta.array() * z.array()).mean(), 0.1);
  }
}

TEST(MixtureTransport, MirrorAndOneSidedAreWhatTheyAreCalled) {
  const MatrixXd x = MatrixXd::Random(2, 6) * 2;
  // mirror: b = -gamma gamma' s, so that the conditional velocity is 0
  EXPECT_LT(
      between(upright(), upright(), "mirror", "brownian").conditional_velocity(0.3, x).cwiseAbs().maxCoeff(),
      1e-12);
  // One-sided: at t = 0 the score is that of N(0, I), also where the rate of alpha ends in infinity at t = 1.
  for (const char* path : {"one_sided", "one_sided_vp"}) {
    const MixtureTransport transport = between(standard_normal(2), upright(), path);
    EXPECT_LT((all_values(transport, 0, x).score + x).cwiseAbs().maxCoeff(), 1e-12);
    EXPECT_TRUE(all_values(transport, 1, x).velocity.allFinite());
  }
  EXPECT_THROW(between(tilted(), upright(), "one_sided"), InvalidInput);
}

TEST(Interpolant, RefusesWhatCannotBe) {
  const auto refused = [](InterpolantOptions options, const char* part) {
    try {
      Interpolant interpolant(options);
      ADD_FAILURE() << "accepted: " << part;
    } catch (const InvalidInput& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  refused({.path = "trig", .gamma = "sine2"}, "gamma < 1");
  refused({.path = "encoding_decoding", .gamma = "zero"}, "needs noise");
  refused({.path = "linear", .gamma = "linear(from=0, to=1)"}, "is 1 at t = 1, not 0");
  refused({.path = "linear", .gamma = "linear(from=0.1, to=0)"}, "at t = 0, not 0");
  refused({.path = "linear", .gamma = "bownian"}, "neither brownian");
  refused({.path = "schedules", .gamma = "zero"}, "needs both");
  refused({.path = "schedules",
           .gamma = "zero",
           .alpha = Schedule::parse("linear(from=1, to=0.1)"),
           .beta = Schedule::parse("linear(from=0, to=1)")},
          "alpha is 0.1 at t = 1, not 0");
  refused({.path = "straight"}, "expected linear");
  EXPECT_NO_THROW(Interpolant({.path = "mirror", .gamma = "linear(from=0, to=1)"}));
}

TEST(Interpolant, ProductsAreFiniteAndDerivativesRight) {
  for (const Case& c : cases) {
    const Interpolant interpolant({.path = c.path, .gamma = c.gamma});
    for (const double t : {0.0, 1.0}) EXPECT_TRUE(std::isfinite(interpolant.at(t).gamma_product)) << c.gamma;
    for (const double t : {0.2, 0.45, 0.7}) {
      const double h = 1e-6;
      const PathPoint a = interpolant.at(t - h), b = interpolant.at(t + h), p = interpolant.at(t);
      EXPECT_NEAR(p.alpha_rate, (b.alpha - a.alpha) / (2 * h), 1e-6) << c.path;
      EXPECT_NEAR(p.beta_rate, (b.beta - a.beta) / (2 * h), 1e-6) << c.path;
      EXPECT_NEAR(p.gamma_product, (b.gamma * b.gamma - a.gamma * a.gamma) / (4 * h), 1e-6) << c.gamma;
      EXPECT_NEAR(p.alpha_product, p.alpha * p.alpha_rate, 1e-12);
    }
  }
  // A schedule that says what a built-in path says gives the same fields.
  const Interpolant own({.path = "schedules",
                         .gamma = "zero",
                         .alpha = Schedule::parse("linear(from=1, to=0)"),
                         .beta = Schedule::parse("linear(from=0, to=1)")});
  EXPECT_NEAR(own.at(0.3).alpha_rate, -1, 1e-9);
  EXPECT_NEAR(own.at(1).beta_rate, 1, 1e-9);
}

}  // namespace
}  // namespace lehr::diffusion
