// What a learner is: a name and a function from labelled records to a predictor of labels.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/rashomon/labelled_table.hpp"

namespace lehr::stats {

// The label of each row of `values` (records x features, the features of the training table).
using Predictor = std::function<std::vector<int>(const Eigen::MatrixXd& values)>;

struct Classifier {
  std::string name;
  std::function<Predictor(const LabelledTable& training, Seed seed)> fit;
};

// Mean and standard deviation of each feature, and what makes both 0 and 1. A constant feature becomes 0.
struct Standardisation {
  Eigen::RowVectorXd mean, scale;

  explicit Standardisation(const Eigen::MatrixXd& values)
      : mean(values.colwise().mean()),
        scale(((values.rowwise() - mean).array().square().colwise().mean()).sqrt()) {
    for (double& s : scale)
      if (!(s > 0)) s = 1;
  }
  Eigen::MatrixXd operator()(const Eigen::MatrixXd& values) const {
    return (values.rowwise() - mean).array().rowwise() / scale.array();
  }
};

}  // namespace lehr::stats
