// A small convolutional network as a score model, without libtorch: a U-Net on images that stand as points, row by row.
//
//   squares of patch x patch pixels become channels: h = in x
//   level l = 0 .. L-2:  h = block(h) (`blocks` times), kept as k_l;  h = down_l h, 3 x 3 with stride 2, to channels[l + 1]
//   bottom:              h = block(h), `blocks` + 1 times
//   level l = L-2 .. 0:  h = block([twice up_l h, k_l]) and `blocks` - 1 more; up_l is 1 x 1, "twice" repeats each pixel 2 x 2
//   out silu(norm h), channels back to pixels
//   block(h) = r h + conv2 silu(norm2(conv1 silu(norm1 h) + emb silu(e))),  r = 1, or 1 x 1 where the channels change
//   e = te.2 silu(te.0 [sin(t f), cos(t f)])
//
// Convolutions without a size above are 3 x 3 with a border of zeros; norm is group normalisation. The file is safetensors, its metadata
// "architecture" a JSON object with "network": "conv" and the options of ConvShape. Cost: a 3 x 3 convolution of c channels takes
// 9 c^2 products a pixel. Sources: O. Ronneberger, P. Fischer, T. Brox, "U-Net", 2015; J. Ho, A. Jain, P. Abbeel, "Denoising diffusion
// probabilistic models", 2020, appendix B; Y. Wu, K. He, "Group normalization", 2018.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/diffusion/residual_network.hpp"
#include "lehr/diffusion/score_model.hpp"

namespace lehr::diffusion {

struct ConvShape {
  std::int64_t height = 0, width = 0;  // 0: of a square image
  std::int64_t patch = 2, blocks = 1, groups = 8, embedding = 128, frequencies = 16;
  double largest_frequency = 200;
  std::vector<std::int64_t> channels = {48, 96};

  void describe(OptionTable& table);
  std::int64_t dimension() const { return height * width; }
  std::int64_t levels() const { return static_cast<std::int64_t>(channels.size()); }
  // The metadata of a file, and what it says. Throws InvalidInput.
  std::string architecture() const;
  static ConvShape parse(std::string_view architecture, std::string_view where);
};
// Throws InvalidInput where the levels do not fit the image, or the groups the channels. Sets a square's height and width from `dimension`.
ConvShape checked_shape(ConvShape shape, std::int64_t dimension);

// The tensors of a network besides the waves `f`, in a fixed order.
struct ConvPart {
  std::string name;
  std::vector<std::int64_t> shape;
};
std::vector<ConvPart> conv_parts(const ConvShape& shape);

// Throws InvalidInput for missing tensors, other shapes, numbers that are not finite.
ScoreModel conv_network(const NetworkFile& file, std::string_view where);

// Whichever network the file holds: conv_network or residual_network.
ScoreModel score_network(const NetworkFile& file, std::string_view where);

}  // namespace lehr::diffusion
