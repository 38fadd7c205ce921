// `lehr diffusion transport --model` on files made by hand: each network is slope * x (silu(20 + x) is linear to 1e-7).
#include <cmath>
#include <map>

#include "lehr/core/safetensors.hpp"
#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

class LearnedTransportCommand : public lehr::test::CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    save("flow.safetensors", "b", {{"velocity.", 0.7f}});
    save("noisy.safetensors", "b,s", {{"velocity.", 0.7f}, {"denoiser.", -0.3f}});
    std::string points = "height\n";
    for (int i = 0; i < 400; ++i) points += std::to_string(std::sin(7.0 * i)) + "\n";
    write("x.csv", points);
    write("plane.csv", "a,b\n1,2\n3,4\n");
  }
  void save(const std::string& name, const std::string& learn,
            const std::map<std::string, float>& slopes) const {
    std::map<std::string, lehr::Tensor> tensors;
    for (const auto& [prefix, slope] : slopes) {
      const auto add = [&](const std::string& part, std::vector<float> values, lehr::Shape shape) {
        tensors[prefix + part] = lehr::tensor_of<float>(values, std::move(shape));
      };
      add("f", {1}, {1});
      add("inp.weight", {1, 0, 0, 0}, {4, 1}), add("inp.bias", {20, 0, 0, 0}, {4});
      add("te.0.weight", std::vector<float>(8), {4, 2}), add("te.0.bias", std::vector<float>(4), {4});
      add("te.2.weight", std::vector<float>(16), {4, 4}), add("te.2.bias", std::vector<float>(4), {4});
      add("out.weight", {slope, 0, 0, 0}, {1, 4}), add("out.bias", {-20 * slope}, {1});
    }
    lehr::TensorViews views;
    for (const auto& [key, tensor] : tensors) views[key] = tensor.view();
    lehr::write_safetensors(folder_ / name, views,
                            {{"learn", learn},
                             {"path", "linear"},
                             {"gamma", "brownian"},
                             {"gamma_scale", "1"},
                             {"dimension", "1"},
                             {"margin", "0.001"}});
  }
  Json json(const std::string& arguments) const {
    const auto outcome = lehr(arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json();
  }
};

// dX = 0.7 X dt: e^0.7 forward, e^-0.7 backward; log rho1(x) = log N(x e^-0.7) - 0.7.
TEST_F(LearnedTransportCommand, CarriesTheFilesPointsBothWays) {
  const Json there =
      json("diffusion transport --model flow.safetensors --points x.csv --log_likelihood --steps 50");
  for (const std::size_t i : {1u, 77u, 399u}) {
    const double x = std::sin(7.0 * static_cast<double>(i));
    EXPECT_NEAR(there["end"][i][0].get<double>(), x * std::exp(0.7), 1e-4);
    EXPECT_NEAR(there["log_likelihood"][i].get<double>(), -0.5 * x * x - 0.5 * std::log(2 * M_PI) - 0.7,
                3e-3);
  }
  const Json back = json(
      "diffusion transport --model flow.safetensors --to x.csv --direction backward --steps 50 --save "
      "back.csv");
  EXPECT_NEAR(back["end"][3][0].get<double>(), std::sin(21.0) * std::exp(-0.7), 1e-4);
  EXPECT_EQ(content(folder_ / "back.csv").substr(0, 7), "height\n");
}

// Noise of variance 2 * 0.05 beside the flow's spread. The mean of 4000 draws has a deviation of about 0.04.
TEST_F(LearnedTransportCommand, WithNoiseToo) {
  const Json noisy =
      json("diffusion transport --model noisy.safetensors --to x.csv --epsilon 0.05 --count 4000 --steps 50");
  double square = 0;
  for (const Json& point : noisy["end"]) square += std::pow(point[0].get<double>(), 2) / 4000;
  // v' = 2 (0.7 - 0.015) v + 0.1 from v = 1: 4.15; four deviations of 4000 draws are 9 %.
  const double rate = 2 * 0.685;
  EXPECT_NEAR(square, std::exp(rate) + 0.1 * (std::exp(rate) - 1) / rate, 0.38);
  EXPECT_TRUE(noisy["metrics"].contains("energy_distance"));
  EXPECT_TRUE(noisy["metrics"].contains("energy_floor"));
}

TEST_F(LearnedTransportCommand, RefusalsAreOneClearLine) {
  const std::string model = "diffusion transport --model flow.safetensors ";
  expect_one_line_error(model + "--epsilon 0.5", "no score");
  expect_one_line_error(model + "--path trig", "the model's");
  expect_one_line_error(model + "--from plane.csv", "coordinates");
  expect_one_line_error(model + "--to plane.csv --direction backward", "coordinates");
  expect_one_line_error(model + "--direction backward", "nothing travels");
  expect_one_line_error(model + "--perturb_amplitude 1", "perturb_amplitude");
  expect_one_line_error("diffusion transport --model x.csv", "x.csv");
}

}  // namespace
