// The files that `lehr tour solve` writes.
#pragma once

#include "apps/lehr/tour/solve.hpp"

namespace lehr::command {

// Throws InvalidInput unless tours can be saved under this name; several only as .tour or .txt.
void check_tour_name(const std::string& name, bool several);
// Several tours go to NAME-1.tour, NAME-2.tour, ... or, as .txt, to one file.
void save_tours(const std::vector<TourSolved>& solved, const std::string& name, const TaskContext& context);
void write_lkh_files(const tour::Problem& problem, const std::string& stem, const TourSolveOptions& options,
                     const TaskContext& context);

}  // namespace lehr::command
