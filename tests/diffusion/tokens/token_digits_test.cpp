// The mixture of handwritten digits as 16 tokens of 2 x 2 pixels: what step annealing promises, with exact conditionals.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <numeric>

#include "lehr/core/drive.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/tokens/mixture_tokens.hpp"
#include "lehr/diffusion/tokens/step_allocation.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_constraint.hpp"
#include "lehr/diffusion/tokens/token_diffusion.hpp"
#include "lehr/diffusion/tokens/token_model_file.hpp"
#include "lehr/stats/rank_tests.hpp"
#include "tests/diffusion/tokens/digits_folder.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;

class TokenDigits : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(test::digits_folder())) GTEST_SKIP() << "needs " << test::digits_folder();
    mixture_ = read_sequence_mixture(test::digits_folder());
    model_ = mixture_tokens(mixture_, 4, token_order("raster", 16, Seed{1}));
    exact_ = draw_mixture(mixture_, 4000, Seed{1}, lane("exact"));
  }

  MatrixXd generate(TokenDiffusionOptions options, std::uint64_t seed) const {
    const TokenDiffusion method(model_, std::move(options));
    return drive(method, Budget::steps(method.steps()), Seed{seed}).state.sequences;
  }
  // Mean energy distance of 600 sequences over `seeds` seeds.
  double energy(const std::vector<std::int64_t>& counts, std::uint64_t seeds,
                const char* head = "ddpm") const {
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
      sum += energy_distance(generate({.count = 600, .counts = counts, .head = head}, seed), exact_);
    return sum / static_cast<double>(seeds);
  }
  double energy(const char* steps, std::uint64_t seeds, const char* head = "ddpm") const {
    return energy(step_counts(steps, 16), seeds, head);
  }
  // Of exact samples of as many sequences: mean and deviation.
  std::pair<double, double> floor(Index count, std::uint64_t seeds) const {
    double sum = 0, squares = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const double distance =
          energy_distance(draw_mixture(mixture_, count, Seed{seed}, lane("floor")), exact_);
      sum += distance, squares += distance * distance;
    }
    const auto n = static_cast<double>(seeds);
    return {sum / n, std::sqrt(std::max(0.0, squares / n - sum * sum / (n * n)))};
  }

  stats::GaussianMixture mixture_;
  TokenModel model_;
  MatrixXd exact_;
};
class TokenDigitsSlow : public TokenDigits {};

// Later tokens are more constrained, apart from the starts of rows.
TEST_F(TokenDigits, LaterTokensAreMoreConstrained) {
  const TokenConstraint constraint = token_constraint(model_, exact_, Seed{1}, 20);
  std::vector<double> positions(16);
  std::iota(positions.begin(), positions.end(), 1.0);
  const std::vector<double> ranks = stats::midranks(constraint.unexplained);
  double product = 0;
  for (std::size_t i = 0; i < 16; ++i) product += (ranks[i] - 8.5) * (positions[i] - 8.5);
  const double spearman = product / (16.0 * (16 * 16 - 1) / 12);
  const double last_four =
      std::accumulate(constraint.unexplained.end() - 4, constraint.unexplained.end(), 0.0) / 4;
  for (std::size_t i = 0; i < 16; ++i)
    std::printf("token %2zu: unexplained %.3f, R2 %.3f, straightness %.3f, bend %.3f\n", i,
                constraint.unexplained[i], constraint.r_squared[i], constraint.straightness[i],
                constraint.bend[i]);
  std::printf("Spearman %.3f, last four %.3f\n", spearman, last_four);
  EXPECT_LE(spearman, -0.7);
  EXPECT_LE(last_four, 0.3);
  // The values of an independent computation (NumPy): 0.03 is its rounding and the sample's error.
  const double known[] = {1.01, .74, .79, .48, .50, .39, .27, .30, .35, .21, .21, .21, .50, .17, .17, .14};
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(constraint.unexplained[i], known[i], 0.03) << i;
  // The paper's other signs: the regression explains more, paths are straighter.
  EXPECT_GT(constraint.r_squared[15], constraint.r_squared[0] + 0.4);
  // Paths become straighter down the image. Not along the raster: the corner of an image is empty, so its path is straight at once.
  for (std::size_t column = 0; column < 4; ++column)
    EXPECT_GT(constraint.straightness[12 + column], constraint.straightness[column]) << column;
}

// Rising steps are much worse at equal calls: one seed.
TEST_F(TokenDigits, RisingStepsAreMuchWorse) {
  EXPECT_GE(energy("reversed(linear(50, 5))", 1), 3 * energy("linear(50, 5)", 1));
}

// The claim over four seeds (deviation between seeds about 0.002).
TEST_F(TokenDigitsSlow, FallingStepsAreBetterAtEqualCalls) {
  std::map<std::string, double> at;
  for (const char* steps : {"linear(50, 5)", "constant(28)", "reversed(linear(50, 5))", "cosine(50, 5)",
                            "two_stage(50, 5)", "linear(25, 3)", "constant(14)", "reversed(linear(25, 3))"}) {
    at[steps] = energy(steps, 4);
    const double sliced =
        sliced_wasserstein(generate({.count = 600, .counts = step_counts(steps, 16)}, 1), exact_);
    std::printf("%-26s %4lld calls: energy %.4f, SW2 %.3f\n", steps,
                static_cast<long long>(total_calls(step_counts(steps, 16), std::vector<std::int64_t>(16, 1))),
                at[steps], sliced);
  }
  const auto [mean, deviation] = floor(600, 8);
  std::printf("floor %.4f +- %.4f\n", mean, deviation);
  EXPECT_LT(at["linear(50, 5)"], at["constant(28)"]);
  EXPECT_LT(at["linear(25, 3)"], at["constant(14)"]);
  EXPECT_GE(at["reversed(linear(50, 5))"], 3 * at["linear(50, 5)"]);
  EXPECT_GE(at["reversed(linear(25, 3))"], 2 * at["linear(25, 3)"]);
}

// Activations of the second hidden layer of a small classifier (64 - 64 relu - 32 relu), weights as float32 one after another.
MatrixXd features(const std::filesystem::path& file, const MatrixXd& x) {
  const std::string bytes = read_file(file);
  std::vector<float> w(bytes.size() / sizeof(float));
  std::memcpy(w.data(), bytes.data(), w.size() * sizeof(float));
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const MatrixXd w0 = Eigen::Map<const Rows>(w.data(), 64, 64).cast<double>(),
                 w1 = Eigen::Map<const Rows>(w.data() + 4160, 32, 64).cast<double>();
  const Eigen::VectorXd b0 = Eigen::Map<const Eigen::VectorXf>(w.data() + 4096, 64).cast<double>();
  const Eigen::VectorXd b1 = Eigen::Map<const Eigen::VectorXf>(w.data() + 6208, 32).cast<double>();
  const MatrixXd hidden = ((w0 * x.cwiseMax(-1).cwiseMin(1)).colwise() + b0).cwiseMax(0);
  return ((w1 * hidden).colwise() + b1).cwiseMax(0);
}

// Tokens in raster order to the rows of 8 x 8 pixels that the classifier reads.
MatrixXd images(const MatrixXd& sequences) {
  MatrixXd pixels(64, sequences.cols());
  for (Index token = 0; token < 16; ++token)
    for (Index j = 0; j < 4; ++j)
      pixels.row((2 * (token / 4) + j / 2) * 8 + 2 * (token % 4) + j % 2) = sequences.row(4 * token + j);
  return pixels;
}

TEST_F(TokenDigitsSlow, FewerCallsForTheSameQuality) {
  const std::filesystem::path network =
      test::digits_folder().parent_path() / "autodiffusion" / "feature_network.f32";
  if (!std::filesystem::exists(network)) GTEST_SKIP() << "needs " << network;
  const Moments truth = moments_of(features(network, images(exact_)));
  std::map<std::string, double> frechet, seconds;
  const std::vector<std::string> all{"linear(50, 5)", "constant(50)", "constant(100)", "constant(5)",
                                     "constant(1)"};
  for (const std::string& steps : all) seconds[steps] = 1e9;
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    for (const std::string& steps : all) {
      const std::clock_t begin = std::clock();  // processor time: others may use the machine
      const MatrixXd x = generate({.count = 600, .counts = step_counts(steps, 16)}, seed);
      seconds[steps] = std::min(seconds[steps], static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
      frechet[steps] += frechet_distance(moments_of(features(network, images(x))), truth) / 4;
    }
  for (const std::string& steps : all)
    std::printf("%-14s Frechet %.2f, %.3f s\n", steps.c_str(), frechet[steps], seconds[steps]);
  // The head's time: what is there besides the conditional laws, which every schedule needs once a token. The shortest of four runs each.
  const double laws = seconds["constant(1)"] - (seconds["constant(100)"] - seconds["constant(1)"]) / 99;
  const double gain = (seconds["constant(50)"] - laws) / (seconds["linear(50, 5)"] - laws);
  std::printf("head time: %.2f times less, all: %.2f\n", gain,
              seconds["constant(50)"] / seconds["linear(50, 5)"]);
  EXPECT_GE(gain, 1.6);
  EXPECT_LE(frechet["linear(50, 5)"], frechet["constant(50)"] + 2.0);
  EXPECT_GE(frechet["constant(5)"], frechet["linear(50, 5)"] + 5.0);
  const std::vector<std::int64_t> ones(16, 1);
  EXPECT_GE(total_calls(step_counts("constant(100)", 16), ones),
            3.3 * static_cast<double>(total_calls(step_counts("linear(50, 5)", 16), ones)));
}

TEST_F(TokenDigitsSlow, WithTheFullTableTheLawIsExact) {
  const auto [mean, deviation] = floor(2000, 4);
  const double full =
      energy_distance(generate({.count = 2000, .counts = step_counts("1000", 16)}, 1), exact_);
  std::printf("1000 steps: energy %.4f, floor %.4f +- %.4f\n", full, mean, deviation);
  EXPECT_LE(full, mean + 0.004);
}

// Beyond the paper: bought steps, the stopping controller and better heads, at the calls of the paper's schedule.
TEST_F(TokenDigitsSlow, BoughtStepsStoppingAndBetterHeads) {
  const double linear = energy("linear(50, 5)", 4), constant = energy("constant(28)", 4),
               low = energy("linear(25, 3)", 4);
  const ErrorCurves curves =
      measure_error_curves(model_, draw_mixture(mixture_, 1000, Seed{9}, lane("curves")), "ddpm",
                           {3, 5, 8, 12, 18, 27, 40, 60, 90}, Seed{1});
  const auto bought = allocate_steps(smoothed(curves), 440),
             bought_low = allocate_steps(smoothed(curves), 217);
  const double of_bought = energy(bought, 4);
  std::printf("440 calls: linear %.4f constant %.4f bought %.4f (%s)\n", linear, constant, of_bought,
              step_counts_text(bought).c_str());
  std::printf("217 calls: linear %.4f constant %.4f bought %.4f (%s)\n", low, energy("constant(14)", 4),
              energy(bought_low, 4), step_counts_text(bought_low).c_str());
  for (const char* head : {"flow", "ddim", "deis(order=2)", "dpmpp"})
    std::printf("%-14s constant(10) %.4f, linear(17, 3) %.4f\n", head, energy("constant(10)", 4, head),
                energy("linear(17, 3)", 4, head));
  for (const double tolerance : {0.001, 0.002, 0.004, 0.01}) {
    double calls = 0, distance = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const TokenDiffusion method(model_,
                                  {.count = 600, .counts = step_counts("60", 16), .tolerance = tolerance});
      const auto run = drive(method, Budget::steps(16), Seed{seed});
      calls += *run.last.find("calls") / 4;
      distance += energy_distance(run.state.sequences, exact_) / 4;
    }
    std::printf("stopping at %.3f of 60: %.1f calls, energy %.4f\n", tolerance, calls, distance);
  }
  EXPECT_LT(of_bought, constant);
  // A head of second order at 160 calls against the DDPM head at 440, and annealing on top of it.
  const double better = energy("constant(10)", 4, "deis(order=2)");
  EXPECT_LT(better, linear);
  EXPECT_LT(energy("linear(17, 3)", 4, "deis(order=2)"), better);
}

}  // namespace
}  // namespace lehr::diffusion
