// The Rashomon set: all models of a class whose loss is almost the best, and how large it is.
//
//   R(F, theta) = {f in F: L(f) <= L(reference) + theta},    ratio = V(R) / V(F)
//
// L is the share of the n records that f gets wrong, V a prior measure on the class F. A model is in the set
// when it makes at most K = floor(n (L(reference) + theta)) errors; ties count. The ratio depends on the prior
// and on the reference, so both are reported with it. What it is not: a measure of complexity (VC dimension
// and Rademacher complexity do not see the labels), of stability, of margin, or of flatness of a minimum.
//
// Source: L. Semenova, C. Rudin and R. Parr, "On the existence of simpler machine learning models", FAccT 2022.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lehr::stats {

enum class ThetaKind { absolute, relative };

// How far from the reference a model may be: L <= L_ref + theta, or L <= (1 + theta) L_ref.
struct Tolerance {
  double theta = 0.05;  // at least 0
  ThetaKind kind = ThetaKind::absolute;

  // The largest number of errors of a member among `records`, given the reference's errors (not necessarily whole).
  std::int64_t error_limit(double reference_errors, std::int64_t records) const {
    const double allowed = kind == ThetaKind::absolute
                               ? reference_errors + theta * static_cast<double>(records)
                               : (1 + theta) * reference_errors;
    return std::min<std::int64_t>(records, static_cast<std::int64_t>(std::floor(allowed + 1e-9)));
  }
};

// A ratio as a decimal logarithm, because 1e-40 is usual at depth 7.
struct RatioEstimate {
  double log10_ratio = 0;  // -infinity: no model of the sample is in the set (or none at all, where exact)
  double log10_error = 0;  // its standard error by the delta method; 0: exact; NaN: no model was found
  double log10_upper = 0;  // 95 % upper confidence limit; of 3 / samples where none was found
  bool exact = false;
};

// Means over independent draws of a non-decreasing function of the number of errors: each draw gives, for every
// limit e = 0 .. limit, an unbiased estimate of P(errors <= e), multiplied by e^`log_scale` so that neither it
// nor its square leaves the range of doubles.
class RatioAccumulator {
 public:
  RatioAccumulator() = default;
  RatioAccumulator(std::int64_t limit, double log_scale)
      : log_scale_(log_scale), sum_(static_cast<std::size_t>(limit) + 1), squares_(sum_.size()) {}

  // Adds a draw whose estimate is 0 below `first` errors and values[e - first] from there on; the last value
  // holds for all larger e.
  void add(std::int64_t first, std::span<const double> values);
  // A draw whose estimates are all 0, or several.
  void add_nothing(std::int64_t draws = 1) { draws_ += draws; }
  void add(const RatioAccumulator& other);

  RatioEstimate estimate(std::int64_t errors) const;
  std::int64_t draws() const { return draws_; }
  std::int64_t limit() const { return static_cast<std::int64_t>(sum_.size()) - 1; }

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".draws", draws_);
    visit(name + ".log_scale", log_scale_);
    visit(name + ".sum", sum_);
    visit(name + ".squares", squares_);
  }

 private:
  std::int64_t draws_ = 0;
  double log_scale_ = 0;
  std::vector<double> sum_, squares_;
};

// A ratio that is known: log10 of it.
RatioEstimate exact_ratio(double log10_ratio);

// The mean of independent estimates given by their natural logarithms (-infinity: 0), with its standard error.
RatioEstimate mean_of_logs(std::span<const double> logs);

}  // namespace lehr::stats
