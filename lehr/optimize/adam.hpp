// Adam, a first-order step scaled by running averages of the gradient and of its square:
//
//   m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2
//   x <- x - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
//
// All elementwise; t counts the steps since the averages began, 1 at the first. Cost: a few passes over the parameters.
// Source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
#pragma once

#include <Eigen/Core>
#include <cmath>
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
    auto& [mean, square, count] = averages;
    const auto t = static_cast<double>(++count);
    mean = keep_mean * mean + (1 - keep_mean) * gradient;
    square = keep_square * square + (1 - keep_square) * gradient.cwiseAbs2();
    const double mean_share = 1 - std::pow(keep_mean, t), square_share = 1 - std::pow(keep_square, t);
    parameters.array() -=
        rate / mean_share * mean.array() / ((square.array() / square_share).sqrt() + epsilon);
  }
};

}  // namespace lehr::optimize
