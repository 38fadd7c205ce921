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

class RandomSearch {
 public:
  using State = SearchState;

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
  void measure(const State& state, Row& row) const { state.measure(row); }

  template <class Visitor, class AnyState>
  void fields(Visitor& visitor, AnyState& state) const {
    search_fields(visitor, state);
  }

 private:
  Eigen::Index dimension_, population_;
};

}  // namespace lehr::evolve
