// A Bayesian model from a file: data, parameters with priors, quantities defined from them, and what the data follow. It
// gives a log density with gradient on R^d, for Markov chains (mcmc.hpp), particles and whoever else needs one.
//
//   [data]                                    vectors and numbers; file = "table.csv" adds its columns (text: levels 1, 2, ...)
//   y = [28, 8, -3]
//   sigma = [15, 10, 16]
//   [parameters]                              a prior, or a table: prior, size (a number, or a data column: its levels),
//   mu = "normal(0, 5)"                       lower, upper, start
//   tau = "half_cauchy(5)"
//   eta = { prior = "normal(0, 1)", size = 3 }
//   [define]                                  in order; reported beside the parameters
//   theta = "mu + tau * eta"
//   [model]
//   y = "normal(theta, sigma)"
//
// `log_density = "..."` on the first level adds a formula's sum. Bounds, given or those of the prior's support, become
// transforms of unbounded coordinates u, whose log Jacobian the density takes along:
//   x = lower + e^u,   x = upper - e^u,   x = lower + (upper - lower) / (1 + e^-u)
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/sample/log_density.hpp"

namespace lehr::sample {

class Model {
 public:
  // `where` starts the messages; relative paths start from `base`. Throws InvalidInput.
  Model(const Json& description, std::string_view where, const std::filesystem::path& base = {});

  Eigen::Index dimension() const;
  // Of the unbounded coordinates. Refers to nothing of this object: it may outlive it.
  LogDensity log_density() const;
  // The unbounded coordinates to start from.
  Eigen::VectorXd start() const;

  // What is reported of a point u: the elements of the parameters ("tau", "eta[1]", ...), then those of the definitions.
  const std::vector<std::string>& names() const;
  Eigen::VectorXd values(const Eigen::VectorXd& u) const;
  // How many of the names are parameters.
  Eigen::Index parameters() const;

 private:
  struct Content;
  class Builder;
  std::shared_ptr<const Content> content_;
};

}  // namespace lehr::sample
