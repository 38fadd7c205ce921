// SVDD: soft value-based decoding in diffusion models (X. Li et al., 2024, arXiv 2408.08252), without gradients or training of the
// model.
//
//   target   p*(x_0) ∝ p(x_0) exp(r(x_0) / alpha), the optimum of E r - alpha KL(. || p)
//   policy   p*(x_s | x_t) ∝ p(x_s | x_t) exp(v_s(x_s) / alpha),  v_s(x_s) = alpha ln E[exp(r(x_0) / alpha) | x_s]
//   step     for each design on its own: M candidates from p(x_s | x_t), one of them with probability ∝ exp(v_s / alpha)
//
// Designs exchange nothing, so their diversity stays (unlike in twisted_smc.hpp). alpha = 0 keeps the best candidate, which is what
// the paper's tables show; alpha > 0 tends to p* as M grows and values become exact. At the last level the value is the reward
// itself. Candidates are drawn and judged in blocks, so M may be in the thousands. Cost a step and design: a model call, M value calls.
//
// M and alpha are schedules. With `rule = spread`, M follows the spread of the values among the candidates of the step before, at the
// same number of candidates in the whole run.
#pragma once

#include <string>

#include "lehr/core/moment.hpp"
#include "lehr/diffusion/guidance/choice.hpp"
#include "lehr/diffusion/guidance/guidance_trace.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

struct SvddOptions {
  std::int64_t count = 256;  // designs
  Schedule candidates = 10, temperature = 0;
  std::string rule = "schedule";  // or "spread"

  void describe(OptionTable& table);
};

class Svdd {
 public:
  struct State {
    std::int64_t level = 0;
    MatrixXd x;                      // rows x count
    VectorXd rewards;                // of the finished designs; NaN: infeasible
    double left = 0;                 // candidates a design that the rule `spread` may still spend
    double spread = 0, spreads = 0;  // of the last step; sum over the steps
    std::int64_t reward_calls = 0, model_calls = 0, infeasible = 0;
    GuidanceTrace trace;
  };

  // An empty `value` leaves the model unguided: one candidate a step. Throws InvalidInput for options out of range.
  Svdd(ReverseModel model, DesignReward reward, ValueModel value, SvddOptions options);

  State start(const Moment& now) const;
  // Throws NumericalFailure at the end where more than half of all choices had no feasible candidate.
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.level == model_.steps(); }
  void measure(const State& state, Row& row) const { state.trace.measure(row); }
  std::int64_t steps() const { return model_.steps(); }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("level", state.level), visit("x", state.x), visit("rewards", state.rewards);
    visit("left", state.left), visit("spread", state.spread), visit("spreads", state.spreads);
    visit("reward_calls", state.reward_calls), visit("model_calls", state.model_calls);
    visit("infeasible", state.infeasible);
    state.trace.fields(visit);
  }

 private:
  std::int64_t scheduled_candidates(double value) const;
  std::int64_t candidates(State& state, const Moment& now) const;

  ReverseModel model_;
  DesignReward reward_;
  ValueModel value_;
  SvddOptions options_;
};

// Draws a block of candidates for every column of x: `block` of them, the first with number `first`; writes ln p/q.
MatrixXd draw_candidates(const ReverseModel& model, const MatrixXd& x, const MatrixXd& prediction,
                         Index level, std::int64_t block, const BatchAddress& address, VectorXd& log_ratios);

}  // namespace lehr::diffusion
