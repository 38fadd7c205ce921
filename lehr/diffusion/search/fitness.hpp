// What a search of grids and solver schedules minimises: the distance of a plan's samples, from the same starting noise for every
// candidate, to a fine solve from these starts (no sampling noise), or to true samples.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "lehr/diffusion/plan.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/residual_network.hpp"

namespace lehr::diffusion {

enum class Metric { rms, frechet, energy, sliced };
const std::vector<std::string>& metric_names();
Metric metric_named(std::string_view name);  // throws InvalidInput

class Fitness {
 public:
  struct Options {
    Metric metric = Metric::rms;
    Eigen::Index points = 400;
    std::int64_t fine_steps = 1500;  // of rk4 on the grid rho(7): the reference of rms
    Features features = {};          // of the Frechet distance; empty: the points themselves
  };
  // `reference`: true samples, d x m, for the distances between samples. The model and the process must outlive this.
  Fitness(const ScoreModel& model, const Process& process, const Options& options,
          const Eigen::MatrixXd& reference, Seed noise);

  // Infinity where the samples are not finite.
  double operator()(const Plan& plan) const;
  std::int64_t points() const { return starts_.cols(); }

 private:
  const ScoreModel& model_;
  const Process& process_;
  Options options_;
  Seed noise_;
  Eigen::MatrixXd starts_, ends_, reference_;
  Moments moments_;
};

}  // namespace lehr::diffusion
