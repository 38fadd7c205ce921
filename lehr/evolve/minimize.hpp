// A search as a method: `drive` runs it on an objective. Each step asks for a generation, evaluates it in
// parallel, counts its evaluations against the budget, and tells the values:
//
//   const Minimize minimize(CmaEs(10), [](const auto& x) { return x.squaredNorm(); });
//   const auto run = drive(minimize, Budget::evaluations(5000) | Budget::target("best", 1e-9), Seed{1});
//   run.state.best.point
//
// The result depends on the seed alone, not on the number of threads.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <utility>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/row.hpp"
#include "lehr/evolve/search.hpp"

namespace lehr::evolve {

// The value of one point, lower is better; NaN or infinity where it cannot be had. Called from several
// threads at once.
using Objective = std::function<double(const Eigen::Ref<const Eigen::VectorXd>&)>;

template <Search S>
class Minimize {
 public:
  using State = typename S::State;

  Minimize(S search, Objective objective) : search_(std::move(search)), objective_(std::move(objective)) {}

  State start(const Moment& now) const { return search_.start(now.seed); }

  void advance(State& state, const Moment& now) const {
    const Eigen::MatrixXd points = search_.ask(state);
    const std::vector<double> values =
        parallel_map(points.cols(), [&](std::int64_t i) { return objective_(points.col(i)); });
    now.spend(points.cols());
    search_.tell(state, points, values);
  }

  bool finished(const State& state) const { return search_.finished(state); }
  void measure(const State& state, Row& row) const { search_.measure(state, row); }

  template <class Visitor, class AnyState>
  void fields(Visitor& visitor, AnyState& state) const {
    search_.fields(visitor, state);
  }

 private:
  S search_;
  Objective objective_;
};

}  // namespace lehr::evolve
