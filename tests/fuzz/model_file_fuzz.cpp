// Any text is a Bayesian model or refused with an Error; a model gives a density at its start, and a gradient of its length.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/sample/model/model.hpp"
#include "lehr/study/toml_document.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const lehr::sample::Model model(lehr::study::TomlDocument(text, "fuzz").root(), "fuzz", "no-such-folder");
    if (model.dimension() > 1000) return 0;
    if (model.values(model.start()).size() != static_cast<Eigen::Index>(model.names().size())) std::abort();
    Eigen::VectorXd gradient(model.dimension());
    model.log_density().with_gradient(model.start(), gradient);
  } catch (const lehr::Error&) {
  }
  return 0;
}
