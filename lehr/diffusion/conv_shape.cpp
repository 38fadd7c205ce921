#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/json.hpp"
#include "lehr/diffusion/conv_network.hpp"

namespace lehr::diffusion {
namespace {

constexpr std::int64_t max_levels = 4, max_channels = 1024;

class PartList {
 public:
  void add(const std::string& name, std::vector<std::int64_t> shape) {
    parts.push_back({name, std::move(shape)});
  }
  void linear(const std::string& name, std::int64_t inputs, std::int64_t outputs) {
    add(name + ".weight", {outputs, inputs});
    add(name + ".bias", {outputs});
  }
  void conv(const std::string& name, std::int64_t inputs, std::int64_t outputs, std::int64_t size) {
    add(name + ".weight", {outputs, inputs, size, size});
    add(name + ".bias", {outputs});
  }
  void norm(const std::string& name, std::int64_t channels) {
    add(name + ".weight", {channels});
    add(name + ".bias", {channels});
  }
  void block(const std::string& name, std::int64_t inputs, std::int64_t outputs, std::int64_t embedding) {
    norm(name + ".norm1", inputs);
    conv(name + ".conv1", inputs, outputs, 3);
    linear(name + ".emb", embedding, outputs);
    norm(name + ".norm2", outputs);
    conv(name + ".conv2", outputs, outputs, 3);
    if (inputs != outputs) conv(name + ".skip", inputs, outputs, 1);
  }

  std::vector<ConvPart> parts;
};

}  // namespace

void ConvShape::describe(OptionTable& table) {
  table.add("height", height, "of the images; 0: they are squares").range(0, 4096);
  table.add("width", width, "of the images; 0: they are squares").range(0, 4096);
  table.add("patch", patch, "squares of this many pixels a side become channels, which saves work")
      .range(1, 8);
  table.add("channels", channels,
            "of each resolution, from the finest; each next one has half the height and width");
  table.add("blocks", blocks, "residual blocks at each resolution").range(1, 8);
  table.add("groups", groups, "of the normalisation; they divide the channels").range(1, 256);
  table.add("embedding", embedding, "width of the time's embedding, a multiple of 4").range(4, 4096);
  table.add("frequencies", frequencies, "waves in which the time is embedded").range(1, 1024);
  table.add("largest_frequency", largest_frequency, "of these waves").range(1, 1e6);
}

ConvShape checked_shape(ConvShape shape, std::int64_t dimension) {
  if (shape.height == 0 && shape.width == 0) {
    const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(dimension))));
    if (side * side != dimension)
      throw InvalidInput("conv: {} coordinates are no square image; give conv.height and conv.width",
                         dimension);
    shape.height = shape.width = side;
  }
  if (dimension < 1 || shape.dimension() != dimension)
    throw InvalidInput("conv: images of {} x {} do not have {} pixels", shape.height, shape.width, dimension);
  if (shape.channels.empty() || shape.levels() > max_levels)
    throw InvalidInput("conv: channels names {} resolutions, 1 to {} are allowed", shape.levels(),
                       max_levels);
  for (const std::int64_t count : shape.channels)
    if (count < 4 || count > max_channels || count % 4 != 0 || count % shape.groups != 0)
      throw InvalidInput("conv: {} channels; allowed are multiples of 4 and of groups = {}, from 4 to {}",
                         count, shape.groups, max_channels);
  if (shape.embedding % 4 != 0)
    throw InvalidInput("conv: an embedding of {} is no multiple of 4", shape.embedding);
  const std::int64_t factor = shape.patch << (shape.levels() - 1);
  if (shape.height % factor != 0 || shape.width % factor != 0)
    throw InvalidInput(
        "conv: {} x {} pixels do not divide by {} (a patch of {}, halved {} times); take another patch or "
        "fewer "
        "channels",
        shape.height, shape.width, factor, shape.patch, shape.levels() - 1);
  return shape;
}

std::string ConvShape::architecture() const {
  ConvShape own = *this;
  Json json = lehr::describe(own).values();
  json["network"] = "conv";
  return json.dump();
}

ConvShape ConvShape::parse(std::string_view architecture, std::string_view where) {
  const std::string here = fmt::format("{}: architecture", where);
  Json json = parse_json(architecture, here);
  if (!json.is_object() || !json.contains("network") || json["network"] != "conv")
    throw InvalidInput("{}: \"network\" is not \"conv\"", here);
  json.erase("network");
  ConvShape shape;
  read_options(shape, json, here);
  return checked_shape(shape, shape.dimension());
}

std::vector<ConvPart> conv_parts(const ConvShape& shape) {
  PartList list;
  const std::vector<std::int64_t>& c = shape.channels;
  const std::int64_t pixels = shape.patch * shape.patch, last = shape.levels() - 1;
  const auto at = [&c](std::int64_t level) { return c[static_cast<std::size_t>(level)]; };
  list.linear("te.0", 2 * shape.frequencies, shape.embedding);
  list.linear("te.2", shape.embedding, shape.embedding);
  list.conv("in", pixels, c.front(), 3);
  for (std::int64_t l = 0; l < last; ++l) {
    for (std::int64_t b = 0; b < shape.blocks; ++b)
      list.block(fmt::format("fine.{}.{}", l, b), at(l), at(l), shape.embedding);
    list.conv(fmt::format("down.{}", l), at(l), at(l + 1), 3);
  }
  for (std::int64_t b = 0; b <= shape.blocks; ++b)
    list.block(fmt::format("bottom.{}", b), c.back(), c.back(), shape.embedding);
  for (std::int64_t l = last - 1; l >= 0; --l) {
    list.conv(fmt::format("up.{}", l), at(l + 1), at(l), 1);
    for (std::int64_t b = 0; b < shape.blocks; ++b)
      list.block(fmt::format("rise.{}.{}", l, b), b == 0 ? 2 * at(l) : at(l), at(l), shape.embedding);
  }
  list.norm("norm", c.front());
  list.conv("out", c.front(), pixels, 3);
  return list.parts;
}

}  // namespace lehr::diffusion
