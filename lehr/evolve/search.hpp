// The concept Search: a derivative-free minimiser with ask and tell. `ask` is a pure function of the state
// (its random numbers are addressed by seed and generation), so a state that was saved and loaded goes on bit
// for bit.
#pragma once

#include <Eigen/Core>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/core/row.hpp"

namespace lehr::evolve {

// The best point told so far; an empty point with the value infinity before the first success.
struct Best {
  Eigen::VectorXd point;
  double value = std::numeric_limits<double>::infinity();

  // Takes the first smallest finite value, if it is smaller than `value`. One column of `points` per value.
  void update(const Eigen::Ref<const Eigen::MatrixXd>& points, std::span<const double> values);
};

// The indexes of the values from the best (lowest) to the worst. Values that are not finite are failed
// evaluations and rank last; equal values keep their order.
std::vector<Eigen::Index> ranking(std::span<const double> values);

// Throws InvalidInput unless `told` are the points that were asked and there is one value for each. `who`
// starts the message.
void check_told(const char* who, const Eigen::MatrixXd& asked, const Eigen::Ref<const Eigen::MatrixXd>& told,
                std::span<const double> values);

// What every search keeps; its state starts with these.
struct SearchState {
  std::uint64_t seed = 0;
  std::int64_t generation = 0, evaluations = 0;
  Best best;

  // Counts a generation of `points` (a column each) with these values.
  void record(const Eigen::Ref<const Eigen::MatrixXd>& points, std::span<const double> values);
  // The row's entry `best`, once there is one.
  void measure(Row& row) const;
};

template <class Visitor, class AnyState>
void search_fields(Visitor& visitor, AnyState& state) {
  visitor("seed", state.seed);
  visitor("generation", state.generation);
  visitor("evaluations", state.evaluations);
  visitor("best.point", state.best.point);
  visitor("best.value", state.best.value);
}

template <class S>
concept Search = requires(const S& search, typename S::State& state, Seed seed, const Eigen::MatrixXd& points,
                          std::span<const double> values) {
  { search.dimension() } -> std::convertible_to<Eigen::Index>;
  { search.start(seed) } -> std::same_as<typename S::State>;
  { search.ask(state) } -> std::same_as<Eigen::MatrixXd>;  // d x n: the points of this generation
  {search.tell(state, points, values)};  // their values, lower is better; ends the generation
  { search.finished(state) } -> std::same_as<bool>;
  requires std::derived_from<typename S::State, SearchState>;
};

}  // namespace lehr::evolve
