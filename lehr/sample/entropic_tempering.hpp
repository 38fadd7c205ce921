// Entropic annealing: from how flat a temperature the survivors of a step are drawn, so that a score that is over-confident early
// does not leave the population with a few ancestors.
//
//   p_tau = softmax(l / tau),   rho = ESS / N,   H normalised entropy of p_1,   u progress in [0, 1]
//   where rho < ess_threshold(u) and u < early:
//     ess       tau = max(1, (1 - u) / rho)
//     entropy   tau = max(1, 1 / (H + (1 - H) u))
//     base      tau = max(1, hottest - u)                          no feedback
//     schedule  tau = its value at u, any schedule
//   elsewhere tau = 1.
//     solve     tau = the smallest temperature >= 1 with rho(tau) = target_ess(u), at any u: the target says when it ends
//
// A population of one has tau = 1. Source: "Mitigating premature exploitation in particle-based Monte Carlo for inference-time
// scaling", 2025; `solve` and schedules are ours. Cost: one softmax of N weights, two where it is tempered, about 60 for `solve`.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "lehr/core/options.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::sample {

// The rule for tau: a word of the list above, or a schedule.
class TemperatureRule {
 public:
  enum class Kind { ess, entropy, base, solve, schedule };
  TemperatureRule(Kind kind = Kind::ess) : kind_(kind) {}  // NOLINT(google-explicit-constructor)
  TemperatureRule(Schedule schedule)                       // NOLINT(google-explicit-constructor)
      : kind_(Kind::schedule), schedule_(std::move(schedule)) {}
  // Throws InvalidInput for text that is neither.
  static TemperatureRule parse(std::string_view text, const std::filesystem::path& base = {});
  std::string text() const;

  Kind kind() const { return kind_; }
  const Schedule& schedule() const { return schedule_; }

 private:
  Kind kind_;
  Schedule schedule_;
};

struct TemperingOptions {
  TemperatureRule temperature;
  Schedule ess_threshold = 0.5;
  double early = 0.5;
  Schedule target_ess = Schedule::parse("linear(from=0.5, to=0)");
  double hottest = 2;
};

// What was found and done at one step.
struct Tempering {
  double ess = 1, entropy = 1;  // rho and H of the weights as they are
  double temperature = 1;
  double tempered_ess = 1;  // rho at the temperature
};

// Writes p and finds ess and entropy; temperature 1. Throws NumericalFailure as softmax does.
Tempering untempered(std::span<const double> log_weights, std::span<double> probabilities);

// Goes on from what `untempered` found and wrote: sets the temperature and writes p_tau. `step` of `steps` is where the run is, u = step / steps. Throws
// InvalidInput for a scheduled temperature that is not above 0.
void temper(Tempering& found, std::span<const double> log_weights, const TemperingOptions& options,
            std::int64_t step, std::int64_t steps, std::span<double> probabilities);
// Both.
Tempering temper(std::span<const double> log_weights, const TemperingOptions& options, std::int64_t step,
                 std::int64_t steps, std::span<double> probabilities);

}  // namespace lehr::sample

namespace lehr {

template <>
struct OptionType<sample::TemperatureRule> {
  static constexpr const char* name = "ess, entropy, base, solve or a schedule";
  static sample::TemperatureRule from_json(const Json& value, const std::filesystem::path& base = {});
  static Json to_json(const sample::TemperatureRule& value) { return value.text(); }
  static Json from_word(const std::string& word) { return word; }
};

}  // namespace lehr
