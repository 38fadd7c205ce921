#include "lehr/neural/conv_net.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/neural/flat_tensor.hpp"

namespace lehr::neural {

using diffusion::ConvPart;
using diffusion::ConvShape;

// The parameters cut into tensors: one cut, so that the gradient is put together once.
class ConvNet::Pieces {
 public:
  Pieces(const ConvNet& net, const torch::Tensor& parameters)
      : net_(net), pieces_(at::split_with_sizes(parameters, net.sizes_, 0)) {}

  torch::Tensor get(const std::string& name) const {
    const std::size_t i = net_.index_.find(name)->second;
    return pieces_[i].view(net_.parts_[i].shape);
  }
  torch::Tensor linear(const std::string& layer, const torch::Tensor& x) const {
    return at::addmm(get(layer + ".bias"), x, get(layer + ".weight").t());
  }
  torch::Tensor conv(const std::string& layer, const torch::Tensor& x, std::int64_t stride = 1) const {
    const torch::Tensor weight = get(layer + ".weight");
    const std::int64_t border = weight.size(2) / 2;
    return at::conv2d(x, weight, get(layer + ".bias"), {stride, stride}, {border, border});
  }
  torch::Tensor norm_silu(const std::string& layer, const torch::Tensor& x) const {
    return at::silu(at::group_norm(x, net_.shape_.groups, get(layer + ".weight"), get(layer + ".bias")));
  }
  // e: silu of the embedding, n x embedding.
  torch::Tensor block(const std::string& name, const torch::Tensor& x, const torch::Tensor& e) const {
    torch::Tensor u = conv(name + ".conv1", norm_silu(name + ".norm1", x));
    u = u + linear(name + ".emb", e).unsqueeze(2).unsqueeze(3);
    u = conv(name + ".conv2", norm_silu(name + ".norm2", u));
    return u + (net_.index_.contains(name + ".skip.weight") ? conv(name + ".skip", x) : x);
  }

 private:
  const ConvNet& net_;
  std::vector<torch::Tensor> pieces_;
};

ConvNet::ConvNet(const ConvShape& shape)
    : shape_(checked_shape(shape, shape.dimension())), parts_(conv_parts(shape_)) {
  for (const ConvPart& part : parts_) {
    index_[part.name] = sizes_.size();
    sizes_.push_back(
        std::accumulate(part.shape.begin(), part.shape.end(), std::int64_t{1}, std::multiplies<>()));
    count_ += sizes_.back();
  }
  for (std::int64_t i = 0; i < shape_.frequencies; ++i) {
    const double share =
        shape_.frequencies > 1 ? static_cast<double>(i) / static_cast<double>(shape_.frequencies - 1) : 0;
    frequencies_.push_back(static_cast<float>(std::exp(share * std::log(shape_.largest_frequency))));
  }
}

// Weights uniform with variance 1 / inputs; the last of each block and of the network begin at a tenth of that. Norms begin as they are.
std::vector<float> ConvNet::initial_parameters(Seed seed) const {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(count_));
  Stream random(seed, lane("conv_net.initial"));
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto& [name, shape] = parts_[i];
    const auto size = static_cast<std::size_t>(sizes_[i]);
    if (shape.size() == 1) {
      const bool scale =
          name.ends_with("norm.weight") || name.ends_with("norm1.weight") || name.ends_with("norm2.weight");
      values.insert(values.end(), size, scale ? 1.0f : 0.0f);
      continue;
    }
    const bool last = name == "out.weight" || name.ends_with(".conv2.weight");
    const double bound =
        (last ? 0.1 : 1.0) * std::sqrt(3.0 / (static_cast<double>(size) / static_cast<double>(shape[0])));
    for (std::size_t j = 0; j < size; ++j)
      values.push_back(static_cast<float>(bound * (2 * uniform(random) - 1)));
  }
  return values;
}

torch::Tensor ConvNet::operator()(const torch::Tensor& parameters, const torch::Tensor& x,
                                  const torch::Tensor& t) const {
  const Pieces pieces(*this, parameters);
  const torch::Tensor phase = t.unsqueeze(1) * flat_tensor(frequencies_).to(x.device()).unsqueeze(0);
  const torch::Tensor waves = at::cat({at::sin(phase), at::cos(phase)}, 1);
  const torch::Tensor e = at::silu(pieces.linear("te.2", at::silu(pieces.linear("te.0", waves))));
  const std::int64_t last = shape_.levels() - 1;

  torch::Tensor h =
      pieces.conv("in", at::pixel_unshuffle(x.view({-1, 1, shape_.height, shape_.width}), shape_.patch));
  std::vector<torch::Tensor> kept;
  for (std::int64_t l = 0; l < last; ++l) {
    for (std::int64_t b = 0; b < shape_.blocks; ++b) h = pieces.block(fmt::format("fine.{}.{}", l, b), h, e);
    kept.push_back(h);
    h = pieces.conv(fmt::format("down.{}", l), h, 2);
  }
  for (std::int64_t b = 0; b <= shape_.blocks; ++b) h = pieces.block(fmt::format("bottom.{}", b), h, e);
  for (std::int64_t l = last - 1; l >= 0; --l) {
    h = pieces.conv(fmt::format("up.{}", l), h);
    h = at::cat(
        {at::upsample_nearest2d(h, {2 * h.size(2), 2 * h.size(3)}), kept[static_cast<std::size_t>(l)]}, 1);
    for (std::int64_t b = 0; b < shape_.blocks; ++b) h = pieces.block(fmt::format("rise.{}.{}", l, b), h, e);
  }
  h = pieces.conv("out", pieces.norm_silu("norm", h));
  return at::pixel_shuffle(h, shape_.patch).reshape({-1, shape_.dimension()});
}

std::map<std::string, lehr::Tensor, std::less<>> ConvNet::tensors(
    const std::vector<float>& parameters) const {
  std::map<std::string, lehr::Tensor, std::less<>> result;
  result["f"] = tensor_of<float>(frequencies_, {shape_.frequencies});
  std::size_t offset = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto size = static_cast<std::size_t>(sizes_[i]);
    result[parts_[i].name] = tensor_of<float>(std::span(parameters).subspan(offset, size), parts_[i].shape);
    offset += size;
  }
  return result;
}

std::vector<float> ConvNet::parameters_of(const diffusion::NetworkFile& file) const {
  std::vector<float> parameters;
  parameters.reserve(static_cast<std::size_t>(count_));
  for (const ConvPart& part : parts_) {
    const auto found = file.tensors.find(part.name);
    if (found == file.tensors.end() || found->second.shape != part.shape)
      throw InvalidInput("conv: tensor {} of shape {} is expected", quote(part.name), to_string(part.shape));
    const std::vector<float> values = found->second.view().to_floats();
    parameters.insert(parameters.end(), values.begin(), values.end());
  }
  return parameters;
}

}  // namespace lehr::neural
