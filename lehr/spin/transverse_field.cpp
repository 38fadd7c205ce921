#include "lehr/spin/transverse_field.hpp"

#include <fmt/format.h>

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

double typical_field(const IsingModel& model) {
  double squares = 0;
  for (Index i = 0; i < model.size(); ++i) {
    squares += model.field(i) * model.field(i);
    for (const double weight : model.weights(i)) squares += weight * weight;
  }
  return squares > 0 ? std::sqrt(squares / model.size()) : 1;
}

double checked(const char* name, double value, bool zero_allowed) {
  if (std::isfinite(value) && (value > 0 || (zero_allowed && value == 0))) return value;
  throw InvalidInput("quantum annealing: {} must be finite and {} 0, the schedule gives {}", name,
                     zero_allowed ? "at least" : "above", value);
}

}  // namespace

void TransverseFieldOptions::describe(OptionTable& table) {
  table.add("gamma", gamma, "transverse field; absent: linear from 1.5 times the typical local field to 0");
  table.add("problem", problem, "factor of the problem's energy");
  table.add("temperature", temperature, "absent: a fortieth of the typical local field");
}

TransverseField TransverseField::at(const TransverseFieldOptions& options, const Moment& now) {
  return {checked("gamma", (*options.gamma)(now), true), checked("problem", options.problem(now), true),
          checked("temperature", (*options.temperature)(now), false)};
}

TransverseFieldOptions with_defaults(TransverseFieldOptions options, const IsingModel& model) {
  const double field = typical_field(model);
  if (!options.gamma) options.gamma = Schedule::parse(fmt::format("linear(from={}, to=0)", 1.5 * field));
  if (!options.temperature) options.temperature = Schedule(field / 40);
  return options;
}

}  // namespace lehr::spin
