// Lehr's spin room beside other samplers on the same problems in one process, one thread each: the C++ cores of
// dwave-samplers (https://github.com/dwavesystems/dwave-samplers) and OpenJij (https://github.com/OpenJij/OpenJij, which
// needs the headers of https://github.com/OpenJij/cimod), both Apache-2.0, each where its checkout is given:
//
//   cmake --preset release -DLEHR_BENCH=ON -DLEHR_DWAVE_SAMPLERS=CHECKOUT -DLEHR_OPENJIJ=CHECKOUT -DLEHR_CIMOD=CHECKOUT
//   cmake --build --preset release --target spin_peers && build/release/bench/spin_peers [sweeps|quantum|tts|tabu ...]
//
//   sweeps   simulated annealing with the same schedule, sweeps and reads: proposals per second, and mean final energies
//            with the difference in standard errors. Medians of three alternating runs, of 48 for single reads.
//   quantum  the same of simulated quantum annealing (quantum_annealing.cpp).
//   tts      time to 99 % success on 3-D +-J lattices, each side at its own best number of sweeps.
//   tabu     lowest energy after equal times of tabu search.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/files/generate.hpp"
#include "lehr/spin/reads.hpp"
#include "lehr/spin/tabu.hpp"
#include "lehr/spin/time_to_solution.hpp"
#include "peers.hpp"
#include "side_by_side.hpp"

namespace lehr::bench {
namespace {

using namespace spin;

std::vector<double> own_anneal(const IsingModel& model, const std::vector<double>& betas, std::int64_t reads,
                               std::uint64_t seed, std::string* kernel = nullptr) {
  const auto compact = std::make_shared<ReadModel>(model, reads);
  if (kernel != nullptr) *kernel = name(compact->kernel());
  Reads copies(compact, reads, Seed{seed});
  std::int64_t step = 0;
  for (const double beta : betas) copies.sweep(beta, Rule::metropolis, Seed{seed}, step++);
  return copies.energies();
}

struct Case {
  std::string label;
  GenerateOptions family;
  double beta_from, beta_to;
  std::int64_t sweeps, reads, peer_reads;
};

std::vector<Case> cases() {
  GenerateOptions glass{.family = "lattice3d", .weights = "pm", .kind = "ising"};
  const auto with = [](GenerateOptions options, auto change) { return change(options), options; };
  const auto rows = [](std::int64_t n) { return [n](GenerateOptions& o) { o.rows = n; }; };
  const GenerateOptions small = with(glass, rows(8)), large = with(glass, rows(10));
  const GenerateOptions gauss = with(large, [](GenerateOptions& o) { o.weights = "gaussian"; });
  const GenerateOptions plane{.family = "torus", .weights = "pm", .kind = "ising", .rows = 64};
  const GenerateOptions eight{
      .family = "regular", .weights = "pm", .kind = "ising", .size = 1000, .degree = 8};
  const GenerateOptions eight_gauss = with(eight, [](GenerateOptions& o) { o.weights = "gaussian"; });
  const GenerateOptions sk{.family = "sk", .kind = "ising", .size = 512};
  return {{"3-D +-J, n = 512", small, 0.1, 3, 1000, 64, 64},
          {"3-D +-J, n = 1000", large, 0.1, 3, 1000, 64, 64},
          {"2-D +-J, n = 4096", plane, 0.1, 3, 300, 64, 64},
          {"8-regular +-J, n = 1000", eight, 0.1, 3, 1000, 64, 64},
          {"3-D Gaussian, n = 1000", gauss, 0.1, 3, 1000, 64, 64},
          {"8-regular Gaussian, n = 1000", eight_gauss, 0.1, 3, 1000, 64, 64},
          {"SK Gaussian, n = 512", sk, 0.1, 5, 300, 64, 32},
          {"3-D +-J, n = 1000, one read", large, 0.1, 3, 3000, 1, 1},
          {"3-D Gaussian, n = 1000, one read", gauss, 0.1, 3, 3000, 1, 1},
          {"SK Gaussian, n = 512, one read", sk, 0.1, 5, 1000, 1, 1}};
}

void compare_sweeps_with(const Peer& peer) {
  std::printf("%-34s %-12s %12s %12s %8s  %s\n", fmt::format("against {}", peer.name).c_str(), "kernel",
              "Lehr 1/s", "peer 1/s", "ratio", "mean energy per spin: Lehr, peer, difference");
  for (const Case& c : cases()) {
    const Problem problem = generate(c.family, Seed{1});
    const IsingModel& model = problem.ising;
    const PeerModel plain(model);
    const std::vector<double> betas = linear_betas(c.beta_from, c.beta_to, c.sweeps);
    std::vector<double> own_times, peer_times, own_energies, peer_energies;
    std::string kernel;
    const std::uint64_t runs = c.reads == 1 ? 48 : 3;  // a few energies would not tell their own scatter
    for (std::uint64_t run = 1; run <= runs; ++run) {
      own_times.push_back(seconds_of([&] {
        const auto energies = own_anneal(model, betas, c.reads, run, &kernel);
        own_energies.insert(own_energies.end(), energies.begin(), energies.end());
      }));
      peer_times.push_back(seconds_of([&] {
        const auto energies = peer.anneal(plain, betas, c.peer_reads, run);
        peer_energies.insert(peer_energies.end(), energies.begin(), energies.end());
      }));
    }
    const double proposals = static_cast<double>(model.size()) * static_cast<double>(c.sweeps);
    const double own = proposals * static_cast<double>(c.reads) / median(own_times);
    const double theirs = proposals * static_cast<double>(c.peer_reads) / median(peer_times);
    const Mean a = mean_of(own_energies), b = mean_of(peer_energies);
    const double n = model.size();
    std::printf("%-34s %-12s %12.3g %12.3g %8.1f  %.5f %.5f %+.1f se\n", c.label.c_str(), kernel.c_str(), own,
                theirs, own / theirs, a.value / n, b.value / n, difference(a, b));
    std::fflush(stdout);
  }
}

struct Best {
  double seconds = INFINITY;
  std::int64_t sweeps = 0;
};

// The least time to solution over lengths; `run` anneals `reads` copies and returns their energies.
template <class Run>
Best best_tts(double target, const std::vector<std::int64_t>& lengths, std::int64_t reads, Run run) {
  Best best;
  for (const std::int64_t sweeps : lengths) {
    std::vector<double> energies;
    const double time = seconds_of([&] { energies = run(sweeps, reads); });
    const auto hits = std::ranges::count_if(energies, [&](double e) { return e <= target + 1e-6; });
    if (hits == 0) continue;
    const double p = static_cast<double>(hits) / static_cast<double>(reads);
    const double per_read = time / static_cast<double>(reads);
    const double tts = per_read * reads_to_solution(std::min(p, 0.999999));
    if (tts < best.seconds) best = {tts, sweeps};
  }
  return best;
}

void compare_tts_with(const Peer& peer) {
  std::printf("%-22s %10s %8s %12s %8s %12s %8s\n", "instance", "target", "", "Lehr s", "sweeps", "peer s",
              "sweeps");
  for (const std::int64_t side : {8, 10}) {
    std::vector<double> ratios;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const Problem problem =
          generate({.family = "lattice3d", .weights = "pm", .kind = "ising", .rows = side}, Seed{seed});
      const IsingModel& model = problem.ising;
      const PeerModel plain(model);
      const std::vector<double> reference = own_anneal(model, linear_betas(0.2, 3, 100000), 64, 77);
      const double target = *std::ranges::min_element(reference);
      const std::vector<std::int64_t> lengths = {200, 500, 1000, 2000, 5000, 10000};
      const Best own = best_tts(target, lengths, 1024, [&](std::int64_t sweeps, std::int64_t reads) {
        return own_anneal(model, linear_betas(0.2, 3, sweeps), reads, seed);
      });
      const Best theirs = best_tts(target, lengths, 64, [&](std::int64_t sweeps, std::int64_t reads) {
        return peer.anneal(plain, linear_betas(0.2, 3, sweeps), reads, seed);
      });
      ratios.push_back(theirs.seconds / own.seconds);
      std::printf("3-D +-J n = %-4d #%-4llu %10.0f %8s %12.4g %8lld %12.4g %8lld   ratio %.1f\n",
                  model.size(), static_cast<unsigned long long>(seed), target, "", own.seconds,
                  static_cast<long long>(own.sweeps), theirs.seconds, static_cast<long long>(theirs.sweeps),
                  ratios.back());
      std::fflush(stdout);
    }
    std::printf("median ratio at side %lld: %.1f\n", static_cast<long long>(side), median(ratios));
  }
}

void compare_tabu_with(const Peer& peer) {
  std::printf("%-28s %10s %14s %14s\n", "problem", "seconds", "Lehr energy", "peer energy");
  const std::vector<std::pair<std::string, GenerateOptions>> problems = {
      {"SK Gaussian, n = 500", {.family = "sk", .kind = "ising", .size = 500}},
      {"G-set like, n = 800, 6 %", {.family = "gnp", .weights = "unit", .size = 800, .density = 0.06}},
      {"torus +-J, n = 800",
       {.family = "torus", .weights = "pm", .kind = "ising", .rows = 20, .columns = 40}}};
  for (const auto& [label, family] : problems) {
    const Problem problem = generate(family, Seed{3});
    for (const double time : {0.5, 2.0}) {
      std::vector<double> own, theirs;
      for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Tabu method(problem.ising, {.reads = 1});
        own.push_back(
            method.solutions(drive(method, Budget::seconds(time), Seed{seed}).state).best().front().energy);
        theirs.push_back(peer.tabu(problem.ising, time, seed));
      }
      std::printf("%-28s %10.1f %14.5f %14.5f   (means of 5; best %.5f, %.5f)\n", label.c_str(), time,
                  mean_of(own).value, mean_of(theirs).value, *std::ranges::min_element(own),
                  *std::ranges::min_element(theirs));
      std::fflush(stdout);
    }
  }
}

}  // namespace

void run(const std::set<std::string>& wanted) {
  std::printf("Lehr runs on %s\n", kernels::instruction_set());
  const auto wants = [&](const char* part) { return wanted.empty() || wanted.contains(part); };
  for (const Peer& peer : peers()) {
    if (wants("sweeps") && peer.anneal) compare_sweeps_with(peer);
    if (wants("tts") && peer.tabu) compare_tts_with(peer);
    if (wants("tabu") && peer.tabu) compare_tabu_with(peer);
  }
  if (wants("quantum")) compare_quantum();
}

}  // namespace lehr::bench

int main(int count, char** words) {
  lehr::set_threads(1);
  lehr::bench::run(std::set<std::string>(words + 1, words + count));
}
