#include "lehr/diffusion/particles/feynman_kac_corrector.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/quick_random.hpp"

namespace lehr::diffusion {

using Eigen::ArrayXd;
using Eigen::Index;

void CorrectorGuards::describe(OptionTable& table) {
  table.add("centre", centre, "takes the mean off a step's log-weight increments; Z is then unknown");
  table.add("clamp", clamp, "limits increments to [-clamp, clamp]; 0: no limit").range(0, 1e6);
  table.add("quantile", quantile, "limits increments to this quantile of them; 0: no limit").range(0, 1);
}

void CorrectorOptions::describe(OptionTable& table) {
  table.add("method", method, "fkc: weighted particles; score_mixing: the scores added up, without weights")
      .choices({"fkc", "score_mixing"});
  table.add("particles", particles, "particles of all islands together").range(2, 1e8);
  table
      .add("islands", islands,
           "parts that are resampled by themselves, from whose scatter the error of log Z comes")
      .range(1, 10000);
  path.describe(table);
  table
      .add("density", density,
           "log densities of the models where exponents vary: the models' own, or tracked along the path "
           "(zeta = 1)")
      .choices({"exact", "track"});
  table
      .add("integrator", integrator,
           "euler: steps and weights from the left end; exponential: steps exact for data that are a point, "
           "weights by the trapezoidal "
           "rule; auto: exponential while one model stands alone")
      .choices({"auto", "exponential", "euler"});
  table.group("resample", resample);
  table.group("guards", guards);
  table
      .add(
          "moves", moves,
          "steps of a Langevin kernel that rejuvenate the particles at each noise level; needs log densities")
      .range(0, 1000);
}

FeynmanKacCorrector::FeynmanKacCorrector(Process process, std::vector<double> times,
                                         std::vector<Expert> experts, Reward reward, CorrectorOptions options)
    : process_(std::move(process)),
      experts_(std::move(experts)),
      reward_(std::move(reward)),
      options_(std::move(options)) {
  check();
  dimension_ = experts_.front().model.dimension;
  for (const Expert& expert : experts_) {
    if (expert.model.dimension != dimension_)
      throw InvalidInput("experts: models have {} and {} dimensions", dimension_, expert.model.dimension);
    block_ = std::max(block_, expert.model.rows);
    parallel_ = parallel_ && expert.model.parallel;
  }
  path_ = corrector_path(process_, times, experts_, reward_, options_.path);
  exact_ =
      options_.density == "exact" && std::all_of(experts_.begin(), experts_.end(), [](const Expert& expert) {
        return expert.model.density_at && expert.model.predicts == Prediction::noise;
      });
  tracked_ = !exact_ && path_.varies && weighted();
  const auto lacking = std::find_if(experts_.begin(), experts_.end(),
                                    [](const Expert& expert) { return !expert.model.density_at; });
  const std::string which =
      lacking == experts_.end() ? "" : fmt::format("; model {} has none", lacking - experts_.begin() + 1);
  if (tracked_ && !path_.unit_zeta)
    throw InvalidInput(
        "zeta: exponents that vary need the models' log densities{}, or zeta = 1 to track them along the "
        "path",
        which);
  if (options_.moves > 0 && !exact_)
    throw InvalidInput("moves: rejuvenation needs the log densities of all models{}", which);
  if (options_.path.ramp.ess > 0 && !weighted())
    throw InvalidInput("ramp.ess: score_mixing has no weights to go by");
  start_law(path_.nodes.front(), experts_);
}

void FeynmanKacCorrector::check() const {
  CorrectorOptions copy = options_;
  lehr::describe(copy).read(lehr::describe(copy).values(), "feynman_kac_corrector");
  if (experts_.empty()) throw InvalidInput("experts: at least one model is needed");
  if (options_.particles < 2 * options_.islands)
    throw InvalidInput("islands: {} particles are less than 2 for each of {} islands", options_.particles,
                       options_.islands);
  const std::vector<double>& window = options_.resample.window;
  if (window.size() != 2 || !(window[0] >= 0 && window[0] <= window[1] && window[1] <= 1))
    throw InvalidInput("resample.window: expected two rising shares in [0, 1], found {}",
                       fmt::join(window, " "));
}

auto FeynmanKacCorrector::start(const Moment& now) const -> State {
  State state;
  const Index count = options_.particles;
  const PathNode& node = path_.nodes.front();
  const StartLaw law = start_law(node, experts_);
  state.x.resize(count, dimension_);
  const Stream random = now.random(lane("diffusion.corrector.start"));
  for_blocks([&](Index first, Index size) {
    for (Index i = first; i < first + size; ++i) {
      Stream stream = random.at_block(static_cast<std::uint64_t>(i));
      QuickStream quick(stream);
      for (Index j = 0; j < dimension_; ++j)
        state.x(i, j) = law.mean[j] + std::sqrt(law.variance) * normal(quick);
    }
  });
  state.exponents = node.exponents;
  state.noises.assign(experts_.size(), Eigen::MatrixXd(count, dimension_));
  if (exact_ || tracked_) state.log_densities.resize(count, static_cast<Index>(experts_.size()));
  if (reward_.evaluate) state.rewards.resize(count), state.gradients.resize(count, dimension_);
  evaluate(state, 0);
  state.log_weights.assign(static_cast<std::size_t>(count), 0.0);
  for (Index i = 0; i < count; ++i) {
    double log_weight = -log_gaussian(state.x.row(i), law.mean, law.variance);
    for (std::size_t e = 0; e < experts_.size(); ++e) {
      const StartLaw own = gaussian_of(node, experts_[e]);
      const double log_q = exact_ ? state.log_densities(i, static_cast<Index>(e))
                                  : log_gaussian(state.x.row(i), own.mean, own.variance);
      if (tracked_) state.log_densities(i, static_cast<Index>(e)) = log_q;
      log_weight += state.exponents[e] * log_q;
    }
    if (reward_.evaluate) log_weight += node.strength * state.rewards[i];
    if (weighted()) state.log_weights[static_cast<std::size_t>(i)] = log_weight;
  }
  state.log_z.assign(static_cast<std::size_t>(options_.islands), 0.0);
  state.genealogy = sample::Genealogy(count, false);
  for (const Expert& expert : experts_) now.spend(expert.model.cost);
  return state;
}

void FeynmanKacCorrector::advance(State& state, const Moment& now) const {
  CorrectorStep step;
  std::vector<double> increments(state.log_weights.size());
  propagate(state, now, increments);
  ++state.step;
  evaluate(state, state.step);
  complete(state, increments);
  change_exponents(state, increments);
  if (weighted()) {
    step.clamped = static_cast<double>(guard(increments));
    for (std::size_t i = 0; i < increments.size(); ++i) state.log_weights[i] += increments[i];
  }
  select(state, now, increments, step);
  if (options_.moves > 0) step.acceptance = rejuvenate(state, now);
  record(state, step);
  for (const Expert& expert : experts_) now.spend(expert.model.cost * (1 + options_.moves));
}

void FeynmanKacCorrector::for_blocks(const std::function<void(Index, Index)>& body) const {
  const Index count = options_.particles, blocks = (count + block_ - 1) / block_;
  const auto block = [&](std::int64_t b) { body(b * block_, std::min(block_, count - b * block_)); };
  if (parallel_)
    parallel_for(blocks, block, 4);
  else
    for (Index b = 0; b < blocks; ++b) block(b);
}

std::vector<EvaluateDensity> FeynmanKacCorrector::models_at(std::int64_t node) const {
  const double t = path_.nodes[static_cast<std::size_t>(node)].t;
  std::vector<EvaluateDensity> models;
  for (const Expert& expert : experts_) {
    if (exact_)
      models.push_back(expert.model.density_at(t));
    else
      models.push_back([noise = noise_at(expert.model, process_, t)](const Lanes& x, Lanes& out, ArrayXd&) {
        noise(x, out);
      });
  }
  return models;
}

void FeynmanKacCorrector::evaluate(State& state, std::int64_t node) const {
  const std::vector<EvaluateDensity> models = models_at(node);
  for_blocks([&](Index first, Index count) { evaluate_block(state, node, models, first, count); });
}

void FeynmanKacCorrector::evaluate_block(State& state, std::int64_t node,
                                         const std::vector<EvaluateDensity>& models, Index first,
                                         Index count) const {
  const Lanes x = state.x.middleRows(first, count).array();
  Lanes out(count, dimension_);
  ArrayXd values(count);
  for (std::size_t e = 0; e < models.size(); ++e) {
    try {
      models[e](x, out, values);
    } catch (const ModelFailure& failure) {
      refuse_model(failure,
                   fmt::format("feynman_kac_corrector: model {} at step {} (noise level {:g})", e + 1, node,
                               path_.nodes[static_cast<std::size_t>(node)].rho),
                   first);
    }
    if (out.rows() != count || out.cols() != dimension_)
      throw InvalidInput("model {}: answers {} x {} for a batch of {} x {}", e + 1, out.rows(), out.cols(),
                         count, dimension_);
    for (Index i = 0; i < count; ++i)
      if (!out.row(i).isFinite().all() || (exact_ && !std::isfinite(values[i])))
        throw NumericalFailure(
            "feynman_kac_corrector: model {}'s score of particle {} is not finite at step {} (noise level "
            "{:g})",
            e + 1, first + i, node, path_.nodes[static_cast<std::size_t>(node)].rho);
    state.noises[e].middleRows(first, count) = out.matrix();
    if (exact_) state.log_densities.col(static_cast<Index>(e)).segment(first, count) = values.matrix();
  }
  if (!reward_.evaluate) return;
  reward_.evaluate(x, values, out);
  if (!values.isFinite().all() || !out.isFinite().all())
    throw NumericalFailure(
        "feynman_kac_corrector: the reward of a particle in [{}, {}) is not finite at step {}", first,
        first + count, node);
  state.rewards.segment(first, count) = values.matrix();
  state.gradients.middleRows(first, count) = out.matrix();
}

Eigen::MatrixXd FeynmanKacCorrector::denoised(const State& state) const {
  const PathNode& node = path_.nodes[static_cast<std::size_t>(state.step)];
  Eigen::MatrixXd mixed = Eigen::MatrixXd::Zero(state.x.rows(), dimension_);
  for (std::size_t e = 0; e < experts_.size(); ++e) mixed += state.exponents[e] * state.noises[e];
  return ((state.x - node.s * mixed) / std::exp(node.log_a)).transpose();
}

}  // namespace lehr::diffusion
