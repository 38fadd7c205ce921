#include "lehr/spin/memory/multitasking_hebbian.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::spin {
namespace {

std::vector<std::int32_t> labels_of(const SparsePatterns& examples, std::int32_t patterns) {
  std::vector<std::int32_t> labels;
  for (std::int32_t k = 0; k < examples.rows(); ++k) labels.push_back(k % patterns);
  return labels;
}

// H with the couplings written out.
double energy_by_couplings(const Eigen::MatrixXd& rows, const Spins& spins, double gain) {
  const auto n = static_cast<double>(rows.cols());
  const Eigen::MatrixXd couplings = rows.transpose() * rows;
  double energy = 0;
  for (Eigen::Index i = 0; i < rows.cols(); ++i)
    for (Eigen::Index j = 0; j < rows.cols(); ++j)
      if (i != j)
        energy -= couplings(i, j) * spins[static_cast<std::size_t>(i)] * spins[static_cast<std::size_t>(j)];
  return energy * gain / (2 * n);
}

TEST(MultitaskingHebbian, EnergyAndFlipCostsAreThoseOfTheCouplings) {
  const SparsePatterns patterns = random_sparse_patterns(4, 30, 0.4, Stream(Seed{1}, 1));
  const HebbianOverlaps network(patterns.cast<float>(), Eigen::VectorXd::Ones(4), 0.7);
  Stream random(Seed{1}, 2);
  Spins spins(30);
  for (auto& spin : spins) spin = random() >> 63 ? 1 : -1;
  auto configuration = network.configuration(spins);
  EXPECT_NEAR(network.energy(configuration), energy_by_couplings(patterns.cast<double>(), spins, 0.7), 1e-12);
  for (Index i = 0; i < 30; ++i) {
    Spins flipped = spins;
    flipped[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(-spins[static_cast<std::size_t>(i)]);
    const double change = energy_by_couplings(patterns.cast<double>(), flipped, 0.7) -
                          energy_by_couplings(patterns.cast<double>(), spins, 0.7);
    EXPECT_NEAR(network.flip_cost(configuration, i), change, 1e-12);
  }
  network.flip(configuration, 7);
  EXPECT_EQ(configuration.overlaps, network.configuration(configuration.spins).overlaps);
}

// Examples that equal their patterns make the three networks one, up to the number of examples.
TEST(MultitaskingHebbian, PerfectExamplesGiveTheStoredNetwork) {
  const SparsePatterns patterns = random_sparse_patterns(3, 200, 0.3, Stream(Seed{2}, 1));
  const SparsePatterns examples = noisy_examples(patterns, 5, 1, Stream(Seed{2}, 2));
  const auto labels = labels_of(examples, 3);
  std::vector<double> energies;
  for (const char* learning : {"storing", "supervised", "unsupervised"}) {
    MultitaskingOptions options;
    options.learning = learning;
    options.start = "mixture";
    const MultitaskingHebbian method({patterns, examples, labels}, options);
    const Moment now{.step = 0, .steps = 10, .progress = 0, .seed = Seed{5}, .evaluations = nullptr};
    const auto state = method.start(now);
    energies.push_back(state.network->energy(state.configuration));
  }
  EXPECT_NEAR(energies[1], energies[0], 1e-9);
  EXPECT_NEAR(energies[2], energies[0], 1e-9);
}

std::vector<double> mean_sorted_overlaps(Index patterns, double dilution, double temperature, int seeds) {
  std::vector<double> mean(static_cast<std::size_t>(patterns), 0.0);
  for (int s = 1; s <= seeds; ++s) {
    const Seed seed{static_cast<std::uint64_t>(s)};
    MultitaskingOptions options;
    options.temperature = temperature;
    const MultitaskingHebbian method(
        {random_sparse_patterns(patterns, 10'000, dilution, Stream(seed, 1)), {}, {}}, options);
    const auto run = drive(method, Budget::steps(40), seed);
    EXPECT_LT(run.last.find("identity").value(), 1e-12);
    Eigen::VectorXd m = method.overlaps(run.state).cwiseAbs();
    std::sort(m.begin(), m.end(), std::greater<>());
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += m(static_cast<Eigen::Index>(k)) / seeds;
  }
  return mean;
}

// Error bars: an overlap of 10,000 spins fluctuates by 0.01, the mean over 5 seeds by 0.0045.
TEST(MultitaskingHebbian, DynamicsReachTheTheorysAmplitudes) {
  const auto mild = mean_sorted_overlaps(3, 0.45, 0.02, 5);
  const std::vector<double> mild_theory{0.550, 0.2475, 0.1114};
  const auto strong = mean_sorted_overlaps(3, 0.7, 0.005, 5);
  const std::vector<double> strong_theory{0.2865, 0.2235, 0.1605};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(mild[k], mild_theory[k], 0.01);
    EXPECT_NEAR(strong[k], strong_theory[k], 0.015);
  }
  const auto parallel = mean_sorted_overlaps(2, 0.8, 0.05, 5);
  EXPECT_NEAR(parallel[0], 0.1798, 0.015);
  EXPECT_LE(parallel[0] - parallel[1], 0.03);
}

// 6 seeds of 2,000 spins; one overlap fluctuates by 0.02.
TEST(MultitaskingHebbian, ATeacherDoesNotMatterAtLowLoad) {
  double before = 0;
  for (const auto& [M, least] : std::vector<std::pair<int, double>>{{25, 0.70}, {100, 0.97}}) {
    double with = 0, without = 0;
    for (std::uint64_t s = 1; s <= 6; ++s) {
      const SparsePatterns patterns = random_sparse_patterns(3, 2000, 0.2, Stream(Seed{s}, 1));
      const SparsePatterns examples = noisy_examples(patterns, M, 0.3, Stream(Seed{s}, 2));
      const auto labels = labels_of(examples, 3);
      for (const bool supervised : {true, false}) {
        MultitaskingOptions options;
        options.learning = supervised ? "supervised" : "unsupervised";
        options.temperature = 0;
        const MultitaskingHebbian method({patterns, examples, labels}, options);
        const double m = std::abs(method.overlaps(drive(method, Budget::steps(10), Seed{s}).state)(0)) / 0.8;
        (supervised ? with : without) += m / 6;
      }
    }
    EXPECT_NEAR(with, without, 0.03) << M << " examples";
    EXPECT_GT(with, std::max(before, least)) << M << " examples";
    before = with;
  }
}

TEST(MultitaskingHebbian, WithoutBlanksOnePatternIsRaised) {
  const auto m = mean_sorted_overlaps(3, 0, 0.1, 3);
  EXPECT_GT(m[0], 0.99);
  EXPECT_LE(m[1], 0.06);
}

TEST(MultitaskingHebbian, SpinsWithoutAFieldStayAtZeroTemperature) {
  SparsePatterns patterns(1, 6);
  patterns << 1, 1, -1, -1, 0, 0;
  MultitaskingOptions options;
  options.temperature = 0;
  options.start = "random";
  const MultitaskingHebbian method({patterns, {}, {}}, options);
  const Moment now{.step = 0, .steps = 20, .progress = 0, .seed = Seed{4}, .evaluations = nullptr};
  const Spins first = method.start(now).configuration.spins;
  const Spins last = drive(method, Budget::steps(20), Seed{4}).state.configuration.spins;
  EXPECT_EQ(first[4], last[4]);
  EXPECT_EQ(first[5], last[5]);
}

// Examples are revealed while the run goes on; a run cut in half and resumed is the same, at any thread count.
TEST(MultitaskingHebbian, ResumesBitForBit) {
  const lehr::test::TemporaryFolder scratch;
  const auto path = scratch / "lehr_multitask_resume.safetensors";
  std::filesystem::remove(path);
  const SparsePatterns patterns = random_sparse_patterns(3, 300, 0.4, Stream(Seed{6}, 1));
  const SparsePatterns examples = noisy_examples(patterns, 20, 0.5, Stream(Seed{6}, 2));
  MultitaskingOptions options;
  options.learning = "unsupervised";
  options.normalise = "information";
  options.temperature = Schedule::parse("geometric(from=0.5, to=0.02)");
  options.revealed = Schedule::parse("linear(from=0.2, to=1)");
  const MultitaskingHebbian method({patterns, examples, labels_of(examples, 3)}, options);
  const auto whole = drive(method, Budget::steps(30), Seed{9});

  Observers observers;
  observers.checkpoints.path = path;
  int rows = 0;
  observers.list.push_back({.see = [&](const Moment& now, const Row&) -> std::int64_t {
                              return ++rows == 14 ? Observer::stop_run : now.step + 1;
                            },
                            .end = {}});
  EXPECT_EQ(drive(method, Budget::steps(30), Seed{9}, observers).why, Stop::observer);
  observers.list.clear();
  for (const int count : {1, 2, 8}) {
    set_threads(count);
    const auto resumed = drive(method, Budget::steps(30), Seed{9}, observers);
    EXPECT_EQ(resumed.state.configuration.spins, whole.state.configuration.spins);
    EXPECT_EQ(resumed.last.entries(), whole.last.entries());
  }
  set_threads(0);
  std::filesystem::remove(path);
}

TEST(MultitaskingHebbian, RefusesDataThatDoNotFit) {
  const SparsePatterns patterns = random_sparse_patterns(2, 10, 0.4, Stream(Seed{1}, 1));
  MultitaskingOptions options;
  options.learning = "supervised";
  EXPECT_THROW(MultitaskingHebbian({patterns, {}, {}}, options), InvalidInput);
  EXPECT_THROW(
      MultitaskingHebbian({patterns, noisy_examples(patterns, 2, 0.5, Stream(Seed{1}, 2)), {}}, options),
      InvalidInput);
  EXPECT_THROW(random_sparse_patterns(2, 10, 1, Stream(Seed{1}, 1)), InvalidInput);
  EXPECT_THROW(noisy_examples(patterns, 0, 0.5, Stream(Seed{1}, 2)), InvalidInput);
  EXPECT_THROW(sparse_patterns_of(Eigen::MatrixXd::Constant(1, 3, 2.0), "file"), InvalidInput);
  EXPECT_THROW(sparse_patterns_of(Eigen::MatrixXd::Zero(1, 3), "file"), InvalidInput);
}

TEST(SparsePatterns, ExamplesOfAPatternShareItsBlanks) {
  const SparsePatterns patterns = random_sparse_patterns(3, 100, 0.4, Stream(Seed{1}, 1));
  EXPECT_EQ(group_by_blanks(noisy_examples(patterns, 2, 0.5, Stream(Seed{1}, 2))),
            (std::vector<std::int32_t>{0, 1, 2, 0, 1, 2}));
  const Dilution dilution = dilution_of(patterns);
  EXPECT_NEAR(dilution.value, 0.4, 4 * dilution.standard_error);
}

}  // namespace
}  // namespace lehr::spin
