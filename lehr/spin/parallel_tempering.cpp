#include "lehr/spin/parallel_tempering.hpp"

#include <limits>

#include "lehr/spin/parallel_tempering-inl.hpp"

namespace lehr::spin {

void ParallelTemperingOptions::describe(OptionTable& table) {
  table.add("temperatures", temperatures, "copies of the model, each at its temperature").range(1, 10'000);
  table.add(
      "beta", beta,
      "ladder of inverse temperatures, from the hottest: a schedule sampled at its `temperatures` points; "
      "absent: geometric over the model's default range");
  table.add("betas", betas, "ladder of inverse temperatures as a list, in place of `beta`").at_least(0);
  table.add("sets", sets, "independent ladders side by side").range(1, 10'000);
  table.add("sweeps", sweeps, "sweeps of each copy in a step").range(1, 1e6);
  table.add("rule", rule, "acceptance of single flips").choices({"heat_bath", "metropolis"});
  table
      .add("tuning", tuning,
           "how the ladder adapts in the burn-in: to equal swap rates, to short round trips")
      .choices({"none", "rates", "feedback"});
  table.add("least_rate", least_rate, "swap rate below which tuning adds temperatures").range(0.01, 0.9);
  table
      .add("max_temperatures", max_temperatures,
           "tuning adds temperatures up to this number; 0: it adds none")
      .range(0, 10'000);
  table
      .add("burn_in", burn_in,
           "steps before measuring; absent: a fifth of the run, 1000 where its length is open")
      .unit("steps")
      .at_least(0);
  table.add("wolff", wolff, "Wolff clusters per copy and step (Ising models)").range(0, 1e6);
  table.add("houdayer", houdayer, "isoenergetic cluster moves between pairs of sets (Ising models)");
  table.add("houdayer_from", houdayer_from, "inverse temperature from which on these are made").at_least(0);
}

namespace tempering {

void check(const ParallelTemperingOptions& options, Index size, bool is_ising) {
  // Options that come from code pass the same checks as those from a file.
  ParallelTemperingOptions copy = options;
  const OptionTable table = lehr::describe(copy);
  table.read(table.values(), "parallel tempering");
  if (size < 1) throw InvalidInput("parallel tempering: the model has no spins");
  if (!is_ising && (options.wolff > 0 || options.houdayer))
    throw InvalidInput(
        "parallel tempering: cluster moves need an Ising model; set wolff = 0, houdayer = false");
  if (options.houdayer && options.sets < 2)
    throw InvalidInput("parallel tempering: houdayer needs sets >= 2, found {}", options.sets);
  if (options.beta && !options.betas.empty())
    throw InvalidInput("parallel tempering: give beta or betas, not both");
}

std::vector<double> ladder(const ParallelTemperingOptions& options, const BetaRange* range) {
  if (!options.betas.empty()) return options.betas;
  const std::int64_t count = options.temperatures;
  if (options.beta) return options.beta->sample(count, count > 1);
  if (range == nullptr)
    throw InvalidInput("parallel tempering: this kind of model has no default range; set beta or betas");
  if (count == 1) return {range->cold};
  std::vector<double> betas;
  const double ratio = std::log(range->cold / range->hot);
  for (std::int64_t t = 0; t < count; ++t)
    betas.push_back(range->hot * std::exp(ratio * static_cast<double>(t) / static_cast<double>(count - 1)));
  return betas;
}

std::vector<double> tuned(const ParallelTemperingOptions& options, const sample::ReplicaLadder& ladder) {
  // The flow of copies says something once they have travelled.
  if (options.tuning == "feedback" && ladder.round_trips() >= ladder.temperatures() * ladder.sets())
    return sample::tuned_by_feedback(ladder.betas(), ladder.hot_shares());
  return sample::tuned_by_rates(ladder.betas(), ladder.swap_rates(), options.least_rate,
                                static_cast<std::size_t>(options.max_temperatures));
}

std::vector<std::int64_t> nearest_temperatures(const std::vector<double>& betas,
                                               const std::vector<double>& before) {
  std::vector<std::int64_t> nearest;
  for (const double beta : betas) {
    const auto closer = [&](double a, double b) { return std::abs(a - beta) < std::abs(b - beta); };
    nearest.push_back(std::ranges::min_element(before, closer) - before.begin());
  }
  return nearest;
}

void add_swap_rates(const sample::ReplicaLadder& ladder, Row& row) {
  double least = 1, sum = 0;
  std::int64_t pairs = 0;
  for (const double rate : ladder.swap_rates())
    if (!std::isnan(rate)) least = std::min(least, rate), sum += rate, ++pairs;
  if (pairs == 0) return;
  row.add("swap_rate_min", least);
  row.add("swap_rate_mean", sum / static_cast<double>(pairs));
}

TemperingReport report(const sample::ReplicaLadder& ladder, const BinnedMeans& means,
                       std::span<const double> reference, std::span<const double> bridge_center,
                       std::span<const std::int64_t> proposed, std::span<const std::int64_t> accepted,
                       Index spins) {
  TemperingReport result;
  const std::vector<double> rates = ladder.swap_rates();
  const auto count = static_cast<std::size_t>(ladder.temperatures());
  double log_z = spins * std::numbers::ln2, variance = 0;
  for (std::size_t t = 0; t < count; ++t) {
    const std::size_t k = series_per_temperature * t;
    const double beta = ladder.betas()[t], gap = beta - (t > 0 ? ladder.betas()[t - 1] : 0);
    const double hot_side = means.mean(k + 2), cold_side = means.mean(k + 3);
    log_z += std::log(hot_side) - std::log(cold_side) - gap * bridge_center[t];
    variance += std::pow(means.error(k + 2) / hot_side, 2) + std::pow(means.error(k + 3) / cold_side, 2);
    const double deviation = means.mean(k) - reference[t];
    double flips = 0, tries = 0;
    for (std::size_t place = t; place < proposed.size(); place += count)
      tries += static_cast<double>(proposed[place]), flips += static_cast<double>(accepted[place]);
    result.temperatures.push_back(
        {.beta = beta,
         .energy = means.mean(k),
         .energy_error = means.error(k),
         .autocorrelation_time = means.autocorrelation_time(k),
         .heat_capacity = beta * beta * std::max(means.mean(k + 1) - deviation * deviation, 0.0),
         .swap_rate = t < rates.size() ? rates[t] : std::numeric_limits<double>::quiet_NaN(),
         .acceptance = flips / tries,
         .log_z = log_z,
         .log_z_error = std::sqrt(variance)});
  }
  result.steps = means.count();
  result.round_trips = ladder.round_trips();
  result.round_trip_time = ladder.round_trip_time();
  return result;
}

}  // namespace tempering

template class ParallelTempering<IsingModel>;
template class ParallelTempering<IsingFlips>;
template class ParallelTempering<PolynomialModel>;

}  // namespace lehr::spin
