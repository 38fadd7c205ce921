// Files for LKH-3 (Helsgaun 2017): a problem that it can read, and the parameters of a run. Its tours are read by tour_file.hpp.
//
// LKH knows whole distances of 32 bits only. Distances by one of TSPLIB's rules are written as they are; those that are not rounded (plain
// distances, tables) are multiplied by a power of ten such that the longest possible distance stays below 5e6, which leaves room for LKH's own
// factor of 100. The factor stands in the file's COMMENT; LKH's lengths divided by it are lengths here, up to the rounding of n edges.
#pragma once

#include <optional>
#include <string>

#include "lehr/tour/problem.hpp"

namespace lehr::tour {

struct LkhFiles {
  std::string problem;     // content of STEM.tsp
  std::string parameters;  // content of STEM.par
  double factor = 1;       // of the coordinates or distances
};

struct LkhOptions {
  std::string stem;  // the files' name without extension
  std::int64_t seed = 1, runs = 1;
  std::optional<double> seconds;  // of all runs
};

LkhFiles lkh_files(const Problem& problem, const LkhOptions& options);

}  // namespace lehr::tour
