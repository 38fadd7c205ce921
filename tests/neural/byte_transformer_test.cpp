#include "lehr/neural/byte_transformer.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/neural/sample_text.hpp"

namespace lehr::neural {
namespace {

using torch::Tensor;

const TransformerSize tiny{.layers = 2, .width = 8, .heads = 2, .context = 6};

// Parameters in double precision, spread widely enough that every path through the model matters.
Tensor spread_parameters(const ByteTransformer& model) {
  Stream random(Seed{7}, lane("test"));
  Tensor parameters = at::empty({model.parameter_count()}, torch::kFloat64);
  for (std::int64_t i = 0; i < model.parameter_count(); ++i)
    parameters.data_ptr<double>()[i] = (i >= model.matrix_count() ? 0.5 : 0.0) + 0.5 * normal(random);
  return parameters;
}

Tensor ids(const std::vector<std::int64_t>& values, std::int64_t rows) {
  Tensor tensor = at::empty({rows, static_cast<std::int64_t>(values.size()) / rows}, torch::kInt64);
  std::copy(values.begin(), values.end(), tensor.data_ptr<std::int64_t>());
  return tensor;
}

TEST(ByteTransformer, CountsItsParameters) {
  const ByteTransformer model(tiny);
  const std::int64_t matrices = 256 * 8 + 6 * 8 + 2 * (3 + 1 + 4 + 4) * 8 * 8;
  EXPECT_EQ(model.matrix_count(), matrices);
  EXPECT_EQ(model.parameter_count(), matrices + 5 * 2 * 8);
  EXPECT_EQ(static_cast<std::int64_t>(model.initial_parameters(Seed{1}).size()), model.parameter_count());
}

TEST(ByteTransformer, PredictsEveryByteEquallyWithoutParameters) {
  const ByteTransformer model(tiny);
  const Tensor inputs = ids({1, 2, 3, 4, 5, 6}, 1), targets = ids({2, 3, 4, 5, 6, 7}, 1);
  const Tensor loss = model.loss(at::zeros({model.parameter_count()}, torch::kFloat64), inputs, targets);
  EXPECT_NEAR(loss.item<double>(), std::log(256.0), 1e-12);
}

// One position attends only to itself, so the model without layers is softmax(norm(E[x] + P) E^T): computed
// by hand.
TEST(ByteTransformer, WithoutLayersIsAnEmbeddingAndANorm) {
  const ByteTransformer model({.layers = 0, .width = 4, .heads = 1, .context = 1});
  const Tensor parameters = spread_parameters(model);
  const double* p = parameters.data_ptr<double>();
  const double *embedding = p, *position = p + 256 * 4, *gain = position + 4, *shift = gain + 4;
  Eigen::Map<const Eigen::Matrix<double, 256, 4, Eigen::RowMajor>> table(embedding);
  Eigen::Vector4d h = table.row(65).transpose() + Eigen::Map<const Eigen::Vector4d>(position);
  h.array() -= h.mean();
  h /= std::sqrt(h.squaredNorm() / 4 + 1e-5);
  h = h.cwiseProduct(Eigen::Map<const Eigen::Vector4d>(gain)) + Eigen::Map<const Eigen::Vector4d>(shift);
  const Eigen::VectorXd expected = table * h;
  const Tensor logits = model.logits(parameters, ids({65}, 1));
  for (int i = 0; i < 256; ++i) EXPECT_NEAR(logits.data_ptr<double>()[i], expected[i], 1e-12);
}

TEST(ByteTransformer, GradientAgreesWithCentralDifferences) {
  const ByteTransformer model(tiny);
  const Tensor inputs = ids({9, 250, 3, 9, 9, 7, 0, 1, 2, 3, 4, 5}, 2);
  const Tensor targets = ids({250, 3, 9, 9, 7, 8, 1, 2, 3, 4, 5, 6}, 2);
  const Tensor parameters = spread_parameters(model).requires_grad_();
  const Tensor gradient =
      torch::autograd::grad({model.loss(parameters, inputs, targets)}, {parameters})[0].contiguous();

  Stream random(Seed{3}, lane("coordinates"));
  const Tensor moved = parameters.detach().clone();
  for (int trial = 0; trial < 200; ++trial) {
    const std::int64_t i = uniform_index(random, model.parameter_count());
    double& x = moved.data_ptr<double>()[i];
    const double x0 = x, h = 1e-5;
    x = x0 + h;
    const double above = model.loss(moved, inputs, targets).item<double>();
    x = x0 - h;
    const double below = model.loss(moved, inputs, targets).item<double>();
    x = x0;
    EXPECT_NEAR(gradient.data_ptr<double>()[i], (above - below) / (2 * h), 1e-8) << "parameter " << i;
  }
}

TEST(ByteTransformer, LogitsDependOnNoLaterByte) {
  const ByteTransformer model(tiny);
  const Tensor parameters = spread_parameters(model);
  const Tensor before = model.logits(parameters, ids({10, 20, 30, 40, 50, 60}, 1));
  const Tensor after = model.logits(parameters, ids({10, 20, 30, 41, 50, 60}, 1));
  EXPECT_TRUE(at::equal(before.narrow(1, 0, 3), after.narrow(1, 0, 3)));
  for (std::int64_t position = 3; position < 6; ++position)
    EXPECT_GT((before - after).select(1, position).abs().max().item<double>(), 1e-3) << position;
}

TEST(ByteTransformer, InitialParametersHaveTheStatedDeviations) {
  const ByteTransformer model({.layers = 2, .width = 64, .heads = 4, .context = 64});
  const std::vector<float> p = model.initial_parameters(Seed{1});
  const auto deviation = [&](std::size_t from, std::size_t count) {
    double squares = 0;
    for (std::size_t i = from; i < from + count; ++i) squares += double{p[i]} * p[i];
    return std::sqrt(squares / static_cast<double>(count));
  };
  // A sample deviation of n normal numbers has relative error 1 / sqrt(2 n): 0.008 for n = 8192, five of them
  // allowed.
  EXPECT_NEAR(deviation(0, 256 * 64) / 0.02, 1, 0.03);
  EXPECT_NEAR(deviation((256 + 64) * 64, 3 * 64 * 64) * 8, 1, 0.04);
  EXPECT_EQ(p.back(), 0);
  EXPECT_EQ(p[p.size() - 65], 1);
}

TEST(ByteTransformer, RefusesHeadsThatDoNotDivideTheWidth) {
  EXPECT_THROW(ByteTransformer({.layers = 1, .width = 10, .heads = 4, .context = 8}), InvalidInput);
}

TEST(SampleText, DrawsBytesOfTheStatedDistribution) {
  const ByteTransformer model({.layers = 0, .width = 1, .heads = 1, .context = 4});
  // All logits 0 except ln 256 for byte 'x', through E = (0, .., 1 at x, .. 0) and shift = ln 256: P(x) = 256
  // / 511.
  Tensor parameters = at::zeros({model.parameter_count()}, torch::kFloat32);
  parameters.data_ptr<float>()['x'] = 1;
  parameters.data_ptr<float>()[model.parameter_count() - 1] = static_cast<float>(std::log(256.0));
  const std::string text = sample_text(model, parameters, "a", 2000, 1, Stream(Seed{1}, lane("sample")));
  ASSERT_EQ(text.size(), 2000u);
  const auto count = static_cast<double>(std::count(text.begin(), text.end(), 'x'));
  EXPECT_NEAR(count / 2000, 256.0 / 511, 4 * std::sqrt(0.25 / 2000));  // four standard errors
}

}  // namespace
}  // namespace lehr::neural
