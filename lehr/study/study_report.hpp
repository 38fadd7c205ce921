// One report of a whole run: arms x metrics (mean +- standard error over seeds), paired differences against
// the first arm, claims with their verdicts, the search, the arms' figures merged (mean and band over seeds),
// notes, artifacts.
#pragma once

#include <filesystem>

#include "lehr/core/report.hpp"
#include "lehr/study/claims.hpp"
#include "lehr/study/study.hpp"

namespace lehr::study {

// Built from the store of a run folder (RunOutcome::folder), finished or not. `metrics` of the report are
// "arm.metric" means; `json` holds the values per seed. Throws InvalidInput when the folder holds no run of
// this study.
Report study_report(const Study& study, const std::filesystem::path& run_folder);

// The claims of the study on the results in a run folder.
std::vector<ClaimResult> evaluate_claims(const Study& study, const std::filesystem::path& run_folder);

}  // namespace lehr::study
