// One proposal of a flip in a dense Hopfield network of 100 spins, order 4 and 10,000 patterns: the network's kernel
// against the plain code that evaluates each pattern's polynomial before and after the flip, O(K P).
//   build/release/bench/dense_hopfield_bench
#include <benchmark/benchmark.h>

#include "lehr/spin/memory/dense_hopfield.hpp"

namespace lehr::spin {
namespace {

constexpr int order = 4;
constexpr Index size = 100;

const DenseHopfield& network() {
  static const DenseHopfield made(SignPatterns::random(size, 10000, Stream({1}, 1)), order);
  return made;
}

// Krawtchouk's recurrence at one d.
double polynomial(int d) {
  const double sum = size - 2.0 * d;
  double before = 1, value = sum;
  for (int k = 1; k < order; ++k) {
    const double next = (sum * value - (size - k + 1.0) * before) / (k + 1);
    before = value, value = next;
  }
  return value;
}

void plain_flip_cost(benchmark::State& state) {
  const auto c = network().configuration(network().patterns().pattern(0));
  Index site = 0;
  for (auto _ : state) {
    double change = 0;
    for (std::int64_t mu = 0; mu < network().patterns().patterns(); ++mu) {
      const int d = c.disagreements[static_cast<std::size_t>(mu)];
      const bool agrees =
          network().patterns().positive(mu, site) == (c.spins[static_cast<std::size_t>(site)] > 0);
      change += polynomial(agrees ? d + 1 : d - 1) - polynomial(d);
    }
    benchmark::DoNotOptimize(change);
    site = (site + 1) % size;
  }
}
BENCHMARK(plain_flip_cost);

void flip_cost(benchmark::State& state) {
  const auto c = network().configuration(network().patterns().pattern(0));
  Index site = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(network().flip_cost(c, site));
    site = (site + 1) % size;
  }
}
BENCHMARK(flip_cost);

void accepted_flip(benchmark::State& state) {
  auto c = network().configuration(network().patterns().pattern(0));
  Index site = 0;
  for (auto _ : state) {
    network().flip(c, site);
    benchmark::DoNotOptimize(c.odd_sum);
    site = (site + 1) % size;
  }
}
BENCHMARK(accepted_flip);

}  // namespace
}  // namespace lehr::spin
