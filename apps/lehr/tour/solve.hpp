// `lehr tour solve` (tour.solve): a short tour through the cities of a file, its length, and how far it can be from the best.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/tour/heatmap_options.hpp"
#include "apps/lehr/tour/reference_lengths.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/task.hpp"
#include "lehr/tour/anneal_tour.hpp"
#include "lehr/tour/asymmetric.hpp"
#include "lehr/tour/chained_lin_kernighan.hpp"
#include "lehr/tour/iterated_local_search.hpp"
#include "lehr/tour/problem_file.hpp"

namespace lehr::command {

// The method of `lehr tour solve` where none is named.
inline constexpr const char* default_tour_method = "chained_lin_kernighan";

struct TourSolveOptions {
  std::string file, method = default_tour_method;
  std::vector<std::int64_t> line;
  std::string metric;
  std::optional<double> seconds, seconds_per_city, target;
  std::optional<std::int64_t> steps;
  std::optional<Budget> budget;
  std::string reference, initial, save, lkh;
  bool bound = false;
  std::int64_t neighbours = 10;
  tour::KickOptions kick;                    // iterated_local_search
  tour::ChainedLinKernighanOptions chained;  // chained_lin_kernighan
  tour::AnnealTourOptions anneal;            // anneal_tour
  HeatmapOptions heat;

  void describe(OptionTable& table);
};

// One look at a run.
struct TourTracePoint {
  double seconds = 0, length = 0;
};

// What a method made of one problem.
struct TourRun {
  tour::Order best;
  double length = 0;
  std::vector<TourTracePoint> trace;
  Row last;  // what the method measured at the end
  Stop why = Stop::finished;
  std::int64_t steps = 0;
  double seconds = 0;   // earlier runs that were resumed included
  bool proved = false;  // no tour is shorter
};

struct TourSolved {
  tour::Problem problem;
  std::optional<tour::SymmetricForm> symmetric;  // of a directed problem: what is searched in its place
  TourRun run;
  std::optional<TourReference> reference;
  std::optional<double> bound;  // no tour is shorter than this
  std::string bound_name;

  const tour::Instance& searched() const { return symmetric ? symmetric->instance : problem.instance; }
  double offset() const { return symmetric ? symmetric->offset : 0; }

  std::optional<double> gap() const;        // above the reference, in percent
  std::optional<double> bound_gap() const;  // above the bound, in percent
};

Report tour_solve_report(const TourSolveOptions& options, const std::vector<TourSolved>& solved,
                         const TaskContext& context);
Task tour_solve_task();

}  // namespace lehr::command
