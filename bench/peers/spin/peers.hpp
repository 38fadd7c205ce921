// The other samplers that bench/peers/spin runs beside Lehr's, each where the build was given its sources.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lehr/spin/ising_model.hpp"

namespace lehr::bench {

// A model as lists of couplings, which is how peers take it.
struct PeerModel {
  std::vector<double> fields, weights;
  std::vector<int> from, to;
  explicit PeerModel(const spin::IsingModel& model);
  std::size_t size() const { return fields.size(); }
};

// A sweep's controls of B H_problem - Gamma sum_i sigma_i^x at inverse temperature beta.
struct QuantumControls {
  double beta, problem, gamma;
};

// What is not offered is empty. Energies are of the reads' final states, without the model's offset.
struct Peer {
  std::string name;
  std::function<std::vector<double>(const PeerModel&, const std::vector<double>& betas, std::int64_t reads,
                                    std::uint64_t seed)>
      anneal;
  // Trotter slices, local flips alone; the best slice of each read.
  std::function<std::vector<double>(const PeerModel&, std::int64_t slices,
                                    const std::vector<QuantumControls>&, std::int64_t reads,
                                    std::uint64_t seed)>
      quantum_local;
  // Clusters along continuous imaginary time; one slice of each read.
  std::function<std::vector<double>(const PeerModel&, const std::vector<QuantumControls>&, std::int64_t reads,
                                    std::uint64_t seed)>
      quantum_clusters;
  // The lowest energy that tabu search finds in so many seconds.
  std::function<double(const spin::IsingModel&, double seconds, std::uint64_t seed)> tabu;
};

Peer dwave_samplers();  // https://github.com/dwavesystems/dwave-samplers (Apache-2.0)
Peer openjij();         // https://github.com/OpenJij/OpenJij (Apache-2.0)

// Those that this program was built with.
std::vector<Peer> peers();

}  // namespace lehr::bench
