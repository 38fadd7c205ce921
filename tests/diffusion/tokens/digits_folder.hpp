// Where the mixture of digits is, for the tests that need it.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace lehr::diffusion::test {

inline std::filesystem::path digits_folder() {
  const char* const shared = std::getenv("LEHR_SHARED_DATA");
  return std::filesystem::path(shared != nullptr ? shared : "../shared/data") / "disa";
}

}  // namespace lehr::diffusion::test
