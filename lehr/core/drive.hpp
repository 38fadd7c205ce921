// The one loop: advances a method under a budget, feeds observers, saves checkpoints, ends cleanly on Ctrl-C.
//
// Without observers the loop costs a few nanoseconds a step (bench/core/drive_bench.cpp). A run that is
// resumed from a checkpoint equals the uninterrupted one bit for bit, because random numbers are addressed by
// step.
#pragma once

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>

#include "lehr/core/budget.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/method.hpp"
#include "lehr/core/observer.hpp"
#include "lehr/core/state_io.hpp"

namespace lehr {

enum class Stop { finished, steps, evaluations, seconds, target, observer, interrupted };
const char* name(Stop why);

// What `drive` returns: the last state, why the run stopped, what it used, and the last row measured.
template <class State>
struct Run {
  State state;
  Stop why = Stop::finished;
  Usage used;
  Row last;
};

template <class M>
concept MethodWithFields = Method<M> &&
    requires(const M& method, typename M::State& state, StateWriter& writer, StateReader& reader) {
  {method.fields(writer, state)};
  {method.fields(reader, state)};
};

namespace driving {

// Seconds spent by this run, resumed time included.
class Clock {
 public:
  explicit Clock(double already) : already_(already), start_(std::chrono::steady_clock::now()) {}
  double seconds() const {
    return already_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double already_;
  std::chrono::steady_clock::time_point start_;
};

Stop stop_for(const Budget::Limit& limit);
// The number of steps after which an observer that answered `next` is due again; at least steps + 1.
std::int64_t due_after(std::int64_t next, std::int64_t steps);
void check_finite(const Row& row, std::int64_t step);

template <Method M>
void measure(const M& method, const typename M::State& state, Row& row) {
  row.clear();
  if constexpr (MethodWithMeasure<M>) method.measure(state, row);
}

template <MethodWithFields M>
void save(const M& method, typename M::State& state, const Usage& used, Seed seed,
          const std::filesystem::path& path) {
  StateWriter writer;
  method.fields(writer, state);
  writer("drive.seed", seed.value);
  writer("drive.steps", used.steps);
  writer("drive.evaluations", used.evaluations);
  writer("drive.seconds", used.seconds);
  save_state(path, writer.tensors);
}

template <MethodWithFields M>
void load(const M& method, typename M::State& state, Usage& used, Seed seed,
          const std::filesystem::path& path) {
  const StateTensors tensors = load_state(path);
  const StateReader reader(tensors);
  Seed saved;
  reader("drive.seed", saved.value);
  if (saved != seed)
    throw InvalidInput("{}: the checkpoint is of a run with seed {}, this one has seed {}", path.string(),
                       saved.value, seed.value);
  reader("drive.steps", used.steps);
  reader("drive.evaluations", used.evaluations);
  reader("drive.seconds", used.seconds);
  StateReader fields(tensors);
  method.fields(fields, state);
}

// Calls the observers' `end` once, however the run ends; what `end` throws while an error is on its way is
// lost.
class Ending {
 public:
  explicit Ending(const std::vector<Observer>& observers) : observers_(observers) {}
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending();
  void now();

 private:
  const std::vector<Observer>& observers_;
  bool ended_ = false;
};

// The next step at which the loop must look up from its work, given what happened so far. Between two looks
// the loop only advances the method, so its cost a step is one comparison.
class Lookout {
 public:
  Lookout(const Budget& budget, const Observers& observers, std::size_t observers_count);
  std::int64_t next(const Usage& used, bool measured);
  bool due(std::size_t observer, std::int64_t step) const { return due_[observer] <= step; }
  void plan(std::size_t observer, std::int64_t step) { due_[observer] = step; }
  bool save_due(const Usage& used) const;
  void saved(const Usage& used);

 private:
  const Budget& budget_;
  const Checkpoints& checkpoints_;
  std::vector<std::int64_t> due_;
  std::int64_t last_saved_step_ = 0;
  double last_saved_second_ = 0;
  bool every_step_ = false;  // targets and evaluation budgets are checked after every step
  bool timed_ = false;  // seconds, Ctrl-C and timed checkpoints: the clock is read every few milliseconds
};

}  // namespace driving

template <Method M>
Run<typename M::State> drive(const M& method, const Budget& budget, Seed seed,
                             const Observers& observers = {}) {
  using State = typename M::State;
  if (budget.empty() && !MethodWithEnd<M>)
    throw InvalidInput("budget: a method without an end needs steps, evaluations, seconds or a target");
  Usage used;
  Moment now{
      .step = 0, .steps = budget.step_limit(), .progress = 0, .seed = seed, .evaluations = &used.evaluations};
  State state = method.start(now);
  const Checkpoints& checkpoints = observers.checkpoints;
  if constexpr (MethodWithFields<M>)
    if (!checkpoints.path.empty() && checkpoints.resume && std::filesystem::exists(checkpoints.path))
      driving::load(method, state, used, seed, checkpoints.path);

  driving::Ending ending(observers.list);
  const driving::Clock clock(used.seconds);
  driving::Lookout lookout(budget, observers, observers.list.size());
  lookout.saved(used);
  const auto save = [&] {
    if constexpr (MethodWithFields<M>)
      if (!checkpoints.path.empty()) driving::save(method, state, used, seed, checkpoints.path);
    lookout.saved(used);
  };
  Row row;
  Stop why = Stop::finished;
  const double inverse_steps = now.steps > 0 ? 1.0 / static_cast<double>(now.steps) : 0;
  const bool progress_by_steps = now.steps > 0;

  // True when the run must end; measures, tells the observers, saves.
  const auto look = [&]() -> bool {
    used.seconds = clock.seconds();
    bool observer_stops = false, measured = false;
    const auto measure_once = [&] {
      if (!measured) driving::measure(method, state, row), driving::check_finite(row, used.steps - 1);
      measured = true;
    };
    if (budget.uses_target()) measure_once();
    for (std::size_t i = 0; i < observers.list.size(); ++i) {
      if (!lookout.due(i, used.steps)) continue;
      measure_once();
      Moment seen = now;
      seen.step = used.steps - 1;
      seen.progress = budget.progress(used);
      const std::int64_t next = observers.list[i].see(seen, row);
      if (next == Observer::stop_run) observer_stops = true;
      lookout.plan(i, driving::due_after(next, used.steps));
    }
    if (const Budget::Limit* limit = budget.reached(used, measured ? &row : nullptr)) {
      why = driving::stop_for(*limit);
      return true;
    }
    if (observer_stops) return why = Stop::observer, true;
    if (observers.interrupted != nullptr && observers.interrupted->load(std::memory_order_relaxed))
      return why = Stop::interrupted, true;
    if (lookout.save_due(used)) measure_once(), save();  // a state that is not finite is not saved
    return false;
  };

  const auto finished = [&] {
    if constexpr (MethodWithEnd<M>)
      return method.finished(state);
    else
      return false;
  };

  // A resumed run may have reached its budget before.
  const bool resumed = used.steps > 0;
  if (resumed && budget.uses_target()) driving::measure(method, state, row);
  const Budget::Limit* already = resumed ? budget.reached(used, &row) : nullptr;
  if (already != nullptr) why = driving::stop_for(*already);
  if (already == nullptr && !finished()) {
    std::int64_t until = lookout.next(used, false);
    while (true) {
      now.step = used.steps;
      now.progress =
          progress_by_steps ? static_cast<double>(now.step) * inverse_steps : budget.progress(used);
      method.advance(state, static_cast<const Moment&>(now));
      ++used.steps;
      if (finished()) {
        look();  // the observers see the last row
        why = Stop::finished;
        break;
      }
      if (used.steps < until) continue;
      if (look()) break;
      until = lookout.next(used, true);
    }
  }
  used.seconds = clock.seconds();
  driving::measure(method, state, row);
  driving::check_finite(row, used.steps - 1);
  save();
  ending.now();
  return {std::move(state), why, used, std::move(row)};
}

}  // namespace lehr
