// A chain that walks through a density: where it is, and what it has learnt about how to move. mcmc.hpp runs walkers side by
// side, parallel_tempering.hpp on a ladder of temperatures.
//
// A kernel is a type with
//   static constexpr bool needs_gradient;  double target_acceptance() const;  (0: it has no step to adapt)
//   Transition transition(const LogDensity&, ChainPoint&, const Metric&, double step, Stream&) const;
// random_walk.hpp, hmc.hpp (with MALA), nuts.hpp, slice.hpp and gibbs.hpp are kernels.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "lehr/core/moment.hpp"
#include "lehr/sample/log_density.hpp"
#include "lehr/sample/metric.hpp"
#include "lehr/schedule/dual_averaging.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::sample {

struct Walker {
  ChainPoint point;
  Metric metric;
  MomentAccumulator moments;
  schedule::DualAveraging step;
  std::int64_t iteration = 0;
  double acceptance = 0;     // sum over the iterations after the warm-up, or in it while it lasts
  std::int64_t counted = 0;  // of them
  std::int64_t divergences = 0, evaluations = 0;

  double mean_acceptance() const { return counted > 0 ? acceptance / static_cast<double>(counted) : 0; }

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
  }
};

struct WalkerOptions {
  std::int64_t warm_up = 1000;
  MetricShape metric = MetricShape::diagonal;
  std::optional<Schedule> step = {};  // in place of dual averaging
  double target_acceptance = 0;       // 0: the kernel's
};

// How walkers of one kernel start, move and adapt.
template <class Kernel>
class Walking {
 public:
  Walking(Kernel kernel, WalkerOptions options)
      : kernel_(std::move(kernel)), options_(std::move(options)), windows_(options_.warm_up) {
    if (options_.target_acceptance > 0 && kernel_.target_acceptance() > 0)
      target_rate_ = options_.target_acceptance;
    else
      target_rate_ = kernel_.target_acceptance();
  }

  // Places the walker at x; its log density may come out infinite or NaN, which the caller judges.
  void start(Walker& walker, const LogDensity& target, Eigen::VectorXd x, Stream& random) const {
    place(walker.point, target, std::move(x));
    walker.metric = Metric(target.dimension, options_.metric);
    walker.moments = MomentAccumulator(target.dimension, options_.metric);
    if (std::isfinite(walker.point.log_density)) adapt_step_afresh(walker, target, options_.warm_up, random);
  }

  // One transition, and what the warm-up learns from it.
  void iterate(Walker& walker, const LogDensity& target, const Moment& now, Stream& random) const {
    const Transition transition =
        kernel_.transition(target, walker.point, walker.metric, step(walker, now), random);
    walker.evaluations += transition.evaluations;
    walker.acceptance += transition.acceptance;
    ++walker.counted;
    const bool warming = walker.iteration < options_.warm_up;
    if (warming)
      adapt(walker, target, transition, random);
    else
      walker.divergences += transition.diverged;
    ++walker.iteration;
    if (warming && walker.iteration == options_.warm_up) walker.acceptance = 0, walker.counted = 0;
  }

  double step(const Walker& walker, const Moment& now) const {
    if (options_.step) return (*options_.step)(now);
    return target_rate_ > 0 ? walker.step.value() : widest_step;
  }

 private:
  static constexpr double widest_step = 3;  // of kernels that do not adapt it, in standard deviations

  void place(ChainPoint& point, const LogDensity& target, Eigen::VectorXd x) const {
    point.x = std::move(x);
    if constexpr (Kernel::needs_gradient) {
      point.gradient.resize(target.dimension);
      point.log_density = target.with_gradient(point.x, point.gradient);
    } else {
      point.log_density = target.value(point.x);
    }
  }

  // Starts at the step at which one transition's acceptance crosses the target, found by doubling or halving (Hoffman and
  // Gelman, "The No-U-Turn sampler", 2014, algorithm 4).
  void adapt_step_afresh(Walker& walker, const LogDensity& target, std::int64_t iterations,
                         Stream& random) const {
    if (target_rate_ == 0) return;
    double step = 1;
    if (!options_.step) {
      const auto accepted = [&] {
        ChainPoint point = walker.point;
        Stream same = random;
        const Transition trial = kernel_.transition(target, point, walker.metric, step, same);
        walker.evaluations += trial.evaluations;
        return trial.acceptance > target_rate_;
      };
      const bool grow = accepted();
      for (int k = 0; k < 60 && accepted() == grow; ++k) step *= grow ? 2 : 0.5;
    }
    walker.step = schedule::DualAveraging(
        {.target = target_rate_, .start = step, .adapt = std::max<std::int64_t>(iterations, 1)});
  }

  void adapt(Walker& walker, const LogDensity& target, const Transition& transition, Stream& random) const {
    if (target_rate_ > 0) walker.step.observe(transition.acceptance);
    if (!windows_.learns(walker.iteration)) return;
    walker.moments.add(walker.point.x);
    if (!windows_.window_ends(walker.iteration)) return;
    walker.moments.renew(walker.metric);
    if (!options_.step) adapt_step_afresh(walker, target, options_.warm_up - walker.iteration - 1, random);
  }

  Kernel kernel_;
  WalkerOptions options_;
  WarmUpWindows windows_;
  double target_rate_;
};

}  // namespace lehr::sample
