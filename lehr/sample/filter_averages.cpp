#include "lehr/sample/filter_averages.hpp"

#include <cmath>

namespace lehr::sample {

void FilterAverages::add(const std::vector<FilterMeans>& run) {
  if (runs_ == 0) {
    width_ = run.empty() ? 0 : std::ssize(run.front().means);
    for (std::vector<double>* sums : {&means_, &squares_, &variances_})
      sums->assign(run.size() * static_cast<std::size_t>(width_), 0);
    for (const FilterMeans& step : run)
      own_errors_.insert(own_errors_.end(), step.errors.begin(), step.errors.end());
  }
  const auto count = static_cast<double>(++runs_);
  std::size_t i = 0;
  for (const FilterMeans& step : run)
    for (std::size_t k = 0; k < step.means.size(); ++k, ++i) {
      const double deviation = step.means[k] - means_[i];
      means_[i] += deviation / count;
      squares_[i] += deviation * (step.means[k] - means_[i]);
      variances_[i] += (step.variances[k] - variances_[i]) / count;
    }
}

Eigen::MatrixXd FilterAverages::table(const std::vector<double>& values) const {
  const Eigen::Index steps = width_ > 0 ? std::ssize(values) / width_ : 0;
  return Eigen::Map<const Eigen::MatrixXd>(values.data(), width_, steps);
}

Eigen::MatrixXd FilterAverages::mean_errors() const {
  if (runs_ < 2) return own_errors_.empty() ? Eigen::MatrixXd() : table(own_errors_);
  const auto count = static_cast<double>(runs_);
  return (table(squares_) / (count * (count - 1))).cwiseSqrt();
}

}  // namespace lehr::sample
