// The transverse-field Ising model along an annealing schedule,
//   H(s) = B(s) H_problem(sigma^z) - Gamma(s) sum_i sigma_i^x   at temperature T(s),
// as options that the quantum annealing methods share. All three are in the problem's own units of energy.
#pragma once

#include <optional>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct TransverseFieldOptions {
  std::optional<Schedule> gamma = {};
  Schedule problem = 1;
  std::optional<Schedule> temperature = {};

  void describe(OptionTable& table);
};

// The controls at one moment.
struct TransverseField {
  double gamma = 0, problem = 1, temperature = 1;

  // Throws InvalidInput unless gamma >= 0, problem >= 0 and temperature > 0, all finite.
  static TransverseField at(const TransverseFieldOptions& options, const Moment& now);
};

// The options with what is absent filled in, from the typical local field a = sqrt(mean_i (h_i^2 + sum_j
// J_ij^2)), or 1 for a model of zeros: gamma linear from 1.5 a to 0, temperature a / 40.
TransverseFieldOptions with_defaults(TransverseFieldOptions options, const IsingModel& model);

}  // namespace lehr::spin
