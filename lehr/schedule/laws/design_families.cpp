#include "lehr/schedule/laws/design_families.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/schedule/laws/advice.hpp"

namespace lehr::laws {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr double deepest = 20;         // natural logarithms below the peak that knots reach at most
constexpr double smallest_end = 1e-5;  // smallest end rate of a cooldown, relative to the peak
constexpr double latest_start = 0.998, steepest = 50, flattest = 0.2;

}  // namespace

KnotFamily::KnotFamily(const DesignOptions& options) : options_(options) {
  const double span = static_cast<double>(options.steps - 1 - options.warmup);
  for (int j = options.knots - 1; j >= 0; --j) {
    const double before_end = std::pow(span + 1, static_cast<double>(j) / (options.knots - 1)) - 1;
    const std::int64_t step = options.steps - 1 - std::llround(before_end);
    if (knots_.empty() || step > knots_.back()) knots_.push_back(step);
  }
  knots_.front() = options.warmup;
}

double KnotFamily::share(Index j, std::int64_t i) const {
  if (options_.stairs) return 0;
  return static_cast<double>(i - knot(j)) / static_cast<double>(knot(j + 1) - knot(j));
}

VectorXd KnotFamily::knot_rates(const VectorXd& u) const {
  VectorXd rates(size());
  double reached = 0;
  for (Index j = 0; j < size(); ++j)
    rates[j] = options_.floor + (options_.peak - options_.floor) * std::exp(-(reached += u[j]));
  return rates;
}

Plan KnotFamily::plan(const VectorXd& u) const {
  Plan plan = constant_plan(options_);
  const VectorXd rates = knot_rates(u);
  plan.rates.back() = rates[size() - 1];
  for (Index j = 0; j + 1 < size(); ++j)
    for (std::int64_t i = knot(j); i < knot(j + 1); ++i)
      plan.rates[static_cast<std::size_t>(i)] = rates[j] + share(j, i) * (rates[j + 1] - rates[j]);
  return plan;
}

VectorXd KnotFamily::pull_back(const VectorXd& u, const std::vector<double>& gradient) const {
  VectorXd pull = VectorXd::Zero(size());
  pull[size() - 1] = gradient.back();
  for (Index j = 0; j + 1 < size(); ++j) {
    for (std::int64_t i = knot(j); i < knot(j + 1); ++i) {
      const double slope = gradient[static_cast<std::size_t>(i)];
      pull[j] += (1 - share(j, i)) * slope;
      pull[j + 1] += share(j, i) * slope;
    }
  }
  const VectorXd rates = knot_rates(u);
  double later = 0;  // u_j lowers the rates of all knots from j on
  for (Index j = size(); j-- > 0;) pull[j] = later -= pull[j] * (rates[j] - options_.floor);
  return pull;
}

VectorXd KnotFamily::parameters_of(const Plan& plan) const {
  VectorXd u(size());
  double reached = 0;
  for (Index j = 0; j < size(); ++j) {
    const double above = plan.rates[static_cast<std::size_t>(knot(j))] - options_.floor;
    const double level =
        std::min(std::log((options_.peak - options_.floor) / std::max(above, 1e-300)), deepest);
    u[j] = std::max(level - reached, 0.0);
    reached += u[j];
  }
  return u;
}

Family KnotFamily::family() const {
  return {[this](const VectorXd& u) { return plan(u); },
          [this](const VectorXd& u, const std::vector<double>& gradient) { return pull_back(u, gradient); },
          {VectorXd::Zero(size()), VectorXd::Constant(size(), deepest)}};
}

// Parameters start, power, ln(to / peak) of a power cooldown.
Family cooldown_family(const DesignOptions& options) {
  const auto cooldown_of = [&options](const VectorXd& p) {
    return PowerCooldown{p[0], p[1], options.peak * std::exp(p[2])};
  };
  const double lowest = std::log(std::max(options.floor / options.peak, smallest_end));
  return {[&options, cooldown_of](const VectorXd& p) { return cooldown_plan(options, cooldown_of(p)); },
          [&options, cooldown_of](const VectorXd& p, const std::vector<double>& gradient) {
            const PowerCooldown c = cooldown_of(p);
            const double span = static_cast<double>(options.steps - options.warmup);
            const double begin = static_cast<double>(options.warmup) + c.start * span;
            const double length = static_cast<double>(options.steps) - begin;
            VectorXd pull = VectorXd::Zero(3);
            for (auto i = static_cast<std::int64_t>(std::ceil(begin)); i < options.steps; ++i) {
              const double left = (static_cast<double>(options.steps) - static_cast<double>(i)) / length;
              const double share = std::pow(left, c.power), g = gradient[static_cast<std::size_t>(i)];
              pull[0] += g * (options.peak - c.to) * c.power * share / length * span;
              pull[1] += g * (options.peak - c.to) * share * std::log(left);
              pull[2] += g * (1 - share) * c.to;
            }
            return pull;
          },
          {VectorXd{{0, flattest, lowest}}, VectorXd{{latest_start, steepest, 0}}}};
}

Plan cooldown_plan(const DesignOptions& options, const PowerCooldown& cooldown) {
  Plan plan{std::vector<double>(static_cast<std::size_t>(options.steps), options.peak), options.warmup,
            options.model_size};
  const double steps = static_cast<double>(options.steps), warmup = static_cast<double>(options.warmup);
  const double begin = warmup + cooldown.start * (steps - warmup);
  for (std::int64_t i = 0; i < options.steps; ++i) {
    const double at = static_cast<double>(i);
    double& rate = plan.rates[static_cast<std::size_t>(i)];
    if (i < options.warmup) {
      rate = options.peak * at / warmup;
    } else if (at > begin) {
      rate = cooldown.to +
             (options.peak - cooldown.to) * std::pow((steps - at) / (steps - begin), cooldown.power);
    }
  }
  return plan;
}

std::string cooldown_text(const DesignOptions& options, const PowerCooldown& cooldown) {
  const std::string wsd = fmt::format("wsd(peak={}, to={}, start={}, shape=power, power={})", options.peak,
                                      cooldown.to, cooldown.start, cooldown.power);
  return options.warmup > 0 ? fmt::format("warmup({}steps, {})", options.warmup, wsd) : wsd;
}

}  // namespace lehr::laws
