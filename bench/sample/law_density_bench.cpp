// Densities and draws of laws in batches, on one thread: the beam's six marginals, alone and with a Gaussian copula, and the forty
// normal components of a proposal.
#include <benchmark/benchmark.h>

#include "lehr/core/parallel.hpp"
#include "lehr/sample/law.hpp"
#include "lehr/sample/proposal.hpp"

namespace {

using namespace lehr;
using namespace lehr::sample;

constexpr Index points_in_batch = 100'000;

Law beam_law(bool dependent) {
  std::vector<Variable> variables = {
      {"F_X", Marginal::lognormal(556.8, 0.08)}, {"F_Y", Marginal::lognormal(453.6, 0.08)},
      {"E", Marginal::lognormal(200, 0.06)},     {"w", Marginal::normal(0.062, 0.0062)},
      {"t", Marginal::normal(0.0987, 0.00987)},  {"L", Marginal::normal(4.29, 0.429)}};
  Eigen::MatrixXd correlation = Eigen::MatrixXd::Identity(6, 6);
  if (dependent) correlation(3, 4) = correlation(4, 3) = -0.3;
  return Law(std::move(variables), std::move(correlation));
}

void per_point(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * points_in_batch); }

void LawLogPdf(benchmark::State& state) {
  set_threads(1);
  const Law law = beam_law(state.range(0) != 0);
  const Eigen::MatrixXd points = law.sample(Stream(Seed{1}, 1), points_in_batch);
  for (auto _ : state) benchmark::DoNotOptimize(law.log_pdf(points));
  per_point(state);
}
BENCHMARK(LawLogPdf)->ArgName("dependent")->Arg(0)->Arg(1);

void LawSample(benchmark::State& state) {
  set_threads(1);
  const Law law = beam_law(true);
  for (auto _ : state) benchmark::DoNotOptimize(law.sample(Stream(Seed{1}, 1), points_in_batch));
  per_point(state);
}
BENCHMARK(LawSample);

void ProposalComponents(benchmark::State& state) {
  set_threads(1);
  Proposal proposal;
  for (int j = 0; j < 40; ++j)
    proposal.components.emplace_back(
        MultivariateNormal(Eigen::VectorXd::Constant(6, 0.01 * j), Eigen::MatrixXd::Identity(6, 6)));
  const Eigen::MatrixXd points = standard_normal_points(Stream(Seed{1}, 1), 6, points_in_batch);
  for (auto _ : state) benchmark::DoNotOptimize(proposal.log_components(points));
  per_point(state);
}
BENCHMARK(ProposalComponents);

}  // namespace
