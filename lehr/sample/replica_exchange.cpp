#include "lehr/sample/replica_exchange.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::sample {
namespace {

std::size_t place_of(std::int64_t number) { return static_cast<std::size_t>(number); }

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void check(std::span<const double> betas) {
  if (betas.empty()) throw InvalidInput("beta: a ladder has at least one temperature");
  for (std::size_t t = 0; t < betas.size(); ++t) {
    if (!std::isfinite(betas[t]) || betas[t] < 0)
      throw InvalidInput("beta: inverse temperature {} must be finite and at least 0, found {}", t, betas[t]);
    if (t > 0 && !(betas[t] > betas[t - 1]))
      throw InvalidInput("beta: inverse temperatures must rise, found {} after {}", betas[t], betas[t - 1]);
  }
}

// x with erfc(x) = rate; rates of 0 and 1 are those that cannot be told from it.
double separation(double rate) {
  const double kept = std::isnan(rate) ? 0.5 : std::clamp(rate, 1e-9, 0.98);
  return -stats::normal_quantile(kept / 2) / std::numbers::sqrt2;
}

}  // namespace

ReplicaLadder::ReplicaLadder(std::vector<double> betas, std::int64_t sets) : betas_(std::move(betas)) {
  check(betas_);
  number_along_ladder(sets);
}

void ReplicaLadder::number_along_ladder(std::int64_t sets) {
  const auto copies = place_of(sets * temperatures());
  replica_at_.resize(copies);
  std::iota(replica_at_.begin(), replica_at_.end(), std::int64_t{0});
  last_end_.assign(copies, 0);
  departed_.assign(copies, -1);
  reset_counts();
}

void ReplicaLadder::reset_counts() {
  proposed_.assign(betas_.size() - 1, 0);
  accepted_.assign(betas_.size() - 1, 0);
  from_hot_.assign(betas_.size(), 0);
  from_cold_.assign(betas_.size(), 0);
  round_trips_ = round_trip_steps_ = 0;
}

void ReplicaLadder::set_betas(std::vector<double> betas) {
  check(betas);
  const std::int64_t before = temperatures(), sets_kept = sets();
  betas_ = std::move(betas);
  if (temperatures() != before) number_along_ladder(sets_kept);
  reset_counts();
}

void ReplicaLadder::exchange(std::span<const double> energies, std::int64_t step, Stream& random) {
  const std::int64_t count = temperatures();
  for (std::int64_t set = 0; set < sets(); ++set)
    for (std::int64_t t = step & 1; t + 1 < count; t += 2) {
      std::int64_t& hot = replica_at_[place_of(set * count + t)];
      std::int64_t& cold = replica_at_[place_of(set * count + t + 1)];
      const double gain = (beta(t + 1) - beta(t)) * (energies[place_of(cold)] - energies[place_of(hot)]);
      const double probability = gain >= 0 ? 1 : std::exp(gain);
      proposed_[place_of(t)] += 1;
      accepted_[place_of(t)] += probability;
      if (uniform(random) < probability) std::swap(hot, cold);
    }
  note_places(step);
}

void ReplicaLadder::note_places(std::int64_t step) {
  const std::int64_t count = temperatures();
  if (count < 2) return;
  for (std::int64_t set = 0; set < sets(); ++set) {
    const auto hot = place_of(replica(set, 0)), cold = place_of(replica(set, count - 1));
    if (last_end_[hot] == -1 && departed_[hot] >= 0) {
      ++round_trips_;
      round_trip_steps_ += step - departed_[hot];
    }
    if (last_end_[hot] != 1) departed_[hot] = step;
    last_end_[hot] = 1;
    last_end_[cold] = -1;
    for (std::int64_t t = 0; t < count; ++t) {
      const std::int8_t end = last_end_[place_of(replica(set, t))];
      from_hot_[place_of(t)] += end == 1;
      from_cold_[place_of(t)] += end == -1;
    }
  }
}

bool ReplicaLadder::consistent() const {
  const std::size_t count = betas_.size(), copies = replica_at_.size();
  if (count == 0 || copies % count != 0 || last_end_.size() != copies || departed_.size() != copies)
    return false;
  if (proposed_.size() != count - 1 || accepted_.size() != count - 1) return false;
  if (from_hot_.size() != count || from_cold_.size() != count) return false;
  std::vector<std::int64_t> sorted = replica_at_;
  std::ranges::sort(sorted);
  for (std::size_t k = 0; k < copies; ++k)
    if (sorted[k] != static_cast<std::int64_t>(k)) return false;
  return true;
}

std::vector<double> ReplicaLadder::swap_rates() const {
  std::vector<double> rates(proposed_.size());
  for (std::size_t t = 0; t < rates.size(); ++t)
    rates[t] = proposed_[t] > 0 ? accepted_[t] / proposed_[t] : nan;
  return rates;
}

std::vector<double> ReplicaLadder::hot_shares() const {
  std::vector<double> shares(from_hot_.size());
  for (std::size_t t = 0; t < shares.size(); ++t) {
    const std::int64_t seen = from_hot_[t] + from_cold_[t];
    shares[t] = seen > 0 ? static_cast<double>(from_hot_[t]) / static_cast<double>(seen) : nan;
  }
  return shares;
}

double ReplicaLadder::round_trip_time() const {
  return round_trips_ > 0 ? static_cast<double>(round_trip_steps_) / static_cast<double>(round_trips_) : nan;
}

std::vector<double> respaced(std::span<const double> betas, std::span<const double> weights,
                             std::size_t count) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> result{betas.front()};
  std::size_t gap = 0;
  double before = 0;  // the weight of the gaps before `gap`
  for (std::size_t k = 1; k + 1 < count; ++k) {
    const double wanted = total * static_cast<double>(k) / static_cast<double>(count - 1);
    while (gap + 1 < weights.size() && before + weights[gap] < wanted) before += weights[gap++];
    const double share = std::clamp((wanted - before) / weights[gap], 0.0, 1.0);
    result.push_back(betas[gap] + share * (betas[gap + 1] - betas[gap]));
  }
  result.push_back(betas.back());
  return result;
}

std::vector<double> tuned_by_rates(std::span<const double> betas, std::span<const double> swap_rates,
                                   double least_rate, std::size_t most) {
  if (betas.size() < 2) return {betas.begin(), betas.end()};
  std::vector<double> separations;
  for (const double rate : swap_rates) separations.push_back(separation(rate));
  const double total = std::accumulate(separations.begin(), separations.end(), 0.0);
  const auto needed = static_cast<std::size_t>(std::ceil(total / separation(least_rate))) + 1;
  return respaced(betas, separations, std::max(betas.size(), std::min(needed, most)));
}

std::vector<double> tuned_by_feedback(std::span<const double> betas, std::span<const double> hot_shares) {
  const bool seen = std::ranges::none_of(hot_shares, [](double share) { return std::isnan(share); });
  if (betas.size() < 3 || !seen || !(hot_shares.front() > hot_shares.back()))
    return {betas.begin(), betas.end()};
  // Noise lets f rise here and there: a gap counts with at least a small part of an even fall.
  const double floor = 0.05 / static_cast<double>(betas.size() - 1);
  std::vector<double> weights;
  for (std::size_t t = 0; t + 1 < betas.size(); ++t)
    weights.push_back(std::sqrt(std::max(hot_shares[t] - hot_shares[t + 1], floor)));
  return respaced(betas, weights, betas.size());
}

}  // namespace lehr::sample
