#include "lehr/neural/token_net.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::neural {
namespace {

using torch::Tensor;

// The sizes by name, in one place for writing and reading.
template <class Size, class Visit>
void visit_sizes(Size& size, Visit&& visit) {
  visit("tokens", size.tokens, 1, 100000);
  visit("token_dim", size.token_dim, 1, 4096);
  visit("classes", size.classes, 0, 1000000);
  visit("width", size.width, 4, 8192);
  visit("layers", size.layers, 1, 64);
  visit("heads", size.heads, 1, 1024);
  visit("head_width", size.head_width, 4, 8192);
  visit("head_blocks", size.head_blocks, 1, 64);
  visit("frequencies", size.frequencies, 1, 1024);
}

Tensor normalized(const Tensor& h) { return at::layer_norm(h, {h.size(-1)}); }

// (1 + scale) norm(h) + shift.
Tensor modulated(const Tensor& h, const Tensor& shift, const Tensor& scale) {
  return normalized(h) * (scale + 1) + shift;
}

std::string part_name(const char* stem, std::int64_t number, const char* rest) {
  return fmt::format("{}.{}.{}", stem, number, rest);
}

}  // namespace

Json TokenNetSize::json() const {
  Json result{{"backbone", backbone}, {"largest_frequency", largest_frequency}};
  visit_sizes(*this, [&](const char* name, std::int64_t value, auto, auto) { result[name] = value; });
  return result;
}

TokenNetSize TokenNetSize::from_json(const Json& json, const std::string& where) {
  TokenNetSize size;
  if (!json.is_object()) throw InvalidInput("{}: the architecture is not an object of sizes", where);
  visit_sizes(size, [&](const char* name, std::int64_t& value, std::int64_t least, std::int64_t most) {
    if (!json.contains(name) || !json[name].is_number_integer())
      throw InvalidInput("{}: the architecture has no whole number '{}'", where, name);
    value = json[name].get<std::int64_t>();
    if (value < least || value > most)
      throw InvalidInput("{}: the architecture's '{}' must be in [{}, {}], found {}", where, name, least,
                         most, value);
  });
  if (!json.contains("backbone") || !json["backbone"].is_string() || !json.contains("largest_frequency") ||
      !json["largest_frequency"].is_number())
    throw InvalidInput("{}: the architecture has no 'backbone' or no 'largest_frequency'", where);
  size.backbone = json["backbone"].get<std::string>();
  size.largest_frequency = json["largest_frequency"].get<double>();
  return size;
}

TokenNet::TokenNet(const TokenNetSize& size) : size_(size) {
  if (size.backbone != "transformer" && size.backbone != "mlp")
    throw InvalidInput("backbone: found '{}', there are transformer and mlp", size.backbone);
  if (size.heads < 1 || size.width % size.heads != 0)
    throw InvalidInput("heads: {} heads do not divide a width of {}", size.heads, size.width);
  if (!(size.largest_frequency >= 1 && size.largest_frequency <= 1e6))
    throw InvalidInput("largest_frequency: must be in [1, 1e6], found {:g}", size.largest_frequency);
  const double branch_end = 1 / std::sqrt(2 * static_cast<double>(size.layers));
  add("label", {size.classes + 1, size.width}, 0.3);
  if (size.backbone == "transformer") {
    add_layer("token", size.token_dim, size.width);
    add("position", {size.tokens, size.width}, 0.3);
    for (std::int64_t layer = 0; layer < size.layers; ++layer) {
      add_layer(part_name("layer", layer, "qkv"), size.width, 3 * size.width);
      add_layer(part_name("layer", layer, "mix"), size.width, size.width, branch_end);
      add_layer(part_name("layer", layer, "up"), size.width, 4 * size.width);
      add_layer(part_name("layer", layer, "down"), 4 * size.width, size.width, branch_end);
    }
  } else {
    add_layer("token", size.tokens * (size.token_dim + 1), size.width);
    for (std::int64_t layer = 0; layer < size.layers; ++layer) {
      add_layer(part_name("layer", layer, "up"), size.width, 2 * size.width);
      add_layer(part_name("layer", layer, "down"), 2 * size.width, size.width, branch_end);
    }
  }
  add("target", {size.tokens, size.head_width}, 0.3);
  add_layer("summary", size.width, size.head_width);
  add_layer("time.0", 2 * size.frequencies, size.head_width);
  add_layer("time.2", size.head_width, size.head_width);
  add_layer("in", size.token_dim, size.head_width);
  for (std::int64_t b = 0; b < size.head_blocks; ++b) {
    add_layer(part_name("block", b, "modulation"), size.head_width, 3 * size.head_width, 0);
    add_layer(part_name("block", b, "up"), size.head_width, size.head_width);
    add_layer(part_name("block", b, "down"), size.head_width, size.head_width);
  }
  add_layer("out.modulation", size.head_width, 2 * size.head_width, 0);
  add_layer("out", size.head_width, size.token_dim, 0);
  for (std::int64_t i = 0; i < size.frequencies; ++i) {
    const double share =
        size.frequencies > 1 ? static_cast<double>(i) / static_cast<double>(size.frequencies - 1) : 0;
    frequencies_.push_back(static_cast<float>(std::exp(share * std::log(size.largest_frequency))));
  }
}

void TokenNet::add(const std::string& name, std::vector<std::int64_t> shape, double deviation) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  index_[name] = parts_.size();
  parts_.push_back({name, std::move(shape), count_, elements, deviation});
  count_ += elements;
}

void TokenNet::add_layer(const std::string& name, std::int64_t inputs, std::int64_t outputs, double factor) {
  add(name + ".weight", {outputs, inputs}, factor / std::sqrt(static_cast<double>(inputs)));
  add(name + ".bias", {outputs}, 0);
}

std::vector<float> TokenNet::initial_parameters(Seed seed) const {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(count_));
  Stream random(seed, lane("token_net.initial"));
  for (const Part& part : parts_)
    for (std::int64_t i = 0; i < part.count; ++i)
      values.push_back(static_cast<float>(part.deviation > 0 ? part.deviation * normal(random) : 0));
  return values;
}

Tensor TokenNet::part(const Tensor& parameters, std::string_view name) const {
  const Part& found = parts_[index_.find(name)->second];
  return parameters.narrow(0, found.offset, found.count).view(found.shape);
}

Tensor TokenNet::linear(const Tensor& parameters, const std::string& layer, const Tensor& x) const {
  return at::linear(x, part(parameters, layer + ".weight"), part(parameters, layer + ".bias"));
}

Tensor TokenNet::attention(const Tensor& parameters, const std::string& layer, const Tensor& h) const {
  const std::int64_t batch = h.size(0), length = h.size(1), head_width = size_.width / size_.heads;
  const std::vector<Tensor> qkv = linear(parameters, layer + "qkv", normalized(h))
                                      .view({batch, length, 3, size_.heads, head_width})
                                      .permute({2, 0, 3, 1, 4})
                                      .unbind(0);
  const Tensor mask =
      at::full({length, length}, -std::numeric_limits<float>::infinity(), h.options()).triu(1);
  const Tensor scores =
      at::matmul(qkv[0], qkv[1].transpose(-1, -2)) / std::sqrt(static_cast<double>(head_width)) + mask;
  const Tensor mixed = at::matmul(at::softmax(scores, -1), qkv[2]);
  return linear(parameters, layer + "mix", mixed.transpose(1, 2).reshape({batch, length, size_.width}));
}

Tensor TokenNet::transformer(const Tensor& parameters, const Tensor& tokens, const Tensor& positions,
                             const Tensor& labels) const {
  Tensor h = at::embedding(part(parameters, "label"), labels).unsqueeze(1);
  if (tokens.size(1) > 0)
    h = at::cat(
        {h, linear(parameters, "token", tokens) + at::embedding(part(parameters, "position"), positions)}, 1);
  for (std::int64_t l = 0; l < size_.layers; ++l) {
    const std::string layer = fmt::format("layer.{}.", l);
    h = h + attention(parameters, layer, h);
    h = h + linear(parameters, layer + "down", at::gelu(linear(parameters, layer + "up", normalized(h))));
  }
  return normalized(h);
}

// Token p enters y_k where its rank is below k: zeros elsewhere, beside ones at the known positions.
Tensor TokenNet::padded(const Tensor& parameters, const Tensor& tokens, const Tensor& positions,
                        const Tensor& labels) const {
  const std::int64_t batch = tokens.size(0), known = tokens.size(1), all = size_.tokens,
                     dim = size_.token_dim;
  const Tensor slots = at::zeros({batch, all, dim}, tokens.options())
                           .scatter(1, positions.unsqueeze(2).expand({batch, known, dim}), tokens);
  const Tensor ranks =
      at::full({batch, all}, known, positions.options())
          .scatter(1, positions, at::arange(known, positions.options()).unsqueeze(0).expand({batch, known}));
  const Tensor counts = at::arange(known + 1, positions.options()).view({1, known + 1, 1});
  const Tensor mask = at::lt(ranks.unsqueeze(1), counts).to(tokens.scalar_type());  // B x (K + 1) x all
  const Tensor values = slots.unsqueeze(1) * mask.unsqueeze(3);
  Tensor h = linear(parameters, "token", at::cat({values.reshape({batch, known + 1, all * dim}), mask}, 2)) +
             at::embedding(part(parameters, "label"), labels).unsqueeze(1);
  for (std::int64_t l = 0; l < size_.layers; ++l) {
    const std::string layer = fmt::format("layer.{}.", l);
    h = h + linear(parameters, layer + "down", at::gelu(linear(parameters, layer + "up", normalized(h))));
  }
  return normalized(h);
}

Tensor TokenNet::summaries(const Tensor& parameters, const Tensor& tokens, const Tensor& positions,
                           const Tensor& labels) const {
  return size_.backbone == "transformer" ? transformer(parameters, tokens, positions, labels)
                                         : padded(parameters, tokens, positions, labels);
}

Tensor TokenNet::condition(const Tensor& parameters, const Tensor& summaries, const Tensor& positions) const {
  return linear(parameters, "summary", summaries) + at::embedding(part(parameters, "target"), positions);
}

Tensor TokenNet::velocity(const Tensor& parameters, const Tensor& x, const Tensor& phi,
                          const Tensor& condition) const {
  Tensor f = at::empty({size_.frequencies}, torch::kFloat32);
  std::ranges::copy(frequencies_, f.data_ptr<float>());
  const Tensor phase = phi.unsqueeze(1) * f.to(x.device()).unsqueeze(0);
  const Tensor time =
      linear(parameters, "time.2",
             at::silu(linear(parameters, "time.0", at::cat({at::sin(phase), at::cos(phase)}, 1))));
  const Tensor c = at::silu(time + condition);
  Tensor h = linear(parameters, "in", x);
  for (std::int64_t b = 0; b < size_.head_blocks; ++b) {
    const std::vector<Tensor> m = linear(parameters, part_name("block", b, "modulation"), c).chunk(3, 1);
    const Tensor inner = at::silu(linear(parameters, part_name("block", b, "up"), modulated(h, m[0], m[1])));
    h = h + m[2] * linear(parameters, part_name("block", b, "down"), inner);
  }
  const std::vector<Tensor> m = linear(parameters, "out.modulation", c).chunk(2, 1);
  return linear(parameters, "out", modulated(h, m[0], m[1]));
}

std::map<std::string, lehr::Tensor, std::less<>> TokenNet::tensors(
    const std::vector<float>& parameters) const {
  std::map<std::string, lehr::Tensor, std::less<>> result;
  for (const Part& part : parts_)
    result[part.name] = tensor_of<float>(
        std::span(parameters)
            .subspan(static_cast<std::size_t>(part.offset), static_cast<std::size_t>(part.count)),
        part.shape);
  return result;
}

std::vector<float> TokenNet::parameters(const std::map<std::string, TensorView, std::less<>>& tensors,
                                        std::string_view where) const {
  std::vector<float> result;
  for (const Part& part : parts_) {
    const auto found = tensors.find(part.name);
    if (found == tensors.end()) throw InvalidInput("{}: there is no tensor '{}'", where, part.name);
    if (found->second.shape != part.shape)
      throw InvalidInput("{}: '{}' has the shape {}, the architecture wants {}", where, part.name,
                         to_string(found->second.shape), to_string(part.shape));
    const std::vector<float> values = found->second.to_floats();
    for (const float value : values)
      if (!std::isfinite(value))
        throw InvalidInput("{}: '{}' holds a number that is not finite", where, part.name);
    result.insert(result.end(), values.begin(), values.end());
  }
  return result;
}

}  // namespace lehr::neural
