#include "lehr/stats/rashomon/logistic_regression.hpp"

#include <cmath>

#include "lehr/optimize/lbfgs.hpp"

namespace lehr::stats {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

// ln sum exp of each row, and the rows as probabilities.
VectorXd to_probabilities(MatrixXd& scores) {
  const VectorXd highest = scores.rowwise().maxCoeff();
  scores = (scores.colwise() - highest).array().exp();
  const VectorXd sums = scores.rowwise().sum();
  scores = scores.array().colwise() / sums.array();
  return highest.array() + sums.array().log();
}

// The penalised loss and its gradient at weights (p + 1) x outputs, stacked.
class LogisticLoss {
 public:
  LogisticLoss(const MatrixXd& design, const std::vector<int>& labels, Index outputs, double C)
      : design_(design), labels_(labels), outputs_(outputs), C_(C) {}

  double operator()(const VectorXd& stacked, VectorXd& gradient) const {
    const Index p = design_.cols();
    const Eigen::Map<const MatrixXd> weights(stacked.data(), p + 1, outputs_);
    MatrixXd scores = design_ * weights.topRows(p);
    scores.rowwise() += weights.row(p);
    const double loss = outputs_ == 1 ? binary(scores) : softmax(scores);
    Eigen::Map<MatrixXd> slope(gradient.data(), p + 1, outputs_);
    slope.topRows(p).noalias() = C_ * design_.transpose() * scores;
    slope.topRows(p) += weights.topRows(p);
    slope.row(p) = C_ * scores.colwise().sum();
    return C_ * loss + 0.5 * weights.topRows(p).squaredNorm();
  }

 private:
  // Turns scores into residuals p - y; returns the sum of the losses.
  double binary(MatrixXd& scores) const {
    double loss = 0;
    for (Index i = 0; i < scores.rows(); ++i) {
      const double y = labels_[static_cast<std::size_t>(i)] == 1 ? 1 : 0, z = scores(i, 0);
      loss += std::max(z, 0.0) - y * z + std::log1p(std::exp(-std::abs(z)));
      scores(i, 0) = 1 / (1 + std::exp(-z)) - y;
    }
    return loss;
  }
  double softmax(MatrixXd& scores) const {
    double loss = 0;
    for (Index i = 0; i < scores.rows(); ++i) loss -= scores(i, labels_[static_cast<std::size_t>(i)]);
    loss += to_probabilities(scores).sum();
    for (Index i = 0; i < scores.rows(); ++i) scores(i, labels_[static_cast<std::size_t>(i)]) -= 1;
    return loss;
  }

  const MatrixXd& design_;
  const std::vector<int>& labels_;
  Index outputs_;
  double C_;
};

}  // namespace

MatrixXd fit_logistic(const LabelledTable& training, const LogisticOptions& options) {
  const Standardisation standardise(training.values);
  const MatrixXd design = standardise(training.values);
  const Index p = design.cols(),
              outputs = training.classes.size() == 2 ? 1 : static_cast<Index>(training.classes.size());
  const LogisticLoss loss(design, training.labels, outputs, options.C);
  const auto result = optimize::lbfgs([&](const VectorXd& w, VectorXd& g) { return loss(w, g); },
                                      VectorXd::Zero((p + 1) * outputs), {},
                                      {.memory = 10,
                                       .iterations = options.iterations,
                                       .gradient_tolerance = 1e-4 * options.C,
                                       .decrease_tolerance = 1e-9});
  MatrixXd weights = Eigen::Map<const MatrixXd>(result.point.data(), p + 1, outputs);
  weights.topRows(p) = weights.topRows(p).array().colwise() / standardise.scale.transpose().array();
  weights.row(p) -= standardise.mean * weights.topRows(p);
  return weights;
}

Classifier logistic_regression(const LogisticOptions& options) {
  return {
      .name = "logistic regression", .fit = [options](const LabelledTable& training, Seed) -> Predictor {
        return [weights = fit_logistic(training, options)](const MatrixXd& values) {
          const Index p = values.cols();
          MatrixXd scores = values * weights.topRows(p);
          scores.rowwise() += weights.row(p);
          std::vector<int> labels;
          for (Index row = 0; row < scores.rows(); ++row) {
            Index highest = 0;
            if (scores.cols() > 1) scores.row(row).maxCoeff(&highest);
            labels.push_back(scores.cols() > 1 ? static_cast<int>(highest) : (scores(row, 0) > 0 ? 1 : 0));
          }
          return labels;
        };
      }};
}

}  // namespace lehr::stats
