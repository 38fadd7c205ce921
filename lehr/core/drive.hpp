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
// Throws InvalidInput, with the first difference, unless the checkpoint's options are those of this run.
void check_options(const StateTensors& saved, const Checkpoints& checkpoints);

template <Method M>
void measure(const M& method, const typename M::State& state, Row& row) {
  row.clear();
  if constexpr (MethodWithMeasure<M>) method.measure(state, row);
}

template <MethodWithFields M>
void save(const M& method, typename M::State& state, const Usage& used, Seed seed,
          const Checkpoints& checkpoints) {
  StateWriter writer;
  method.fields(writer, state);
  writer("drive.options", checkpoints.options);
  writer("drive.seed", seed.value);
  writer("drive.steps", used.steps);
  writer("drive.evaluations", used.evaluations);
  writer("drive.seconds", used.seconds);
  save_state(checkpoints.path, writer.tensors);
}

template <MethodWithFields M>
void load(const M& method, typename M::State& state, Usage& used, Seed seed, const Checkpoints& checkpoints) {
  const StateTensors tensors = load_state(checkpoints.path);
  const StateReader reader(tensors);
  Seed saved;
  reader("drive.seed", saved.value);
  if (saved != seed)
    throw InvalidInput("{}: the checkpoint is of a run with seed {}, this one has seed {}",
                       checkpoints.path.string(), saved.value, seed.value);
  check_options(tensors, checkpoints);
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

// A run in progress.
template <Method M>
class Loop {
 public:
  using State = typename M::State;

  // Starts the method, or goes on from the checkpoint where one is to be resumed.
  Loop(const M& method, const Budget& budget, Seed seed, const Observers& observers)
      : method_(method),
        budget_(budget),
        observers_(observers),
        now_{.step = 0,
             .steps = budget.step_limit(),
             .progress = 0,
             .seed = seed,
             .evaluations = &used_.evaluations},
        inverse_steps_(now_.steps > 0 ? 1.0 / static_cast<double>(now_.steps) : 0),
        state_(method.start(now_)),
        clock_(resume()),
        lookout_(budget, observers, observers.list.size()) {
    lookout_.saved(used_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Run<State> run() {
    Ending ending(observers_.list);
    if (!ended_before()) advance_to_the_end();
    used_.seconds = clock_.seconds();
    measure();
    save();
    ending.now();
    return {std::move(state_), why_, used_, std::move(row_)};
  }

 private:
  // Returns the seconds that the run has used before.
  double resume() {
    const Checkpoints& checkpoints = observers_.checkpoints;
    if constexpr (MethodWithFields<M>)
      if (!checkpoints.path.empty() && checkpoints.resume && std::filesystem::exists(checkpoints.path))
        load(method_, state_, used_, now_.seed, checkpoints);
    return used_.seconds;
  }

  // A resumed run may have reached its end before.
  bool ended_before() {
    if (used_.steps > 0) {
      if (budget_.uses_target()) driving::measure(method_, state_, row_);
      if (const Budget::Limit* limit = budget_.reached(used_, &row_)) return stop(stop_for(*limit));
    }
    return finished();
  }

  void advance_to_the_end() {
    std::int64_t until = lookout_.next(used_, false);
    while (true) {
      step();
      if (finished()) {
        look();  // the observers see the last row
        why_ = Stop::finished;
        return;
      }
      if (used_.steps < until) continue;
      if (look()) return;
      until = lookout_.next(used_, true);
    }
  }

  void step() {
    now_.step = used_.steps;
    now_.progress =
        now_.steps > 0 ? static_cast<double>(now_.step) * inverse_steps_ : budget_.progress(used_);
    method_.advance(state_, std::as_const(now_));
    ++used_.steps;
  }

  // Tells the observers, checks the budget, saves. True when the run must end.
  bool look() {
    used_.seconds = clock_.seconds();
    measured_ = false;
    if (budget_.uses_target()) measure_once();
    const bool observer_stops = tell_observers();
    if (const Budget::Limit* limit = budget_.reached(used_, measured_ ? &row_ : nullptr))
      return stop(stop_for(*limit));
    if (observer_stops) return stop(Stop::observer);
    if (observers_.interrupted != nullptr && observers_.interrupted->load(std::memory_order_relaxed))
      return stop(Stop::interrupted);
    if (lookout_.save_due(used_)) measure_once(), save();  // a state that is not finite is not saved
    return false;
  }

  // Those that are due. True when one of them asks for the end.
  bool tell_observers() {
    bool stops = false;
    for (std::size_t i = 0; i < observers_.list.size(); ++i) {
      if (!lookout_.due(i, used_.steps)) continue;
      measure_once();
      Moment seen = now_;
      seen.step = used_.steps - 1;
      seen.progress = budget_.progress(used_);
      const std::int64_t next = observers_.list[i].see(seen, row_);
      if (next == Observer::stop_run) stops = true;
      lookout_.plan(i, due_after(next, used_.steps));
    }
    return stops;
  }

  void measure_once() {
    if (!std::exchange(measured_, true)) measure();
  }

  void measure() {
    driving::measure(method_, state_, row_);
    check_finite(row_, used_.steps - 1);
  }

  void save() {
    const Checkpoints& checkpoints = observers_.checkpoints;
    if constexpr (MethodWithFields<M>)
      if (!checkpoints.path.empty()) driving::save(method_, state_, used_, now_.seed, checkpoints);
    lookout_.saved(used_);
  }

  bool finished() const {
    if constexpr (MethodWithEnd<M>)
      return method_.finished(state_);
    else
      return false;
  }

  bool stop(Stop why) {
    why_ = why;
    return true;
  }

  const M& method_;
  const Budget& budget_;
  const Observers& observers_;
  Usage used_;
  Moment now_;
  double inverse_steps_;
  State state_;
  Clock clock_;
  Lookout lookout_;
  Row row_;                // the last one measured
  bool measured_ = false;  // after the last step
  Stop why_ = Stop::finished;
};

}  // namespace driving

// Advances `method` from its start, or from the checkpoint of `observers`, until it is finished or the budget is
// reached. Throws InvalidInput for an empty budget where the method has no end, NumericalFailure for a measurement
// that is not finite.
template <Method M>
Run<typename M::State> drive(const M& method, const Budget& budget, Seed seed,
                             const Observers& observers = {}) {
  if (budget.empty() && !MethodWithEnd<M>)
    throw InvalidInput("budget: a method without an end needs steps, evaluations, seconds or a target");
  return driving::Loop<M>(method, budget, seed, observers).run();
}

}  // namespace lehr
