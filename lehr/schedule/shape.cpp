#include "lehr/schedule/shape.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "lehr/core/errors.hpp"
#include "lehr/schedule/expression.hpp"

namespace lehr::schedule {
namespace {

// In logarithms where the ratio of the ends leaves the range of doubles.
double exponential(double from, double to, double x) {
  const double ratio = to / from;
  if (std::isnormal(ratio)) return from * std::pow(ratio, x);
  return std::exp(std::lerp(std::log(from), std::log(to), x));
}

}  // namespace

double between(Shape shape, double from, double to, double x, double power) {
  if (x <= 0) return from;
  if (x >= 1) return to;
  switch (shape) {
    case Shape::linear:
      return std::lerp(from, to, x);
    case Shape::exponential:
      return exponential(from, to, x);
    case Shape::cosine:
      return std::lerp(to, from, 0.5 * (1 + std::cos(std::numbers::pi * x)));
    case Shape::sqrt:
      return std::lerp(to, from, 1 - std::sqrt(x));
    case Shape::inverse:
      return from * (to / std::lerp(to, from, x));
    case Shape::power:
      return std::lerp(to, from, std::pow(1 - x, power));
  }
  return from;
}

Shape shape_from(const std::string& name) {
  if (name == "linear") return Shape::linear;
  if (name == "exponential" || name == "geometric") return Shape::exponential;
  if (name == "cosine") return Shape::cosine;
  if (name == "sqrt") return Shape::sqrt;
  if (name == "inverse") return Shape::inverse;
  if (name == "power") return Shape::power;
  throw std::logic_error("no shape is called " + name);
}

void check_ends(Shape shape, double from, double to) {
  const bool needs_positive = shape == Shape::exponential || shape == Shape::inverse;
  if (needs_positive && !(from > 0 && to > 0))
    throw InvalidInput("this shape needs values above 0, found {} and {}", number_text(from),
                       number_text(to));
}

}  // namespace lehr::schedule
