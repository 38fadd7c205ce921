#include "lehr/sample/slice.hpp"

#include <limits>

namespace lehr::sample {
namespace {

constexpr int most_expansions = 64, most_shrinkages = 200;

// The part of the line through x along coordinate i that lies within the slice, as far as it was looked at.
class SliceLine {
 public:
  SliceLine(const LogDensity& target, ChainPoint& point, Eigen::Index i, std::int64_t& evaluations)
      : target_(target), point_(point), i_(i), evaluations_(evaluations) {}

  double log_density_at(double value) {
    const double kept = point_.x(i_);
    point_.x(i_) = value;
    const double result = target_.value(point_.x);
    point_.x(i_) = kept;
    ++evaluations_;
    return result;
  }

  // Neal's figure 3: the number of expansions is shared between the two ends at random, which keeps the move reversible.
  void step_out(double height, double width, Stream& random) {
    low_ = point_.x(i_) - width * uniform(random);
    high_ = low_ + width;
    auto left = uniform_index(random, most_expansions), right = most_expansions - 1 - left;
    while (left-- > 0 && log_density_at(low_) > height) low_ -= width;
    while (right-- > 0 && log_density_at(high_) > height) high_ += width;
  }

  // Neal's figure 5.
  void shrink_to(double height, Stream& random) {
    for (int k = 0; k < most_shrinkages; ++k) {
      const double value = low_ + (high_ - low_) * uniform(random);
      const double log_density = log_density_at(value);
      if (log_density > height) {
        point_.x(i_) = value;
        point_.log_density = log_density;
        return;
      }
      (value < point_.x(i_) ? low_ : high_) = value;
    }
  }

 private:
  const LogDensity& target_;
  ChainPoint& point_;
  Eigen::Index i_;
  std::int64_t& evaluations_;
  double low_ = 0, high_ = 0;
};

}  // namespace

Transition Slice::transition(const LogDensity& target, ChainPoint& point, const Metric& metric, double width,
                             Stream& random) const {
  Transition result;
  for (Eigen::Index i = 0; i < target.dimension; ++i) {
    const double height = point.log_density - exponential(random);
    SliceLine line(target, point, i, result.evaluations);
    line.step_out(height, width * metric.deviation(i), random);
    line.shrink_to(height, random);
  }
  return result;
}

}  // namespace lehr::sample
