// Speed, per second of one core, of the methods that minimise: tabu iterations, oscillator updates, enumerated states, nodes, table entries.
#include <benchmark/benchmark.h>

#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/branch_and_bound.hpp"
#include "lehr/spin/exact_enumeration.hpp"
#include "lehr/spin/simulated_bifurcation.hpp"
#include "lehr/spin/tabu.hpp"
#include "lehr/spin/variable_elimination.hpp"

namespace lehr::spin {
namespace {

enum Weights { integers, reals };

// Each pair is coupled with probability degree / (size - 1).
IsingModel random_graph(Index size, double degree, Weights weights) {
  Stream random(Seed{1}, lane("graph"));
  std::vector<Coupling> couplings;
  const double density = degree / (size - 1);
  for (Index i = 0; i < size; ++i)
    for (Index j = i + 1; j < size; ++j)
      if (density >= 1 || uniform(random) < density)
        couplings.push_back({i, j, weights == integers ? (random() & 1 ? 1.0 : -1.0) : normal(random)});
  return {std::vector<double>(static_cast<std::size_t>(size), 0.0), couplings};
}

IsingModel from_arguments(const benchmark::State& state) {
  return random_graph(static_cast<Index>(state.range(0)), static_cast<double>(state.range(1)),
                      static_cast<Weights>(state.range(2)));
}

void tabu_iterations(benchmark::State& state) {
  const IsingModel model = from_arguments(state);
  const Tabu tabu(model, {.reads = 1, .block = 20'000});
  Tabu::State at = tabu.start({.seed = Seed{1}});
  Moment now{.seed = Seed{1}};
  for (auto _ : state) tabu.advance(at, now), ++now.step;
  state.SetItemsProcessed(state.iterations() * 20'000);
}
BENCHMARK(tabu_iterations)
    ->ArgNames({"n", "degree", "reals"})
    ->MeasureProcessCPUTime()
    ->Args({100, 99, integers})
    ->Args({100, 99, reals})
    ->Args({1000, 999, integers})
    ->Args({1000, 999, reals})
    ->Args({2500, 250, integers})
    ->Args({800, 48, integers})
    ->Args({2000, 4, integers})
    ->Args({2000, 4, reals})
    ->Args({3000, 40, integers})
    ->Args({3000, 40, reals});

// Items: oscillator-coupling products.
void bifurcation_products(benchmark::State& state) {
  const IsingModel model = from_arguments(state);
  const SimulatedBifurcation method(model, {.reads = 128});
  Moment now{.seed = Seed{1}};
  auto at = method.start(now);
  for (auto _ : state) method.advance(at, now), ++now.step;
  state.SetItemsProcessed(state.iterations() * 128 * 2 * model.couplings());
}
BENCHMARK(bifurcation_products)
    ->ArgNames({"n", "degree", "reals"})
    ->MeasureProcessCPUTime()
    ->Args({100, 99, reals})
    ->Args({1000, 999, reals})
    ->Args({2000, 4, integers})
    ->Args({2000, 40, integers});

void enumerated_states(benchmark::State& state) {
  const IsingModel model = from_arguments(state);
  for (auto _ : state) benchmark::DoNotOptimize(exact_enumeration(model));
  state.SetItemsProcessed(state.iterations() << model.size());
}
BENCHMARK(enumerated_states)
    ->ArgNames({"n", "degree", "reals"})
    ->MeasureProcessCPUTime()
    ->Args({30, 29, integers})
    ->Args({30, 29, reals})
    ->Unit(benchmark::kMillisecond);

void bounded_nodes(benchmark::State& state) {
  const IsingModel model = from_arguments(state);
  std::int64_t nodes = 0;
  for (auto _ : state) nodes += branch_and_bound(model).nodes;
  state.SetItemsProcessed(nodes);
}
BENCHMARK(bounded_nodes)
    ->ArgNames({"n", "degree", "reals"})
    ->MeasureProcessCPUTime()
    ->Args({40, 39, reals})
    ->Args({50, 49, reals})
    ->Args({50, 5, reals})
    ->Args({60, 6, reals})
    ->Unit(benchmark::kMillisecond);

void table_entries(benchmark::State& state) {
  const auto side = static_cast<Index>(state.range(0));
  std::vector<Coupling> couplings;
  for (Index r = 0; r < side; ++r)
    for (Index c = 0; c < side; ++c) {
      if (c + 1 < side) couplings.push_back({r * side + c, r * side + c + 1, (r * c) % 3 == 0 ? 1.0 : -1.0});
      if (r + 1 < side)
        couplings.push_back({r * side + c, (r + 1) * side + c, (r + c) % 3 == 0 ? 1.0 : -1.0});
    }
  const IsingModel model(std::vector<double>(static_cast<std::size_t>(side * side), 0.0), couplings);
  const EliminationOrder order = elimination_order(model, largest_width);
  for (auto _ : state) benchmark::DoNotOptimize(eliminate_for_ground(model, order));
  state.counters["width"] = order.width;
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(order.cost));
}
BENCHMARK(table_entries)->MeasureProcessCPUTime()->Arg(12)->Arg(16)->Arg(20)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lehr::spin
