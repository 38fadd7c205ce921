// Values learnt from runs of the pretrained model (SVDD-MC): a linear function of features at each level of the grid, by least
// squares with a small ridge.
//
//   mean      minimise sum (r(x_0) - f(x_t))^2             v = f: E[r | x_t], the soft value's limit for large alpha
//   soft      minimise sum (exp(r(x_0) / alpha) - f(x_t))^2   v = alpha ln max(f, a thousandth of the smallest target)
//   bellman   backwards in t: minimise sum (f(x_t) - alpha ln mean_m exp(v(x^(m)) / alpha))^2 with M fresh candidates x^(m) ~ p(. | x_t)
//
// Regression on the mean underrates rare high rewards for small alpha (Jensen): the calibration table shows it. Cost: rollouts x
// steps model calls, rollouts rewards; bellman M times as many model calls again.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/diffusion/guidance/value_model.hpp"

namespace lehr::diffusion {

// Features of noisy states: rows are features (the first is 1), columns those of x. `reward_calls` is what they cost.
struct FeatureMap {
  std::vector<std::string> names;
  std::function<MatrixXd(const MatrixXd& x, Index level)> features;
  std::int64_t reward_calls_per_column = 0;
};

// For sequences under the built-in score: 1, masked share, expected share of favoured symbols, and the motif's windows: those that
// are complete, their expected number, those with all but one and with fewer symbols revealed, and those that are still open.
FeatureMap motif_features(const ReverseModel& model, const SequenceScore& score);
// For any reward: 1, r(x0_hat), share revealed, its product with r(x0_hat); sequences: the expected composition; points: x0_hat and
// its squares.
FeatureMap plain_features(const ReverseModel& model, const DesignReward& reward);

struct RegressionOptions {
  std::int64_t rollouts = 1500;
  std::string form = "mean";
  std::int64_t candidates = 8;
  double temperature = 0;
  double ridge = 1e-6;

  void describe(OptionTable& table);
};

// The fitted function; plain data.
struct LinearValue {
  std::string form = "mean";
  double temperature = 0, top = 0;  // soft: targets are exp((r - top) / alpha)
  MatrixXd coefficients;            // features x (steps + 1)
  VectorXd floors;                  // soft: the least that f may be
  VectorXd r_squared;               // by level, in the rollouts
  MatrixXd calibration;  // by level: mean v, mean r, and both in the tenth of the rollouts with the highest v
  std::vector<double> times;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("value.form", form), visit("value.temperature", temperature), visit("value.top", top);
    visit("value.coefficients", coefficients), visit("value.floors", floors),
        visit("value.r_squared", r_squared);
    visit("value.calibration", calibration), visit("value.times", times);
  }
  VectorXd values(const MatrixXd& features, Index level) const;
};

class ValueRegression {
 public:
  struct State {
    std::int64_t step = 0;
    MatrixXd x;  // rows x (rollouts (steps + 1)), level by level
    VectorXd rewards;
    LinearValue value;
    std::int64_t reward_calls = 0, model_calls = 0;
  };

  // Throws InvalidInput for fewer rollouts than features and for a temperature of 0 with the form `soft`.
  ValueRegression(ReverseModel model, DesignReward reward, FeatureMap features, RegressionOptions options);
  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.step == steps(); }
  void measure(const State& state, Row& row) const;
  // Rollouts go forward level by level, the fit goes backward.
  std::int64_t steps() const { return 2 * model_.steps(); }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("step", state.step), visit("x", state.x), visit("rewards", state.rewards);
    visit("reward_calls", state.reward_calls), visit("model_calls", state.model_calls);
    state.value.fields(visit);
  }

 private:
  void roll(State& state, const Moment& now, Index level) const;
  void score(State& state) const;
  void fit(State& state, const Moment& now, Index level) const;
  VectorXd bellman_targets(State& state, const Moment& now, Index level) const;

  ReverseModel model_;
  DesignReward reward_;
  FeatureMap features_;
  RegressionOptions options_;
};

// Throws InvalidInput where the function was fitted for another grid or other features.
ValueModel regression_value(LinearValue value, FeatureMap features, const ReverseModel& model);

}  // namespace lehr::diffusion
