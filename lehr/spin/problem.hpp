// A problem as its user wrote it: an Ising file, a QUBO, a graph to cut or a k-local polynomial, in the form
// that the methods minimise, with what is needed to speak of results in the user's own terms.
#pragma once

#include <memory>
#include <optional>
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
  std::optional<double> optimum;    // the best objective, where theory or planting proves it
  Spins planted;                    // a state that attains the optimum; empty when none is known

  Index size() const { return polynomial ? polynomial->size() : ising.size(); }
  bool maximise() const { return scale < 0; }
  // Whether states are shown as x = 0/1 rather than s = +1/-1.
  bool binary() const {
    return kind == ProblemKind::qubo || (polynomial && polynomial->vartype() == Vartype::binary);
  }
  // H of the state, in the form that the methods minimise; `spins` has size() entries.
  double energy_of(std::span<const std::int8_t> spins) const {
    return polynomial ? polynomial->energy(spins) : ising.energy(spins);
  }
  double objective(double energy) const { return scale * energy + shift; }
  double energy(double objective) const { return (objective - shift) / scale; }
  double objective_of(std::span<const std::int8_t> spins) const { return objective(energy_of(spins)); }
};

// Each of these throws InvalidInput for an index outside the model, i == j, or a number that is not finite;
// couplings of the same pair add up.

// Maximise the weight of the cut of a graph: J = w, cut = (sum w - H) / 2.
Problem max_cut_problem(Index vertices, std::span<const Coupling> weights);

// Minimise (or maximise) E(x) = sum_i linear_i x_i + sum_{i<j} q_ij x_i x_j + constant over x = 0/1. With
// x = (1 + s) / 2: J_ij = q_ij / 4, h_i = linear_i / 2 + sum_j q_ij / 4, offset = constant +
// sum linear / 2 + sum_{i<j} q_ij / 4; H = E, or -E when `maximise`.
Problem qubo_problem(std::vector<double> linear, std::span<const Coupling> quadratic, double constant,
                     bool maximise);

Problem ising_problem(IsingModel model);

// Minimise a polynomial. One without terms of more than two variables becomes a QUBO or an Ising problem,
// which more methods solve, and faster.
Problem polynomial_problem(PolynomialModel model);

}  // namespace lehr::spin
