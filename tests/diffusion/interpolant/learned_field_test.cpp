// Fields read from a small file whose networks are linear: all blocks and the time embedding are 0 but for a bias that drives SiLU into
// its linear range, so the values are known by hand.
#include "lehr/diffusion/interpolant/learned_field.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "lehr/core/errors.hpp"
#include "lehr/core/safetensors.hpp"
#include "tests/diffusion/interpolant/laws.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;

// A network of width 4 on the line: silu(h) = h to 1e-7 at h = 20 + x, so out = slope (20 + x) - 20 slope = slope x.
void add_line(std::map<std::string, Tensor, std::less<>>& tensors, const std::string& prefix, float slope) {
  const auto add = [&](const std::string& name, std::vector<float> values, Shape shape) {
    tensors[prefix + name] = tensor_of<float>(values, std::move(shape));
  };
  add("f", {1}, {1});
  add("inp.weight", {1, 0, 0, 0}, {4, 1}), add("inp.bias", {20, 0, 0, 0}, {4});
  add("te.0.weight", std::vector<float>(8, 0.0f), {4, 2}), add("te.0.bias", std::vector<float>(4, 0.0f), {4});
  add("te.2.weight", std::vector<float>(16, 0.0f), {4, 4}),
      add("te.2.bias", std::vector<float>(4, 0.0f), {4});
  add("out.weight", {slope, 0, 0, 0}, {1, 4}), add("out.bias", {-20 * slope}, {1});
}

class LearnedField : public ::testing::Test {
 protected:
  void SetUp() override {
    file_ = std::filesystem::temp_directory_path() /
            (std::string("lehr_learned_") + ::testing::UnitTest::GetInstance()->current_test_info()->name() +
             ".safetensors");
  }
  void TearDown() override { std::filesystem::remove(file_); }
  // `velocity` and `score`: slopes.
  LearnedInterpolant saved(const std::string& learn, std::optional<float> velocity,
                           std::optional<float> score, const InterpolantOptions& options = {},
                           double margin = 0.01) const {
    std::map<std::string, Tensor, std::less<>> tensors;
    if (velocity) add_line(tensors, "velocity.", *velocity);
    if (score) add_line(tensors, "denoiser.", *score);
    TensorViews views;
    for (const auto& [name, tensor] : tensors) views[name] = tensor.view();
    write_safetensors(file_, views, learned_metadata(options, LearnedParts::parse(learn), 1, margin));
    return read_learned_interpolant(file_);
  }
  static FieldValues at(const LearnedInterpolant& learned, double t, double x) {
    FieldValues values;
    learned.field.at(t)(MatrixXd::Constant(1, 1, x), {.score = learned.field.has_score, .divergence = true},
                        values);
    return values;
  }
  std::filesystem::path file_;
};

TEST_F(LearnedField, VelocityAndDenoiser) {
  const LearnedInterpolant learned = saved("b,eta", 0.7f, 0.4f);
  const FieldValues values = at(learned, 0.2, 1.5);
  const double gamma = std::sqrt(0.2 * 0.8);
  EXPECT_NEAR(values.velocity(0, 0), 0.7 * 1.5, 1e-5);
  EXPECT_NEAR(values.score(0, 0), -0.4 * 1.5 / gamma, 1e-5);
  EXPECT_NEAR(values.divergence[0], 0.7, 2e-3);  // a difference in single precision at inputs near 20
}

TEST_F(LearnedField, TheNoisesPartJoinsTheConditionalVelocity) {
  const LearnedInterpolant learned = saved("v,eta", 0.7f, 0.4f);
  const double t = 0.2, gamma = std::sqrt(t * (1 - t)), rate = (1 - 2 * t) / (2 * gamma);
  EXPECT_NEAR(at(learned, t, 1.5).velocity(0, 0), (0.7 + rate * 0.4) * 1.5, 1e-5);
}

TEST_F(LearnedField, MirrorNeedsTheDenoiserAlone) {
  const LearnedInterpolant learned =
      saved("eta", std::nullopt, 0.4f, {.path = "mirror", .gamma = "quadratic"});
  const double t = 0.2, rate = 1 - 2 * t;
  EXPECT_NEAR(at(learned, t, 1.5).velocity(0, 0), rate * 0.4 * 1.5, 1e-5);
}

TEST_F(LearnedField, OneSidedNoiseIsTheStart) {
  const LearnedInterpolant learned = saved("v,eta", 0.7f, 0.4f, {.path = "one_sided"});
  const FieldValues values = at(learned, 0.25, 2);
  EXPECT_NEAR(values.score(0, 0), -0.4 * 2 / 0.75, 1e-5);
  EXPECT_NEAR(values.velocity(0, 0), (0.7 - 0.4) * 2, 1e-5);
}

TEST_F(LearnedField, StaysFiniteAtTheEnds) {
  const LearnedInterpolant learned = saved("b,eta", 0.7f, 0.4f);
  const double gamma = std::sqrt(0.01 * 0.99);
  for (const double t : {0.0, 1.0}) EXPECT_NEAR(at(learned, t, 1).score(0, 0), -0.4 / gamma, 1e-4);
}

// dX = 0.7 X dt multiplies by e^0.7 forward, and divides backward; with noise the drift is (0.7 - eps 0.4 / gamma) X, whose mean is known.
TEST_F(LearnedField, SamplersTakeIt) {
  const LearnedInterpolant learned = saved("b,s", 0.7f, -0.3f);
  const MatrixXd start = MatrixXd::Constant(1, 300, 1.0);
  EXPECT_NEAR(run_ode(learned.field, start, {.grid = {.steps = 50}}).points(0, 0), std::exp(0.7), 1e-4);
  EXPECT_NEAR(
      run_ode(learned.field, start, {.grid = {.steps = 50, .direction = Direction::backward}}).points(0, 7),
      std::exp(-0.7), 1e-4);
  const auto noisy = [&](Direction direction) {
    return run_sde(learned.field, start,
                   {.grid = {.steps = 50, .direction = direction},
                    .epsilon = 0.02,
                    .scheme = SdeScheme::trapezoid})
        .points.mean();
  };
  // Deviation of a mean of 300 points: at most (2 * 0.02 * e^1.4 / 300)^1/2 = 0.023.
  EXPECT_NEAR(noisy(Direction::forward), std::exp(0.7 - 0.02 * 0.3), 0.07);
  EXPECT_NEAR(noisy(Direction::backward), std::exp(-0.7 - 0.02 * 0.3), 0.07);
}

TEST_F(LearnedField, NoiseWithoutADenoiserIsRefused) {
  const LearnedInterpolant learned = saved("b", 0.7f, std::nullopt);
  EXPECT_THROW(InterpolantSde(learned.field, MatrixXd::Ones(1, 2), {.epsilon = 0.5}), InvalidInput);
  EXPECT_NO_THROW(InterpolantSde(learned.field, MatrixXd::Ones(1, 2), {.epsilon = 0.0}));
}

TEST_F(LearnedField, FilesThatDoNotFitAreRefused) {
  const auto message = [&](const auto& make) -> std::string {
    try {
      make();
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message([&] { saved("b,eta", 0.7f, std::nullopt); }).find("denoiser."), std::string::npos);
  EXPECT_NE(message([&] { saved("b,eta", 0.7f, 0.4f, {}, 0.0); }).find("margin"), std::string::npos);
  EXPECT_NE(message([&] { saved("eta", std::nullopt, 0.4f); }).find("mirror"), std::string::npos);
  EXPECT_NE(message([&] { saved("b,eta", 0.7f, 0.4f, {.gamma = "zero"}); }).find("no noise"),
            std::string::npos);
  write_safetensors(file_, {}, {});
  EXPECT_NE(message([&] { read_learned_interpolant(file_); }).find("learn_interpolant"), std::string::npos);
  EXPECT_THROW(LearnedParts::parse("eta,b"), InvalidInput);
}

TEST_F(LearnedField, PartsHaveATextForm) {
  for (const char* text : {"b", "b,eta", "v,eta", "b,s", "v,s", "eta", "s"})
    EXPECT_EQ(LearnedParts::parse(text).text(), text);
}

}  // namespace
}  // namespace lehr::diffusion
