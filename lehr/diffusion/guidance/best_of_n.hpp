// Best of N: N complete runs of the unguided model for each design, of which one is kept: the best (temperature 0), or one drawn
// with probability proportional to exp(r / alpha) (importance resampling, exact as N grows). One step of the method is one run of
// all designs, so memory does not grow with N. Cost: N steps' model calls and N rewards a design.
#pragma once

#include "lehr/core/moment.hpp"
#include "lehr/diffusion/guidance/choice.hpp"
#include "lehr/diffusion/guidance/guidance_trace.hpp"

namespace lehr::diffusion {

struct BestOfNOptions {
  std::int64_t count = 256, runs = 10;
  double temperature = 0;

  void describe(OptionTable& table);
};

class BestOfN {
 public:
  struct State {
    std::int64_t run = 0;
    MatrixXd x;
    VectorXd rewards, keys;  // of the kept; NaN and -inf: none yet
    std::int64_t reward_calls = 0, model_calls = 0;
    GuidanceTrace trace;
  };

  BestOfN(ReverseModel model, DesignReward reward, BestOfNOptions options);
  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.run == options_.runs; }
  void measure(const State& state, Row& row) const { state.trace.measure(row); }
  std::int64_t steps() const { return options_.runs; }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("run", state.run), visit("x", state.x), visit("rewards", state.rewards), visit("keys", state.keys);
    visit("reward_calls", state.reward_calls), visit("model_calls", state.model_calls);
    state.trace.fields(visit);
  }

 private:
  ReverseModel model_;
  DesignReward reward_;
  BestOfNOptions options_;
};

}  // namespace lehr::diffusion
