// Denoising Markov chain Monte Carlo: many chains walk in points and noise levels together and are denoised from where they are
// quietest, so that a sample costs a few calls of the model in place of a whole way from pure noise. On the joint law
//
//   p(x, sigma_j) ~ p_sigma_j(x) pi_j,   p_sigma = data * N(0, sigma^2 I),   s = grad log p_sigma
//
// a sweep moves x at its level, then draws the level anew:
//
//   dlg     x <- x + eta s / 2 + eta^1/2 xi                     one call; uncorrected: levels with sigma^2 << eta are left too often
//   dmala   the same with step kappa (sigma^2 + v0), accepted with min(1, p(x') q(x | x') / p(x) q(x' | x)); two calls. Where the model has no
//           density, log p(x') - log p(x) is (s(x) + s(x'))' (x' - x) / 2, approximate
//   sigma   from p(sigma | x) ("gibbs") or its largest ("map"), see sigma_conditional.hpp
//
// An output is made of every chain: `skip` sweeps, then the state with the smallest sigma among them (or the last one) is denoised by
// `denoise` calls of an integrator (denoising_mcmc_integrator.hpp), then Tweedie's step x + delta^2 s(x, delta) where wanted. Chains go on from
// their last state. Choosing the quietest state is a selection: compare mode weights. Start: points of the prior at sigma_max are solved by
// kar2, noise is added, and the burn-in walks with a large step first.
//
// The split of the calls between sweeps and denoising is fixed, or follows the levels that were reached: the next output is denoised in
// n = ceil(log(q / sigma_min) / 1.3) steps, q the 75 % quantile of the levels that the last one was denoised from, and sweeps take the rest of
// the calls.
//
// pi is uniform on the grid (log-uniform in sigma), a schedule over the grid, or adapted so that the chains spend equal time at all levels
// (self-adjusted weights after Wang and Landau, 2001, and Tan, 2017): log pi_j -= gamma_t (L h_j - 1), gamma_t = (100 + t)^-0.7, h the mean conditional
// over the chains; small, because chains cross the grid in many sweeps. An advance of the method is one output; the first one also starts and burns in. Source: Kim and Ye, "Denoising
// MCMC for accelerating diffusion-based generative models", 2023; dmala, adaptive pi and the choice of eta are ours.
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
#include "lehr/diffusion/particles/denoising_mcmc_integrator.hpp"
#include "lehr/diffusion/particles/sigma_conditional.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

struct DenoisingMcmcOptions {
  std::string variant = "dlg";
  std::int64_t chains = 1000;
  std::int64_t skip = 3;
  std::int64_t denoise = 7;
  std::string split = "fixed";
  std::int64_t outputs = 5;  // of every chain
  std::string integrator = "kar1";
  std::optional<Schedule> eta =
      {};  // over the outputs; none: 0.4 x the median of |x - x0|^2 / d after the large steps
  Schedule kappa = 0.5;
  double data_variance = 0;  // v0 of dmala's steps
  std::string mode = "gibbs";
  std::string select = "smallest";
  double sigma_min = 0.01, sigma_max = 20;
  std::int64_t levels = 60;
  double lowest_level = 1e-3;         // u of the lowest level
  std::string prior = "log_uniform";  // flat_histogram, or a schedule over the grid
  std::int64_t initial_calls = 37;    // of the solve from noise; 0: chains start there
  double start_noise = 0.5;
  double burn_in_eta = 0;  // 0: five times the working eta
  std::int64_t burn_in_large = 10, burn_in = 10;
  double tweedie = 0;
  double churn = 80, signal_to_noise = 0.16, tolerance = 1e-5;
  std::int64_t stuck_sweeps = 50;

  void describe(OptionTable& table);
  std::vector<double> sigma_grid() const {
    return geometric_sigma_grid(sigma_min, sigma_max, levels, lowest_level);
  }
  DenoiseOptions denoiser() const;
};

// Where chains start: d x n points (n the chains, or one for all), and their levels; without levels they are drawn at the start.
struct ChainStarts {
  Eigen::MatrixXd points = {};
  std::vector<int> levels = {};
};

// What was seen at each output, over all chains.
struct ChainTrace {
  static constexpr const char* names[] = {"sigma_q10",  "sigma_q50",      "sigma_q90", "chosen_q50",
                                          "chosen_q90", "acceptance",     "score",     "eta",
                                          "calls",      "sigma_smallest", "denoise"};
  static constexpr std::size_t width = std::size(names);
};

class DenoisingMcmc {
 public:
  struct State {
    Eigen::MatrixXd points;         // d x chains
    std::vector<int> levels;        // of the chains
    std::vector<double> log_prior;  // of the levels
    std::vector<int>
        sides;  // a chain's way: 0 has not been at the bottom, 1 was there last, 2 has been at the top since
    std::int64_t round_trips = 0;  // bottom to top to bottom, of all chains
    std::int64_t sweeps = 0, stuck = 0, trips_from = 0;
    std::int64_t calls = 0, initial_calls = 0;  // of the model, a point each
    std::int64_t accepted = 0, proposed = 0;
    std::int64_t skip = 0, denoise = 0;  // of the next output
    double eta = 0, auto_eta = 0, score = 0;
    std::vector<double> visits;   // mean conditional of each level, summed over the sweeps after the burn-in
    std::vector<double> outputs;  // d x chains for each output
    std::vector<int> chosen;      // the levels that outputs were denoised from
    std::vector<double> trace;    // ChainTrace::width numbers an output
  };

  // The conditional's levels are those of the options' grid. Throws InvalidInput for options out of range, a process that is not
  // variance-exploding, a conditional of another grid, starts of another size.
  DenoisingMcmc(ScoreModel model, Process process, SigmaConditional conditional, DenoisingMcmcOptions options,
                ChainStarts starts = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return outputs(state) >= options_.outputs; }
  void measure(const State& state, Row& row) const;

  std::int64_t outputs(const State& state) const {
    return static_cast<std::int64_t>(state.chosen.size()) / options_.chains;
  }
  // All outputs, d x (outputs chains), output after output.
  Eigen::MatrixXd samples(const State& state) const;
  const std::vector<double>& sigmas() const { return sigmas_; }
  // Whether dmala's acceptance is exact.
  bool exact_acceptance() const {
    return static_cast<bool>(model_.density_at) && model_.predicts == Prediction::noise;
  }

  // One sweep of every chain: what `advance` repeats; for tests and for mixing studies.
  void sweep(State& state, const Moment& now, double eta) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("points", state.points), visit("levels", state.levels), visit("log_prior", state.log_prior);
    visit("sides", state.sides), visit("round_trips", state.round_trips);
    visit("sweeps", state.sweeps), visit("stuck", state.stuck), visit("trips_from", state.trips_from);
    visit("calls", state.calls), visit("initial_calls", state.initial_calls);
    visit("accepted", state.accepted), visit("proposed", state.proposed);
    visit("skip", state.skip), visit("denoise", state.denoise);
    visit("eta", state.eta), visit("auto_eta", state.auto_eta), visit("score", state.score);
    visit("visits", state.visits), visit("outputs", state.outputs), visit("chosen", state.chosen),
        visit("trace", state.trace);
  }

 private:
  // Chains at one level, at most as many as the model takes at once.
  struct Block {
    int level;
    std::vector<Eigen::Index> chains;
  };
  std::vector<Block> level_blocks(const std::vector<int>& levels) const;
  void for_each_block(std::size_t count, const std::function<void(std::int64_t)>& work) const;
  void burn_in(State& state, const Moment& now) const;
  void solve_from_noise(State& state, const Moment& now) const;
  // The clean points that the model predicts at the chains' levels; one call each.
  Lanes clean_points(State& state, const Moment& now) const;
  double automatic_eta(State& state, const Moment& now) const;
  void move(State& state, const Moment& now, double eta, Lanes& clean) const;
  void draw_levels(State& state, const Moment& now, const Lanes& clean) const;
  void adapt_prior(State& state, const Eigen::ArrayXd& occupancy) const;
  void count_trips(State& state) const;
  double sigma(int level) const { return sigmas_[static_cast<std::size_t>(level)]; }
  std::vector<double> sigmas_of(const std::vector<int>& levels) const;
  void adapt_split(State& state, const std::vector<int>& chosen) const;
  std::vector<double> trace_row(const State& state, const std::vector<int>& chosen) const;

  ScoreModel model_;
  Process process_;
  SigmaConditional conditional_;
  DenoisingMcmcOptions options_;
  ChainStarts starts_;
  std::vector<double> sigmas_;
  std::vector<double> log_prior_;
  std::vector<Evaluate> evaluate_;          // of each level
  std::vector<EvaluateDensity> densities_;  // the same with log densities; empty where not needed
};

}  // namespace lehr::diffusion
