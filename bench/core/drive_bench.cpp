// What the loop around a method costs, per step, and how fast addressed random streams are.
//
//   drive_bench                                            `step` is the time of one step
//   drive_bench --benchmark_filter=Drive                   the loop alone
//
// The method under drive does one addition, so that what is measured is the loop. Without observers a step
// must cost less than 20 ns.

#include <benchmark/benchmark.h>

#include <cstdint>

#include "lehr/core/drive.hpp"
#include "lehr/core/observer.hpp"
#include "lehr/core/random.hpp"

namespace lehr {
namespace {

constexpr std::int64_t steps = 1'000'000;

struct Add {
  struct State {
    double sum = 0;
  };
  State start(const Moment&) const { return {}; }
  void advance(State& state, const Moment& now) const { state.sum += now.progress; }
  void measure(const State& state, Row& row) const { row.add("sum", state.sum); }
};

// The same with an end, which drive asks for after every step.
struct AddUntil : Add {
  bool finished(const State& state) const { return state.sum < 0; }
};

// The same with one random number a step.
struct AddNoise : Add {
  void advance(State& state, const Moment& now) const {
    Stream random = now.random(lane("noise"));
    state.sum += uniform(random);
  }
};

void report_steps(benchmark::State& state) {
  using benchmark::Counter;
  state.counters["step"] =
      Counter(static_cast<double>(steps), Counter::kIsIterationInvariantRate | Counter::kInvert);
}

template <class M>
void drive_steps(benchmark::State& state, const Budget& budget, const Observers& observers = {}) {
  for (auto _ : state) benchmark::DoNotOptimize(drive(M{}, budget, Seed{1}, observers).state.sum);
  report_steps(state);
}

// The loop that a user would write by hand: the floor under the numbers below.
void BareLoop(benchmark::State& state) {
  const Add method;
  for (auto _ : state) {
    Add::State sum;
    for (std::int64_t step = 0; step < steps; ++step) {
      Moment now{.step = step, .steps = steps, .progress = static_cast<double>(step) / steps, .seed = {}};
      method.advance(sum, now);
      benchmark::DoNotOptimize(sum.sum);
    }
  }
  report_steps(state);
}
BENCHMARK(BareLoop)->Unit(benchmark::kMillisecond);

void DriveSteps(benchmark::State& state) { drive_steps<Add>(state, Budget::steps(steps)); }
BENCHMARK(DriveSteps)->Unit(benchmark::kMillisecond);

void DriveMethodWithEnd(benchmark::State& state) { drive_steps<AddUntil>(state, Budget::steps(steps)); }
BENCHMARK(DriveMethodWithEnd)->Unit(benchmark::kMillisecond);

void DriveMethodWithNoise(benchmark::State& state) { drive_steps<AddNoise>(state, Budget::steps(steps)); }
BENCHMARK(DriveMethodWithNoise)->Unit(benchmark::kMillisecond);

// Seconds and Ctrl-C need a clock; it is read every few milliseconds only.
void DriveStepsOrSeconds(benchmark::State& state) {
  drive_steps<Add>(state, Budget::steps(steps) | Budget::seconds(1000));
}
BENCHMARK(DriveStepsOrSeconds)->Unit(benchmark::kMillisecond);

// A target is measured after every step.
void DriveStepsOrTarget(benchmark::State& state) {
  drive_steps<Add>(state, Budget::steps(steps) | Budget::target("sum", -1));
}
BENCHMARK(DriveStepsOrTarget)->Unit(benchmark::kMillisecond);

void DriveWithTrace(benchmark::State& state) {
  double last = 0;
  const auto write = [&](const Moment&, const Row& row) { last = row.entries().front().second; };
  Observers observers;
  observers.list = {trace(write, state.range(0))};
  drive_steps<Add>(state, Budget::steps(steps), observers);
  benchmark::DoNotOptimize(last);
}
BENCHMARK(DriveWithTrace)->ArgName("every")->Arg(1)->Arg(100)->Unit(benchmark::kMillisecond);

void StreamWords(benchmark::State& state) {
  Stream random(Seed{1}, lane("bench"));
  std::uint64_t sum = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sum += random());
  state.SetBytesProcessed(state.iterations() * 8);
}
BENCHMARK(StreamWords);

void StreamUniform(benchmark::State& state) {
  Stream random(Seed{1}, lane("bench"));
  double sum = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sum += uniform(random));
}
BENCHMARK(StreamUniform);

void StreamNormal(benchmark::State& state) {
  Stream random(Seed{1}, lane("bench"));
  double sum = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sum += normal(random));
}
BENCHMARK(StreamNormal);

// A fresh stream for every step, as methods use them: the cost of addressing.
void StreamFirstWord(benchmark::State& state) {
  Moment now{.step = 0, .steps = 0, .progress = 0, .seed = Seed{1}};
  std::uint64_t sum = 0;
  for (auto _ : state) {
    ++now.step;
    Stream random = now.random(lane("bench"));
    benchmark::DoNotOptimize(sum += random());
  }
}
BENCHMARK(StreamFirstWord);

}  // namespace
}  // namespace lehr
