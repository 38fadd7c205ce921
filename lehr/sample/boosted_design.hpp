// Boosted designs: designs that are drawn again until they are stable, lambda_min(G) >= 1 - delta, or of
// which the most stable is kept; then, where asked for, points are removed one by one while the rest stays
// stable.
//
// Independent points of nu_m that are conditioned on lambda_min(G) >= 1 - delta have E|f - f_hat|^2 <= C |f -
// P f|^2. A step of the run is one design, or one removal. Cost of a step: that of the design and O(n m^2 +
// m^3).
//
// Source: C. Haberstich, A. Nouy and G. Perrin, "Boosted optimal weighted least-squares", 2022.
#pragma once

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/sample/design.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::sample {

struct BoostedDesignOptions {
  DesignOptions base{.kind = "optimal_iid"};  // what is drawn
  Schedule delta = 0.5;                       // over the designs tried
  std::int64_t tries = 100;
  std::string keep = "first";
  std::int64_t reduce_to = 0;

  // All but `base`'s n, mixing and remainder.
  void describe(OptionTable& table);
};

struct BoostedDesignState {
  Eigen::MatrixXd points;  // of the best design so far
  Eigen::VectorXd weights;
  std::vector<std::int64_t> batches;
  double lambda_min = -1;
  std::int64_t tries = 0, removed = 0;
  bool stable = false;  // lambda_min >= 1 - delta
  bool reducing = false, finished = false;
};

class BoostedDesign {
 public:
  using State = BoostedDesignState;

  // Throws InvalidInput for options out of range.
  BoostedDesign(FunctionSpace space, BoostedDesignOptions options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.finished; }
  // lambda_min, tries, runs
  void measure(const State& state, Row& row) const;
  // At most as many steps as the whole run takes.
  std::int64_t steps() const;
  Design design(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("points", state.points);
    visit("weights", state.weights);
    visit("batches", state.batches);
    visit("lambda_min", state.lambda_min);
    visit("tries", state.tries);
    visit("removed", state.removed);
    visit("stable", state.stable);
    visit("reducing", state.reducing);
    visit("finished", state.finished);
  }

 private:
  double bound(const State& state) const;
  void try_design(State& state, const Moment& now) const;
  void remove_point(State& state) const;

  FunctionSpace space_;
  BoostedDesignOptions options_;
};

}  // namespace lehr::sample
