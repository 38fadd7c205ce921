// clang-format off
// The peer's headers lean on each other in this order.
#include <nlohmann/json.hpp>
#include <openjij/graph/all.hpp>
#include <openjij/system/all.hpp>
#include <openjij/updater/all.hpp>
#include <openjij/algorithm/all.hpp>
#include <openjij/result/all.hpp>
#include <openjij/utility/random.hpp>
// clang-format on
#include "peers.hpp"

namespace lehr::bench {
namespace {

using Graph = openjij::graph::CSRSparse<double>;

Graph graph_of(const PeerModel& model) {
  const auto n = static_cast<int>(model.size());
  std::vector<Eigen::Triplet<double>> entries;
  for (std::size_t k = 0; k < model.weights.size(); ++k)
    entries.emplace_back(model.from[k], model.to[k], model.weights[k]);
  for (int i = 0; i < n; ++i)
    if (const double h = model.fields[static_cast<std::size_t>(i)]; h != 0) entries.emplace_back(i, n, h);
  entries.emplace_back(n, n, 1);
  Graph::Interactions matrix(n + 1, n + 1);
  matrix.setFromTriplets(entries.begin(), entries.end());
  return Graph(matrix);
}

template <class Random>
Random seeded(std::uint64_t seed) {
  return Random(static_cast<typename Random::result_type>(seed));
}

std::vector<double> anneal(const PeerModel& model, const std::vector<double>& betas, std::int64_t reads,
                           std::uint64_t seed) {
  const Graph graph = graph_of(model);
  auto random = seeded<openjij::utility::Xorshift>(seed);
  openjij::system::ClassicalIsing<Graph> system(graph.gen_spin(random), graph);
  openjij::utility::ClassicalScheduleList schedule;
  for (const double beta : betas)
    schedule.emplace_back(std::make_pair(openjij::utility::ClassicalUpdaterParameter(beta), std::size_t{1}));
  std::vector<double> energies;
  for (std::int64_t read = 0; read < reads; ++read) {
    system.reset_spins(graph.gen_spin(random));
    openjij::algorithm::Algorithm<openjij::updater::SingleSpinFlip>::run(system, random, schedule);
    energies.push_back(graph.energy(openjij::result::get_solution(system)));
  }
  return energies;
}

// The peer's H(s) = s H_problem - gamma (1 - s) sum_i sigma_i^x: `problem` is s.
std::vector<double> quantum_local(const PeerModel& model, std::int64_t slices,
                                  const std::vector<QuantumControls>& controls, std::int64_t reads,
                                  std::uint64_t seed) {
  const Graph graph = graph_of(model);
  auto random = seeded<openjij::utility::Xorshift>(seed);
  const double gamma = controls.front().gamma / (1 - controls.front().problem);
  auto system = openjij::system::make_transverse_ising(graph.gen_spin(random), graph, gamma,
                                                       static_cast<std::size_t>(slices));
  openjij::utility::TransverseFieldScheduleList schedule;
  for (const QuantumControls& c : controls)
    schedule.emplace_back(
        std::make_pair(openjij::utility::TransverseFieldUpdaterParameter(c.beta, c.problem), std::size_t{1}));
  std::vector<double> energies;
  for (std::int64_t read = 0; read < reads; ++read) {
    openjij::system::TrotterSpins start;
    for (std::int64_t k = 0; k < slices; ++k) start.push_back(graph.gen_spin(random));
    system.reset_spins(start);
    openjij::algorithm::Algorithm<openjij::updater::SingleSpinFlip>::run(system, random, schedule);
    energies.push_back(graph.energy(openjij::result::get_solution(system)));
  }
  return energies;
}

}  // namespace

Peer openjij() {
  return {.name = "OpenJij",
          .anneal = anneal,
          .quantum_local = quantum_local,
          .quantum_clusters = {},
          .tabu = {}};
}

}  // namespace lehr::bench
