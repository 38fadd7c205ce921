// A decision per step (Liu et al., "A unified sampling framework for solver searching of diffusion probabilistic models", 2024): every step
// of a solver says what it predicts, from where, to which order, from which points its derivatives are estimated, how the first one is
// scaled, and whether a corrector runs. With lambda = log(a / s) and h = lambda_t - lambda_s from the start point s to t,
//
//   noise:  x_t = (a_t / a_s) x_s - s_t sum_{k<n} h^{k+1} phi_{k+1}(h) eps^(k)(lambda_s)
//   data:   x_t = (s_t / s_s) x_s + a_t sum_{k<n} h^{k+1} phi_{k+1}(-h) x0^(k)(lambda_s)
//   phi_1(z) = (e^z - 1) / z,  phi_{k+1}(z) = (phi_k(z) - 1/k!) / z
//
// The k-th derivative from points j is sum_j c_j (F_j - F_s), sum_j c_j (lambda_j - lambda_s)^i / i! = 1{i = k} for i = 1 .. #points. The first
// derivative is multiplied by a factor 1 + O(h) (`scaling`). A corrector repeats the step with one order more, every
// derivative from the points of the highest one and the new point, and scales none where it has several: `pseudo` with the evaluation at the predicted state, which stays the stored one, `implicit` with one more
// evaluation at the corrected state afterwards. A schedule is a value with a JSON form:
//
//   {"timesteps": [t_0 .. t_n], "steps": [{"prediction": "noise" | "data", "start": -1, "order": 1..4, "derivative_points": [[-2], [-2, -3]],
//     "scaling": {"type": "linear", "kappa": 0.04}, "corrector": "none" | "pseudo" | "implicit"}, ...], "nfe": n, "provenance": {...}}
//
// Points count back from the newest node, -1. "corrector": true means pseudo; "scale_linear": kappa means linear scaling.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/diffusion/plan.hpp"

namespace lehr::diffusion {

enum class Scaling { none, dpm, bh1, plus_exp, minus_exp, linear };
enum class Corrector { none, pseudo, implicit };

struct SolverStep {
  bool data = false;  // what the polynomial predicts: the clean state, else the noise
  int start = -1;     // node from which the step is taken
  int order = 1;      // 1 .. 4
  std::vector<std::vector<int>> derivative_points = {};  // of the 1st, 2nd, ... derivative; order - 1 lists
  Scaling scaling = Scaling::none;
  double kappa = 0;
  Corrector corrector = Corrector::none;
};

struct SolverSchedule {
  std::vector<double> times;      // n + 1, falling
  std::vector<SolverStep> steps;  // n
  Json provenance = {};

  std::int64_t evaluations() const;
};

// Throws InvalidInput, naming the step: orders that need more nodes than there are, points that are the start or not there yet, times that
// do not fall, a declared nfe that is not the schedule's.
void check_schedule(const SolverSchedule& schedule, const Process& process);
SolverSchedule schedule_from_json(const Json& value, std::string_view where);
SolverSchedule read_solver_schedule(const std::filesystem::path& path);
Json schedule_json(const SolverSchedule& schedule);

Plan usf_plan(const Process& process, const SolverSchedule& schedule);

// Published solvers as schedules: ddim, dpm_solver (noise), dpm_solver_pp_2m, dpm_solver_pp_3m, taylor_data, taylor_noise, unipc,
// dpm_solver_singlestep. `order` 1 .. 3 where the solver has one; `lower_order_final`: order at most the number of steps left.
struct PresetOptions {
  std::string name = "dpm_solver_pp_2m";
  int order = 2;
  bool data = true;
  Scaling scaling = Scaling::dpm;
  bool corrector = false;
  bool lower_order_final = true;
};
SolverSchedule preset_schedule(const PresetOptions& options, const std::vector<double>& times);
// The options of a preset's name; throws InvalidInput with the nearest known one.
PresetOptions preset_named(std::string_view name);
const std::vector<std::string>& preset_names();

// phi_k(z) for k = 1 .. count, by a series where |z| < 1, so without cancellation.
std::vector<double> phi_functions(double z, int count);

}  // namespace lehr::diffusion
