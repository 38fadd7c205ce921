// Records the rows that `drive` measures while a cell runs, thinned out, and tells how far the cell is.
//
// Of a run of known length about 1000 rows are kept, evenly spaced; otherwise about 256 of each doubling of
// the steps. Which steps are kept depends on the step alone, never on time.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "lehr/core/observer.hpp"
#include "lehr/store/store.hpp"

namespace lehr::study {

class TraceRecorder {
 public:
  // `advanced` receives the cell's progress in [0, 1] with every row; `keep` false records nothing.
  TraceRecorder(bool keep, std::function<void(double)> advanced)
      : keep_(keep), advanced_(std::move(advanced)) {}
  // The observer to hand to drive; refers to this recorder. Several drives may use it, also at the same time.
  Observer observer();
  // Batches of rows; columns are "step", "progress" and the row's names. A new batch begins where the columns
  // change or the steps start again.
  std::vector<store::TraceBatch> take();

  // The step after which the row after `step` is seen; `steps` is the run's length, 0 when unknown.
  static std::int64_t next_step(std::int64_t step, std::int64_t steps);

 private:
  void record(const Moment& now, const Row& row);

  bool keep_;
  std::function<void(double)> advanced_;
  std::mutex mutex_;
  std::vector<store::TraceBatch> batches_;
  std::size_t recorded_ = 0;  // numbers so far
  std::int64_t last_step_ = -1;
};

}  // namespace lehr::study
