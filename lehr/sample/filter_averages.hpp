// Means over independent filters of one series, and what their spread says of them.
//
//   mean_t = (1 / R) sum_r m_t^(r),   standard error = sd_r(m_t^(r)) / sqrt(R),  Student's t with R - 1 degrees of freedom
//
// m_t^(r) the filtered mean of run r at step t. Each has a bias of order 1 / particles, as weights are normalised, which more runs do
// not lower: the error is that of the mean over runs, and covers the truth while R is well below the number of particles. Spreads are
// taken by B. Welford's updates (1962), so that means far from 0 lose no digits. Of one run the error is its own (genealogy.hpp).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "lehr/sample/entropic_particle_filter.hpp"

namespace lehr::sample {

class FilterAverages {
 public:
  // Adds a run of as many steps and quantities as the runs before.
  void add(const std::vector<FilterMeans>& run);
  std::int64_t runs() const { return runs_; }

  // quantities x steps.
  Eigen::MatrixXd means() const { return table(means_); }
  Eigen::MatrixXd variances() const { return table(variances_); }  // filtered variances, means over the runs
  // Of the means; empty for one run without errors of its own.
  Eigen::MatrixXd mean_errors() const;

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".runs", runs_), visit(name + ".width", width_);
    visit(name + ".means", means_), visit(name + ".squares", squares_);
    visit(name + ".variances", variances_), visit(name + ".own_errors", own_errors_);
  }

 private:
  Eigen::MatrixXd table(const std::vector<double>& values) const;

  std::int64_t runs_ = 0, width_ = 0;
  std::vector<double> means_, squares_,
      variances_;                   // steps of quantities; squares of deviations from the means, summed
  std::vector<double> own_errors_;  // of the first run
};

}  // namespace lehr::sample
