// A schedule: open loop, a value that maps progress in [0, 1] to a control value (temperature, learning rate,
// ...). It is a value with a text form that parses and prints back to itself:
//
//   geometric(from=10, to=0.05)      warmup(500steps, wsd(peak=3e-4, to=3e-5, shape=sqrt))
//
// Lengths inside a schedule are shares in [0, 1], or whole steps (`500steps`), counted from where the
// schedule that holds them begins. A schedule that contains steps needs to know the run's length: use
// `at(step, steps)` or `sample(steps)`; operator()(progress) then throws. The families are in
// docs/schedule.md and schedule_families().
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"

namespace lehr {

class Schedule {
 public:
  // A number is a constant schedule. Throws InvalidInput when it is not finite.
  Schedule(double constant = 0);  // NOLINT(google-explicit-constructor)
  // Parses the text form; a bare number is a constant. Throws InvalidInput with the column and what was
  // expected, and the nearest known family or argument name. `base` is where the relative path of
  // `table("lr.csv")` starts.
  static Schedule parse(std::string_view text, const std::filesystem::path& base = {});
  // Value i holds for the i-th of values.size() equal parts of the run: for each step of a run of as many
  // steps, its value. Text form steps(values=[...]). At least one value, all finite.
  static Schedule per_step(const std::vector<double>& values);
  // Passes through the values at equal distances, the first at the start, the last at the end; straight lines
  // between. Text form knots(values=[...]). At least two values, all finite.
  static Schedule through(const std::vector<double>& values);

  // The text form: parse(s.text()).text() == s.text(), and both schedules have equal values, bit for bit. The
  // text of very many values may exceed the 64 KiB that `parse` takes: write those to a file and use `table`.
  std::string text() const;

  // Values. All throw NumericalFailure when the value is not finite, and InvalidInput when a length in steps
  // does not fit the run. Progress is clamped to [0, 1]; throws InvalidInput when it is nan or the schedule
  // counts steps.
  double operator()(double progress) const;
  // The value at step `step` (0-based, clamped to [0, steps]) of a run of `steps` >= 1: progress = step /
  // steps.
  double at(std::int64_t step, std::int64_t steps) const;
  // The value for a method under drive: `at` when the run's number of steps is known, else by progress.
  double operator()(const Moment& now) const;
  // The values at steps 0 .. steps-1: progress = i / steps, or i / (steps - 1) when `endpoint` is true.
  std::vector<double> sample(std::int64_t steps, bool endpoint = false) const;
  // True when a length inside is in steps.
  bool needs_steps() const;

  class Node;  // the parsed form; see families.hpp
  explicit Schedule(std::shared_ptr<const Node> node);
  const Node& node() const { return *node_; }

 private:
  std::shared_ptr<const Node> node_;
};

template <>
struct OptionType<Schedule> {
  static constexpr const char* name = "schedule";
  static Schedule from_json(const Json& value, const std::filesystem::path& base = {}) {
    return value.is_number() ? Schedule(value.get<double>())
                             : Schedule::parse(option_types::to_string(value), base);
  }
  static Json to_json(const Schedule& value) { return value.text(); }
  static Json from_word(const std::string& word) { return word; }
};

}  // namespace lehr
