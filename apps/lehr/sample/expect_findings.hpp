// What follows from the expectations: Sobol' indices, and what of an uncertain law matters.
#pragma once

#include "apps/lehr/sample/expect.hpp"

namespace lehr::command {

// The indices with their errors: metrics, table, figure and `report.json["sobol"]`.
void add_sobol_indices(Report& report, const SampleExpectOptions& options, const ExpectSetup& setup,
                       const ExpectOutcome& outcome);

// Rank correlations of the laws' ranged parameters with the estimates, and a figure of the strongest; nothing
// where no parameter has a range.
void add_law_influence(Report& report, const ExpectSetup& setup, const ExpectOutcome& outcome);

}  // namespace lehr::command
