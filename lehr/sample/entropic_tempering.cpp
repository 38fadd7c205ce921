#include "lehr/sample/entropic_tempering.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/sample/log_weights.hpp"

namespace lehr::sample {
namespace {

constexpr std::array<std::string_view, 4> rule_words{"ess", "entropy", "base", "solve"};

double temperature_at(const TemperingOptions& options, const Tempering& found, std::int64_t step,
                      std::int64_t steps) {
  const double u = static_cast<double>(step) / static_cast<double>(steps);
  if (!(found.ess < options.ess_threshold.at(step, steps)) || !(u < options.early)) return 1;
  switch (options.temperature.kind()) {
    case TemperatureRule::Kind::ess:
      return std::max(1.0, (1 - u) / found.ess);
    case TemperatureRule::Kind::entropy:
      return std::max(1.0, 1 / (found.entropy + (1 - found.entropy) * u));
    case TemperatureRule::Kind::base:
      return std::max(1.0, options.hottest - u);
    default:
      return options.temperature.schedule().at(step, steps);
  }
}

}  // namespace

TemperatureRule TemperatureRule::parse(std::string_view text, const std::filesystem::path& base) {
  const auto found = std::ranges::find(rule_words, text);
  if (found != rule_words.end()) return {static_cast<Kind>(found - rule_words.begin())};
  return {Schedule::parse(text, base)};
}

std::string TemperatureRule::text() const {
  return kind_ == Kind::schedule ? schedule_.text()
                                 : std::string(rule_words[static_cast<std::size_t>(kind_)]);
}

Tempering untempered(std::span<const double> log_weights, std::span<double> probabilities) {
  const double log_sum = softmax(log_weights, 1, probabilities);
  const double ess = effective_sample_size(probabilities) / static_cast<double>(log_weights.size());
  return {.ess = ess,
          .entropy = normalised_entropy(probabilities, log_weights, log_sum),
          .temperature = 1,
          .tempered_ess = ess};
}

void temper(Tempering& found, std::span<const double> log_weights, const TemperingOptions& options,
            std::int64_t step, std::int64_t steps, std::span<double> probabilities) {
  if (log_weights.size() < 2) return;
  found.temperature = options.temperature.kind() == TemperatureRule::Kind::solve
                          ? temperature_for_ess(log_weights, options.target_ess.at(step, steps))
                          : temperature_at(options, found, step, steps);
  if (!(found.temperature > 0))
    throw InvalidInput("temperature: must be above 0, the schedule gives {} at step {}", found.temperature,
                       step);
  if (found.temperature == 1) return;
  softmax(log_weights, found.temperature, probabilities);
  found.tempered_ess = effective_sample_size(probabilities) / static_cast<double>(log_weights.size());
}

Tempering temper(std::span<const double> log_weights, const TemperingOptions& options, std::int64_t step,
                 std::int64_t steps, std::span<double> probabilities) {
  Tempering found = untempered(log_weights, probabilities);
  temper(found, log_weights, options, step, steps, probabilities);
  return found;
}

}  // namespace lehr::sample

namespace lehr {

sample::TemperatureRule OptionType<sample::TemperatureRule>::from_json(const Json& value,
                                                                       const std::filesystem::path& base) {
  if (value.is_number()) return {Schedule(value.get<double>())};
  return sample::TemperatureRule::parse(option_types::to_string(value), base);
}

}  // namespace lehr
