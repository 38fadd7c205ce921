// Softmax with cross-entropy, and how often the largest output is the right class.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <span>

namespace lehr::spin {

// The sum over the examples of -ln softmax(outputs)[label]; `outputs` (classes x examples) becomes its
// gradient, softmax - one-hot.
inline double softmax_loss(Eigen::MatrixXf& outputs, std::span<const std::int32_t> labels) {
  double loss = 0;
  for (Eigen::Index k = 0; k < outputs.cols(); ++k) {
    auto column = outputs.col(k);
    const Eigen::Index label = labels[static_cast<std::size_t>(k)];
    column.array() -= column.maxCoeff();
    const float chosen = column(label);
    column = column.array().exp();
    const float total = column.sum();
    loss += std::log(static_cast<double>(total)) - static_cast<double>(chosen);
    column /= total;
    column(label) -= 1;
  }
  return loss;
}

// The share of columns whose largest entry is the label's.
inline double share_correct(const Eigen::MatrixXf& outputs, std::span<const std::int32_t> labels) {
  Eigen::Index correct = 0;
  for (Eigen::Index k = 0; k < outputs.cols(); ++k) {
    Eigen::Index best = 0;
    outputs.col(k).maxCoeff(&best);
    if (best == labels[static_cast<std::size_t>(k)]) ++correct;
  }
  return outputs.cols() > 0 ? static_cast<double>(correct) / static_cast<double>(outputs.cols()) : 0;
}

}  // namespace lehr::spin
