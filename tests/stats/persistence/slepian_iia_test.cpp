#include "lehr/stats/persistence/slepian_iia.hpp"

#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::stats {
namespace {

// A covariance whose clipped process is the random telegraph: arcsin R = pi/2 e^(-rate t), so that E =
// e^(-rate t) and the excursion is exponential with rate / 2 exactly.
Covariance telegraph(double rate) {
  const auto at = [rate](double t) {
    const double half = std::numbers::pi / 2, gap = half * std::exp(-rate * t);
    const double phi = -half * std::expm1(-rate * t);
    return CovarianceAt{.r = std::sin(gap),
                        .slope = -rate * gap * std::cos(gap),
                        .curvature = rate * rate * gap * (std::cos(gap) - gap * std::sin(gap)),
                        .one_minus_r = 2 * std::sin(phi / 2) * std::sin(phi / 2)};
  };
  const double root = rate * std::numbers::pi / 2;
  return {.text = "telegraph", .at = at, .lambda2 = root * root, .decay_rate = rate};
}

struct KnownExponent {
  const char* covariance;
  double theta;
};
void PrintTo(const KnownExponent& known, std::ostream* out) { *out << known.covariance; }

class Exponents : public testing::TestWithParam<KnownExponent> {};

// Majumdar et al. 1996, Derrida et al. 1996 (four digits), and a separate computation for the fifth.
TEST_P(Exponents, AreThoseOfTheLiterature) {
  const Covariance covariance = parse_covariance(GetParam().covariance);
  const SlepianIia iia(covariance);
  ASSERT_TRUE(iia.above().exponent().theta) << iia.above().exponent().reason;
  EXPECT_NEAR(*iia.above().exponent().theta, GetParam().theta, 2e-5);
  EXPECT_EQ(iia.status(), Validity::valid_monotone) << iia.verdict();
  EXPECT_NEAR(iia.above().mean() / (std::numbers::pi / std::sqrt(covariance.lambda2)), 1, 1e-5);
  EXPECT_LT(std::abs(iia.mean_error()), 1e-9);
  EXPECT_EQ(*slepian_exponent(covariance).theta, *iia.above().exponent().theta);
  // The marched tail has the exponent and the prefactor of the pole.
  const double t = 5 * covariance.mean_interval(), theta = *iia.above().exponent().theta;
  EXPECT_NEAR(iia.above().survival(t) * std::exp(theta * t) / iia.above().exponent().prefactor, 1, 1e-3);
}
INSTANTIATE_TEST_SUITE_P(
    Families, Exponents,
    testing::Values(KnownExponent{"diffusion:d=1", 0.12033}, KnownExponent{"diffusion:d=2", 0.18621},
                    KnownExponent{"diffusion:d=3", 0.23577}, KnownExponent{"diffusion:d=4", 0.27691},
                    KnownExponent{"diffusion:d=5", 0.31278}, KnownExponent{"diffusion:d=10", 0.45133},
                    KnownExponent{"random_acceleration", 0.26467}, KnownExponent{"matern:nu=1.5", 0.33670},
                    KnownExponent{"matern:nu=2.5", 0.21903}, KnownExponent{"gaussian", 0.41150}));

TEST(SlepianIia, DiffusionInThePlane) {
  const SlepianIia iia(parse_covariance("diffusion:d=2"));
  const PersistencyExponent& exponent = iia.above().exponent();
  EXPECT_NEAR(exponent.prefactor, 1.1954, 3e-4);
  const double t = 5 * iia.covariance().mean_interval();
  EXPECT_NEAR(iia.above().survival(t) * std::exp(*exponent.theta * t), 1.1954, 3e-4);
  // 3/16 is exact (Poplavskyi and Schehr 2018); the exponential law of the same mean misses it by far more.
  EXPECT_LT(std::abs(*exponent.theta - 3.0 / 16), 0.0015);
  EXPECT_NEAR(3.0 / 16 - 1 / iia.above().mean(), 0.028, 0.001);
  for (const auto& bracket : exponent.brackets) {
    EXPECT_LE(bracket.low, *exponent.theta * (1 + 1e-12));
    EXPECT_GE(bracket.high, *exponent.theta * (1 - 1e-12));
  }
}

TEST(SlepianIia, TelegraphIsExponential) {
  for (const char* step : {"1", "geometric(from=1, to=40)"}) {
    const SlepianIia iia(telegraph(0.8), {.n = 1500, .step = Schedule::parse(step)});
    const ExcursionLaw& law = iia.above();
    EXPECT_EQ(iia.status(), Validity::valid_monotone);
    EXPECT_NEAR(*law.exponent().theta, 0.4, 1e-12);
    EXPECT_NEAR(law.exponent().prefactor, 1, 1e-10);
    EXPECT_NEAR(law.mean(), 2.5, 1e-10);
    EXPECT_NEAR(law.variance(), 6.25, 1e-9);
    for (const double t : {0.1, 1.0, 5.0, 20.0, 100.0}) {
      EXPECT_NEAR(law.cdf(t), 1 - std::exp(-0.4 * t), 2e-5) << step;
      EXPECT_NEAR(law.pdf(t), 0.4 * std::exp(-0.4 * t), 2e-4) << step;
    }
    for (const double p : {0.0, 0.1, 0.5, 0.99, 1 - 1e-9})
      EXPECT_NEAR(law.quantile(p), -std::log1p(-p) / 0.4, 1e-3 * (1 - std::log1p(-p))) << step;
  }
}

TEST(SlepianIia, MarchByTransformsEqualsTheDirectOne) {
  const Covariance covariance = telegraph(1);
  const ClippedSlepian slepian(covariance);
  const SwitchKernel kernel([slepian](double t) { return slepian.memory_above(t); }, 1,
                            memory_nodes(covariance), 1);
  // 4096 steps are the longest direct march, 8192 go by halves; both have a grid point at every unit of time.
  const MarchGrid direct = march_grid(32, 4096, 1), halves = march_grid(32, 8192, 1);
  const std::vector<double> s = renewal_march(direct, kernel, kernel),
                            finer = renewal_march(halves, kernel, kernel);
  for (std::size_t i = 1; i <= 32; ++i) {
    const double truth = std::exp(-0.5 * static_cast<double>(i));
    const double error = s[128 * i] / truth - 1, finer_error = finer[256 * i] / truth - 1;
    EXPECT_LT(std::abs(error), 2e-4);
    EXPECT_NEAR(finer_error, error / 4, 1e-4 * std::abs(error) + 1e-10);  // second order, in relative terms
  }
}

TEST(SlepianIia, ThreeRoutesAgree) {
  const SlepianIia iia(parse_covariance("diffusion:d=2"));
  const std::vector<double> draws = iia.above().sample(100'000, Seed{3});
  const FitTest fit = kolmogorov_smirnov(draws, [&](double t) { return iia.above().cdf(t); });
  EXPECT_LE(fit.statistic, 0.005);  // 1.36 / sqrt(n) = 0.0043 has p = 0.05
  EXPECT_GT(fit.p, 1e-3);
  EXPECT_NEAR(mean(draws), iia.above().mean(), 4 * standard_error(draws));
  EXPECT_NEAR(variance(draws) / iia.above().variance(), 1, 0.03);  // 4 standard errors are 0.025
  EXPECT_EQ(draws, iia.above().sample(100'000, Seed{3}));
  double mass = 0;
  for (std::size_t i = 0; i + 1 < iia.above().times().size(); ++i) {
    const double t = iia.above().times()[i], h = iia.above().times()[i + 1] - t;
    mass += h * (iia.above().pdf(t) + 4 * iia.above().pdf(t + h / 2) + iia.above().pdf(t + h)) / 6;
  }
  EXPECT_NEAR(mass, 1, 1e-4);
}

TEST(SlepianIia, MarchIsOfSecondOrder) {
  const Covariance covariance = parse_covariance("diffusion:d=2");
  const double interval = covariance.mean_interval();
  const auto at_mean = [&](std::int64_t n) {
    return SlepianIia(covariance, {.tmax = 4 * interval, .n = n}).above().cdf(interval);
  };
  const double truth = at_mean(51200);
  const double first = at_mean(200) - truth, second = at_mean(400) - truth, third = at_mean(800) - truth;
  EXPECT_NEAR(std::abs(first), 8.3e-6, 0.2e-6);
  for (const double ratio : {first / second, second / third}) {
    EXPECT_GT(ratio, 3.8);
    EXPECT_LT(ratio, 4.3);
  }
}

TEST(SlepianIia, OscillationIsInvalid) {
  const SlepianIia band(parse_covariance("band")), fast(parse_covariance("gaussian:frequency=3"));
  EXPECT_EQ(band.status(), Validity::invalid);
  EXPECT_NEAR(band.above().overshoot(), 0.014, 0.002);
  EXPECT_NEAR(band.above().lowest_density(), -0.022, 0.003);
  EXPECT_EQ(fast.status(), Validity::invalid);
  EXPECT_NEAR(fast.above().overshoot(), 0.017, 0.002);
  EXPECT_LT(fast.above().lowest_density(), -0.02);
  EXPECT_NE(SlepianIia(parse_covariance("gaussian:frequency=1")).status(), Validity::valid_monotone);
  EXPECT_NE(band.verdict().find("do not use"), std::string::npos);
}

TEST(SlepianIia, SubexponentialHasNoExponent) {
  const SlepianIia iia(parse_covariance("rational_quadratic:alpha=2"), {.tmax = 400, .n = 4000});
  EXPECT_FALSE(iia.above().exponent().theta);
  EXPECT_NE(iia.above().exponent().reason.find("subexponential"), std::string::npos);
  EXPECT_LT(std::abs(iia.mean_error()), 1e-5);
  // P(T > t) ~ E(nu) E(t) = 2 E(t) far out.
  const double t = iia.above().times().back();
  EXPECT_NEAR(iia.above().survival(t) / iia.slepian().expected_sign(t), 2, 0.3);
  for (const double p : {0.99, 1 - 1e-13})
    EXPECT_NEAR(iia.above().survival(iia.above().quantile(p)) / (1 - p), 1, 1e-3);
}

class Levels : public testing::TestWithParam<double> {};

TEST_P(Levels, MeansAreRices) {
  const double u = GetParam();
  const SlepianIia iia(parse_covariance("diffusion:d=2"), {.level = u});
  const double rate = std::exp(-u * u / 2) / (2 * iia.covariance().mean_interval());  // of upcrossings
  const double exceeded = 0.5 * std::erfc(u / std::numbers::sqrt2);
  EXPECT_NEAR(iia.above().mean() * rate / exceeded, 1, 1e-6);
  EXPECT_NEAR(iia.below().mean() * rate / (1 - exceeded), 1, 1e-6);
  // The law above u is that below -u.
  const SlepianIia mirror(parse_covariance("diffusion:d=2"), {.level = -u});
  EXPECT_NEAR(iia.above().cdf(3), mirror.below().cdf(3), 1e-12);
  EXPECT_NEAR(*iia.above().exponent().theta, *mirror.below().exponent().theta, 1e-12);
  // Draws of the geometric sum have the marched law.
  if (iia.status() != Validity::valid_monotone) return;
  for (const ExcursionLaw* law : {&iia.above(), &iia.below()}) {
    const std::vector<double> draws = law->sample(20'000, Seed{5});
    EXPECT_GT(kolmogorov_smirnov(draws, [&](double t) { return law->cdf(t); }).p, 1e-3) << u;
    EXPECT_NEAR(mean(draws), law->mean(), 4 * standard_error(draws));
  }
}
INSTANTIATE_TEST_SUITE_P(Heights, Levels, testing::Values(-1.5, -0.5, 0.25, 0.5, 1.0));

TEST(SlepianIia, SmallLevelsAreContinuous) {
  const Covariance covariance = parse_covariance("random_acceleration");
  const SlepianIia zero(covariance), near(covariance, {.level = 1e-6, .tmax = zero.above().times().back()});
  for (const double t : {0.01, 0.5, 2.0, 10.0, 30.0}) {
    EXPECT_NEAR(near.above().cdf(t), zero.above().cdf(t), 1e-5);
    EXPECT_NEAR(near.below().cdf(t), zero.below().cdf(t), 1e-5);
  }
  EXPECT_NEAR(*near.above().exponent().theta, *zero.above().exponent().theta, 1e-5);
}

// E is the derivative of the clipped covariance: -(mu/2) d/dt (2/pi) arcsin R.
TEST(ClippedSlepian, MatchesTheClippedCovariance) {
  for (const char* text : {"diffusion:d=3", "random_acceleration", "matern:nu=1.3", "gaussian", "band"}) {
    const Covariance covariance = parse_covariance(text);
    const ClippedSlepian slepian(covariance);
    for (const double t : {0.3, 1.0, 2.0, 4.0}) {
      const double h = 1e-5;
      const double slope = (std::asin(covariance(t + h)) - std::asin(covariance(t - h))) / (2 * h);
      EXPECT_NEAR(slepian.expected_sign(t), -slope / std::sqrt(covariance.lambda2), 1e-8) << text;
      const double bend = (slepian.expected_sign(t + h) - slepian.expected_sign(t - h)) / (2 * h) /
                          std::sqrt(covariance.lambda2);
      const double square = 1 - covariance(t) * covariance(t);
      EXPECT_NEAR(slepian.condition_margin(t), -bend * std::pow(square, 1.5), 1e-7) << text;
    }
  }
}

TEST(ClippedSlepian, LeavesOneByTheSeriesAtZero) {
  // 1 - t^2 (lambda4 / lambda2 - lambda2) / 8: sech has lambda4 = 5/16; the |t|^3 families fall linearly.
  const ClippedSlepian diffusion(parse_covariance("diffusion:d=2"));
  EXPECT_NEAR(diffusion.power_at_zero(), 2, 1e-3);
  for (const double t : {1e-5, 1e-3, 1e-2})
    EXPECT_NEAR((1 - diffusion.expected_sign(t)) / (t * t), 0.125, 2e-4) << t;
  const ClippedSlepian acceleration(parse_covariance("random_acceleration"));
  EXPECT_NEAR(acceleration.power_at_zero(), 1, 1e-3);
  // R = 1 - 3/8 t^2 + t^3/4 ..., so that E = 1 - 2 (1/4) / (3/4) t.
  for (const double t : {1e-5, 1e-4})
    EXPECT_NEAR((1 - acceleration.expected_sign(t)) / t, 2.0 / 3, 2e-3) << t;
}

TEST(ClippedSlepian, LevelsByQuadrature) {
  // P(a xi + sigma z > c) by integrating over the Rayleigh xi.
  const Covariance covariance = parse_covariance("matern:nu=2.5");
  for (const double u : {-0.7, 0.4, 1.5}) {
    const ClippedSlepian slepian(covariance, u);
    for (const double t : {0.2, 1.0, 5.0}) {
      const CovarianceAt at = covariance.at(t);
      const double a = -at.slope / std::sqrt(covariance.lambda2), c = u * at.one_minus_r;
      const double sigma = std::sqrt(1 - at.r * at.r - a * a);
      double above = 0, below = 0;
      const double h = 1e-4;
      for (double r = h / 2; r < 12; r += h) {
        const double weight = h * r * std::exp(-r * r / 2);
        above += weight * 0.5 * std::erfc((c - a * r) / sigma / std::numbers::sqrt2);
        below += weight * 0.5 * std::erfc((c + a * r) / sigma / std::numbers::sqrt2);
      }
      EXPECT_NEAR(slepian.memory_above(t), 2 * above - 1 - slepian.limit(), 1e-7) << u << " " << t;
      EXPECT_NEAR(slepian.memory_below(t), slepian.limit() - (2 * below - 1), 1e-7) << u << " " << t;
    }
  }
}

TEST(SlepianIia, RefusesInOneLine) {
  EXPECT_THROW(SlepianIia(parse_covariance("gaussian"), {.level = 9}), InvalidInput);
  EXPECT_THROW(SlepianIia(parse_covariance("gaussian"), {.step = Schedule::parse("linear(from=1, to=-1)")}),
               InvalidInput);
  const Covariance periodic{.text = "cos", .at = [](double t) {
                              const double r = std::cos(t);
                              return CovarianceAt{r, -std::sin(t), -r, 1 - r};
                            }};
  EXPECT_THROW(static_cast<void>(ClippedSlepian(periodic).expected_sign(2 * std::numbers::pi)), InvalidInput);
  Covariance cusp = parse_covariance("gaussian");
  cusp.lambda2 = std::numeric_limits<double>::infinity();
  EXPECT_THROW(SlepianIia{cusp}, InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
