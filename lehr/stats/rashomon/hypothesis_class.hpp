// A class of models as multilevel splitting sees it: points with a prior, a loss and moves. Any class of one's own is three
// functions; linear classifiers come ready, trees have a splitting of their own (tree_splitting.hpp).
#pragma once

#include <Eigen/Core>
#include <functional>

#include "lehr/core/random.hpp"
#include "lehr/stats/rashomon/linear_class.hpp"

namespace lehr::stats {

// A class of models with numbers as parameters. The functions are called from several threads at once.
struct HypothesisClass {
  using Point = Eigen::Ref<Eigen::VectorXd>;
  using ConstPoint = Eigen::Ref<const Eigen::VectorXd>;

  Eigen::Index dimension = 0;
  std::function<void(Point point, Stream& random)> draw;  // from the prior
  std::function<double(ConstPoint point)> loss;
  // A proposal that is reversible under the prior; `step` in (0, 1]: 1 is the boldest.
  std::function<void(ConstPoint from, double step, Point to, Stream& random)> propose;
};

// Prior uniform on the cube [0, 1)^dimension. A proposal moves one coordinate, and each other one with probability
// `step`, by a uniform amount of up to 10^-u, u uniform in [0, 4), with mirrors at 0 and 1.
HypothesisClass cube_class(Eigen::Index dimension, std::function<double(HypothesisClass::ConstPoint)> loss);
// Prior standard normal; a proposal rotates towards a fresh draw, cos(s) x + sin(s) z with s = step pi / 2.
HypothesisClass gaussian_class(Eigen::Index dimension,
                               std::function<double(HypothesisClass::ConstPoint)> loss);

// Linear classifiers by their direction, which a normal vector gives. `linear` must outlive the class.
HypothesisClass linear_hypotheses(const LinearClass& linear);

}  // namespace lehr::stats
