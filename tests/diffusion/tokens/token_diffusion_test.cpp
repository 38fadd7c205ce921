#include "lehr/diffusion/tokens/token_diffusion.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/tokens/mixture_tokens.hpp"
#include "lehr/diffusion/tokens/sequence_mixture.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;

TokenModel series_model(Index tokens = 12) {
  return mixture_tokens(sine_series(tokens), 3, token_order("raster", tokens, Seed{1}));
}

TokenDiffusion::State generate(const TokenModel& model, TokenDiffusionOptions options,
                               std::uint64_t seed = 1) {
  const TokenDiffusion method(model, std::move(options));
  return drive(method, Budget::steps(method.steps()), Seed{seed}).state;
}

TEST(TokenDiffusion, ResultsDoNotDependOnThreadsOrOtherSequences) {
  const TokenModel model = series_model();
  for (const char* head : {"ddpm", "dpmpp", "flow"})
    for (const double tolerance : {0.0, 0.02}) {
      TokenDiffusionOptions options{
          .count = 150, .counts = step_counts("linear(20, 4)", 12), .head = head, .tolerance = tolerance};
      set_threads(1);
      const MatrixXd one = generate(model, options).sequences;
      set_threads(4);
      EXPECT_EQ(generate(model, options).sequences, one) << head;
      set_threads(0);
      options.count = 70;
      EXPECT_EQ(generate(model, options).sequences, one.leftCols(70)) << head;
    }
}

TEST(TokenDiffusion, AResumedRunHasTheSameBits) {
  const TokenModel model = mixture_tokens(sine_series(12), 3, token_order("random", 12, Seed{1}));
  const TokenDiffusion method(
      model, {.count = 100, .counts = step_counts("linear(20, 4)", 5), .drawn = masked_draws(12, 5)});
  const auto whole = drive(method, Budget::steps(5), Seed{7});
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / "lehr_token_diffusion_test.safetensors";
  std::filesystem::remove(file);
  Observers observers;
  observers.checkpoints.path = file;
  for (const int steps : {2, 3, 5}) {
    // A longer budget goes on where the shorter one stopped.
    const auto part = drive(method, Budget::steps(steps), Seed{7}, observers);
    EXPECT_EQ(part.state.step, steps);
    if (steps == 5) {  // the end
      EXPECT_EQ(part.state.sequences, whole.state.sequences);
      EXPECT_EQ(part.state.calls, whole.state.calls);
      EXPECT_EQ(part.used.evaluations, whole.used.evaluations);
    }
  }
  std::filesystem::remove(file);
  const std::int64_t calls = total_calls(step_counts("linear(20, 4)", 5), masked_draws(12, 5));
  EXPECT_EQ(whole.used.evaluations, 100 * calls);
  EXPECT_EQ(whole.last.find("calls"), static_cast<double>(calls));
}

// One Gaussian: a DDPM token is linear in its noise, so the law that N steps give is known exactly: the recursion of its variance.
TEST(TokenDiffusion, TheVarianceOfOneGaussianIsTheRecursionsOwn) {
  stats::GaussianMixture gaussian;
  gaussian.weights = Eigen::VectorXd::Ones(1), gaussian.means = MatrixXd::Constant(2, 1, 0.4);
  gaussian.covariances = Eigen::Vector4d(0.25, 0, 0, 0.25);
  const TokenModel model = mixture_tokens(gaussian, 1, {0, 1});
  for (const int n : {5, 50}) {
    double variance = 1;
    const TokenHead head = ddpm_head(n);
    for (std::size_t i = 1; i < head.nodes.size(); ++i) {
      const HeadNode& before = head.nodes[i - 1];
      const double gain = before.a * 0.25 / (before.a * before.a * 0.25 + before.s * before.s);
      const double factor = (head.nodes[i].states.empty() ? 0 : head.nodes[i].states[0].factor) +
                            head.nodes[i].cleans[0].factor * gain;
      variance = factor * factor * variance + head.nodes[i].gaussian * head.nodes[i].gaussian;
    }
    const std::int64_t count = 40000;
    const MatrixXd x = generate(model, {.count = count, .counts = {n, n}}).sequences;
    const MatrixXd centred = x.colwise() - x.rowwise().mean();
    // Two tokens, so 80000 draws: the error of a variance is sqrt(2 / 80000) = 0.5 %.
    EXPECT_NEAR(centred.squaredNorm() / (2.0 * count) / variance, 1, 4 * 0.005) << n;
    EXPECT_NEAR(x.mean(), 0.4, 4 * std::sqrt(variance / (2.0 * count))) << n;
    EXPECT_LT(variance, (n == 5 ? 0.7 : 0.98) * 0.25);  // few steps lose variance
  }
}

// Everywhere the full table: the law is that of direct sampling. Energy distance against 3000 exact sequences; the error bars are those of
// the same statistic of exact samples (floor), 6 of them.
TEST(TokenDiffusion, WithTheFullTableTheLawIsExact) {
  const stats::GaussianMixture mixture = sine_series(5);
  const TokenModel model = mixture_tokens(mixture, 3, token_order("raster", 5, Seed{1}));
  const MatrixXd exact = draw_mixture(mixture, 3000, Seed{1}, lane("exact"));
  double floor = 0, squares = 0;
  for (std::uint64_t i = 0; i < 6; ++i) {
    const double distance = energy_distance(draw_mixture(mixture, 1000, Seed{i}, lane("floor")), exact);
    floor += distance / 6, squares += distance * distance / 6;
  }
  const MatrixXd full = generate(model, {.count = 1000, .counts = step_counts("1000", 5)}).sequences;
  EXPECT_LT(energy_distance(full, exact), floor + 0.004);
  const MatrixXd few = generate(model, {.count = 1000, .counts = step_counts("6", 5)}).sequences;
  EXPECT_GT(energy_distance(few, exact), floor + 4 * std::sqrt(squares) + 0.01);
}

// The order of the specification on a series whose windows are decided by their beginnings: falling < constant < rising, paired over seeds.
TEST(TokenDiffusion, FallingStepsAreBetterThanRisingOnesAtEqualCalls) {
  const stats::GaussianMixture mixture = sine_series(12, 3, 0.05);
  const TokenModel model = mixture_tokens(mixture, 3, token_order("raster", 12, Seed{1}));
  const MatrixXd exact = draw_mixture(mixture, 2500, Seed{1}, lane("exact"));
  std::map<std::string, double> mean;
  for (const char* steps : {"linear(60, 6)", "constant(33)", "reversed(linear(60, 6))"}) {
    const auto counts = step_counts(steps, 12);
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
      mean[steps] +=
          energy_distance(generate(model, {.count = 800, .counts = counts}, seed).sequences, exact) / 4;
  }
  EXPECT_LT(mean["linear(60, 6)"], mean["constant(33)"]);
  EXPECT_LT(mean["constant(33)"], mean["reversed(linear(60, 6))"]);
}

TEST(TokenDiffusion, TheStoppingControllerSavesCalls) {
  const TokenModel model = series_model();
  const TokenDiffusionOptions options{.count = 200, .counts = step_counts("100", 12)};
  TokenDiffusionOptions stopping = options;
  stopping.tolerance = 0.01;
  const auto whole = generate(model, options), stopped = generate(model, stopping);
  double calls = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(whole.calls[i], 100);
    EXPECT_LE(stopped.calls[i], 100);
    calls += stopped.calls[i];
  }
  EXPECT_LT(calls, 0.8 * 1200);
  EXPECT_LT(stopped.calls.back(), stopped.calls.front());  // what is decided needs fewer steps
  // The first token has the same noise in both, so stopping moves it a little.
  EXPECT_LT((whole.sequences - stopped.sequences).topRows(3).cwiseAbs().mean(), 0.1);
}

TEST(TokenDiffusion, WhatDoesNotFitIsRefused) {
  const TokenModel model = series_model();
  EXPECT_THROW(TokenDiffusion(model, {.counts = step_counts("9", 11)}), InvalidInput);
  EXPECT_THROW(TokenDiffusion(model, {.counts = step_counts("9", 12), .drawn = {1, 2}}), InvalidInput);
  EXPECT_THROW(TokenDiffusion(model, {.counts = step_counts("9", 12), .temperature = -1}), InvalidInput);
  EXPECT_THROW(TokenDiffusion(model, {.count = 0, .counts = step_counts("9", 12)}), InvalidInput);
  TokenModel broken = model;
  broken.given = [&model](const TokenMemory& memory, Index rank) {
    TokenConditional conditional = model.given(memory, rank);
    conditional.predict = [](double, double, const Lanes&, Index, Lanes& clean) {
      clean.setZero();
      clean(3, 0) = std::numeric_limits<double>::quiet_NaN();
    };
    return conditional;
  };
  try {
    generate(broken, {.count = 20, .counts = step_counts("9", 12)});
    FAIL() << "a model's NaN is refused";
  } catch (const NumericalFailure& error) {
    EXPECT_STREQ(error.what(), "token 0, denoising step 0: the clean token of sequence 3 is not finite");
  }
}

}  // namespace
}  // namespace lehr::diffusion
