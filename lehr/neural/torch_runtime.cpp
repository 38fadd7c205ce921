#include "lehr/neural/torch_runtime.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include "lehr/core/errors.hpp"

namespace lehr::neural {

torch::Device device_named(const std::string& name) {
  if (name == "cpu") return torch::kCPU;
  if (name != "cuda") throw InvalidInput("device: found {}, known are cpu and cuda", quote(name));
  if (!at::hasCUDA())
    throw InvalidInput("device: cuda was asked for, but torch finds no CUDA device here; use cpu");
  return torch::kCUDA;
}

void set_torch_threads(std::int64_t threads) {
  at::set_num_threads(static_cast<int>(threads));
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
  // OpenBLAS built on pthreads does not follow torch's setting; its symbol is absent under other matrix
  // libraries.
  using SetThreads = void (*)(int);
  if (const auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set(static_cast<int>(threads));
}

}  // namespace lehr::neural
