// Annealed sequential Monte Carlo: particles of a law that can be drawn from become particles of a target known up to a factor, along
//
//   pi_b(x) ~ prior(x)^(1 - b) target(x)^b,   b from 0 to 1
//
//   w_i <- w_i e^((b' - b) l_i),  l = ln target - ln prior;   ln Z <- ln Z + ln sum_i p_i e^((b' - b) l_i)
//   where ESS / N falls to resample_below: multinomial resampling;   then `moves` transitions of a Markov kernel that leaves pi_b' alone
//
// b' follows the controller ess_tempering (the default: every step keeps the effective share 0.5 of the increments) or any schedule,
// taken at the end of each step. Kernels are those of random_walk.hpp and hmc.hpp on the scale of the particles' covariance; their step
// follows the acceptance rate. Z is the target's integral over that of the prior; its error comes from the
// families (genealogy.hpp), which is right for multinomial resampling alone (half of the truth for systematic resampling, which scatters
// as much), or from several runs by log_mean_exp. Source: Neal, "Annealed importance sampling", 2001; Del Moral, Doucet and Jasra, "Sequential Monte Carlo
// samplers", 2006. Cost of a step: N moves transitions.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/sample/genealogy.hpp"
#include "lehr/sample/hmc.hpp"
#include "lehr/sample/log_density.hpp"
#include "lehr/sample/metric.hpp"
#include "lehr/sample/random_walk.hpp"
#include "lehr/schedule/control.hpp"

namespace lehr::sample {

// A law to start from. `density` must be normalised where Z is to be the target's integral.
struct AnnealingPrior {
  LogDensity density;
  std::function<void(Eigen::VectorXd& x, Stream& random)> draw;  // called from several threads at once
};

struct AnnealedSmcOptions {
  std::int64_t particles = 1000;
  Control inverse_temperature = Control::parse("ess_tempering(target=0.5)");
  std::int64_t moves = 5;
  std::optional<Control> step = {};
  std::string metric = "dense";
  double resample_below = 0.5;
  std::string resample = "multinomial";

  void describe(OptionTable& table);
};

// The population after one step.
struct AnnealedSmcStep {
  double inverse_temperature = 0, ess = 1;          // share, before resampling
  double log_evidence = 0, log_evidence_error = 0;  // nan where not known: one family, or another scheme
  double acceptance = 1, step = 0;
  double founders = 0;
};

template <class Kernel>
class AnnealedSmc {
 public:
  struct State {
    Eigen::MatrixXd points;                       // d x N
    std::vector<double> log_priors, log_targets;  // of the points
    std::vector<double> log_weights;              // their ln sum is ln of the estimate of Z
    Genealogy genealogy;
    std::int64_t resamplings = 0;
    Knob inverse_temperature, step;
    std::vector<AnnealedSmcStep> steps;  // from inverse temperature 0 on
  };

  // Throws InvalidInput for options out of range, densities of different dimension, and a kernel that needs gradients where one of them
  // has none.
  AnnealedSmc(AnnealingPrior prior, LogDensity target, Kernel kernel, AnnealedSmcOptions options = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.steps.back().inverse_temperature >= 1; }
  // inverse_temperature, ess, log_evidence, log_evidence_error (where known), acceptance, step, founders
  void measure(const State& state, Row& row) const;
  // Normalised weights of the points.
  std::vector<double> probabilities(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("points", state.points);
    visit("log_priors", state.log_priors), visit("log_targets", state.log_targets);
    visit("log_weights", state.log_weights);
    state.genealogy.fields(visit, "genealogy");
    visit("resamplings", state.resamplings);
    state.inverse_temperature.fields(visit);
    state.step.fields(visit);
    std::vector<double> packed = pack(state.steps);
    visit("steps", packed);
    state.steps = unpack(packed);
  }

 private:
  double next_inverse_temperature(State& state, const Moment& now) const;
  void resample(State& state, const Moment& now) const;
  double move(State& state, double inverse_temperature, const Moment& now) const;
  Metric metric_of(const State& state) const;
  LogDensity tempered(double inverse_temperature) const;
  static std::vector<double> pack(const std::vector<AnnealedSmcStep>& steps);
  static std::vector<AnnealedSmcStep> unpack(const std::vector<double>& packed);

  AnnealingPrior prior_;
  LogDensity target_;
  Kernel kernel_;
  AnnealedSmcOptions options_;
};

extern template class AnnealedSmc<RandomWalk>;
extern template class AnnealedSmc<Hmc>;

}  // namespace lehr::sample
