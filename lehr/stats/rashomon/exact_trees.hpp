// The Rashomon ratio of decision trees on 0/1 features without sampling error: the distribution of the number of
// errors over the whole class, by recursion over sets of records.
//
//   dist(S, 0) = (1 / C) sum_c delta(n(S) - n_c(S))
//   dist(S, d) = (1 - g_d) dist(S, 0) + g_d (1 / p) sum_f dist(S[f = 0], d - 1) * dist(S[f = 1], d - 1)
//
// with * the convolution, cut at `limit` errors, and g_d the probability that such a node splits (1 without depth
// penalty). A feature that is constant on S sends it on whole: dist(S, d - 1). Likewise best(S, d) = min over f
// of the two sides' best. Results are kept per set: S is named by the values that its records share, so that
// two paths to one set meet; at most sum_k C(p, k) 2^k sets exist. Walking the recursion backwards draws trees
// uniformly (under the prior) from the set.
//
// Cost: sets x p convolutions; seconds at depth 7 with 15 features. Source: this library's; the class and
// prior are those of Semenova, Rudin and Parr (2022).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/rashomon/tree_class.hpp"

namespace lehr::stats {

inline constexpr int most_exact_features = 24;

struct ExactTreeOptions {
  double depth_penalty = 1;                        // TreePrior's
  double memory = 1024;                            // MiB for results that are kept
  const std::atomic<bool>* interrupted = nullptr;  // set: the computation ends without a result
};

// Why the exact recursion does not take these records (features that are not 0/1, too many of them, numbers
// below the range of doubles), or an empty string.
std::string exact_trees_refusal(const TreeRecords& records, int depth);

class ExactTrees {
 public:
  // `records` must outlive this. Throws InvalidInput where exact_trees_refusal has something to say.
  ExactTrees(const TreeRecords& records, const ExactTreeOptions& options);
  ~ExactTrees();
  ExactTrees(ExactTrees&&) noexcept;

  // The errors of the best tree of depth `depth`; nothing when memory ran out or the run was interrupted.
  std::optional<std::int64_t> best_errors(int depth);

  // P(errors = e), e = 0 .. limit, of a tree of depth `depth` drawn from the prior; nothing as above.
  std::optional<std::vector<double>> error_distribution(int depth, std::int64_t limit);

  // A tree drawn from the prior restricted to at most `limit` errors, after error_distribution of the same depth
  // and at least this limit. Its splits that separate no records are left out. Nothing where the set is empty.
  std::optional<DecisionTree> draw(std::int64_t limit, Stream& random);

  // Sets that were kept by the last call.
  std::int64_t sets() const;

 private:
  class Recursion;
  std::unique_ptr<Recursion> recursion_;
};

}  // namespace lehr::stats
