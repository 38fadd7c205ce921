// A problem as its user wrote it: an Ising file, a QUBO, a graph to cut or a k-local polynomial, in the form
// that the methods minimise, with what is needed to speak of results in the user's own terms.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lehr/spin/ising_model.hpp"
#include "lehr/spin/polynomial_model.hpp"

namespace lehr::spin {

enum class ProblemKind { ising, qubo, max_cut, polynomial };
const char* name(ProblemKind kind);

struct Problem {
  std::string name;  // of the file, without folders
  ProblemKind kind = ProblemKind::ising;
  IsingModel ising;  // to be minimised; empty when kind is polynomial
  std::shared_ptr<const PolynomialModel> polynomial;
  // The user's objective is scale * H + shift: the cut, x'Qx, or H itself. scale < 0: the user maximises.
  double scale = 1, shift = 0;
  std::vector<std::string> labels;  // the variables' names in the file, when they are not their numbers
  Index first_index = 0;            // 1 where the file counts from 1
  std::vector<std::string> notes;   // what the reader noticed: duplicates summed, ...

  Index size() const;
  bool maximise() const { return scale < 0; }
  bool binary() const {
    return kind == ProblemKind::qubo || kind == ProblemKind::polynomial;
  }  // shown as x = 0/1
  double objective(double energy) const { return scale * energy + shift; }
  double energy(double objective) const { return (objective - shift) / scale; }
};

// Max-Cut of a weighted graph: J = w, cut = (sum w - H) / 2.
Problem max_cut_problem(Index vertices, std::span<const Coupling> weights);
// Minimise (or maximise) sum_i q_ii x_i + sum_{i<j} q_ij x_i x_j + constant over x = 0/1, x = (1 + s) / 2.
Problem qubo_problem(std::vector<double> linear, std::span<const Coupling> quadratic, double constant,
                     bool maximise);
Problem ising_problem(IsingModel model);

}  // namespace lehr::spin
