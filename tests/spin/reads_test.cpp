#include "lehr/spin/reads.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <map>

#include "lehr/core/parallel.hpp"
#include "lehr/core/state_io.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

std::shared_ptr<const ReadModel> read_model(const IsingModel& model, Kernel kernel) {
  return std::make_shared<ReadModel>(model, 64, kernel);
}

std::size_t code(const Spins& spins) {
  std::size_t bits = 0;
  for (std::size_t i = 0; i < spins.size(); ++i) bits |= static_cast<std::size_t>(spins[i] > 0) << i;
  return bits;
}

// Chi-square test of counts by state against Boltzmann's law; states of less than 8 expected visits are one.
double p_value_of(const IsingModel& model, double beta, const std::vector<double>& counts) {
  std::vector<double> probabilities(counts.size());
  double total = 0, all = 0;
  for (std::size_t s = 0; s < counts.size(); ++s) {
    Spins spins(static_cast<std::size_t>(model.size()));
    for (std::size_t i = 0; i < spins.size(); ++i) spins[i] = (s >> i & 1) != 0 ? 1 : -1;
    total += probabilities[s] = std::exp(-beta * model.energy(spins));
    all += counts[s];
  }
  std::vector<double> observed(1, 0), expected(1, 0);
  for (std::size_t s = 0; s < counts.size(); ++s) {
    const double mean = all * probabilities[s] / total;
    if (mean < 8) {
      observed[0] += counts[s], expected[0] += mean;
    } else {
      observed.push_back(counts[s]), expected.push_back(mean);
    }
  }
  if (expected[0] == 0) observed.erase(observed.begin()), expected.erase(expected.begin());
  return stats::chi_square_test(observed, expected).p;
}

// Samples of all states at constant temperature against exact enumeration.
double boltzmann_p_value(const IsingModel& model, Kernel kernel, Rule rule, double beta, int samples) {
  constexpr std::int64_t reads = 64, thinning = 12;
  Reads copies(read_model(model, kernel), reads, Seed{11});
  std::vector<double> counts(std::size_t{1} << model.size());
  std::int64_t step = 0;
  for (; step < 200; ++step) copies.sweep(beta, rule, Seed{11}, step);
  for (int taken = 0; taken < samples; taken += reads) {
    for (int k = 0; k < thinning; ++k) copies.sweep(beta, rule, Seed{11}, step++);
    for (std::int64_t read = 0; read < reads; ++read) counts[code(copies.spins(read))] += 1;
  }
  return p_value_of(model, beta, counts);
}

class EveryKernel : public testing::TestWithParam<Kernel> {
 protected:
  // Small integers where bytes are wanted, real weights elsewhere.
  IsingModel model(Index n, std::uint64_t seed) const {
    return in_bytes() ? test::random_model({.size = n, .density = 0.5, .integers = true, .largest = 2}, seed)
                      : test::random_model({.size = n, .density = 0.5}, seed);
  }
  // Local fields that take few values where bytes are wanted.
  IsingModel sparse_model(Index n, std::uint64_t seed) const {
    const double density = 4.0 / static_cast<double>(n);
    return test::random_model({.size = n, .density = density, .integers = in_bytes(), .largest = 1}, seed);
  }
  static bool in_bytes() { return GetParam() == Kernel::byte_lanes || GetParam() == Kernel::byte_read; }
};

INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernel,
                         testing::Values(Kernel::byte_lanes, Kernel::float_lanes, Kernel::byte_read,
                                         Kernel::float_read, Kernel::dense_read),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_P(EveryKernel, SamplesBoltzmann) {
  // One test in a hundred of a correct kernel would fall below; the seeds are fixed.
  EXPECT_GT(boltzmann_p_value(model(8, 3), GetParam(), Rule::metropolis, 0.4, 100000), 0.01);
  EXPECT_GT(boltzmann_p_value(model(8, 4), GetParam(), Rule::heat_bath, 0.4, 100000), 0.01);
}

TEST_P(EveryKernel, EnergiesAreThoseOfTheModel) {
  const IsingModel problem = model(70, 5);
  Reads copies(read_model(problem, GetParam()), 70, Seed{2});
  for (std::int64_t step = 0; step < 50; ++step) copies.sweep(0.3, Rule::metropolis, Seed{2}, step);
  const std::vector<double> energies = copies.energies();
  ASSERT_EQ(energies.size(), 70u);
  // Single precision rounds each term by up to 6e-8 of its size, and cached sums once more at each flip.
  double scale = 0;
  for (Index i = 0; i < problem.size(); ++i) scale += problem.reach(i);
  for (std::int64_t read = 0; read < copies.count(); ++read)
    EXPECT_NEAR(energies[static_cast<std::size_t>(read)], problem.energy(copies.spins(read)), 6e-8 * scale)
        << read;
}

TEST_P(EveryKernel, GroundStatesAtZeroTemperatureDoNotMove) {
  const IsingModel problem = model(40, 6);
  Reads copies(read_model(problem, GetParam()), 10, Seed{3});
  std::vector<double> before = copies.energies();
  for (std::int64_t step = 0; step < 20; ++step) {
    copies.sweep(std::numeric_limits<double>::infinity(), Rule::metropolis, Seed{3}, step);
    const std::vector<double> after = copies.energies();
    for (std::size_t k = 0; k < after.size(); ++k) EXPECT_LE(after[k], before[k] + 1e-5);
    before = after;
  }
}

TEST_P(EveryKernel, EqualAtAnyNumberOfThreadsAndAfterResume) {
  const IsingModel problem = model(100, 7);
  const auto run = [&](int threads) {
    set_threads(threads);
    Reads copies(read_model(problem, GetParam()), 200, Seed{4});
    for (std::int64_t step = 0; step < 130; ++step)
      copies.sweep(0.02 * static_cast<double>(step), Rule::metropolis, Seed{4}, step);
    return copies;
  };
  const Reads one = run(1), two = run(2), eight = run(8);
  set_threads(0);
  Reads first(read_model(problem, GetParam()), 200, Seed{4});
  std::int64_t step = 0;
  for (; step < 55; ++step) first.sweep(0.02 * static_cast<double>(step), Rule::metropolis, Seed{4}, step);
  StateWriter saved;
  first.fields(saved);
  Reads resumed(read_model(problem, GetParam()), 200, Seed{99});
  StateReader reader(saved.tensors);
  resumed.fields(reader);
  for (; step < 130; ++step) resumed.sweep(0.02 * static_cast<double>(step), Rule::metropolis, Seed{4}, step);
  for (std::int64_t read = 0; read < 200; ++read) {
    EXPECT_EQ(one.spins(read), two.spins(read));
    EXPECT_EQ(one.spins(read), eight.spins(read));
    EXPECT_EQ(one.spins(read), resumed.spins(read));
  }
  EXPECT_EQ(one.energies(), two.energies());
  EXPECT_EQ(one.energies(), resumed.energies());
}

TEST_P(EveryKernel, EqualOnEveryInstructionSet) {
  const IsingModel problem = model(150, 8);
  const auto run = [&] {
    Reads copies(read_model(problem, GetParam()), 64, Seed{5});
    for (std::int64_t step = 0; step < 60; ++step)
      copies.sweep(0.03 * static_cast<double>(step), Rule::metropolis, Seed{5}, step);
    return copies;
  };
  const Reads best = run();
  for (const std::int64_t target : {HWY_AVX2, HWY_SSSE3}) {
    if ((hwy::SupportedTargets() & target) == 0) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    EXPECT_STREQ(kernels::instruction_set(), hwy::TargetName(target));
    const Reads other = run();
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    for (std::int64_t read = 0; read < 64; ++read)
      ASSERT_EQ(best.spins(read), other.spins(read)) << hwy::TargetName(target);
  }
}

TEST_P(EveryKernel, TemperaturesOfTheirOwnAreEqualOnEveryInstructionSet) {
  const IsingModel problem = sparse_model(150, 8);
  std::vector<double> betas;
  for (int read = 0; read < 100; ++read) betas.push_back(0.02 * read);
  const auto run = [&] {
    Reads copies(read_model(problem, GetParam()), 100, Seed{5});
    std::vector<std::int64_t> accepted(100);
    for (std::int64_t step = 0; step < 60; ++step)
      copies.sweep(betas, step % 2 == 0 ? Rule::metropolis : Rule::heat_bath, Seed{5}, step, accepted);
    return copies;
  };
  const Reads best = run();
  for (const std::int64_t target : {HWY_AVX2, HWY_SSSE3}) {
    if ((hwy::SupportedTargets() & target) == 0) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    const Reads other = run();
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    for (std::int64_t read = 0; read < 100; ++read)
      ASSERT_EQ(best.spins(read), other.spins(read)) << hwy::TargetName(target);
  }
}

TEST_P(EveryKernel, ReplacedReadsAreTheirAncestors) {
  const IsingModel problem = model(50, 9);
  Reads copies(read_model(problem, GetParam()), 130, Seed{5});
  for (std::int64_t step = 0; step < 20; ++step) copies.sweep(0.3, Rule::metropolis, Seed{5}, step);
  const Reads before = copies;
  std::vector<std::int64_t> ancestors(130);
  for (std::int64_t read = 0; read < 130; ++read)
    ancestors[static_cast<std::size_t>(read)] = read % 3 == 1 ? (read * 6 + 66) % 129 / 3 * 3 : read;
  copies.replace(ancestors);
  for (std::int64_t read = 0; read < 130; ++read)
    ASSERT_EQ(copies.spins(read), before.spins(ancestors[static_cast<std::size_t>(read)])) << read;
  Reads again = copies;
  for (std::int64_t read = 0; read < 130; ++read) again.set(read, copies.spins(read));
  copies.sweep(0.3, Rule::metropolis, Seed{5}, 21), again.sweep(0.3, Rule::metropolis, Seed{5}, 21);
  for (std::int64_t read = 0; read < 130; ++read) ASSERT_EQ(copies.spins(read), again.spins(read)) << read;
}

// Reads of one run at three temperatures.
TEST_P(EveryKernel, ReadsAtTheirOwnTemperaturesSampleBoltzmann) {
  const IsingModel problem = model(7, 11);
  for (const Rule rule : {Rule::metropolis, Rule::heat_bath}) {
    Reads copies(read_model(problem, GetParam()), 96, Seed{12});
    const std::vector<double> betas = {0.1, 0.25, 0.4};
    std::vector<double> own;
    std::vector<std::int64_t> accepted(96), flips(3);
    for (std::size_t read = 0; read < 96; ++read) own.push_back(betas[read % 3]);
    std::vector<std::vector<double>> counts(3, std::vector<double>(128));
    // Sweeps in a fixed order turn spins over and over again where the temperature is high: an odd number apart, and many.
    for (std::int64_t step = 0; step < 61 * 1000; ++step) {
      copies.sweep(own, rule, Seed{12}, step, accepted);
      for (std::size_t read = 0; read < 96; ++read) flips[read % 3] += accepted[read];
      if (step < 100 || step % 61 != 0) continue;
      for (std::size_t read = 0; read < 96; ++read)
        ++counts[read % 3][code(copies.spins(static_cast<std::int64_t>(read)))];
    }
    for (std::size_t t = 0; t < 3; ++t) {
      SCOPED_TRACE(betas[t]);
      EXPECT_GT(p_value_of(problem, betas[t], counts[t]), 0.01);
      if (t > 0) {
        EXPECT_LT(flips[t], flips[t - 1]);
      }
    }
  }
}

TEST_P(EveryKernel, OneTemperatureForAllReadsIsTheSameAsOneForEach) {
  const IsingModel problem = sparse_model(60, 12);
  Reads together(read_model(problem, GetParam()), 128, Seed{13}), each = together;
  const std::vector<double> betas(128, 0.3);
  std::vector<std::int64_t> accepted(128);
  for (std::int64_t step = 0; step < 20; ++step) {
    const double share = together.sweep(0.3, Rule::heat_bath, Seed{13}, step);
    each.sweep(betas, Rule::heat_bath, Seed{13}, step, accepted);
    EXPECT_GT(share, 0);
    for (std::int64_t read = 0; read < 128; ++read)
      ASSERT_EQ(together.spins(read), each.spins(read)) << step << " " << read;
  }
}

// The dependence of the sweep on large local fields: pages of thresholds beyond the first.
TEST(Reads, LargeIntegerFieldsSampleBoltzmann) {
  const IsingModel problem =
      test::random_model({.size = 7, .density = 1, .integers = true, .largest = 9}, 21);
  ASSERT_GT(problem.reach(0), 16);
  EXPECT_GT(boltzmann_p_value(problem, Kernel::byte_lanes, Rule::metropolis, 0.06, 100000), 0.01);
  EXPECT_GT(boltzmann_p_value(problem, Kernel::byte_lanes, Rule::heat_bath, 0.06, 100000), 0.01);
  EXPECT_GT(boltzmann_p_value(problem, Kernel::byte_read, Rule::metropolis, 0.06, 100000), 0.01);
}

// A hub whose local field does not fit a byte among spins whose fields do.
TEST(Reads, HubsSampleBoltzmann) {
  std::vector<double> fields(32, 0.0);
  std::vector<Coupling> couplings;
  for (Index i = 1; i < 8; ++i) couplings.push_back({0, i, i % 2 == 0 ? 25.0 : -20.0});
  for (Index i = 1; i < 7; ++i) couplings.push_back({i, i + 1, 7.0});
  fields[0] = 9;
  // The other 24 spins, which make the hub one in 32, are held by fields that never let them go.
  for (std::size_t i = 8; i < 32; ++i) fields[i] = -127;
  const IsingModel model(fields, couplings);
  ASSERT_GT(model.reach(0), 127);
  for (const Rule rule : {Rule::metropolis, Rule::heat_bath}) {
    Reads copies(std::make_shared<ReadModel>(model, 64, Kernel::byte_lanes), 64, Seed{9});
    std::vector<double> counts(256), expected(256);
    const double beta = 0.04;
    double total = 0;
    Spins spins(32, 1);
    for (std::size_t s = 0; s < 256; ++s) {
      for (std::size_t i = 0; i < 8; ++i) spins[i] = (s >> i & 1) != 0 ? 1 : -1;
      total += expected[s] = std::exp(-beta * model.energy(spins));
    }
    std::int64_t step = 0;
    for (; step < 200; ++step) copies.sweep(beta, rule, Seed{9}, step);
    constexpr int rounds = 3000;
    for (int taken = 0; taken < rounds; ++taken) {
      for (int k = 0; k < 60; ++k) copies.sweep(beta, rule, Seed{9}, step++);
      for (std::int64_t read = 0; read < 64; ++read) counts[code(copies.spins(read)) & 255] += 1;
    }
    for (double& mean : expected) mean *= rounds * 64 / total;
    std::vector<double> seen, wanted;
    double rare_seen = 0, rare_wanted = 0;
    for (std::size_t s = 0; s < 256; ++s) {
      if (expected[s] < 8)
        rare_seen += counts[s], rare_wanted += expected[s];
      else
        seen.push_back(counts[s]), wanted.push_back(expected[s]);
    }
    seen.push_back(rare_seen), wanted.push_back(rare_wanted);
    EXPECT_GT(stats::chi_square_test(seen, wanted).p, 0.01) << static_cast<int>(rule);
    const std::vector<double> energies = copies.energies();
    for (std::int64_t read = 0; read < 64; ++read)
      EXPECT_EQ(energies[static_cast<std::size_t>(read)], model.energy(copies.spins(read)));
  }
}

TEST(Reads, ColouredSweepsSampleTheSameEnergies) {
  // A chain of 40,000 spins: <E> / n = -tanh(beta), and the standard error over 64 reads is
  // sqrt((1 - tanh^2 beta) / (40000 * 64)) = 6e-4. Correlations die out in about 3 sweeps.
  constexpr Index n = 40000;
  std::vector<Coupling> chain;
  for (Index i = 0; i + 1 < n; ++i) chain.push_back({i, i + 1, i % 3 == 0 ? 1.0 : -1.0});
  const IsingModel model(std::vector<double>(n, 0.0), chain);
  Reads copies(std::make_shared<ReadModel>(model, 64), 64, Seed{6});
  for (std::int64_t step = 0; step < 60; ++step) copies.sweep(0.4, Rule::metropolis, Seed{6}, step);
  double sum = 0;
  for (const double energy : copies.energies()) sum += energy / (64.0 * (n - 1));
  EXPECT_NEAR(sum, -std::tanh(0.4), 4 * 6e-4);
}

TEST(Reads, WeightsInAnyUnitFitBytes) {
  const std::vector<Coupling> weights = {{0, 1, 0.75}, {1, 2, -0.25}, {2, 3, 1.5}};
  const IsingModel quarters({0.25, 0, 0, -0.5}, weights);
  EXPECT_EQ(ReadModel(quarters, 64).kernel(), Kernel::byte_lanes);
  const IsingModel thirds({1.0 / 3, 0, 0, 0}, weights);
  EXPECT_EQ(ReadModel(thirds, 64).kernel(), Kernel::float_lanes);
  EXPECT_THROW(ReadModel(thirds, 64, Kernel::byte_lanes), InvalidInput);
}

TEST(Thresholds, AgreeWithTheExponentialToTwoToTheMinus32) {
  for (const double beta : {0.0, 0.01, 0.3, 1.0, 3.0})
    for (const Rule rule : {Rule::metropolis, Rule::heat_bath}) {
      Thresholds table;
      table.set(beta, 127, rule);
      for (int d = rule == Rule::metropolis ? 1 : -127; d <= 127; ++d) {
        const auto entry = static_cast<std::size_t>(std::min(d + table.shift, table.pages * 16 - 1));
        std::uint32_t whole = 0;
        for (const auto& digit : table.digits)
          whole = whole << 8 | static_cast<std::uint32_t>(digit[entry] + 128);
        EXPECT_NEAR(std::ldexp(whole, -32), acceptance(rule, 2 * beta * d), 0x1p-32) << beta << " " << d;
      }
    }
}

TEST(Reads, OneSpinAndNoSpinsWork) {
  const IsingModel one({-1.0}, {});
  Reads copies(std::make_shared<ReadModel>(one, 64), 64, Seed{7});
  for (std::int64_t step = 0; step < 10; ++step) copies.sweep(1e9, Rule::metropolis, Seed{7}, step);
  for (const double energy : copies.energies()) EXPECT_EQ(energy, -1);
  const IsingModel none({}, {}, 2.5);
  Reads empty(std::make_shared<ReadModel>(none, 3), 3, Seed{7});
  empty.sweep(1, Rule::metropolis, Seed{7}, 0);
  EXPECT_EQ(empty.energies(), std::vector<double>(3, 2.5));
}

}  // namespace
}  // namespace lehr::spin
