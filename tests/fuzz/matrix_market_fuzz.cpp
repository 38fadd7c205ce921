// Any bytes give a matrix or a lehr::Error; a matrix that is written reads back equal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lehr/core/errors.hpp"
#include "lehr/core/matrix_market.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const lehr::Triplets matrix = lehr::parse_matrix_market(text, "fuzz");
    const std::string written = lehr::matrix_market_text(matrix);
    const lehr::Triplets again = lehr::parse_matrix_market(written, "written");
    if (again.rows != matrix.rows || again.columns != matrix.columns || again.row != matrix.row ||
        again.column != matrix.column || lehr::matrix_market_text(again) != written)
      std::abort();
    lehr::to_dense(matrix, 1 << 16);
  } catch (const lehr::Error&) {
  }
  return 0;
}
