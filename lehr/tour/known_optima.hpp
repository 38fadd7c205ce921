// The lengths of the optimal tours of TSPLIB's symmetric problems, as the library's page lists them (Reinelt 1991; all are proved).
#pragma once

#include <optional>

#include "lehr/tour/problem.hpp"

namespace lehr::tour {

// By the name of a problem that was read from a file of TSPLIB: in small letters, with or without ".tsp". Nothing where the number of
// cities is not the one in the name, because then it is another problem.
std::optional<double> known_optimum(const Problem& problem);

}  // namespace lehr::tour
