// What designs are scored by: a batch in (a clean design per column), a number each out. NaN says that a design cannot be scored
// (infeasible): it is never chosen where another one can be.
//
// Rewards need no gradient. They are a C++ callback, a formula, the built-in score of sequences
//
//   r(x) = weight (share of the positions whose symbol is in `favoured`) + bonus min(cap, occurrences of `motif`)
//
// or a worker process (lehr/core/worker.hpp):  {"op":"reward","sequence":"ACGT"} or {"op":"reward","x":[0.1,2]} -> {"reward":0.7};
// null and {"error":"..."} are infeasible. What a worker has scored once it is not asked again.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "lehr/core/worker.hpp"

namespace lehr::diffusion {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// d x n -> n. Called by one thread at a time.
using DesignReward = std::function<VectorXd(const MatrixXd& designs)>;

// reward(designs), checked: throws InvalidInput for another number of values, NumericalFailure for infinite ones.
VectorXd evaluate(const DesignReward& reward, const MatrixXd& designs);

// A score of one design, made a batch; parallel: it must be safe to call from several threads.
DesignReward pointwise_reward(std::function<double(const Eigen::Ref<const VectorXd>&)> score);

struct SequenceScore {
  double weight = 0;
  std::vector<int> favoured;
  std::vector<int> motif;
  double bonus = 0;
  std::int64_t cap = 1;  // occurrences that count

  double operator()(const Eigen::Ref<const VectorXd>& x) const;
  // Places where the motif begins.
  std::int64_t occurrences(const Eigen::Ref<const VectorXd>& x) const;
  double highest_bonus() const { return bonus * static_cast<double>(cap); }
};

// A worker's answers; `alphabet` spells sequences, empty: numbers are sent as "x". Throws InvalidInput where the first batch gets no
// answer at all.
class WorkerReward {
 public:
  WorkerReward(WorkerOptions options, std::filesystem::path base, std::string alphabet);
  VectorXd operator()(const MatrixXd& designs);
  const WorkerCounts& counts() const { return worker_.counts(); }
  const std::string& last_failure() const { return worker_.last_failure(); }

 private:
  Worker worker_;
  std::string alphabet_;
  bool answered_ = false;
};

// Remembers by content: equal designs are scored once. Forgets all after `most` of them.
class RememberedReward {
 public:
  explicit RememberedReward(DesignReward reward, std::size_t most = 4'000'000)
      : reward_(std::move(reward)), most_(most) {}
  VectorXd operator()(const MatrixXd& designs);
  std::int64_t asked() const { return asked_; }    // designs
  std::int64_t scored() const { return scored_; }  // that were not known

 private:
  DesignReward reward_;
  std::size_t most_;
  std::unordered_map<std::string, double> known_;
  std::int64_t asked_ = 0, scored_ = 0;
};

}  // namespace lehr::diffusion
