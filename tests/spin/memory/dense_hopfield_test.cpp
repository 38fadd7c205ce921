#include "lehr/spin/memory/dense_hopfield.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/memory/krawtchouk.hpp"
#include "lehr/spin/memory/recall.hpp"
#include "lehr/spin/memory/replica_symmetric.hpp"

namespace lehr::spin {
namespace {

// e_P of signs of which the low `d` are -1, by all subsets.
double brute_force(int order, int d, int size) {
  double sum = 0;
  for (unsigned subset = 0; subset < (1U << size); ++subset)
    if (std::popcount(subset) == order) sum += std::popcount(subset & ((1U << d) - 1)) % 2 == 0 ? 1 : -1;
  return sum;
}

TEST(Krawtchouk, IsTheSumOverAllSubsets) {
  for (const int order : {1, 2, 3, 4, 9}) {
    const std::vector<double> table = krawtchouk_table(order, 9);
    for (int d = 0; d <= 9; ++d) EXPECT_EQ(table[static_cast<std::size_t>(d)], brute_force(order, d, 9));
  }
  const std::vector<double> four = krawtchouk_table(4, 100);
  for (int d = 0; d <= 100; ++d) {
    const double m = 100 - 2.0 * d;
    EXPECT_EQ(four[static_cast<std::size_t>(d)], (m * m * m * m - 592 * m * m + 3 * 10000 - 600) / 24);
  }
  EXPECT_THROW(krawtchouk_table(10, 9), InvalidInput);
}

Spins random_spins(Index size, Stream stream) {
  Spins spins;
  for (Index i = 0; i < size; ++i) spins.push_back((stream() & 1U) != 0 ? 1 : -1);
  return spins;
}

// 200 patterns: three full words and a rest. Order 4 runs in integers, order 12 of 60 spins in doubles.
TEST(DenseHopfield, FlipCostIsTheChangeOfTheEnergy) {
  for (const auto& [size, order] : {std::pair{30, 2}, {30, 3}, {30, 4}, {60, 12}}) {
    const DenseHopfield network(SignPatterns::random(size, 200, Stream({3}, 1)), order);
    auto c = network.configuration(random_spins(size, Stream({4}, 2)));
    for (Index i = 0; i < size; i += 3) {
      const double before = network.energy(c), cost = network.flip_cost(c, i);
      network.flip(c, i);
      const double scale = std::abs(before) + std::abs(cost);
      EXPECT_NEAR(network.energy(c) - before, cost, 1e-12 * scale);
      const auto fresh = network.configuration(c.spins);
      EXPECT_EQ(fresh.disagreements, c.disagreements);
      EXPECT_EQ(network.flip_cost(fresh, 1), network.flip_cost(c, 1));
    }
  }
}

TEST(DenseHopfield, PairsAreTheClassicHopfieldModel) {
  const SignPatterns patterns = SignPatterns::random(20, 3, Stream({1}, 1));
  const DenseHopfield network(patterns, 2);
  const Spins spins = random_spins(20, Stream({2}, 1));
  double energy = 0;
  for (std::int64_t mu = 0; mu < 3; ++mu)
    for (std::size_t i = 0; i < 20; ++i)
      for (std::size_t j = 0; j < i; ++j)
        energy -= patterns.pattern(mu)[i] * patterns.pattern(mu)[j] * spins[i] * spins[j] / 20.0;
  EXPECT_NEAR(network.energy(network.configuration(spins)), energy, 1e-13);
}

Recall<DenseHopfield> recall_of(const DenseHopfield& network, int reads, RecallOptions options) {
  std::vector<Spins> cues;
  std::vector<std::int64_t> targets;
  for (int r = 0; r < reads; ++r) cues.push_back(network.patterns().pattern(r)), targets.push_back(r);
  return {network, std::move(options), cues, targets};
}

TEST(DenseHopfield, AgreesWithTheReplicaTheory) {
  const DenseHopfield network(SignPatterns::random(100, 10000, Stream({11}, 1)), 4);  // load 0.01
  RecallOptions options;
  options.temperature = 0.05;
  const auto method = recall_of(network, 8, options);
  // The mean over the sweeps after the first ten and over reads; reads start from different patterns.
  double sum = 0;
  Observers observers;
  observers.list.push_back(trace([&](const Moment& now, const Row& row) {
    if (now.step >= 10) sum += *row.find("m") / 30;
  }));
  const auto run = drive(method, Budget::steps(40), Seed{5}, observers);
  const double theory =
      replica_symmetric(ReplicaModel::dense(4, network.load()), 0.05, Branch::retrieval).order.m;
  EXPECT_NEAR(theory, 0.98957, 1e-5);
  EXPECT_NEAR(sum, theory, 0.006);
  EXPECT_LT(*run.last.find("m_error"), 0.015);  // of one sweep
  EXPECT_LT(*run.last.find("others"), 0.6);
}

TEST(DenseHopfield, MeltsAboveTheRetrievalTemperature) {
  const DenseHopfield network(SignPatterns::random(100, 5000, Stream({12}, 1)), 4);
  RecallOptions options;
  options.temperature = 0.08;
  const Row row = drive(recall_of(network, 8, options), Budget::steps(40), Seed{6}).last;
  EXPECT_LT(std::abs(*row.find("m")), 0.05 + 2 * *row.find("m_error"));
}

TEST(DenseHopfield, PairwiseNetworkCannotHoldAsManyPatterns) {
  const DenseHopfield network(SignPatterns::random(100, 10000, Stream({13}, 1)), 2);
  RecallOptions options;
  options.temperature = 0.05;
  EXPECT_LT(*drive(recall_of(network, 8, options), Budget::steps(40), Seed{7}).last.find("m"), 0.3);
}

TEST(DenseHopfield, DescentEndsAtAFixedPoint) {
  const DenseHopfield network(SignPatterns::random(64, 300, Stream({14}, 1)), 4);
  RecallOptions options;
  options.dynamics = "descent";
  options.flips = 0.1;
  const auto method = recall_of(network, 3, options);
  const auto run = drive(method, Budget::steps(200), Seed{8});
  EXPECT_EQ(run.why, Stop::finished);
  EXPECT_EQ(*run.last.find("m"), 1);
  EXPECT_NEAR(run.state.reads[0].energy, network.energy(run.state.reads[0].configuration), 1e-9);
}

// A system small enough to enumerate: the mean energy at T against the Boltzmann sum over all states.
TEST(DenseHopfield, SamplesTheBoltzmannDistribution) {
  const DenseHopfield network(SignPatterns::random(10, 4, Stream({15}, 1)), 4);
  const double temperature = 0.05;
  double partition = 0, energy_sum = 0;
  for (unsigned state = 0; state < 1024; ++state) {
    Spins spins;
    for (unsigned i = 0; i < 10; ++i) spins.push_back((state >> i) & 1U ? 1 : -1);
    const double energy = network.energy(network.configuration(spins)),
                 weight = std::exp(-energy / temperature);
    partition += weight;
    energy_sum += weight * energy;
  }
  RecallOptions options;
  options.temperature = temperature;
  options.dynamics = "heat-bath";
  const auto method = recall_of(network, 4, options);
  std::vector<double> means;
  Observers observers;
  observers.list.push_back(trace([&](const Moment& now, const Row& row) {
    if (now.step >= 200) means.push_back(*row.find("energy") * 10);
  }));
  drive(method, Budget::steps(4200), Seed{9}, observers);
  // Batches of 200 sweeps are independent.
  std::vector<double> batches;
  for (std::size_t b = 0; b + 200 <= means.size(); b += 200) {
    double sum = 0;
    for (std::size_t k = b; k < b + 200; ++k) sum += means[k];
    batches.push_back(sum / 200);
  }
  double mean = 0, square = 0;
  for (const double x : batches) mean += x / static_cast<double>(batches.size());
  for (const double x : batches) square += (x - mean) * (x - mean);
  const double error = std::sqrt(square / static_cast<double>(batches.size() * (batches.size() - 1)));
  EXPECT_NEAR(mean, energy_sum / partition, 4 * error);
  EXPECT_LT(error, 0.03 * std::abs(mean));
}

TEST(DenseHopfield, ResumesBitForBitAndIgnoresThreads) {
  const DenseHopfield network(SignPatterns::random(40, 100, Stream({16}, 1)), 4);
  RecallOptions options;
  options.temperature = Schedule::parse("linear(from=0.2, to=0.02)");
  const auto method = recall_of(network, 5, options);
  const auto spins = [](const auto& run) {
    std::vector<Spins> all;
    for (const auto& read : run.state.reads) all.push_back(read.configuration.spins);
    return all;
  };
  const auto whole = drive(method, Budget::steps(20), Seed{10});
  for (const int count : {1, 2, 8}) {
    set_threads(count);
    EXPECT_EQ(spins(drive(method, Budget::steps(20), Seed{10})), spins(whole));
  }
  set_threads(0);
  Observers observers;
  observers.checkpoints.path = std::filesystem::path(testing::TempDir()) / "recall.safetensors";
  std::filesystem::remove(observers.checkpoints.path);
  const auto half = Budget::steps(20) | Budget::evaluations(9 * 5 * 40);
  EXPECT_EQ(drive(method, half, Seed{10}, observers).used.steps, 9);
  const auto resumed = drive(method, Budget::steps(20), Seed{10}, observers);
  EXPECT_EQ(spins(resumed), spins(whole));
  EXPECT_EQ(resumed.state.reads[0].energy, whole.state.reads[0].energy);
  std::filesystem::remove(observers.checkpoints.path);
}

TEST(SignPatterns, ReadsRowsAndNamesTheBadOne) {
  const std::vector<double> good = {1, -1, 1, 1, 1, -1}, bad = {1, -1, 1, 1, 0.5, -1};
  const SignPatterns patterns = SignPatterns::from_rows(tensor_view<double>(good, {2, 3}), "p.npy");
  EXPECT_EQ(patterns.pattern(0), (Spins{1, -1, 1}));
  EXPECT_EQ(patterns.pattern(1), (Spins{1, 1, -1}));
  try {
    SignPatterns::from_rows(tensor_view<double>(bad, {2, 3}), "p.npy");
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_EQ(std::string(error.what()), "p.npy: row 2, column 2: expected +1 or -1, found 0.5");
  }
  EXPECT_THROW(SignPatterns(1000, 1'000'000'000'000), InvalidInput);
  EXPECT_THROW(DenseHopfield(SignPatterns::random(5, 2, Stream({1}, 1)), 6), InvalidInput);
  EXPECT_THROW(DenseHopfield(SignPatterns::random(5, 2, Stream({1}, 1)), 1), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
