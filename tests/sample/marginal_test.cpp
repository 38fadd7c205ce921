#include "lehr/sample/marginal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

#include "lehr/core/errors.hpp"
#include "lehr/stats/distributions.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "lehr/stats/quadrature.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

using test::message_of;

// Values that SciPy 1.10 prints.
struct ScipyPoint {
  const char* law;
  double x, log_pdf, cdf, tail;
};
void PrintTo(const ScipyPoint& point, std::ostream* out) { *out << point.law << " at " << point.x; }

class MarginalAgainstScipy : public testing::TestWithParam<ScipyPoint> {};

TEST_P(MarginalAgainstScipy, Agrees) {
  const ScipyPoint& point = GetParam();
  const Marginal law = Marginal::parse(point.law);
  EXPECT_NEAR(law.log_pdf(point.x), point.log_pdf, 1e-12 * std::abs(point.log_pdf));
  EXPECT_NEAR(law.cdf(point.x), point.cdf, 1e-12 * point.cdf);
  EXPECT_NEAR(law.tail(point.x), point.tail, 1e-11 * point.tail);
  EXPECT_NEAR(law.quantile(point.cdf), point.x, 1e-9);
  EXPECT_NEAR(law.tail_quantile(point.tail), point.x, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(
    Families, MarginalAgainstScipy,
    testing::Values(
        ScipyPoint{"normal(mean=1.5, sd=0.7)", 0.2, -2.286753385184308, 0.031645416116672626,
                   0.9683545838833274},
        ScipyPoint{"normal(1.5, sd=0.7)", 4.1, -7.4602227729394093, 0.99989811077021928,
                   0.00010188922978075528},
        ScipyPoint{"lognormal(mean=2, cov=0.3)", 1.1, -1.574105548744372, 0.029397427921174717,
                   0.97060257207882528},
        ScipyPoint{"lognormal(mean=2, sd=0.6)", 5, -6.6428865871727041, 0.99945860628342842,
                   0.00054139371657156666},
        ScipyPoint{"uniform(-1, 3)", 0.25, -1.3862943611198906, 0.3125, 0.6875},
        ScipyPoint{"gamma(2.5, 0.8)", 0.3, -1.9077831986762992, 0.019887707187131048, 0.98011229281286893},
        ScipyPoint{"gamma(2.5, 0.8)", 9, -7.6809871261830649, 0.99957945458342812, 0.00042054541657183804},
        ScipyPoint{"weibull(1.7, 3)", 0.5, -1.8697648288269582, 0.046436407839105985, 0.95356359216089404},
        ScipyPoint{"weibull(1.7, 3)", 8, -5.1798292150486489, 0.99500054141069971, 0.0049994585893002623},
        ScipyPoint{"exponential(mean=2)", 3.5, -2.4431471805599454, 0.82622605654955483, 0.17377394345044511},
        ScipyPoint{"beta(2, 3.5, low=1, high=5)", 1.7, -0.85335303252551209, 0.17758969550775383,
                   0.82241030449224617},
        ScipyPoint{"beta(2, 3.5, low=1, high=5)", 4.6, -4.4912772439911883, 0.99868765477103005,
                   0.0013123452289698816},
        ScipyPoint{"student_t(4.5, location=0.5, scale=2)", -3, -3.0948000429471274, 0.073501643406715417,
                   0.92649835659328461},
        ScipyPoint{"student_t(4.5, 0.5, 2)", 12, -7.5025121125279108, 0.99843024018976068,
                   0.0015697598102393116},
        ScipyPoint{"truncated(normal(1, sd=2), low=0, high=3)", 0.4, -1.0274900812117544, 0.13804437716206214,
                   0.8619556228379387},
        ScipyPoint{"truncated(normal(0, sd=1), low=6, high=7)", 6.2, 0.5991284700777975, 0.7147734120319127,
                   0.28522658796808764}));

TEST(Marginal, MeansAndDeviationsAgreeWithScipy) {
  const auto check = [](const char* text, double mean, double sd, double tolerance) {
    const Marginal law = Marginal::parse(text);
    EXPECT_NEAR(law.mean(), mean, tolerance) << text;
    EXPECT_NEAR(law.standard_deviation(), sd, tolerance) << text;
  };
  check("lognormal(mean=2, cov=0.3)", 2, 0.6, 1e-13);
  check("gamma(2.5, 0.8)", 2, 1.2649110640673518, 1e-13);
  check("weibull(1.7, 3)", 2.6767335074979721, 1.6207076988811659, 1e-12);
  check("beta(2, 3.5, low=1, high=5)", 2.4545454545454546, 0.75472657696403034, 1e-13);
  check("student_t(4.5, 0.5, 2)", 0.5, 2.6832815729997477, 1e-13);
  check("truncated(normal(1, sd=2), low=0, high=3)", 1.4132624361230661, 0.8313200565040955, 1e-10);
  check("truncated(normal(0, sd=1), low=6, high=7)", 6.157210903378302, 0.1508256646508529, 1e-10);
  check("empirical(values=[0, 1, 4])", 1.5, std::sqrt((1.0 / 3 + 7) / 2 - 1.5 * 1.5), 1e-14);
  EXPECT_TRUE(std::isnan(Marginal::student_t(1).mean()));
  EXPECT_TRUE(std::isinf(Marginal::student_t(2).standard_deviation()));
}

class EveryMarginal : public testing::TestWithParam<const char*> {};

TEST_P(EveryMarginal, DensityIntegratesToTheDistribution) {
  const Marginal law = Marginal::parse(GetParam());
  for (const auto& [low, high] : {std::pair(0.1, 0.3), std::pair(0.3, 0.5), std::pair(0.5, 0.9)}) {
    const double from = law.quantile(low), to = law.quantile(high);
    double sum = 0;
    for (int k = 0; k < 64; ++k) {
      const double a = from + (to - from) * k / 64, b = from + (to - from) * (k + 1) / 64;
      sum += stats::gauss_legendre(16, a, b).integrate([&](double x) { return std::exp(law.log_pdf(x)); });
    }
    EXPECT_NEAR(sum, high - low, std::string(GetParam()).starts_with("empirical") ? 0.01 : 1e-9);
  }
}

TEST_P(EveryMarginal, MapsToAndFromTheNormalLaw) {
  const Marginal law = Marginal::parse(GetParam());
  double before = -std::numeric_limits<double>::infinity();
  for (double z = -6; z <= 6; z += 0.25) {
    const double x = law.from_normal(z);
    EXPECT_GT(x, before);
    before = x;
    EXPECT_NEAR(law.to_normal(x), z, 1e-6) << x;
    EXPECT_NEAR(stats::normal_cdf(z), law.cdf(x), 1e-12);
  }
}

TEST_P(EveryMarginal, DrawsFollowTheLaw) {
  const Marginal law = Marginal::parse(GetParam());
  Stream random(Seed{7}, lane("marginal test"));
  std::vector<double> sample(1000);
  for (double& x : sample) x = law.sample(random);
  EXPECT_GT(stats::kolmogorov_smirnov(sample, [&](double x) { return law.cdf(x); }).p, 1e-3);
}

TEST_P(EveryMarginal, TextReadsBack) {
  const Marginal law = Marginal::parse(GetParam());
  const Marginal again = Marginal::parse(law.text());
  EXPECT_EQ(again.text(), law.text());
  EXPECT_EQ(again.cdf(1.3), law.cdf(1.3));
}

INSTANTIATE_TEST_SUITE_P(Laws, EveryMarginal,
                         testing::Values("normal(1.5, sd=0.7)", "normal(mean=-3, cov=0.2)",
                                         "lognormal(mean=2, cov=0.3)", "lognormal(log_mean=0.1, log_sd=0.4)",
                                         "uniform(-1, 3)", "gamma(0.7, 2)", "gamma(30, 0.1)",
                                         "weibull(1.7, 3)", "exponential(2)", "beta(2, 3.5)",
                                         "beta(2, 3.5, low=-1, high=4)", "student_t(4.5, 0.5, 2)",
                                         "truncated(gamma(2, 1), low=0.5)",
                                         "truncated(normal(0, sd=1), low=3, high=9)",
                                         "empirical(values=[-1, 0, 0.5, 2, 2.5, 4])"));

TEST(Marginal, FarTailsKeepTheirDigits) {
  // F^-1 of tails of 3e-138, from SciPy's gamma.isf and gamma.ppf.
  EXPECT_NEAR(Marginal::gamma(2.5, 0.8).from_normal(25), 260.0281894862466, 1e-9);
  EXPECT_NEAR(Marginal::gamma(2.5, 0.8).from_normal(-25), 1.275914021125208e-55, 1e-64);
  for (const char* text :
       {"gamma(2.5, 0.8)", "weibull(1.7, 3)", "student_t(4.5)", "lognormal(mean=2, cov=1)"})
    for (const double z : {-30.0, -12.0, 12.0, 30.0}) {
      const Marginal law = Marginal::parse(text);
      EXPECT_NEAR(law.to_normal(law.from_normal(z)), z, 1e-8) << text;
    }
  EXPECT_TRUE(std::isfinite(Marginal::gamma(2, 1).from_normal(60)));
}

TEST(Marginal, SupportEndsAtItsEdges) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const char* text : {"lognormal(mean=2, cov=1)", "gamma(2, 1)", "weibull(2, 1)", "beta(2, 2)"}) {
    const Marginal law = Marginal::parse(text);
    EXPECT_EQ(law.log_pdf(-0.5), -infinity) << text;
    EXPECT_EQ(law.cdf(-0.5), 0) << text;
    EXPECT_EQ(law.to_normal(-0.5), -infinity) << text;
  }
  EXPECT_EQ(Marginal::uniform(0, 1).log_pdf(1.5), -infinity);
  EXPECT_EQ(Marginal::beta(2, 2).tail(1.5), 0);
}

TEST(Marginal, EmpiricalQuantilesAreThoseOfNumpy) {
  // numpy.quantile([3, 1, 4, 1, 5], [0.1, 0.5, 0.85])
  const Marginal law = Marginal::empirical({3, 1, 4, 1, 5});
  EXPECT_NEAR(law.quantile(0.1), 1, 1e-15);
  EXPECT_NEAR(law.quantile(0.5), 3, 1e-15);
  EXPECT_NEAR(law.quantile(0.85), 4.4, 1e-14);
  EXPECT_FALSE(law.has_density());
  EXPECT_THROW(law.log_pdf(2.0), InvalidInput);
  EXPECT_TRUE(Marginal::empirical({3, 1, 4}).has_density());
}

TEST(Marginal, EmpiricalReadsAColumn) {
  const test::TemporaryFolder folder;
  test::put(folder / "loads.csv", "time,load\n0,3\n1,1\n2,4\n");
  const Marginal law = Marginal::parse("empirical(\"loads.csv\", column=\"load\")", folder.path());
  EXPECT_EQ(law.quantile(0.5), 3);
  EXPECT_NE(message_of<InvalidInput>([&] {
              Marginal::parse("empirical(\"loads.csv\")", folder.path());
            }).find("2 columns"),
            std::string::npos);
}

TEST(Marginal, BatchesEqualSingleValues) {
  for (const char* text : {"normal(1, sd=2)", "lognormal(mean=2, cov=0.3)", "gamma(2, 1)"}) {
    const Marginal law = Marginal::parse(text);
    const std::vector<double> x = {-1.5, 0.2, 0.9, 2.5, 7};
    std::vector<double> log_pdf(5);
    law.log_pdf(x, log_pdf);
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_DOUBLE_EQ(log_pdf[i], law.log_pdf(x[i])) << text;
  }
}

TEST(Marginal, RefusesInOneLine) {
  const auto message = [](const char* text) {
    return message_of<InvalidInput>([&] { Marginal::parse(text); });
  };
  EXPECT_EQ(message("norml(0, sd=1)"), "law, column 1: unknown law 'norml' (did you mean 'normal'?)");
  EXPECT_NE(message("normal(0)").find("'sd' and 'cov'"), std::string::npos);
  EXPECT_NE(message("normal(0, sd=1, cov=2)").find("'sd' and 'cov'"), std::string::npos);
  EXPECT_NE(message("normal(0, cov=1)").find("sd must be above 0"), std::string::npos);
  EXPECT_NE(message("uniform(3, 1)").find("low must be below high"), std::string::npos);
  EXPECT_NE(message("gamma(-1, 2)").find("'shape' of 'gamma' must be a number above 0"), std::string::npos);
  EXPECT_NE(message("lognormal(mean=1)").find("'sd' and 'cov'"), std::string::npos);
  EXPECT_NE(message("lognormal(log_mean=1)").find("'log_sd'"), std::string::npos);
  EXPECT_NE(message("truncated(normal(0, sd=1))").find("'low' or 'high'"), std::string::npos);
  EXPECT_NE(message("truncated(uniform(0, 1), low=2)").find("no mass"), std::string::npos);
  EXPECT_NE(message("truncated(low=2)").find("needs the law first"), std::string::npos);
  EXPECT_NE(message("empirical(values=[1])").find("at least 2"), std::string::npos);
  EXPECT_NE(message("empirical(values=[1, 1])").find("all values equal"), std::string::npos);
  EXPECT_NE(message("3").find("expected a law"), std::string::npos);
  EXPECT_THROW(Marginal::normal(0, 1).quantile(1.5), InvalidInput);
}

TEST(Marginal, FamiliesAreListed) {
  EXPECT_EQ(marginal_families().size(), 10u);
  for (const schedule::Signature& family : marginal_families()) EXPECT_FALSE(family.summary.empty());
}

}  // namespace
}  // namespace lehr::sample
