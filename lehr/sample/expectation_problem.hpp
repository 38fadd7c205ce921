// Many expectations from one sample: I_j = E_{f_j} phi_j(X) for j = 1 .. J, where each phi_j is an output of
// one model and each f_j one of L laws.
//
// Points are drawn and weighted in a sampling space: the inputs' own (physical) space, or the standard normal
// space of a Law, where every proposal's tails are comparable and bounded inputs have no edges. A problem
// hides which.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lehr/sample/density.hpp"
#include "lehr/sample/forward_model.hpp"
#include "lehr/sample/law.hpp"

namespace lehr::sample {

struct Expectation {
  std::string name;
  Index output = 0;  // row of what `evaluate` returns
  Index law = 0;
};

struct ExpectationProblem {
  Index dimension = 0;        // of the sampling space
  std::vector<Density> laws;  // f_1 .. f_L there
  std::optional<Density>
      start;  // h_0, from which the first batch is drawn; nothing: the uniform mixture of the laws
  std::vector<Expectation> expectations;

  std::vector<std::string> output_names;
  // d x n points of the sampling space -> m x n finite outputs. Throws NumericalFailure for an output that is
  // not finite.
  std::function<Eigen::MatrixXd(const Points& points)> evaluate;
  std::int64_t calls_per_point = 1;  // of the user's model

  std::vector<std::string> point_names;  // of the physical coordinates
  std::function<Eigen::MatrixXd(const Points& points)> to_physical;
  // ln |ds / dx|: what turns a log-density in sampling space into one of the physical point. Nothing where
  // the laws have no density.
  std::function<Eigen::VectorXd(const Points& points)> log_jacobian;

  // n x L: column l is ln f_l.
  Eigen::MatrixXd log_laws(const Points& points) const;
  Eigen::VectorXd log_start(const Points& points, const Eigen::MatrixXd& log_laws) const;
  Eigen::MatrixXd sample_start(const Stream& stream, Index count) const;
  std::vector<std::string> names() const;
};

enum class Space { standard, physical };

// Every output of the model under one law: J = m. In standard space the law needs no density.
ExpectationProblem expectations_under(const ForwardModel& model, const Law& law,
                                      Space space = Space::standard);

// Every output under every law: J = m L, expectation "y_3" being output y under the third. In physical space;
// all laws have the model's dimension. For one law in `laws` the names are the outputs'.
ExpectationProblem expectations_under(const ForwardModel& model, const std::vector<Density>& laws);
ExpectationProblem expectations_under(const ForwardModel& model, const std::vector<Law>& laws);

// A density of physical points as one of the law's standard points. The law must be positive where `physical`
// is.
Density in_standard_space(const Law& law, const Density& physical);

}  // namespace lehr::sample
