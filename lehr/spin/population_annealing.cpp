#include "lehr/spin/population_annealing.hpp"

#include <limits>

#include "lehr/spin/population_annealing-inl.hpp"

namespace lehr::spin {

void PopulationAnnealingOptions::describe(OptionTable& table) {
  table.add("population", population, "copies of the model").range(2, 1e8);
  table.add("sweeps", sweeps, "sweeps of each copy at each temperature").range(1, 1e6);
  table
      .add("beta_max", beta_max,
           "inverse temperature at which the run ends; absent: the model's default cold end")
      .above(0);
  table.add("beta", beta,
            "inverse temperature: a schedule over the steps, or ess_tempering(...); absent: "
            "ess_tempering(target=0.9, to=beta_max)");
  table
      .add("overlap", overlap,
           "in place of `beta`: steps that keep this overlap of energy histograms, such as 0.85; 0: off")
      .range(0, 0.999);
  table.add("rule", rule, "acceptance of single flips").choices({"heat_bath", "metropolis"});
}

namespace population {
namespace {

// mean_j min(1, w_j / Q) of w_j = e^{-step E_j}.
double overlap(std::span<const double> energies, double step) {
  std::vector<double> weights;
  weigh(energies, step, weights);
  const double mean =
      std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(weights.size());
  double sum = 0;
  for (const double weight : weights) sum += std::min(1.0, weight / mean);
  return sum / static_cast<double>(weights.size());
}

}  // namespace

void check(const PopulationAnnealingOptions& options, Index size) {
  // Options that come from code pass the same checks as those from a file.
  PopulationAnnealingOptions copy = options;
  const OptionTable table = lehr::describe(copy);
  table.read(table.values(), "population annealing");
  if (size < 1) throw InvalidInput("population annealing: the model has no spins");
  if (options.beta && options.overlap > 0)
    throw InvalidInput("population annealing: give beta or overlap, not both");
  if (options.beta) options.beta->require(Signal::log_likelihoods, "beta");
}

double last_beta(const PopulationAnnealingOptions& options, const BetaRange* range) {
  if (options.beta_max) {
    if (options.beta && options.beta->closed_loop())
      throw InvalidInput("population annealing: beta_max is the controller's `to`; give one of them");
    return *options.beta_max;
  }
  if (options.beta) return std::numeric_limits<double>::infinity();
  if (range == nullptr)
    throw InvalidInput("population annealing: this kind of model has no default range; set beta_max or beta");
  return range->cold;
}

Knob knob(const PopulationAnnealingOptions& options, double beta_max) {
  if (options.beta) return options.beta->start("beta");
  return Knob("beta", schedule::EssTempering({.target = 0.9, .from = 0, .to = beta_max}));
}

double overlap_step(std::span<const double> energies, double target, double limit) {
  const auto enough = [&](double step) { return overlap(energies, step) >= target; };
  if (enough(limit)) return limit;
  double low = 0, high = limit;
  for (double middle = high / 2; middle > low && middle < high; middle = low + (high - low) / 2)
    (enough(middle) ? low : high) = middle;
  if (low == 0) throw NumericalFailure("population annealing: no step keeps an overlap of {}", target);
  return low;
}

double weigh(std::span<const double> energies, double step, std::vector<double>& weights) {
  double largest = -std::numeric_limits<double>::infinity();
  for (const double energy : energies) largest = std::max(largest, -step * energy);
  weights.resize(energies.size());
  double sum = 0;
  for (std::size_t j = 0; j < energies.size(); ++j)
    sum += weights[j] = std::exp(-step * energies[j] - largest);
  return largest + std::log(sum / static_cast<double>(energies.size()));
}

}  // namespace population

template class PopulationAnnealing<IsingModel>;
template class PopulationAnnealing<IsingFlips>;
template class PopulationAnnealing<PolynomialModel>;

WeightedAverage weighted_average(std::span<const double> log_z, std::span<const double> values) {
  if (log_z.empty() || log_z.size() != values.size())
    throw InvalidInput("weighted average: {} free energies and {} values", log_z.size(), values.size());
  const double largest = *std::ranges::max_element(log_z);
  const auto runs = log_z.size();
  double total = 0, weighted = 0;
  for (std::size_t m = 0; m < runs; ++m) {
    const double weight = std::exp(log_z[m] - largest);
    total += weight;
    weighted += weight * values[m];
  }
  const double count = static_cast<double>(runs);
  WeightedAverage result{weighted / total, 0, largest + std::log(total / count), 0};
  // Jackknife: what leaving out one run changes.
  double value_squares = 0, log_z_squares = 0;
  for (std::size_t m = 0; m < runs; ++m) {
    const double weight = std::exp(log_z[m] - largest), rest = total - weight;
    const double value = (weighted - weight * values[m]) / rest;
    const double log_z_rest = largest + std::log(rest / (count - 1));
    value_squares += (value - result.value) * (value - result.value);
    log_z_squares += (log_z_rest - result.log_z) * (log_z_rest - result.log_z);
  }
  const double factor = (count - 1) / count;
  const bool one = runs == 1;
  result.error = one ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(factor * value_squares);
  result.log_z_error = one ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(factor * log_z_squares);
  return result;
}

}  // namespace lehr::spin
