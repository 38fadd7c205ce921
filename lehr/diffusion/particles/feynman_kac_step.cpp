// A step of the Feynman-Kac corrector between two nodes: where the particles go, and what their weights gain.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/quick_random.hpp"
#include "lehr/diffusion/particles/feynman_kac_corrector.hpp"
#include "lehr/schedule/ess_tempering.hpp"

namespace lehr::diffusion {

using Eigen::ArrayXd;
using Eigen::ArrayXXd;
using Eigen::Index;

// Alone: one model with exponent 1 counts, and nothing is weighed.
bool FeynmanKacCorrector::euler(const std::vector<double>& exponents) const {
  if (options_.integrator != "auto") return options_.integrator == "euler";
  const auto zeros = std::count(exponents.begin(), exponents.end(), 0.0),
             ones = std::count(exponents.begin(), exponents.end(), 1.0);
  const bool alone =
      ones == 1 && zeros + 1 == static_cast<std::ptrdiff_t>(exponents.size()) && !reward_.evaluate;
  return tracked_ || !alone;
}

// y <- y - pull rho E + spread xi between two nodes. Euler's step, or the solution for data that are one point, where
// eps = (y - y_0) / rho: with c = (1 + zeta^2) B / 2 and L = log(rho^2 / rho'^2) the pull is (1 - e^(-c L)) / B and the variance
// zeta^2 rho'^2 (1 - e^(-(2 c - 1) L)) / (2 c - 1).
FeynmanKacCorrector::Transition FeynmanKacCorrector::transition(const State& state, double total) const {
  const auto k = static_cast<std::size_t>(state.step);
  const double rho = path_.nodes[k].rho, next = path_.nodes[k + 1].rho, zeta = path_.nodes[k].zeta;
  const double delta = rho * rho - next * next, half = 0.5 * (1 + zeta * zeta);
  if (euler(state.exponents)) return {half * delta / (rho * rho), zeta * std::sqrt(delta)};
  const auto decay = [length = 2 * std::log(rho / next)](double rate) {  // (1 - e^(-rate L)) / rate
    return std::abs(rate) < 1e-12 ? length : -std::expm1(-rate * length) / rate;
  };
  return {half * decay(half * total), zeta * next * std::sqrt(decay(2 * half * total - 1))};
}

// The rate of log w at a node's points, per unit of log(rho): |E|^2 - sum_i beta_i |eps_i|^2 - kappa rho a <E, grad r>.
ArrayXd FeynmanKacCorrector::rate(const State& state, const PathNode& node, double strength, Index first,
                                  Index count, ArrayXXd* sum) const {
  ArrayXXd mixed = ArrayXXd::Zero(count, dimension_);
  ArrayXd squares = ArrayXd::Zero(count);
  for (std::size_t e = 0; e < experts_.size(); ++e) {
    const auto noise = state.noises[e].middleRows(first, count).array();
    mixed += state.exponents[e] * noise;
    squares += state.exponents[e] * noise.square().rowwise().sum();
  }
  squares = mixed.square().rowwise().sum() - squares;
  if (reward_.evaluate)
    squares -= strength * node.rho * std::exp(node.log_a) *
               (mixed * state.gradients.middleRows(first, count).array()).rowwise().sum();
  if (sum != nullptr) *sum = std::move(mixed);
  return squares;
}

// Shares of the left and the right node's rates in the step's integral.
std::pair<double, double> FeynmanKacCorrector::rate_shares(const State& state, const PathNode& from,
                                                           const PathNode& to) const {
  if (euler(state.exponents)) return {0.5 * (1 - to.rho * to.rho / (from.rho * from.rho)), 0};
  const double half = 0.5 * std::log(from.rho / to.rho);
  return {half, half};
}

void FeynmanKacCorrector::propagate(State& state, const Moment& now, std::vector<double>& increments) const {
  const Stream random = now.random(lane("diffusion.corrector.noise"));
  for_blocks([&](Index first, Index count) { propagate_block(state, random, first, count, increments); });
}

void FeynmanKacCorrector::propagate_block(State& state, const Stream& random, Index first, Index count,
                                          std::vector<double>& increments) const {
  const auto k = static_cast<std::size_t>(state.step);
  const PathNode &from = path_.nodes[k], &to = path_.nodes[k + 1];
  const double delta = from.rho * from.rho - to.rho * to.rho, rho = from.rho, a = std::exp(from.log_a);
  const double d = static_cast<double>(dimension_), contraction = from.log_a - to.log_a;
  const double total = std::accumulate(state.exponents.begin(), state.exponents.end(), 0.0);
  const Transition step = transition(state, total);
  const ArrayXXd x = state.x.middleRows(first, count).array();
  ArrayXXd mixed, change(count, dimension_);
  Eigen::Map<ArrayXd> gains(increments.data() + first, count);
  gains = rate_shares(state, from, to).first * rate(state, from, from.strength, first, count, &mixed) +
          (total - 1) * d * contraction;
  for (Index i = 0; i < count; ++i) {
    Stream stream = random.at_block(static_cast<std::uint64_t>(first + i));
    QuickStream quick(stream);
    for (Index j = 0; j < dimension_; ++j) change(i, j) = step.spread * normal(quick);
  }
  change -= step.pull * rho * mixed;
  if (reward_.evaluate) {
    const auto gradient = state.gradients.middleRows(first, count).array();
    change += 0.5 * from.zeta * from.zeta * from.strength * delta * a * gradient;
    gains -= from.strength * contraction * (x * gradient).rowwise().sum();
  }
  for (std::size_t e = 0; tracked_ && e < experts_.size(); ++e) {
    const auto noise = state.noises[e].middleRows(first, count).array();
    state.log_densities.col(static_cast<Index>(e)).segment(first, count).array() +=
        d * contraction - (noise * change).rowwise().sum() / rho -
        0.5 * delta / (rho * rho) * noise.square().rowwise().sum();
  }
  state.x.middleRows(first, count) = (std::exp(to.log_a) * (x / a + change)).matrix();
}

// The right node's part of the integral, with the exponents of the step.
void FeynmanKacCorrector::complete(const State& state, std::vector<double>& increments) const {
  const auto k = static_cast<std::size_t>(state.step);
  const PathNode &from = path_.nodes[k - 1], &to = path_.nodes[k];
  const double share = rate_shares(state, from, to).second;
  if (share == 0) return;
  for_blocks([&](Index first, Index count) {
    Eigen::Map<ArrayXd>(increments.data() + first, count) +=
        share * rate(state, to, from.strength, first, count, nullptr);
  });
}

// The part of the weights that log densities and rewards of the new node decide.
void FeynmanKacCorrector::change_exponents(State& state, std::vector<double>& increments) const {
  const auto k = static_cast<std::size_t>(state.step);
  const PathNode& node = path_.nodes[k];
  std::vector<double> next = node.exponents;
  if (options_.path.ramp.ess > 0) follow_ramp(state, node, increments, next);
  const double strength = node.strength - path_.nodes[k - 1].strength;
  Eigen::Map<Eigen::VectorXd> gains(increments.data(), static_cast<Index>(increments.size()));
  if (weighted())
    for (std::size_t e = 0; e < next.size(); ++e)
      if (next[e] != state.exponents[e])
        gains += (next[e] - state.exponents[e]) * state.log_densities.col(static_cast<Index>(e));
  if (strength != 0) gains += strength * state.rewards;
  state.exponents = next;
}

void FeynmanKacCorrector::follow_ramp(State& state, const PathNode& node,
                                      const std::vector<double>& increments,
                                      std::vector<double>& exponents) const {
  if (node.ramp >= 1) {
    state.ramp = 1;
  } else if (node.ramp > 0 && state.ramp < 1) {
    std::vector<double> gains(increments.size()), weights(increments.size());
    for (std::size_t i = 0; i < gains.size(); ++i) {
      gains[i] = 0, weights[i] = state.log_weights[i] + increments[i];
      for (std::size_t e = 0; e < exponents.size(); ++e)
        gains[i] += (node.scheduled[e] - path_.start[e]) *
                    state.log_densities(static_cast<Index>(i), static_cast<Index>(e));
    }
    schedule::EssTempering tempering({.target = options_.path.ramp.ess, .from = state.ramp, .to = 1});
    tempering.observe(gains, weights);
    state.ramp = tempering.value();
  }
  for (std::size_t e = 0; e < exponents.size(); ++e)
    exponents[e] = path_.start[e] + state.ramp * (node.scheduled[e] - path_.start[e]);
}

std::int64_t FeynmanKacCorrector::guard(std::vector<double>& increments) const {
  const CorrectorGuards& guards = options_.guards;
  std::int64_t clamped = 0;
  for (std::int64_t island = 0; guards.any() && island < options_.islands; ++island) {
    const std::span<double> own = island_of(increments, island);
    const double mean =
        guards.centre ? std::accumulate(own.begin(), own.end(), 0.0) / static_cast<double>(own.size()) : 0;
    double low = -std::numeric_limits<double>::infinity(), high = -low;
    if (guards.clamp > 0) low = -guards.clamp, high = guards.clamp;
    if (guards.quantile > 0) {
      std::vector<double> sorted(own.begin(), own.end());
      const auto place = static_cast<std::size_t>(guards.quantile * static_cast<double>(sorted.size() - 1));
      std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(place), sorted.end());
      high = std::min(high, sorted[place] - mean);
    }
    for (double& value : own) {
      value -= mean;
      clamped += value < low || value > high ? 1 : 0;
      value = std::min(std::max(value, low), high);
    }
  }
  return clamped;
}

}  // namespace lehr::diffusion
