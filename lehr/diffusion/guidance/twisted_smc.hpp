// Twisted sequential Monte Carlo over the batch (TDS: Wu et al., "Practical and asymptotically exact conditional sampling in
// diffusion models", 2023): the designs are one population, reweighted by what their values gained in a step,
//
//   w_i *= exp(v_(t-1)(x_i') / alpha - v_t(x_i) / alpha) p/q,
//
// and resampled. It spends one value call a design and step, and is exact as the population grows, but for small alpha few ancestors
// survive: look at the unique share. Weights that are left at the end are resampled away.
#pragma once

#include <string>

#include "lehr/core/moment.hpp"
#include "lehr/diffusion/guidance/choice.hpp"
#include "lehr/diffusion/guidance/guidance_trace.hpp"
#include "lehr/sample/resampling.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

struct TwistedSmcOptions {
  std::int64_t count = 256;
  Schedule temperature = 0.2;
  std::string resampling = "systematic";
  double threshold = 1;

  void describe(OptionTable& table);
};

class TwistedSmc {
 public:
  struct State {
    std::int64_t level = 0;
    MatrixXd x;
    VectorXd rewards;
    VectorXd potentials;  // v(x) / alpha
    VectorXd log_weights;
    std::vector<std::int64_t> founder;  // of each design: its ancestor at the start
    std::int64_t reward_calls = 0, model_calls = 0, resamplings = 0;
    GuidanceTrace trace;
  };

  TwistedSmc(ReverseModel model, DesignReward reward, ValueModel value, TwistedSmcOptions options);
  State start(const Moment& now) const;
  // A step none of whose values is feasible leaves the weights as they are. Throws NumericalFailure where all weights are 0.
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.level == model_.steps(); }
  void measure(const State& state, Row& row) const { state.trace.measure(row); }
  std::int64_t steps() const { return model_.steps(); }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("level", state.level), visit("x", state.x), visit("rewards", state.rewards);
    visit("potentials", state.potentials), visit("log_weights", state.log_weights),
        visit("founder", state.founder);
    visit("reward_calls", state.reward_calls), visit("model_calls", state.model_calls);
    visit("resamplings", state.resamplings);
    state.trace.fields(visit);
  }

 private:
  double alpha(const Moment& now) const;
  // Returns the effective sample size before.
  double resample(State& state, const Moment& now, bool last) const;

  ReverseModel model_;
  DesignReward reward_;
  ValueModel value_;
  TwistedSmcOptions options_;
};

}  // namespace lehr::diffusion
