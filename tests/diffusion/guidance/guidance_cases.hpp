// What the tests of guided sampling share: the chain of the acceptance experiments, runs of the methods, distances to the target.
#pragma once

#include <gtest/gtest.h>

#include <set>

#include "lehr/core/drive.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/guidance/best_of_n.hpp"
#include "lehr/diffusion/guidance/sequence_file.hpp"
#include "lehr/diffusion/guidance/sequence_space.hpp"
#include "lehr/diffusion/guidance/svdd.hpp"
#include "lehr/diffusion/guidance/twisted_smc.hpp"
#include "lehr/diffusion/quality.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::diffusion {

// A chain of this repository's own, for tests that need no outside file: three symbols, an asymmetric transition with a zero.
inline std::shared_ptr<const SequencePrior> small_chain(Index length) {
  MatrixXd transition(3, 3);
  transition << 0.2, 0.5, 0.3, 0.6, 0.0, 0.4, 0.1, 0.7, 0.2;
  return std::make_shared<const SequencePrior>(
      SequencePrior::markov(Eigen::Vector3d(0.5, 0.2, 0.3), transition, length));
}

inline SequenceScore small_score() {
  return {.weight = 1, .favoured = {1}, .motif = {0, 2}, .bonus = 1, .cap = 1};
}

inline std::filesystem::path markov6_path() {
  const auto folder = test::shared_data("svdd-guidance");
  return folder.empty() ? folder : folder / "markov6.json";
}
inline Json markov6_json() { return parse_json(read_file(markov6_path()), "markov6.json"); }

inline Svdd::State run_svdd(const ReverseModel& model, const DesignReward& reward, const ValueModel& value,
                            Schedule candidates, Schedule alpha, std::int64_t count, std::uint64_t seed = 1) {
  const Svdd method(model, reward, value, {.count = count, .candidates = candidates, .temperature = alpha});
  return drive(method, Budget::steps(method.steps()), {seed}).state;
}

inline BestOfN::State run_best_of_n(const ReverseModel& model, const DesignReward& reward, std::int64_t runs,
                                    double alpha, std::int64_t count, std::uint64_t seed = 1) {
  const BestOfN method(model, reward, {.count = count, .runs = runs, .temperature = alpha});
  return drive(method, Budget::steps(method.steps()), {seed}).state;
}

// Shares of the rewards among the levels of a law.
inline VectorXd shares_of(const RewardLaw& law, const VectorXd& rewards) {
  VectorXd shares = VectorXd::Zero(law.prior.size());
  for (const double r : rewards) {
    const auto nearest =
        std::ranges::min_element(law.levels, {}, [&](double level) { return std::abs(level - r); });
    EXPECT_NEAR(*nearest, r, 1e-8);
    shares[nearest - law.levels.begin()] += 1.0 / static_cast<double>(rewards.size());
  }
  return shares;
}

inline double histogram_distance(const RewardLaw& law, const VectorXd& rewards) {
  return total_variation(law.target, shares_of(law, rewards));
}

inline double unique_share(const MatrixXd& x) {
  std::set<std::vector<double>> different;
  for (const auto& column : x.colwise()) different.emplace(column.begin(), column.end());
  return static_cast<double>(different.size()) / static_cast<double>(x.cols());
}

}  // namespace lehr::diffusion
