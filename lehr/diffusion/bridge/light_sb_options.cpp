#include "lehr/diffusion/bridge/light_sb.hpp"

#include <cmath>

namespace lehr::diffusion {

void LightSbOptions::describe(OptionTable& table) {
  table
      .add("epsilon", epsilon,
           "variance of the reference process over the whole time, in scaled units squared; a schedule "
           "anneals it to "
           "its last value, such as steps(values=[10,1,0.1], at=[0.25,0.5])")
      .above(0);
  table.add("components", components, "Gaussians of the potential").range(1, 100000);
  table.add("covariance", covariance, "shape of the S_k").choices({"diagonal", "full"});
  table.add("batch", batch, "points of either side in a step of adam").range(1, 1e7);
  table
      .add("learning_rate", learning_rate,
           "step size of adam; default by epsilon: 3e-4 (0.002), 1e-3 (0.1), 3e-3 (1), 6e-2 (10)")
      .above(0);
  table
      .add("init", init, "where the centres start: at points of the target, or at points far from each other")
      .choices({"samples", "kmeans++"});
  table
      .add("weights", weights,
           "balanced: at the start, where epsilon jumps and at the end the weights are set so that each "
           "component gets as "
           "much of the source as it has of the target; equal: they start equal and only the steps move them")
      .choices({"balanced", "equal"});
  table
      .add("average", average,
           "adam: the model is the mean of the parameters over this share of the run at its end; 0: the last "
           "ones")
      .range(0, 1);
  table
      .add("initial_spread", initial_spread,
           "S_k at the start is this times I; 0: 0.1, and 1 from epsilon = 10 on")
      .range(0, 1e6);
  table.add("optimizer", optimizer, "adam on minibatches, or lbfgs on all points").choices({"adam", "lbfgs"});
  table
      .add("hold_out", hold_out,
           "share of either side that is not fitted and on which the loss of the trace is measured; 0: all "
           "points are "
           "fitted, and the trace's loss is that of a fixed half of them")
      .range(0, 0.9);
  table.add("revive", revive,
            "moves components that no point uses to points of the target (first 60 % of the run)");
}

double default_learning_rate(double epsilon) {
  constexpr double at[] = {0.002, 0.1, 1, 10}, rate[] = {3e-4, 1e-3, 3e-3, 6e-2};
  if (epsilon <= at[0]) return rate[0];
  for (int i = 1; i < 4; ++i) {
    if (epsilon > at[i]) continue;
    const double place = std::log(epsilon / at[i - 1]) / std::log(at[i] / at[i - 1]);
    return rate[i - 1] * std::pow(rate[i] / rate[i - 1], place);
  }
  return rate[3];
}

double default_spread(double epsilon) { return epsilon >= 10 ? 1.0 : 0.1; }

}  // namespace lehr::diffusion
