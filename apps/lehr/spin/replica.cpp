#include "apps/lehr/spin/replica.hpp"

#include <cmath>
#include <optional>

#include "lehr/core/parallel.hpp"
#include "lehr/spin/memory/p_spin_transitions.hpp"
#include "lehr/spin/memory/sum_rules.hpp"

namespace lehr::command {
namespace {

using spin::Branch;
using spin::ReplicaPoint;

// One place of the sweep in the options' own units, and its solutions.
struct ReplicaPlace {
  double load = 0, temperature = 0;
  std::vector<std::pair<Branch, ReplicaPoint>> solutions;
};

std::vector<Branch> wanted_branches(const ReplicaOptions& options) {
  const bool signal = options.model == "dense" || options.model == "hopfield";
  if (!signal || options.branch == "glass") return {Branch::glass};
  if (options.branch == "retrieval") return {Branch::retrieval};
  return {Branch::retrieval, Branch::glass};
}

std::vector<ReplicaPlace> solve_places(const ReplicaOptions& options) {
  std::vector<ReplicaPlace> places(static_cast<std::size_t>(options.points));
  const std::vector<Branch> branches = wanted_branches(options);
  parallel_for(options.points, [&](std::int64_t i) {
    ReplicaPlace& place = places[static_cast<std::size_t>(i)];
    const double progress =
        options.points > 1 ? static_cast<double>(i) / static_cast<double>(options.points - 1) : 0;
    place.load = options.load(progress);
    place.temperature = options.temperature(progress);
    const spin::ReplicaModel model = options.model_at(place.load);
    const double temperature = options.solver_temperature(place.temperature);
    for (const Branch branch : branches)
      place.solutions.emplace_back(branch, options.level == "rs"
                                               ? spin::replica_symmetric(model, temperature, branch)
                                               : spin::one_step_rsb(model, temperature, branch));
  });
  return places;
}

// What a solution is: the phase, and for retrieval whether the glass lies below it.
std::string phase_of(const ReplicaPlace& place, const ReplicaPoint& point, Branch branch) {
  if (!point.exists) return "none";
  const spin::Phase phase = point.phase();
  if (phase != spin::Phase::retrieval || branch == Branch::glass || place.solutions.size() < 2)
    return name(phase);
  return point.free_energy < place.solutions[1].second.free_energy ? "retrieval" : "retrieval (metastable)";
}

Table replica_table(const std::vector<ReplicaPlace>& places) {
  Table table{
      .title = "Solutions",
      .columns = {"load", "T", "branch", "m", "q1", "q2", "theta", "f", "u", "entropy", "stability", "phase"},
      .rows = {},
      .formats = {}};
  for (const ReplicaPlace& place : places)
    for (const auto& [branch, point] : place.solutions)
      table.rows.push_back({place.load, place.temperature, name(branch), point.order.m, point.order.q1,
                            point.q2, point.rsb_irrelevant ? Json("irrelevant") : Json(point.theta),
                            point.free_energy, point.energy, point.entropy, json_number(point.stability),
                            phase_of(place, point, branch)});
  return table;
}

// The metrics of the last place; those of the glass beside retrieval have names of their own.
void add_point_metrics(Report& report, const ReplicaPlace& place) {
  for (std::size_t k = 0; k < place.solutions.size(); ++k) {
    const ReplicaPoint& point = place.solutions[k].second;
    const std::string prefix = k == 0 ? "" : "glass_";
    report.metric(prefix + "m", point.order.m);
    report.metric(prefix + "q1", point.order.q1);
    report.metric(prefix + "q2", point.q2);
    report.metric(prefix + "mu", point.mu);
    report.metric(prefix + "theta", point.theta);
    report.metric(prefix + "free_energy", point.free_energy);
    report.metric(prefix + "energy", point.energy);
    report.metric(prefix + "entropy", point.entropy);
    report.metric(prefix + "stability", point.stability);
    report.metric(prefix + "exists", point.exists);
    report.metric(prefix + "rsb_irrelevant", point.rsb_irrelevant);
  }
  if (place.solutions.size() == 2)
    report.metric("global", place.solutions[0].second.exists && place.solutions[0].second.free_energy <
                                                                    place.solutions[1].second.free_energy);
}

Figure sweep_figure(const std::vector<ReplicaPlace>& places, const ReplicaOptions& options) {
  const bool along_load = places.front().load != places.back().load;
  Figure figure{.name = "order", .title = "Order parameters", .caption = {}, .x = {}, .y = {}, .series = {}};
  figure.x.label = along_load ? "load" : "temperature";
  figure.y.label = "order parameter";
  for (std::size_t k = 0; k < places.front().solutions.size(); ++k) {
    Series m{.label = "m", .x = {}, .y = {}, .low = {}, .high = {}}, q = m, q1 = m;
    for (const ReplicaPlace& place : places) {
      const auto& [branch, point] = place.solutions[k];
      const std::string of = place.solutions.size() > 1 ? fmt::format(" ({})", name(branch)) : "";
      m.label = "m" + of, q.label = (options.level == "rs" ? "q" : "q2") + of, q1.label = "q1" + of;
      for (Series* series : {&m, &q, &q1}) series->x.push_back(along_load ? place.load : place.temperature);
      m.y.push_back(point.exists ? point.order.m : 0);
      q.y.push_back(point.q2);
      q1.y.push_back(point.order.q1);
    }
    if (places.front().solutions[k].first == Branch::retrieval) figure.series.push_back(m);
    figure.series.push_back(q);
    if (options.level != "rs") figure.series.push_back(q1);
  }
  return figure;
}

void add_capacity(Report& report, const ReplicaOptions& options) {
  if (options.model != "dense")
    throw InvalidInput("capacity: only the dense network has one here, found model '{}'", options.model);
  const auto order = static_cast<int>(options.order);
  const double temperature = options.solver_temperature(options.temperature(1.0));
  spin::Capacity capacity;
  if (options.level == "1rsb")
    capacity = spin::one_step_rsb_capacity(order, temperature);
  else
    capacity = temperature == 0 ? spin::zero_temperature_capacity(order)
                                : spin::replica_symmetric_capacity(order, temperature);
  report.metric("capacity", capacity.load);
  report.metric("capacity_gamma", spin::gamma_of_load(order, capacity.load));
  report.metric("capacity_m", capacity.m);
}

void add_transitions(Report& report, const ReplicaOptions& options) {
  const spin::ReplicaModel model = options.model_at(options.load(1.0));
  const spin::GlassTransition fixed = spin::static_transition(model),
                              dynamical = spin::dynamical_transition(model);
  report.metric("static_temperature", fixed.temperature);
  report.metric("static_q", fixed.q);
  report.metric("dynamical_temperature", dynamical.temperature);
  report.metric("dynamical_q", dynamical.q);
  report.metric("gardner_temperature", spin::gardner_transition(model).temperature);
}

void add_checks(Report& report, const ReplicaOptions& options, const ReplicaPlace& place) {
  const spin::ReplicaModel model = options.model_at(place.load);
  const double temperature = options.solver_temperature(place.temperature);
  for (std::size_t k = 0; k < place.solutions.size(); ++k) {
    const ReplicaPoint& point = place.solutions[k].second;
    const std::string prefix = k == 0 ? "" : "glass_";
    report.metric(prefix + "guerra", guerra_check(model, temperature, point.order, point.mu).difference());
    report.metric(prefix + "transport",
                  transport_check(model, temperature, point.order, point.mu).difference());
  }
  const ReplicaPoint glass = spin::replica_symmetric(model.with_field(0), temperature, Branch::glass);
  const spin::GlassDecomposition parts = glass_decomposition(model, temperature, glass.q2);
  report.metric("hard", parts.hard);
  report.metric("soft", parts.soft);
}

Report replica(const ReplicaOptions& options, TaskContext&) {
  Report report;
  report.title =
      fmt::format("Replica theory: {} model, {}", options.model,
                  options.level == "rs" ? "replica symmetry" : "one step of replica symmetry breaking");
  const std::vector<ReplicaPlace> places = solve_places(options);
  add_point_metrics(report, places.back());
  if (options.capacity) add_capacity(report, options);
  if (options.transitions) add_transitions(report, options);
  if (options.checks) add_checks(report, options, places.back());
  report.tables.push_back(replica_table(places));
  if (places.size() > 1) report.figures.push_back(sweep_figure(places, options));
  if (options.diagram) report.figures.push_back(replica_diagram(options));
  if (places.size() > 1) report.notes.emplace_back("Metrics are those of the sweep's last point.");
  if (options.model == "dense" && options.order == 2)
    report.notes.emplace_back(
        "At order 2 the dense model takes the couplings as independent; the model 'hopfield' is exact.");
  return report;
}

}  // namespace

void ReplicaOptions::describe(OptionTable& table) {
  table.add("model", model, "what is solved").choices({"dense", "p-spin", "hopfield", "sk"});
  table.add("order", order, "P, spins in an interaction (dense, p-spin)").range(2, 100);
  table.add("load", load, "patterns over N^(P-1) (dense), over N (hopfield), along the sweep");
  table.add("temperature", temperature, "temperature along the sweep; 0 is the ground state");
  table.add("points", points, "points of the sweep, from the schedules' start to their end").range(1, 1e5);
  table.add("level", level, "replica symmetry or one step of breaking it").choices({"rs", "1rsb"});
  table.add("branch", branch, "solutions to follow").choices({"both", "retrieval", "glass"});
  table.add("parametrisation", parametrisation, "gamma: load is gamma = alpha P!/2, temperature is T P!/2")
      .choices({"alpha", "gamma"});
  table.add("strength", strength, "J of the glasses").above(0);
  table.add("field", field, "uniform field along the condensed pattern").at_least(0);
  table.add("capacity", capacity, "also the largest load with retrieval at the last temperature");
  table.add("transitions", transitions, "also the glass transitions (static, dynamical, Gardner's)");
  table.add("diagram", diagram, "also the dense network's phase diagram");
  table.add("checks", checks, "also Guerra's and the transport sum rule, hard and soft part");
}

spin::ReplicaModel ReplicaOptions::model_at(double load_value) const {
  const auto p = static_cast<int>(order);
  const double alpha = parametrisation == "gamma" ? spin::load_of_gamma(p, load_value) : load_value;
  if (model == "dense") return spin::ReplicaModel::dense(p, alpha).with_field(field);
  if (model == "hopfield") return spin::ReplicaModel::hopfield(load_value).with_field(field);
  if (model == "sk") return spin::ReplicaModel::sk(strength).with_field(field);
  return spin::ReplicaModel::p_spin(p, strength).with_field(field);
}

double ReplicaOptions::solver_temperature(double value) const {
  const bool primed = parametrisation == "gamma" && model == "dense";
  return primed ? spin::unprimed_temperature(static_cast<int>(order), value) : value;
}

Task spin_replica_task() {
  return make_task<ReplicaOptions>(
      "spin.replica", "", "replica theory of dense Hopfield networks and spin glasses",
      "Overlaps, free energy, entropy, stability and phase of a dense Hopfield network, an Ising p-spin "
      "glass, the "
      "pairwise Hopfield network or the Sherrington-Kirkpatrick model, with replica symmetry or one step of "
      "breaking "
      "it, at one point or along a sweep of load and temperature; capacity, glass transitions and phase "
      "diagram.",
      {"spin replica --order 4 --load 0.01 --temperature 0.05",
       "spin replica --model p-spin --order 3 --level 1rsb --temperature 'linear(from=0.7, to=0.1)' --points "
       "25",
       "spin replica --order 4 --temperature 0 --capacity --level 1rsb", "spin replica --order 4 --diagram"},
      replica);
}

}  // namespace lehr::command
