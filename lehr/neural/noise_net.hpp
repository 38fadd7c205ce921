// Training of a noise predictor on points, as a method: one advance is one step of AdamW on one batch,
//
//   loss = mean over i of |eps_theta(a(t_i) x_i + s(t_i) xi_i, t_i) - xi_i|^2 / d,   t_i uniform on [t0, T],  xi_i ~ N(0, I)
//
// NoiseNet is the residual network of lehr/diffusion/residual_network.hpp, conv_net.hpp the convolutional one; `lehr` samples from both
// without libtorch. An average of the parameters with decay `average` is kept and is what `tensors` writes. Batches, times and noise are
// addressed by (seed, step): a resumed run equals the uninterrupted one bit for bit. Source: Ho, Jain and Abbeel, "Denoising diffusion
// probabilistic models", 2020.
#pragma once

#include <torch/types.h>

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/core/tensor.hpp"
#include "lehr/diffusion/process.hpp"
#include "lehr/neural/averaged_training.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::neural {

struct NoiseNetSize {
  std::int64_t dimension = 2, width = 128, blocks = 3, frequencies = 16;
  double largest_frequency = 200;
};

// The residual network on a flat vector of parameters.
class NoiseNet {
 public:
  explicit NoiseNet(const NoiseNetSize& size);
  std::int64_t parameter_count() const { return count_; }
  std::vector<float> initial_parameters(Seed seed) const;
  // x: n x d, t: n; n x d.
  torch::Tensor operator()(const torch::Tensor& parameters, const torch::Tensor& x,
                           const torch::Tensor& t) const;
  // The tensors by name, for a file.
  std::map<std::string, lehr::Tensor, std::less<>> tensors(const std::vector<float>& parameters) const;

 private:
  struct Part {
    std::string name;
    std::vector<std::int64_t> shape;
    std::int64_t offset = 0;
  };
  torch::Tensor slice(const torch::Tensor& parameters, const std::string& name) const;
  torch::Tensor linear(const torch::Tensor& parameters, const std::string& layer,
                       const torch::Tensor& x) const;

  NoiseNetSize size_;
  std::vector<Part> parts_;
  std::int64_t count_ = 0;
  std::vector<float> frequencies_;
};

// A network as training sees it: its first parameters, and its noise of x (n x d) at t (n) as a function that has a gradient.
struct NoisePredictor {
  std::function<std::vector<float>(Seed)> initial_parameters;
  std::function<torch::Tensor(const torch::Tensor& parameters, const torch::Tensor& x,
                              const torch::Tensor& t)>
      predict;
};
// Of a NoiseNet or a ConvNet, which must outlive it.
template <class Net>
NoisePredictor predictor_of(const Net& net) {
  return {[&net](Seed seed) { return net.initial_parameters(seed); },
          [&net](const torch::Tensor& parameters, const torch::Tensor& x, const torch::Tensor& t) {
            return net(parameters, x, t);
          }};
}

// The least mean loss of a predictor that is linear in x at each t: the mean over t of tr(a^2 C (a^2 C + s^2)^-1) / d, C the covariance of
// the points (of the first 10000). A network that has learned no more than means and covariances does not get below.
double least_linear_loss(const diffusion::Process& process, const Eigen::MatrixXd& points);

struct TrainNoiseSettings {
  Schedule learning_rate;
  AdamW optimizer;
  std::int64_t batch = 256;
  Schedule average = Schedule(0.999);  // decay of the parameters' average, at least 0 and below 1
};

class TrainNoise {
 public:
  struct State {
    AveragedParameters training;
    LossMean loss;
  };

  // points: d x n. All but the settings must outlive the method.
  TrainNoise(NoisePredictor net, const diffusion::Process& process, const Eigen::MatrixXd& points,
             TrainNoiseSettings settings);
  template <class Net>
  TrainNoise(const Net& net, const diffusion::Process& process, const Eigen::MatrixXd& points,
             TrainNoiseSettings settings)
      : TrainNoise(predictor_of(net), process, points, std::move(settings)) {}

  State start(const Moment& now) const;
  // Throws NumericalFailure where loss or gradient are not finite, InvalidInput where the schedule of the average leaves [0, 1).
  void advance(State& state, const Moment& now) const;
  void measure(const State& state, Row& row) const;
  std::vector<float> averaged(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    state.training.fields(visit);
    state.loss.fields(visit, "loss");
  }

 private:
  NoisePredictor net_;
  const diffusion::Process& process_;
  const Eigen::MatrixXd& points_;
  TrainNoiseSettings settings_;
};

}  // namespace lehr::neural
