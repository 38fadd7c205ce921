#include "lehr/diffusion/single_step.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/plan_builder.hpp"
#include "lehr/stats/quadrature.hpp"

namespace lehr::diffusion {
namespace {

// x_{i+1} = state x_i + noise eps_i + gaussian xi.
struct LinearStep {
  double state, noise, gaussian = 0;
};

template <class Step>
Plan one_step_plan(const std::vector<double>& times, Step step) {
  PlanBuilder plan(times.front());
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const LinearStep linear = step(times[i], times[i + 1], i + 2 == times.size());
    const int from = static_cast<int>(i);
    plan.add({.t = times[i + 1],
              .states = {{from, linear.state}},
              .noises = {{from, linear.noise}},
              .gaussian = linear.gaussian,
              .step = from + 1});
  }
  return plan.finish();
}

void want_variance_exploding(const Process& process, const char* solver) {
  if (!process.variance_exploding())
    throw InvalidInput(
        "{}: works on variance-exploding processes (ve, edm); {} is none: use x / a with sigma = s / a",
        solver, process.text());
}

}  // namespace

Plan euler_pf_plan(const Process& process, const std::vector<double>& times) {
  return one_step_plan(times, [&](double t, double to, bool) {
    const double dt = to - t;
    return LinearStep{1 + dt * process.dlog_a(t), dt * 0.5 * process.g2(t) / process.s(t)};
  });
}

Plan exponential_score_plan(const Process& process, const std::vector<double>& times) {
  return one_step_plan(times, [&](double t, double to, bool) {
    const stats::Quadrature rule = stats::gauss_legendre(32, std::sqrt(t), std::sqrt(to));
    const double integral = rule.integrate(
        [&](double u) { return 2 * u * state_factor(process, u * u, to) * 0.5 * process.g2(u * u); });
    return LinearStep{state_factor(process, t, to), integral / process.s(t)};
  });
}

Plan euler_maruyama_plan(const Process& process, const std::vector<double>& times) {
  return one_step_plan(times, [&](double t, double to, bool) {
    const double dt = to - t, g2 = process.g2(t);
    return LinearStep{1 + dt * process.dlog_a(t), dt * g2 / process.s(t), std::sqrt(g2 * -dt)};
  });
}

Plan ddim_plan(const Process& process, const std::vector<double>& times, double eta) {
  if (!(eta >= 0 && eta <= 1)) throw InvalidInput("ddim: eta = {:g} is not between 0 and 1", eta);
  return one_step_plan(times, [&](double t, double to, bool) {
    if (eta == 0) return LinearStep{state_factor(process, t, to), ddim_noise_factor(process, t, to)};
    const double sigma = eta * std::sqrt(posterior_step(process, t, to).variance), s = process.s(to);
    const double rest = std::sqrt(std::max(0.0, s * s - sigma * sigma)), ratio = state_factor(process, t, to);
    return LinearStep{ratio, rest - ratio * process.s(t), sigma};
  });
}

Plan ancestral_plan(const Process& process, const std::vector<double>& times, bool final_noise) {
  return one_step_plan(times, [&](double t, double to, bool last) {
    const PosteriorStep step = posterior_step(process, t, to);
    return LinearStep{step.from_x + step.from_clean / process.a(t),
                      -step.from_clean * process.s(t) / process.a(t),
                      last && !final_noise ? 0 : std::sqrt(step.variance)};
  });
}

Plan reverse_diffusion_plan(const Process& process, const std::vector<double>& times) {
  want_variance_exploding(process, "reverse_diffusion");
  return one_step_plan(times, [&](double t, double to, bool) {
    const double s = process.s(t), drop = s * s - process.s(to) * process.s(to);
    return LinearStep{1, -drop / s, std::sqrt(drop)};
  });
}

Plan karras_plan(const Process& process, const std::vector<double>& times, bool to_zero, const Churn& churn) {
  want_variance_exploding(process, churn.amount > 0 ? "kar2" : "kar1");
  const std::size_t steps = times.size() - 1;
  const double gamma = std::min(churn.amount / static_cast<double>(times.size()), std::sqrt(2.0) - 1);
  PlanBuilder plan(times.front());
  int from = 0;
  for (std::size_t i = 0; i < steps + (to_zero ? 1 : 0); ++i) {
    const int step = static_cast<int>(i) + 1;
    double sigma = process.s(times[i]);
    if (gamma > 0 && sigma >= churn.from && sigma <= churn.to) {
      // The node to churn from is not evaluated itself.
      plan.skip_evaluation(from);
      const double raised = (1 + gamma) * sigma;
      from = plan.add({.t = process.t_of_rho(raised),
                       .states = {{from, 1}},
                       .gaussian = churn.noise * std::sqrt(raised * raised - sigma * sigma),
                       .step = step,
                       .ends_step = false});
      sigma = raised;
    }
    if (i == steps) {  // to sigma = 0
      from = plan.add(
          {.t = times.back(), .states = {{from, 1}}, .noises = {{from, -sigma}}, .step = step, .order = 1});
      break;
    }
    const double to = times[i + 1], h = process.s(to) - sigma;
    const int predicted =
        plan.add({.t = to, .states = {{from, 1}}, .noises = {{from, h}}, .step = step, .ends_step = false});
    from = plan.add({.t = to,
                     .states = {{from, 1}},
                     .noises = {{from, 0.5 * h}, {predicted, 0.5 * h}},
                     .step = step,
                     .order = 2});
  }
  return plan.finish();
}

}  // namespace lehr::diffusion
