#include "lehr/sample/cell_bases.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

constexpr Index most_cells = 4096;

// Where Haar's function j >= 1 lives: cell `number` of the `cells` = 2^l cells.
struct HaarCell {
  Index cells, number;
};
HaarCell haar_cell(Index j) {
  const auto cells = static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(j)));
  return {cells, j - cells};
}

// The cell of `cells` that u in [0, 1] lies in; the last one takes 1.
Index cell_at(double u, Index cells) {
  return std::clamp(static_cast<Index>(u * static_cast<double>(cells)), Index{0}, cells - 1);
}

UnivariateBasis cells_on(double from, double to) {
  UnivariateBasis basis;
  basis.draw = [from, to](Stream& random) { return from + (to - from) * uniform(random); };
  return basis;
}

std::string unit_name(const std::string& family, const std::string& arguments, double from, double to) {
  std::string inside = arguments;
  if (from != 0 || to != 1)
    inside += fmt::format("{}from={}, to={}", arguments.empty() ? "" : ", ", from, to);
  return inside.empty() ? family : fmt::format("{}({})", family, inside);
}

}  // namespace

UnivariateBasis haar_basis(Index count, double from, double to) {
  check_basis_count("haar", count, most_cells);
  check_basis_interval("haar", from, to);
  UnivariateBasis basis = cells_on(from, to);
  basis.name = unit_name("haar", "", from, to);
  for (Index j = 0; j < count; ++j)
    basis.levels.push_back(static_cast<Index>(std::bit_width(static_cast<std::uint64_t>(j))));
  basis.evaluate = [from, to](double x, std::span<double> values) {
    const double u = (x - from) / (to - from);
    std::ranges::fill(values, 0.0);
    values[0] = 1;
    for (Index cells = 1; cells < static_cast<Index>(values.size()); cells *= 2) {
      const Index half = cell_at(u, 2 * cells), j = cells + half / 2;
      if (j < static_cast<Index>(values.size()))
        values[static_cast<std::size_t>(j)] =
            (half % 2 == 0 ? 1 : -1) * std::sqrt(static_cast<double>(cells));
    }
  };
  basis.draw_square = [from, to](Stream& random, Index j) {
    if (j == 0) return from + (to - from) * uniform(random);
    const HaarCell cell = haar_cell(j);
    return from + (to - from) * (static_cast<double>(cell.number) + uniform(random)) /
                      static_cast<double>(cell.cells);
  };
  const auto pieces = static_cast<Index>(std::bit_ceil(static_cast<std::uint64_t>(count)));
  basis.quadrature = [from, to, pieces](int nodes) { return cell_quadrature(pieces, nodes, from, to); };
  return basis;
}

UnivariateBasis indicator_basis(Index cells, double from, double to) {
  check_basis_count("indicator", cells, most_cells);
  check_basis_interval("indicator", from, to);
  UnivariateBasis basis = cells_on(from, to);
  basis.name = unit_name("indicator", fmt::format("cells={}", cells), from, to);
  basis.levels.assign(static_cast<std::size_t>(cells), 0);
  basis.evaluate = [from, to, cells](double x, std::span<double> values) {
    std::ranges::fill(values, 0.0);
    const auto cell = static_cast<std::size_t>(cell_at((x - from) / (to - from), cells));
    if (cell < values.size()) values[cell] = std::sqrt(static_cast<double>(cells));
  };
  basis.draw_square = [from, to, cells](Stream& random, Index j) {
    return from + (to - from) * (static_cast<double>(j) + uniform(random)) / static_cast<double>(cells);
  };
  basis.quadrature = [from, to, cells](int nodes) { return cell_quadrature(cells, nodes, from, to); };
  return basis;
}

}  // namespace lehr::sample
