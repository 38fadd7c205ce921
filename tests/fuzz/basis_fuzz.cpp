// Any text is a space of functions or refused with an Error; its functions are finite at a point of its measure.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lehr/core/errors.hpp"
#include "lehr/sample/basis_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto space = lehr::sample::parse_basis(text);
    if (space.size > 500 || space.dimension > 20) return 0;
    lehr::Stream random(lehr::Seed{1}, 0);
    const Eigen::MatrixXd points = space.draw_reference(random, 1);
    if (space.features(points).rows() != space.size) std::abort();
  } catch (const lehr::Error&) {
  }
  return 0;
}
