// Markov chain Monte Carlo as a method under `drive`: several chains side by side, each with a warm-up that adapts its own
// step and metric, then draws from the target.
//
// A step of the run is `block` iterations of every chain. Chains share nothing, so results depend on the seed alone. The step
// follows dual averaging towards the kernel's acceptance rate during the warm-up and stays at its average after it, or is the
// schedule that the user gives. The warm-up's windows for the metric are those of metric.hpp.
//
// A kernel is a type with
//   static constexpr bool needs_gradient;  double target_acceptance() const;  (0: it has no step to adapt)
//   Transition transition(const LogDensity&, ChainPoint&, const Metric&, double step, Stream&) const;
// random_walk.hpp, hmc.hpp (with MALA), slice.hpp and gibbs.hpp are kernels.
#pragma once

#include <cmath>
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
#include "lehr/sample/log_density.hpp"
#include "lehr/sample/metric.hpp"
#include "lehr/schedule/dual_averaging.hpp"
#include "lehr/schedule/schedule.hpp"

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
  MetricShape metric_shape() const;
};

// One chain: where it is, how it moves, and what it drew after its warm-up.
struct Chain {
  ChainPoint point;
  Metric metric;
  MomentAccumulator moments;
  schedule::DualAveraging step;
  std::int64_t iteration = 0;
  double acceptance = 0;         // sum over the iterations after the warm-up, or in it while it lasts
  std::int64_t counted = 0;      // of them
  std::int64_t divergences = 0;  // after the warm-up
  std::int64_t evaluations = 0;
  std::vector<double> draws;          // d values for each kept iteration
  std::vector<double> log_densities;  // of them

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    point.fields(visit, name + ".point");
    metric.fields(visit, name + ".metric");
    moments.fields(visit, name + ".moments");
    step.fields(visit, name + ".step");
    visit(name + ".iteration", iteration);
    visit(name + ".acceptance", acceptance);
    visit(name + ".counted", counted);
    visit(name + ".divergences", divergences);
    visit(name + ".evaluations", evaluations);
    visit(name + ".draws", draws);
    visit(name + ".log_densities", log_densities);
  }
};

// The rows that every kernel's runs show: iterations, acceptance, step, divergences, log_density.
void measure_chains(const std::vector<Chain>& chains, Row& row);
// The draws of all chains. The chains have equally many.
Draws draws_of(const std::vector<Chain>& chains, Eigen::Index dimension);
// The dual averaging of one chain that starts with this step.
schedule::DualAveraging step_adaptation(double target, double start, std::int64_t iterations);

template <class Kernel>
class Mcmc {
 public:
  struct State {
    std::vector<Chain> chains;
  };

  // `starts`: a starting point per chain, d x chains, or one for all. Throws InvalidInput for options out of range, starts
  // of another size or outside the support, and a kernel that needs gradients where the target has none.
  Mcmc(LogDensity target, Kernel kernel, Eigen::MatrixXd starts, McmcOptions options = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.chains.front().iteration >= total(); }
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
  double target_rate() const {
    return options_.target_acceptance > 0 ? options_.target_acceptance : kernel_.target_acceptance();
  }
  void set_point(ChainPoint& point, Eigen::VectorXd x) const;
  double first_step(const Chain& chain, Stream& random) const;
  void iterate(Chain& chain, const Moment& now, Stream& random) const;
  void adapt(Chain& chain, const Transition& transition, Stream& random) const;

  LogDensity target_;
  Kernel kernel_;
  Eigen::MatrixXd starts_;
  McmcOptions options_;
  WarmUpWindows windows_;
};

template <class Kernel>
Mcmc<Kernel>::Mcmc(LogDensity target, Kernel kernel, Eigen::MatrixXd starts, McmcOptions options)
    : target_(std::move(target)),
      kernel_(std::move(kernel)),
      starts_(std::move(starts)),
      options_(std::move(options)),
      windows_(options_.warm_up) {
  describe(options_).read(describe(options_).values(), "mcmc");
  if (target_.dimension < 1 || !target_.value)
    throw InvalidInput("mcmc: the target has no dimension or no density");
  if (Kernel::needs_gradient && !target_.with_gradient)
    throw InvalidInput("mcmc: this kernel needs gradients, which the target does not give");
  if (starts_.rows() != target_.dimension || (starts_.cols() != 1 && starts_.cols() != options_.chains))
    throw InvalidInput("mcmc: starting points are {} x {}, expected {} x {} or {} x 1", starts_.rows(),
                       starts_.cols(), target_.dimension, options_.chains, target_.dimension);
}

template <class Kernel>
void Mcmc<Kernel>::set_point(ChainPoint& point, Eigen::VectorXd x) const {
  point.x = std::move(x);
  if constexpr (Kernel::needs_gradient) {
    point.gradient.resize(target_.dimension);
    point.log_density = target_.with_gradient(point.x, point.gradient);
  } else {
    point.log_density = target_.value(point.x);
  }
}

template <class Kernel>
auto Mcmc<Kernel>::start(const Moment& now) const -> State {
  State state;
  state.chains.resize(static_cast<std::size_t>(options_.chains));
  parallel_for(options_.chains, [&](std::int64_t c) {
    Chain& chain = state.chains[static_cast<std::size_t>(c)];
    set_point(chain.point, starts_.col(starts_.cols() == 1 ? 0 : c));
    if (!std::isfinite(chain.point.log_density))
      throw InvalidInput("mcmc: the log density at the start of chain {} is {}", c + 1,
                         chain.point.log_density);
    chain.metric = Metric(target_.dimension, options_.metric_shape());
    chain.moments = MomentAccumulator(target_.dimension, options_.metric_shape());
    Stream random(now.seed, lane("sample.mcmc.start"), static_cast<std::uint64_t>(c));
    if (target_rate() > 0)
      chain.step =
          step_adaptation(target_rate(), options_.step ? 1 : first_step(chain, random), options_.warm_up);
  });
  now.spend(options_.chains);
  return state;
}

// Doubles or halves the step until one transition's acceptance crosses the target (Hoffman and Gelman, algorithm 4).
template <class Kernel>
double Mcmc<Kernel>::first_step(const Chain& chain, Stream& random) const {
  const auto accepted = [&](double step) {
    ChainPoint point = chain.point;
    Stream same = random;
    return kernel_.transition(target_, point, chain.metric, step, same).acceptance > target_rate();
  };
  double step = 1;
  const bool grow = accepted(step);
  for (int k = 0; k < 60 && accepted(step) == grow; ++k) step *= grow ? 2 : 0.5;
  return step;
}

template <class Kernel>
void Mcmc<Kernel>::advance(State& state, const Moment& now) const {
  std::vector<std::int64_t> spent(state.chains.size());
  parallel_for(options_.chains, [&](std::int64_t c) {
    Chain& chain = state.chains[static_cast<std::size_t>(c)];
    const std::int64_t evaluated = chain.evaluations;
    Stream random = now.random(lane("sample.mcmc")).at_block(static_cast<std::uint64_t>(c) << 40);
    const std::int64_t end = std::min(total(), chain.iteration + options_.block);
    while (chain.iteration < end) iterate(chain, now, random);
    spent[static_cast<std::size_t>(c)] = chain.evaluations - evaluated;
  });
  for (const std::int64_t count : spent) now.spend(count);
}

template <class Kernel>
void Mcmc<Kernel>::iterate(Chain& chain, const Moment& now, Stream& random) const {
  const double step = options_.step                     ? (*options_.step)(now)
                      : kernel_.target_acceptance() > 0 ? chain.step.value()
                                                        : 3;
  const Transition transition = kernel_.transition(target_, chain.point, chain.metric, step, random);
  chain.evaluations += transition.evaluations;
  chain.acceptance += transition.acceptance;
  ++chain.counted;
  if (chain.iteration < options_.warm_up) {
    adapt(chain, transition, random);
    ++chain.iteration;
    if (chain.iteration == options_.warm_up) chain.acceptance = 0, chain.counted = 0;
    return;
  }
  chain.divergences += transition.diverged;
  ++chain.iteration;
  if ((chain.iteration - options_.warm_up) % options_.thin != 0) return;
  chain.draws.insert(chain.draws.end(), chain.point.x.begin(), chain.point.x.end());
  chain.log_densities.push_back(chain.point.log_density);
}

template <class Kernel>
void Mcmc<Kernel>::adapt(Chain& chain, const Transition& transition, Stream& random) const {
  if (target_rate() > 0) chain.step.observe(transition.acceptance);
  if (!windows_.learns(chain.iteration)) return;
  chain.moments.add(chain.point.x);
  if (!windows_.window_ends(chain.iteration)) return;
  chain.moments.renew(chain.metric);
  if (target_rate() > 0 && !options_.step)
    chain.step =
        step_adaptation(target_rate(), first_step(chain, random), options_.warm_up - chain.iteration - 1);
}

}  // namespace lehr::sample
