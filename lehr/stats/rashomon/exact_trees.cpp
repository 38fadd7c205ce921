#include "lehr/stats/rashomon/exact_trees.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <unordered_map>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

using Rows = std::span<const std::int32_t>;

struct OutOfMemory {};
struct Interrupted {};

// What the records of a set have in common: the features that are constant, and their values. Two sets are equal
// when these are.
struct SetName {
  std::uint32_t all = ~std::uint32_t{0}, any = 0;  // AND and OR of the records' codes

  void add(std::uint32_t code) { all &= code, any |= code; }
  std::uint32_t varying() const { return any & ~all; }
  std::uint64_t key(int depth) const {
    return std::uint64_t{all} | std::uint64_t{any} << most_exact_features |
           static_cast<std::uint64_t>(depth) << (2 * most_exact_features);
  }
};

// P(errors = first + k) = values[k].
struct ErrorDistribution {
  std::int64_t first = 0;
  std::vector<double> values;

  double at(std::int64_t errors) const {
    const std::int64_t k = errors - first;
    return k < 0 || k >= static_cast<std::int64_t>(values.size()) ? 0 : values[static_cast<std::size_t>(k)];
  }
};

}  // namespace

// One depth's recursion with what it keeps.
class ExactTrees::Recursion {
 public:
  Recursion(const TreeRecords& records, const ExactTreeOptions& options)
      : options_(options),
        features_(records.features()),
        classes_(static_cast<std::size_t>(records.classes())) {
    for (std::int64_t row = 0; row < records.rows(); ++row) {
      std::uint32_t code = 0;
      for (int f = 0; f < features_; ++f)
        if (records.record(row)[f] > 0.5) code |= std::uint32_t{1} << f;
      codes_.push_back(code);
      all_rows_.push_back(static_cast<std::int32_t>(row));
      counts_.insert(counts_.end(), records.counts(row), records.counts(row) + records.classes());
    }
    levels_.resize(deepest_tree + 1);
    for (Level& level : levels_) level.rows.resize(codes_.size());
  }

  std::optional<std::int64_t> best_errors(int depth) {
    forget();
    try {
      return best(all_rows_, name_of(all_rows_), depth);
    } catch (const OutOfMemory&) {
      return std::nullopt;
    } catch (const Interrupted&) {
      return std::nullopt;
    }
  }

  std::optional<std::vector<double>> error_distribution(int depth, std::int64_t limit) {
    forget();
    depth_ = depth, limit_ = limit;
    splits_.assign(static_cast<std::size_t>(depth) + 1, 1);
    for (int d = 0; d <= depth; ++d)
      splits_[static_cast<std::size_t>(d)] = std::pow(options_.depth_penalty, depth - d);
    try {
      const ErrorDistribution& all = distribution(all_rows_, name_of(all_rows_), depth);
      std::vector<double> result(static_cast<std::size_t>(limit) + 1);
      for (std::int64_t e = 0; e <= limit; ++e) result[static_cast<std::size_t>(e)] = all.at(e);
      return result;
    } catch (const OutOfMemory&) {
      return std::nullopt;
    } catch (const Interrupted&) {
      return std::nullopt;
    }
  }

  std::optional<DecisionTree> draw(std::int64_t limit, Stream& random) {
    try {
      const ErrorDistribution all = distribution(all_rows_, name_of(all_rows_), depth_);
      std::vector<double> weights;
      for (std::int64_t e = 0; e <= std::min(limit, limit_); ++e) weights.push_back(all.at(e));
      const std::int64_t errors = choose(weights, random);
      if (errors < 0) return std::nullopt;
      DecisionTree tree;
      draw_below(all_rows_, depth_, errors, random, tree);
      return simplified(tree);
    } catch (const OutOfMemory&) {
      return std::nullopt;
    } catch (const Interrupted&) {
      return std::nullopt;
    }
  }

  std::int64_t sets() const { return static_cast<std::int64_t>(kept_.size() + best_.size()); }

 private:
  // Work space of one level of the recursion.
  struct Level {
    std::vector<std::int32_t> rows;  // the parent's records, those without the feature first
    std::vector<double> sum;
    ErrorDistribution result, copy;
  };
  struct Sides {
    Rows without, with;
    SetName name_without, name_with;
  };

  void forget() {
    kept_.clear(), best_.clear();
    memory_ = 0;
  }

  SetName name_of(Rows rows) const {
    SetName name;
    for (const std::int32_t row : rows) name.add(codes_[static_cast<std::size_t>(row)]);
    return name;
  }

  // Splits `rows` by a feature into the space of a level.
  Sides split(Rows rows, int feature, Level& level) const {
    Sides sides;
    std::size_t front = 0, back = rows.size();
    for (const std::int32_t row : rows) {
      const std::uint32_t code = codes_[static_cast<std::size_t>(row)];
      if ((code >> feature & 1) != 0)
        level.rows[--back] = row, sides.name_with.add(code);
      else
        level.rows[front++] = row, sides.name_without.add(code);
    }
    sides.without = Rows(level.rows.data(), front);
    sides.with = Rows(level.rows.data() + back, rows.size() - back);
    return sides;
  }

  std::vector<std::int64_t> class_counts(Rows rows) const {
    std::vector<std::int64_t> counts(classes_, 0);
    for (const std::int32_t row : rows)
      for (std::size_t c = 0; c < classes_; ++c)
        counts[c] += counts_[static_cast<std::size_t>(row) * classes_ + c];
    return counts;
  }

  static std::int64_t leaf_best(const std::vector<std::int64_t>& counts) {
    std::int64_t all = 0, most = 0;
    for (const std::int64_t n : counts) all += n, most = std::max(most, n);
    return all - most;
  }

  void charge(std::size_t bytes) {
    memory_ += static_cast<double>(bytes);
    if (memory_ > options_.memory * 0x1p20) throw OutOfMemory();
    if (options_.interrupted != nullptr && options_.interrupted->load(std::memory_order_relaxed))
      throw Interrupted();
  }

  std::int64_t best(Rows rows, const SetName& name, int d) {
    const std::int64_t leaf = leaf_best(class_counts(rows));
    if (d == 0 || leaf == 0 || name.varying() == 0) return leaf;
    const std::uint64_t key = name.key(d);
    if (const auto found = best_.find(key); found != best_.end()) return found->second;
    std::int64_t least = leaf;
    Level& level = levels_[static_cast<std::size_t>(d)];
    for (std::uint32_t left = name.varying(); left != 0 && least > 0; left &= left - 1) {
      const Sides sides = split(rows, std::countr_zero(left), level);
      const std::int64_t first = best(sides.without, sides.name_without, d - 1);
      if (first < least) least = std::min(least, first + best(sides.with, sides.name_with, d - 1));
    }
    charge(64);
    return best_[key] = least;
  }

  // dist(S, 0); cut at the limit.
  void leaf_distribution(const std::vector<std::int64_t>& counts, ErrorDistribution& out) const {
    std::int64_t all = 0;
    for (const std::int64_t n : counts) all += n;
    out.first = leaf_best(counts);
    out.values.clear();
    for (const std::int64_t n : counts) {
      if (all - n > limit_) continue;
      const auto place = static_cast<std::size_t>(all - n - out.first);
      if (place >= out.values.size()) out.values.resize(place + 1, 0);
      out.values[place] += 1.0 / static_cast<double>(classes_);
    }
  }

  // sum += factor a * b.
  void add_convolution(const ErrorDistribution& a, const ErrorDistribution& b, double factor,
                       std::vector<double>& sum) const {
    if (a.values.empty() || b.values.empty() || a.first + b.first > limit_) return;
    const auto size = static_cast<std::int64_t>(sum.size());
    for (std::size_t i = 0; i < a.values.size(); ++i) {
      const double weight = factor * a.values[i];
      const std::int64_t from = a.first + static_cast<std::int64_t>(i) + b.first;
      if (weight == 0 || from >= size) continue;
      const auto count = static_cast<std::size_t>(
          std::min<std::int64_t>(static_cast<std::int64_t>(b.values.size()), size - from));
      double* const target = sum.data() + from;
      for (std::size_t k = 0; k < count; ++k) target[k] += weight * b.values[k];
    }
  }
  static void add(const ErrorDistribution& a, double factor, std::vector<double>& sum) {
    for (std::size_t k = 0; k < a.values.size(); ++k)
      sum[static_cast<std::size_t>(a.first) + k] += factor * a.values[k];
  }

  // What stands in `sum`, without the zeros around.
  static void take(const std::vector<double>& sum, ErrorDistribution& out) {
    const auto positive = [](double x) { return x > 0; };
    const auto begin = std::ranges::find_if(sum, positive);
    const auto end = std::find_if(sum.rbegin(), sum.rend(), positive).base();
    out.first = begin - sum.begin();
    out.values.clear();
    if (begin < end) out.values.assign(begin, end);
  }

  // dist(S, 1) from the class counts of both sides of every feature, found in one pass.
  const ErrorDistribution& stump_distribution(Rows rows, const SetName& name) {
    Level& level = levels_[1];
    const std::vector<std::int64_t> counts = class_counts(rows);
    with_.assign(static_cast<std::size_t>(features_) * classes_, 0);
    for (const std::int32_t row : rows)
      for (std::uint32_t left = codes_[static_cast<std::size_t>(row)] & name.varying(); left != 0;
           left &= left - 1)
        for (std::size_t c = 0; c < classes_; ++c)
          with_[static_cast<std::size_t>(std::countr_zero(left)) * classes_ + c] +=
              counts_[static_cast<std::size_t>(row) * classes_ + c];
    level.sum.assign(static_cast<std::size_t>(limit_) + 1, 0);
    const double split = splits_[1] / features_;
    for (std::uint32_t left = name.varying(); left != 0; left &= left - 1) {
      const auto feature = static_cast<std::size_t>(std::countr_zero(left));
      const std::vector<std::int64_t> with(
          with_.begin() + static_cast<std::ptrdiff_t>(feature * classes_),
          with_.begin() + static_cast<std::ptrdiff_t>((feature + 1) * classes_));
      std::vector<std::int64_t> without = counts;
      for (std::size_t c = 0; c < classes_; ++c) without[c] -= with[c];
      leaf_distribution(without, side_a_);
      leaf_distribution(with, side_b_);
      add_convolution(side_a_, side_b_, split, level.sum);
    }
    leaf_distribution(counts, side_a_);
    add(side_a_, 1 - splits_[1] + split * (features_ - std::popcount(name.varying())), level.sum);
    take(level.sum, level.result);
    return level.result;
  }

  // dist(S, d). The reference holds until the next call at this depth.
  const ErrorDistribution& distribution(Rows rows, const SetName& name, int d) {
    Level& level = levels_[static_cast<std::size_t>(d)];
    if (d == 0 || name.varying() == 0) {
      leaf_distribution(class_counts(rows), level.result);
      return level.result;
    }
    if (d == 1) return stump_distribution(rows, name);
    const std::uint64_t key = name.key(d);
    if (const auto found = kept_.find(key); found != kept_.end()) return found->second;
    level.sum.assign(static_cast<std::size_t>(limit_) + 1, 0);
    const double stay = 1 - splits_[static_cast<std::size_t>(d)];
    const double split_weight = splits_[static_cast<std::size_t>(d)] / features_;
    for (std::uint32_t left = name.varying(); left != 0; left &= left - 1) {
      const Sides sides = split(rows, std::countr_zero(left), level);
      level.copy = distribution(sides.without, sides.name_without, d - 1);
      if (level.copy.values.empty()) continue;
      add_convolution(level.copy, distribution(sides.with, sides.name_with, d - 1), split_weight, level.sum);
    }
    const int constant = features_ - std::popcount(name.varying());
    if (constant > 0) add(distribution(rows, name, d - 1), split_weight * constant, level.sum);
    if (stay > 0) {
      leaf_distribution(class_counts(rows), level.copy);
      add(level.copy, stay, level.sum);
    }
    ErrorDistribution result;
    take(level.sum, result);
    charge(96 + result.values.size() * sizeof(double));
    return kept_.emplace(key, std::move(result)).first->second;
  }

  static std::int64_t choose(const std::vector<double>& weights, Stream& random) {
    double total = 0;
    for (const double w : weights) total += w;
    double point = uniform(random) * total;
    std::int64_t last = -1;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      if (weights[k] <= 0) continue;
      last = static_cast<std::int64_t>(k);
      point -= weights[k];
      if (point < 0) break;
    }
    return last;
  }

  int add_leaf(DecisionTree& tree, Rows rows, std::int64_t errors, Stream& random) const {
    const std::vector<std::int64_t> counts = class_counts(rows);
    std::int64_t all = 0;
    for (const std::int64_t n : counts) all += n;
    std::vector<double> fits;
    for (const std::int64_t n : counts) fits.push_back(all - n == errors ? 1 : 0);
    tree.nodes.push_back({.feature = -1,
                          .threshold = 0,
                          .below = -1,
                          .above = -1,
                          .label = static_cast<int>(choose(fits, random))});
    return static_cast<int>(tree.nodes.size()) - 1;
  }

  // Appends a subtree of depth `d` that makes exactly `errors` on the rows, drawn from the prior.
  int draw_below(Rows rows, int d, std::int64_t errors, Stream& random, DecisionTree& tree) {
    const SetName name = name_of(rows);
    if (d == 0 || name.varying() == 0) return add_leaf(tree, rows, errors, random);
    const double split_weight = splits_[static_cast<std::size_t>(d)] / features_;
    std::vector<double> weights(static_cast<std::size_t>(features_) + 2,
                                0);                           // each feature; constant ones; a leaf
    std::vector<std::int32_t> own(rows.begin(), rows.end());  // the recursion overwrites the levels' rows
    Level space{.rows = std::vector<std::int32_t>(rows.size()), .sum = {}, .result = {}, .copy = {}};
    for (std::uint32_t left = name.varying(); left != 0; left &= left - 1) {
      const Sides sides = split(own, std::countr_zero(left), space);
      for (const double w : side_weights(sides, d, errors))
        weights[static_cast<std::size_t>(std::countr_zero(left))] += split_weight * w;
    }
    const int constant = features_ - std::popcount(name.varying());
    if (constant > 0)
      weights[weights.size() - 2] = split_weight * constant * distribution(own, name, d - 1).at(errors);
    ErrorDistribution leaf;
    leaf_distribution(class_counts(own), leaf);
    weights.back() = (1 - splits_[static_cast<std::size_t>(d)]) * leaf.at(errors);

    const std::int64_t chosen = choose(weights, random);
    if (chosen == features_) return draw_below(own, d - 1, errors, random, tree);
    if (chosen == features_ + 1) return add_leaf(tree, own, errors, random);
    const Sides sides = split(own, static_cast<int>(chosen), space);
    const std::int64_t below_errors = choose(side_weights(sides, d, errors), random);
    const auto place = tree.nodes.size();
    tree.nodes.push_back(
        {.feature = static_cast<int>(chosen), .threshold = 0.5, .below = -1, .above = -1, .label = 0});
    const int below = draw_below(sides.without, d - 1, below_errors, random, tree);
    const int above = draw_below(sides.with, d - 1, errors - below_errors, random, tree);
    tree.nodes[place].below = below, tree.nodes[place].above = above;
    return static_cast<int>(place);
  }

  // For each number of errors on the side without the feature: the probability of it and the rest on the other.
  std::vector<double> side_weights(const Sides& sides, int d, std::int64_t errors) {
    const ErrorDistribution without = distribution(sides.without, sides.name_without, d - 1);
    if (without.values.empty()) return {};
    const ErrorDistribution& with = distribution(sides.with, sides.name_with, d - 1);
    std::vector<double> weights(static_cast<std::size_t>(errors) + 1);
    for (std::int64_t e = 0; e <= errors; ++e)
      weights[static_cast<std::size_t>(e)] = without.at(e) * with.at(errors - e);
    return weights;
  }

  ExactTreeOptions options_;
  int features_, depth_ = 0;
  std::size_t classes_;
  std::int64_t limit_ = 0;
  std::vector<std::uint32_t> codes_;
  std::vector<std::int32_t> counts_, all_rows_;
  std::vector<Level> levels_;
  std::vector<double> splits_;  // g_d
  std::vector<std::int64_t> with_;
  ErrorDistribution side_a_, side_b_;
  std::unordered_map<std::uint64_t, ErrorDistribution> kept_;
  std::unordered_map<std::uint64_t, std::int64_t> best_;
  double memory_ = 0;  // bytes
};

std::string exact_trees_refusal(const TreeRecords& records, int depth) {
  if (!records.is_binary()) return "a feature has values other than 0 and 1";
  if (records.features() > most_exact_features)
    return fmt::format("{} features, at most {} are possible", records.features(), most_exact_features);
  const double leaves = std::ldexp(1.0, depth);
  if ((leaves - 1) * std::log10(records.features()) + leaves * std::log10(records.classes()) > 300)
    return "probabilities below the range of doubles";
  return {};
}

ExactTrees::ExactTrees(const TreeRecords& records, const ExactTreeOptions& options) {
  if (const std::string refusal = exact_trees_refusal(records, 1); !refusal.empty())
    throw InvalidInput("exact ratio of trees: {}", refusal);
  recursion_ = std::make_unique<Recursion>(records, options);
}
ExactTrees::~ExactTrees() = default;
ExactTrees::ExactTrees(ExactTrees&&) noexcept = default;

std::optional<std::int64_t> ExactTrees::best_errors(int depth) { return recursion_->best_errors(depth); }
std::optional<std::vector<double>> ExactTrees::error_distribution(int depth, std::int64_t limit) {
  return recursion_->error_distribution(depth, limit);
}
std::optional<DecisionTree> ExactTrees::draw(std::int64_t limit, Stream& random) {
  return recursion_->draw(limit, random);
}
std::int64_t ExactTrees::sets() const { return recursion_->sets(); }

}  // namespace lehr::stats
