// The methods of `lehr tour solve`, in one table: a method is added by a row in solve_methods.cpp (and its options in
// TourSolveOptions).
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "apps/lehr/tour/solve.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/tour/neighbours.hpp"

namespace lehr::command {

// One problem and all that a run of it needs.
struct TourSearch {
  const tour::Instance& searched;
  const TourSolveOptions& options;
  const TaskContext& context;  // for the seed and for files
  tour::Order initial;         // empty: the method's own
  Budget budget;               // empty where the method ends by itself
  Observers observers;

  const tour::Instance& instance() const { return searched; }
  tour::Neighbours neighbours() const {
    return tour::nearest_neighbours(instance(), static_cast<int>(options.neighbours));
  }
};

struct TourMethod {
  std::string name;
  bool ends;  // by itself: needs no budget
  std::function<TourRun(const TourSearch&)> run;
};

const std::vector<TourMethod>& tour_methods();
const TourMethod& tour_method(const std::string& name);
std::vector<std::string> tour_method_names();

// Records the course of a run as drive goes along.
class TourTrace {
 public:
  TourTrace() : start_(std::chrono::steady_clock::now()) {}
  // Looks at every step; keeps the improvements, at most about a hundred for each doubling of the time.
  Observer observer();
  void add(double seconds, double length);
  double since_start() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  std::vector<TourTracePoint> points;

 private:
  std::chrono::steady_clock::time_point start_;
};

// Drives any method of the room: one whose state has `best` and `best_length`, and whose row has `length`.
template <class M>
TourRun drive_search(const M& method, const TourSearch& search) {
  TourTrace trace;
  Observers observers = search.observers;
  observers.list.push_back(trace.observer());
  auto run = drive(method, search.budget, search.context.seed, observers);
  const double earlier = std::max(0.0, run.used.seconds - trace.since_start());
  for (TourTracePoint& point : trace.points) point.seconds += earlier;
  trace.add(run.used.seconds, run.state.best_length);
  return {.best = std::move(run.state.best),
          .length = run.state.best_length,
          .trace = std::move(trace.points),
          .last = std::move(run.last),
          .why = run.why,
          .steps = run.used.steps,
          .seconds = run.used.seconds,
          .proved = false};
}

}  // namespace lehr::command
