// Features as small integers: each value's bin, so that trees are grown by counting instead of sorting.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace lehr::stats {

class FeatureBins {
 public:
  // A bin per different value; where a feature has more than `most_bins` (in [2, 65536]), bins of about equally
  // many records.
  FeatureBins(const Eigen::MatrixXd& values, std::int64_t most_bins);

  std::int64_t records() const { return records_; }
  int features() const { return static_cast<int>(low_.size()); }
  std::size_t bins(int feature) const { return low_[static_cast<std::size_t>(feature)].size(); }
  const std::uint16_t* codes(int feature) const { return codes_.data() + feature * records_; }
  // Halfway between the largest value of bin `k` and the smallest of bin `next` > k.
  double threshold(int feature, std::size_t k, std::size_t next) const {
    const auto f = static_cast<std::size_t>(feature);
    return 0.5 * (high_[f][k] + low_[f][next]);
  }

 private:
  std::int64_t records_;
  std::vector<std::uint16_t> codes_;             // feature by feature
  std::vector<std::vector<double>> low_, high_;  // the least and the largest value of each bin
};

}  // namespace lehr::stats
