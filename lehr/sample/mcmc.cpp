#include "lehr/sample/mcmc.hpp"

namespace lehr::sample {

void McmcOptions::describe(OptionTable& table) {
  table.add("chains", chains, "independent chains").range(1, 10000);
  table.add("warm_up", warm_up, "iterations of each chain that adapt step and metric, and are not kept")
      .range(0, 1e9);
  table.add("iterations", iterations, "draws to keep of each chain").range(1, 1e9);
  table.add("thin", thin, "keeps every how-manieth iteration").range(1, 1e6);
  table.add("metric", metric, "what the warm-up learns of the target's covariance")
      .choices({"identity", "diagonal", "dense"});
  table.add("step", step, "step size over the run; without it dual averaging finds one in the warm-up");
  table
      .add("target_acceptance", target_acceptance,
           "acceptance rate that the step aims at; 0: what suits the kernel")
      .range(0, 0.999);
  table.add("block", block, "iterations between two looks at the run: progress, checkpoints, Ctrl-C")
      .range(1, 1e6);
}

WalkerOptions McmcOptions::walker() const {
  const MetricShape shape = metric == "identity" ? MetricShape::identity
                            : metric == "dense"  ? MetricShape::dense
                                                 : MetricShape::diagonal;
  return {.warm_up = warm_up, .metric = shape, .step = step, .target_acceptance = target_acceptance};
}

void check_mcmc(const LogDensity& target, bool needs_gradient, const Eigen::MatrixXd& starts,
                McmcOptions options) {
  describe(options).read(describe(options).values(), "mcmc");
  if (target.dimension < 1 || !target.value)
    throw InvalidInput("mcmc: the target has no dimension or no density");
  if (needs_gradient && !target.with_gradient)
    throw InvalidInput("mcmc: this kernel needs gradients, which the target does not give");
  if (starts.rows() != target.dimension || (starts.cols() != 1 && starts.cols() != options.chains))
    throw InvalidInput("mcmc: starting points are {} x {}, expected {} x {} or {} x 1", starts.rows(),
                       starts.cols(), target.dimension, options.chains, target.dimension);
}

void measure_chains(const std::vector<Chain>& chains, Row& row) {
  double acceptance = 0, step = 0, log_density = 0;
  std::int64_t divergences = 0;
  for (const Chain& chain : chains) {
    acceptance += chain.walker.mean_acceptance();
    step += chain.walker.step.value();
    log_density += chain.walker.point.log_density;
    divergences += chain.walker.divergences;
  }
  const auto count = static_cast<double>(chains.size());
  row.add("iterations", static_cast<double>(chains.front().walker.iteration));
  row.add("acceptance", acceptance / count);
  row.add("step", step / count);
  row.add("divergences", static_cast<double>(divergences));
  row.add("log_density", log_density / count);
}

Draws draws_of(const std::vector<Chain>& chains, Eigen::Index dimension) {
  std::vector<const DrawRecord*> records;
  for (const Chain& chain : chains) records.push_back(&chain.record);
  return collect_draws(records, dimension);
}

}  // namespace lehr::sample
