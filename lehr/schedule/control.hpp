// The one option type by which a method takes a schedule or a controller, so that a user can replace a
// paper's rule by another: `step = 0.1`, `step = "geometric(from=1, to=0.01)"`, `step =
// "acceptance_rate(target=0.44)"`.
//
//   struct Options { Control step = Control::parse("dual_averaging(target=0.8)"); ... };
//   struct State { Knob step; ... };
//   State start(const Moment&) const { return {.step = options.step.start("step")}; }
//   void advance(State& s, const Moment& now) const {
//     const double step = s.step.value(now);
//     ...
//     s.step.observe(acceptance);            // a schedule ignores it
//   }
//
// A method says once which signal it gives, `options.step.require(Signal::acceptance, "step")`, and a
// controller that needs another is refused with a clear line.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "lehr/schedule/acceptance_rate.hpp"
#include "lehr/schedule/bandit.hpp"
#include "lehr/schedule/dual_averaging.hpp"
#include "lehr/schedule/ess_tempering.hpp"
#include "lehr/schedule/families.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/schedule/step_size_pid.hpp"

namespace lehr {

// What a controller observes.
enum class Signal {
  none,             // a schedule: nothing
  acceptance,       // acceptance probability of the last move
  error,            // error of the last step over its tolerance
  log_likelihoods,  // of the particles at full strength (minus their energies)
  cost              // of the last trial, the lower the better
};
const char* name(Signal signal);

// A knob in a run: a schedule, or a controller with its state. Plain data; part of a method's state.
class Knob {
 public:
  using Rule =
      std::variant<Schedule, schedule::StepSizePid, schedule::AcceptanceRate, schedule::DualAveraging,
                   schedule::EssTempering, schedule::Ucb, schedule::Exp3, schedule::TsallisInf>;

  Knob() = default;
  // `name` distinguishes the knobs of one method: it starts the names of the fields and is the lane of random
  // choices.
  Knob(std::string name, Rule rule) : name_(std::move(name)), rule_(std::move(rule)) {}

  // The control value at this moment. Equal for equal moments until the next `observe`.
  double value(const Moment& now);
  // Tells a controller what its value did; a schedule ignores it. Throws InvalidInput for a controller that
  // observes the other kind of feedback.
  void observe(double feedback);
  void observe(std::span<const double> feedback);
  const Rule& rule() const { return rule_; }

  template <class Visitor>
  void fields(Visitor& visit) {
    std::visit(
        [&]<class R>(R& rule) {
          if constexpr (!std::is_same_v<R, Schedule>) rule.fields(visit, name_);
        },
        rule_);
  }

 private:
  std::string name_;
  Rule rule_;
};

class Control {
 public:
  Control(double constant = 0) : schedule_(constant) {}           // NOLINT(google-explicit-constructor)
  Control(Schedule schedule) : schedule_(std::move(schedule)) {}  // NOLINT(google-explicit-constructor)
  // Parses a controller or else a schedule. Throws InvalidInput with the column. parse(c.text()).text() ==
  // c.text().
  static Control parse(std::string_view text, const std::filesystem::path& base = {});
  std::string text() const;

  bool closed_loop() const { return controller_ != nullptr; }
  // The signal that the controller needs; none for a schedule.
  Signal signal() const;
  // Throws InvalidInput when a controller is set that needs another signal than the method gives.
  void require(Signal given, std::string_view where) const;
  // The knob at the start of a run.
  Knob start(std::string name) const;

  struct Controller;  // the parsed form of a controller
 private:
  Schedule schedule_;
  std::shared_ptr<const Controller> controller_;  // null: the schedule rules
};

// Every controller with its arguments, defaults, allowed values and help.
std::vector<FamilyHelp> controller_families();

template <>
struct OptionType<Control> {
  static constexpr const char* name = "schedule or controller";
  static Control from_json(const Json& value, const std::filesystem::path& base = {}) {
    return value.is_number() ? Control(value.get<double>())
                             : Control::parse(option_types::to_string(value), base);
  }
  static Json to_json(const Control& value) { return value.text(); }
  static Json from_word(const std::string& word) { return word; }
};

}  // namespace lehr
