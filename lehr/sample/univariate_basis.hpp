// Functions of one variable that are orthonormal under a probability measure mu: the factors of
// tensor_space.hpp.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/sample/function_space.hpp"

namespace lehr::sample {

struct UnivariateBasis {
  std::string name;           // "legendre", "hermite(mean=1)"
  std::vector<Index> levels;  // of phi_0, phi_1, ..., not falling: degrees, frequencies, refinements
  // phi_0(x), phi_1(x), ...: as many as `values` has places, at most levels.size().
  std::function<void(double x, std::span<double> values)> evaluate;
  std::function<double(Stream& random)> draw;                  // from mu
  std::function<double(Stream& random, Index j)> draw_square;  // from phi_j^2 mu
  // A rule for integrals under mu, of about `nodes` nodes, for smooth integrands.
  std::function<stats::Quadrature(int nodes)> quadrature;

  Index count() const { return static_cast<Index>(levels.size()); }
};

// Throws InvalidInput that names the family for a count outside [1, most], or an interval that is not finite
// with from < to.
void check_basis_count(const char* family, Index count, Index most);
void check_basis_interval(const char* family, double from, double to);

// Gauss-Legendre rules of about `nodes` nodes together on `cells` equal cells of [from, to], weights with sum
// 1.
stats::Quadrature cell_quadrature(Index cells, int nodes, double from, double to);

}  // namespace lehr::sample
