// CMA-ES, the covariance matrix adaptation evolution strategy: minimises a function of d real variables from
// its values' order alone. A generation draws points from N(m, sigma^2 C) and moves m, sigma and C towards
// the better ones:
//
//   x_i = m + sigma y_i,  y_i ~ N(0, C),  i = 1 .. lambda, sorted from the best to the worst
//   y_w = sum_{i <= mu} w_i y_i
//   m       <- m + sigma y_w
//   p_sigma <- (1 - c_sigma) p_sigma + sqrt(c_sigma (2 - c_sigma) mu_eff) C^(-1/2) y_w
//   p_c     <- (1 - c_c) p_c + h_sigma sqrt(c_c (2 - c_c) mu_eff) y_w
//   C       <- (1 + c_1 delta - c_1 - c_mu sum w_j) C + c_1 p_c p_c' + c_mu sum_{i <= lambda} w_i^o y_i y_i'
//   sigma   <- sigma exp(c_sigma / d_sigma (|p_sigma| / E|N(0, I)| - 1))
//
// Source: N. Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772, Fig. 6, Table 1, Sec. B.3
// (flat values). `active` also learns from the worse half, by negative weights (w_i^o, eq. 46). Cost per
// generation O(lambda d^2), and O(d^3) for the eigenvectors of C every 1 / (10 d (c_1 + c_mu)) generations.
//
// In the unit cube points are reflected at its faces, u -> |((u + 1) mod 2) - 1|: inside it this is the
// identity, at a face the search sees a function that is continuous and symmetric, which CMA-ES descends to a
// minimum on the face; sigma is kept so small that the longest axis does not exceed the cube's width.
//
// Failed evaluations (values that are not finite) rank last. A generation that fails as a whole is drawn
// anew.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/evolve/search.hpp"

namespace lehr::evolve {

enum class Domain { everywhere, unit_cube };

struct CmaEsOptions {
  std::int64_t population = 0;
  double sigma = 0.3;
  bool active = true;
  std::vector<double> start = {};
  double tolerance_point = 1e-12;
  double tolerance_value = 1e-12;

  void describe(OptionTable& table) {
    table.add("population", population, "points per generation; 0: 4 + floor(3 log(dimension))")
        .range(0, 1e5);
    table.add("sigma", sigma, "first step size: a third of the distance to the optimum").above(0);
    table.add("active", active, "learn from the worse half of each generation too");
    table.add("start", start, "first mean; empty: the cube's center, or zero without bounds");
    table.add("tolerance_point", tolerance_point, "ends when steps are below this times the first sigma")
        .at_least(0);
    table.add("tolerance_value", tolerance_value, "ends when recent values differ by less than this")
        .at_least(0);
  }
};

// Everything that the search needs to go on.
struct CmaEsState : SearchState {
  std::int64_t decomposed = 0;  // the generation whose covariance `directions` and `axes` belong to
  double sigma = 0;
  Eigen::VectorXd mean, path_sigma, path_covariance;
  Eigen::MatrixXd covariance, directions;  // C; the columns are C's eigenvectors
  Eigen::VectorXd axes;                    // square roots of C's eigenvalues
  std::vector<double> recent_best;         // the best values of the last generations, the newest last
  double last_spread =
      std::numeric_limits<double>::infinity();  // largest - smallest value of the last generation
};

class CmaEs {
 public:
  using State = CmaEsState;

  // `dimension` in [1, 2000]. Throws InvalidInput for options out of range or a start of another dimension or
  // outside the cube.
  explicit CmaEs(Eigen::Index dimension, CmaEsOptions options = {}, Domain domain = Domain::everywhere);

  Eigen::Index dimension() const { return dimension_; }
  Eigen::Index population() const { return population_; }

  State start(Seed seed) const;
  // The points of this generation, dimension x population.
  Eigen::MatrixXd ask(const State& state) const;
  // Their values; `points` must be those of ask. Throws NumericalFailure when C cannot be decomposed.
  void tell(State& state, const Eigen::Ref<const Eigen::MatrixXd>& points,
            std::span<const double> values) const;
  // Steps or values no longer change (tolerances), or C's condition number exceeds 1e14.
  bool finished(const State& state) const;
  // best (once there is one), sigma, axis_ratio
  void measure(const State& state, Row& row) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visitor, AnyState& state) const {
    search_fields(visitor, state);
    visitor("decomposed", state.decomposed);
    visitor("sigma", state.sigma);
    visitor("mean", state.mean);
    visitor("path_sigma", state.path_sigma);
    visitor("path_covariance", state.path_covariance);
    visitor("covariance", state.covariance);
    visitor("directions", state.directions);
    visitor("axes", state.axes);
    visitor("recent_best", state.recent_best);
    visitor("last_spread", state.last_spread);
  }

 private:
  struct Draws {
    Eigen::MatrixXd normal, steps;  // z and y = B D z, a column per point
  };
  Draws draw(const State& state) const;
  Eigen::MatrixXd place(const State& state, const Eigen::MatrixXd& steps) const;
  void move(State& state, const Draws& sorted) const;
  void adapt_covariance(State& state, const Draws& sorted, bool stalled) const;
  void adapt_sigma(State& state, bool flat) const;
  void decompose(State& state) const;
  void remember(State& state, std::span<const double> values, const std::vector<Eigen::Index>& order) const;
  void check_state(const State& state) const;
  std::size_t recent_generations() const;

  CmaEsOptions options_;
  Domain domain_;
  Eigen::Index dimension_, population_, parents_;
  Eigen::VectorXd weights_;  // w_1 .. w_lambda; those of the worse half are negative, or 0 when not active
  double mu_eff_, c_sigma_, d_sigma_, c_c_, c_1_, c_mu_, expected_norm_;
};

}  // namespace lehr::evolve
