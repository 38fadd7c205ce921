// light_sb: fits a light Schroedinger bridge to two unpaired point clouds (light_bridge.hpp, bridge_objective.hpp).
//
//   adam    one step of Adam (D. Kingma and J. Ba, 2015; 0.9, 0.999, 1e-8) on a minibatch of either side per step. Weights are stored
//           as eps log alpha, which is what the learning rates of the paper are for.
//   lbfgs   20 iterations of L-BFGS on all points per step; the loss never rises, and the run ends where it has settled.
//
// epsilon is a schedule, the target its last value. Where it changes, r, S and eps log alpha are kept (log alpha is rescaled by the
// ratio: the dual potential of the transport problem stays as it was) and Adam's averages begin anew where it jumps. Minibatches are
// addressed by step. `revive` moves components that hardly any point of the target uses to a point of the target.
// Source: arXiv:2310.01174 and its section 4. Cost per step: O(batch K d) diagonal, O(batch K d^2) full.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/diffusion/bridge/bridge_objective.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

struct LightSbOptions {
  std::optional<Schedule> epsilon = {};
  std::int64_t components = 10;
  std::string covariance = "diagonal";
  Schedule batch = 128;
  std::optional<Schedule> learning_rate = {};
  std::string init = "kmeans++";
  std::string weights = "balanced";
  double average = 0.25;
  double initial_spread = 0;
  std::string optimizer = "adam";
  double hold_out = 0;
  bool revive = false;

  void describe(OptionTable& table);
};

// The paper's rates, on a line between them in the logarithms: 3e-4 at eps 0.002, 1e-3 at 0.1, 3e-3 at 1, 6e-2 at 10.
double default_learning_rate(double epsilon);
// 0.1, and 1 from eps = 10 on.
double default_spread(double epsilon);

// One look at a run.
struct LightSbLook {
  double step = 0, epsilon = 0, learning_rate = 0, loss = 0, log_c = 0, gradient_norm = 0, least_share = 0,
         largest_share = 0, effective_components = 0, least_spread = 0, largest_spread = 0;
};

class LightSb {
 public:
  struct State {
    Eigen::VectorXd parameters, first, second;  // Adam's averages of the gradient and of its square
    std::int64_t averaged = 0;                  // steps in them
    Eigen::VectorXd mean;                       // of the parameters over the last steps
    std::int64_t meant = 0;                     // steps in it
    std::int64_t taken = 0;                     // steps in all
    double epsilon = 0, learning_rate = 0, batch_loss = 0, gradient_norm = 0, gradient_norm_1 = 0;
    std::int64_t revived = 0;
    bool settled = false;
    Eigen::MatrixXd course;  // 11 x looks
  };

  // The clouds (d x n, d x m) in the model's units; `steps` of the whole run. Throws InvalidInput where dimensions differ, a side has
  // fewer than two points, numbers are not finite, epsilon is not above 0 or there are more components than points to start from.
  LightSb(Eigen::MatrixXd x, Eigen::MatrixXd y, LightSbOptions options, std::int64_t steps);

  State start(const Moment& now) const;
  // Throws NumericalFailure, which names step and component, where the loss is not finite.
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.settled; }
  // step, lr, loss (validation), log_c, grad_norm, grad_norm_1, epsilon, effective_components, shares, spreads
  void measure(const State& state, Row& row) const;

  // At the target epsilon where the run has ended, else at that of its last step.
  LightBridge model(const State& state) const;
  std::vector<LightSbLook> course(const State& state) const;
  double target_epsilon() const { return target_epsilon_; }
  // L on the validation points: those held out, or a fixed half (at most 4096 points a side).
  BridgeLoss validation_loss(const LightBridge& model) const;

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("parameters", state.parameters), visitor("first", state.first), visitor("second", state.second);
    visitor("averaged", state.averaged), visitor("mean", state.mean), visitor("meant", state.meant);
    visitor("taken", state.taken), visitor("epsilon", state.epsilon);
    visitor("learning_rate", state.learning_rate), visitor("batch_loss", state.batch_loss);
    visitor("gradient_norm", state.gradient_norm), visitor("gradient_norm_1", state.gradient_norm_1);
    visitor("revived", state.revived), visitor("settled", state.settled), visitor("course", state.course);
  }

 private:
  double epsilon_at(std::int64_t step) const;
  void step_adam(State& state, const Moment& now) const;
  void step_lbfgs(State& state, const Moment& now) const;
  // Each component gets as much of the source as it has of the target at the state's epsilon, along `from` to `to`.
  void balance(State& state, double from, double to) const;
  void take_epsilon(State& state, double epsilon) const;
  void revive_unused(State& state, const Moment& now) const;
  void check(const State& state, double loss, const Moment& now) const;
  LightSbLook look(const State& state) const;

  LightSbOptions options_;
  BridgeLayout layout_;
  std::int64_t steps_;
  double target_epsilon_ = 0;
  Eigen::MatrixXd x_, y_, x_validation_, y_validation_, x_weighing_, y_weighing_;
};

}  // namespace lehr::diffusion
