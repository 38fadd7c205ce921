// The options of `lehr diffusion guide`.
#include "apps/lehr/diffusion/guide.hpp"
#include "lehr/sample/resampling.hpp"

namespace lehr::command {

void GuideOptions::describe(OptionTable& table) {
  problem.describe(table);
  table
      .add("method", method,
           "svdd: the best of several candidates in every step; best_of_n: of complete runs; twisted_smc: a "
           "population "
           "that is resampled; gradient: a differentiable proxy; pretrained: no guidance")
      .choices({"svdd", "best_of_n", "twisted_smc", "gradient", "pretrained"});
  table
      .add("value", value,
           "value of a noisy design: pm: reward of the decoded one; mc, mc_soft, bellman: learnt from "
           "rollouts; exact and "
           "mean (the mean reward): by the prior itself")
      .choices({"pm", "mc", "mc_soft", "bellman", "exact", "mean"});
  table.add("count", count, "designs").range(1, 1e6);
  table.add("candidates", candidates, "candidates M in a step; best_of_n: runs");
  table.add("temperature", temperature,
            "alpha: 0 takes the best candidate; default: the file's alpha, else 0");
  table
      .add("target_temperature", target_temperature,
           "alpha of the target that results are compared with; default: the file's, else the last "
           "temperature")
      .range(0, 1e300);
  table.add("rule", rule, "spread: M follows the spread of the values, at the same cost")
      .choices({"schedule", "spread"});
  table.add("rollouts", rollouts, "mc, mc_soft, bellman: runs to learn from").range(1, 1e6);
  table
      .add("features", features,
           "mc, mc_soft, bellman: motif (built-in reward), plain, auto: motif where it can be")
      .choices({"auto", "motif", "plain"});
  table.add("value_candidates", value_candidates, "bellman: next states drawn for each state").range(1, 1e4);
  table.add("value_file", value_file, "mc, mc_soft, bellman: file (safetensors) of values learnt before");
  table.add("save_value", save_value, "mc, mc_soft, bellman: file (safetensors) for the values learnt");
  table.add("draws", draws, "exact and mean of mixtures: posterior draws in each component").range(1, 1e5);
  table
      .add("proposal", proposal,
           "candidates from the model, or from it guided by the proxy's gradient (reweighted)")
      .choices({"model", "gradient"});
  table.add("proxy", proxy, "gradient: a smooth formula in place of the reward; default: the reward itself");
  table.add("scale", scale, "gradient: strength over the run");
  table.add("resampling", resampling, "twisted_smc: scheme").choices(sample::resampling_schemes());
  table.add("threshold", threshold, "twisted_smc: resample at this effective share of the designs")
      .range(0, 1);
  table.add("compare", compare,
            "baselines that run beside: pretrained, best_of_n, twisted_smc; none for nothing");
  table.add("save", save, "csv file for the designs");
}

}  // namespace lehr::command
