#include "lehr/evolve/random_search.hpp"

#include "lehr/core/errors.hpp"

namespace lehr::evolve {

RandomSearch::RandomSearch(Eigen::Index dimension, RandomSearchOptions options)
    : dimension_(dimension), population_(options.population) {
  if (dimension < 1 || dimension > 100'000)
    throw InvalidInput("random search: the dimension must be in [1, 100000], found {}", dimension);
  if (options.population < 1 || options.population > 100'000)
    throw InvalidInput("random search: population must be in [1, 100000], found {}", options.population);
}

Eigen::MatrixXd RandomSearch::ask(const State& state) const {
  Stream random(Seed{state.seed}, lane("population"), static_cast<std::uint64_t>(state.generation));
  Eigen::MatrixXd points(dimension_, population_);
  for (double& x : points.reshaped()) x = uniform(random);
  return points;
}

void RandomSearch::tell(State& state, const Eigen::Ref<const Eigen::MatrixXd>& points,
                        std::span<const double> values) const {
  check_told("random search", ask(state), points, values);
  state.record(points, values);
}

}  // namespace lehr::evolve
