#include "lehr/neural/interpolant_net.hpp"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/safetensors.hpp"
#include "lehr/diffusion/interpolant/mixture_transport.hpp"
#include "lehr/neural/torch_runtime.hpp"

namespace lehr::neural {
namespace {

using diffusion::FieldValues;
using diffusion::Interpolant;
using diffusion::InterpolantOptions;
using diffusion::LearnedParts;
using diffusion::MixtureTransport;
using Eigen::MatrixXd;

stats::GaussianMixture gaussian(double mean0, double mean1, double variance) {
  stats::GaussianMixture law = diffusion::standard_normal(2);
  law.means << mean0, mean1;
  law.covariances << variance;
  return law;
}

// x0 ~ N(0, I), x1 ~ N((1, -1), 0.3 I).
DrawPair gaussian_pairs() {
  return [](QuickStream& random, std::span<double> x0, std::span<double> x1) {
    for (double& x : x0) x = normal(random);
    for (double& x : x1) x = std::sqrt(0.3) * normal(random);
    x1[0] += 1, x1[1] -= 1;
  };
}

TrainInterpolantSettings settings_for(const std::string& learn) {
  return {.parts = LearnedParts::parse(learn),
          .size = {.dimension = 2, .width = 32, .blocks = 1, .frequencies = 4, .largest_frequency = 8},
          .learning_rate = Schedule::parse("cosine(from=5e-3, to=1e-4)"),
          .optimizer = {.beta2 = 0.999, .weight_decay = 0},
          .batch = 128,
          .average = 0.99,
          .first = 0.02,
          .last = 0.98};
}

// Root mean square error of a learned field over that of predicting 0, at draws of the law at three times.
std::pair<double, double> relative_errors(const TrainInterpolant& method,
                                          const TrainInterpolant::State& state,
                                          const InterpolantOptions& options, const std::string& learn,
                                          const MixtureTransport& exact) {
  std::map<std::string, lehr::Tensor, std::less<>> tensors;
  for (auto& [name, tensor] : method.net().tensors(method.velocity_parameters(state)))
    tensors["velocity." + name] = tensor;
  for (auto& [name, tensor] : method.net().tensors(method.score_parameters(state)))
    tensors["denoiser." + name] = tensor;
  TensorViews views;
  for (const auto& [name, tensor] : tensors) views[name] = tensor.view();
  const auto file = std::filesystem::temp_directory_path() / "lehr_interpolant_net_model.safetensors";
  write_safetensors(file, views, diffusion::learned_metadata(options, LearnedParts::parse(learn), 2, 0.02));
  const diffusion::LearnedInterpolant learned = diffusion::read_learned_interpolant(file);
  std::filesystem::remove(file);
  double velocity = 0, velocity_size = 0, score = 0, score_size = 0;
  for (const double t : {0.15, 0.5, 0.85}) {
    const MatrixXd x = exact.draw(Eigen::VectorXd::Constant(1, t), 500, Seed{8}, lane("test"));
    FieldValues got, wanted;
    learned.field.at(t)(x, {.score = true}, got), exact.field().at(t)(x, {.score = true}, wanted);
    velocity += (got.velocity - wanted.velocity).squaredNorm(),
        velocity_size += wanted.velocity.squaredNorm();
    score += (got.score - wanted.score).squaredNorm(), score_size += wanted.score.squaredNorm();
  }
  return {std::sqrt(velocity / velocity_size), std::sqrt(score / score_size)};
}

// The minimisers of the losses are the exact fields between two Gaussians. Predicting 0 has the relative error 1; the noise of 1000 batches
// leaves about 0.05.
TEST(TrainInterpolant, LearnsTheFieldsBetweenGaussians) {
  set_torch_threads(1);
  const InterpolantOptions linear, one_sided{.path = "one_sided"};
  const std::tuple<const char*, const InterpolantOptions*, bool> cases[] = {{"b,eta", &linear, false},
                                                                            {"v,eta", &linear, false},
                                                                            {"b,s", &linear, false},
                                                                            {"v,eta", &one_sided, true}};
  for (const auto& [learn, options, noise_is_start] : cases) {
    const Interpolant interpolant(*options);
    TrainInterpolantSettings settings = settings_for(learn);
    settings.noise_is_start = noise_is_start;
    const TrainInterpolant method(interpolant, gaussian_pairs(), settings);
    const auto run = drive(method, Budget::steps(1000), Seed{5});
    const MixtureTransport exact(diffusion::standard_normal(2), gaussian(1, -1, 0.3), interpolant);
    const auto [velocity, score] = relative_errors(method, run.state, *options, learn, exact);
    RecordProperty(std::string(learn) + options->path, fmt::format("{:.3f} {:.3f}", velocity, score));
    EXPECT_LT(velocity, 0.12) << learn << " " << options->path;
    EXPECT_LT(score, 0.12) << learn << " " << options->path;
  }
}

// Variance of the gradient of the score's loss over batches at t = 0.01, summed over parameters.
double gradient_variance(const std::string& learn, bool antithetic) {
  TrainInterpolantSettings settings = settings_for(learn);
  settings.first = settings.last = 0.01;
  settings.antithetic = antithetic;
  settings.batch = antithetic ? 32 : 64;  // the same number of evaluations of the network
  const TrainInterpolant method(Interpolant(), gaussian_pairs(), settings);
  const TrainInterpolant::State state = method.start({.step = 0, .progress = 0, .seed = Seed{1}});
  constexpr int batches = 200;
  torch::Tensor sum, squares;
  for (int i = 0; i < batches; ++i) {
    const torch::Tensor parameters = state.training.variables.parameters.detach().requires_grad_();
    const auto losses = method.losses(parameters, method.batch({.step = i, .progress = 0, .seed = Seed{1}}));
    const torch::Tensor gradient =
        torch::autograd::grad({losses.score}, {parameters}, {}, {}, false, true)[0].to(torch::kFloat64);
    sum = i == 0 ? gradient : sum + gradient;
    squares = i == 0 ? gradient * gradient : squares + gradient * gradient;
  }
  return ((squares - sum * sum / batches).sum() / (batches - 1)).item<double>();
}

// Near the ends z / gamma makes the plain loss of the score noisy: 1 / gamma^2 = 101 at t = 0.01. The denoiser's with pairs is at least ten
// times quieter, and so is the score's own with pairs.
TEST(TrainInterpolant, PairsMakeTheGradientQuiet) {
  set_torch_threads(1);
  const double plain = gradient_variance("b,s", false), denoiser = gradient_variance("b,eta", true),
               pairs = gradient_variance("b,s", true);
  RecordProperty("ratios", fmt::format("{:.1f} {:.1f}", plain / denoiser, plain / pairs));
  EXPECT_GT(plain, 10 * denoiser);
  EXPECT_GT(plain, 10 * pairs);
}

TEST(TrainInterpolant, ResumesBitForBit) {
  set_torch_threads(1);
  TrainInterpolantSettings settings = settings_for("b,eta");
  settings.batch = 16, settings.minibatch_ot = true;
  const TrainInterpolant method(Interpolant(), gaussian_pairs(), settings);
  const auto whole = drive(method, Budget::steps(220), Seed{2});
  Observers observers;
  observers.checkpoints.path = std::filesystem::temp_directory_path() / "lehr_interpolant_net.safetensors";
  observers.list.push_back(
      {[](const Moment& now, const Row&) { return now.step == 90 ? Observer::stop_run : now.step + 1; }, {}});
  drive(method, Budget::steps(220), Seed{2}, observers);
  observers.list.clear();
  const auto resumed = drive(method, Budget::steps(220), Seed{2}, observers);
  std::filesystem::remove(observers.checkpoints.path);
  EXPECT_EQ(resumed.used.steps, 220);
  EXPECT_EQ(method.velocity_parameters(resumed.state), method.velocity_parameters(whole.state));
  EXPECT_EQ(method.score_parameters(resumed.state), method.score_parameters(whole.state));
  EXPECT_EQ(resumed.state.velocity.every_hundred, whole.state.velocity.every_hundred);
  EXPECT_EQ(resumed.state.score.every_hundred, whole.state.score.every_hundred);
  EXPECT_NE(method.velocity_parameters(whole.state), method.score_parameters(whole.state));
}

// Without noise (gamma = 0) v's target is x1 - x0: the assignment makes it shorter than independent pairs do, and leaves x1's as they are.
TEST(TrainInterpolant, CouplingsPairAsTheySay) {
  TrainInterpolantSettings settings = settings_for("b");
  settings.antithetic = false;
  const Interpolant flow({.gamma = "zero"});
  const auto mean_square = [&](bool assigned) {
    settings.minibatch_ot = assigned;
    const auto batch =
        TrainInterpolant(flow, gaussian_pairs(), settings).batch({.step = 3, .progress = 0, .seed = Seed{1}});
    return batch.velocity_target.square().sum().item<double>() / 128;
  };
  // E|x1 - x0|^2 = 2 + 2 (1 + 0.3) = 4.6 and the optimal map's 2 + 2 (1 - 0.3^1/2)^2 = 2.41.
  EXPECT_NEAR(mean_square(false), 4.6, 1.2);
  EXPECT_NEAR(mean_square(true), 2.41, 0.7);
  const MatrixXd from = MatrixXd::Random(2, 50), to = 3 * from;
  const auto draw = draws_of(from, to, true);
  Stream stream(Seed{1}, lane("test"));
  QuickStream random(stream);
  for (int i = 0; i < 20; ++i) {
    double x0[2], x1[2];
    draw(random, x0, x1);
    EXPECT_EQ(x1[0], 3 * x0[0]);
    EXPECT_EQ(x1[1], 3 * x0[1]);
  }
  EXPECT_THROW(draws_of(MatrixXd::Zero(2, 4), MatrixXd::Zero(2, 5), true), InvalidInput);
  EXPECT_THROW(draws_of(MatrixXd::Zero(3, 5), MatrixXd::Zero(2, 5), false), InvalidInput);
}

TEST(TrainInterpolant, TheCheckerboardHasTheEvenSquares) {
  Stream stream(Seed{1}, lane("test"));
  QuickStream random(stream);
  int counts[4][4] = {};
  for (int i = 0; i < 8000; ++i) {
    double x[2];
    draw_checkerboard(random, x);
    ++counts[static_cast<int>((x[0] + 4) / 2)][static_cast<int>((x[1] + 4) / 2)];
  }
  for (int a = 0; a < 4; ++a)
    for (int b = 0; b < 4; ++b)
      EXPECT_NEAR(counts[a][b], (a + b) % 2 == 0 ? 1000 : 0, (a + b) % 2 == 0 ? 120 : 0);  // 4 deviations
}

TEST(TrainInterpolant, RefusesWhatHasNoScore) {
  const auto make = [](const std::string& learn, const InterpolantOptions& options, double first = 0.02) {
    TrainInterpolantSettings settings = settings_for(learn);
    settings.first = first, settings.last = 1 - first;
    TrainInterpolant(Interpolant(options), gaussian_pairs(), settings);
  };
  EXPECT_THROW(make("b,eta", {.gamma = "zero"}), InvalidInput);
  EXPECT_THROW(make("eta", {}), InvalidInput);
  EXPECT_THROW(make("b,s", {}, 0), InvalidInput);
  EXPECT_NO_THROW(make("b", {.gamma = "zero"}));
  EXPECT_NO_THROW(make("eta", {.path = "mirror"}));
}

}  // namespace
}  // namespace lehr::neural
