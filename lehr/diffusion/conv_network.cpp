#include "lehr/diffusion/conv_network.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/dense_lanes.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Floats = std::vector<float>;

// Images of 64 points: height x width x channels x 64 numbers, the channels rounded up to a multiple of four.
struct Images {
  std::int64_t height = 0, width = 0, channels = 0;
  Floats values;

  Images() = default;
  Images(std::int64_t h, std::int64_t w, std::int64_t c)
      : height(h), width(w), channels(c), values(static_cast<std::size_t>(h * w * stride())) {}
  std::int64_t pixels() const { return height * width; }
  std::int64_t stride() const { return DenseLayer::padded(channels) * dense_lanes; }
  float* at(std::int64_t y, std::int64_t x) { return values.data() + (y * width + x) * stride(); }
  const float* at(std::int64_t y, std::int64_t x) const { return values.data() + (y * width + x) * stride(); }
};

// A convolution is a dense layer for each place of its window, added up; the one in the middle is always inside and has the bias.
struct Convolution {
  std::int64_t size = 1, inputs = 0, outputs = 0;
  std::vector<DenseLayer> places;  // size x size

  Images operator()(const Images& x, std::int64_t step = 1) const {
    Images y((x.height + step - 1) / step, (x.width + step - 1) / step, outputs);
    const std::int64_t border = size / 2;
    for (std::int64_t row = 0; row < y.height; ++row)
      for (std::int64_t column = 0; column < y.width; ++column) {
        float* const to = y.at(row, column);
        place(border, border).apply(x.at(row * step, column * step), to);
        for (std::int64_t i = 0; i < size; ++i)
          for (std::int64_t j = 0; j < size; ++j) {
            const std::int64_t from_row = row * step + i - border, from_column = column * step + j - border;
            if ((i == border && j == border) || from_row < 0 || from_row >= x.height || from_column < 0 ||
                from_column >= x.width)
              continue;
            place(i, j).apply(x.at(from_row, from_column), to, true);
          }
      }
    return y;
  }

 private:
  const DenseLayer& place(std::int64_t i, std::int64_t j) const {
    return places[static_cast<std::size_t>(i * size + j)];
  }
};

struct Norm {
  std::int64_t groups = 1;
  Floats factor, shift;

  Images silu_of(const Images& x) const {
    Images y(x.height, x.width, x.channels);
    norm_silu_lanes(x.values.data(), x.pixels(), x.channels, groups, factor.data(), shift.data(),
                    y.values.data());
    return y;
  }
};

void add_to(Images& x, const Images& other) {
  for (std::size_t i = 0; i < x.values.size(); i += dense_lanes)
    for (std::size_t p = 0; p < static_cast<std::size_t>(dense_lanes); ++p)
      x.values[i + p] += other.values[i + p];
}

struct ConvBlock {
  Norm norm1, norm2;
  Convolution conv1, conv2;
  DenseLayer embedding;
  std::optional<Convolution> skip;

  // shift: what the time adds to each channel.
  Images operator()(const Images& x, const Floats& shift) const {
    Images u = conv1(norm1.silu_of(x));
    for (std::int64_t pixel = 0; pixel < u.pixels(); ++pixel)
      for (std::int64_t c = 0; c < u.channels; ++c) {
        float* const to = u.values.data() + pixel * u.stride() + c * dense_lanes;
        for (std::int64_t p = 0; p < dense_lanes; ++p) to[p] += shift[static_cast<std::size_t>(c)];
      }
    u = conv2(norm2.silu_of(u));
    add_to(u, skip ? (*skip)(x) : x);
    return u;
  }
};

// Each pixel twice in both directions, then the channels of `kept`.
Images twice_beside(const Images& x, const Images& kept) {
  Images y(kept.height, kept.width, x.channels + kept.channels);
  for (std::int64_t row = 0; row < y.height; ++row)
    for (std::int64_t column = 0; column < y.width; ++column) {
      float* const to = y.at(row, column);
      std::copy_n(x.at(row / 2, column / 2), x.channels * dense_lanes, to);
      std::copy_n(kept.at(row, column), kept.channels * dense_lanes, to + x.channels * dense_lanes);
    }
  return y;
}

struct ConvNetwork {
  ConvShape shape;
  Floats waves;
  DenseLayer embed_first, embed_second;
  Convolution in, out;
  std::vector<std::vector<ConvBlock>> fine, rise;  // by level
  std::vector<ConvBlock> bottom;
  std::vector<Convolution> down, up;
  Norm norm;

  // What the time adds in each block, in the order of evaluation.
  std::vector<Floats> shifts(double t) const;
  void evaluate(const std::vector<Floats>& shifts, const Lanes& x, Index first, Lanes& to) const;

 private:
  Images run(const std::vector<Floats>& shifts, const Images& x) const;
};

// One dense layer on a single vector.
Floats applied(const DenseLayer& layer, const Floats& x) {
  Floats lanes(static_cast<std::size_t>(layer.inputs() * dense_lanes)),
      y(static_cast<std::size_t>(DenseLayer::padded(layer.outputs()) * dense_lanes));
  for (std::size_t i = 0; i < x.size(); ++i) std::fill_n(&lanes[i * dense_lanes], dense_lanes, x[i]);
  layer.apply(lanes.data(), y.data());
  Floats result(static_cast<std::size_t>(layer.outputs()));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = y[i * dense_lanes];
  return result;
}

Floats silu(Floats x) {
  for (float& value : x) value /= 1 + std::exp(-value);
  return x;
}

std::vector<Floats> ConvNetwork::shifts(double t) const {
  Floats phases;
  for (const float wave : waves) phases.push_back(std::sin(static_cast<float>(t) * wave));
  for (const float wave : waves) phases.push_back(std::cos(static_cast<float>(t) * wave));
  const Floats e = silu(applied(embed_second, silu(applied(embed_first, phases))));
  std::vector<Floats> result;
  const auto add = [&](const std::vector<ConvBlock>& blocks) {
    for (const ConvBlock& block : blocks) result.push_back(applied(block.embedding, e));
  };
  std::ranges::for_each(fine, add);
  add(bottom);
  for (auto level = rise.rbegin(); level != rise.rend(); ++level) add(*level);
  return result;
}

Images ConvNetwork::run(const std::vector<Floats>& shifts, const Images& x) const {
  auto shift = shifts.begin();
  std::vector<Images> kept;
  Images h = in(x);
  for (std::size_t l = 0; l < down.size(); ++l) {
    for (const ConvBlock& block : fine[l]) h = block(h, *shift++);
    kept.push_back(h);
    h = down[l](h, 2);
  }
  for (const ConvBlock& block : bottom) h = block(h, *shift++);
  for (std::size_t l = down.size(); l-- > 0;) {
    h = twice_beside(up[l](h), kept[l]);
    for (const ConvBlock& block : rise[l]) h = block(h, *shift++);
  }
  return out(norm.silu_of(h));
}

// Up to 64 rows of x from `first` on. Pixel (y, x) of a patch is channel y patch + x.
void ConvNetwork::evaluate(const std::vector<Floats>& shifts, const Lanes& x, Index first, Lanes& to) const {
  const Index count = std::min<Index>(dense_lanes, x.rows() - first);
  const std::int64_t patch = shape.patch;
  Images images(shape.height / patch, shape.width / patch, patch * patch);
  const auto place = [&](std::int64_t pixel) {
    const std::int64_t row = pixel / shape.width, column = pixel % shape.width;
    const std::int64_t channel = row % patch * patch + column % patch;
    return (row / patch * images.width + column / patch) * images.stride() + channel * dense_lanes;
  };
  for (Index j = 0; j < x.cols(); ++j)
    for (Index i = 0; i < count; ++i)
      images.values[static_cast<std::size_t>(place(j) + i)] = static_cast<float>(x(first + i, j));
  const Images answer = run(shifts, images);
  for (Index j = 0; j < to.cols(); ++j)
    for (Index i = 0; i < count; ++i)
      to(first + i, j) = static_cast<double>(answer.values[static_cast<std::size_t>(place(j) + i)]);
}

// ---- reading ----------------------------------------------------------------------------------------------

class ConvReader {
 public:
  ConvReader(const NetworkFile& file, std::string_view where, const ConvShape& shape)
      : file_(file), where_(where), groups_(shape.groups) {
    for (const ConvPart& part : conv_parts(shape)) check(part.name, part.shape);
    check("f", {shape.frequencies});
  }

  Floats vector(const std::string& name) const { return file_.tensors.find(name)->second.view().to_floats(); }
  bool has(const std::string& name) const { return file_.tensors.contains(name); }

  DenseLayer linear(const std::string& name) const {
    return {vector(name + ".weight"), vector(name + ".bias"), shape(name)[1]};
  }
  Norm norm(const std::string& name) const {
    return {groups_, vector(name + ".weight"), vector(name + ".bias")};
  }
  Convolution conv(const std::string& name) const {
    const Shape extents = shape(name);  // outputs x inputs x size x size
    Convolution result{extents[2], extents[1], extents[0], {}};
    const Floats weight = vector(name + ".weight"), bias = vector(name + ".bias"), none(bias.size(), 0.0f);
    const std::int64_t window = extents[2] * extents[3];
    for (std::int64_t k = 0; k < window; ++k) {
      Floats matrix(static_cast<std::size_t>(extents[0] * extents[1]));
      for (std::size_t i = 0; i < matrix.size(); ++i)
        matrix[i] = weight[i * static_cast<std::size_t>(window) + static_cast<std::size_t>(k)];
      result.places.emplace_back(matrix, k == window / 2 ? bias : none, extents[1]);
    }
    return result;
  }
  ConvBlock block(const std::string& name) const {
    ConvBlock block{norm(name + ".norm1"), norm(name + ".norm2"), conv(name + ".conv1"),
                    conv(name + ".conv2"), linear(name + ".emb"), {}};
    if (block.conv1.inputs != block.conv1.outputs) block.skip = conv(name + ".skip");
    return block;
  }
  std::vector<ConvBlock> blocks(const std::string& name, std::int64_t count) const {
    std::vector<ConvBlock> result;
    for (std::int64_t b = 0; b < count; ++b) result.push_back(block(fmt::format("{}.{}", name, b)));
    return result;
  }

 private:
  Shape shape(const std::string& name) const { return file_.tensors.find(name + ".weight")->second.shape; }
  void check(const std::string& name, const Shape& expected) const {
    const auto found = file_.tensors.find(name);
    if (found == file_.tensors.end()) throw InvalidInput("{}: no tensor {}", where_, quote(name));
    if (found->second.shape != expected)
      throw InvalidInput("{}: tensor {} has shape {}, {} is expected", where_, name,
                         to_string(found->second.shape), to_string(expected));
    for (const float value : vector(name))
      if (!std::isfinite(value)) throw InvalidInput("{}: {} has a number that is not finite", where_, name);
  }

  const NetworkFile& file_;
  std::string where_;
  std::int64_t groups_;
};

}  // namespace

ScoreModel conv_network(const NetworkFile& file, std::string_view where) {
  auto network = std::make_shared<ConvNetwork>();
  const ConvShape& shape = network->shape = ConvShape::parse(file.architecture, where);
  const ConvReader read(file, where, shape);
  network->waves = read.vector("f");
  network->embed_first = read.linear("te.0"), network->embed_second = read.linear("te.2");
  network->in = read.conv("in"), network->out = read.conv("out");
  for (std::int64_t l = 0; l + 1 < shape.levels(); ++l) {
    network->fine.push_back(read.blocks(fmt::format("fine.{}", l), shape.blocks));
    network->rise.push_back(read.blocks(fmt::format("rise.{}", l), shape.blocks));
    network->down.push_back(read.conv(fmt::format("down.{}", l)));
    network->up.push_back(read.conv(fmt::format("up.{}", l)));
  }
  network->bottom = read.blocks("bottom", shape.blocks + 1);
  network->norm = read.norm("norm");
  ScoreModel model;
  model.dimension = shape.dimension();
  model.predicts = prediction_of_kind(file.kind);
  model.together = 1;
  model.at = [network](double t) -> Evaluate {
    return [network, shifts = network->shifts(t)](const Lanes& x, Lanes& out) {
      for (Index first = 0; first < x.rows(); first += dense_lanes) network->evaluate(shifts, x, first, out);
    };
  };
  return model;
}

ScoreModel score_network(const NetworkFile& file, std::string_view where) {
  return file.architecture.empty() ? residual_network(file, where) : conv_network(file, where);
}

}  // namespace lehr::diffusion
