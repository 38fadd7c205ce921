// Do two arms differ? Arms that ran under the same seeds are compared seed by seed (compare_paired), which
// removes what the seeds have in common; arms with seeds of their own by Welch's method (compare_unpaired).
//
//   paired     d_i = a_i - b_i, standard error sd(d) / sqrt(n), Student's t with n - 1 degrees of freedom
//   unpaired   standard error sqrt(v_a / n_a + v_b / n_b), Student's t with Welch and Satterthwaite's freedom
//   sign flip  p = share of the sign patterns s with |sum s_i d_i| >= |sum d_i|: all 2^n for n <= 16,
//   otherwise
//              (1 + hits) / (1 + draws) over random ones; assumes only that d is symmetric about 0 under H0
//
// Sources: B. L. Welch, "The generalization of 'Student's' problem ...", 1947; B. Phipson and G. Smyth,
// "Permutation p-values should never be zero", 2010; rank_tests.hpp and bootstrap.hpp for the rest. Cost:
// (replicates + n) n.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lehr/core/random.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::stats {

// What to do with a pair of which one value is missing (NaN) or infinite.
enum class Missing { error, drop };

struct ComparisonOptions {
  double confidence = 0.95;          // in (0, 1)
  Missing missing = Missing::error;  // drop: leave such pairs out and count them
  std::int64_t replicates = 10'000;  // of the bootstrap, and random sign patterns; in [100, 1'000'000]
  Seed seed{};                       // of both
};

// One pair has a difference and no uncertainty: what would need a second one is NaN, the tests' p is 1.
// Differences that agree to rounding have standard error 0, the interval [difference, difference], and NaN
// for t_p unless they are all 0 (p = 1).
struct PairedComparison {
  std::int64_t pairs = 0, dropped = 0;
  double mean_a = 0, mean_b = 0;
  double difference = 0;  // mean of a - b
  double standard_error = 0;
  double confidence = 0;
  Interval t_interval{}, bca_interval{};
  double t_p = 1, wilcoxon_p = 1, sign_flip_p = 1;  // two-sided
  bool varies() const { return standard_error > 0; }
};

// Throws InvalidInput for samples of different length, for a missing value under Missing::error (naming it),
// when no pair is left, and for options out of range.
PairedComparison compare_paired(std::span<const double> a, std::span<const double> b,
                                const ComparisonOptions& options = {});

struct UnpairedComparison {
  std::int64_t count_a = 0, count_b = 0, dropped = 0;
  double mean_a = 0, mean_b = 0;
  double difference = 0;  // mean of a - mean of b
  double standard_error = 0;
  double freedom = 0;  // Welch and Satterthwaite's degrees of freedom
  double confidence = 0;
  Interval t_interval{};
  double t_p = 1, mann_whitney_p = 1;
};

// As compare_paired, each sample by itself: with one value in a sample, or without variation, there is no
// uncertainty.
UnpairedComparison compare_unpaired(std::span<const double> a, std::span<const double> b,
                                    const ComparisonOptions& options = {});

// One sentence for a reader; p is that of the t test, which goes with the interval:
//   "a is lower than b by 0.120 ± 0.030 (95 % [0.057, 0.183], paired over 20 seeds, p = 0.00077)"
//   "a and b do not differ clearly: a - b = 0.010 ± 0.030 (95 % [-0.053, 0.073], paired over 20 seeds, p =
//   0.74)" "a is lower than b by 0.12 (one seed: no uncertainty)"      "a is lower than b by 0.12 in each of
//   20 seeds"
// Pairs that were dropped are mentioned.
std::string statement(const PairedComparison& comparison, std::string_view a, std::string_view b);
std::string statement(const UnpairedComparison& comparison, std::string_view a, std::string_view b);

// The sign-flip permutation test of H0: the differences are symmetric about 0.
double sign_flip_p(std::span<const double> differences, Seed seed, std::int64_t draws = 10'000);

}  // namespace lehr::stats
