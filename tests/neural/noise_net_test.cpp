#include "lehr/neural/noise_net.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/safetensors.hpp"
#include "lehr/diffusion/residual_network.hpp"
#include "lehr/neural/torch_runtime.hpp"

namespace lehr::neural {
namespace {

Eigen::MatrixXd two_moons(Eigen::Index n) {
  Eigen::MatrixXd points(2, n);
  Stream random(Seed{4}, lane("moons"));
  for (Eigen::Index i = 0; i < n; ++i) {
    const double angle = M_PI * uniform(random), side = i % 2 == 0 ? 1 : -1;
    points.col(i) << side * (std::cos(angle) - 0.5) + 0.05 * normal(random),
        side * (std::sin(angle) - 0.25) + 0.05 * normal(random);
  }
  return points;
}

// What is trained with libtorch is evaluated without it, to single precision.
TEST(NoiseNet, TheSavedNetworkGivesTheSameNoise) {
  set_torch_threads(1);
  const NoiseNet net({.dimension = 3, .width = 32, .blocks = 2});
  std::vector<float> parameters = net.initial_parameters(Seed{1});
  for (std::size_t i = 0; i < parameters.size(); ++i)
    parameters[i] += 0.02f * static_cast<float>(std::sin(0.7 * static_cast<double>(i)));
  diffusion::NetworkFile file;
  file.tensors = net.tensors(parameters);
  const diffusion::ScoreModel model = diffusion::residual_network(file, "test");
  torch::Tensor flat = at::empty({net.parameter_count()}, torch::kFloat32),
                x = at::empty({10, 3}, torch::kFloat32), t = at::empty({10}, torch::kFloat32);
  std::copy(parameters.begin(), parameters.end(), flat.data_ptr<float>());
  diffusion::Lanes lanes(10, 3), out(10, 3);
  for (int i = 0; i < 10; ++i) {
    t.data_ptr<float>()[i] = 0.37f;
    for (int j = 0; j < 3; ++j)
      x.data_ptr<float>()[3 * i + j] = static_cast<float>(lanes(i, j) = std::cos(i + 2.0 * j));
  }
  model.at(0.37)(lanes, out);
  const torch::Tensor expected = net(flat, x, t).contiguous();
  for (int i = 0; i < 10; ++i)
    for (int j = 0; j < 3; ++j) EXPECT_NEAR(out(i, j), expected.data_ptr<float>()[3 * i + j], 1e-5);
}

TEST(NoiseNet, TrainingLowersTheLossAndResumesBitForBit) {
  set_torch_threads(1);
  const NoiseNet net({.dimension = 2, .width = 32, .blocks = 1});
  const auto process = diffusion::Process::vp_linear();
  const Eigen::MatrixXd points = two_moons(500);
  const TrainNoise method(net, process, points,
                          {.learning_rate = Schedule(2e-3), .optimizer = {.weight_decay = 0}, .batch = 64});
  const auto whole = drive(method, Budget::steps(300), Seed{2});
  EXPECT_LT(whole.state.loss.mean, 0.7);  // predicting 0 gives 1
  Observers observers;
  observers.checkpoints.path = std::filesystem::temp_directory_path() / "lehr_noise_net.safetensors";
  observers.list.push_back(
      {[](const Moment& now, const Row&) { return now.step == 120 ? Observer::stop_run : now.step + 1; },
       {}});
  drive(method, Budget::steps(300), Seed{2}, observers);
  observers.list.clear();
  const auto resumed = drive(method, Budget::steps(300), Seed{2}, observers);
  std::filesystem::remove(observers.checkpoints.path);
  EXPECT_EQ(method.averaged(resumed.state), method.averaged(whole.state));
  EXPECT_EQ(resumed.state.loss.every_hundred, whole.state.loss.every_hundred);
}

}  // namespace
}  // namespace lehr::neural
