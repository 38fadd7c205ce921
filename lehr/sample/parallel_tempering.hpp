// Parallel tempering of a density on R^d: every chain has copies at inverse temperatures beta_1 < ... < beta_R = 1, which walk
// through pi(x)^beta by any kernel and swap places between neighbours, so that what is stuck in one mode of pi is freed where
// pi is flat. Draws are those of the copy at beta = 1.
//
//   swap t and t + 1 with probability min(1, exp((beta_(t+1) - beta_t)(log pi(x_t) - log pi(x_(t+1)))))
//
// A step of the run is `sweeps` transitions of every copy, then the swaps of replica_exchange.hpp. In the warm-up each
// temperature's walker adapts its step and metric, and the ladder is respaced three times to equal swap rates. Source: Geyer, "Markov
// chain Monte Carlo maximum likelihood", 1991; Hukushima and Nemoto, 1996. Cost of a step: chains R sweeps transitions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/row.hpp"
#include "lehr/sample/draws.hpp"
#include "lehr/sample/mcmc.hpp"
#include "lehr/sample/replica_exchange.hpp"
#include "lehr/sample/walker.hpp"

namespace lehr::sample {

struct LadderOptions {
  std::int64_t temperatures = 1;
  double hottest = 0.01;
  std::int64_t sweeps = 5;

  void describe(OptionTable& table);
};

// pi(x)^beta.
LogDensity tempered(const LogDensity& target, double beta);
// The point of pi^from as one of pi^to.
void retemper(ChainPoint& point, double from, double to);
// `count` inverse temperatures from `hottest` to 1, each the same factor from the next.
std::vector<double> geometric_ladder(std::int64_t count, double hottest);

template <class Kernel>
class ParallelTempering {
 public:
  struct State {
    ReplicaLadder ladder;
    std::vector<Walker>
        walkers;  // chain after chain, hottest first; they stay at their temperature, points travel
    std::vector<DrawRecord> records;
    std::int64_t steps = 0;
  };

  // `options` are those of the chains: warm_up, iterations and thin count steps. Starts as for Mcmc. Throws InvalidInput.
  ParallelTempering(LogDensity target, Kernel kernel, Eigen::MatrixXd starts, McmcOptions options,
                    LadderOptions ladder)
      : target_(std::move(target)),
        starts_(std::move(starts)),
        options_(std::move(options)),
        ladder_options_(ladder),
        walking_(std::move(kernel), walker_options()) {
    check_mcmc(target_, Kernel::needs_gradient, starts_, options_);
    describe(ladder_options_).read(describe(ladder_options_).values(), "mcmc.ladder");
    if (ladder_options_.temperatures < 2)
      throw InvalidInput("mcmc.ladder.temperatures: a ladder has at least 2");
  }

  State start(const Moment& now) const {
    State state;
    state.ladder = ReplicaLadder(geometric_ladder(rungs(), ladder_options_.hottest), options_.chains);
    state.walkers.resize(static_cast<std::size_t>(options_.chains * rungs()));
    state.records.resize(static_cast<std::size_t>(options_.chains));
    parallel_for(static_cast<std::int64_t>(state.walkers.size()), [&](std::int64_t k) {
      Stream random(now.seed, lane("sample.tempering.start"), static_cast<std::uint64_t>(k));
      Walker& walker = state.walkers[static_cast<std::size_t>(k)];
      walking_.start(walker, tempered(target_, state.ladder.beta(k % rungs())),
                     starts_.col(starts_.cols() == 1 ? 0 : k / rungs()), random);
      if (!std::isfinite(walker.point.log_density))
        throw InvalidInput("mcmc: the log density at the start of chain {} is {}", k / rungs() + 1,
                           walker.point.log_density);
    });
    return state;
  }

  void advance(State& state, const Moment& now) const {
    std::vector<std::int64_t> spent(state.walkers.size());
    parallel_for(static_cast<std::int64_t>(state.walkers.size()), [&](std::int64_t k) {
      Walker& walker = state.walkers[static_cast<std::size_t>(k)];
      const std::int64_t before = walker.evaluations;
      const LogDensity density = tempered(target_, state.ladder.beta(k % rungs()));
      Stream random = now.random(lane("sample.tempering")).at_block(static_cast<std::uint64_t>(k) << 40);
      for (std::int64_t i = 0; i < ladder_options_.sweeps; ++i)
        walking_.iterate(walker, density, now, random);
      spent[static_cast<std::size_t>(k)] = walker.evaluations - before;
    });
    for (const std::int64_t count : spent) now.spend(count);
    swap(state, now);
    ++state.steps;
    if (state.steps <= options_.warm_up) tune(state);
    const std::int64_t drawn = state.steps - options_.warm_up;
    if (drawn <= 0 || drawn % options_.thin != 0) return;
    for (std::int64_t c = 0; c < options_.chains; ++c) {
      const ChainPoint& point = walker_at(state, c, rungs() - 1).point;
      state.records[static_cast<std::size_t>(c)].add(point.x, point.log_density);
    }
  }

  bool finished(const State& state) const { return state.steps >= steps(); }
  std::int64_t steps() const { return options_.warm_up + options_.iterations * options_.thin; }

  // The rows of Mcmc for the copies at beta = 1, and swap_rate_min, round_trips.
  void measure(const State& state, Row& row) const {
    std::vector<Chain> cold;
    for (std::int64_t c = 0; c < options_.chains; ++c) cold.push_back({walker_at(state, c, rungs() - 1), {}});
    measure_chains(cold, row);
    double least = 1;
    for (const double rate : state.ladder.swap_rates())
      least = std::isnan(rate) ? least : std::min(least, rate);
    row.add("swap_rate_min", least);
    row.add("round_trips", static_cast<double>(state.ladder.round_trips()));
  }

  Draws draws(const State& state) const {
    std::vector<const DrawRecord*> records;
    for (const DrawRecord& record : state.records) records.push_back(&record);
    return collect_draws(records, target_.dimension);
  }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    state.walkers.resize(static_cast<std::size_t>(options_.chains * rungs()));
    state.records.resize(static_cast<std::size_t>(options_.chains));
    state.ladder.fields(visit, "ladder");
    for (std::size_t k = 0; k < state.walkers.size(); ++k)
      state.walkers[k].fields(visit, "walker" + std::to_string(k));
    for (std::size_t c = 0; c < state.records.size(); ++c)
      state.records[c].fields(visit, "chain" + std::to_string(c));
    visit("steps", state.steps);
  }

 private:
  std::int64_t rungs() const { return ladder_options_.temperatures; }
  WalkerOptions walker_options() const {
    WalkerOptions walker = options_.walker();
    walker.warm_up *= ladder_options_.sweeps;
    return walker;
  }
  std::size_t index(std::int64_t chain, std::int64_t rung) const {
    return static_cast<std::size_t>(chain * rungs() + rung);
  }
  Walker& walker_at(State& state, std::int64_t chain, std::int64_t rung) const {
    return state.walkers[index(chain, rung)];
  }
  const Walker& walker_at(const State& state, std::int64_t chain, std::int64_t rung) const {
    return state.walkers[index(chain, rung)];
  }

  // Points move to where the ladder says that their copies are now.
  void swap(State& state, const Moment& now) const {
    const std::size_t copies = state.walkers.size();
    std::vector<double> energies(copies);
    std::vector<ChainPoint> points(copies);  // of each copy
    std::vector<double> betas(copies);       // at which it was
    for (std::int64_t c = 0; c < options_.chains; ++c)
      for (std::int64_t t = 0; t < rungs(); ++t) {
        const auto copy = static_cast<std::size_t>(state.ladder.replica(c, t));
        betas[copy] = state.ladder.beta(t);
        points[copy] = std::move(walker_at(state, c, t).point);
        energies[copy] = -points[copy].log_density / betas[copy];
      }
    Stream random = now.random(lane("sample.tempering.swaps"));
    state.ladder.exchange(energies, state.steps, random);
    for (std::int64_t c = 0; c < options_.chains; ++c)
      for (std::int64_t t = 0; t < rungs(); ++t) {
        const auto copy = static_cast<std::size_t>(state.ladder.replica(c, t));
        retemper(points[copy], betas[copy], state.ladder.beta(t));
        walker_at(state, c, t).point = std::move(points[copy]);
      }
  }

  // At 1/8, 1/4 and 1/2 of the warm-up.
  void tune(State& state) const {
    for (const std::int64_t share : {8, 4, 2})
      if (state.steps == options_.warm_up / share && state.steps > 0) {
        const std::vector<double> before = state.ladder.betas();
        const std::vector<double> betas =
            tuned_by_rates(before, state.ladder.swap_rates(), 0, static_cast<std::size_t>(rungs()));
        state.ladder.set_betas(betas);
        for (std::int64_t c = 0; c < options_.chains; ++c)
          for (std::int64_t t = 0; t < rungs(); ++t)
            retemper(walker_at(state, c, t).point, before[static_cast<std::size_t>(t)],
                     betas[static_cast<std::size_t>(t)]);
      }
    if (state.steps == options_.warm_up / 2 || state.steps == options_.warm_up) state.ladder.reset_counts();
  }

  LogDensity target_;
  Eigen::MatrixXd starts_;
  McmcOptions options_;
  LadderOptions ladder_options_;
  Walking<Kernel> walking_;
};

}  // namespace lehr::sample
