// Internal to the spin problem files: a problem as the formats hold it.
#pragma once

#include <string>
#include <vector>

#include "lehr/spin/files/text_sink.hpp"
#include "lehr/spin/problem.hpp"

namespace lehr::spin {

// Calls use(i, j, J_ij) for each coupling, i < j, in ascending order.
template <class Use>
void for_each_coupling(const IsingModel& model, Use use) {
  for (Index i = 0; i < model.size(); ++i) {
    const auto neighbours = model.neighbours(i);
    const auto weights = model.weights(i);
    for (std::size_t k = 0; k < neighbours.size(); ++k)
      if (neighbours[k] > i) use(i, neighbours[k], weights[k]);
  }
}

// What is minimised over bits x = (1 + s) / 2: the objective, or its negative where the problem maximises,
//   F(x) = constant + sum_i linear_i x_i + sum_{i<j} coupling_factor J_ij x_i x_j.
struct BinaryForm {
  std::vector<double> linear;
  double coupling_factor = 4;
  double constant = 0;
};
BinaryForm binary_form(const Problem& problem);

// Refuses polynomials of more than two variables; `format` is for the message.
void require_quadratic(const Problem& problem, std::string_view format);

// Notes that the file minimises where the problem maximises (F = -objective).
void note_negated(const Problem& problem, TextSink& sink);
// Notes how the objective follows from the energy H of the spins, where they differ.
void note_energy(const Problem& problem, TextSink& sink);
// Notes the labels that a format of numbered variables drops.
void note_labels(const Problem& problem, TextSink& sink);

std::int64_t count_nonzero(const std::vector<double>& values);

}  // namespace lehr::spin
