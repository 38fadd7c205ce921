// The lengths that tours are compared with: given as a number, a tour, a table, or known of TSPLIB.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "lehr/core/task.hpp"
#include "lehr/tour/problem.hpp"

namespace lehr::command {

struct TourReference {
  double length = 0;
  std::string source;       // completes "the reference is ..."
  bool is_optimum = false;  // proved
};

class ReferenceLengths {
 public:
  // `text`: a length, a .csv file with the columns file, line and reference_length (or length), a file with a tour, or empty. Throws
  // InvalidInput for a length that is not above 0 and for bad files.
  ReferenceLengths(const std::string& text, const TaskContext& context);

  // Of `problem`: what was given; else the optimum of TSPLIB that is known; else the tour that stands beside the problem.
  std::optional<TourReference> of(const tour::Problem& problem) const;

 private:
  std::optional<double> length_;
  std::map<std::pair<std::string, std::int64_t>, double> table_;  // by file and line
  std::string file_, tour_;                                       // the tour's text
};

}  // namespace lehr::command
