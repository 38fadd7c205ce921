// Thermal energies of small transverse-field Ising models by exact diagonalisation.
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include "tests/spin/reference_models.hpp"

namespace lehr::spin::test {

// <H> at temperature T of H = problem * H_problem - gamma sum sigma^x, from the 2^n eigenvalues.
inline double thermal_energy(const IsingModel& model, double problem, double gamma, double temperature) {
  const auto states = Eigen::Index{1} << model.size();
  Eigen::MatrixXd hamiltonian = Eigen::MatrixXd::Zero(states, states);
  for (Eigen::Index state = 0; state < states; ++state) {
    hamiltonian(state, state) =
        problem * model.energy(spins_of(static_cast<std::size_t>(state), model.size()));
    for (Index i = 0; i < model.size(); ++i) hamiltonian(state ^ (Eigen::Index{1} << i), state) = -gamma;
  }
  const Eigen::VectorXd levels =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(hamiltonian, Eigen::EigenvaluesOnly).eigenvalues();
  const Eigen::ArrayXd weights = (-(levels.array() - levels(0)) / temperature).exp();
  return (weights * levels.array()).sum() / weights.sum();
}

}  // namespace lehr::spin::test
