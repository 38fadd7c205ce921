#include "lehr/neural/conv_net.hpp"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <unistd.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/safetensors.hpp"
#include "lehr/neural/noise_net.hpp"
#include "lehr/neural/torch_runtime.hpp"

namespace lehr::neural {
namespace {

using diffusion::ConvShape;

ConvShape small_shape() {
  return {.height = 8,
          .width = 12,
          .patch = 1,
          .blocks = 2,
          .groups = 4,
          .embedding = 16,
          .frequencies = 4,
          .largest_frequency = 50,
          .channels = {8, 12}};
}

// Every parameter away from its start, so that nothing is hidden by zeros.
std::vector<float> shaken_parameters(const ConvNet& net) {
  std::vector<float> parameters = net.initial_parameters(Seed{3});
  for (std::size_t i = 0; i < parameters.size(); ++i)
    parameters[i] += 0.05f * static_cast<float>(std::sin(0.7 * static_cast<double>(i)));
  return parameters;
}

torch::Tensor tensor_of_values(std::int64_t n, std::int64_t d) {
  torch::Tensor x = at::empty({n, d}, torch::kFloat32);
  for (std::int64_t i = 0; i < n * d; ++i)
    x.data_ptr<float>()[i] = static_cast<float>(std::cos(1.3 * static_cast<double>(i)));
  return x;
}

diffusion::NetworkFile file_of(const ConvNet& net, const std::vector<float>& parameters) {
  diffusion::NetworkFile file;
  file.tensors = net.tensors(parameters);
  file.architecture = net.shape().architecture();
  return file;
}

// Images of 8 x 8 with sharp edges: a lit rectangle somewhere on a dark ground, whose law is far from Gaussian.
Eigen::MatrixXd rectangles(Eigen::Index n) {
  Eigen::MatrixXd points = Eigen::MatrixXd::Constant(64, n, -1);
  Stream random(Seed{4}, lane("rectangles"));
  const auto below = [&](int most) { return static_cast<int>(uniform(random) * most); };
  for (Eigen::Index i = 0; i < n; ++i) {
    const int top = below(4), left = below(4), bottom = top + 2 + below(3), right = left + 2 + below(3);
    for (int y = top; y < bottom; ++y)
      for (int x = left; x < right; ++x) points(8 * y + x, i) = 1;
  }
  return points;
}

TEST(ConvNet, TheSavedNetworkGivesTheSameNoiseWithoutLibtorch) {
  set_torch_threads(1);
  for (const std::int64_t patch : {1, 2}) {
    ConvShape shape = small_shape();
    shape.patch = patch;
    const ConvNet net(shape);
    const std::vector<float> parameters = shaken_parameters(net);
    const diffusion::ScoreModel model = diffusion::score_network(file_of(net, parameters), "test");
    ASSERT_EQ(model.dimension, 96);
    const std::int64_t n = 72;  // more than the 64 of one pass
    const torch::Tensor x = tensor_of_values(n, 96), t = at::full({n}, 0.37f);
    diffusion::Lanes lanes(n, 96), out(n, 96);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < 96; ++j) lanes(i, j) = x.data_ptr<float>()[96 * i + j];
    model.at(0.37)(lanes, out);
    const torch::Tensor expected = net(flat_tensor(parameters), x, t).contiguous();
    ASSERT_EQ(expected.sizes(), (std::vector<std::int64_t>{n, 96}));
    double largest = 0;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < 96; ++j) {
        largest = std::max(largest, std::abs(out(i, j)));
        EXPECT_NEAR(out(i, j), expected.data_ptr<float>()[96 * i + j], 2e-5) << i << " " << j;
      }
    EXPECT_GT(largest, 0.1);
  }
}

// A point's noise depends on neither its neighbours nor its place in the batch.
TEST(ConvNet, PointsDoNotKnowOfEachOther) {
  const ConvNet net(small_shape());
  const diffusion::ScoreModel model = diffusion::score_network(file_of(net, shaken_parameters(net)), "test");
  const diffusion::Lanes many = diffusion::Lanes::Random(16, 96);
  diffusion::Lanes few = many.topRows(8), out_many(16, 96), out_few(8, 96);
  few.row(0) = many.row(13);
  model.at(0.2)(many, out_many);
  model.at(0.2)(few, out_few);
  EXPECT_TRUE((out_few.row(0) == out_many.row(13)).all());
  EXPECT_TRUE((out_few.row(5) == out_many.row(5)).all());
}

TEST(ConvNet, AFileGivesTheSameNetworkBitForBit) {
  set_torch_threads(1);
  const ConvNet net(small_shape());
  const std::vector<float> parameters = shaken_parameters(net);
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("lehr_conv_{}.safetensors", ::getpid());
  const auto tensors = net.tensors(parameters);
  TensorViews views;
  for (const auto& [name, tensor] : tensors) views[name] = tensor.view();
  write_safetensors(path, views,
                    {{"kind", "noise prediction"}, {"architecture", net.shape().architecture()}});
  const diffusion::NetworkFile file = diffusion::read_network(path);
  std::filesystem::remove(path);
  const ConvNet again(ConvShape::parse(file.architecture, "file"));
  EXPECT_EQ(again.parameters_of(file), parameters);
  const torch::Tensor x = tensor_of_values(5, 96), t = at::full({5}, 0.6f);
  EXPECT_TRUE(
      at::equal(again(flat_tensor(again.parameters_of(file)), x, t), net(flat_tensor(parameters), x, t)));
  const diffusion::ScoreModel a = diffusion::score_network(file, "a"),
                              b = diffusion::score_network(file_of(net, parameters), "b");
  const diffusion::Lanes points = diffusion::Lanes::Random(8, 96);
  diffusion::Lanes from_a(8, 96), from_b(8, 96);
  a.at(0.6)(points, from_a), b.at(0.6)(points, from_b);
  EXPECT_TRUE((from_a == from_b).all());
}

// The gradient along a direction against the difference quotient of the loss, in every kind of tensor.
TEST(ConvNet, GradientAgreesWithDifferences) {
  set_torch_threads(1);
  const ConvNet net(small_shape());
  const torch::Tensor x = tensor_of_values(3, 96), t = at::full({3}, 0.4f),
                      start = flat_tensor(shaken_parameters(net));
  const auto loss = [&](const torch::Tensor& parameters) { return net(parameters, x, t).square().mean(); };
  const torch::Tensor variable = start.detach().clone().requires_grad_();
  const torch::Tensor gradient = torch::autograd::grad({loss(variable)}, {variable})[0];
  std::int64_t offset = 0;
  for (const diffusion::ConvPart& part : diffusion::conv_parts(net.shape())) {
    std::int64_t size = 1;
    for (const std::int64_t extent : part.shape) size *= extent;
    // Along the tensor's own gradient the derivative is its norm.
    const torch::Tensor own = gradient.narrow(0, offset, size);
    const double norm = own.norm().item<double>();
    EXPECT_GT(norm, 1e-7) << part.name;
    torch::Tensor direction = at::zeros_like(start);
    direction.narrow(0, offset, size).copy_(own / norm);
    const double h = 2e-2 * std::min(1.0, 0.05 / norm);
    const double quotient =
        (loss(start + h * direction).to(torch::kFloat64) - loss(start - h * direction).to(torch::kFloat64))
            .item<double>() /
        (2 * h);
    EXPECT_NEAR(quotient, norm, 0.05 * norm + 1e-4) << part.name;
    offset += size;
  }
  EXPECT_EQ(offset, net.parameter_count());
}

TEST(ConvNet, ShapesThatDoNotFitAreRefused) {
  const auto message = [](ConvShape shape, std::int64_t dimension) -> std::string {
    try {
      checked_shape(std::move(shape), dimension);
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "accepted";
  };
  ConvShape shape;
  EXPECT_EQ(message(shape, 784), "accepted");
  EXPECT_EQ(checked_shape(shape, 784).height, 28);
  EXPECT_EQ(message(shape, 783),
            "conv: 783 coordinates are no square image; give conv.height and conv.width");
  shape.channels = {48, 96, 96};
  EXPECT_NE(message(shape, 784).find("28 x 28 pixels do not divide by 8"), std::string::npos);
  shape.channels = {50};
  EXPECT_NE(message(shape, 784).find("50 channels"), std::string::npos);
  shape.channels = {};
  EXPECT_NE(message(shape, 784).find("0 resolutions"), std::string::npos);
  EXPECT_THROW(ConvShape::parse(R"json({"network":"conv"})json", "f"), InvalidInput);
  EXPECT_THROW(ConvShape::parse(R"json({"network":"other","height":8,"width":8})json", "f"), InvalidInput);
  EXPECT_THROW(ConvShape::parse("[1]", "f"), InvalidInput);
}

TEST(ConvNet, DamagedFilesAreRefusedByTensor) {
  const ConvNet net(small_shape());
  const diffusion::NetworkFile good = file_of(net, net.initial_parameters(Seed{1}));
  const auto message = [](const diffusion::NetworkFile& file) -> std::string {
    try {
      diffusion::score_network(file, "net");
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message(good), "accepted");
  diffusion::NetworkFile file = good;
  file.tensors.erase("down.0.bias");
  EXPECT_EQ(message(file), "net: no tensor 'down.0.bias'");
  file = good;
  file.tensors["in.bias"].shape = {4, 2};
  EXPECT_EQ(message(file), "net: tensor in.bias has shape [4,2], [8] is expected");
  file = good;
  const float nan = std::nanf("");
  std::memcpy(file.tensors["out.bias"].bytes.data(), &nan, sizeof nan);
  EXPECT_EQ(message(file), "net: out.bias has a number that is not finite");
  EXPECT_THROW(diffusion::residual_network(good, "net"), InvalidInput);
}

TrainNoiseSettings quick_settings() {
  return {.learning_rate = Schedule::parse("warmup(0.1, cosine(from=4e-3, to=1e-4))"),
          .optimizer = {.weight_decay = 0},
          .batch = 32,
          .average = Schedule::parse("linear(from=0.9, to=0.99)")};
}

// A linear predictor of the noise cannot get below least_linear_loss: what is below was learned from edges. The loss's average over 100
// batches has a standard error of about 1 %.
TEST(ConvNet, TrainingGetsBelowEveryLinearPredictor) {
  set_torch_threads(1);
  const ConvNet net(
      {.height = 8, .width = 8, .patch = 1, .blocks = 1, .groups = 4, .embedding = 32, .channels = {16, 32}});
  const auto process = diffusion::Process::vp_linear();
  const Eigen::MatrixXd points = rectangles(1000);
  const TrainNoise method(net, process, points, quick_settings());
  const auto run = drive(method, Budget::steps(600), Seed{2});
  EXPECT_LT(run.state.loss.mean, 0.9 * least_linear_loss(process, points));
}

TEST(ConvNet, AResumedTrainingEqualsTheUninterruptedOneBitForBit) {
  set_torch_threads(1);
  const ConvNet net(small_shape());
  const auto process = diffusion::Process::vp_linear();
  const Eigen::MatrixXd points = Eigen::MatrixXd::Random(96, 50);
  const TrainNoise method(net, process, points, quick_settings());
  const Budget budget = Budget::steps(30);
  const auto whole = drive(method, budget, Seed{2});
  Observers observers;
  observers.checkpoints.path =
      std::filesystem::temp_directory_path() / fmt::format("lehr_conv_train_{}.safetensors", ::getpid());
  observers.list.push_back(
      {[](const Moment& now, const Row&) { return now.step == 11 ? Observer::stop_run : now.step + 1; }, {}});
  const auto half = drive(method, budget, Seed{2}, observers);
  ASSERT_EQ(half.used.steps, 12);
  observers.list.clear();
  const auto resumed = drive(method, budget, Seed{2}, observers);
  std::filesystem::remove(observers.checkpoints.path);
  EXPECT_EQ(resumed.used.steps, 30);
  EXPECT_EQ(method.averaged(resumed.state), method.averaged(whole.state));
  EXPECT_TRUE(at::equal(resumed.state.training.variables.parameters, whole.state.training.variables.parameters));
  EXPECT_TRUE(at::equal(resumed.state.training.variables.second_moment, whole.state.training.variables.second_moment));
  EXPECT_EQ(resumed.state.loss.mean, whole.state.loss.mean);
}

TEST(ConvNet, AnAverageOutsideItsRangeIsRefused) {
  const ConvNet net(small_shape());
  const auto process = diffusion::Process::vp_linear();
  const Eigen::MatrixXd points = Eigen::MatrixXd::Random(96, 4);
  const TrainNoise method(net, process, points,
                          {.learning_rate = 1e-3, .optimizer = {}, .batch = 2, .average = Schedule(1.0)});
  EXPECT_THROW(drive(method, Budget::steps(2), Seed{1}), InvalidInput);
}

// On Gaussian points the least linear loss is known in closed form for one variance.
TEST(LeastLinearLoss, OfWhitePoints) {
  const auto process = diffusion::Process::vp_linear();
  Eigen::MatrixXd points(1, 2);
  points << 2, -2;  // variance 4
  double expected = 0;
  for (int i = 0; i < 100000; ++i) {
    const double t = process.t0() + (process.end() - process.t0()) * (i + 0.5) / 100000;
    const double signal = 4 * process.a(t) * process.a(t), noise = process.s(t) * process.s(t);
    expected += signal / (signal + noise) / 100000;
  }
  EXPECT_NEAR(least_linear_loss(process, points), expected, 1e-4);
}

}  // namespace
}  // namespace lehr::neural
