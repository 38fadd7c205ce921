// What happens to the weights of a Feynman-Kac corrector after a step: resampling, birth and death, rejuvenation, and what is reported.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/diffusion/particles/feynman_kac_corrector.hpp"
#include "lehr/sample/resampling.hpp"

namespace lehr::diffusion {

using Eigen::ArrayXd;
using Eigen::Index;

namespace {

constexpr std::int64_t most_starving_steps = 10;
constexpr double langevin_acceptance = 0.574;  // Roberts and Rosenthal, 1998

template <class Values>
void permute_rows(Values& values, const std::vector<std::int64_t>& ancestors) {
  if (values.rows() == 0) return;
  for (std::size_t j = 0; j < ancestors.size(); ++j)  // sources keep their place
    if (ancestors[j] != static_cast<std::int64_t>(j))
      values.row(static_cast<Index>(j)) = values.row(static_cast<Index>(ancestors[j])).eval();
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

void CorrectorResampling::describe(OptionTable& table) {
  std::vector<std::string> schemes = sample::resampling_schemes();
  schemes.push_back("birth_death");
  table.add("scheme", scheme, "how survivors are drawn").choices(std::move(schemes));
  table.add("ess", ess,
            "resample where the effective share of an island's particles falls below this; 0: never");
  table.add("every", every, "resample every so many steps instead; 0: by the effective share").range(0, 1e9);
  table.add("window", window, "progress between which particles are resampled");
}

std::span<double> FeynmanKacCorrector::island_of(std::vector<double>& values, std::int64_t island) const {
  const auto first = static_cast<std::size_t>(island_start(island)),
             end = static_cast<std::size_t>(island_start(island + 1));
  return std::span<double>(values).subspan(first, end - first);
}

bool FeynmanKacCorrector::resampling_due(const State& state, double ess_share) const {
  const double progress = static_cast<double>(state.step) / static_cast<double>(steps());
  const CorrectorResampling& options = options_.resample;
  if (progress < options.window[0] || progress > options.window[1]) return false;
  if (birth_death()) return true;
  if (options.every > 0) return state.step % options.every == 0;
  return ess_share < options.ess(progress);
}

// Adds to the record; state.step is that of the new node.
void FeynmanKacCorrector::select(State& state, const Moment& now, const std::vector<double>& increments,
                                 CorrectorStep& record) const {
  const std::vector<double> pooled = probabilities(state);
  record.ess = sample::effective_sample_size(pooled) / static_cast<double>(pooled.size());
  record.max_weight = *std::max_element(pooled.begin(), pooled.end());
  record.dispersion = dispersion(state, pooled);
  record.increment_mean = mean_of(increments);
  double squares = 0;
  for (const double value : increments)
    squares += (value - record.increment_mean) * (value - record.increment_mean);
  record.increment_deviation = std::sqrt(squares / static_cast<double>(increments.size()));
  if (!weighted()) return;
  std::vector<std::int64_t> ancestors(increments.size());
  std::iota(ancestors.begin(), ancestors.end(), 0);
  bool starving = false;
  for (std::int64_t island = 0; island < options_.islands; ++island) {
    const std::span<double> weights = island_of(state.log_weights, island);
    std::vector<double> p(weights.size());
    const double log_sum = sample::softmax(weights, 1, p, "weights of the corrector");
    const double ess = sample::effective_sample_size(p), size = static_cast<double>(p.size());
    starving = starving || (ess < 2 && size > 2);
    if (!resampling_due(state, ess / size)) continue;
    Stream random =
        now.random(lane("diffusion.corrector.resample")).at_block(static_cast<std::uint64_t>(island) << 40);
    // Weights that are the last step's alone are what births and deaths replace; older ones are resampled first.
    const std::span<const double> last(increments.data() + island_start(island), weights.size());
    const bool fresh = birth_death() && std::equal(last.begin(), last.end(), weights.begin());
    const std::vector<std::int64_t> own = fresh ? births(increments, island, random) : survivors(p, random);
    for (std::size_t j = 0; j < own.size(); ++j)
      ancestors[static_cast<std::size_t>(island_start(island)) + j] = island_start(island) + own[j];
    state.log_z[static_cast<std::size_t>(island)] += log_sum - std::log(size);
    std::fill(weights.begin(), weights.end(), 0.0);
    record.resampled += 1;
  }
  if (record.resampled > 0) inherit(state, ancestors);
  state.starving = starving ? state.starving + 1 : 0;
  if (state.starving >= most_starving_steps)
    throw NumericalFailure(
        "feynman_kac_corrector: fewer than 2 particles of an island were effective in {} steps up to step {} "
        "(noise level {:g}); use more "
        "particles, or a ramp of the exponents that starts later",
        most_starving_steps, state.step, path_.nodes[static_cast<std::size_t>(state.step)].rho);
}

std::vector<std::int64_t> FeynmanKacCorrector::survivors(std::span<const double> probabilities,
                                                         Stream& random) const {
  const sample::Resampling scheme =
      birth_death() ? sample::Resampling::systematic : sample::resampling_named(options_.resample.scheme);
  return sample::ancestors_in_place(sample::resampled_copies(
      scheme, probabilities, static_cast<std::int64_t>(probabilities.size()), random));
}

std::vector<std::int64_t> FeynmanKacCorrector::births(const std::vector<double>& increments,
                                                      std::int64_t island, Stream& random) const {
  const auto first = static_cast<std::size_t>(island_start(island)),
             end = static_cast<std::size_t>(island_start(island + 1));
  double mean = 0;
  for (std::size_t i = first; i < end; ++i) mean += increments[i] / static_cast<double>(end - first);
  std::vector<double> sums;  // of the gains above the mean
  double total = 0;
  for (std::size_t i = first; i < end; ++i) sums.push_back(total += std::max(0.0, increments[i] - mean));
  std::vector<std::int64_t> ancestors;
  for (std::size_t i = first; i < end; ++i) {
    const double death = -std::expm1(std::min(0.0, increments[i] - mean));
    const double u = uniform(random), place = uniform(random) * total;
    if (u >= death || !(total > 0)) {
      ancestors.push_back(static_cast<std::int64_t>(i - first));
      continue;
    }
    const auto parent = std::upper_bound(sums.begin(), sums.end(), place) - sums.begin();
    ancestors.push_back(std::min<std::int64_t>(parent, static_cast<std::int64_t>(sums.size()) - 1));
  }
  return ancestors;
}

void FeynmanKacCorrector::inherit(State& state, const std::vector<std::int64_t>& ancestors) const {
  permute_rows(state.x, ancestors);
  for (Eigen::MatrixXd& noise : state.noises) permute_rows(noise, ancestors);
  permute_rows(state.log_densities, ancestors);
  permute_rows(state.rewards, ancestors);
  permute_rows(state.gradients, ancestors);
  state.genealogy.descend(ancestors);
}

ArrayXd FeynmanKacCorrector::log_target(const State& state) const {
  ArrayXd value = ArrayXd::Zero(state.x.rows());
  for (std::size_t e = 0; e < experts_.size(); ++e)
    value += state.exponents[e] * state.log_densities.col(static_cast<Index>(e)).array();
  if (reward_.evaluate)
    value += path_.nodes[static_cast<std::size_t>(state.step)].strength * state.rewards.array();
  return value;
}

Eigen::MatrixXd FeynmanKacCorrector::target_score(const State& state) const {
  const PathNode& node = path_.nodes[static_cast<std::size_t>(state.step)];
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(state.x.rows(), dimension_);
  for (std::size_t e = 0; e < experts_.size(); ++e) sum -= state.exponents[e] / node.s * state.noises[e];
  if (reward_.evaluate) sum += node.strength * state.gradients;
  return sum;
}

double FeynmanKacCorrector::dispersion(const State& state, const std::vector<double>& probabilities) const {
  const Eigen::Map<const Eigen::VectorXd> p(probabilities.data(), state.x.rows());
  const Eigen::MatrixXd score = target_score(state);
  const Eigen::RowVectorXd mean = p.transpose() * state.x;
  const Eigen::VectorXd products = (state.x.rowwise() - mean).cwiseProduct(score).rowwise().sum();
  return -p.dot(products) / static_cast<double>(dimension_);
}

// x' = x + h T(x) + (2 h)^1/2 xi with T = grad log p_k, accepted with probability min(1, p(x') N(x; x') / (p(x) N(x'; x))). The step h is
// a multiple of the noise variance that follows the acceptance. Returns the mean acceptance.
double FeynmanKacCorrector::rejuvenate(State& state, const Moment& now) const {
  const PathNode& node = path_.nodes[static_cast<std::size_t>(state.step)];
  double acceptance = 0;
  for (std::int64_t move = 0; move < options_.moves; ++move) {
    const double h = state.move_scale * node.s * node.s;
    const Stream random = now.random(lane("diffusion.corrector.move") + static_cast<std::uint64_t>(move));
    State other = state;
    const Eigen::MatrixXd here = target_score(state);
    std::vector<double> thresholds(static_cast<std::size_t>(state.x.rows()));
    for (Index i = 0; i < state.x.rows(); ++i) {
      Stream stream = random.at_block(static_cast<std::uint64_t>(i));
      QuickStream quick(stream);
      for (Index j = 0; j < dimension_; ++j)
        other.x(i, j) += h * here(i, j) + std::sqrt(2 * h) * normal(quick);
      thresholds[static_cast<std::size_t>(i)] = std::log(1 - uniform(quick));
    }
    evaluate(other, state.step);
    const Eigen::MatrixXd there = target_score(other);
    const ArrayXd before = log_target(state), after = log_target(other);
    double accepted = 0;
    for (Index i = 0; i < state.x.rows(); ++i) {
      const auto forward = (other.x.row(i) - state.x.row(i) - h * here.row(i)).squaredNorm();
      const auto backward = (state.x.row(i) - other.x.row(i) - h * there.row(i)).squaredNorm();
      const double log_ratio = after[i] - before[i] + (forward - backward) / (4 * h);
      accepted += std::exp(std::min(0.0, log_ratio));
      if (!(thresholds[static_cast<std::size_t>(i)] < log_ratio)) continue;
      state.x.row(i) = other.x.row(i);
      for (std::size_t e = 0; e < experts_.size(); ++e) state.noises[e].row(i) = other.noises[e].row(i);
      state.log_densities.row(i) = other.log_densities.row(i);
      if (reward_.evaluate)
        state.rewards[i] = other.rewards[i], state.gradients.row(i) = other.gradients.row(i);
    }
    accepted /= static_cast<double>(state.x.rows());
    state.move_scale *= std::exp(accepted - langevin_acceptance);
    acceptance += accepted / static_cast<double>(options_.moves);
  }
  return acceptance;
}

std::vector<double> FeynmanKacCorrector::log_weights(const State& state) const {
  std::vector<double> weights = state.log_weights;
  for (std::int64_t island = 0; island < options_.islands; ++island)
    for (double& weight : island_of(weights, island)) weight += state.log_z[static_cast<std::size_t>(island)];
  return weights;
}

std::vector<double> FeynmanKacCorrector::probabilities(const State& state) const {
  return sample::softmax(log_weights(state));
}

std::vector<double> FeynmanKacCorrector::island_log_z(const State& state) const {
  std::vector<double> result, weights = log_weights(state);
  for (std::int64_t island = 0; island < options_.islands; ++island)
    result.push_back(sample::log_mean_exp(island_of(weights, island)).value);
  return result;
}

sample::LogMean FeynmanKacCorrector::log_z(const State& state) const {
  return sample::log_mean_exp(island_log_z(state));
}

// Packed: 13 numbers and the exponents.
void FeynmanKacCorrector::record(State& state, const CorrectorStep& s) const {
  const PathNode& node = path_.nodes[static_cast<std::size_t>(state.step)];
  state.trace.insert(state.trace.end(), {static_cast<double>(state.step), node.rho, s.ess, log_z(state).value,
                                         static_cast<double>(state.genealogy.distinct_founders()),
                                         s.increment_mean, s.increment_deviation, s.max_weight, node.zeta,
                                         s.resampled, s.clamped, s.acceptance, s.dispersion});
  state.trace.insert(state.trace.end(), state.exponents.begin(), state.exponents.end());
}

std::vector<CorrectorStep> FeynmanKacCorrector::trace(const State& state) const {
  std::vector<CorrectorStep> steps;
  const std::size_t width = 13 + experts_.size();
  for (std::size_t i = 0; i + width <= state.trace.size(); i += width) {
    const double* v = state.trace.data() + i;
    steps.push_back({v[0],
                     v[1],
                     v[2],
                     v[3],
                     v[4],
                     v[5],
                     v[6],
                     v[7],
                     v[8],
                     v[9],
                     v[10],
                     v[11],
                     v[12],
                     {v + 13, v + width}});
  }
  return steps;
}

void FeynmanKacCorrector::measure(const State& state, Row& row) const {
  const std::vector<CorrectorStep> all = trace(state);
  if (all.empty()) return;
  const CorrectorStep& last = all.back();
  row.add("sigma", last.sigma);
  row.add("ess", last.ess);
  row.add("log_z", last.log_z);
  row.add("ancestors", last.ancestors);
  row.add("increment_mean", last.increment_mean);
  row.add("increment_deviation", last.increment_deviation);
  row.add("max_weight", last.max_weight);
  for (std::size_t e = 0; e < last.exponents.size(); ++e)
    row.add("exponent" + std::to_string(e + 1), last.exponents[e]);
  row.add("zeta", last.zeta);
  row.add("resampled", last.resampled);
  row.add("clamped", last.clamped);
  row.add("dispersion", last.dispersion);
}

std::vector<std::string> FeynmanKacCorrector::warnings(const State& state) const {
  constexpr double narrow = 0.35, few_ancestors = 0.01, few_effective = 0.05, least_dispersion = 0.8,
                   most_dispersion = 1.25;
  std::vector<std::string> result;
  if (!weighted())
    return {"score_mixing adds scores and weighs nothing: its points do not follow the target."};
  double spread = 1, smallest = 1;
  for (const PathNode& node : path_.nodes) {
    const double total = std::accumulate(node.exponents.begin(), node.exponents.end(), 0.0);
    if (total > 1) spread = std::min(spread, relative_spread(node.zeta, total));
  }
  for (const CorrectorStep& step : trace(state)) smallest = std::min(smallest, step.ess);
  const std::vector<double> p = probabilities(state);
  const double noise = 4 / std::sqrt(sample::effective_sample_size(p)), dispersed = dispersion(state, p);
  if (dispersed < least_dispersion - noise || dispersed > most_dispersion + noise)
    result.push_back(fmt::format(
        "The particles' dispersion against the target's scores is {:.2g}, not 1: they are {}, whatever their "
        "effective number.",
        dispersed, dispersed < 1 ? "too narrow" : "too wide"));
  const double share =
      static_cast<double>(state.genealogy.distinct_founders()) / static_cast<double>(options_.particles);
  if (spread < narrow)
    result.push_back(
        fmt::format("Small zeta: before weighting, particles spread over {:.2g} of the target's variance, "
                    "and the weights of "
                    "finitely many cannot repair it. Use zeta of 1 or more, or a later ramp.",
                    spread));
  if (share < few_ancestors)
    result.push_back(
        fmt::format("All particles descend from {} of the {} at the start: their number does not tell the "
                    "error. Use more "
                    "particles or a later ramp.",
                    state.genealogy.distinct_founders(), options_.particles));
  if (smallest < few_effective)
    result.push_back(fmt::format("At one step {:.2g} % of the particles were effective before resampling.",
                                 100 * smallest));
  if (options_.guards.centre)
    result.push_back("Increments are centred, so log Z means nothing.");
  else if (options_.guards.any())
    result.push_back("Increments of the weights are limited, which biases log Z.");
  return result;
}

}  // namespace lehr::diffusion
