#include "lehr/neural/token_net.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <mutex>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/tokens/mixture_tokens.hpp"
#include "lehr/diffusion/tokens/sequence_mixture.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_constraint.hpp"
#include "lehr/diffusion/tokens/token_diffusion.hpp"
#include "lehr/neural/net_tokens.hpp"
#include "lehr/neural/torch_runtime.hpp"
#include "lehr/neural/train_tokens.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::neural {
namespace {

using diffusion::Lanes;
using diffusion::LearnedTokensUse;
using diffusion::TokenModel;
using Eigen::Index;
using Eigen::MatrixXd;
using torch::Tensor;

// All of its parameters are moved, so that no part of it is 0.
TokenNetModel random_model(TokenNetSize size, std::uint64_t seed = 1) {
  TokenNetModel model;
  model.size = std::move(size);
  model.parameters = TokenNet(model.size).initial_parameters(Seed{seed});
  for (std::size_t i = 0; i < model.parameters.size(); ++i)
    model.parameters[i] += 0.05f * static_cast<float>(std::sin(0.7 * static_cast<double>(i)));
  model.shift = Eigen::VectorXd::LinSpaced(model.size.tokens * model.size.token_dim, -0.5, 0.7);
  model.scale = 0.6;
  return model;
}

TokenNetSize small_size(const char* backbone, std::int64_t classes = 0) {
  return {.tokens = 5,
          .token_dim = 2,
          .classes = classes,
          .backbone = backbone,
          .width = 16,
          .layers = 2,
          .heads = 2,
          .head_width = 12,
          .head_blocks = 2,
          .frequencies = 4};
}

std::vector<std::int64_t> raster(std::int64_t tokens) {
  return diffusion::token_order("raster", tokens, Seed{1});
}

Tensor wave(std::vector<std::int64_t> shape, double speed) {
  Tensor result = at::empty(shape, torch::kFloat32);
  for (std::int64_t i = 0; i < result.numel(); ++i)
    result.data_ptr<float>()[i] = static_cast<float>(std::sin(speed * static_cast<double>(i + 1)));
  return result;
}

double largest(const Tensor& x) { return x.abs().max().item<double>(); }

// y_k sees the tokens of ranks below k, each of them, and no other; and it sees the label.
TEST(TokenNet, SummariesSeeTheKnownTokensAlone) {
  set_torch_threads(1);
  for (const char* backbone : {"transformer", "mlp"}) {
    const TokenNetModel model = random_model(small_size(backbone, 3));
    const TokenNet net(model.size);
    const Tensor parameters = flat_tensor(model.parameters);
    Tensor positions = at::empty({1, 4}, torch::kInt64);
    for (std::int64_t k = 0; k < 4; ++k) positions.data_ptr<std::int64_t>()[k] = (k + 2) % 5;
    const Tensor tokens = wave({1, 4, 2}, 0.9), labels = at::full({1}, 1, torch::kInt64);
    const Tensor y = net.summaries(parameters, tokens, positions, labels);
    ASSERT_EQ(y.sizes(), (std::vector<std::int64_t>{1, 5, 16}));
    for (std::int64_t k = 0; k < 4; ++k) {
      Tensor other = tokens.clone();
      other.select(1, k).add_(1);
      const Tensor moved = net.summaries(parameters, other, positions, labels) - y;
      EXPECT_EQ(largest(moved.narrow(1, 0, k + 1)), 0) << backbone << " token " << k;
      for (std::int64_t later = k + 1; later < 5; ++later)
        EXPECT_GT(largest(moved.select(1, later)), 1e-4) << backbone << " token " << k;
    }
    EXPECT_GT(
        largest(
            (net.summaries(parameters, tokens, positions, at::full({1}, 2, torch::kInt64)) - y).select(1, 0)),
        1e-4);
    // Fewer known tokens give the same summaries of them.
    const Tensor fewer = net.summaries(parameters, tokens.narrow(1, 0, 2), positions.narrow(1, 0, 2), labels);
    EXPECT_LT(largest(fewer - y.narrow(1, 0, 3)), 1e-5) << backbone;
  }
}

TEST(TokenNet, FilesKeepTheModelAndAreChecked) {
  const auto path = std::filesystem::temp_directory_path() / "lehr_token_net.safetensors";
  TokenNetModel model = random_model(small_size("mlp", 2));
  model.order = {4, 0, 1, 3, 2}, model.masked = true;
  write_token_net(path, model);
  const TokenNetModel read = read_token_net(path);
  EXPECT_EQ(read.parameters, model.parameters);
  EXPECT_EQ(read.order, model.order);
  EXPECT_EQ(read.size.json(), model.size.json());
  EXPECT_TRUE(read.masked);
  EXPECT_EQ(read.shift, model.shift);
  EXPECT_EQ(read.scale, model.scale);
  const std::string bytes = read_file(path);
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string other = bytes;
    const auto at = other.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    other.replace(at, from.size(), to);
    write_file_atomically(path, other);
    return test::message_of<InvalidInput>([&] { read_token_net(path); });
  };
  EXPECT_NE(refused("token network", "taken network").find("expected a token network"), std::string::npos);
  EXPECT_NE(refused("\\\"width\\\":16", "\\\"width\\\":18").find("the architecture wants"),
            std::string::npos);
  EXPECT_NE(refused("\\\"heads\\\":2", "\\\"heads\\\":3").find("do not divide a width"), std::string::npos);
  EXPECT_NE(refused("4,0,1,3,2", "4,0,1,3,3").find("position 3 is there twice"), std::string::npos);
  EXPECT_NE(refused("block.1.up.bias", "block.1.up.bios").find("no tensor 'block.1.up.bias'"),
            std::string::npos);
  write_file_atomically(path, bytes.substr(0, bytes.size() / 2));
  EXPECT_THROW(read_token_net(path), InvalidInput);
  std::filesystem::remove(path);
}

// What the sequence model answers in the user's numbers, from the network by its formulas.
TEST(NetTokens, AnswersInTheUsersNumbers) {
  set_torch_threads(1);
  const auto file = std::make_shared<const TokenNetModel>(random_model(small_size("transformer")));
  const TokenNet net(file->size);
  const Tensor parameters = flat_tensor(file->parameters);
  const TokenModel model = net_tokens(file, {.order = {1, 0, 2, 4, 3}});
  diffusion::TokenMemory memory = model.begin();
  const Lanes known = Lanes::Random(model.rows, 4), x = Lanes::Random(model.rows, 2);
  model.learn(memory, known);
  EXPECT_EQ(memory.known, 2);
  auto conditional = model.given(memory, 2);
  constexpr Index row = 3;
  Tensor tokens = at::empty({1, 2, 2}, torch::kFloat32);
  const Index places[] = {2, 3, 0, 1};  // of the numbers of positions 1 and 0
  for (Index j = 0; j < 4; ++j)
    tokens.data_ptr<float>()[j] = static_cast<float>((known(row, j) - file->shift[places[j]]) / file->scale);
  Tensor positions = at::zeros({1, 2}, torch::kInt64);
  positions.data_ptr<std::int64_t>()[0] = 1;
  const Tensor summary = net.summaries(parameters, tokens, positions, at::zeros({1}, torch::kInt64));
  const Tensor condition = net.condition(parameters, summary.select(1, 2), at::full({1}, 2, torch::kInt64));
  for (const auto& [a, s] : {std::pair{0.8, 0.6}, std::pair{0.0, 1.0}, std::pair{0.3, 0.7}}) {
    Lanes clean(model.rows, 2);
    conditional.predict(a, s, x, model.rows, clean);
    // (x - a shift) / scale = a u0 + (s / scale) xi, brought to length 1.
    const double size = std::hypot(a, s / file->scale), c = a / size, d = s / file->scale / size;
    Tensor u = at::empty({1, 2}, torch::kFloat32);
    for (Index j = 0; j < 2; ++j)
      u.data_ptr<float>()[j] = static_cast<float>((x(row, j) - a * file->shift[4 + j]) / file->scale / size);
    const Tensor v = net.velocity(parameters, u, at::full({1}, std::atan2(d, c), torch::kFloat32), condition);
    for (Index j = 0; j < 2; ++j)
      EXPECT_NEAR(clean(row, j),
                  file->shift[4 + j] +
                      file->scale * (c * u.data_ptr<float>()[j] - d * v.contiguous().data_ptr<float>()[j]),
                  2e-6);
  }
}

// x0hat(none) + w (x0hat(label) - x0hat(none)), w = 1 + (g - 1) k / L with the k tokens known after the step.
TEST(NetTokens, GuidanceGrowsWithTheTokensDrawn) {
  set_torch_threads(1);
  TokenNetModel trained = random_model(small_size("mlp", 3));
  trained.masked = true;
  const auto file = std::make_shared<const TokenNetModel>(trained);
  const auto expected = [&](const LearnedTokensUse& use, Index rank) {
    const TokenModel model = net_tokens(file, use);
    diffusion::TokenMemory memory = model.begin();
    model.learn(memory, Lanes::Constant(model.rows, 2, 0.3));
    Lanes clean(model.rows, 2);
    model.given(memory, rank).predict(0.5, 0.8, Lanes::Constant(model.rows, 2, 0.4), model.rows, clean);
    return Eigen::Vector2d(clean(0, 0), clean(0, 1));
  };
  const std::vector<std::int64_t> order = raster(5);
  for (const auto& [drawn, rank, share] : {std::tuple{std::vector<std::int64_t>{}, Index{1}, 0.4},
                                           std::tuple{std::vector<std::int64_t>{1, 3, 1}, Index{2}, 0.8}}) {
    const Eigen::Vector2d none = expected({.order = order, .drawn = drawn}, rank),
                          label = expected({.order = order, .drawn = drawn, .label = 2}, rank),
                          guided =
                              expected({.order = order, .drawn = drawn, .label = 2, .guidance = 4}, rank);
    EXPECT_GT((label - none).norm(), 1e-3);
    EXPECT_LT((guided - none - (1 + 3 * share) * (label - none)).norm(), 1e-5);
  }
  const auto refused = [&](const LearnedTokensUse& use) {
    return test::message_of<InvalidInput>([&] { net_tokens(file, use); });
  };
  EXPECT_NE(refused({.order = order, .label = 3}).find("the network knows labels 0 to 2"), std::string::npos);
  EXPECT_NE(refused({.order = order, .guidance = 2}).find("needs a label"), std::string::npos);
}

TEST(NetTokens, RefusesWhatItWasNotTrainedFor) {
  TokenNetModel trained = random_model(small_size("mlp"));
  trained.order = raster(5);
  const auto file = std::make_shared<const TokenNetModel>(trained);
  const auto refused = [&](const LearnedTokensUse& use) {
    return test::message_of<InvalidInput>([&] { net_tokens(file, use); });
  };
  EXPECT_NE(refused({.order = {1, 0, 2, 3, 4}}).find("trained for the order 0,1,2,3,4"), std::string::npos);
  EXPECT_NE(refused({.order = raster(5), .drawn = {1, 2, 2}}).find("--masked"), std::string::npos);
  EXPECT_NE(refused({.order = raster(5), .label = 0}).find("the network knows no labels"), std::string::npos);
}

// A sequence depends on the seed and its number alone: not on how many there are, how many threads, or where the run was cut.
TEST(NetTokens, SequencesAreBitEqualHoweverTheyAreDrawn) {
  set_torch_threads(1);
  const auto file = std::make_shared<const TokenNetModel>(random_model(small_size("transformer")));
  const TokenModel model = net_tokens(file, {.order = raster(5)});
  const auto method = [&](std::int64_t count, double tolerance = 0) {
    return diffusion::TokenDiffusion(
        model, {.count = count, .counts = diffusion::step_counts("linear(9, 3)", 5), .tolerance = tolerance});
  };
  const MatrixXd many = drive(method(150), Budget::steps(5), Seed{3}).state.sequences;
  EXPECT_EQ(many.leftCols(70), drive(method(70), Budget::steps(5), Seed{3}).state.sequences);
  const auto stopping = method(150, 0.05);
  const auto whole = drive(stopping, Budget::steps(5), Seed{3});
  double calls = 0;
  for (const double of_step : whole.state.calls) calls += of_step;
  EXPECT_LT(calls, 9 + 7 + 6 + 4 + 3);
  EXPECT_EQ(whole.state.sequences.leftCols(70),
            drive(method(70, 0.05), Budget::steps(5), Seed{3}).state.sequences);
  Observers observers;
  observers.checkpoints.path = std::filesystem::temp_directory_path() / "lehr_net_tokens.safetensors";
  observers.list.push_back(
      {[](const Moment& now, const Row&) { return now.step == 2 ? Observer::stop_run : now.step + 1; }, {}});
  drive(stopping, Budget::steps(5), Seed{3}, observers);
  observers.list.clear();
  const auto resumed = drive(stopping, Budget::steps(5), Seed{3}, observers);
  std::filesystem::remove(observers.checkpoints.path);
  EXPECT_EQ(resumed.state.sequences, whole.state.sequences);
  EXPECT_EQ(resumed.state.deviation, whole.state.deviation);
}

TrainTokensSettings quick_settings(std::int64_t tokens) {
  return {.learning_rate = Schedule::parse("warmup(0.05, cosine(from=5e-3, to=1e-5))"),
          .optimizer = {.beta2 = 0.999, .weight_decay = 0},
          .batch = 32,
          .repeats = 2,
          .average = 0.99,
          .order = raster(tokens)};
}

// On an autoregression of second order everything is known: a token's mean given the earlier ones is 0.9 y_-1 - 0.5 y_-2, and 0.48 of its variance
// stays open. The squared error of the learned mean, over many prefixes, is what training leaves: predicting 0 has 0.52.
void check_learned_means(const char* backbone) {
  set_torch_threads(1);
  const stats::GaussianMixture law = diffusion::ar2_series(6, 1);
  const MatrixXd sequences = diffusion::draw_mixture(law, 4000, Seed{1}, lane("training"));
  const std::vector<std::int64_t> no_labels;
  TokenNetModel model;
  model.size = small_size(backbone);
  model.size.tokens = 6, model.size.token_dim = 1, model.size.width = 32, model.size.head_width = 32;
  standardize_by(sequences, model);
  model.order = raster(6);
  const TokenNet net(model.size);
  const MatrixXd data = standardized(sequences, model);
  const TrainTokens method(net, data, no_labels, quick_settings(6));
  const auto run = drive(method, Budget::steps(1200), Seed{2});
  model.parameters = method.averaged(run.state);
  const TokenModel learned = net_tokens(std::make_shared<const TokenNetModel>(model), {.order = model.order});
  const MatrixXd fresh = diffusion::draw_mixture(law, 2000, Seed{1}, lane("fresh"));
  double error = 0, tokens = 0;
  std::mutex adding;
  diffusion::visit_tokens(
      learned, fresh,
      [&](std::int64_t, Index rank, diffusion::TokenConditional& conditional, Index first, Index count,
          const Lanes& values) {
        if (rank < 2) return;
        Lanes expected = Lanes::Zero(values.rows(), 1);
        conditional.predict(0, 1, expected, count, expected);
        const std::lock_guard guard(adding);
        for (Index i = 0; i < count; ++i)
          error += std::pow(
              expected(i, 0) - (0.9 * fresh(rank - 1, first + i) - 0.5 * fresh(rank - 2, first + i)), 2);
        tokens += static_cast<double>(count);
      });
  testing::Test::RecordProperty(backbone, fmt::format("{:.4f}", error / tokens));
  std::printf("%s: squared error of the mean %.4f\n", backbone, error / tokens);
  EXPECT_LT(error / tokens, 0.05) << backbone;
  // By the errors of its means the model leaves 0.48 open, as the law does (2000 sequences: 0.02).
  const auto constraint = diffusion::token_constraint(learned, fresh, Seed{1}, 4);
  for (std::size_t rank = 2; rank < 6; ++rank) EXPECT_NEAR(constraint.unexplained[rank], 0.48, 0.07);
  // Its sequences are nearer to the law than unrelated normal numbers.
  const diffusion::TokenDiffusion draw(learned, {.count = 800, .counts = std::vector<std::int64_t>(6, 60)});
  const MatrixXd drawn = drive(draw, Budget::steps(6), Seed{5}).state.sequences;
  EXPECT_LT(diffusion::energy_distance(drawn, fresh), 0.02) << backbone;
  MatrixXd unrelated(6, 800);
  Stream random(Seed{6}, lane("unrelated"));
  for (double& number : unrelated.reshaped()) number = normal(random);
  EXPECT_GT(diffusion::energy_distance(unrelated, fresh), 0.04);
}

TEST(TrainTokens, ATransformerLearnsAnAutoregressionWhoseMeansAreKnown) {
  check_learned_means("transformer");
}
TEST(TrainTokens, AResidualNetworkLearnsAnAutoregressionWhoseMeansAreKnown) { check_learned_means("mlp"); }

// Trained with labels, the network draws each class by its own law: class c has the mean 2 c - 1 at all tokens.
TEST(TrainTokens, LabelsChooseTheClass) {
  set_torch_threads(1);
  MatrixXd sequences(3, 2000);
  std::vector<std::int64_t> labels;
  Stream random(Seed{4}, lane("classes"));
  for (Index i = 0; i < sequences.cols(); ++i) {
    labels.push_back(i % 2);
    for (Index t = 0; t < 3; ++t)
      sequences(t, i) = 2.0 * static_cast<double>(i % 2) - 1 + 0.3 * normal(random);
  }
  TokenNetModel model;
  model.size = small_size("mlp", 2);
  model.size.tokens = 3, model.size.token_dim = 1, model.size.width = 32, model.size.head_width = 32;
  standardize_by(sequences, model);
  TrainTokensSettings settings = quick_settings(3);
  settings.order = {}, settings.masked = true;  // any order, tokens that are not the next one too
  const TokenNet net(model.size);
  const MatrixXd data = standardized(sequences, model);
  const TrainTokens method(net, data, labels, settings);
  model.masked = true;
  model.parameters = method.averaged(drive(method, Budget::steps(800), Seed{2}).state);
  const auto file = std::make_shared<const TokenNetModel>(model);
  for (const std::int64_t label : {0, 1}) {
    const TokenModel learned = net_tokens(file, {.order = {2, 0, 1}, .drawn = {1, 2}, .label = label});
    const diffusion::TokenDiffusion draw(learned, {.count = 400, .counts = {40, 40}, .drawn = {1, 2}});
    const MatrixXd drawn = drive(draw, Budget::steps(2), Seed{5}).state.sequences;
    const double mean = 2.0 * static_cast<double>(label) - 1;
    EXPECT_LT((drawn.rowwise().mean().array() - mean).abs().maxCoeff(), 0.1) << label;
    EXPECT_GT((drawn.array() * mean > 0).cast<double>().mean(), 0.98) << label;
  }
  // Without a label both classes are drawn.
  const TokenModel learned = net_tokens(file, {.order = {0, 1, 2}});
  const diffusion::TokenDiffusion draw(learned, {.count = 600, .counts = {40, 40, 40}});
  const MatrixXd drawn = drive(draw, Budget::steps(3), Seed{5}).state.sequences;
  EXPECT_NEAR((drawn.row(0).array() > 0).cast<double>().mean(), 0.5, 0.12);
  EXPECT_GT((drawn.row(0).array() * drawn.row(2).array() > 0).cast<double>().mean(), 0.9);
}

// The loss of diffusion heads is the error of the noise: cos^2 times that of v.
TEST(TrainTokens, TheLossIsTheErrorOfTheNoise) {
  set_torch_threads(1);
  const TokenNetModel model = random_model(small_size("mlp"));
  const TokenNet net(model.size);
  const MatrixXd data = MatrixXd::Random(10, 50);
  const std::vector<std::int64_t> no_labels;
  TrainTokensSettings settings = quick_settings(5);
  const TrainTokens method(net, data, no_labels, settings);
  const auto batch = method.batch(Stream(Seed{1}, lane("test")));
  const Tensor parameters = flat_tensor(model.parameters);
  const Tensor c = at::cos(batch.phi).unsqueeze(1), s = at::sin(batch.phi).unsqueeze(1);
  const Tensor condition =
      net.condition(parameters,
                    net.summaries(parameters, batch.tokens, batch.positions, batch.labels).reshape({-1, 16}),
                    batch.targets.reshape({-1}))
          .repeat({2, 1});
  const Tensor v = net.velocity(parameters, batch.x, batch.phi, condition);
  // xi = sin x + cos v for the true v as for the predicted one.
  const Tensor xi = s * batch.x + c * batch.v, predicted = s * batch.x + c * v;
  const double error = (predicted - xi).square().mean().item<double>();
  EXPECT_NEAR(method.loss(parameters, batch).item<double>(), error, 1e-5 * error);
  // x and v are a rotation of a clean token and its noise: x0 = cos x - sin v is the data.
  const Tensor clean = c * batch.x - s * batch.v;
  const Tensor tokens = batch.tokens;
  for (std::int64_t i = 0; i < 5; ++i)
    for (std::int64_t k = 0; k < 4; ++k)
      for (std::int64_t j = 0; j < 2; ++j)
        EXPECT_NEAR(clean.select(0, i * 5 + k).select(0, j).item<double>(),
                    tokens.select(0, i).select(0, k).select(0, j).item<double>(), 1e-5);
}

TEST(TrainTokens, ResumesBitForBit) {
  set_torch_threads(1);
  const TokenNet net(small_size("transformer"));
  const MatrixXd data = MatrixXd::Random(10, 50);
  const std::vector<std::int64_t> no_labels;
  TrainTokensSettings settings = quick_settings(5);
  settings.batch = 8, settings.order = {}, settings.masked = true;
  const TrainTokens method(net, data, no_labels, settings);
  const auto whole = drive(method, Budget::steps(120), Seed{2});
  Observers observers;
  observers.checkpoints.path = std::filesystem::temp_directory_path() / "lehr_train_tokens.safetensors";
  observers.list.push_back(
      {[](const Moment& now, const Row&) { return now.step == 70 ? Observer::stop_run : now.step + 1; }, {}});
  drive(method, Budget::steps(120), Seed{2}, observers);
  observers.list.clear();
  const auto resumed = drive(method, Budget::steps(120), Seed{2}, observers);
  std::filesystem::remove(observers.checkpoints.path);
  EXPECT_EQ(resumed.used.steps, 120);
  EXPECT_EQ(method.averaged(resumed.state), method.averaged(whole.state));
  EXPECT_EQ(resumed.state.loss.every_hundred, whole.state.loss.every_hundred);
}

}  // namespace
}  // namespace lehr::neural
