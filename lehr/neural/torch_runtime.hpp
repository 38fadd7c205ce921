// How torch computes: device, threads, determinism. Only tasks call this; methods take the device as a
// setting.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace lehr::neural {

// "cpu" or "cuda"; throws InvalidInput when this build of torch, or this machine, has no such device.
torch::Device device_named(const std::string& name);

// Sets the number of threads of torch and of OpenBLAS (when that is the matrix library), and asks torch for
// deterministic algorithms. It holds for the whole process. With one thread, results are equal bit for bit in
// every run on one machine.
void set_torch_threads(std::int64_t threads);

}  // namespace lehr::neural
