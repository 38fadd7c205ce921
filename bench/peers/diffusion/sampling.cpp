// Sampling a model, timed: compare.py and network.py run this beside NumPy and PyTorch.
//   diffusion_bench MODEL COUNT STEPS     MODEL: a mixture (.json) or a network (.safetensors); tAB-DEIS of order 3 on one thread
// A line of JSON says the processor time.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/residual_network.hpp"

int main(int count, char** words) {
  using namespace lehr;
  using namespace lehr::diffusion;
  if (count != 4) return 2;
  set_threads(1);
  const std::filesystem::path path = words[1];
  const Process process = Process::vp_linear();
  const ScoreModel model = path.extension() == ".json" ? mixture_score(read_mixture(path), process)
                                                       : residual_network(read_network(path), path.string());
  const Eigen::Index total = std::atol(words[2]);
  // The caller's memory, there before the clock starts on every side.
  Eigen::MatrixXd points = Eigen::MatrixXd::Ones(model.dimension, total);
  const auto begin = std::clock();
  const Plan plan =
      deis_plan(process, TimeGrid::parse("power_t(2)").times(process, std::atol(words[3])), {.order = 3});
  follow_from_prior(plan, model, process, {Seed{1}, 0}, points);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  fmt::print("{{\"seconds\": {}, \"sum\": {}}}\n", seconds, points.sum());
}
