// Random search: points drawn uniformly from the unit cube. The baseline that any search must beat, and a
// strong one where few of many knobs matter (J. Bergstra and Y. Bengio, "Random search for hyper-parameter
// optimization", 2012).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/evolve/search.hpp"

namespace lehr::evolve {

struct RandomSearchOptions {
  std::int64_t population = 16;

  void describe(OptionTable& table) {
    table.add("population", population, "points per generation").range(1, 1e5);
  }
};

struct RandomSearchState {
  std::uint64_t seed = 0;
  std::int64_t generation = 0, evaluations = 0;
  Best best;
};

class RandomSearch {
 public:
  using State = RandomSearchState;

  // `dimension` in [1, 100,000]; InvalidInput otherwise or for options out of range.
  explicit RandomSearch(Eigen::Index dimension, RandomSearchOptions options = {});

  Eigen::Index dimension() const { return dimension_; }
  Eigen::Index population() const { return population_; }

  State start(Seed seed) const { return {.seed = seed.value, .generation = 0, .evaluations = 0, .best = {}}; }
  // The points of this generation, dimension x population.
  Eigen::MatrixXd ask(const State& state) const;
  void tell(State& state, const Eigen::Ref<const Eigen::MatrixXd>& points,
            std::span<const double> values) const;
  bool finished(const State&) const { return false; }
  // best, once there is one
  void measure(const State& state, Row& row) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visitor, AnyState& state) const {
    visitor("seed", state.seed);
    visitor("generation", state.generation);
    visitor("evaluations", state.evaluations);
    visitor("best.point", state.best.point);
    visitor("best.value", state.best.value);
  }

 private:
  Eigen::Index dimension_, population_;
};

}  // namespace lehr::evolve
