#include "lehr/sample/trigonometric_basis.hpp"

#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

constexpr double turn = 2 * std::numbers::pi;
constexpr Index most_waves = 10001;

Index frequency_of(Index j) { return (j + 1) / 2; }

}  // namespace

UnivariateBasis trigonometric_basis(Index count, double from, double to) {
  check_basis_count("trigonometric", count, most_waves);
  check_basis_interval("trigonometric", from, to);
  UnivariateBasis basis;
  basis.name =
      from == 0 && to == 1 ? "trigonometric" : fmt::format("trigonometric(from={}, to={})", from, to);
  for (Index j = 0; j < count; ++j) basis.levels.push_back(frequency_of(j));
  basis.evaluate = [from, to](double x, std::span<double> values) {
    const double angle = turn * (x - from) / (to - from);
    values[0] = 1;
    for (std::size_t j = 1; j < values.size(); ++j) {
      const double phase = angle * static_cast<double>(frequency_of(static_cast<Index>(j)));
      values[j] = std::numbers::sqrt2 * (j % 2 == 1 ? std::cos(phase) : std::sin(phase));
    }
  };
  basis.draw = [from, to](Stream& random) { return from + (to - from) * uniform(random); };
  basis.draw_square = [from, to](Stream& random, Index j) {
    while (true) {
      const double u = uniform(random);
      if (j == 0) return from + (to - from) * u;
      const double phase = turn * u * static_cast<double>(frequency_of(j));
      const double wave = j % 2 == 1 ? std::cos(phase) : std::sin(phase);
      if (uniform(random) < wave * wave) return from + (to - from) * u;
    }
  };
  basis.quadrature = [from, to](int nodes) { return cell_quadrature(nodes / 16 + 1, nodes, from, to); };
  return basis;
}

}  // namespace lehr::sample
