// Simulated annealing of any flip model (flip_model.hpp), one read after another: k-local polynomials,
// associative memories, and Ising models where spins are to be proposed in random order. anneal.hpp is the
// fast path for Ising models.
//
// One step is one sweep of every read, reads in parallel. Cost O(reads (spins + flips)) times what the model
// asks.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/row.hpp"
#include "lehr/core/state_io.hpp"
#include "lehr/schedule/control.hpp"
#include "lehr/spin/anneal.hpp"
#include "lehr/spin/best_states.hpp"
#include "lehr/spin/flip_model.hpp"

namespace lehr::spin {

struct FlipAnnealOptions {
  std::int64_t reads = 64;
  Cooling cooling = {};
  std::string rule = "metropolis";
  std::string order = "sequential";

  void describe(OptionTable& table) {
    table.add("reads", reads, "independent copies that are annealed").range(1, 1e6);
    cooling.describe(table);
    table.add("rule", rule, "how a flip is accepted").choices({"metropolis", "heat_bath"});
    table.add("order", order, "in which order spins are proposed").choices({"sequential", "random"});
  }
};

template <EnergyModel M>
class FlipAnneal {
 public:
  struct State {
    std::vector<typename M::Configuration> copies;
    std::vector<double> energies;
    BestStates best;
    Knob beta;
    double last_beta = 0, acceptance = 0;
  };

  // `model` must outlive this. `range` are the ends of the default schedule. Throws InvalidInput for options
  // out of range.
  FlipAnneal(const M& model, const BetaRange& range, FlipAnnealOptions options = {},
             std::vector<Spins> initial = {})
      : model_(&model),
        options_(std::move(options)),
        range_(range),
        control_(options_.cooling.control(range)),
        rule_(parse_rule(options_.rule)),
        initial_(std::move(initial)) {
    for (const Spins& spins : initial_)
      if (static_cast<Index>(spins.size()) != static_cast<Index>(model.size()))
        throw InvalidInput("an initial state has {} spins, the model {}", spins.size(), model.size());
  }

  State start(const Moment& now) const {
    State state;
    state.best = BestStates(options_.reads, static_cast<Index>(model_->size()));
    state.beta = control_.start("beta");
    for (std::int64_t read = 0; read < options_.reads; ++read) {
      Spins spins(static_cast<std::size_t>(model_->size()));
      Stream random = read_stream(now.random(lane("spin.flip_anneal.start")), read);
      randomise(spins, random);
      if (read < static_cast<std::int64_t>(initial_.size())) spins = initial_[static_cast<std::size_t>(read)];
      state.energies.push_back(model_->energy(spins));
      state.best.offer(read, spins, state.energies.back());
      state.copies.push_back(model_->configuration(spins));
    }
    return state;
  }

  // One sweep of every read; spends one evaluation a proposal.
  void advance(State& state, const Moment& now) const {
    state.last_beta = options_.cooling.value(state.beta, now, range_);
    const Order order = options_.order == "random" ? Order::random : Order::sequential;
    std::vector<std::int64_t> accepted(state.copies.size());
    parallel_for(options_.reads, [&](std::int64_t read) {
      const auto at = static_cast<std::size_t>(read);
      Stream random = read_stream(now.random(lane("spin.flip_anneal.sweep")), read);
      auto& copy = state.copies[at];
      const SweepCounts counts = sweep(*model_, copy, state.last_beta, random, rule_, order);
      accepted[at] = counts.accepted;
      state.energies[at] += counts.energy_change;
      if (state.energies[at] < state.best.energies[at]) {
        state.energies[at] = model_->energy(copy.spins);  // sums of changes drift
        state.best.offer(read, copy.spins, state.energies[at]);
      }
    });
    std::int64_t flips = 0;
    for (const std::int64_t count : accepted) flips += count;
    const std::int64_t proposed = options_.reads * static_cast<std::int64_t>(model_->size());
    state.acceptance = proposed > 0 ? static_cast<double>(flips) / static_cast<double>(proposed) : 0;
    now.spend(proposed);
    if (control_.signal() == Signal::acceptance) state.beta.observe(state.acceptance);
    if (control_.signal() == Signal::log_likelihoods) {
      std::vector<double> log_likelihoods = state.energies;
      for (double& energy : log_likelihoods) energy *= -range_.cold;
      state.beta.observe(log_likelihoods);
    }
  }

  // beta, acceptance; energy: the lowest so far; energy_mean: the mean of the reads' lowest
  void measure(const State& state, Row& row) const {
    row.add("beta", state.last_beta);
    state.best.measure(row);
    row.add("acceptance", state.acceptance);
  }
  // Each read's lowest state.
  SolutionPool solutions(const State& state) const { return state.best.pool(); }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    std::vector<std::int8_t> spins;
    for (const auto& copy : state.copies) spins.insert(spins.end(), copy.spins.begin(), copy.spins.end());
    visit("spins", spins);
    visit("energies", state.energies);
    state.best.fields(visit, "best");
    state.beta.fields(visit);
    visit("beta", state.last_beta);
    visit("acceptance", state.acceptance);
    const auto n = static_cast<std::size_t>(model_->size());
    if (spins.size() != n * state.copies.size())
      throw InvalidInput("checkpoint: {} spins, but the run has {}", spins.size(), n * state.copies.size());
    for (std::size_t read = 0; read < state.copies.size(); ++read)
      state.copies[read] = model_->configuration(std::span(spins).subspan(read * n, n));
  }

 private:
  const M* model_;
  FlipAnnealOptions options_;
  BetaRange range_;
  Control control_;
  Rule rule_;
  std::vector<Spins> initial_;
};

}  // namespace lehr::spin
