#include "lehr/neural/noise_net.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::neural {

NoiseNet::NoiseNet(const NoiseNetSize& size) : size_(size) {
  if (size.width % 4 != 0) throw InvalidInput("network: a width of {} is no multiple of 4", size.width);
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    parts_.push_back({name, std::move(shape), count_});
    count_ += count;
  };
  const auto layer = [&](const std::string& name, std::int64_t inputs, std::int64_t outputs) {
    add(name + ".weight", {outputs, inputs});
    add(name + ".bias", {outputs});
  };
  layer("inp", size.dimension, size.width);
  layer("te.0", 2 * size.frequencies, size.width);
  layer("te.2", size.width, size.width);
  for (std::int64_t b = 0; b < size.blocks; ++b) {
    layer(fmt::format("bl.{}.1", b), size.width, size.width);
    layer(fmt::format("bl.{}.3", b), size.width, size.width);
  }
  layer("out", size.width, size.dimension);
  for (std::int64_t i = 0; i < size.frequencies; ++i) {
    const double share =
        size.frequencies > 1 ? static_cast<double>(i) / static_cast<double>(size.frequencies - 1) : 0;
    frequencies_.push_back(static_cast<float>(std::exp(share * std::log(size.largest_frequency))));
  }
}

// Uniform on +-1 / inputs^1/2, as is customary; the last layer of each block and of the network begins at a tenth of it.
std::vector<float> NoiseNet::initial_parameters(Seed seed) const {
  std::vector<float> values(static_cast<std::size_t>(count_), 0.0f);
  Stream random(seed, lane("noise_net.initial"));
  for (const Part& part : parts_) {
    if (part.shape.size() != 2) continue;
    const bool last = part.name == "out.weight" || part.name.ends_with(".3.weight");
    const double bound = (last ? 0.1 : 1.0) / std::sqrt(static_cast<double>(part.shape[1]));
    for (std::int64_t i = 0; i < part.shape[0] * part.shape[1]; ++i)
      values[static_cast<std::size_t>(part.offset + i)] =
          static_cast<float>(bound * (2 * uniform(random) - 1));
  }
  return values;
}

torch::Tensor NoiseNet::slice(const torch::Tensor& parameters, const std::string& name) const {
  const auto part = std::ranges::find(parts_, name, &Part::name);
  std::int64_t count = 1;
  for (const std::int64_t extent : part->shape) count *= extent;
  return parameters.narrow(0, part->offset, count).view(part->shape);
}

torch::Tensor NoiseNet::linear(const torch::Tensor& parameters, const std::string& layer,
                               const torch::Tensor& x) const {
  return at::addmm(slice(parameters, layer + ".bias"), x, slice(parameters, layer + ".weight").t());
}

torch::Tensor NoiseNet::operator()(const torch::Tensor& parameters, const torch::Tensor& x,
                                   const torch::Tensor& t) const {
  torch::Tensor f = at::empty({size_.frequencies}, torch::kFloat32);
  std::ranges::copy(frequencies_, f.data_ptr<float>());
  const torch::Tensor phase = t.unsqueeze(1) * f.to(x.device()).unsqueeze(0);
  const torch::Tensor waves = at::cat({at::sin(phase), at::cos(phase)}, 1);
  const torch::Tensor e = linear(parameters, "te.2", at::silu(linear(parameters, "te.0", waves)));
  torch::Tensor h = linear(parameters, "inp", x);
  for (std::int64_t b = 0; b < size_.blocks; ++b)
    h = h + linear(parameters, fmt::format("bl.{}.3", b),
                   at::silu(linear(parameters, fmt::format("bl.{}.1", b), at::silu(h + e))));
  return linear(parameters, "out", at::silu(h));
}

std::map<std::string, lehr::Tensor, std::less<>> NoiseNet::tensors(
    const std::vector<float>& parameters) const {
  std::map<std::string, lehr::Tensor, std::less<>> result;
  result["f"] = tensor_of<float>(frequencies_, {size_.frequencies});
  for (const Part& part : parts_) {
    std::int64_t count = 1;
    for (const std::int64_t extent : part.shape) count *= extent;
    result[part.name] = tensor_of<float>(
        std::span(parameters).subspan(static_cast<std::size_t>(part.offset), static_cast<std::size_t>(count)),
        part.shape);
  }
  return result;
}

// The mean over t by the midpoint rule; the eigenvalues of C make the trace a sum.
double least_linear_loss(const diffusion::Process& process, const Eigen::MatrixXd& points) {
  constexpr Eigen::Index most = 10000;
  constexpr int times = 400;
  const Eigen::MatrixXd covariance =
      diffusion::moments_of(points.leftCols(std::min(most, points.cols()))).covariance;
  const Eigen::ArrayXd variances = linalg::symmetric_eigenvalues(covariance).cwiseMax(0).array();
  double sum = 0;
  for (int i = 0; i < times; ++i) {
    const double t = process.t0() + (process.end() - process.t0()) * (i + 0.5) / times;
    const double a = process.a(t), s = process.s(t);
    sum += (a * a * variances / (a * a * variances + s * s)).mean();
  }
  return sum / times;
}

TrainNoise::TrainNoise(NoisePredictor net, const diffusion::Process& process, const Eigen::MatrixXd& points,
                       TrainNoiseSettings settings)
    : net_(std::move(net)), process_(process), points_(points), settings_(std::move(settings)) {}

TrainNoise::State TrainNoise::start(const Moment& now) const {
  return {AveragedParameters(net_.initial_parameters(now.seed)), {}};
}

void TrainNoise::advance(State& state, const Moment& now) const {
  const std::int64_t n = settings_.batch, d = points_.rows();
  torch::Tensor x = at::empty({n, d}, torch::kFloat32), noise = at::empty({n, d}, torch::kFloat32),
                t = at::empty({n}, torch::kFloat32);
  Stream stream = now.random(lane("noise_net.batch"));
  QuickStream random(stream);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto column = std::min(
        points_.cols() - 1, static_cast<Eigen::Index>(uniform(random) * static_cast<double>(points_.cols())));
    double time = process_.t0() + (process_.end() - process_.t0()) * uniform(random);
    if (process_.discrete()) time = std::round(time);
    const double a = process_.a(time), s = process_.s(time);
    t.data_ptr<float>()[i] = static_cast<float>(time);
    for (std::int64_t j = 0; j < d; ++j) {
      const double xi = normal(random);
      noise.data_ptr<float>()[i * d + j] = static_cast<float>(xi);
      x.data_ptr<float>()[i * d + j] = static_cast<float>(a * points_(j, column) + s * xi);
    }
  }
  const torch::Tensor parameters = state.training.leaf();
  const torch::Tensor loss = (net_.predict(parameters, x, t) - noise).square().mean();
  state.loss.add(state.training.step(parameters, loss, settings_.optimizer, settings_.learning_rate,
                                     settings_.average, now),
                 now.step);
}

void TrainNoise::measure(const State& state, Row& row) const {
  row.add("lr", state.training.lr);
  row.add("loss", state.loss.mean);
  row.add("grad_norm", state.training.grad_norm);
}

std::vector<float> TrainNoise::averaged(const State& state) const {
  return flat_vector(state.training.average);
}

}  // namespace lehr::neural
