// Simulated annealing of an Ising model (Kirkpatrick, Gelatt and Vecchi 1983): sweeps of single-spin flips,
// accepted with probability min(1, e^(-beta dE)) (Metropolis) or 1 / (1 + e^(beta dE)) (heat bath), while the
// inverse temperature beta follows a schedule or a controller.
//
// One step is one sweep of all reads (independent copies); reads.hpp says how they advance. Cost O(reads
// (spins + couplings)) a step. At constant beta it samples the Boltzmann distribution.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/control.hpp"
#include "lehr/spin/beta_range.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/ising_model.hpp"
#include "lehr/spin/reads.hpp"
#include "lehr/spin/solutions.hpp"

namespace lehr::spin {

// What rules the temperature, shared by all methods that anneal: at most one of beta and temperature.
struct Cooling {
  std::optional<Control> beta;          // inverse temperature
  std::optional<Schedule> temperature;  // 1 / beta

  void describe(OptionTable& table);
  // The rule of beta; without one, geometric between the ends of `range`. ess_tempering() starts at beta = 0
  // and ends at the share `to` of range.cold. Throws InvalidInput when both are set or the controller needs a
  // signal other than acceptance or log-likelihoods.
  Control control(const BetaRange& range) const;
  // beta at a moment from the knob of `control`; throws InvalidInput when it is negative.
  double value(Knob& knob, const Moment& now, const BetaRange& range) const;
};

struct AnnealOptions {
  std::int64_t reads = 64;
  Cooling cooling = {};
  std::string rule = "metropolis";
  std::string kernel = "automatic";
  bool descend = true;

  void describe(OptionTable& table);
};

class Anneal {
 public:
  struct State {
    std::shared_ptr<Reads> reads;
    Knob beta;
    double last_beta = 0, acceptance = 0;
  };

  // `model` must outlive this. Throws InvalidInput for options out of range. `initial` are states in which
  // the first reads start, each of model.size() spins; the others start at random.
  explicit Anneal(const IsingModel& model, AnnealOptions options = {}, std::vector<Spins> initial = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // spends one evaluation a proposal
  bool finished(const State& state) const;              // a controller has reached its end
  // beta; energy: the lowest of the reads; energy_mean, energy_deviation: over reads; acceptance: share of
  // the last sweep's proposals
  void measure(const State& state, Row& row) const;
  // The states in which the reads stand, each after a steepest descent unless options.descend is false.
  SolutionPool solutions(const State& state) const;
  BetaRange range() const { return range_; }
  Kernel kernel() const { return model_->kernel(); }

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    state.reads->fields(visitor);
    state.beta.fields(visitor);
    visitor("beta", state.last_beta);
    visitor("acceptance", state.acceptance);
  }

 private:
  AnnealOptions options_;
  BetaRange range_;
  Control control_;
  Rule rule_;
  std::shared_ptr<const ReadModel> model_;
  std::vector<Spins> initial_;
};

Rule parse_rule(const std::string& text);
std::optional<Kernel> parse_kernel(const std::string& text);

}  // namespace lehr::spin
