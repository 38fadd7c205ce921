#include "lehr/spin/memory/tensor_noise.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/spin/memory/dense_hopfield.hpp"
#include "lehr/spin/memory/recall.hpp"

namespace lehr::spin {
namespace {

TEST(TensorNoise, HasEveryTermOnceWithItsVariance) {
  const PolynomialModel noise = tensor_noise(12, 4, 3, Stream({1}, 1));
  EXPECT_EQ(noise.terms(), 495);
  double square = 0;
  for (std::int64_t t = 0; t < noise.terms(); ++t) square += std::pow(noise.weight(t) * 12 * 12 * 12, 2);
  EXPECT_NEAR(square / 495, 9, 5 * 9 * std::sqrt(2.0 / 495));
  EXPECT_THROW(tensor_noise(41, 4, 1, Stream({1}, 1)), InvalidInput);
  EXPECT_THROW(tensor_noise(10, 7, 1, Stream({1}, 1)), InvalidInput);
}

TEST(TensorNoise, AddsToTheMemorysEnergy) {
  const DenseHopfield network(SignPatterns::random(14, 5, Stream({2}, 1)), 4);
  const WithTensorNoise<DenseHopfield> noisy(network, tensor_noise(14, 4, 10, Stream({3}, 1)));
  auto c = noisy.configuration(network.patterns().pattern(0));
  for (Index i = 0; i < 14; ++i) {
    const double before = noisy.energy(c), cost = noisy.flip_cost(c, i);
    noisy.flip(c, i);
    EXPECT_NEAR(noisy.energy(c) - before, cost, 1e-10);
  }
}

// One pattern of 32 spins under noise of 20 times the signal an entry: load 20^2 / 32^3 = 0.012 keeps it, a noise of 80
// (load 0.2) does not.
TEST(TensorNoise, PatternIsDetectedFarBelowTheNoise) {
  const DenseHopfield network(SignPatterns::random(32, 1, Stream({4}, 1)), 4);
  RecallOptions options;
  options.temperature = 0.02;
  const auto overlap = [&](double tau) {
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const WithTensorNoise<DenseHopfield> noisy(network, tensor_noise(32, 4, tau, Stream({seed}, 5)));
      const std::vector<Spins> cues(2, network.patterns().pattern(0));
      const Recall<WithTensorNoise<DenseHopfield>> method(noisy, options, cues, {0, 0});
      sum += *drive(method, Budget::steps(20), Seed{seed}).last.find("m") / 4;
    }
    return sum;
  };
  EXPECT_GT(overlap(20), 0.9);
  EXPECT_LT(overlap(80), 0.7);
}

}  // namespace
}  // namespace lehr::spin
