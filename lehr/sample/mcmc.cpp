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

MetricShape McmcOptions::metric_shape() const {
  if (metric == "identity") return MetricShape::identity;
  return metric == "dense" ? MetricShape::dense : MetricShape::diagonal;
}

void measure_chains(const std::vector<Chain>& chains, Row& row) {
  double acceptance = 0, step = 0, log_density = 0;
  std::int64_t divergences = 0;
  for (const Chain& chain : chains) {
    acceptance += chain.counted > 0 ? chain.acceptance / static_cast<double>(chain.counted) : 0;
    step += chain.step.value();
    log_density += chain.point.log_density;
    divergences += chain.divergences;
  }
  const auto count = static_cast<double>(chains.size());
  row.add("iterations", static_cast<double>(chains.front().iteration));
  row.add("acceptance", acceptance / count);
  row.add("step", step / count);
  row.add("divergences", static_cast<double>(divergences));
  row.add("log_density", log_density / count);
}

Draws draws_of(const std::vector<Chain>& chains, Eigen::Index dimension) {
  Draws draws;
  draws.dimension = dimension;
  draws.chains = static_cast<Eigen::Index>(chains.size());
  draws.iterations = static_cast<Eigen::Index>(chains.front().log_densities.size());
  draws.values.resize(dimension, draws.chains * draws.iterations);
  draws.log_densities.reserve(static_cast<std::size_t>(draws.values.cols()));
  for (std::size_t c = 0; c < chains.size(); ++c) {
    const std::vector<double>& values = chains[c].draws;
    draws.values.middleCols(static_cast<Eigen::Index>(c) * draws.iterations, draws.iterations) =
        Eigen::Map<const Eigen::MatrixXd>(values.data(), dimension, draws.iterations);
    draws.log_densities.insert(draws.log_densities.end(), chains[c].log_densities.begin(),
                               chains[c].log_densities.end());
  }
  return draws;
}

schedule::DualAveraging step_adaptation(double target, double start, std::int64_t iterations) {
  return schedule::DualAveraging(
      {.target = target, .start = start, .adapt = std::max<std::int64_t>(iterations, 1)});
}

}  // namespace lehr::sample
