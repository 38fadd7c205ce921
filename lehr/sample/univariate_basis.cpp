#include "lehr/sample/univariate_basis.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

void check_basis_count(const char* family, Index count, Index most) {
  if (count < 1 || count > most)
    throw InvalidInput("basis: {} has between 1 and {} functions in one variable, found {}", family, most,
                       count);
}

void check_basis_interval(const char* family, double from, double to) {
  if (!std::isfinite(from) || !std::isfinite(to) || !(from < to))
    throw InvalidInput("basis: {} needs finite ends with from < to, found from={}, to={}", family, from, to);
}

stats::Quadrature cell_quadrature(Index cells, int nodes, double from, double to) {
  const int each = std::clamp(static_cast<int>(nodes / cells), 4, 64);
  const stats::Quadrature unit = stats::gauss_legendre(each, 0, 1);
  const double width = (to - from) / static_cast<double>(cells);
  stats::Quadrature rule;
  for (Index cell = 0; cell < cells; ++cell)
    for (std::size_t k = 0; k < unit.nodes.size(); ++k) {
      rule.nodes.push_back(from + width * (static_cast<double>(cell) + unit.nodes[k]));
      rule.weights.push_back(unit.weights[k] / static_cast<double>(cells));
    }
  return rule;
}

}  // namespace lehr::sample
