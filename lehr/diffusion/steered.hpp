// Solvers whose steps depend on the points that they move, so that they are no plan (plan.hpp). Both work in sigma coordinates, on
// any process, from T to t0:
//
//   ode45         Dormand and Prince's pair on the probability flow dy / dlog sigma = sigma eps, its steps by tolerance (in y = x / a)
//   langevin_pc   reverse diffusion with a Langevin corrector, on the times of a grid
//
// Points go in blocks of the model's size; those of a block share the steps of ode45, and the norms that langevin_pc averages. Blocks do
// not know of each other, so results do not depend on threads.
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "lehr/diffusion/dormand_prince.hpp"
#include "lehr/diffusion/langevin_pc.hpp"
#include "lehr/diffusion/score_model.hpp"

namespace lehr::diffusion {

const std::vector<std::string>& steered_names();

// Of all blocks: `calls` is summed over points, what a block of one point would have counted.
struct SteeredCounts {
  std::int64_t calls = 0, least = 0, most = 0;  // least and most: calls of a point
  std::int64_t steps = 0, rejected = 0;         // summed over blocks

  void add(const SteeredCounts& other);
};

class SteeredSolver {
 public:
  // `times`: of langevin_pc, falling. The references must outlive this. Throws InvalidInput for an unknown name or options out of range.
  SteeredSolver(std::string name, const ScoreModel& model, const Process& process, std::vector<double> times,
                AdaptiveSteps steps = {}, LangevinPcOptions corrector = {});

  // Starts at T (d x n) to ends at t0. Random numbers belong to (seed, first_column + i). Throws NumericalFailure that names step and column
  // where the model's answer is not finite.
  SteeredCounts run(const Eigen::Ref<const Eigen::MatrixXd>& starts, Seed seed, std::int64_t first_column,
                    Eigen::Ref<Eigen::MatrixXd> ends) const;

 private:
  SteeredCounts run_block(Lanes& y, Seed seed, std::int64_t first_column) const;

  std::string name_;
  const ScoreModel& model_;
  const Process& process_;
  std::vector<double> sigmas_;
  AdaptiveSteps steps_;
  LangevinPcOptions corrector_;
  ScoreModel exploding_;  // the model in sigma coordinates
};

}  // namespace lehr::diffusion
