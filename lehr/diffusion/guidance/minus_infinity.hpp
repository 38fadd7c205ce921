// ln 0: the log-weight of what cannot be.
#pragma once

#include <limits>

namespace lehr::diffusion {

inline constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

}  // namespace lehr::diffusion
