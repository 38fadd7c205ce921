// Problems from files of any kind, told apart by their names and contents:
//   .npy                     an array of n x 2 or n x 3 (point_table.hpp)
//   .csv, .tsv               a table (point_table.hpp)
//   a first line of numbers  a problem per line, with or without a tour (point_lines.hpp)
//   else                     TSPLIB (tsplib_file.hpp)
// and from a call: uniform(1000), clustered(1000, seed=3, count=4). Text files may be packed by gzip.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/tour/problem.hpp"

namespace lehr::tour {

struct ReadProblemOptions {
  std::vector<std::int64_t> lines;  // of a file with a problem per line; empty: all
  std::optional<Metric> metric;     // for points without a rule of their own; default: plain distances
  Seed seed;                        // of generated problems that name none
};

// One problem or more. Throws InvalidInput or IoError in one line that starts with the file.
std::vector<Problem> read_problems(const std::filesystem::path& path, const ReadProblemOptions& options = {});

// True for the text of a call that `generate_problems` knows ("uniform(...", "clustered(...").
bool is_generated(std::string_view text);
// uniform(n, seed, count): points uniform in the unit square. clustered(n, ...): ceil(n / 100) centres uniform in the square, each city
// normal around one of them with deviation 1 / sqrt(n) (Johnson and McGeoch 2007). Arguments in this order or as name=value; `count`
// problems have seeds seed, seed + 1, ...
std::vector<Problem> generate_problems(std::string_view text, Seed seed);

// "euclidean" and TSPLIB's names in small letters: euc_2d, ceil_2d, ...
const std::vector<std::string>& metric_names();
Metric metric_named(std::string_view name);

}  // namespace lehr::tour
