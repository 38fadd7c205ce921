#include "lehr/stats/persistence/simulate_excursions.hpp"

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "lehr/stats/persistence/slepian_iia.hpp"
#include "lehr/stats/summary.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::stats {
namespace {

// At level 0 excursions on both sides have one law.
std::vector<double> pooled(const Excursions& excursions) {
  std::vector<double> all = excursions.above;
  all.insert(all.end(), excursions.below.begin(), excursions.below.end());
  return all;
}

struct TruthCase {
  const char* covariance;
  double dt;
  std::int64_t points;
  double low, high;  // where the distance between simulation and approximation must be
};
void PrintTo(const TruthCase& c, std::ostream* out) { *out << c.covariance; }

class Truth : public testing::TestWithParam<TruthCase> {};

TEST_P(Truth, DistanceOfTheApproximation) {
  const Covariance covariance = parse_covariance(GetParam().covariance);
  const SimulateExcursions method(
      covariance, {.points = GetParam().points, .dt = GetParam().dt, .rate_tolerance = 0.007});
  EXPECT_LT(method.embedding().clipped(), 1e-6);
  EXPECT_EQ(method.dt(), GetParam().dt);
  const auto run = drive(method, Budget::steps(method.steps()), Seed{11});
  const std::vector<double> lengths = pooled(run.state.excursions);
  ASSERT_GE(lengths.size(), 100'000u);
  EXPECT_NEAR(*run.last.find("crossing_rate_error"), -method.missed_crossings(), 0.005);
  EXPECT_NEAR(mean(lengths) / covariance.mean_interval(), 1, 0.01);
  const SlepianIia iia(covariance);
  const double distance = kolmogorov_smirnov(lengths, [&](double t) { return iia.above().cdf(t); }).statistic;
  EXPECT_GE(distance, GetParam().low);
  EXPECT_LE(distance, GetParam().high);
}
// Random acceleration is visibly worse. A coarser dt than the study's: at most 0.7 % of the crossings are
// missed.
INSTANTIATE_TEST_SUITE_P(Families, Truth,
                         testing::Values(TruthCase{"diffusion:d=1", 0.1, 9'500'000, 0, 0.010},
                                         TruthCase{"diffusion:d=2", 0.1, 6'800'000, 0, 0.010},
                                         TruthCase{"gaussian", 0.05, 6'800'000, 0, 0.016},
                                         TruthCase{"random_acceleration", 0.02, 19'500'000, 0.012, 0.03}));

TEST(SimulateExcursions, LevelsHaveRicesMeans) {
  const Covariance covariance = parse_covariance("diffusion:d=2");
  const double level = 0.7;
  const SimulateExcursions method(covariance, {.points = 3'000'000, .dt = 0.1, .level = level});
  const auto run = drive(method, Budget::steps(method.steps()), Seed{2});
  const ClippedSlepian slepian(covariance, level);
  const Excursions& found = run.state.excursions;
  // Lengths of neighbours are nearly independent; 0.2 % for the crossings that the grid misses.
  EXPECT_NEAR(mean(found.above) / slepian.mean_above(), 1,
              0.002 + 5 * standard_error(found.above) / slepian.mean_above());
  EXPECT_NEAR(mean(found.below) / slepian.mean_below(), 1,
              0.002 + 5 * standard_error(found.below) / slepian.mean_below());
}

TEST(SimulateExcursions, RefinesTheGridUntilFewCrossingsAreMissed) {
  for (const char* text : {"diffusion:d=2", "gaussian", "random_acceleration"}) {
    const SimulateExcursions method(parse_covariance(text), {.points = 100'000});
    EXPECT_LE(method.missed_crossings(), 0.005) << text;
    EXPECT_GT(method.missed_crossings(), 0.0003) << text;  // and no further
  }
  // The average of 2/3 t over [0, dt]: what random acceleration's kink makes a grid miss.
  const SimulateExcursions fine(parse_covariance("random_acceleration"), {.points = 1000, .dt = 0.01});
  EXPECT_NEAR(fine.missed_crossings(), 0.01 / 3, 2e-5);
}

TEST(SimulateExcursions, ResumesBitForBit) {
  const Covariance covariance = parse_covariance("matern:nu=2.5");
  const SimulateExcursions method(covariance, {.points = 1'500'000, .rate_tolerance = 0.05});
  ASSERT_GE(method.steps(), 3);
  const auto whole = drive(method, Budget::steps(method.steps()), Seed{5});
  const test::TemporaryFolder folder;
  Observers observers;
  observers.checkpoints.path = folder / "run.safetensors";
  drive(method, Budget::steps(2), Seed{5}, observers);
  const auto resumed = drive(method, Budget::steps(method.steps()), Seed{5}, observers);
  EXPECT_EQ(resumed.used.steps, whole.used.steps);
  EXPECT_EQ(resumed.state.excursions.above, whole.state.excursions.above);
  EXPECT_EQ(resumed.state.excursions.below, whole.state.excursions.below);
  EXPECT_EQ(resumed.state.excursions.crossings, whole.state.excursions.crossings);
}

TEST(SimulateExcursions, RefusesEndlessSeries) {
  const Covariance covariance = parse_covariance("diffusion:d=2");
  EXPECT_THROW(SimulateExcursions(covariance, {.points = 10}), InvalidInput);
  EXPECT_THROW(SimulateExcursions(covariance, {.dt = 1e-6}), InvalidInput);
  EXPECT_THROW(SimulateExcursions(covariance, {.level = 7}), InvalidInput);
  EXPECT_THROW(SimulateExcursions(parse_covariance("matern:nu=1.01"), {}), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
