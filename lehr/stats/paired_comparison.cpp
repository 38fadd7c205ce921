#include "lehr/stats/paired_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/bootstrap.hpp"
#include "lehr/stats/distributions.hpp"
#include "lehr/stats/rank_tests.hpp"

namespace lehr::stats {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t exact_flips = 16;
constexpr std::int64_t draws_per_block = 256;

void check(const ComparisonOptions& options) {
  check_confidence(options.confidence);
  if (options.replicates < 100 || options.replicates > 1'000'000)
    throw InvalidInput("comparison: replicates must be in [100, 1000000], found {}", options.replicates);
}

void refuse_missing(double value, std::size_t index, std::size_t size, const char* sample) {
  throw InvalidInput("comparison: value {} of {} of the {} sample is missing ({})", index + 1, size, sample,
                     value);
}

double largest_size(std::span<const double> values) {
  double largest = 0;
  for (const double x : values) largest = std::max(largest, std::abs(x));
  return largest;
}

// The standard error, or 0 where the spread is nothing but rounding of numbers as large as `scale`.
double resolved(double standard_error, double scale) {
  return standard_error <= 10 * std::numeric_limits<double>::epsilon() * scale ? 0 : standard_error;
}

struct Pairs {
  std::vector<double> a, b, differences;
  std::int64_t dropped = 0;
};

Pairs complete_pairs(std::span<const double> a, std::span<const double> b, Missing missing) {
  if (a.size() != b.size())
    throw InvalidInput("comparison: paired samples must have equal length, found {} and {}", a.size(),
                       b.size());
  Pairs pairs;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool has_a = std::isfinite(a[i]), has_b = std::isfinite(b[i]);
    if (has_a && has_b) {
      pairs.a.push_back(a[i]);
      pairs.b.push_back(b[i]);
      pairs.differences.push_back(a[i] - b[i]);
    } else if (missing == Missing::error) {
      refuse_missing(has_a ? b[i] : a[i], i, a.size(), has_a ? "second" : "first");
    } else {
      ++pairs.dropped;
    }
  }
  if (pairs.a.empty())
    throw InvalidInput("comparison: no pair with both values ({} pairs, {} dropped)", a.size(),
                       pairs.dropped);
  return pairs;
}

std::vector<double> present(std::span<const double> values, Missing missing, const char* sample) {
  std::vector<double> kept;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]))
      kept.push_back(values[i]);
    else if (missing == Missing::error)
      refuse_missing(values[i], i, values.size(), sample);
  }
  if (kept.empty()) throw InvalidInput("comparison: the {} sample has no values", sample);
  return kept;
}

double exact_sign_flip_p(std::span<const double> d, double threshold) {
  const std::size_t patterns = std::size_t{1} << d.size();
  std::size_t hits = 0;
  for (std::size_t pattern = 0; pattern < patterns; ++pattern) {
    double sum = 0;
    for (std::size_t i = 0; i < d.size(); ++i) sum += (pattern >> i & 1) != 0 ? -d[i] : d[i];
    hits += std::abs(sum) >= threshold ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(patterns);
}

double flipped_sum(std::span<const double> d, Stream random) {
  double sum = 0;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < d.size(); ++i, bits >>= 1) {
    if (i % 64 == 0) bits = random();
    sum += (bits & 1) != 0 ? -d[i] : d[i];
  }
  return sum;
}

}  // namespace

double sign_flip_p(std::span<const double> differences, Seed seed, std::int64_t draws) {
  if (differences.empty()) throw InvalidInput("sign-flip test: no differences");
  double sum = 0, sizes = 0;
  for (const double d : differences) {
    if (!std::isfinite(d)) throw InvalidInput("sign-flip test: a difference is {}", d);
    sum += d;
    sizes += std::abs(d);
  }
  const double threshold = std::abs(sum) - 1e-12 * sizes;  // patterns that tie up to rounding are hits
  if (differences.size() <= exact_flips) return exact_sign_flip_p(differences, threshold);
  if (draws < 1) throw InvalidInput("sign-flip test: draws must be at least 1, found {}", draws);
  const auto hits = parallel_reduce(
      draws, draws_per_block, std::int64_t{0},
      [&](std::int64_t from, std::int64_t to) {
        std::int64_t count = 0;
        for (std::int64_t r = from; r < to; ++r) {
          const Stream random(seed, lane("sign flip"), static_cast<std::uint64_t>(r));
          count += std::abs(flipped_sum(differences, random)) >= threshold ? 1 : 0;
        }
        return count;
      },
      [](std::int64_t total, std::int64_t part) { return total + part; });
  return static_cast<double>(1 + hits) / static_cast<double>(1 + draws);
}

PairedComparison compare_paired(std::span<const double> a, std::span<const double> b,
                                const ComparisonOptions& options) {
  check(options);
  const Pairs pairs = complete_pairs(a, b, options.missing);
  const std::vector<double>& d = pairs.differences;
  PairedComparison result{.pairs = static_cast<std::int64_t>(d.size()),
                          .dropped = pairs.dropped,
                          .mean_a = mean(pairs.a),
                          .mean_b = mean(pairs.b),
                          .difference = mean(d),
                          .confidence = options.confidence};
  if (d.size() == 1) {
    result.standard_error = unknown;
    result.t_interval = result.bca_interval = {unknown, unknown};
    result.t_p = unknown;
    return result;
  }
  const double freedom = static_cast<double>(d.size() - 1);
  result.standard_error = resolved(standard_error(d), std::max(largest_size(pairs.a), largest_size(pairs.b)));
  result.wilcoxon_p = wilcoxon_signed_rank(d).p;
  result.sign_flip_p = sign_flip_p(d, options.seed, options.replicates);
  if (!result.varies()) {
    result.t_interval = result.bca_interval = {result.difference, result.difference};
    result.t_p = largest_size(d) == 0 ? 1 : unknown;
    return result;
  }
  result.t_interval = t_interval(result.difference, result.standard_error, freedom, options.confidence);
  result.t_p = student_t_two_sided(result.difference / result.standard_error, freedom);
  result.bca_interval = bca_interval(d, [](std::span<const double> sample) { return mean(sample); },
                                     {options.replicates, options.confidence, options.seed});
  return result;
}

UnpairedComparison compare_unpaired(std::span<const double> a, std::span<const double> b,
                                    const ComparisonOptions& options) {
  check(options);
  const std::vector<double> x = present(a, options.missing, "first"),
                            y = present(b, options.missing, "second");
  UnpairedComparison result{.count_a = static_cast<std::int64_t>(x.size()),
                            .count_b = static_cast<std::int64_t>(y.size()),
                            .dropped = static_cast<std::int64_t>(a.size() + b.size() - x.size() - y.size()),
                            .mean_a = mean(x),
                            .mean_b = mean(y),
                            .confidence = options.confidence};
  result.difference = result.mean_a - result.mean_b;
  result.mann_whitney_p = mann_whitney(x, y).p;
  if (x.size() == 1 || y.size() == 1) {
    result.standard_error = result.freedom = result.t_p = unknown;
    result.t_interval = {unknown, unknown};
    return result;
  }
  const double v_x = variance(x) / static_cast<double>(x.size()),
               v_y = variance(y) / static_cast<double>(y.size());
  result.standard_error = resolved(std::sqrt(v_x + v_y), std::max(largest_size(x), largest_size(y)));
  if (result.standard_error == 0) {
    result.freedom = unknown;
    result.t_interval = {result.difference, result.difference};
    result.t_p = result.difference == 0 ? 1 : unknown;
    return result;
  }
  result.freedom =
      (v_x + v_y) * (v_x + v_y) /
      (v_x * v_x / static_cast<double>(x.size() - 1) + v_y * v_y / static_cast<double>(y.size() - 1));
  result.t_interval =
      t_interval(result.difference, result.standard_error, result.freedom, options.confidence);
  result.t_p = student_t_two_sided(result.difference / result.standard_error, result.freedom);
  return result;
}

}  // namespace lehr::stats
