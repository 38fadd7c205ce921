// A density on R^d known up to a constant factor: what Markov chains and annealed particles are drawn from.
#pragma once

#include <Eigen/Core>
#include <functional>

namespace lehr::sample {

struct LogDensity {
  Eigen::Index dimension = 0;
  // log p(x) + a constant, x of length `dimension`; -infinity outside the support. Called from several threads at once.
  std::function<double(const Eigen::VectorXd& x)> value;
  // The same, and its gradient; empty where there is none. `gradient` has the right size already.
  std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)> with_gradient;
};

// Where a chain is. `gradient` belongs to x where the kernel needs gradients, else it is empty.
struct ChainPoint {
  Eigen::VectorXd x;
  double log_density = 0;
  Eigen::VectorXd gradient;

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".x", x);
    visit(name + ".log_density", log_density);
    visit(name + ".gradient", gradient);
  }
};

// What one transition of a chain did.
struct Transition {
  double acceptance = 1;         // probability with which the proposal was accepted
  bool diverged = false;         // the energy error of a trajectory exceeded 1000
  std::int64_t evaluations = 0;  // of the density
};

}  // namespace lehr::sample
