// Logistic regression with an L2 penalty, softmax for more than two classes, on standardised features:
//
//   minimise  |W|^2 / 2 - C sum_i ln p(y_i | x_i),   p(c | x) proportional to exp(w_c . x + b_c)
//
// (two classes: one weight vector), intercepts not penalised, by L-BFGS.
#pragma once

#include "lehr/core/options.hpp"
#include "lehr/stats/rashomon/classifier.hpp"

namespace lehr::stats {

struct LogisticOptions {
  double C = 1;
  int iterations = 200;

  void describe(OptionTable& table) {
    table.add("C", C, "weight of the data against the penalty").above(0);
    table.add("iterations", iterations, "of L-BFGS, at most").range(1, 1e5);
  }
};

// (features + 1) x outputs in the units of the table, the intercept last; one output for two classes.
Eigen::MatrixXd fit_logistic(const LabelledTable& training, const LogisticOptions& options = {});
Classifier logistic_regression(const LogisticOptions& options = {});

}  // namespace lehr::stats
