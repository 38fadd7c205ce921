// Simulated quantum annealing beside the peers': the same model, schedule of Gamma, B and T, sweeps and reads.
//
//   local     discrete time, single flips of every spin of every slice; the best slice of each read's final state
//   clusters  clusters along imaginary time: in continuous time as the peer's, and in `slices` of discrete time with
//             local flips besides; one slice of each read's final state
//
// A proposal is that of one spin in one slice; in continuous time, of one worldline.
#include <cstdio>
#include <string>

#include "lehr/core/drive.hpp"
#include "lehr/spin/continuous_time_annealing.hpp"
#include "lehr/spin/files/generate.hpp"
#include "lehr/spin/simulated_quantum_annealing.hpp"
#include "peers.hpp"
#include "side_by_side.hpp"

namespace lehr::bench {
namespace {

using namespace spin;

struct QuantumCase {
  std::string label;
  GenerateOptions family;
  std::int64_t slices, sweeps, reads;
};

const GenerateOptions glass{.family = "lattice3d", .weights = "pm", .kind = "ising", .rows = 8};
const GenerateOptions gauss{.family = "lattice3d", .weights = "gaussian", .kind = "ising", .rows = 8};
const GenerateOptions plane{.family = "torus", .weights = "pm", .kind = "ising", .rows = 24};

std::vector<QuantumCase> local_cases() {
  return {{"3-D +-J, n = 512, 8 reads", glass, 40, 500, 8},
          {"3-D Gaussian, n = 512, 8 reads", gauss, 40, 500, 8},
          {"2-D +-J, n = 576, 8 reads", plane, 40, 500, 8},
          {"3-D +-J, n = 512, 64 reads", glass, 40, 100, 64},
          {"3-D +-J, n = 512, one read", glass, 40, 2000, 1}};
}
std::vector<QuantumCase> cluster_cases() {
  return {{"3-D +-J, n = 512, 8 reads", glass, 40, 200, 8},
          {"3-D Gaussian, n = 512, 8 reads", gauss, 40, 200, 8},
          {"3-D +-J, n = 512, one read", glass, 40, 1000, 1}};
}

constexpr double beta = 20, gamma_start = 4, last_place = 0.999;

// B from 0 to 1 and Gamma from gamma_start to 0: OpenJij's form, H = s H_problem - gamma (1 - s) sum sigma^x.
std::vector<QuantumControls> controls_of(std::int64_t sweeps) {
  std::vector<QuantumControls> controls;
  for (std::int64_t t = 0; t < sweeps; ++t) {
    const double s = last_place * place(t, sweeps);
    controls.push_back({beta, s, gamma_start * (1 - s)});
  }
  return controls;
}

TransverseFieldOptions field_of(const std::vector<QuantumControls>& controls) {
  std::vector<double> problem, gamma;
  for (const QuantumControls& c : controls) problem.push_back(c.problem), gamma.push_back(c.gamma);
  return {.gamma = Schedule::per_step(gamma),
          .problem = Schedule::per_step(problem),
          .temperature = Schedule(1 / beta)};
}

// The energies of what each read ended with.
std::vector<double> own_slices(const QuantumCase& c, const IsingModel& model, bool clusters,
                               std::uint64_t seed) {
  const SimulatedQuantumAnnealing method(
      model,
      {.reads = c.reads, .slices = c.slices, .clusters = clusters, .field = field_of(controls_of(c.sweeps))});
  const auto run = drive(method, Budget::steps(c.sweeps), Seed{seed});
  std::vector<double> energies;
  const std::vector<double> slices = run.state.rings.energies();
  for (auto first = slices.begin(); first != slices.end(); first += c.slices)
    // Like the peers: the best slice after local flips, one slice after clusters.
    energies.push_back(clusters ? *first : *std::min_element(first, first + c.slices));
  return energies;
}

std::vector<double> own_continuous(const QuantumCase& c, const IsingModel& model, std::uint64_t seed) {
  const ContinuousTimeAnnealing method(model, {.reads = c.reads, .field = field_of(controls_of(c.sweeps))});
  const auto run = drive(method, Budget::steps(c.sweeps), Seed{seed});
  std::vector<double> energies;
  for (const Worldlines& lines : run.state.reads) energies.push_back(model.energy(lines.start));
  return energies;
}

struct Side {
  std::vector<double> energies, seconds;
  template <class Run>
  void add(Run run) {
    seconds.push_back(seconds_of([&] {
      const std::vector<double> found = run();
      energies.insert(energies.end(), found.begin(), found.end());
    }));
  }
};

void print_row(const std::string& label, const std::string& what, const Side& own, const Side& peer,
               double own_proposals, double peer_proposals, double n) {
  const double own_rate = own_proposals / median(own.seconds), rate = peer_proposals / median(peer.seconds);
  const Mean a = mean_of(own.energies), b = mean_of(peer.energies);
  std::printf("%-32s %-34s %10.3g %10.3g %7.1f %7.1f  %.4f(%.4f) %.4f(%.4f) %+.1f se\n", label.c_str(),
              what.c_str(), own_rate, rate, own_rate / rate, median(peer.seconds) / median(own.seconds),
              a.value / n, a.error / n, b.value / n, b.error / n, difference(a, b));
  std::fflush(stdout);
}

void compare_local(const Peer& peer, const QuantumCase& c) {
  const IsingModel model = generate(c.family, Seed{1}).ising;
  const PeerModel plain(model);
  const std::vector<QuantumControls> controls = controls_of(c.sweeps);
  Side own, theirs;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    own.add([&] { return own_slices(c, model, false, seed); });
    theirs.add([&] { return peer.quantum_local(plain, c.slices, controls, c.reads, seed); });
  }
  const double proposals = static_cast<double>(c.sweeps * c.reads * c.slices) * model.size();
  print_row(c.label, peer.name + ", local", own, theirs, proposals, proposals, model.size());
}

void compare_clusters(const Peer& peer, const QuantumCase& c) {
  const IsingModel model = generate(c.family, Seed{1}).ising;
  const PeerModel plain(model);
  const std::vector<QuantumControls> controls = controls_of(c.sweeps);
  Side slices, continuous, theirs;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    slices.add([&] { return own_slices(c, model, true, seed); });
    continuous.add([&] { return own_continuous(c, model, seed); });
    theirs.add([&] { return peer.quantum_clusters(plain, controls, c.reads, seed); });
  }
  const double lines = static_cast<double>(c.sweeps * c.reads) * model.size();
  print_row(c.label, peer.name + ", continuous time", continuous, theirs, lines, lines, model.size());
  print_row(c.label, peer.name + ", slices", slices, theirs, 2 * lines * static_cast<double>(c.slices), lines,
            model.size());
}

}  // namespace

void compare_quantum() {
  std::printf("%-32s %-34s %10s %10s %7s %7s  %s\n", "problem", "Lehr against", "Lehr 1/s", "peer 1/s",
              "ratio", "of time", "energy per spin (error): Lehr, peer, difference");
  for (const Peer& peer : peers()) {
    if (peer.quantum_local)
      for (const QuantumCase& c : local_cases()) compare_local(peer, c);
    if (peer.quantum_clusters)
      for (const QuantumCase& c : cluster_cases()) compare_clusters(peer, c);
  }
}

}  // namespace lehr::bench
