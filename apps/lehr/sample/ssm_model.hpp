// State-space models in TOML files, and their observations in CSV files or simulated.
//
//   kind = "linear_gaussian"                 kind = "hmm"                          kind = "stochastic_volatility"
//   transition = [[0.9]]                     initial = [0.5, 0.5]                  mean = -0.5
//   transition_covariance = [[1]]            transition = [[0.9, 0.1], ...]        persistence = 0.95
//   observation = [[1]]                      emission = [[0.8, 0.2], ...]          deviation = 0.2
//   observation_covariance = [[0.09]]        # or means and deviations, for normal observations
//   initial_mean, initial_covariance         # default: the stationary law
//   observations = ["y"]                     # columns of the data; default: all of them
//
// A matrix of one entry may be a number, a vector of one entry too. Every error starts with the file and the line.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/sample/discrete_hmm.hpp"
#include "lehr/sample/linear_gaussian.hpp"
#include "lehr/sample/stochastic_volatility.hpp"

namespace lehr::command {

struct SsmModel {
  std::string kind;
  std::vector<std::string> columns;  // empty: all
  std::variant<sample::LinearGaussian, sample::DiscreteHmm, sample::StochasticVolatility> model;

  // Observations of a step.
  std::int64_t width() const;
  // What the filter's means are of: "x", "x1", "P(state 1)", "h".
  std::vector<std::string> quantities() const;
};

SsmModel read_ssm_model(const std::filesystem::path& path);

// A row for each observation, a column for each step; nan where a cell is empty.
Eigen::MatrixXd read_observations(const SsmModel& model, const std::filesystem::path& path);
Eigen::MatrixXd simulate_observations(const SsmModel& model, std::int64_t length, Stream& random);

}  // namespace lehr::command
