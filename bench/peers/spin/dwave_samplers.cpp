#include <cmath>
#include <vector>

// The peer's headers expect these first.
#include "dwave/samplers/sa/src/cpu_sa.h"
#include "dwave/samplers/sqa/src/localPIMC.h"
#include "dwave/samplers/tabu/src/tabu_search.h"
#include "lehr/core/random.hpp"
#include "peers.hpp"

namespace lehr::bench {
namespace {

std::vector<std::int8_t> random_states(std::size_t count, std::uint64_t seed) {
  std::vector<std::int8_t> states(count);
  Stream random(Seed{seed}, lane("bench.peer"));
  for (std::int8_t& s : states) s = (random() & 1) != 0 ? 1 : -1;
  return states;
}

std::vector<double> anneal(const PeerModel& model, const std::vector<double>& betas, std::int64_t reads,
                           std::uint64_t seed) {
  std::vector<std::int8_t> states = random_states(model.size() * static_cast<std::size_t>(reads), seed);
  std::vector<double> energies(static_cast<std::size_t>(reads));
  dwave::samplers::sa::general_simulated_annealing(states.data(), energies.data(), static_cast<int>(reads),
                                                   model.fields, model.from, model.to, model.weights, 1,
                                                   betas, seed, dwave::samplers::sa::Sequential,
                                                   dwave::samplers::sa::Metropolis, nullptr, nullptr);
  return energies;
}

std::vector<double> quantum_clusters(const PeerModel& model, const std::vector<QuantumControls>& controls,
                                     std::int64_t reads, std::uint64_t seed) {
  std::vector<std::int8_t> states = random_states(model.size() * static_cast<std::size_t>(reads), seed);
  std::vector<double> energies(static_cast<std::size_t>(reads)), problem, transverse;
  for (const QuantumControls& c : controls)
    problem.push_back(c.beta * c.problem), transverse.push_back(c.beta * c.gamma);
  std::vector<int> breaks(states.size()), buffer(1);
  std::int8_t statistics = 0;
  dwave::samplers::sqa::general_simulated_annealing(
      states.data(), energies.data(), true, true, breaks.data(), buffer.data(), buffer.data(), 1,
      static_cast<int>(reads), model.fields, model.from, model.to, model.weights, 1, problem, transverse, 0,
      0, 1, 1, static_cast<unsigned>(seed), &statistics, 0, nullptr, nullptr);
  return energies;
}

// The peer minimises x'Qx with Q symmetric and dense.
std::vector<std::vector<double>> dense_qubo(const spin::IsingModel& model, double& constant) {
  const auto n = static_cast<std::size_t>(model.size());
  std::vector<std::vector<double>> q(n, std::vector<double>(n, 0.0));
  constant = model.offset();
  for (spin::Index i = 0; i < model.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    q[at][at] += 2 * model.field(i);
    constant -= model.field(i);
    for (std::size_t k = 0; k < model.neighbours(i).size(); ++k) {
      const auto j = static_cast<std::size_t>(model.neighbours(i)[k]);
      const double weight = model.weights(i)[k];
      q[at][j] += 2 * weight;  // J s s' = J (4 x x' - 2 x - 2 x' + 1), half of it in each orientation
      q[at][at] -= 2 * weight;
      constant += 0.5 * weight;
    }
  }
  return q;
}

double tabu(const spin::IsingModel& model, double seconds, std::uint64_t seed) {
  double constant = 0;
  const auto q = dense_qubo(model, constant);
  std::vector<int> start(q.size());
  Stream random(Seed{seed}, lane("bench.tabu"));
  for (int& x : start) x = static_cast<int>(random() & 1);
  const int tenure = std::min(20, static_cast<int>(q.size()) / 4);
  dwave::samplers::tabu::TabuSearch search(q, start, tenure, static_cast<long>(1000 * seconds), 1000000,
                                           static_cast<unsigned>(seed), -INFINITY, 10000, 2500, 500000);
  return search.bestEnergy() + constant;
}

}  // namespace

Peer dwave_samplers() {
  return {.name = "dwave-samplers",
          .anneal = anneal,
          .quantum_local = {},
          .quantum_clusters = quantum_clusters,
          .tabu = tabu};
}

}  // namespace lehr::bench
