#include "lehr/spin/persistency.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/spin/max_flow.hpp"

namespace lehr::spin {

namespace {

constexpr Index largest_model = 1 << 29;  // two nodes a spin in 32-bit numbers

}  // namespace

Persistency roof_duality(const IsingModel& model) {
  const Index n = model.size();
  if (n > largest_model) throw InvalidInput("roof duality: at most {} spins, found {}", largest_model, n);
  const std::int32_t source = 2 * n, sink = 2 * n + 1;
  FlowNetwork network(2 * n + 2);
  const auto complement = [n](Index i) { return n + i; };
  double magnitudes = 0;
  for (Index i = 0; i < n; ++i) {
    const double h = model.field(i);
    magnitudes += std::abs(h);
    if (h != 0) {
      const Index up = h < 0 ? i : complement(i), down = h < 0 ? complement(i) : i;
      network.add_arc(source, up, std::abs(h), 0);
      network.add_arc(down, sink, std::abs(h), 0);
    }
    const auto neighbours = model.neighbours(i);
    for (std::size_t k = 0; k < neighbours.size() && neighbours[k] < i; ++k) {
      const Index j = neighbours[k];
      const double J = model.weights(i)[k], strength = std::abs(J);
      magnitudes += strength;
      network.add_arc(i, J < 0 ? j : complement(j), strength, strength);
      network.add_arc(complement(i), J < 0 ? complement(j) : j, strength, strength);
    }
  }
  const double flow = network.push(source, sink, model.integral() ? 0 : 1e-13 * magnitudes);

  Persistency result{Spins(static_cast<std::size_t>(n), 0), 0, model.offset() - magnitudes + flow};
  for (Index i = 0; i < n; ++i) {
    const bool up = network.on_source_side(i), down = network.on_source_side(complement(i));
    if (up == down) continue;
    result.spins[static_cast<std::size_t>(i)] = up ? 1 : -1;
    ++result.fixed;
  }
  return result;
}

}  // namespace lehr::spin
