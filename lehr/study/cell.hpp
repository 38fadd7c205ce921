// One cell of a run: an arm under a seed.
#pragma once

#include <filesystem>
#include <string>

#include "lehr/study/run_context.hpp"

namespace lehr::study {

// Runs a leased cell and writes its results to the store, or that it failed. Gives the cell back and throws
// Interrupted when Ctrl-C ended it early; other errors than NumericalFailure give the cell back too and go on
// to the caller.
void run_cell(RunContext& context, const store::Lease& lease);

// The options with every reference replaced by what it refers to for `seed`. Throws InvalidInput for an
// artifact or metric that the other arm did not make, NumericalFailure when the other cell failed.
Json resolved_options(const RunContext& context, const Json& options, std::uint64_t seed,
                      const std::string& where);

// Folder of a cell below the run folder.
std::filesystem::path cell_folder(const std::filesystem::path& run_folder, const std::string& arm,
                                  std::uint64_t seed);

}  // namespace lehr::study
