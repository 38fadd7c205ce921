#include "lehr/spin/flip_model.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

// A power of two such that every local field is an exact sum of multiples of it.
double quantum(double largest_field) {
  int exponent = 0;
  std::frexp(largest_field, &exponent);  // largest_field <= 2^exponent; one bit more for what rounding adds
  return std::max(std::ldexp(1.0, exponent + 1 - std::numeric_limits<double>::digits),
                  std::numeric_limits<double>::denorm_min());
}

double rounded(double value, double quantum) { return std::nearbyint(value / quantum) * quantum; }

}  // namespace

void draw_sites(Index n, Stream& random, std::span<Index> sites) {
  // Two draws a word. The shares of sites differ by less than n / 2^32 of themselves; a chain whose choice of
  // sites does not depend on the state keeps its distribution whatever these shares are.
  const auto range = static_cast<std::uint64_t>(n);
  for (std::size_t k = 0; k < sites.size(); k += 2) {
    const std::uint64_t word = random();
    sites[k] = static_cast<Index>(((word >> 32) * range) >> 32);
    if (k + 1 < sites.size()) sites[k + 1] = static_cast<Index>(((word & 0xffffffffULL) * range) >> 32);
  }
}

IsingFlips::IsingFlips(const IsingModel& model) : model_(&model) {
  double largest = 0;
  for (Index i = 0; i < model.size(); ++i) largest = std::max(largest, model.reach(i));
  if (!std::isfinite(2 * largest))
    throw InvalidInput("the model's weights are too large: a local field reaches {}", largest);
  if (largest == 0) return;
  const double q = quantum(largest);
  auto exact = std::make_shared<Exact>();
  exact->fields.assign(model.fields().begin(), model.fields().end());
  for (Index i = 0; i < model.size(); ++i)
    exact->weights.insert(exact->weights.end(), model.weights(i).begin(), model.weights(i).end());
  bool changed = false;
  for (auto* const numbers : {&exact->fields, &exact->weights})
    for (double& number : *numbers) {
      const double before = number;
      number = rounded(number, q);
      changed = changed || number != before;
    }
  if (changed) exact_ = std::move(exact);
}

IsingFlips::Configuration IsingFlips::configuration(std::span<const std::int8_t> spins) const {
  Configuration made{Spins(spins.begin(), spins.end()), {}};
  refresh(made);
  return made;
}

void IsingFlips::refresh(Configuration& c) const {
  c.fields.resize(c.spins.size());
  for (Index i = 0; i < size(); ++i) {
    const auto neighbours = model_->neighbours(i);
    const double* const weights = this->weights(i);
    double sum = exact_ == nullptr ? model_->field(i) : exact_->fields[static_cast<std::size_t>(i)];
    for (std::size_t k = 0; k < neighbours.size(); ++k)
      sum += weights[k] * c.spins[static_cast<std::size_t>(neighbours[k])];
    c.fields[static_cast<std::size_t>(i)] = sum;
  }
}

}  // namespace lehr::spin
