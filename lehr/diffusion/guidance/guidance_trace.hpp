// What guided sampling shows of each step, and the counts that a run has used so far.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/row.hpp"

namespace lehr::diffusion {

struct GuidanceStep {
  double time = 0;  // t after the step
  double temperature = 0;
  double candidates = 1;
  double mean_value = 0;  // of the candidates
  double best_value = 0;  // mean over the designs of their best candidate
  double spread = 0;      // mean over the designs of the standard deviation among their candidates
  double ess = 1;         // of the weights of a design's candidates; twisted_smc: of the population's
  double revealed = 0;    // share of the positions that are not masked
  double infeasible = 0;  // designs none of whose candidates could be scored
  double reward_calls = 0, model_calls = 0;  // so far
  static constexpr int numbers = 11;
};

// The steps so far, a column each: plain data for checkpoints.
class GuidanceTrace {
 public:
  void add(const GuidanceStep& step);
  GuidanceStep step(Eigen::Index i) const;
  Eigen::Index size() const { return columns_.cols(); }
  static const std::vector<std::string>& names();
  // The last step's values.
  void measure(Row& row) const;
  template <class Visitor>
  void fields(Visitor& visit) {
    visit("trace", columns_);
  }

 private:
  Eigen::MatrixXd columns_ = Eigen::MatrixXd(GuidanceStep::numbers, 0);
};

}  // namespace lehr::diffusion
