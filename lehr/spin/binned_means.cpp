#include "lehr/spin/binned_means.hpp"

#include <cmath>
#include <limits>

namespace lehr::spin {
namespace {

constexpr std::int64_t least_bins = 64;

}  // namespace

void BinnedMeans::add(std::span<const double> values) {
  if (count_ == 0) shift_.assign(values.begin(), values.end());
  ++count_;
  std::vector<double> carry(values.begin(), values.end());
  for (std::size_t k = 0; k < series_; ++k) carry[k] -= shift_[k];
  for (std::size_t level = 0;; ++level) {
    const std::size_t at = level * series_;
    if (sum_.size() == at) {
      for (auto* const numbers : {&sum_, &square_, &pending_}) numbers->resize(at + series_, 0.0);
    }
    for (std::size_t k = 0; k < series_; ++k) {
      sum_[at + k] += carry[k];
      square_[at + k] += carry[k] * carry[k];
    }
    const bool first_of_two = ((count_ >> level) & 1) == 1;
    for (std::size_t k = 0; k < series_; ++k) {
      if (first_of_two)
        pending_[at + k] = carry[k];
      else
        carry[k] = 0.5 * (pending_[at + k] + carry[k]);
    }
    if (first_of_two) return;
  }
}

double BinnedMeans::mean(std::size_t k) const {
  if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  return shift_[k] + sum_[k] / static_cast<double>(count_);
}

double BinnedMeans::level_variance(std::size_t level, std::size_t k) const {
  const double bins = static_cast<double>(count_ >> level);
  if (bins < 2) return std::numeric_limits<double>::quiet_NaN();
  const double sum = sum_[level * series_ + k];
  return std::max(0.0, (square_[level * series_ + k] - sum * sum / bins) / (bins - 1));
}

double BinnedMeans::variance(std::size_t k) const { return level_variance(0, k); }

double BinnedMeans::error(std::size_t k) const {
  std::size_t level = 0;
  while ((count_ >> (level + 1)) >= least_bins) ++level;
  return std::sqrt(level_variance(level, k) / static_cast<double>(count_ >> level));
}

double BinnedMeans::autocorrelation_time(std::size_t k) const {
  const double naive = variance(k);
  if (naive == 0) return 0.5;
  const double honest = error(k);
  return honest * honest * static_cast<double>(count_) / (2 * naive);
}

}  // namespace lehr::spin
