#include "lehr/diffusion/particles/feynman_kac_path.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

constexpr double log_two_pi = 1.8378770664093454836;

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

void check_ramp(const RampOptions& ramp, std::size_t experts) {
  if (ramp.levels.empty()) {
    if (!ramp.start.empty() || ramp.ess > 0)
      throw InvalidInput("ramp.levels: a ramp needs the two noise levels of its start and end");
    return;
  }
  if (ramp.levels.size() != 2 || !(ramp.levels[0] > ramp.levels[1]) || !(ramp.levels[1] > 0))
    throw InvalidInput("ramp.levels: expected two falling noise levels above 0, found {}",
                       fmt::join(ramp.levels, " "));
  if (!ramp.start.empty() && ramp.start.size() != experts)
    throw InvalidInput("ramp.start: {} exponents for {} models", ramp.start.size(), experts);
}

// Of the exponents `last` that the ramp ends with.
std::vector<double> ramp_start(const RampOptions& ramp, const std::vector<double>& last) {
  if (ramp.levels.empty()) return last;
  if (!ramp.start.empty()) return ramp.start;
  const double total = sum(last);
  std::vector<double> start(last.size(), 0.0);
  if (last.size() > 1 && std::abs(total - 1) < 1e-12) {
    start.back() = 1;
    return start;
  }
  if (!(total > 0))
    throw InvalidInput("ramp.start: give it, as the exponents {} do not sum to more than 0",
                       fmt::join(last, " "));
  for (std::size_t i = 0; i < last.size(); ++i) start[i] = last[i] / total;
  return start;
}

}  // namespace

void RampOptions::describe(OptionTable& table) {
  table.add("levels", levels,
            "noise levels between which the exponents rise from `start` to their values, such as 0.5 0.02");
  table.add("start", start,
            "exponents before the ramp; default: a share each that sums to 1, or the last model alone under "
            "guidance");
  table
      .add("ess", ess,
           "controller in place of the straight ramp: each step raises the exponents until this share of the "
           "particles is effective")
      .range(0, 0.99999);
}

void PathOptions::describe(OptionTable& table) {
  table.add("zeta", zeta,
            "noise of the simulated process over that of the model's; 1: the reverse process, small values "
            "under-disperse");
  table.add("clock", clock, "what schedules are functions of: the logarithm of the noise level, or the step")
      .choices({"log_sigma", "progress"});
  table.group("ramp", ramp);
}

CorrectorPath corrector_path(const Process& process, const std::vector<double>& times,
                             const std::vector<Expert>& experts, const Reward& reward,
                             const PathOptions& options) {
  check_ramp(options.ramp, experts.size());
  CorrectorPath path;
  const auto steps = static_cast<std::int64_t>(times.size()) - 1;
  const double first = std::log(process.rho(times.front())), last = std::log(process.rho(times.back()));
  for (std::int64_t k = 0; k <= steps; ++k) {
    PathNode node;
    node.t = times[static_cast<std::size_t>(k)];
    node.log_a = process.log_a(node.t), node.s = process.s(node.t), node.rho = process.rho(node.t);
    const double log_rho = std::log(node.rho);
    const bool by_step = options.clock == "progress";
    node.position =
        by_step ? static_cast<double>(k) / static_cast<double>(steps) : (first - log_rho) / (first - last);
    const auto value = [&](const Schedule& schedule) {
      return by_step ? schedule.at(k, steps) : schedule(node.position);
    };
    node.zeta = value(options.zeta);
    if (!(node.zeta >= 0))
      throw InvalidInput("zeta: must be at least 0, found {:g} at step {}", node.zeta, k);
    path.unit_zeta = path.unit_zeta && node.zeta == 1;
    node.strength = reward.evaluate ? value(reward.strength) : 0;
    for (const Expert& expert : experts) node.scheduled.push_back(value(expert.exponent));
    if (!options.ramp.levels.empty()) {
      const double from = std::log(options.ramp.levels[0]), to = std::log(options.ramp.levels[1]);
      node.ramp = std::clamp((from - log_rho) / (from - to), 0.0, 1.0);
    }
    path.nodes.push_back(std::move(node));
  }
  path.start = ramp_start(options.ramp, path.nodes.back().scheduled);
  if (!options.ramp.levels.empty() && path.nodes.back().ramp < 1)
    throw InvalidInput("ramp.levels: the ramp ends at the noise level {:g}, the grid already at {:g}",
                       options.ramp.levels[1], path.nodes.back().rho);
  for (PathNode& node : path.nodes) {
    for (std::size_t i = 0; i < experts.size(); ++i)
      node.exponents.push_back(node.ramp == 1
                                   ? node.scheduled[i]
                                   : path.start[i] + node.ramp * (node.scheduled[i] - path.start[i]));
    path.varies = path.varies || node.exponents != path.nodes.front().exponents;
  }
  return path;
}

StartLaw gaussian_of(const PathNode& node, const Expert& expert) {
  const double a = std::exp(node.log_a);
  const Eigen::VectorXd mean =
      expert.mean.size() > 0 ? expert.mean : Eigen::VectorXd::Zero(expert.model.dimension);
  return {a * mean, a * a * expert.variance + node.s * node.s};
}

StartLaw start_law(const PathNode& node, const std::vector<Expert>& experts) {
  StartLaw law{Eigen::VectorXd::Zero(experts.front().model.dimension), 0};
  double precision = 0;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const StartLaw own = gaussian_of(node, experts[i]);
    precision += node.exponents[i] / own.variance;
    law.mean += node.exponents[i] / own.variance * own.mean;
  }
  if (!(precision > 0))
    throw InvalidInput(
        "exponents: the target with exponents {} cannot be normalised at the start (noise level {:g}): the "
        "sum of "
        "exponent / variance is {:g}, not above 0",
        fmt::join(node.exponents, " "), node.rho, precision);
  law.mean /= precision;
  law.variance = 1 / precision;
  return law;
}

double log_gaussian(const Eigen::Ref<const Eigen::RowVectorXd>& x, const Eigen::VectorXd& mean,
                    double variance) {
  const double d = static_cast<double>(x.size());
  return -0.5 * (d * (log_two_pi + std::log(variance)) + (x - mean.transpose()).squaredNorm() / variance);
}

double relative_spread(double zeta, double exponent_sum) {
  const double pull = (1 + zeta * zeta) * exponent_sum - 1;
  return pull > 0 ? zeta * zeta * exponent_sum / pull : 1;
}

}  // namespace lehr::diffusion
