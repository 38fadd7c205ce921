#include "lehr/sample/classical_polynomials.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/sample/inverse_cdf.hpp"

namespace lehr::sample {
namespace {

constexpr double pi = std::numbers::pi;
constexpr Index most_bounded = 1001, most_hermite = 151, most_laguerre = 101;
constexpr double least_exponent = -0.5, largest_exponent = 50;

// alpha_k and beta_k for every k; mu has mass 1.
struct Recurrence {
  std::function<double(Index)> alpha, beta;
};

// The recurrence's numbers, stored: beta_1 .. beta_count, inverted.
class Polynomials {
 public:
  Polynomials(const Recurrence& recurrence, Index count) {
    for (Index k = 0; k < count; ++k) {
      alpha_.push_back(recurrence.alpha(k));
      beta_.push_back(k == 0 ? 0 : recurrence.beta(k));
      over_next_beta_.push_back(1 / recurrence.beta(k + 1));
    }
  }

  void evaluate(double t, std::span<double> values) const {
    values[0] = 1;
    double before = 0;
    for (std::size_t k = 0; k + 1 < values.size(); ++k) {
      values[k + 1] = ((t - alpha_[k]) * values[k] - beta_[k] * before) * over_next_beta_[k];
      before = values[k];
    }
  }

  double value(double t, Index degree) const {
    double before = 0, now = 1;
    for (std::size_t k = 0; k < static_cast<std::size_t>(degree); ++k)
      before = std::exchange(now, ((t - alpha_[k]) * now - beta_[k] * before) * over_next_beta_[k]);
    return now;
  }

 private:
  std::vector<double> alpha_, beta_, over_next_beta_;
};

// Gauss's rule of the recurrence in the standard variable (G. Golub and J. Welsch, 1969).
stats::Quadrature gauss_rule(const Recurrence& recurrence, int nodes) {
  Eigen::VectorXd diagonal(nodes), off_diagonal(nodes - 1);
  for (int k = 0; k < nodes; ++k) diagonal(k) = recurrence.alpha(k);
  for (int k = 1; k < nodes; ++k) off_diagonal(k - 1) = recurrence.beta(k);
  const Eigen::VectorXd t = linalg::tridiagonal_eigenvalues(diagonal, off_diagonal);
  const Polynomials polynomials(recurrence, nodes);
  std::vector<double> values(static_cast<std::size_t>(nodes));
  stats::Quadrature rule;
  for (int i = 0; i < nodes; ++i) {
    polynomials.evaluate(t(i), values);
    double sum = 0;
    for (const double value : values) sum += value * value;
    rule.nodes.push_back(t(i));
    rule.weights.push_back(1 / sum);
  }
  return rule;
}

// x = center + scale t.
struct Placement {
  double center = 0, scale = 1;
};

UnivariateBasis polynomial_basis(std::string name, Index count, const Recurrence& recurrence,
                                 Placement placement) {
  UnivariateBasis basis;
  basis.name = std::move(name);
  for (Index k = 0; k < count; ++k) basis.levels.push_back(k);
  const Polynomials polynomials(recurrence, count);
  basis.evaluate = [polynomials, placement](double x, std::span<double> values) {
    polynomials.evaluate((x - placement.center) / placement.scale, values);
  };
  basis.quadrature = [recurrence, placement](int nodes) {
    stats::Quadrature rule = gauss_rule(recurrence, nodes);
    for (double& x : rule.nodes) x = placement.center + placement.scale * x;
    return rule;
  };
  return basis;
}

// The laws phi_k^2 mu for k < count, tabulated in a variable s in which they are smooth.
struct SmoothVariable {
  std::vector<double> breaks;                  // panels of s
  std::function<double(double)> place;         // t of s
  std::function<double(double)> root_density;  // square root of mu's density in s, up to a factor
};

void draw_from_tables(UnivariateBasis& basis, const Recurrence& recurrence, const SmoothVariable& variable,
                      Placement placement) {
  const auto count = static_cast<std::size_t>(basis.count());
  const Polynomials polynomials(recurrence, basis.count());
  std::vector<std::vector<double>> densities(count);
  std::vector<double> values(count);
  for (std::size_t i = 0; i + 1 < variable.breaks.size(); ++i)
    for (const double s : InverseCdf::nodes(variable.breaks[i], variable.breaks[i + 1])) {
      polynomials.evaluate(variable.place(s), values);
      const double root = variable.root_density(s);
      for (std::size_t k = 0; k < count; ++k) densities[k].push_back(std::pow(values[k] * root, 2));
    }
  auto tables = std::make_shared<std::vector<InverseCdf>>();
  for (const std::vector<double>& density : densities) tables->emplace_back(variable.breaks, density);
  basis.draw_square = [tables, place = variable.place, placement](Stream& random, Index k) {
    return placement.center +
           placement.scale * place((*tables)[static_cast<std::size_t>(k)](uniform(random)));
  };
  basis.draw = [draw = basis.draw_square](Stream& random) { return draw(random, 0); };  // phi_0 = 1
}

// Ends of panels of at most `length` on [a, b]. Graded ends are halved 40 times, for densities with a power
// there.
std::vector<double> panels(double a, double b, double length, bool graded_low, bool graded_high) {
  const double count = std::ceil((b - a) / length), width = (b - a) / count;
  std::vector<double> ends{a};
  const auto grade = [&](double end, double sign, bool rising) {
    std::vector<double> steps;
    for (int k = 40; k >= 1; --k) steps.push_back(end + sign * width * std::ldexp(1.0, -k));
    if (!rising) std::ranges::reverse(steps);
    ends.insert(ends.end(), steps.begin(), steps.end());
  };
  if (graded_low) grade(a, 1, true);
  for (double k = 1; k < count; ++k) ends.push_back(a + k * width);
  if (graded_high) grade(b, -1, false);
  ends.push_back(b);
  return ends;
}

void check_exponent(const char* family, const char* name, double value) {
  if (!(value >= least_exponent && value <= largest_exponent))
    throw InvalidInput("basis: {} needs {} in [{}, {}], found {}", family, name, least_exponent,
                       largest_exponent, value);
}

void check_scale(const char* family, double center, const char* name, double scale) {
  if (!std::isfinite(center) || !std::isfinite(scale) || !(scale > 0))
    throw InvalidInput("basis: {} needs a finite place and a {} above 0, found {} and {}", family, name,
                       center, scale);
}

Recurrence legendre_recurrence() {
  return {[](Index) { return 0.0; },
          [](Index k) {
            const auto n = static_cast<double>(k);
            return n / std::sqrt(4 * n * n - 1);
          }};
}

Recurrence jacobi_recurrence(double a, double b) {
  return {[a, b](Index k) {
            const double n = 2 * static_cast<double>(k) + a + b;
            if (k == 0) return (b - a) / (a + b + 2);
            return (b * b - a * a) / (n * (n + 2));
          },
          [a, b](Index k) {
            const double j = static_cast<double>(k), n = 2 * j + a + b;
            if (k == 1) return std::sqrt(4 * (1 + a) * (1 + b) / ((n + 1))) / n;
            return std::sqrt(4 * j * (j + a) * (j + b) * (j + a + b) / ((n + 1) * (n - 1))) / n;
          }};
}

std::string interval_name(const char* family, double from, double to) {
  return from == -1 && to == 1 ? family : fmt::format("{}(from={}, to={})", family, from, to);
}

}  // namespace

UnivariateBasis legendre_basis(Index count, double from, double to) {
  check_basis_count("legendre", count, most_bounded);
  check_basis_interval("legendre", from, to);
  const Placement placement{0.5 * (from + to), 0.5 * (to - from)};
  UnivariateBasis basis =
      polynomial_basis(interval_name("legendre", from, to), count, legendre_recurrence(), placement);
  basis.draw = [from, to](Stream& random) { return from + (to - from) * uniform(random); };
  const Polynomials polynomials(legendre_recurrence(), count);
  basis.draw_square = [polynomials, placement, draw = basis.draw](Stream& random, Index k) {
    if (k == 0) return draw(random);
    while (true) {
      const double angle = pi * uniform(random), t = std::cos(angle);
      const double value = polynomials.value(t, k);
      if (2 * uniform(random) < 0.5 * pi * std::sin(angle) * value * value)
        return placement.center + placement.scale * t;
    }
  };
  return basis;
}

UnivariateBasis chebyshev_basis(Index count, double from, double to) {
  check_basis_count("chebyshev", count, most_bounded);
  check_basis_interval("chebyshev", from, to);
  const Placement placement{0.5 * (from + to), 0.5 * (to - from)};
  const Recurrence recurrence{[](Index) { return 0.0; },
                              [](Index k) { return k == 1 ? std::sqrt(0.5) : 0.5; }};
  UnivariateBasis basis =
      polynomial_basis(interval_name("chebyshev", from, to), count, recurrence, placement);
  basis.draw = [placement](Stream& random) {
    return placement.center + placement.scale * std::cos(pi * uniform(random));
  };
  basis.draw_square = [placement, draw = basis.draw](Stream& random, Index k) {
    if (k == 0) return draw(random);
    while (true) {
      const double angle = pi * uniform(random), wave = std::cos(static_cast<double>(k) * angle);
      if (uniform(random) < wave * wave) return placement.center + placement.scale * std::cos(angle);
    }
  };
  return basis;
}

UnivariateBasis jacobi_basis(Index count, double a, double b, double from, double to) {
  check_basis_count("jacobi", count, most_bounded);
  check_exponent("jacobi", "a", a);
  check_exponent("jacobi", "b", b);
  check_basis_interval("jacobi", from, to);
  const Placement placement{0.5 * (from + to), 0.5 * (to - from)};
  const Recurrence recurrence = jacobi_recurrence(a, b);
  std::string name = fmt::format("jacobi(a={}, b={}", a, b);
  name += from == -1 && to == 1 ? ")" : fmt::format(", from={}, to={})", from, to);
  UnivariateBasis basis = polynomial_basis(std::move(name), count, recurrence, placement);
  // t = cos s: a wave of frequency about count + (a + b + 1) / 2.
  const double frequency = static_cast<double>(count) + 0.5 * (a + b + 1);
  const SmoothVariable variable{
      panels(0, pi, std::min(0.5 * pi / frequency, pi / 8), true, true), [](double s) { return std::cos(s); },
      [a, b](double s) {
        return std::pow(std::sin(0.5 * s), a + 0.5) * std::pow(std::cos(0.5 * s), b + 0.5);
      }};
  draw_from_tables(basis, recurrence, variable, placement);
  return basis;
}

UnivariateBasis hermite_basis(Index count, double mean, double deviation) {
  check_basis_count("hermite", count, most_hermite);
  check_scale("hermite", mean, "deviation", deviation);
  const Recurrence recurrence{[](Index) { return 0.0; },
                              [](Index k) { return std::sqrt(static_cast<double>(k)); }};
  UnivariateBasis basis = polynomial_basis(
      mean == 0 && deviation == 1 ? "hermite"
                                  : fmt::format("hermite(mean={}, deviation={})", mean, deviation),
      count, recurrence, {mean, deviation});
  // Waves up to the turning point 2 sqrt(k + 1/2), then a Gaussian tail that is below 1e-20 ten further.
  const double frequency = std::sqrt(static_cast<double>(count) + 0.5), reach = 2 * frequency + 10;
  const SmoothVariable variable{panels(-reach, reach, std::min(0.25 * pi / frequency, 0.7), false, false),
                                [](double s) { return s; }, [](double s) { return std::exp(-0.25 * s * s); }};
  draw_from_tables(basis, recurrence, variable, {mean, deviation});
  basis.draw = [mean, deviation](Stream& random) { return mean + deviation * normal(random); };
  return basis;
}

UnivariateBasis laguerre_basis(Index count, double a, double from, double scale) {
  check_basis_count("laguerre", count, most_laguerre);
  check_exponent("laguerre", "a", a);
  check_scale("laguerre", from, "scale", scale);
  const Recurrence recurrence{[a](Index k) { return 2 * static_cast<double>(k) + a + 1; },
                              [a](Index k) {
                                const auto n = static_cast<double>(k);
                                return std::sqrt(n * (n + a));
                              }};
  const bool plain = a == 0 && from == 0 && scale == 1;
  UnivariateBasis basis =
      polynomial_basis(plain ? "laguerre" : fmt::format("laguerre(a={}, from={}, scale={})", a, from, scale),
                       count, recurrence, {from, scale});
  // t = s^2: waves up to the turning point sqrt(4 k + 2 a + 2), then a tail like e^-s^2.
  const double frequency = std::sqrt(static_cast<double>(count) + 0.5 * (a + 1)), reach = 2 * frequency + 6;
  const SmoothVariable variable{panels(0, reach, std::min(0.25 * pi / frequency, 0.5), true, false),
                                [](double s) { return s * s; },
                                [a](double s) { return std::pow(s, a + 0.5) * std::exp(-0.5 * s * s); }};
  draw_from_tables(basis, recurrence, variable, {from, scale});
  return basis;
}

}  // namespace lehr::sample
