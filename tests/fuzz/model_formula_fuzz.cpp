// Any text is a formula of two inputs or refused with an Error; a formula has one value at a point.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/sample/expression_model.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto model = lehr::sample::expression_model({"x", "y"}, {}, {{"z", text}});
    if (model.evaluate(Eigen::MatrixXd::Constant(2, 3, 0.5)).cols() != 3) std::abort();
  } catch (const lehr::Error&) {
  }
  return 0;
}
