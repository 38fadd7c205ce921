// Adam, a first-order step scaled by running averages of the gradient and of its square:
//
//   m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2
//   x <- x - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
//
// All elementwise; t counts the steps since the averages began, 1 at the first. One pass in SIMD, with the same bits on every
// instruction set.
// Source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
#pragma once

#include <Eigen/Core>
#include <cstdint>

namespace lehr::optimize {

struct Adam {
  double keep_mean = 0.9, keep_square = 0.999;  // b1, b2 in [0, 1)
  double epsilon = 1e-8;                        // > 0

  // What it remembers of one block of parameters: plain data, so that a state can hold and save it.
  struct Averages {
    Eigen::VectorXd mean, square;
    std::int64_t count = 0;  // t of the last step

    explicit Averages(Eigen::Index size = 0)
        : mean(Eigen::VectorXd::Zero(size)), square(Eigen::VectorXd::Zero(size)) {}
  };

  // One step at this rate against a gradient of the parameters' size.
  void step(Averages& averages, Eigen::Ref<Eigen::VectorXd> parameters,
            const Eigen::Ref<const Eigen::VectorXd>& gradient, double rate) const {
    step(gradient.data(), gradient.size(), rate, ++averages.count, averages.mean.data(),
         averages.square.data(), parameters.data());
  }
  // The same on arrays of n numbers; `count` is t.
  void step(const double* gradient, std::int64_t n, double rate, std::int64_t count, double* mean,
            double* square, double* parameters) const;
};

}  // namespace lehr::optimize
