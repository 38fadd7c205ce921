// How a value goes from one level to another as x goes from 0 to 1.
//
//   linear       from + (to - from) x
//   exponential  from (to / from)^x                               (also called geometric)
//   cosine       to + (from - to) (1 + cos(pi x)) / 2
//   sqrt         to + (from - to) (1 - sqrt(x))                   Hagele et al., "Scaling laws and
//   compute-optimal
//                                                                 training beyond fixed training durations",
//                                                                 2024
//   inverse      1 / (1 / from + (1 / to - 1 / from) x)
//   power        to + (from - to) (1 - x)^p
#pragma once

#include <string>
#include <vector>

namespace lehr::schedule {

enum class Shape { linear, exponential, cosine, sqrt, inverse, power };

// The value at x in [0, 1]: exactly `from` at 0 and `to` at 1. `power` is read by Shape::power alone. The
// ends of exponential and inverse must be positive.
double between(Shape shape, double from, double to, double x, double power = 1);

// The shape called `name`; "geometric" is another name of exponential. Throws std::logic_error for other
// words.
Shape shape_from(const std::string& name);

// Throws InvalidInput when the shape cannot join the two values.
void check_ends(Shape shape, double from, double to);

}  // namespace lehr::schedule
