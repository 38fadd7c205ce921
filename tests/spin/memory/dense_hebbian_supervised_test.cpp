#include "lehr/spin/memory/dense_hebbian_supervised.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/memory/dense_hopfield.hpp"
#include "lehr/spin/memory/elementary_symmetric.hpp"
#include "lehr/spin/memory/plefka.hpp"
#include "lehr/spin/memory/recall.hpp"

namespace lehr::spin {
namespace {

TEST(ElementarySymmetric, AgreesWithNewtonAndTheDefinition) {
  const std::vector<double> y = {0.5, -2, 3, 1.5, -0.25};
  const std::vector<double> e = elementary_symmetric(y, 4);
  EXPECT_DOUBLE_EQ(e[1], 2.75);
  double pairs = 0;
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < i; ++j) pairs += y[i] * y[j];
  EXPECT_NEAR(e[2], pairs, 1e-14);
  std::vector<double> powers(4, 0.0);
  for (const double v : y)
    for (std::size_t k = 0; k < 4; ++k) powers[k] += std::pow(v, static_cast<double>(k + 1));
  const std::vector<double> newton = elementary_from_power_sums(powers);
  for (std::size_t k = 0; k <= 4; ++k) EXPECT_NEAR(newton[k], e[k], 1e-13);
  const double p1 = powers[0], p2 = powers[1], p3 = powers[2], p4 = powers[3];
  EXPECT_NEAR(e[4], (std::pow(p1, 4) - 6 * p1 * p1 * p2 + 3 * p2 * p2 + 8 * p1 * p3 - 6 * p4) / 24, 1e-13);
}

Eigen::MatrixXd real_patterns(Eigen::Index sites, Eigen::Index count) {
  Eigen::MatrixXd x(sites, count);
  Stream random({3}, 1);
  for (double& value : x.reshaped()) value = normal(random);
  return x;
}

Spins spins_of(Index size) {
  Spins spins;
  for (Index i = 0; i < size; ++i) spins.push_back(i % 3 == 0 ? -1 : 1);
  return spins;
}

TEST(DenseHebbian, FlipCostIsTheChangeOfTheEnergy) {
  for (const auto& [order, self] :
       {std::pair{2, false}, {3, false}, {4, false}, {7, false}, {4, true}, {9, true}, {20, true}}) {
    const DenseHebbianSupervised network(real_patterns(12, 21), order, self);
    auto c = network.configuration(spins_of(12));
    for (Index i = 0; i < 12; ++i) {
      const double before = network.energy(c), cost = network.flip_cost(c, i);
      network.flip(c, i);
      EXPECT_NEAR(network.energy(c) - before, cost, 1e-9 * (1 + std::abs(before))) << order << self;
    }
    auto fresh = c;
    network.refresh(fresh);
    for (std::size_t k = 0; k < c.elementary.size(); ++k)
      EXPECT_NEAR(fresh.elementary[k], c.elementary[k], 1e-9 * (1 + std::abs(c.elementary[k])));
  }
}

TEST(DenseHebbian, PerfectExamplesMakeTheDenseHopfieldNetwork) {
  const SignPatterns archetypes = SignPatterns::random(24, 50, Stream({5}, 1));
  const DenseHebbianSupervised network(supervised_patterns(generated_means(archetypes, 1, 1, Stream({6}, 1))),
                                       4);
  const DenseHopfield hopfield(archetypes, 4);
  const Spins spins = spins_of(24);
  const auto a = network.configuration(spins);
  const auto b = hopfield.configuration(spins);
  EXPECT_NEAR(network.energy(a), hopfield.energy(b), 1e-12);
  for (Index i = 0; i < 24; ++i) EXPECT_NEAR(network.flip_cost(a, i), hopfield.flip_cost(b, i), 1e-12);
  EXPECT_NEAR(network.load(), hopfield.load(), 1e-12);
  EXPECT_NEAR(network.overlaps(a)[7], hopfield.overlaps(b)[7], 1e-12);
}

// The mean field at a corner of the cube is minus half the flip cost over the spin.
TEST(DenseHebbian, FieldsAreTheFlipCosts) {
  for (const bool self : {false, true}) {
    const DenseHebbianSupervised network(real_patterns(13, 9), 4, self);
    const Spins spins = spins_of(13);
    Eigen::VectorXd m(13);
    for (Index i = 0; i < 13; ++i) m(i) = spins[static_cast<std::size_t>(i)];
    const Eigen::VectorXd fields = network.fields(m);
    const auto c = network.configuration(spins);
    for (Index i = 0; i < 13; ++i)
      if (!self) {
        EXPECT_NEAR(2 * m(i) * fields(i), network.flip_cost(c, i), 1e-9);
      }
    // The field is the slope of the (multilinear or power) energy: checked by differences through one pattern.
    const Eigen::VectorXd without = network.fields(m, 2);
    const DenseHebbianSupervised alone(real_patterns(13, 9).col(2), 4, self);
    EXPECT_NEAR((fields - without - alone.fields(m)).norm(), 0, 1e-9);
  }
}

struct Trained {
  SignPatterns archetypes;
  DenseHebbianSupervised network;
};

Trained trained(int order, std::int64_t examples, std::uint64_t seed) {
  SignPatterns archetypes = SignPatterns::random(100, 5000, Stream({seed}, 1));
  const Eigen::MatrixXd means = generated_means(archetypes, 0.2, examples, Stream({seed}, 2));
  return {archetypes, DenseHebbianSupervised(supervised_patterns(means), order)};
}

double overlap_with(const Spins& archetype, const Spins& spins) {
  double sum = 0;
  for (std::size_t i = 0; i < archetype.size(); ++i) sum += archetype[i] * spins[i];
  return sum / static_cast<double>(archetype.size());
}

// Overlaps with the archetypes themselves, not with the learnt patterns: the mean over reads.
double archetype_overlap(const Trained& memory, const std::vector<Spins>& finals) {
  double sum = 0;
  for (std::size_t r = 0; r < finals.size(); ++r)
    sum += overlap_with(memory.archetypes.pattern(static_cast<std::int64_t>(r)), finals[r]);
  return sum / static_cast<double>(finals.size());
}

std::vector<Spins> monte_carlo(const Trained& memory, std::int64_t reads) {
  std::vector<Spins> cues;
  std::vector<std::int64_t> targets;
  for (std::int64_t r = 0; r < reads; ++r) cues.push_back(memory.archetypes.pattern(r)), targets.push_back(r);
  RecallOptions options;
  options.temperature = 0.03;
  const Recall<DenseHebbianSupervised> method(memory.network, options, cues, targets);
  std::vector<Spins> finals;
  for (const auto& read : drive(method, Budget::steps(30), Seed{4}).state.reads)
    finals.push_back(read.configuration.spins);
  return finals;
}

// Error bars: a read's overlap scatters by about 0.03, so the mean of eight by 0.01.
TEST(DenseHebbian, MonteCarloAgreesWithTheReplicaTheory) {
  const Trained memory = trained(4, 200, 22);
  EXPECT_NEAR(archetype_overlap(memory, monte_carlo(memory, 8)), 0.9706, 0.05);
}

// With 50 examples the state is barely metastable at N = 100: within 30 sweeps about a third of the reads leave it for
// overlaps of 0.3 and less. Those that stay (above 0.5) scatter by about 0.08 around the theory's overlap.
TEST(DenseHebbian, TheRetrievalStateOfFewExamplesIsWhereTheTheoryPutsIt) {
  double sum = 0;
  int stayed = 0;
  for (const std::uint64_t seed : {21, 22}) {
    const Trained memory = trained(4, 50, seed);
    const std::vector<Spins> finals = monte_carlo(memory, 8);
    for (std::size_t r = 0; r < finals.size(); ++r) {
      const double m = overlap_with(memory.archetypes.pattern(static_cast<std::int64_t>(r)), finals[r]);
      if (m > 0.5) sum += m, ++stayed;
    }
  }
  ASSERT_GE(stayed, 6);
  EXPECT_NEAR(sum / stayed, 0.7715, 0.05);
}

TEST(DenseHebbian, PairwiseNetworkFailsAtTheSameNumberOfPatterns) {
  const Trained memory = trained(2, 200, 23);
  EXPECT_LT(archetype_overlap(memory, monte_carlo(memory, 8)), 0.35);
}

TEST(DenseHebbian, UnsupervisedLearningStoresEachExample) {
  const SignPatterns archetypes = SignPatterns::random(60, 5, Stream({31}, 1));
  const LabelledExamples examples = generated_examples(archetypes, 0.7, 20, Stream({32}, 1));
  const DenseHebbianSupervised network(unsupervised_patterns(examples, 4), 4);
  EXPECT_EQ(network.patterns(), 100);
  // An archetype's energy: M examples of overlap r, (r / sqrt(R))^P / P! each way as supervised learning's.
  const DenseHebbianSupervised supervised(supervised_patterns(class_means(examples)), 4);
  const Spins archetype = archetypes.pattern(0);
  const double loose = network.energy(network.configuration(archetype));
  const double tight = supervised.energy(supervised.configuration(archetype));
  EXPECT_NEAR(loose / tight, 1, 0.25);
}

TEST(DenseHebbian, ResumesBitForBitAndIgnoresThreads) {
  const SignPatterns archetypes = SignPatterns::random(40, 60, Stream({41}, 1));
  const DenseHebbianSupervised network(
      supervised_patterns(generated_means(archetypes, 0.5, 10, Stream({42}, 1))), 4);
  RecallOptions options;
  options.temperature = 0.1;
  options.flips = 0.2;
  const Recall<DenseHebbianSupervised> method(
      network, options, {archetypes.pattern(0), archetypes.pattern(1), archetypes.pattern(2)}, {0, 1, 2});
  const auto elementary = [](const auto& run) { return run.state.reads[2].configuration.elementary; };
  const auto whole = drive(method, Budget::steps(12), Seed{1});
  set_threads(1);
  EXPECT_EQ(elementary(drive(method, Budget::steps(12), Seed{1})), elementary(whole));
  set_threads(0);
  Observers observers;
  observers.checkpoints.path = std::filesystem::path(testing::TempDir()) / "hebbian.safetensors";
  std::filesystem::remove(observers.checkpoints.path);
  drive(method, Budget::steps(12) | Budget::evaluations(5 * 3 * 40), Seed{1}, observers);
  EXPECT_EQ(elementary(drive(method, Budget::steps(12), Seed{1}, observers)), elementary(whole));
  std::filesystem::remove(observers.checkpoints.path);
}

TEST(Plefka, AgreesWithMonteCarloInFewSteps) {
  const Trained memory = trained(4, 200, 24);
  Eigen::MatrixXd cues(100, 8);
  for (Eigen::Index r = 0; r < 8; ++r) {
    const Spins spins = memory.archetypes.pattern(r);
    for (Eigen::Index i = 0; i < 100; ++i) cues(i, r) = spins[static_cast<std::size_t>(i)];
  }
  PlefkaOptions options;
  options.temperature = 0.03;
  const Plefka method(memory.network, options, cues);
  const auto run = drive(method, Budget::steps(500), Seed{1});
  EXPECT_EQ(run.why, Stop::finished);
  EXPECT_LE(*run.last.find("steps"), 50);
  const Eigen::MatrixXd signs = method.signs(run.state);
  std::vector<Spins> finals;
  for (Eigen::Index r = 0; r < 8; ++r) {
    Spins spins;
    for (Eigen::Index i = 0; i < 100; ++i) spins.push_back(signs(i, r) > 0 ? 1 : -1);
    finals.push_back(spins);
  }
  EXPECT_NEAR(archetype_overlap(memory, finals), archetype_overlap(memory, monte_carlo(memory, 8)), 0.03);
}

TEST(Plefka, PostSynapticNoiseIsNearlyGaussianAtHighLoad) {
  const Trained memory = trained(4, 50, 25);
  const PostSynapticTest many = post_synaptic_test(memory.network, memory.archetypes, 10);
  EXPECT_LT(std::abs(many.excess_kurtosis), 0.6);
  EXPECT_LT(many.distance, 0.06);
  // Two patterns only: the field of the other one has two values, whose excess kurtosis is -2.
  const SignPatterns few = SignPatterns::random(100, 2, Stream({26}, 1));
  const DenseHebbianSupervised network(supervised_patterns(generated_means(few, 1, 1, Stream({27}, 1))), 4);
  const PostSynapticTest two = post_synaptic_test(network, few, 1);
  EXPECT_LT(two.excess_kurtosis, -1.7);
  EXPECT_GT(two.distance, 0.3);
}

TEST(LabelledExamples, MeansBinarizersAndErrors) {
  Eigen::MatrixXd points(2, 4);
  points << 0, 4, 8, 8, 5, 5, 5, 5;
  const LabelledExamples examples = label_examples(points, std::vector<double>{0, 0, 1, 1}, "x.csv");
  EXPECT_EQ(class_means(examples)(0, 0), 2);
  EXPECT_EQ(class_means(examples, 1)(0, 0), 0);
  const Binarizer median = median_binarizer(points, 1);
  EXPECT_EQ(median.inputs, std::vector<Eigen::Index>{0});  // the second input is constant
  EXPECT_EQ(median(points), (Eigen::MatrixXd(1, 4) << -1, -1, 1, 1).finished());
  EXPECT_THROW(label_examples(points, std::vector<double>{0, 1}, "x"), InvalidInput);
  EXPECT_THROW(label_examples(points, std::vector<double>{0, 0, 2, 2}, "x"), InvalidInput);
  EXPECT_THROW(label_examples(points, std::vector<double>{0, 0.5, 1, 1}, "x"), InvalidInput);
  EXPECT_THROW(supervised_patterns(Eigen::MatrixXd::Zero(3, 2)), InvalidInput);
  EXPECT_THROW(class_means(examples, 3), InvalidInput);
}

// Generated means have the mean r xi and the second moment R.
TEST(LabelledExamples, GeneratedMeansHaveTheirMoments) {
  const SignPatterns archetypes = SignPatterns::random(200, 200, Stream({51}, 1));
  const Eigen::MatrixXd means = generated_means(archetypes, 0.3, 10, Stream({52}, 1));
  double along = 0;
  for (Eigen::Index mu = 0; mu < 200; ++mu)
    for (Eigen::Index i = 0; i < 200; ++i)
      along += means(i, mu) * (archetypes.positive(mu, static_cast<Index>(i)) ? 1 : -1) / 40000;
  EXPECT_NEAR(along, 0.3, 5 * 0.3 / 200);
  EXPECT_NEAR(mean_square(means), 0.09 * (1 + dataset_entropy(0.3, 10)), 0.005);
}

}  // namespace
}  // namespace lehr::spin
