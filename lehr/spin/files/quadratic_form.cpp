#include "lehr/spin/files/quadratic_form.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::spin {

BinaryForm binary_form(const Problem& problem) {
  // s = 2 x - 1 in F = |scale| H +- shift.
  const IsingModel& model = problem.ising;
  const double factor = std::abs(problem.scale);
  BinaryForm form;
  form.coupling_factor = 4 * factor;
  form.linear.resize(static_cast<std::size_t>(model.size()));
  double fields = 0, couplings = 0;
  for (Index i = 0; i < model.size(); ++i) {
    double sum = 0;
    for (const double weight : model.weights(i)) sum += weight;
    form.linear[static_cast<std::size_t>(i)] = 2 * factor * (model.field(i) - sum);
    fields += model.field(i);
    couplings += sum / 2;
  }
  form.constant =
      factor * (model.offset() - fields + couplings) + (problem.maximise() ? -problem.shift : problem.shift);
  return form;
}

void require_quadratic(const Problem& problem, std::string_view format) {
  if (problem.polynomial)
    throw InvalidInput("{}: terms of up to {} variables; the format {} holds at most 2 (hubo holds any)",
                       problem.name.empty() ? "problem" : problem.name, problem.polynomial->max_order(),
                       format);
}

void note_negated(const Problem& problem, TextSink& sink) {
  if (problem.maximise()) sink.note("the format minimises: the file holds the negated objective");
}

void note_energy(const Problem& problem, TextSink& sink) {
  if (problem.scale != 1 || problem.shift != 0)
    sink.note(
        fmt::format("the file holds the energy H: objective = {} * H + {}", problem.scale, problem.shift));
}

void note_labels(const Problem& problem, TextSink& sink) {
  if (!problem.labels.empty())
    sink.note("the format numbers the variables: their labels are left out, their order is kept");
}

std::int64_t count_nonzero(const std::vector<double>& values) {
  return std::ranges::count_if(values, [](double value) { return value != 0; });
}

}  // namespace lehr::spin
