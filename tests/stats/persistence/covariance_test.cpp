#include "lehr/stats/persistence/covariance.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/stats/persistence/covariance_table.hpp"
#include "lehr/stats/persistence/slepian_iia.hpp"

namespace lehr::stats {
namespace {

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, DerivativesAreThoseOfR) {
  const Covariance covariance = parse_covariance(GetParam());
  EXPECT_EQ(covariance.text, GetParam());
  EXPECT_DOUBLE_EQ(covariance(0), 1);
  for (const double t : {0.05, 0.4, 0.6, 1.3, 5.0}) {
    const double h = 1e-4;
    const CovarianceAt at = covariance.at(t), up = covariance.at(t + h), down = covariance.at(t - h);
    EXPECT_NEAR(at.slope, (up.r - down.r) / (2 * h), 1e-7) << t;
    EXPECT_NEAR(at.curvature, (up.slope - down.slope) / (2 * h), 1e-6) << t;
    EXPECT_NEAR(at.one_minus_r, 1 - at.r, 1e-14) << t;
  }
  // 1 - R keeps its digits: lambda2 t^2 / 2 at first.
  EXPECT_NEAR(covariance.at(1e-7).one_minus_r / (0.5e-14 * covariance.lambda2), 1, 1e-3);
  EXPECT_NEAR(covariance.at(1e-7).slope / (-1e-7 * covariance.lambda2), 1, 1e-3);
}
INSTANTIATE_TEST_SUITE_P(All, Families,
                         testing::Values("diffusion:d=2", "diffusion:d=0.7,scale=2", "random_acceleration",
                                         "matern:nu=1.5", "matern:nu=1.8", "matern:nu=2.5,scale=0.5",
                                         "matern:nu=7", "gaussian:frequency=0", "gaussian:frequency=3",
                                         "rational_quadratic:alpha=1", "band"));

TEST(Covariance, MaternOfHalfIntegers) {
  const Covariance low = parse_covariance("matern:nu=1.5"), high = parse_covariance("matern:nu=2.5,scale=2");
  for (const double t : {1e-3, 0.2, 1.0, 7.0, 60.0}) {
    EXPECT_NEAR(low(t), (1 + t) * std::exp(-t), 1e-14);
    const double u = t / 2;
    EXPECT_NEAR(high(t), (1 + u + u * u / 3) * std::exp(-u), 1e-14);
  }
  EXPECT_DOUBLE_EQ(low.lambda2, 1);
  EXPECT_NEAR(high.lambda2, 1.0 / 12, 1e-15);
}

TEST(Covariance, TextIsCheckedPartByPart) {
  const auto message = [](const char* text) -> std::string {
    try {
      parse_covariance(text);
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message("difusion").find("did you mean 'diffusion'"), std::string::npos);
  EXPECT_NE(message("diffusion:e=2").find("no parameter 'e'"), std::string::npos);
  EXPECT_NE(message("diffusion:d").find("parameter=value"), std::string::npos);
  EXPECT_NE(message("diffusion:d=two").find("expected a number, found 'two'"), std::string::npos);
  EXPECT_NE(message("diffusion:d=-1").find("d must be in"), std::string::npos);
  EXPECT_NE(message("matern:nu=1").find("nu must be in"), std::string::npos);
  EXPECT_NE(message("diffusion:d=nan").find("expected a number"), std::string::npos);
  EXPECT_NE(message("").find("no covariance"), std::string::npos);
}

CovarianceTable table_of(const Covariance& covariance, double h, double end, int derivatives) {
  CovarianceTable table;
  for (int i = 0; i * h <= end; ++i) {
    const CovarianceAt at = covariance.at(i * h);
    table.lag.push_back(i * h), table.value.push_back(3 * at.r);  // variance 3
    if (derivatives > 0) table.slope.push_back(3 * at.slope);
    if (derivatives > 1) table.curvature.push_back(3 * at.curvature);
  }
  return table;
}

struct TableCase {
  const char* covariance;
  int derivatives;
  double tolerance;  // of theta
};
void PrintTo(const TableCase& c, std::ostream* out) { *out << c.covariance << " with " << c.derivatives; }

class Tables : public testing::TestWithParam<TableCase> {};

TEST_P(Tables, HaveTheExponentOfTheirCovariance) {
  const Covariance truth = parse_covariance(GetParam().covariance);
  const double h = truth.mean_interval() / 50;
  const Covariance table =
      table_covariance(table_of(truth, h, 8 * truth.mean_interval(), GetParam().derivatives));
  // A spline's slope at its end has an error of third order in the distance of the knots.
  EXPECT_NEAR(table.lambda2 / truth.lambda2, 1, GetParam().derivatives < 2 ? 1e-3 : 1e-9);
  for (double t = 0.3 * h; t < 12 * truth.mean_interval(); t += 0.37 * h)
    EXPECT_NEAR(table(t), truth(t), 1e-5) << t;
  const SlepianIia iia(table);
  EXPECT_NE(iia.status(), Validity::invalid) << iia.verdict();
  EXPECT_LT(std::abs(iia.mean_error()), 1e-4);
  EXPECT_NEAR(*iia.above().exponent().theta, *slepian_exponent(truth).theta, GetParam().tolerance);
}
INSTANTIATE_TEST_SUITE_P(All, Tables,
                         testing::Values(TableCase{"diffusion:d=2", 0, 2e-5},
                                         TableCase{"diffusion:d=2", 1, 2e-5},
                                         TableCase{"diffusion:d=2", 2, 2e-5}, TableCase{"gaussian", 0, 1e-4},
                                         TableCase{"matern:nu=2.5", 0, 1e-4},
                                         TableCase{"matern:nu=1.5", 0, 1e-3},
                                         TableCase{"random_acceleration", 2, 1e-4}));

TEST(CovarianceTable, ExactTablesAreProvedMonotone) {
  const Covariance truth = parse_covariance("diffusion:d=2");
  const SlepianIia iia(table_covariance(table_of(truth, 0.05, 50, 2)));
  EXPECT_EQ(iia.status(), Validity::valid_monotone) << iia.verdict();
}

TEST(CovarianceTable, OscillationShowsInATable) {
  for (const int derivatives : {0, 1, 2}) {
    const SlepianIia iia(table_covariance(table_of(parse_covariance("band"), 0.1, 60, derivatives)));
    EXPECT_EQ(iia.status(), Validity::invalid) << derivatives;
  }
}

TEST(CovarianceTable, PowersAreSubexponential) {
  const SlepianIia iia(
      table_covariance(table_of(parse_covariance("rational_quadratic:alpha=1"), 0.05, 60, 0)));
  EXPECT_FALSE(iia.above().exponent().theta);
  EXPECT_FALSE(iia.covariance().notes.empty());
}

TEST(CovarianceTable, RefusesWhatIsNoCovariance) {
  const auto message = [](CovarianceTable table) -> std::string {
    try {
      table_covariance(table, "c.csv");
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "";
  };
  const std::vector<double> lag{0, 1, 2, 3, 4};
  EXPECT_NE(message({{0, 1, 2}, {1, 0.5, 0.2}}).find("at least 5 lags"), std::string::npos);
  EXPECT_NE(message({{1, 2, 3, 4, 5}, {1, 0.5, 0.2, 0.1, 0}}).find("start at 0"), std::string::npos);
  EXPECT_NE(message({{0, 1, 1, 2, 3}, {1, 0.5, 0.2, 0.1, 0}}).find("must rise"), std::string::npos);
  EXPECT_NE(message({lag, {0, 0, 0, 0, 0}}).find("R(0) must be above 0"), std::string::npos);
  EXPECT_NE(message({lag, {1, 0.5, -1, 0.1, 0}}).find("periodic"), std::string::npos);
  EXPECT_NE(message({lag, {1, 0.5, std::nan(""), 0.1, 0}}).find("R(2) = nan"), std::string::npos);
  EXPECT_NE(message({lag, {1, 0.5, 0.2, 0.1, 0}, {-0.5, -0.4, -0.2, -0.1, 0}}).find("R'(0) must be 0"),
            std::string::npos);
  EXPECT_NE(message({lag, {1, 0.5, 0.2, 0.1, 0}, {0, -0.4, -0.2, -0.1, 0}, {1, 0, 0, 0, 0}}).find("R''(0)"),
            std::string::npos);
  // The spectrum of (1 - 0.7 t^2) e^(-t^2/4) is proportional to (7 omega^2 - 1) e^(-omega^2).
  CovarianceTable negative;
  for (int i = 0; i < 400; ++i) {
    const double t = i * 0.04;
    negative.lag.push_back(t), negative.value.push_back((1 - 0.7 * t * t) * std::exp(-t * t / 4));
  }
  EXPECT_NE(message(negative).find("not a covariance"), std::string::npos);
}

TEST(SpectralCovariance, HasTheCovarianceOfItsDensity) {
  // e^(-omega^2/2) belongs to e^(-t^2/2).
  std::vector<double> frequency, density;
  for (int i = 0; i <= 2000; ++i)
    frequency.push_back(i * 0.004), density.push_back(std::exp(-frequency.back() * frequency.back() / 2));
  const Covariance covariance = spectral_covariance(frequency, density);
  EXPECT_NEAR(covariance.lambda2, 1, 1e-5);
  for (const double t : {0.1, 0.5, 1.0, 2.0, 3.0}) EXPECT_NEAR(covariance(t), std::exp(-t * t / 2), 1e-6);
  EXPECT_NEAR(*slepian_exponent(covariance).theta, 0.41150, 2e-4);
}

TEST(SpectralCovariance, BandOfFrequencies) {
  const std::vector<double> frequency{0, 0.5, 1}, density{2, 2, 2};
  const Covariance covariance = spectral_covariance(frequency, density);
  EXPECT_NEAR(covariance.lambda2, 1.0 / 3, 1e-12);
  for (const double t : {0.3, 1.0, 3.0, 10.0, 30.0}) EXPECT_NEAR(covariance(t), std::sin(t) / t, 1e-8);
  EXPECT_EQ(SlepianIia(covariance).status(), Validity::invalid);
  EXPECT_THROW(spectral_covariance(frequency, std::vector<double>{1, -1, 1}), InvalidInput);
  EXPECT_THROW(spectral_covariance(frequency, std::vector<double>{0, 0, 0}), InvalidInput);
  EXPECT_THROW(spectral_covariance(std::vector<double>{0, 2, 1}, density), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
