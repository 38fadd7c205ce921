// Feynman-Kac correctors: samples of a distribution composed from trained diffusion models, where adding their scores does not give
// samples of it. Particles follow, from high noise to low,
//
//   dx = [-f + g^2 ((1 + zeta^2) S + zeta^2 kappa grad r) / 2] dtau + zeta g dW
//   d log w = { (B - 1) div f + g^2 (|S|^2 - sum_i beta_i |s_i|^2 + kappa <S, grad r>) / 2 - kappa <grad r, f>
//               + sum_i beta_i' log q_i + kappa' r } dtau
//
// so that the weighted particles have the law p_tau of feynman_kac_path.hpp at every tau; the weights' mean estimates its integral Z.
// With y = x / a and rho = s / a every process is variance exploding, and steps are exact in the linear part. With E = sum_i beta_i eps_i
// Euler's step from node k to k + 1 is, Delta = rho_k^2 - rho_(k+1)^2,
//
//   y   <- y - (1 + zeta^2) Delta E / (2 rho) + zeta^2 kappa Delta a grad r / 2 + zeta Delta^1/2 xi
//   log w += Delta R_k / (2 rho^2) + (B - 1) d log(a_k / a_(k+1)) - kappa <grad r, x> log(a_k / a_(k+1))
//   R = |E|^2 - sum_i beta_i |eps_i|^2 - kappa rho a <E, grad r>
//   log w += sum_i (beta_i(k+1) - beta_i(k)) log q_i(x_(k+1), t_(k+1)) + (kappa(k+1) - kappa(k)) r(x_(k+1))
//
// The exponential step costs the same: pull and noise are those that are exact where data are a point, and the weight's integral is
// log(rho_k / rho_(k+1)) (R_k + R_(k+1)) / 2. While one model stands alone (before a ramp) it takes off nine tenths of Euler's bias of
// log Z. Where particles are weighed Euler's excess of noise widens what is too narrow anyway, and does better. `auto` chooses so;
// tracked densities need Euler's noise.
//
// Then particles are resampled, island by island. log q_i is the model's, or, where zeta = 1, tracked along the path:
// log q_i(y) += <s_i, dy> - Delta |s_i|^2 / 2. The law of the start is a product of Gaussians with its importance weight.
//
// Birth and death in place of resampling: with increments delta_i of a step, a particle below the mean dies with probability
// 1 - e^-(mean - delta_i), and its place goes to one drawn in proportion to (delta_j - mean)+.  Rejuvenation: steps of the Metropolis
// adjusted Langevin kernel that leave p_k alone. Ramp controller: the ramp's share moves, from ramp.levels[0] on, as far as keeps the
// conditional effective sample size of its jump at ramp.ess; what is left at ramp.levels[1] is made up there.
//
// Source: Skreta, Akhound-Sadegh, Ohanesian et al., "Feynman-Kac correctors in diffusion: annealing, guidance, and product of experts",
// 2025, for general zeta and experts. Cost of a step: one evaluation per model and particle (and one per rejuvenation).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/diffusion/particles/feynman_kac_path.hpp"
#include "lehr/diffusion/time_grid.hpp"
#include "lehr/sample/genealogy.hpp"
#include "lehr/sample/log_weights.hpp"

namespace lehr::diffusion {

struct CorrectorResampling {
  std::string scheme = "systematic";    // or stratified, residual, multinomial, birth_death
  Schedule ess = 0.5;                   // resample below this effective share; 0: never
  std::int64_t every = 0;               // above 0: every so many steps, whatever the effective share
  std::vector<double> window = {0, 1};  // of progress

  void describe(OptionTable& table);
};

// Limits on a step's increments of log w. Each biases Z.
struct CorrectorGuards {
  bool centre = false;  // takes the mean off
  double clamp = 0;     // above 0: to [-clamp, clamp]
  double quantile = 0;  // above 0: not above this quantile of the island

  bool any() const { return centre || clamp > 0 || quantile > 0; }
  void describe(OptionTable& table);
};

struct CorrectorOptions {
  std::string method = "fkc";  // or score_mixing: the same particles without weights
  std::int64_t particles = 4000, islands = 2;
  PathOptions path;
  std::string integrator = "auto";  // exponential or euler
  std::string density = "exact";    // log q_i: exact where the model has it, or track
  CorrectorResampling resample;
  CorrectorGuards guards;
  std::int64_t moves = 0;  // of rejuvenation a step

  void describe(OptionTable& table);
};

// One step, as traces show it. The dispersion is -E <x - E x, grad log p> / d over the weighted particles: 1 for particles of the law p
// (Stein's identity), below 1 where they are too narrow.
struct CorrectorStep {
  double step = 0, sigma = 0, ess = 1, log_z = 0, ancestors = 0, increment_mean = 0, increment_deviation = 0,
         max_weight = 0, zeta = 1, resampled = 0, clamped = 0, acceptance = 0, dispersion = 1;
  std::vector<double> exponents = {};
};

class FeynmanKacCorrector {
 public:
  struct State {
    std::int64_t step = 0;
    Eigen::MatrixXd x;                    // N x d, a point per row
    std::vector<Eigen::MatrixXd> noises;  // of each expert at x, N x d
    Eigen::MatrixXd log_densities;        // N x experts; empty where nobody asks
    Eigen::VectorXd rewards;              // N, and gradients N x d; empty without a reward
    Eigen::MatrixXd gradients;
    std::vector<double> exponents;    // of this node
    std::vector<double> log_weights;  // since the last resampling
    std::vector<double> log_z;        // of the islands, up to the last resampling
    sample::Genealogy genealogy;
    std::int64_t starving = 0;  // steps in a row with an effective sample size below 2
    double ramp = 0, move_scale = 1;
    std::vector<double> trace;  // packed CorrectorStep
  };

  // Throws InvalidInput for options or models that do not fit together.
  FeynmanKacCorrector(Process process, std::vector<double> times, std::vector<Expert> experts,
                      Reward reward = {}, CorrectorOptions options = {});

  State start(const Moment& now) const;
  // Throws NumericalFailure that names the step for a score that is not finite, and where fewer than 2 particles were effective for 10
  // steps.
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.step >= steps(); }
  void measure(const State& state, Row& row) const;
  std::int64_t steps() const { return static_cast<std::int64_t>(path_.nodes.size()) - 1; }

  Eigen::MatrixXd points(const State& state) const {
    return state.x.transpose();
  }  // d x N, of the current node
  // The last step to noise 0, which carries no weight: (x - s E) / a.
  Eigen::MatrixXd denoised(const State& state) const;
  // ln of every particle's weight, its island's included; normalised to sum 1 by `probabilities`.
  std::vector<double> log_weights(const State& state) const;
  std::vector<double> probabilities(const State& state) const;
  // ln Z and its standard error over the islands (nan for one).
  sample::LogMean log_z(const State& state) const;
  std::vector<double> island_log_z(const State& state) const;
  std::vector<CorrectorStep> trace(const State& state) const;
  // Sentences on what makes the run's answer doubtful: small zeta, few ancestors, small effective sizes, guards.
  std::vector<std::string> warnings(const State& state) const;
  const CorrectorPath& path() const { return path_; }
  const CorrectorOptions& options() const { return options_; }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("step", state.step), visit("x", state.x);
    state.noises.resize(experts_.size());
    for (std::size_t i = 0; i < experts_.size(); ++i) visit("noise" + std::to_string(i), state.noises[i]);
    visit("log_densities", state.log_densities), visit("rewards", state.rewards),
        visit("gradients", state.gradients);
    visit("exponents", state.exponents), visit("log_weights", state.log_weights), visit("log_z", state.log_z);
    state.genealogy.fields(visit, "genealogy");
    visit("starving", state.starving), visit("ramp", state.ramp), visit("move_scale", state.move_scale),
        visit("trace", state.trace);
  }

 private:
  bool weighted() const { return options_.method == "fkc"; }
  bool birth_death() const { return options_.resample.scheme == "birth_death"; }
  std::int64_t island_start(std::int64_t island) const {
    return island * options_.particles / options_.islands;
  }
  std::span<double> island_of(std::vector<double>& values, std::int64_t island) const;
  void check() const;

  // Noises, log densities and rewards at a node. `exact` says whether to overwrite log densities.
  void evaluate(State& state, std::int64_t node) const;
  void evaluate_block(State& state, std::int64_t node, const std::vector<EvaluateDensity>& models,
                      Eigen::Index first, Eigen::Index count) const;
  std::vector<EvaluateDensity> models_at(std::int64_t node) const;
  void for_blocks(const std::function<void(Eigen::Index first, Eigen::Index count)>& body) const;

  void propagate(State& state, const Moment& now, std::vector<double>& increments) const;
  void propagate_block(State& state, const Stream& random, Eigen::Index first, Eigen::Index count,
                       std::vector<double>& increments) const;
  struct Transition {
    double pull, spread;
  };
  Transition transition(const State& state, double total) const;
  Eigen::ArrayXd rate(const State& state, const PathNode& node, double strength, Eigen::Index first,
                      Eigen::Index count, Eigen::ArrayXXd* sum) const;
  std::pair<double, double> rate_shares(const State& state, const PathNode& from, const PathNode& to) const;
  bool euler(const std::vector<double>& exponents) const;  // how steps are taken
  void complete(const State& state, std::vector<double>& increments) const;
  void change_exponents(State& state, std::vector<double>& increments) const;
  void follow_ramp(State& state, const PathNode& node, const std::vector<double>& increments,
                   std::vector<double>& exponents) const;
  std::int64_t guard(std::vector<double>& increments) const;
  bool resampling_due(const State& state, double ess_share) const;
  void select(State& state, const Moment& now, const std::vector<double>& increments,
              CorrectorStep& record) const;
  std::vector<std::int64_t> survivors(std::span<const double> probabilities, Stream& random) const;
  std::vector<std::int64_t> births(const std::vector<double>& increments, std::int64_t island,
                                   Stream& random) const;
  void inherit(State& state, const std::vector<std::int64_t>& ancestors) const;
  double rejuvenate(State& state, const Moment& now) const;
  Eigen::ArrayXd log_target(const State& state) const;
  Eigen::MatrixXd target_score(const State& state) const;  // N x d
  double dispersion(const State& state, const std::vector<double>& probabilities) const;
  void record(State& state, const CorrectorStep& step) const;

  Process process_;
  std::vector<Expert> experts_;
  Reward reward_;
  CorrectorOptions options_;
  CorrectorPath path_;
  bool exact_ = false, tracked_ = false;  // where log q_i comes from
  Eigen::Index dimension_ = 0, block_ = 64;
  bool parallel_ = true;
};

}  // namespace lehr::diffusion
