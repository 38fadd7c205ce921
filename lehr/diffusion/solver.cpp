#include "lehr/diffusion/solver.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/deis.hpp"

namespace lehr::diffusion {
namespace {

bool is_tableau(const std::string& name) {
  return std::ranges::find(runge_kutta_names(), name) != runge_kutta_names().end();
}
bool is_preset(const std::string& name) {
  return std::ranges::find(preset_names(), name) != preset_names().end();
}

int order_of(const SolverOptions& options, std::int64_t steps) {
  return static_cast<int>(options.order.value_or(default_order(steps)));
}

}  // namespace

std::vector<std::string> solver_names() {
  std::vector<std::string> names = {
      "deis_tab",       "deis_rho_ab", "deis_rho_rk",       "ipndm", "ddim", "euler_pf", "exponential_score",
      "euler_maruyama", "ancestral",   "reverse_diffusion", "kar1",  "kar2"};
  names.insert(names.end(), runge_kutta_names().begin(), runge_kutta_names().end());
  names.insert(names.end(), preset_names().begin(), preset_names().end());
  return names;
}

std::vector<std::string> sampler_names() {
  std::vector<std::string> names = solver_names();
  names.insert(names.end(), steered_names().begin(), steered_names().end());
  return names;
}

std::int64_t grid_steps(const SolverOptions& options) {
  const std::vector<std::string> names = sampler_names();
  if (std::ranges::find(names, options.solver) == names.end())
    throw InvalidInput("solver: unknown {}{}", quote(options.solver), hint(options.solver, names));
  if (options.nfe < 1) throw InvalidInput("solver: {} evaluations; at least 1 is needed", options.nfe);
  int stages = 1;
  if (options.solver == "deis_rho_rk") stages = runge_kutta_stages(options.tableau);
  if (is_tableau(options.solver)) stages = runge_kutta_stages(options.solver);
  if (options.solver == "langevin_pc") stages = static_cast<int>(1 + options.corrector.corrector_moves);
  if (options.solver == "kar1" || options.solver == "kar2") return std::max<std::int64_t>(1, options.nfe / 2);
  return std::max<std::int64_t>(1, options.nfe / stages);
}

Plan solver_plan(const SolverOptions& options, const Process& process, const std::vector<double>& times) {
  const std::string& name = options.solver;
  const auto steps = static_cast<std::int64_t>(times.size()) - 1;
  const int order = order_of(options, steps);
  if (name == "deis_tab" || name == "deis_rho_ab")
    return deis_plan(process, times,
                     {.order = order,
                      .basis = name == "deis_tab" ? Basis::time : Basis::rho,
                      .runge_kutta_start = options.runge_kutta_start});
  if (name == "deis_rho_rk") return rho_runge_kutta_plan(process, times, options.tableau);
  if (is_tableau(name)) return rho_runge_kutta_plan(process, times, name);
  if (name == "ipndm") return ipndm_plan(process, times, static_cast<int>(options.order.value_or(3)));
  if (name == "ddim") return ddim_plan(process, times, options.eta);
  if (name == "euler_pf") return euler_pf_plan(process, times);
  if (name == "exponential_score") return exponential_score_plan(process, times);
  if (name == "euler_maruyama") return euler_maruyama_plan(process, times);
  if (name == "ancestral") return ancestral_plan(process, times);
  if (name == "reverse_diffusion") return reverse_diffusion_plan(process, times);
  if (name == "kar1") return karras_plan(process, times, true);
  if (name == "kar2") return karras_plan(process, times, true, options.churn);
  if (is_preset(name)) {
    PresetOptions preset = preset_named(name);
    if (options.order) preset.order = static_cast<int>(*options.order);
    return usf_plan(process, preset_schedule(preset, times));
  }
  throw InvalidInput("solver: unknown {}{}", quote(name), hint(name, solver_names()));
}

SampleChunks::SampleChunks(Plan plan, const ScoreModel& model, const Process& process, Eigen::Index count,
                           Eigen::MatrixXd starts)
    : SampleChunks(Walk(), model, process, count, std::move(starts)) {
  plan_ = std::move(plan);
  check_plan(plan_);
  std::int64_t evaluations = 0;
  for (const PlanNode& node : plan_.nodes) {
    if (node.evaluated) evaluations += model.cost;
    if (node.ends_step)
      rows_.push_back({.step = node.step, .order = node.order, .t = node.t, .evaluations = evaluations});
  }
}

SampleChunks::SampleChunks(Walk walk, const ScoreModel& model, const Process& process, Eigen::Index count,
                           Eigen::MatrixXd starts)
    : walk_(std::move(walk)),
      model_(model),
      process_(process),
      count_(starts.size() > 0 ? starts.cols() : count),
      starts_(std::move(starts)) {
  check_points();
}

void SampleChunks::check_points() const {
  if (count_ < 1) throw InvalidInput("sample: {} points", count_);
  if (starts_.size() > 0 && starts_.rows() != model_.dimension)
    throw InvalidInput("sample: the model has {} dimensions, the starts {}", model_.dimension,
                       starts_.rows());
}

SampleChunks::State SampleChunks::start(const Moment&) const {
  return {Eigen::MatrixXd::Zero(model_.dimension, count_), 0,
          Eigen::MatrixXd::Zero(3, static_cast<Eigen::Index>(rows_.size()))};
}

void SampleChunks::advance(State& state, const Moment& now) const {
  const Eigen::Index first = state.done, size = std::min(chunk, count_ - first);
  if (walk_) {
    const Eigen::MatrixXd from = starts_.size() > 0
                                     ? Eigen::MatrixXd(starts_.middleCols(first, size))
                                     : prior_points(process_, model_.dimension, size, now.seed, first);
    SteeredCounts counts = this->counts(state);
    const std::int64_t before = counts.calls;
    counts.add(walk_(from, now.seed, first, state.points.middleCols(first, size)));
    state.calls = counts.calls, state.least = counts.least, state.most = counts.most;
    state.walked = counts.steps, state.rejected = counts.rejected;
    state.done += size;
    return now.spend(counts.calls - before);
  }
  std::vector<StepTrace> trace;
  const FollowOptions options{now.seed, first, &trace};
  if (starts_.size() > 0)
    state.points.middleCols(first, size) =
        follow(plan_, model_, process_, starts_.middleCols(first, size), options);
  else
    follow_from_prior(plan_, model_, process_, options, state.points.middleCols(first, size));
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const auto numbers = static_cast<double>(size * model_.dimension);
    state.sums.col(static_cast<Eigen::Index>(i)) +=
        numbers * Eigen::Vector3d(trace[i].state * trace[i].state, trace[i].noise * trace[i].noise,
                                  trace[i].error * trace[i].error);
  }
  state.done += size;
  now.spend(size * plan_.evaluations() * model_.cost);
}

std::vector<StepTrace> SampleChunks::trace(const State& state) const {
  std::vector<StepTrace> trace = rows_;
  const double numbers = static_cast<double>(state.done) * static_cast<double>(state.points.rows());
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const Eigen::Vector3d roots = (state.sums.col(static_cast<Eigen::Index>(i)) / numbers).cwiseSqrt();
    trace[i].state = roots[0], trace[i].noise = roots[1], trace[i].error = roots[2];
  }
  return trace;
}

}  // namespace lehr::diffusion
