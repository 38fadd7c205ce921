// Predicts the rank of candidates from those evaluated: kernel ridge regression of the ranks' normal scores with the kernel
// exp(-2 d^2 / m^2), m the median distance of the candidates; the ridge is a tenth of the kernel's diagonal. A score is the prediction less two of
// its standard deviations, so that candidates unlike all others are tried too; the prediction alone chooses copies of the best and finds
// less than no predictor does.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace lehr::diffusion {

class RankPredictor {
 public:
  // A column per candidate; values may be infinite (they rank last). At least two candidates.
  RankPredictor(Eigen::MatrixXd features, std::span<const double> values);
  // Lower is better.
  double score(const Eigen::VectorXd& features) const;

 private:
  Eigen::MatrixXd features_, inverse_;
  Eigen::VectorXd weights_;
  double scale_ = 1;
};

// Kendall's tau of two lists: (concordant - discordant pairs) / pairs; nan for fewer than two.
double kendall_tau(std::span<const double> a, std::span<const double> b);

}  // namespace lehr::diffusion
