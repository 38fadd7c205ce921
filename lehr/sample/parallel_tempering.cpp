#include "lehr/sample/parallel_tempering.hpp"

#include <cmath>

namespace lehr::sample {

void LadderOptions::describe(OptionTable& table) {
  table
      .add("temperatures", temperatures,
           "copies of each chain at inverse temperatures up to 1, which swap places (parallel tempering); 1: "
           "none")
      .range(1, 1000);
  table.add("hottest", hottest, "the lowest inverse temperature").above(0).below(1);
  table.add("sweeps", sweeps, "transitions of every copy between two swaps").range(1, 1e6);
}

LogDensity tempered(const LogDensity& target, double beta) {
  LogDensity density;
  density.dimension = target.dimension;
  density.value = [&target, beta](const Eigen::VectorXd& x) { return beta * target.value(x); };
  if (target.with_gradient)
    density.with_gradient = [&target, beta](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
      const double value = target.with_gradient(x, gradient);
      gradient *= beta;
      return beta * value;
    };
  return density;
}

void retemper(ChainPoint& point, double from, double to) {
  if (from == to) return;
  point.log_density *= to / from;
  point.gradient *= to / from;
}

std::vector<double> geometric_ladder(std::int64_t count, double hottest) {
  std::vector<double> betas;
  for (std::int64_t t = 0; t < count; ++t)
    betas.push_back(std::pow(hottest, 1 - static_cast<double>(t) / static_cast<double>(count - 1)));
  betas.back() = 1;
  return betas;
}

}  // namespace lehr::sample
