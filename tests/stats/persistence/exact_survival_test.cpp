#include "lehr/stats/persistence/exact_survival.hpp"

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/stats/persistence/simulate_excursions.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::stats {
namespace {

TEST(ExactSurvival, OnePointIsTheClippedSlepianProcess) {
  // P(X(t) > u) after an upcrossing is (1 + E+(t)) / 2.
  for (const double level : {0.0, 0.8}) {
    const Covariance covariance = parse_covariance("diffusion:d=2");
    const ExactSurvival method(covariance,
                               {.times = {0.5, 2, 6}, .points = 2, .samples = 4000, .level = level});
    const auto run = drive(method, Budget::steps(12), Seed{1});
    const ClippedSlepian slepian(covariance, level);
    for (std::size_t i = 0; i < 3; ++i) {
      double sum = 0;
      for (std::size_t shift = 0; shift < 12; ++shift) sum += run.state.coarse[3 * shift + i] / 12;
      const double t = std::vector<double>{0.5, 2, 6}[i];
      EXPECT_NEAR(sum, (1 + slepian.memory_above(t) + slepian.limit()) / 2, 2e-4) << t;
    }
  }
}

struct ExactCase {
  const char* covariance;
  double level;
};
void PrintTo(const ExactCase& c, std::ostream* out) { *out << c.covariance << " at " << c.level; }

class Exact : public testing::TestWithParam<ExactCase> {};

TEST_P(Exact, AgreesWithSimulation) {
  const Covariance covariance = parse_covariance(GetParam().covariance);
  const double mu = covariance.mean_interval();
  const std::vector<double> times{0.25 * mu, 0.5 * mu, mu, 2 * mu, 3 * mu};
  const ExactSurvival method(covariance,
                             {.times = times, .points = 24, .samples = 500, .level = GetParam().level});
  const auto run = drive(method, Budget::steps(12), Seed{7});

  SimulateExcursionsOptions options{.points = 8'000'000, .rate_tolerance = 0.001, .level = GetParam().level};
  const SimulateExcursions simulation(covariance, options);
  const auto simulated = drive(simulation, Budget::steps(simulation.steps()), Seed{3});
  const SurvivalCurve truth =
      product_limit(simulated.state.excursions.above, simulated.state.excursions.censored_above);
  for (const ExactProbability& p : method.probabilities(run.state)) {
    // 1e-3 for the crossings that the simulation's grid misses.
    EXPECT_NEAR(p.value, truth.at(p.time), 1e-3 + 5 * std::hypot(p.error, truth.error_at(p.time)))
        << p.time / mu;
    EXPECT_GT(p.at_points, p.value - 5 * p.standard_error);  // looks at points miss crossings
    EXPECT_LT(p.standard_error, 0.01 * p.value + 1e-4);
  }
}
INSTANTIATE_TEST_SUITE_P(Families, Exact,
                         testing::Values(ExactCase{"diffusion:d=2", 0}, ExactCase{"gaussian", 0},
                                         ExactCase{"matern:nu=2.5", 0.5}));

struct ExactTail {
  const char* covariance;
  double theta;
};
void PrintTo(const ExactTail& tail, std::ostream* out) { *out << tail.covariance; }

class ExactTails : public testing::TestWithParam<ExactTail> {};

// 3/16 (Poplavskyi and Schehr 2018) and 1/4 (Sinai 1992; Burkhardt 1993).
TEST_P(ExactTails, FallWithTheKnownExponent) {
  const Covariance covariance = parse_covariance(GetParam().covariance);
  const double mu = covariance.mean_interval();
  const ExactSurvival method(covariance, {.times = {2 * mu, 4 * mu}, .points = 60, .samples = 400});
  const auto p = method.probabilities(drive(method, Budget::steps(12), Seed{3}).state);
  const double theta = std::log(p[0].value / p[1].value) / (2 * mu);
  const double error = std::hypot(p[0].error / p[0].value, p[1].error / p[1].value) / (2 * mu);
  EXPECT_NEAR(theta, GetParam().theta, 3 * error);
  EXPECT_LT(error, 0.05 * GetParam().theta);
}
INSTANTIATE_TEST_SUITE_P(Families, ExactTails,
                         testing::Values(ExactTail{"diffusion:d=2", 3.0 / 16},
                                         ExactTail{"random_acceleration", 0.25}));

TEST(ExactSurvival, ResumesBitForBitUnderAScheduleOfSamples) {
  const ExactSurvival method(
      parse_covariance("diffusion:d=3"),
      {.times = {1, 4}, .points = 8, .samples = Schedule::parse("geometric(from=50, to=400)")});
  const auto whole = drive(method, Budget::steps(6), Seed{5});
  const test::TemporaryFolder folder;
  Observers observers;
  observers.checkpoints.path = folder / "run.safetensors";
  observers.list.push_back({.see = [](const Moment&, const Row&) { return Observer::stop_run; }, .end = {}});
  EXPECT_EQ(drive(method, Budget::steps(6), Seed{5}, observers).used.steps, 1);
  observers.list.clear();
  const auto resumed = drive(method, Budget::steps(6), Seed{5}, observers);
  EXPECT_EQ(resumed.state.fine, whole.state.fine);
  EXPECT_EQ(resumed.state.coarse, whole.state.coarse);
  EXPECT_EQ(resumed.state.samples, whole.state.samples);
  EXPECT_GT(whole.state.samples.back(), 5 * whole.state.samples.front());
}

TEST(ExactSurvival, RefusesInOneLine) {
  const Covariance covariance = parse_covariance("gaussian");
  EXPECT_THROW(ExactSurvival(covariance, {.times = {1}, .points = 7}), InvalidInput);
  EXPECT_THROW(ExactSurvival(covariance, {.times = {1}, .points = 62}), InvalidInput);
  EXPECT_THROW(ExactSurvival(covariance, {.times = {-1}}), InvalidInput);
  const ExactSurvival none(covariance, {.times = {1}, .points = 2, .samples = 0});
  EXPECT_THROW(drive(none, Budget::steps(1), Seed{}), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
