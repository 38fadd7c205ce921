// The bodies of population_annealing.hpp, for models of one's own.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/genealogy.hpp"
#include "lehr/sample/resampling.hpp"
#include "lehr/spin/beta_range.hpp"
#include "lehr/spin/population_annealing.hpp"

namespace lehr::spin {

namespace population {

void check(const PopulationAnnealingOptions& options, Index size);
// Where the run ends; `range` is null for models without a default one.
double last_beta(const PopulationAnnealingOptions& options, const BetaRange* range);
// What proposes temperatures: the options' rule, or ess_tempering up to beta_max.
Knob knob(const PopulationAnnealingOptions& options, double beta_max);
// The largest step <= `limit` at which the overlap of the energy histograms is `target` or more.
double overlap_step(std::span<const double> energies, double target, double limit);
// w_j / max w, and ln of the mean of the w_j = e^{-step E_j}.
double weigh(std::span<const double> energies, double step, std::vector<double>& weights);

inline constexpr std::size_t numbers_per_step = 9;

}  // namespace population

template <class M>
PopulationAnnealing<M>::PopulationAnnealing(const M& model, PopulationAnnealingOptions options)
    : model_(&model), options_(std::move(options)), rule_(rule_named(options_.rule)) {
  population::check(options_, size());
  if constexpr (requires { default_beta_range(model); }) {
    const BetaRange range = default_beta_range(model);
    beta_max_ = population::last_beta(options_, &range);
  } else {
    beta_max_ = population::last_beta(options_, nullptr);
  }
}

template <class M>
typename PopulationAnnealing<M>::State PopulationAnnealing<M>::start(const Moment& now) const {
  State state{.copies = Copies(*model_, options_.population, Temperatures::one, now),
              .energies = {},
              .family = {},
              .beta = {},
              .best = {},
              .steps = {}};
  state.energies = state.copies.energies();
  state.beta = population::knob(options_, beta_max_);
  state.best = BestStates(1, size());
  state.family.resize(static_cast<std::size_t>(options_.population));
  std::iota(state.family.begin(), state.family.end(), std::int64_t{0});
  note_step(state, 0, size() * std::numbers::ln2, 1);
  return state;
}

template <class M>
void PopulationAnnealing<M>::advance(State& state, const Moment& now) const {
  const double before = state.steps.back().beta;
  const double beta = next_beta(state, now);
  const double log_q = resample(state, beta - before, now);
  const double acceptance = sweep(state, beta, now);
  note_step(state, beta, state.steps.back().log_z + log_q, acceptance);
  now.spend(options_.population * options_.sweeps);
}

template <class M>
double PopulationAnnealing<M>::next_beta(State& state, const Moment& now) const {
  const double beta = state.steps.back().beta;
  if (options_.overlap > 0)
    return std::min(beta_max_,
                    beta + population::overlap_step(state.energies, options_.overlap, beta_max_ - beta));
  if (!std::holds_alternative<Schedule>(state.beta.rule())) {
    std::vector<double> log_likelihoods(state.energies.size());
    std::ranges::transform(state.energies, log_likelihoods.begin(), std::negate());
    state.beta.observe(log_likelihoods);
    return state.beta.value(now);
  }
  // The value at the end of the step, so that the run's last step is the schedule's end.
  Moment end = now;
  ++end.step;
  if (now.steps > 0) end.progress = static_cast<double>(end.step) / static_cast<double>(now.steps);
  const double value = state.beta.value(end);
  if (!(value >= 0))
    throw InvalidInput("population annealing: beta must be at least 0, the schedule gives {} at step {}",
                       value, now.step);
  return std::min(value, beta_max_);
}

// Returns ln Q.
template <class M>
double PopulationAnnealing<M>::resample(State& state, double step, const Moment& now) const {
  if (step == 0) return 0;
  std::vector<double> weights;
  const double log_q = population::weigh(state.energies, step, weights);
  Stream random = now.random(lane("resample"));
  const auto ancestors = sample::ancestors_in_place(
      sample::systematic_copies(weights, static_cast<std::int64_t>(weights.size()), uniform(random)));
  state.copies.replace(ancestors);
  for (std::size_t to = 0; to < ancestors.size(); ++to) {  // ancestors keep their place
    const auto from = static_cast<std::size_t>(ancestors[to]);
    state.energies[to] = state.energies[from];
    state.family[to] = state.family[from];
  }
  return log_q;
}

// Returns the share of accepted flips.
template <class M>
double PopulationAnnealing<M>::sweep(State& state, double beta, const Moment& now) const {
  const Rule rule = beta == 0 ? Rule::heat_bath : rule_;
  return state.copies.sweep(beta, rule, options_.sweeps, now, state.energies);
}

template <class M>
void PopulationAnnealing<M>::note_step(State& state, double beta, double log_z, double acceptance) const {
  const auto lowest =
      static_cast<std::size_t>(std::ranges::min_element(state.energies) - state.energies.begin());
  if (state.energies[lowest] < state.best.energies[0]) {
    const Spins spins = state.copies.spins(lowest);
    state.energies[lowest] = model_->energy(spins);  // free of the rounding that changes of energy add up
    state.best.offer(0, spins, state.energies[lowest]);
  }
  const double count = static_cast<double>(state.energies.size());
  const double mean = std::accumulate(state.energies.begin(), state.energies.end(), 0.0) / count;
  double squares = 0;
  for (const double energy : state.energies) squares += (energy - mean) * (energy - mean);
  const sample::FamilyStatistics families = sample::family_statistics(state.family);
  state.steps.push_back({.beta = beta,
                         .energy = mean,
                         .energy_error = sample::family_error(state.energies, state.family),
                         .heat_capacity = beta * beta * squares / count,
                         .log_z = log_z,
                         .log_z_error = beta > 0 ? std::sqrt(families.rho / count) : 0,
                         .family_entropy = families.entropy,
                         .rho = families.rho,
                         .acceptance = acceptance});
}

template <class M>
bool PopulationAnnealing<M>::finished(const State& state) const {
  const auto* const tempering = std::get_if<schedule::EssTempering>(&state.beta.rule());
  if (options_.overlap == 0 && tempering != nullptr)
    return tempering->finished() && state.steps.back().beta >= tempering->value();
  return state.steps.back().beta >= beta_max_;
}

template <class M>
void PopulationAnnealing<M>::measure(const State& state, Row& row) const {
  const PopulationStep& last = state.steps.back();
  row.add("energy", state.best.energies[0]);
  row.add("beta", last.beta);
  row.add("population_energy", last.energy);
  row.add("log_z", last.log_z);
  row.add("family_entropy", last.family_entropy);
  row.add("rho", last.rho);
  row.add("acceptance", last.acceptance);
}

template <class M>
double PopulationAnnealing<M>::log_ground_states(const State& state) const {
  const double lowest = state.best.energies[0];
  const double tolerance = 1e-9 * std::max(1.0, std::abs(lowest)) + 2 * state.copies.rounding();
  const auto there =
      std::ranges::count_if(state.energies, [&](double energy) { return energy <= lowest + tolerance; });
  const double share = static_cast<double>(there) / static_cast<double>(state.energies.size());
  return state.steps.back().log_z + state.steps.back().beta * lowest + std::log(share);
}

template <class M>
SolutionPool PopulationAnnealing<M>::solutions(const State& state) const {
  SolutionPool pool = state.best.pool();
  for (std::size_t j = 0; j < state.energies.size(); ++j) {
    Spins spins = state.copies.spins(j);
    const double energy = model_->energy(spins);
    pool.add(std::move(spins), energy);
  }
  return pool;
}

template <class M>
std::vector<double> PopulationAnnealing<M>::pack_steps(const std::vector<PopulationStep>& steps) {
  std::vector<double> packed;
  for (const PopulationStep& s : steps)
    packed.insert(packed.end(), {s.beta, s.energy, s.energy_error, s.heat_capacity, s.log_z, s.log_z_error,
                                 s.family_entropy, s.rho, s.acceptance});
  return packed;
}

template <class M>
void PopulationAnnealing<M>::unpack(State& state, std::span<const double> steps) const {
  const auto n = static_cast<std::size_t>(size()), count = static_cast<std::size_t>(options_.population);
  const auto known = [&](std::int64_t family) { return family >= 0 && family < options_.population; };
  const bool fits = state.energies.size() == count && state.family.size() == count &&
                    std::ranges::all_of(state.family, known) && state.best.reads() == 1 &&
                    state.best.spins.size() == n && !steps.empty() &&
                    steps.size() % population::numbers_per_step == 0;
  if (!fits) throw InvalidInput("population annealing: the checkpoint is of another model or other options");
  state.steps.clear();
  for (std::size_t k = 0; k < steps.size(); k += population::numbers_per_step) {
    const auto s = steps.subspan(k, population::numbers_per_step);
    state.steps.push_back({s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]});
  }
}

}  // namespace lehr::spin
