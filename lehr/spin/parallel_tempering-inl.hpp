// The bodies of parallel_tempering.hpp, for tempering models of one's own.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <type_traits>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/beta_range.hpp"
#include "lehr/spin/houdayer.hpp"
#include "lehr/spin/parallel_tempering.hpp"
#include "lehr/spin/wolff.hpp"

namespace lehr::spin {

namespace tempering {

// The options' ladder: the list, the schedule's points, or a geometric one over `range`.
std::vector<double> ladder(const ParallelTemperingOptions& options, const BetaRange* range);
void check(const ParallelTemperingOptions& options, Index size, bool is_ising);
// The next ladder from what the swaps of the last round showed.
std::vector<double> tuned(const ParallelTemperingOptions& options, const sample::ReplicaLadder& ladder);
// For each of `betas` the index of the nearest of `before`.
std::vector<std::int64_t> nearest_temperatures(const std::vector<double>& betas,
                                               const std::vector<double>& before);
void add_swap_rates(const sample::ReplicaLadder& ladder, Row& row);
TemperingReport report(const sample::ReplicaLadder& ladder, const BinnedMeans& means,
                       std::span<const double> reference, std::span<const double> bridge_center,
                       std::span<const std::int64_t> proposed, std::span<const std::int64_t> accepted,
                       Index spins);

inline constexpr std::size_t series_per_temperature = 4;
inline constexpr std::int64_t first_round = 50;             // steps
inline constexpr std::int64_t proposals_per_task = 20'000;  // the least work worth a thread's while

}  // namespace tempering

template <class M>
ParallelTempering<M>::ParallelTempering(const M& model, ParallelTemperingOptions options)
    : model_(&model), options_(std::move(options)), rule_(rule_named(options_.rule)) {
  tempering::check(options_, size(), std::same_as<M, IsingFlips>);
  if constexpr (requires { default_beta_range(model); }) {
    const BetaRange range = default_beta_range(model);
    betas_ = tempering::ladder(options_, &range);
  } else {
    betas_ = tempering::ladder(options_, nullptr);
  }
}

template <class M>
typename ParallelTempering<M>::State ParallelTempering<M>::start(const Moment& now) const {
  State state{.replicas = Copies(*model_, options_.sets * static_cast<std::int64_t>(betas_.size()),
                                 Temperatures::each, now),
              .energies = {},
              .ladder = sample::ReplicaLadder(betas_, options_.sets),
              .best = {},
              .proposed = {},
              .accepted = {},
              .means = BinnedMeans(0),
              .reference = {},
              .bridge_center = {},
              .scratch = {}};
  state.energies = state.replicas.energies();
  state.best = BestStates(options_.sets, size());
  state.round_length = options_.tuning == "none" ? 0 : tempering::first_round;
  reset_measurements(state);
  remember_best(state);
  return state;
}

template <class M>
void ParallelTempering<M>::advance(State& state, const Moment& now) const {
  sweep_all(state, now);
  if (options_.wolff > 0) wolff_moves(state, now);
  if (options_.houdayer) houdayer_moves(state, now);
  remember_best(state);
  if (state.steps >= burn_in(now)) measure_energies(state, now);
  Stream random = now.random(lane("exchange"));
  state.ladder.exchange(state.energies, state.steps, random);
  ++state.steps;
  now.spend(static_cast<std::int64_t>(state.energies.size()) * options_.sweeps);
  if (state.steps == burn_in(now)) {
    state.ladder.reset_counts();
    state.tuned = state.steps;
    state.round_length = 0;
    reset_measurements(state);
  } else if (state.round_length > 0 && state.steps - state.tuned == state.round_length) {
    tune(state);
  }
}

template <class M>
std::int64_t ParallelTempering<M>::burn_in(const Moment& now) const {
  if (options_.burn_in) return *options_.burn_in;
  return now.steps > 0 ? now.steps / 5 : 1000;
}

template <class M>
void ParallelTempering<M>::sweep_all(State& state, const Moment& now) const {
  const std::int64_t count = state.ladder.temperatures();
  std::vector<double> betas(state.energies.size());
  std::vector<std::int64_t> accepted(betas.size());
  const auto replica = [&](std::size_t place) {
    const auto at = static_cast<std::int64_t>(place);
    return static_cast<std::size_t>(state.ladder.replica(at / count, at % count));
  };
  for (std::size_t place = 0; place < betas.size(); ++place)
    betas[replica(place)] = state.ladder.beta(static_cast<std::int64_t>(place) % count);
  state.replicas.sweep_each(betas, rule_, options_.sweeps, now, state.energies, accepted);
  for (std::size_t place = 0; place < betas.size(); ++place) {
    state.proposed[place] += options_.sweeps * size();
    state.accepted[place] += accepted[replica(place)];
  }
}

template <class M>
void ParallelTempering<M>::wolff_moves(State& state, const Moment& now) const {
  if constexpr (std::same_as<M, IsingFlips>) {
    const std::int64_t count = state.ladder.temperatures();
    parallel_for(
        static_cast<std::int64_t>(state.energies.size()),
        [&](std::int64_t place) {
          const std::int64_t replica = state.ladder.replica(place / count, place % count);
          const auto r = static_cast<std::size_t>(replica);
          Stream random = read_stream(now.random(lane("wolff")), replica);
          for (std::int64_t k = 0; k < options_.wolff; ++k)
            state.energies[r] += wolff_move(*model_, state.replicas[r], state.ladder.beta(place % count),
                                            random, state.scratch[static_cast<std::size_t>(place)])
                                     .energy_change;
        },
        std::max<std::int64_t>(1, tempering::proposals_per_task / size()));
  }
}

// Pairs the sets (0, 1), (2, 3), ... at every temperature from houdayer_from on.
template <class M>
void ParallelTempering<M>::houdayer_moves(State& state, const Moment& now) const {
  if constexpr (std::same_as<M, IsingFlips>) {
    const std::int64_t count = state.ladder.temperatures(), pairs = options_.sets / 2;
    parallel_for(
        pairs * count,
        [&](std::int64_t k) {
          const std::int64_t pair = k / count, t = k % count;
          if (state.ladder.beta(t) < options_.houdayer_from) return;
          const auto a = static_cast<std::size_t>(state.ladder.replica(2 * pair, t));
          const auto b = static_cast<std::size_t>(state.ladder.replica(2 * pair + 1, t));
          Stream random = read_stream(now.random(lane("houdayer")), k);
          const ClusterMove move = houdayer_move(*model_, state.replicas[a], state.replicas[b], random,
                                                 state.scratch[static_cast<std::size_t>(k)]);
          state.energies[a] += move.energy_change;
          state.energies[b] -= move.energy_change;
        },
        std::max<std::int64_t>(1, tempering::proposals_per_task / size()));
  }
}

template <class M>
void ParallelTempering<M>::remember_best(State& state) const {
  const std::size_t count = state.energies.size() / static_cast<std::size_t>(options_.sets);
  for (std::size_t r = 0; r < state.energies.size(); ++r) {
    const std::size_t set = r / count;
    if (!(state.energies[r] < state.best.energies[set])) continue;
    const Spins spins = state.replicas.spins(r);
    state.energies[r] = model_->energy(spins);  // free of the rounding that changes of energy add up
    state.best.offer(static_cast<std::int64_t>(set), spins, state.energies[r]);
  }
}

template <class M>
void ParallelTempering<M>::tune(State& state) const {
  const std::vector<double> before = state.ladder.betas();
  state.ladder.set_betas(tempering::tuned(options_, state.ladder));
  if (state.ladder.betas().size() != before.size()) spread_copies(state, before);
  state.tuned = state.steps;
  state.round_length += state.round_length / 2;
}

// Fills a longer ladder: each temperature gets a copy of what was at the nearest one before.
template <class M>
void ParallelTempering<M>::spread_copies(State& state, const std::vector<double>& before) const {
  const auto source = tempering::nearest_temperatures(state.ladder.betas(), before);
  std::vector<std::int64_t> sources;
  std::vector<double> energies;
  for (std::size_t set = 0; set < static_cast<std::size_t>(options_.sets); ++set)
    for (const std::int64_t t : source) {
      const std::size_t from = set * before.size() + static_cast<std::size_t>(t);
      sources.push_back(static_cast<std::int64_t>(from));
      energies.push_back(state.energies[from]);
    }
  state.replicas.spread(sources);
  state.energies = std::move(energies);
  reset_measurements(state);
}

template <class M>
void ParallelTempering<M>::reset_measurements(State& state) const {
  const auto count = static_cast<std::size_t>(state.ladder.temperatures());
  state.means = BinnedMeans(tempering::series_per_temperature * count);
  state.reference.assign(count, 0);
  state.bridge_center.assign(count, 0);
  state.proposed.assign(state.energies.size(), 0);
  state.accepted.assign(state.energies.size(), 0);
  state.scratch.resize(state.energies.size());
}

template <class M>
void ParallelTempering<M>::measure_energies(State& state, const Moment& now) const {
  const std::int64_t count = state.ladder.temperatures(), sets = options_.sets;
  Spins coins(static_cast<std::size_t>(size()));
  Stream random = now.random(lane("coins"));
  randomise(coins, random);
  const double free_energy_side = model_->energy(coins);
  const auto energy = [&](std::int64_t set, std::int64_t t) {
    return t < 0 ? free_energy_side : state.energies[static_cast<std::size_t>(state.ladder.replica(set, t))];
  };
  // A bridge between temperatures that do not overlap is not a number one can use; this keeps it finite.
  const auto bounded = [](double exponent) { return std::exp(std::clamp(exponent, -600.0, 600.0)); };

  std::vector<double> values(tempering::series_per_temperature * static_cast<std::size_t>(count), 0.0);
  for (std::int64_t t = 0; t < count; ++t) {
    const auto at = static_cast<std::size_t>(t);
    if (state.means.count() == 0) {
      state.reference[at] = energy(0, t);
      state.bridge_center[at] = 0.5 * (energy(0, t - 1) + energy(0, t));
    }
    const double half_gap = 0.5 * (state.ladder.beta(t) - (t > 0 ? state.ladder.beta(t - 1) : 0));
    double* const series = values.data() + tempering::series_per_temperature * at;
    for (std::int64_t set = 0; set < sets; ++set) {
      const double deviation = energy(set, t) - state.reference[at];
      series[0] += energy(set, t);
      series[1] += deviation * deviation;
      series[2] += bounded(-half_gap * (energy(set, t - 1) - state.bridge_center[at]));
      series[3] += bounded(half_gap * (energy(set, t) - state.bridge_center[at]));
    }
  }
  for (double& value : values) value /= static_cast<double>(sets);
  state.means.add(values);
}

template <class M>
void ParallelTempering<M>::measure(const State& state, Row& row) const {
  state.best.measure(row);
  row.add("temperatures", static_cast<double>(state.ladder.temperatures()));
  row.add("round_trips", static_cast<double>(state.ladder.round_trips()));
  tempering::add_swap_rates(state.ladder, row);
}

template <class M>
TemperingReport ParallelTempering<M>::report(const State& state) const {
  return tempering::report(state.ladder, state.means, state.reference, state.bridge_center, state.proposed,
                           state.accepted, size());
}

template <class M>
void ParallelTempering<M>::check_copies(const State& state) const {
  const auto most =
      std::max<std::int64_t>(options_.max_temperatures, static_cast<std::int64_t>(betas_.size()));
  const bool fits =
      state.ladder.consistent() && state.ladder.sets() == options_.sets &&
      state.ladder.temperatures() <= most &&
      state.energies.size() == static_cast<std::size_t>(options_.sets * state.ladder.temperatures());
  if (!fits) throw InvalidInput("parallel tempering: the checkpoint is of another model or other options");
}

template <class M>
void ParallelTempering<M>::check(State& state) const {
  const auto n = static_cast<std::size_t>(size());
  const std::size_t copies = state.energies.size();
  const bool fits = state.best.reads() == options_.sets &&
                    state.best.spins.size() == static_cast<std::size_t>(options_.sets) * n &&
                    state.proposed.size() == copies && state.accepted.size() == copies;
  if (!fits) throw InvalidInput("parallel tempering: the checkpoint is of another model or other options");
  state.scratch.resize(copies);
}

}  // namespace lehr::spin
