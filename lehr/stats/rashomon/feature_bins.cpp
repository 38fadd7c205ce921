#include "lehr/stats/rashomon/feature_bins.hpp"

#include <algorithm>

namespace lehr::stats {

FeatureBins::FeatureBins(const Eigen::MatrixXd& values, std::int64_t most_bins) : records_(values.rows()) {
  codes_.resize(static_cast<std::size_t>(values.size()));
  std::vector<double> sorted(static_cast<std::size_t>(records_));
  for (Eigen::Index f = 0; f < values.cols(); ++f) {
    std::copy(values.col(f).begin(), values.col(f).end(), sorted.begin());
    std::ranges::sort(sorted);
    std::int64_t different = 1;
    for (std::size_t k = 1; k < sorted.size(); ++k) different += sorted[k] != sorted[k - 1];
    const double share =
        different <= most_bins ? 0 : static_cast<double>(records_) / static_cast<double>(most_bins);
    auto& low = low_.emplace_back();
    auto& high = high_.emplace_back();
    double full = 0;  // records that fill the bins begun so far
    for (std::size_t k = 0; k < sorted.size(); ++k) {
      if (k > 0 && sorted[k] == sorted[k - 1]) continue;
      if (k == 0 || static_cast<double>(k) >= full) {
        low.push_back(sorted[k]), high.push_back(sorted[k]);
        full += share;
        if (full < static_cast<double>(k)) full = static_cast<double>(k) + share;
      }
      high.back() = sorted[k];
    }
    std::uint16_t* const codes = codes_.data() + f * records_;
    for (Eigen::Index i = 0; i < records_; ++i)
      codes[i] = static_cast<std::uint16_t>(std::ranges::lower_bound(high, values(i, f)) - high.begin());
  }
}

}  // namespace lehr::stats
