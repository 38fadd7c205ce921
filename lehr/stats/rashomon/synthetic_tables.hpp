// Labelled tables made to order, from problems that a simple model solves to problems that none does.
//
//   step          [x1 > 0]                      xor    [x1 x2 > 0]              band   [|x1| < 0.6]
//   linear        [x1 + x2 > 0] with a margin   xor3   [x1 x2 x3 > 0]           sine   [x2 > sin 3 x1]
//                                               ring   [x1^2 + x2^2 < 1.4]      sum    [x1 + ... + xp > 0]
//   checkerboard  cells of width 0.25 in (x1, x2)
//   monk1         all 432 robots: [head = body] or [jacket is red], every level a 0/1 feature but one
//
// Features are standard normal (monk1: 0/1); `noise` is the share of labels that are exchanged.
// Sources: the groups are those that contrast large and small Rashomon ratios; S. Thrun et al., "The MONK's
// problems", 1991.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/rashomon/labelled_table.hpp"

namespace lehr::stats {

struct SyntheticTableOptions {
  std::string family = "step";
  std::int64_t records = 800;  // monk1 has 432
  std::int64_t features = 4;   // at least 3; monk1 has 11
  double noise = 0;            // in [0, 0.5]
  double margin = 1.5;         // linear: records with |x1 + x2| below it are drawn anew; in [0, 4]
};

const std::vector<std::string>& synthetic_families();

// Throws InvalidInput for an unknown family and options out of range.
LabelledTable synthetic_table(const SyntheticTableOptions& options, Seed seed);

}  // namespace lehr::stats
