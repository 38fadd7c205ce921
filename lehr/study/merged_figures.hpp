// The figures of a run's cells, merged: figures of one name become one, with a curve per arm. Curves of
// several seeds become their mean and, as a band, the 95 % interval of the mean (Student's t per point).
#pragma once

#include <string>
#include <vector>

#include "lehr/core/report.hpp"

namespace lehr::study {

struct ArmFigures {
  std::string arm;
  std::vector<std::vector<Figure>> seeds;  // the figures of each seed's report
};

// One figure per name, in the order in which names first appear. Curves on different grids are interpolated
// linearly at the first seed's points, inside the range that all seeds cover; clouds of points are pooled.
// Figures with lines that go to and fro (maps) stay apart: NAME_ARM, of the first seed, for the first arms, after all others.
std::vector<Figure> merged_figures(const std::vector<ArmFigures>& arms);

}  // namespace lehr::study
