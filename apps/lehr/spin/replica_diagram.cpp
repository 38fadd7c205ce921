// The phase diagram that `lehr spin replica --diagram` draws.
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "apps/lehr/spin/replica.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/memory/p_spin_transitions.hpp"

namespace lehr::command {
namespace {

using spin::Branch;

// The largest temperature in (0, above) at which `holds`, which is true at low temperatures; 0 when it never is.
double last_temperature(double above, const std::function<bool(double)>& holds) {
  double low = 0, high = above;
  for (int step = 0; step < 24; ++step) {
    const double middle = 0.5 * (low + high);
    (holds(middle) ? low : high) = middle;
  }
  return low > 1e-5 * above ? low : 0;
}

// The free energy of the p-spin glass with one step of breaking, from a table at J = 1: f(T; J) = J f(T / J; 1).
class GlassFreeEnergy {
 public:
  explicit GlassFreeEnergy(int order)
      : unit_(spin::ReplicaModel::p_spin(order)),
        static_temperature_(spin::static_transition(unit_).temperature) {
    points_ = parallel_map(nodes, [&](std::int64_t k) {
      // At T_s itself the solution is the paramagnet, whose free energy continues it.
      const double t = static_temperature_ * (1 - 1e-6) * static_cast<double>(k) / (nodes - 1);
      return spin::one_step_rsb(unit_, t, Branch::glass);
    });
  }

  double static_temperature() const { return static_temperature_; }

  // Cubic Hermite interpolation: the slope of f in T is minus the entropy.
  double operator()(double temperature, double strength) const {
    const double t = temperature / strength;
    if (t >= points_.back().temperature) return strength * (-t * std::numbers::ln2 - 0.25 / t);
    const double step = points_[1].temperature;
    const auto k = std::min(static_cast<std::size_t>(t / step), points_.size() - 2);
    const spin::ReplicaPoint &a = points_[k], &b = points_[k + 1];
    const double x = (t - a.temperature) / step;
    const double rise = b.free_energy - a.free_energy, left = -a.entropy * step - rise,
                 right = b.entropy * step + rise;
    return strength * (a.free_energy + x * rise + x * (1 - x) * ((1 - x) * left + x * right));
  }

 private:
  static constexpr std::int64_t nodes = 16;
  spin::ReplicaModel unit_;
  double static_temperature_;
  std::vector<spin::ReplicaPoint> points_;
};

struct DiagramRow {
  double retrieval, global;  // where retrieval ends, and where it stops to be the ground state
};

DiagramRow diagram_row(int order, double load, double above, const GlassFreeEnergy& glass) {
  const auto model = spin::ReplicaModel::dense(order, load);
  const double strength = std::sqrt(2 * load / std::tgamma(order + 1.0));
  const auto retrieval = [&](double t) { return spin::replica_symmetric(model, t, Branch::retrieval); };
  DiagramRow row{};
  row.retrieval = last_temperature(above, [&](double t) { return retrieval(t).exists; });
  row.global = last_temperature(row.retrieval, [&](double t) {
    const auto state = retrieval(t);
    return state.exists && state.free_energy < glass(t, strength);
  });
  return row;
}

}  // namespace

Figure replica_diagram(const ReplicaOptions& options) {
  if (options.model != "dense" || options.order < 3)
    throw InvalidInput("diagram: it is drawn for the dense network of order 3 and more");
  constexpr std::int64_t rows = 16;
  const auto order = static_cast<int>(options.order);
  const double capacity = spin::zero_temperature_capacity(order).load, above = 2 / std::tgamma(order);
  const GlassFreeEnergy free_energy(order);
  const double fixed = free_energy.static_temperature();
  const double dynamical = spin::dynamical_transition(spin::ReplicaModel::p_spin(order)).temperature;
  const bool primed = options.parametrisation == "gamma";
  const auto shown_load = [&](double load) { return primed ? spin::gamma_of_load(order, load) : load; };
  const auto shown_temperature = [&](double t) { return primed ? spin::primed_temperature(order, t) : t; };

  const auto load_of = [&](std::int64_t i) { return 1.2 * capacity * static_cast<double>(i + 1) / rows; };
  const auto found =
      parallel_map(rows, [&](std::int64_t i) { return diagram_row(order, load_of(i), above, free_energy); });
  Series retrieval{.label = "retrieval", .x = {}, .y = {}, .low = {}, .high = {}},
      global = retrieval, glass = retrieval, dynamic = retrieval;
  global.label = "retrieval is the ground state";
  glass.label = "glass (static)";
  dynamic.label = "glass (dynamical)";
  dynamic.style = Series::Style::dashed;
  for (std::int64_t i = 0; i < rows; ++i) {
    const double load = load_of(i), strength = std::sqrt(2 * load / std::tgamma(order + 1.0));
    for (Series* series : {&retrieval, &global, &glass, &dynamic}) series->x.push_back(shown_load(load));
    retrieval.y.push_back(shown_temperature(found[static_cast<std::size_t>(i)].retrieval));
    global.y.push_back(shown_temperature(found[static_cast<std::size_t>(i)].global));
    glass.y.push_back(shown_temperature(strength * fixed));
    dynamic.y.push_back(shown_temperature(strength * dynamical));
  }
  Figure figure{.name = "phases",
                .title = fmt::format("Phase diagram of the dense network of order {}", order),
                .caption = "Retrieval with replica symmetry, the glass with one step of breaking it.",
                .x = {},
                .y = {},
                .series = {retrieval, global, glass, dynamic}};
  figure.x.label = primed ? "gamma" : "load";
  figure.y.label = primed ? "1 / beta'" : "temperature";
  return figure;
}

}  // namespace lehr::command
