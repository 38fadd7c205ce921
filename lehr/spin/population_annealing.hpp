// Population annealing: R copies of a model are cooled together from beta = 0; at each step beta -> beta'
// copies are resampled by their weights, then swept at the new temperature.
//
//   w_j = e^{-(beta' - beta) E_j},  Q = mean of w_j,  copies of j: R w_j / sum w in the mean (systematic)
//   ln Z(beta_K) = -beta_K F = n ln 2 + sum_k ln Q_k
//
// beta' follows a schedule of the run's steps, or the population: the largest step that keeps the weights'
// effective share ESS / R at 0.9 (the controller ess_tempering, the default), or the overlap of the energy
// histograms before and after, mean_j min(1, w_j / Q), at `overlap` (Barash, Weigel, Borovsky, Janke and
// Shchur, "GPU accelerated population annealing algorithm", 2017, take 0.85). The run ends at beta_max.
//
// Averages over runs are weighted by e^{ln Z}, which removes their bias: weighted_average.
//
// Sources: Hukushima and Iba, "Population annealing and its application to a spin glass", 2003; J. Machta,
// "Population annealing with weighted averages", 2010; Wang, Machta and Katzgraber 2015. Cost of a step:
// R sweeps n proposals; it spends one evaluation per sweep of a copy. PopulationAnnealing<IsingModel> runs in SIMD lanes
// (copies.hpp). For models of one's own include population_annealing-inl.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/core/state_io.hpp"
#include "lehr/schedule/control.hpp"
#include "lehr/spin/best_states.hpp"
#include "lehr/spin/copies.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/polynomial_model.hpp"
#include "lehr/spin/solutions.hpp"

namespace lehr::spin {

struct PopulationAnnealingOptions {
  std::int64_t population = 1000;
  std::int64_t sweeps = 10;
  std::optional<double> beta_max = {};
  std::optional<Control> beta = {};
  double overlap = 0;
  std::string rule = "heat_bath";

  void describe(OptionTable& table);
};

// The population after one step.
struct PopulationStep {
  double beta = 0;
  double energy = 0, energy_error = 0;  // mean; standard error, families taken as independent
  double heat_capacity = 0;             // beta^2 Var(E)
  double log_z = 0, log_z_error = 0;    // ln Z, offset included; sqrt(rho_t / R)
  double family_entropy = 0, rho = 0;   // S_f and rho_t of sample/genealogy.hpp
  double acceptance = 1;                // accepted flips over proposed ones
};

// M is an EnergyModel, or IsingModel.
template <class M>
class PopulationAnnealing {
 public:
  using Copies = typename CopiesOf<M>::Type;
  struct State {
    Copies copies;
    std::vector<double> energies;
    std::vector<std::int64_t> family;   // first ancestor of each copy
    Knob beta;                          // what proposes the next temperature
    BestStates best;                    // of one read
    std::vector<PopulationStep> steps;  // from beta = 0 on
  };

  // `model` must outlive this and have at least one spin. Throws InvalidInput for options out of range.
  explicit PopulationAnnealing(const M& model, PopulationAnnealingOptions options = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  // beta has reached beta_max.
  bool finished(const State& state) const;
  // energy (lowest so far), beta, population_energy, log_z, family_entropy, rho, acceptance
  void measure(const State& state, Row& row) const;
  // ln of the number of ground states: ln Z + beta E_0 + ln(share of copies at the lowest energy met). Good
  // where that is the ground state and a fair share of copies is in it.
  double log_ground_states(const State& state) const;
  // The best state, and the last population.
  SolutionPool solutions(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    std::vector<double> steps = pack_steps(state.steps);
    state.copies.fields(visit, static_cast<std::size_t>(options_.population));
    visit("energies", state.energies);
    visit("family", state.family);
    state.beta.fields(visit);
    state.best.fields(visit, "best");
    visit("steps", steps);
    if constexpr (!std::is_same_v<Visitor, StateWriter>) unpack(state, steps);
  }

 private:
  Index size() const { return static_cast<Index>(model_->size()); }
  static std::vector<double> pack_steps(const std::vector<PopulationStep>& steps);
  void unpack(State& state, std::span<const double> steps) const;
  double next_beta(State& state, const Moment& now) const;
  double resample(State& state, double step, const Moment& now) const;
  double sweep(State& state, double beta, const Moment& now) const;
  void note_step(State& state, double beta, double log_z, double acceptance) const;

  const M* model_;
  PopulationAnnealingOptions options_;
  Rule rule_;
  double beta_max_;  // infinite where a schedule alone rules
};

extern template class PopulationAnnealing<IsingModel>;
extern template class PopulationAnnealing<IsingFlips>;
extern template class PopulationAnnealing<PolynomialModel>;

// sum_m e^{ln Z_m} x_m / sum_m e^{ln Z_m} over runs m with equal populations and temperatures, and its
// jackknife standard error (nan for one run); the combined ln Z is the logarithm of the mean of the Z_m. At
// least one run, both lists of equal length; otherwise InvalidInput.
struct WeightedAverage {
  double value, error;
  double log_z, log_z_error;
};
WeightedAverage weighted_average(std::span<const double> log_z, std::span<const double> values);

}  // namespace lehr::spin
