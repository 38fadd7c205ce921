// When does a simpler class contain a model as good as the best of a larger one? Bounds for a loss in [0, b].
//
//   (a) F1 in F2 finite, n records. If the true Rashomon set of F2 with parameter gamma contains a member of F1,
//       then with probability 1 - eps some f1 in F1 has |L(f2*) - L^(f1)| <= gamma + b sqrt((ln|F1| + ln(2/eps)) / (2 n));
//       in general gamma + 2 K R_n(F1) + b sqrt(ln(2/eps) / (2 n)), K the loss's Lipschitz constant, R_n the
//       Rademacher complexity.
//   (b) F1 a uniform random subset of s models of F2, N models, of which the share R is in the set:
//       P(F1 meets the set) = 1 - C(N - N R, s) / C(N, s) >= 1 - (1 - R)^s,
//       at least 1 - eps where R >= 1 - eps^(1/s), or s >= ln eps / ln(1 - R).
//   (c) A set that contains a ball of radius delta is met by every delta-cover of the class (ridge_volume.hpp
//       gives delta for linear regression).
//
// Source: Semenova, Rudin and Parr (2022), theorems on the existence of simpler models.
#pragma once

#include <cstdint>

#include "lehr/stats/rashomon/tree_class.hpp"

namespace lehr::stats {

// (a); n >= 1, eps in (0, 1), log_size = ln|F1| >= 0.
double finite_class_bound(double gamma, double b, std::int64_t n, double log_size, double eps);
double rademacher_bound(double gamma, double lipschitz, double rademacher, double b, std::int64_t n,
                        double eps);

// (b). Exact for N models of which `good` are in the set: 0 <= good <= N, 0 <= s <= N (doubles, as N may be huge).
double subset_hit_probability(double models, double good, double s);
// 1 - (1 - R)^s from log10 R.
double subset_hit_bound(double log10_ratio, double s);
// The smallest s with 1 - (1 - R)^s >= 1 - eps, as log10.
double log10_subset_size(double log10_ratio, double eps);
// The smallest ratio that s models need.
double needed_ratio(double s, double eps);

// ln of the number of trees of a depth with these records' splits: features x midpoints at each inner node, a label
// at each leaf.
double log_tree_count(const TreeRecords& records, int depth);

}  // namespace lehr::stats
