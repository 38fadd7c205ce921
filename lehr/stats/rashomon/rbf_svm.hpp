// Support vector machine with the Gaussian kernel K(x, z) = exp(-gamma |x - z|^2) on standardised features:
//
//   minimise  a'Q a / 2 - sum a,  0 <= a <= C,  y'a = 0,   Q_ij = y_i y_j K(x_i, x_j)
//
// by sequential minimal optimisation with second-order choice of the pair, until the violation of optimality is below
// `tolerance`; one against one and votes for more than two classes. Kernel rows are kept in a bounded memory. Source:
// R.-E. Fan, P.-H. Chen and C.-J. Lin, "Working set selection using second order information for training support vector
// machines", JMLR 6, 2005. Cost O(n p) per kernel row, O(n) per step.
#pragma once

#include "lehr/core/options.hpp"
#include "lehr/stats/rashomon/classifier.hpp"

namespace lehr::stats {

struct SvmOptions {
  double C = 1;
  double gamma = 0;
  double tolerance = 1e-3;
  double memory = 200;

  void describe(OptionTable& table) {
    table.add("C", C, "price of a record on the wrong side").above(0);
    table.add("gamma", gamma, "of the kernel, on standardised features; 0: 1 / features").at_least(0);
    table.add("tolerance", tolerance, "violation of optimality at which training ends").above(0);
    table.add("memory", memory, "for kernel rows of one machine").unit("MiB").range(1, 1e6);
  }
};

Classifier rbf_svm(const SvmOptions& options = {});

}  // namespace lehr::stats
