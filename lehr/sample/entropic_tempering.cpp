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

Tempering temper(std::span<const double> log_weights, const TemperingOptions& options, std::int64_t step,
                 std::int64_t steps, std::span<double> probabilities) {
  softmax(log_weights, 1, probabilities);
  const auto count = static_cast<double>(log_weights.size());
  Tempering result{.ess = effective_sample_size(probabilities) / count,
                   .entropy = normalised_entropy(probabilities),
                   .temperature = 1,
                   .tempered_ess = 1};
  result.tempered_ess = result.ess;
  if (log_weights.size() < 2) return result;
  result.temperature = options.temperature.kind() == TemperatureRule::Kind::solve
                           ? temperature_for_ess(log_weights, options.target_ess.at(step, steps))
                           : temperature_at(options, result, step, steps);
  if (!(result.temperature > 0))
    throw InvalidInput("temperature: must be above 0, the schedule gives {} at step {}", result.temperature,
                       step);
  if (result.temperature == 1) return result;
  softmax(log_weights, result.temperature, probabilities);
  result.tempered_ess = effective_sample_size(probabilities) / count;
  return result;
}

}  // namespace lehr::sample

namespace lehr {

sample::TemperatureRule OptionType<sample::TemperatureRule>::from_json(const Json& value,
                                                                       const std::filesystem::path& base) {
  if (value.is_number()) return {Schedule(value.get<double>())};
  return sample::TemperatureRule::parse(option_types::to_string(value), base);
}

}  // namespace lehr
