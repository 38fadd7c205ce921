#include "lehr/diffusion/deis.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/plan_builder.hpp"
#include "lehr/stats/quadrature.hpp"

namespace lehr::diffusion {
namespace {

constexpr double largest_growth =
    8;  // of the coefficients' sum against order 0; Adams-Bashforth of order 4 on equal steps has 6.7

// a_{i+1} int_{rho_i}^{rho_{i+1}} l_j drho for the Lagrange polynomials l_j through the last order + 1 nodes.
class MultistepIntegrals {
 public:
  MultistepIntegrals(const Process& process, const std::vector<double>& times, std::size_t i, int order,
                     Basis basis)
      : process_(process),
        basis_(basis),
        from_(times[i]),
        to_(times[i + 1]),
        factors_(static_cast<std::size_t>(order) + 1, 0.0) {
    for (int j = 0; j <= order; ++j) nodes_.push_back(coordinate(times[i - static_cast<std::size_t>(j)]));
  }

  std::vector<double> values() {
    if (basis_ == Basis::rho) {
      // Polynomials of degree 3 at most: four nodes are exact.
      quadrature(4, process_.rho(from_), process_.rho(to_), [this](double rho) { accumulate(rho, weight_); });
    } else if (process_.discrete()) {
      panels_between_integers();
    } else {
      // drho = -rho lambda' dt, t = u^2.
      quadrature(32, std::sqrt(from_), std::sqrt(to_), [this](double u) { weigh(u * u, 2 * u); });
    }
    const double a = process_.a(to_);
    std::vector<double> result;
    for (const double factor : factors_) result.push_back(a * factor);
    return result;
  }

 private:
  double coordinate(double t) const { return basis_ == Basis::rho ? process_.rho(t) : t; }

  template <class F>
  void quadrature(int n, double low, double high, F f) {
    const stats::Quadrature rule = stats::gauss_legendre(n, low, high);
    for (std::size_t k = 0; k < rule.nodes.size(); ++k) weight_ = rule.weights[k], f(rule.nodes[k]);
  }

  void weigh(double t, double jacobian) {
    accumulate(t, weight_ * jacobian * -process_.rho(t) * process_.dlambda(t));
  }

  // A table's rate jumps at the integers.
  void panels_between_integers() {
    double high = from_;
    while (high > to_) {
      const double low = std::max(to_, std::ceil(high) - 1);
      quadrature(6, high, low, [this](double t) { weigh(t, 1); });
      high = low;
    }
  }

  void accumulate(double z, double weight) {
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      double lagrange = 1;
      for (std::size_t k = 0; k < nodes_.size(); ++k)
        if (k != j) lagrange *= (z - nodes_[k]) / (nodes_[j] - nodes_[k]);
      factors_[j] += weight * lagrange;
    }
  }

  const Process& process_;
  Basis basis_;
  double from_, to_, weight_ = 0;
  std::vector<double> factors_, nodes_;
};

struct Tableau {
  const char* name;
  std::vector<std::vector<double>> a;  // below the diagonal
  std::vector<double> b;
};

const std::vector<Tableau>& tableaus() {
  static const std::vector<Tableau> list = {
      {"euler", {{}}, {1}},
      {"heun2", {{}, {1}}, {0.5, 0.5}},
      {"kutta3", {{}, {0.5}, {-1, 2}}, {1.0 / 6, 2.0 / 3, 1.0 / 6}},
      {"ralston3", {{}, {0.5}, {0, 0.75}}, {2.0 / 9, 1.0 / 3, 4.0 / 9}},
      {"heun3", {{}, {1.0 / 3}, {0, 2.0 / 3}}, {0.25, 0, 0.75}},
      {"wray3", {{}, {8.0 / 15}, {0.25, 5.0 / 12}}, {0.25, 0, 0.75}},
      {"ssprk3", {{}, {1}, {0.25, 0.25}}, {1.0 / 6, 1.0 / 6, 2.0 / 3}},
      {"rk4", {{}, {0.5}, {0, 0.5}, {0, 0, 1}}, {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6}},
  };
  return list;
}

const Tableau& tableau_named(std::string_view name) {
  for (const Tableau& tableau : tableaus())
    if (name == tableau.name) return tableau;
  throw InvalidInput("solver: unknown Runge-Kutta method {}{}", quote(name), hint(name, runge_kutta_names()));
}

// One step in rho from the node `from` (which is evaluated) to time `to`; returns the node reached.
int runge_kutta_step(PlanBuilder& plan, const Process& process, const Tableau& tableau, int from, double to,
                     int step, bool last) {
  const double t = plan.node(from).t, rho = process.rho(t), h = process.rho(to) - rho;
  std::vector<int> stages = {from};
  for (std::size_t k = 1; k < tableau.b.size(); ++k) {
    double c = 0;
    for (const double a : tableau.a[k]) c += a;
    const double stage_t = c == 1 ? to : process.t_of_rho(rho + c * h), a = process.a(stage_t);
    PlanNode node{.t = stage_t,
                  .states = {{from, std::exp(process.log_a(stage_t) - process.log_a(t))}},
                  .step = step,
                  .ends_step = false};
    for (std::size_t l = 0; l < k; ++l)
      if (tableau.a[k][l] != 0) node.noises.push_back({stages[l], a * h * tableau.a[k][l]});
    stages.push_back(plan.add(std::move(node)));
  }
  PlanNode end{.t = to,
               .states = {{from, std::exp(process.log_a(to) - process.log_a(t))}},
               .evaluated = !last,
               .step = step,
               .order = static_cast<int>(tableau.b.size())};
  for (std::size_t k = 0; k < stages.size(); ++k)
    if (tableau.b[k] != 0) end.noises.push_back({stages[k], process.a(to) * h * tableau.b[k]});
  return plan.add(std::move(end));
}

double absolute_sum(const std::vector<double>& factors) {
  double sum = 0;
  for (const double factor : factors) sum += std::abs(factor);
  return sum;
}

}  // namespace

std::vector<double> multistep_factors(const Process& process, const std::vector<double>& times, std::size_t i,
                                      int order, Basis basis) {
  if (order < 0 || order > 3) throw InvalidInput("deis: order {} is not 0, 1, 2 or 3", order);
  if (static_cast<std::size_t>(order) > i)
    throw InvalidInput("deis: order {} at step {} has too few earlier nodes", order, i);
  if (order == 0) return {ddim_noise_factor(process, times[i], times[i + 1])};
  return MultistepIntegrals(process, times, i, order, basis).values();
}

Plan deis_plan(const Process& process, const std::vector<double>& times, const MultistepOptions& options) {
  if (options.order < 0 || options.order > 3)
    throw InvalidInput("deis: order {} is not 0, 1, 2 or 3", options.order);
  PlanBuilder plan(times.front());
  std::vector<int> nodes = {0};
  const std::size_t steps = times.size() - 1;
  for (std::size_t i = 0; i < steps; ++i) {
    const bool last = i + 1 == steps;
    const int wanted = options.orders.empty() ? options.order : options.orders.at(i);
    if (options.runge_kutta_start && static_cast<int>(i) < wanted) {
      nodes.push_back(runge_kutta_step(plan, process, tableau_named("rk4"), nodes.back(), times[i + 1],
                                       static_cast<int>(i) + 1, last));
      continue;
    }
    int order = std::min(wanted, static_cast<int>(i));
    std::vector<double> factors = multistep_factors(process, times, i, order, options.basis);
    const double base = std::abs(ddim_noise_factor(process, times[i], times[i + 1]));
    while (options.guard && order > 0 && absolute_sum(factors) > largest_growth * base)
      factors = multistep_factors(process, times, i, --order, options.basis);
    PlanNode node{.t = times[i + 1],
                  .states = {{nodes[i], state_factor(process, times[i], times[i + 1])}},
                  .evaluated = !last,
                  .step = static_cast<int>(i) + 1,
                  .order = order};
    for (int j = 0; j <= order; ++j)
      node.noises.push_back({nodes[i - static_cast<std::size_t>(j)], factors[static_cast<std::size_t>(j)]});
    if (order > 0) {
      node.error = node.noises;
      const std::vector<double> lower = multistep_factors(process, times, i, order - 1, options.basis);
      for (std::size_t j = 0; j < lower.size(); ++j) node.error[j].factor -= lower[j];
    }
    nodes.push_back(plan.add(std::move(node)));
  }
  return plan.finish();
}

Plan ipndm_plan(const Process& process, const std::vector<double>& times, int order) {
  if (order < 0 || order > 3) throw InvalidInput("ipndm: order {} is not 0, 1, 2 or 3", order);
  static const std::vector<std::vector<double>> weights = {
      {1}, {1.5, -0.5}, {23.0 / 12, -16.0 / 12, 5.0 / 12}, {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24}};
  PlanBuilder plan(times.front());
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const auto used = std::min(static_cast<std::size_t>(order), i);
    const double factor = ddim_noise_factor(process, times[i], times[i + 1]);
    PlanNode node{.t = times[i + 1],
                  .states = {{static_cast<int>(i), state_factor(process, times[i], times[i + 1])}},
                  .evaluated = i + 2 < times.size(),
                  .step = static_cast<int>(i) + 1,
                  .order = static_cast<int>(used)};
    for (std::size_t j = 0; j <= used; ++j)
      node.noises.push_back({static_cast<int>(i - j), factor * weights[used][j]});
    plan.add(std::move(node));
  }
  return plan.finish();
}

const std::vector<std::string>& runge_kutta_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Tableau& tableau : tableaus()) list.emplace_back(tableau.name);
    return list;
  }();
  return names;
}

int runge_kutta_stages(std::string_view name) { return static_cast<int>(tableau_named(name).b.size()); }

Plan rho_runge_kutta_plan(const Process& process, const std::vector<double>& times,
                          std::string_view tableau) {
  const Tableau& method = tableau_named(tableau);
  PlanBuilder plan(times.front());
  int node = 0;
  for (std::size_t i = 0; i + 1 < times.size(); ++i)
    node = runge_kutta_step(plan, process, method, node, times[i + 1], static_cast<int>(i) + 1,
                            i + 2 == times.size());
  return plan.finish();
}

int default_order(std::int64_t steps) { return steps >= 10 ? 3 : steps >= 6 ? 2 : 1; }

}  // namespace lehr::diffusion
