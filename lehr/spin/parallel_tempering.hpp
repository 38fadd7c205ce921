// Parallel tempering (replica exchange Monte Carlo): R copies of a model at R inverse temperatures, swept
// side by side and swapped between neighbours, so that what is stuck in the cold is freed in the heat.
//
// A step is `sweeps` sweeps of every copy, optional cluster moves, and the swaps of replica_exchange.hpp. In
// the burn-in (a fifth of the run) the ladder is tuned, in rounds whose length grows by half; then it is
// fixed and measured. Several sets of R copies run side by side where more than one is asked for.
//
// Free energies come from neighbouring temperatures by the geometric bridge (Bennett 1976; Meng and Wong
// 1996)
//   Z_{t+1} / Z_t = <e^{-(beta_{t+1} - beta_t) E / 2}>_t / <e^{(beta_{t+1} - beta_t) E / 2}>_{t+1}
// chained from beta = 0, where ln Z = n ln 2 and spins are coins; good where swap rates are.
//
// Source: Hukushima and Nemoto, "Exchange Monte Carlo method and application to spin glass simulations",
// 1996. Cost of a step: sets R sweeps n proposals; it spends one evaluation per sweep of a copy.
// ParallelTempering<IsingModel> runs in SIMD lanes (copies.hpp), ParallelTempering<IsingFlips> has cluster moves. For
// models of one's own include parallel_tempering-inl.hpp.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/core/state_io.hpp"
#include "lehr/sample/replica_exchange.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/best_states.hpp"
#include "lehr/spin/binned_means.hpp"
#include "lehr/spin/cluster_scratch.hpp"
#include "lehr/spin/copies.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/polynomial_model.hpp"
#include "lehr/spin/solutions.hpp"

namespace lehr::spin {

struct ParallelTemperingOptions {
  std::int64_t temperatures = 24;
  std::optional<Schedule> beta = {};
  std::vector<double> betas = {};
  std::int64_t sets = 1;
  std::int64_t sweeps = 1;
  std::string rule = "heat_bath";
  std::string tuning = "rates";
  double least_rate = 0.23;
  std::int64_t max_temperatures = 0;
  std::optional<std::int64_t> burn_in = {};
  std::int64_t wolff = 0;
  bool houdayer = false;
  double houdayer_from = 0;

  void describe(OptionTable& table);
};

// One temperature of the ladder, from the steps after the burn-in. Numbers that those steps do not give are
// nan.
struct TemperatureReport {
  double beta;
  double energy, energy_error;  // mean and its standard error
  double autocorrelation_time;  // of the energy, integrated, in steps
  double heat_capacity;         // beta^2 Var(E)
  double swap_rate;             // with the next colder temperature
  double acceptance;            // accepted flips over proposed ones
  double log_z, log_z_error;    // ln Z, offset of the model included; free energy = -log_z / beta
};

struct TemperingReport {
  std::vector<TemperatureReport> temperatures;  // hottest first
  std::int64_t steps = 0;                       // measured
  std::int64_t round_trips = 0;
  double round_trip_time = 0;  // mean, in steps; nan without round trips
};

// M is an EnergyModel, or IsingModel.
template <class M>
class ParallelTempering {
 public:
  using Copies = typename CopiesOf<M>::Type;
  struct State {
    Copies replicas;
    std::vector<double> energies;  // of the replicas
    sample::ReplicaLadder ladder;
    BestStates best;  // of each set
    std::int64_t steps = 0;
    std::int64_t tuned = 0;                        // the step from which the ladder is as it is
    std::int64_t round_length = 0;                 // of the tuning's round in progress; 0 after the burn-in
    std::vector<std::int64_t> proposed, accepted;  // flips, of each set and temperature
    BinnedMeans means;  // per temperature: E, (E - reference)^2, and both sides of the bridge to the hotter
    std::vector<double> reference, bridge_center;
    std::vector<ClusterScratch> scratch;  // no part of what a checkpoint keeps
  };

  // `model` must outlive this and have at least one spin. Throws InvalidInput for options out of range and
  // for cluster moves of a model other than IsingFlips.
  explicit ParallelTempering(const M& model, ParallelTemperingOptions options = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  // energy (lowest so far), energy_mean (of the sets' lowest), temperatures, round_trips, and since the last
  // tuning swap_rate_min and swap_rate_mean
  void measure(const State& state, Row& row) const;
  TemperingReport report(const State& state) const;
  // The best state of each set.
  SolutionPool solutions(const State& state) const { return state.best.pool(); }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("energies", state.energies);
    state.ladder.fields(visit, "ladder");
    if constexpr (!std::same_as<Visitor, StateWriter>) check_copies(state);
    state.replicas.fields(visit, state.energies.size());
    state.best.fields(visit, "best");
    visit("steps", state.steps);
    visit("tuned", state.tuned);
    visit("round_length", state.round_length);
    visit("proposed", state.proposed);
    visit("accepted", state.accepted);
    state.means.fields(visit, "means");
    visit("reference", state.reference);
    visit("bridge_center", state.bridge_center);
    if constexpr (!std::same_as<Visitor, StateWriter>) check(state);
  }

 private:
  Index size() const { return static_cast<Index>(model_->size()); }
  std::int64_t burn_in(const Moment& now) const;
  void check_copies(const State& state) const;
  void check(State& state) const;
  void sweep_all(State& state, const Moment& now) const;
  void wolff_moves(State& state, const Moment& now) const;
  void houdayer_moves(State& state, const Moment& now) const;
  void remember_best(State& state) const;
  void tune(State& state) const;
  void spread_copies(State& state, const std::vector<double>& before) const;
  void reset_measurements(State& state) const;
  void measure_energies(State& state, const Moment& now) const;

  const M* model_;
  ParallelTemperingOptions options_;
  Rule rule_;
  std::vector<double> betas_;
};

extern template class ParallelTempering<IsingModel>;
extern template class ParallelTempering<IsingFlips>;
extern template class ParallelTempering<PolynomialModel>;

}  // namespace lehr::spin
