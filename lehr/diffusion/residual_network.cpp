#include "lehr/diffusion/residual_network.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/json.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/safetensors.hpp"
#include "lehr/diffusion/dense_lanes.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;

NetworkFile read_manifest(const std::filesystem::path& path) {
  const std::string where = path.string();
  const Json manifest = parse_json(read_file(path), where);
  std::filesystem::path data_path = path;
  data_path.replace_extension(".f32");
  const std::string data = read_file(data_path);
  NetworkFile file;
  try {
    for (const Json& entry : manifest.at("tensors")) {
      const auto name = entry.at("name").get<std::string>();
      Shape shape;
      for (const Json& extent : entry.at("shape")) shape.push_back(option_types::to_integer(extent));
      const std::int64_t start = option_types::to_integer(entry.at("offset"));
      if (start < 0) throw InvalidInput("{}: tensor {} starts at {}", where, quote(name), start);
      const auto offset = static_cast<std::uint64_t>(start);
      const auto bytes = byte_count(ElementType::f32, shape);
      if (!bytes || offset > data.size() || *bytes > data.size() - offset)
        throw InvalidInput("{}: tensor {} reaches past the end of {}", where, quote(name),
                           data_path.string());
      const auto* first = reinterpret_cast<const std::byte*>(data.data()) + offset;
      file.tensors[name] = {ElementType::f32, shape, {first, first + *bytes}};
    }
    if (manifest.contains("meta")) {
      file.kind = manifest["meta"].value("kind", "");
      file.process = manifest["meta"].value("process", "");
    }
  } catch (const nlohmann::json::exception&) {
    throw InvalidInput("{}: a manifest has 'tensors', each with name, shape and offset", where);
  }
  return file;
}

class TensorReader {
 public:
  TensorReader(const NetworkFile& file, std::string_view where) : file_(file), where_(where) {}
  bool has(const std::string& name) const { return file_.tensors.contains(name); }

  std::vector<float> vector(const std::string& name) const { return tensor(name, 1).view().to_floats(); }

  // inputs < 0: whatever the file says.
  DenseLayer layer(const std::string& name, std::int64_t inputs = -1) const {
    const Tensor& weight = tensor(name + ".weight", 2);
    const std::vector<float> bias = vector(name + ".bias");
    if (static_cast<std::int64_t>(bias.size()) != weight.shape[0])
      throw InvalidInput("{}: {}.weight has {} outputs, {}.bias {}", where_, name, weight.shape[0], name,
                         bias.size());
    if (inputs >= 0 && inputs != weight.shape[1])
      throw InvalidInput("{}: {}.weight has {} inputs, {} are expected", where_, name, weight.shape[1],
                         inputs);
    for (const float value : weight.view().to_floats())
      if (!std::isfinite(value))
        throw InvalidInput("{}: {}.weight has a number that is not finite", where_, name);
    return {weight.view().to_floats(), bias, weight.shape[1]};
  }

 private:
  const Tensor& tensor(const std::string& name, std::size_t rank) const {
    const auto found = file_.tensors.find(name);
    if (found == file_.tensors.end()) {
      std::vector<std::string> known;
      for (const auto& [key, value] : file_.tensors) known.push_back(key);
      throw InvalidInput("{}: no tensor {}{}", where_, quote(name), hint(name, known));
    }
    if (found->second.shape.size() != rank)
      throw InvalidInput("{}: tensor {} has shape {}, {} axes are expected", where_, name,
                         to_string(found->second.shape), rank);
    return found->second;
  }

  const NetworkFile& file_;
  std::string where_;
};

struct ResidualNetwork {
  struct Block {
    DenseLayer first, second;
  };
  std::vector<float> frequencies;
  DenseLayer in, embed_first, embed_second, out;
  std::vector<Block> blocks;

  // e of one time.
  std::vector<float> embedding(double t) const {
    const std::size_t count = frequencies.size();
    const auto width = static_cast<std::size_t>(DenseLayer::padded(in.outputs()));
    std::vector<float> waves(2 * count * dense_lanes), hidden(width * dense_lanes),
        result(width * dense_lanes), e(width);
    for (std::size_t i = 0; i < count; ++i) {
      std::fill_n(&waves[i * dense_lanes], dense_lanes, std::sin(static_cast<float>(t) * frequencies[i]));
      std::fill_n(&waves[(count + i) * dense_lanes], dense_lanes,
                  std::cos(static_cast<float>(t) * frequencies[i]));
    }
    hidden.resize(static_cast<std::size_t>(DenseLayer::padded(embed_first.outputs()) * dense_lanes));
    embed_first.apply(waves.data(), hidden.data());
    silu_lanes(hidden.data(), nullptr, hidden.data(), embed_first.outputs());
    embed_second.apply(hidden.data(), result.data());
    for (std::size_t i = 0; i < width; ++i) e[i] = result[i * dense_lanes];
    return e;
  }

  // Up to 64 rows of x from `first` on.
  void evaluate(const std::vector<float>& e, const std::vector<bool>& skipped, const Lanes& x, Index first,
                Lanes& to) const {
    const Index count = std::min<Index>(dense_lanes, x.rows() - first);
    const auto width = static_cast<std::size_t>(DenseLayer::padded(in.outputs()) * dense_lanes);
    std::vector<float> memory(static_cast<std::size_t>(in.inputs()) * dense_lanes + 3 * width +
                              static_cast<std::size_t>(DenseLayer::padded(out.outputs()) * dense_lanes));
    float *points = memory.data(), *h = points + in.inputs() * dense_lanes, *u = h + width, *v = u + width,
          *answer = v + width;
    for (Index j = 0; j < x.cols(); ++j)
      for (Index i = 0; i < count; ++i) points[j * dense_lanes + i] = static_cast<float>(x(first + i, j));
    in.apply(points, h);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      if (skipped[b]) continue;
      silu_lanes(h, e.data(), u, in.outputs());
      blocks[b].first.apply(u, v);
      silu_lanes(v, nullptr, u, in.outputs());
      blocks[b].second.apply(u, h, true);
    }
    silu_lanes(h, nullptr, u, in.outputs());
    out.apply(u, answer);
    for (Index j = 0; j < to.cols(); ++j)
      for (Index i = 0; i < count; ++i) to(first + i, j) = static_cast<double>(answer[j * dense_lanes + i]);
  }
};

ScoreModel model_of(const std::shared_ptr<const ResidualNetwork>& network, std::vector<bool> skipped,
                    Prediction predicts) {
  ScoreModel model;
  model.dimension = network->in.inputs();
  model.predicts = predicts;
  for (std::size_t b = 0; b < network->blocks.size(); ++b) model.blocks.push_back(fmt::format("bl.{}", b));
  model.at = [network, skipped](double t) -> Evaluate {
    return [network, skipped, e = network->embedding(t)](const Lanes& x, Lanes& out) {
      for (Index first = 0; first < x.rows(); first += dense_lanes)
        network->evaluate(e, skipped, x, first, out);
    };
  };
  model.without = [network, predicts](const std::vector<int>& blocks) {
    std::vector<bool> chosen(network->blocks.size(), false);
    for (const int block : blocks) {
      if (block < 0 || block >= static_cast<int>(chosen.size()))
        throw InvalidInput("network: no block {}; there are {}", block, chosen.size());
      chosen[static_cast<std::size_t>(block)] = true;
    }
    return model_of(network, chosen, predicts);
  };
  return model;
}

}  // namespace

Prediction prediction_of_kind(const std::string& kind) {
  const std::string first = kind.substr(0, kind.find(' '));
  return first.empty() ? Prediction::noise : prediction_named(first);
}

NetworkFile read_network(const std::filesystem::path& path) {
  if (path.extension() == ".json") return read_manifest(path);
  const Safetensors content(path);
  NetworkFile file;
  for (const auto& [name, tensor] : content.tensors()) {
    const std::vector<float> values = tensor.to_floats();
    file.tensors[name] = tensor_of<float>(values, tensor.shape);
  }
  const auto text = [&](const char* key) {
    const auto found = content.metadata().find(key);
    return found == content.metadata().end() ? std::string() : found->second;
  };
  file.kind = text("kind");
  file.process = text("process");
  file.architecture = text("architecture");
  return file;
}

ScoreModel residual_network(const NetworkFile& file, std::string_view where) {
  if (!file.architecture.empty())
    throw InvalidInput("{}: a convolutional network; a residual one is expected here", where);
  const TensorReader read(file, where);
  auto network = std::make_shared<ResidualNetwork>();
  network->frequencies = read.vector("f");
  network->in = read.layer("inp");
  const std::int64_t width = network->in.outputs();
  if (width % 4 != 0) throw InvalidInput("{}: a width of {} is no multiple of 4", where, width);
  network->embed_first = read.layer("te.0", 2 * static_cast<std::int64_t>(network->frequencies.size()));
  network->embed_second = read.layer("te.2", network->embed_first.outputs());
  if (network->embed_second.outputs() != width)
    throw InvalidInput("{}: te.2 has {} outputs, {} are expected", where, network->embed_second.outputs(),
                       width);
  for (int b = 0; read.has(fmt::format("bl.{}.1.weight", b)); ++b) {
    network->blocks.push_back(
        {read.layer(fmt::format("bl.{}.1", b), width), read.layer(fmt::format("bl.{}.3", b), width)});
    if (network->blocks.back().first.outputs() != width || network->blocks.back().second.outputs() != width)
      throw InvalidInput("{}: block {} does not keep the width {}", where, b, width);
  }
  network->out = read.layer("out", width);
  if (network->out.outputs() != network->in.inputs())
    throw InvalidInput("{}: {} inputs, but {} outputs", where, network->in.inputs(), network->out.outputs());
  const std::vector<bool> none(network->blocks.size(), false);
  return model_of(network, none, prediction_of_kind(file.kind));
}

Features feature_network(const NetworkFile& file, std::string_view where) {
  const TensorReader read(file, where);
  auto layers = std::make_shared<std::vector<DenseLayer>>();
  layers->push_back(read.layer("0"));
  layers->push_back(read.layer("2", layers->front().outputs()));
  return [layers, where = std::string(where)](const Eigen::Ref<const Eigen::MatrixXd>& points) {
    const DenseLayer &first = layers->front(), &second = layers->back();
    if (points.rows() != first.inputs())
      throw InvalidInput("{}: features take {} coordinates, the points have {}", where, first.inputs(),
                         points.rows());
    Eigen::MatrixXd features(second.outputs(), points.cols());
    parallel_for((points.cols() + dense_lanes - 1) / dense_lanes, [&](std::int64_t block) {
      const Index from = block * dense_lanes, count = std::min<Index>(dense_lanes, points.cols() - from);
      std::vector<float> x(static_cast<std::size_t>(first.inputs() * dense_lanes)),
          u(static_cast<std::size_t>(DenseLayer::padded(first.outputs()) * dense_lanes)),
          v(static_cast<std::size_t>(DenseLayer::padded(second.outputs()) * dense_lanes));
      for (Index j = 0; j < points.rows(); ++j)
        for (Index i = 0; i < count; ++i)
          x[static_cast<std::size_t>(j * dense_lanes + i)] =
              static_cast<float>(std::clamp(points(j, from + i), -1.0, 1.0));
      first.apply(x.data(), u.data());
      for (float& value : u) value = std::max(value, 0.0f);
      second.apply(u.data(), v.data());
      for (Index j = 0; j < features.rows(); ++j)
        for (Index i = 0; i < count; ++i)
          features(j, from + i) = std::max(0.0f, v[static_cast<std::size_t>(j * dense_lanes + i)]);
    });
    return features;
  };
}

}  // namespace lehr::diffusion
