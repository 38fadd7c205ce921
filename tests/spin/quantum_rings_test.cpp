#include "lehr/spin/quantum_rings.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "tests/spin/instances.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

std::shared_ptr<const ReadModel> in_lanes(const IsingModel& model) {
  return std::make_shared<const ReadModel>(ReadModel::in_64_lanes(model));
}

// A model of a few spins, its slices, and as many reads as make the layout that a test is about.
struct Layout {
  const char* name;
  IsingModel model;
  std::int64_t slices, reads;
  double beta, coupling;
};
void PrintTo(const Layout& layout, std::ostream* out) { *out << layout.name; }

// P(states of all slices) from the action, beta H of each slice less the coupling of neighbours.
std::vector<double> probabilities(const Layout& layout) {
  const Index n = layout.model.size();
  std::vector<double> energies = test::brute_force(layout.model);
  const std::size_t ones = (std::size_t{1} << n) - 1;
  std::vector<double> weights(std::size_t{1} << (n * layout.slices));
  double total = 0;
  for (std::size_t state = 0; state < weights.size(); ++state) {
    double action = 0;
    for (std::int64_t k = 0; k < layout.slices; ++k) {
      const std::size_t here = state >> (n * k) & ones,
                        next = state >> (n * ((k + 1) % layout.slices)) & ones;
      const int apart = std::popcount(here ^ next);
      action += layout.beta * energies[here] - layout.coupling * (n - 2 * apart);
    }
    total += weights[state] = std::exp(-action);
  }
  for (double& weight : weights) weight /= total;
  return weights;
}

std::size_t state_of(const QuantumRings& rings, std::int64_t read, Index n) {
  std::size_t state = 0;
  for (std::int64_t k = 0; k < rings.slices(); ++k) {
    const Spins spins = rings.spins(read, k);
    for (std::size_t i = 0; i < spins.size(); ++i)
      state |= static_cast<std::size_t>(spins[i] > 0) << (static_cast<std::size_t>(n * k) + i);
  }
  return state;
}

enum class Moves { flips, clusters, both };

double p_value(const Layout& layout, Moves moves, int samples) {
  QuantumRings rings(in_lanes(layout.model), layout.reads, layout.slices, Seed{5});
  const std::vector<double> wanted = probabilities(layout);
  std::vector<double> counts(wanted.size());
  std::int64_t sweep = 0;
  const auto advance = [&](int sweeps) {
    for (int k = 0; k < sweeps; ++k, ++sweep) {
      if (moves != Moves::clusters) rings.sweep_flips(layout.beta, layout.coupling, Seed{5}, sweep);
      if (moves != Moves::flips) rings.sweep_clusters(layout.beta, layout.coupling, Seed{5}, sweep);
    }
  };
  advance(100);
  for (double taken = 0; taken < samples; taken += static_cast<double>(layout.reads)) {
    advance(15);
    for (std::int64_t read = 0; read < layout.reads; ++read)
      ++counts[state_of(rings, read, layout.model.size())];
  }
  double all = 0;
  for (const double count : counts) all += count;
  std::vector<double> observed{0}, expected{0};  // the first: states of less than 8 expected visits
  for (std::size_t s = 0; s < counts.size(); ++s) {
    if (all * wanted[s] < 8) {
      observed[0] += counts[s], expected[0] += all * wanted[s];
    } else {
      observed.push_back(counts[s]), expected.push_back(all * wanted[s]);
    }
  }
  if (expected[0] == 0) observed.erase(observed.begin()), expected.erase(expected.begin());
  return stats::chi_square_test(observed, expected).p;
}

class QuantumRingsOf : public testing::TestWithParam<Layout> {};

// One test in a hundred of correct kernels would fall below; the seeds are fixed.
TEST_P(QuantumRingsOf, SampleTheirAction) {
  EXPECT_GT(p_value(GetParam(), Moves::flips, 40'000), 0.01);
  if (GetParam().slices > 1) {
    EXPECT_GT(p_value(GetParam(), Moves::clusters, 40'000), 0.01);
  }
  EXPECT_GT(p_value(GetParam(), Moves::both, 40'000), 0.01);
}

IsingModel model_of(std::vector<double> fields, const std::vector<Coupling>& couplings) {
  return {std::move(fields), couplings};
}
const IsingModel pair = model_of({1, -2}, {{0, 1, -1}});
const IsingModel triple = model_of({1, 0, -1}, {{0, 1, 1}, {1, 2, -2}, {0, 2, 1}});
const IsingModel large = model_of({9, -5}, {{0, 1, 4}}), real = model_of({0.3, -0.7}, {{0, 1, 0.6}});
const IsingModel one = model_of({0.5}, {});

INSTANTIATE_TEST_SUITE_P(Layouts, QuantumRingsOf,
                         testing::Values(Layout{"bytes, a lane a read", triple, 3, 64, 0.2, 0.4},
                                         Layout{"bytes, two slices", triple, 2, 64, 0.2, 0.4},
                                         Layout{"bytes, two lanes a read", triple, 4, 64, 0.2, 0.4},
                                         Layout{"bytes, four lanes a read", one, 8, 16, 0.4, 0.5},
                                         Layout{"bytes, two pages", large, 4, 64, 0.06, 0.3},
                                         Layout{"single precision, a lane a read", real, 5, 64, 0.5, 0.3},
                                         Layout{"single precision, two lanes a read", real, 4, 64, 0.5, 0.3},
                                         Layout{"strongly coupled", pair, 4, 64, 0.15, 1.2},
                                         Layout{"one slice", triple, 1, 64, 0.4, 0.7}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::erase_if(name, [](char c) { return c == ' ' || c == ','; });
                           return name;
                         });

TEST(QuantumRings, EnergiesAreThoseOfTheModel) {
  for (const bool integers : {true, false}) {
    const IsingModel model = test::random_model({.size = 40, .density = 0.2, .integers = integers}, 3);
    QuantumRings rings(in_lanes(model), 5, 12, Seed{2});
    for (std::int64_t sweep = 0; sweep < 20; ++sweep) {
      rings.sweep_flips(0.1, 0.3, Seed{2}, sweep);
      rings.sweep_clusters(0.1, 0.3, Seed{2}, sweep);
    }
    const std::vector<double> energies = rings.energies();
    std::int64_t equal = 0;
    for (std::int64_t read = 0; read < 5; ++read)
      for (std::int64_t k = 0; k < 12; ++k) {
        const Spins here = rings.spins(read, k), next = rings.spins(read, (k + 1) % 12);
        EXPECT_NEAR(energies[static_cast<std::size_t>(read * 12 + k)], model.energy(here),
                    integers ? 0 : 1e-5);
        for (std::size_t i = 0; i < here.size(); ++i) equal += here[i] == next[i];
      }
    EXPECT_EQ(rings.equal_neighbours(), equal);
  }
}

// The state after some sweeps, all slices of all reads.
std::vector<std::int8_t> swept(std::shared_ptr<const ReadModel> model, std::int64_t from = 0,
                               std::span<const std::int8_t> start = {}, std::int64_t to = 30) {
  QuantumRings rings(std::move(model), 21, 24, Seed{from == 0 ? 4U : 99U});
  if (!start.empty()) rings.unpack(start);
  for (std::int64_t sweep = from; sweep < to; ++sweep) {
    const double coupling = 0.05 * static_cast<double>(sweep);
    rings.sweep_flips(0.1, coupling, Seed{4}, sweep);
    rings.sweep_clusters(0.1, coupling, Seed{4}, sweep);
  }
  return rings.pack();
}

TEST(QuantumRings, EqualAtAnyNumberOfThreadsAndAfterResume) {
  for (const bool integers : {true, false}) {
    const IsingModel model =
        test::random_model({.size = 60, .density = 0.1, .integers = integers, .largest = 1}, 7);
    const auto lanes = in_lanes(model);
    EXPECT_EQ(lanes->kernel(), integers ? Kernel::byte_lanes : Kernel::float_lanes);
    set_threads(1);
    const auto one = swept(lanes);
    set_threads(8);
    EXPECT_EQ(swept(lanes), one);
    set_threads(0);
    EXPECT_EQ(swept(lanes, 13, swept(lanes, 0, {}, 13)), one);
    EXPECT_THROW(swept(lanes, 0, std::vector<std::int8_t>(60)), InvalidInput);
  }
}

TEST(QuantumRings, EqualOnEveryInstructionSet) {
  for (const bool integers : {true, false}) {
    const IsingModel model = test::random_model({.size = 60, .density = 0.1, .integers = integers}, 8);
    const auto lanes = in_lanes(model);
    const auto best = swept(lanes);
    for (const std::int64_t target : {HWY_AVX2, HWY_SSSE3}) {
      if ((hwy::SupportedTargets() & target) == 0) continue;
      hwy::SetSupportedTargetsForTest(target);
      hwy::GetChosenTarget().Update(hwy::SupportedTargets());
      const auto other = swept(lanes);
      hwy::SetSupportedTargetsForTest(0);
      hwy::GetChosenTarget().Update(hwy::SupportedTargets());
      EXPECT_EQ(other, best) << hwy::TargetName(target);
    }
  }
}

// Where thresholds do not reach, spins in bytes take the path of spins in single precision: a hub whose field does not
// fit a byte, and fields above 15.
TEST(QuantumRings, BytesAgreeWithSinglePrecision) {
  std::vector<Coupling> hub;
  for (Index i = 1; i < 32; ++i) hub.push_back({0, i, i % 2 == 0 ? 5.0 : -5.0});
  for (Index i = 1; i < 31; ++i) hub.push_back({i, i + 1, 1.0});
  for (const IsingModel& model :
       {IsingModel(std::vector<double>(32, 1.0), hub),
        test::random_model({.size = 30, .density = 0.4, .integers = true, .largest = 4}, 9)}) {
    EXPECT_GT(model.largest_reach(), RingThresholds::max_reach);
    EXPECT_EQ(swept(std::make_shared<const ReadModel>(model, 64, Kernel::byte_lanes)),
              swept(std::make_shared<const ReadModel>(model, 64, Kernel::float_lanes)));
  }
}

// A ferromagnetic chain of 40,000 spins, swept colour by colour, with slices that are not coupled: -tanh(beta) a bond.
TEST(QuantumRings, LargeModelsAreSweptInParts) {
  constexpr Index n = 40'000;
  std::vector<Coupling> chain;
  for (Index i = 0; i + 1 < n; ++i) chain.push_back({i, i + 1, -1.0});
  const IsingModel model(std::vector<double>(n, 0.0), chain);
  QuantumRings rings(in_lanes(model), 16, 4, Seed{6});
  for (std::int64_t sweep = 0; sweep < 60; ++sweep) {
    rings.sweep_flips(0.4, 0, Seed{6}, sweep);
    rings.sweep_clusters(0.4, 0, Seed{6}, sweep);
  }
  double sum = 0;
  for (const double energy : rings.energies()) sum += energy / (64.0 * (n - 1));
  EXPECT_NEAR(sum, -std::tanh(0.4),
              4 * 6e-4);  // standard error as in Reads.ColouredSweepsSampleTheSameEnergies
}

TEST(RingThresholds, AgreeWithTheExponential) {
  for (const double problem : {0.0, 0.3, 2.0})
    for (const double bond : {0.0, 0.7, 6.0})
      for (const int reach : {1, 7, 15}) {
        RingThresholds table;
        table.set(problem, bond, reach);
        for (int b = -1; b <= 1; ++b)
          for (int d = -reach; d <= reach; ++d) {
            const auto entry = static_cast<std::size_t>(d + reach), state = static_cast<std::size_t>(b + 1);
            const double change = problem * d + bond * b;
            EXPECT_EQ(static_cast<int>(entry) < table.always[state], change <= 0) << change;
            std::uint32_t whole = 0;
            for (const auto& digit : table.digits)
              whole = whole << 8 | static_cast<std::uint32_t>(digit[state][entry] + 128);
            EXPECT_NEAR(std::ldexp(whole, -32), std::exp(-std::max(change, 0.0)), 0x1p-32) << change;
          }
      }
}

}  // namespace
}  // namespace lehr::spin
