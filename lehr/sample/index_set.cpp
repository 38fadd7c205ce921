#include "lehr/sample/index_set.hpp"

#include <algorithm>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

constexpr std::size_t most_coordinates = 100;

// The rank of a product once a coordinate of this level joins those before it.
Index joined_rank(IndexRule rule, Index rank, Index level) {
  switch (rule) {
    case IndexRule::tensor:
      return std::max(rank, level);
    case IndexRule::total:
      return rank + level;
    default:
      return (rank + 1) * (level + 1) - 1;
  }
}

// Walks through all products, coordinate after coordinate, and leaves a branch as soon as its rank is too
// high.
class IndexWalk {
 public:
  IndexWalk(IndexRule rule, Index bound, std::span<const std::vector<Index>> levels)
      : rule_(rule), bound_(bound), levels_(levels), at_(levels.size()) {
    visit(0, 0);
  }

  IndexSet ordered() const {
    std::vector<std::size_t> order(ranks_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t f) { return ranks_[f]; });
    const auto d = static_cast<Index>(levels_.size());
    IndexSet set{Eigen::MatrixXi(d, static_cast<Index>(order.size())), {}};
    for (std::size_t k = 0; k < order.size(); ++k)
      set.functions.col(static_cast<Index>(k)) =
          Eigen::Map<const Eigen::VectorXi>(functions_.data() + order[k] * levels_.size(), d);
    for (std::size_t k = 0; k < order.size(); ++k) {
      const auto rank = static_cast<std::size_t>(ranks_[order[k]]);
      set.nested.resize(rank + 1, static_cast<Index>(k));  // ranks without a function of their own
      set.nested[rank] = static_cast<Index>(k) + 1;
    }
    return set;
  }

 private:
  void visit(std::size_t coordinate, Index rank) {
    if (coordinate == levels_.size()) return keep(rank);
    for (std::size_t a = 0; a < levels_[coordinate].size(); ++a) {
      const Index joined = joined_rank(rule_, rank, levels_[coordinate][a]);
      if (joined > bound_) break;
      at_[coordinate] = static_cast<int>(a);
      visit(coordinate + 1, joined);
    }
  }

  void keep(Index rank) {
    if (static_cast<Index>(ranks_.size()) == most_functions)
      throw InvalidInput("basis: more than {} functions; lower the degree, or use cross in place of total",
                         most_functions);
    ranks_.push_back(rank);
    functions_.insert(functions_.end(), at_.begin(), at_.end());
  }

  IndexRule rule_;
  Index bound_;
  std::span<const std::vector<Index>> levels_;
  std::vector<int> at_, functions_;
  std::vector<Index> ranks_;
};

}  // namespace

IndexSet index_set(IndexRule rule, Index bound, std::span<const std::vector<Index>> levels) {
  if (levels.empty() || levels.size() > most_coordinates)
    throw InvalidInput("basis: between 1 and {} coordinates are allowed, found {}", most_coordinates,
                       levels.size());
  if (bound < 0) throw InvalidInput("basis: the degree must be at least 0, found {}", bound);
  return IndexWalk(rule, bound, levels).ordered();
}

}  // namespace lehr::sample
