// The [search] block of a study: looks for the value of one knob, a schedule or a number, that makes a metric
// of the task smallest (or largest). Points of the unit cube come from lehr/evolve, lehr/schedule turns them
// into schedules.
//
// Every evaluated candidate is kept in the store, so that a resumed search replays it and ends at the same
// value.
#pragma once

#include <vector>

#include "lehr/core/report.hpp"
#include "lehr/study/run_context.hpp"

namespace lehr::study {

// Runs or resumes the search. Metrics of the result: the best objective and the number of runs; artifact
// "value": the knob's value as JSON. Throws NumericalFailure when no candidate has a finite objective,
// Interrupted.
store::CellResult run_search(RunContext& context);

// The value in the artifacts of a finished search.
Json found_value(const std::vector<Artifact>& artifacts);

// Throws InvalidInput when the search's family or range cannot be used.
void check_candidates(const Search& search);

}  // namespace lehr::study
