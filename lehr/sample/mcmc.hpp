// Markov chain Monte Carlo as a method under `drive`: several chains side by side, each with a warm-up that adapts its own
// step and metric, then draws from the target.
//
// A step of the run is `block` iterations of every chain. Chains share nothing, so results depend on the seed alone. The step
// follows dual averaging towards the kernel's acceptance rate during the warm-up and stays at its average after it, or is the
// schedule that the user gives. The warm-up's windows for the metric are those of metric.hpp; kernels are told of in walker.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/row.hpp"
#include "lehr/sample/draws.hpp"
#include "lehr/sample/walker.hpp"

namespace lehr::sample {

struct McmcOptions {
  std::int64_t chains = 4;
  std::int64_t warm_up = 1000;
  std::int64_t iterations = 1000;
  std::int64_t thin = 1;
  std::string metric = "diagonal";
  std::optional<Schedule> step = {};
  double target_acceptance = 0;
  std::int64_t block = 50;

  void describe(OptionTable& table);
  WalkerOptions walker() const;
};

// A walker and what it drew after its warm-up.
struct Chain {
  Walker walker;
  DrawRecord record;

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    walker.fields(visit, name);
    record.fields(visit, name);
  }
};

// The rows that every kernel's runs show: iterations, acceptance, step, divergences, log_density.
void measure_chains(const std::vector<Chain>& chains, Row& row);
Draws draws_of(const std::vector<Chain>& chains, Eigen::Index dimension);
// Throws InvalidInput where the options, the target or the shape of the starting points will not do.
void check_mcmc(const LogDensity& target, bool needs_gradient, const Eigen::MatrixXd& starts,
                McmcOptions options);

template <class Kernel>
class Mcmc {
 public:
  struct State {
    std::vector<Chain> chains;
  };

  // `starts`: a starting point per chain, d x chains, or one for all. Throws InvalidInput for options out of range, starts
  // of another size or outside the support, and a kernel that needs gradients where the target has none.
  Mcmc(LogDensity target, Kernel kernel, Eigen::MatrixXd starts, McmcOptions options = {})
      : target_(std::move(target)),
        starts_(std::move(starts)),
        options_(std::move(options)),
        walking_(std::move(kernel), options_.walker()) {
    check_mcmc(target_, Kernel::needs_gradient, starts_, options_);
  }

  State start(const Moment& now) const {
    State state;
    state.chains.resize(static_cast<std::size_t>(options_.chains));
    parallel_for(options_.chains, [&](std::int64_t c) {
      Walker& walker = state.chains[static_cast<std::size_t>(c)].walker;
      Stream random(now.seed, lane("sample.mcmc.start"), static_cast<std::uint64_t>(c));
      walking_.start(walker, target_, starts_.col(starts_.cols() == 1 ? 0 : c), random);
      if (!std::isfinite(walker.point.log_density))
        throw InvalidInput("mcmc: the log density at the start of chain {} is {}", c + 1,
                           walker.point.log_density);
    });
    for (const Chain& chain : state.chains) now.spend(1 + chain.walker.evaluations);
    return state;
  }

  void advance(State& state, const Moment& now) const {
    std::vector<std::int64_t> spent(state.chains.size());
    parallel_for(options_.chains, [&](std::int64_t c) {
      Chain& chain = state.chains[static_cast<std::size_t>(c)];
      const std::int64_t before = chain.walker.evaluations;
      Stream random = now.random(lane("sample.mcmc")).at_block(static_cast<std::uint64_t>(c) << 40);
      const std::int64_t end = std::min(total(), chain.walker.iteration + options_.block);
      chain.record.values.reserve(static_cast<std::size_t>(options_.iterations * target_.dimension));
      while (chain.walker.iteration < end) {
        walking_.iterate(chain.walker, target_, now, random);
        keep(chain);
      }
      spent[static_cast<std::size_t>(c)] = chain.walker.evaluations - before;
    });
    for (const std::int64_t count : spent) now.spend(count);
  }

  bool finished(const State& state) const { return state.chains.front().walker.iteration >= total(); }
  void measure(const State& state, Row& row) const { measure_chains(state.chains, row); }
  Draws draws(const State& state) const { return draws_of(state.chains, target_.dimension); }
  // Steps that `drive` needs for the whole run.
  std::int64_t steps() const { return (total() + options_.block - 1) / options_.block; }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    state.chains.resize(static_cast<std::size_t>(options_.chains));
    for (std::size_t c = 0; c < state.chains.size(); ++c)
      state.chains[c].fields(visit, "chain" + std::to_string(c));
  }

 private:
  std::int64_t total() const { return options_.warm_up + options_.iterations * options_.thin; }
  void keep(Chain& chain) const {
    const std::int64_t drawn = chain.walker.iteration - options_.warm_up;
    if (drawn <= 0 || drawn % options_.thin != 0) return;
    chain.record.add(chain.walker.point.x, chain.walker.point.log_density);
  }

  LogDensity target_;
  Eigen::MatrixXd starts_;
  McmcOptions options_;
  Walking<Kernel> walking_;
};

}  // namespace lehr::sample
