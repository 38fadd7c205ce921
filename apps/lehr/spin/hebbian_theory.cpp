#include "apps/lehr/spin/hebbian_theory.hpp"

#include <cmath>
#include <optional>

#include "lehr/core/parallel.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/memory/labelled_examples.hpp"
#include "lehr/spin/memory/supervised_replica_symmetric.hpp"

namespace lehr::command {
namespace {

struct HebbianTheoryOptions {
  std::int64_t order = 4, points = 1, size = 0;
  Schedule load = 0.0, temperature = 0.0, rho = 0.0, examples = 0.0;
  std::optional<double> quality, target;
  std::string law = "gaussian", branch = "retrieval", parametrisation = "alpha";
  double tensor_noise = 0;
  bool lines = false;

  void describe(OptionTable& table) {
    table.add("order", order, "P, spins in an interaction").range(2, 100);
    table.add("load", load, "classes over N^(P-1) along the sweep; 0: any lower load");
    table.add("temperature", temperature, "temperature along the sweep");
    table.add("rho", rho, "dataset entropy (1 - r^2) / (M r^2) along the sweep, where no quality is given");
    table.add("quality", quality, "r: mean agreement of an example with its archetype").above(0).range(0, 1);
    table.add("examples", examples, "M, examples a class, along the sweep (rounded); needs quality");
    table.add("points", points, "points of the sweep").range(1, 1e5);
    table.add("law", law, "of the class means: Gaussian, or the exact binomial")
        .choices({"gaussian", "exact"});
    table.add("branch", branch, "solution to follow").choices({"retrieval", "glass"});
    table.add("parametrisation", parametrisation, "gamma: load is gamma = alpha P!/2, temperature is T P!/2")
        .choices({"alpha", "gamma"});
    table
        .add("tensor_noise", tensor_noise,
             "tau: noise on every tensor entry, adds tau^2 / size^(order-1) to the load")
        .at_least(0);
    table.add("size", size, "spins, where tensor_noise is above 0").at_least(0);
    table.add("target", target, "also the fewest examples of this quality that reach the overlap")
        .above(0)
        .below(1);
    table.add("lines", lines, "also capacity against rho and the largest temperature at the last point");
  }

  double alpha(double value) const {
    const auto p = static_cast<int>(order);
    const double plain = parametrisation == "gamma" ? spin::load_of_gamma(p, value) : value;
    if (tensor_noise == 0) return plain;
    if (size < 2) throw InvalidInput("size: tensor_noise needs the number of spins, found {}", size);
    return spin::effective_load(plain, tensor_noise, p, static_cast<double>(size));
  }
  double solver_temperature(double value) const {
    return parametrisation == "gamma" ? spin::unprimed_temperature(static_cast<int>(order), value) : value;
  }
  spin::ExampleLaw example_law() const {
    return law == "exact" ? spin::ExampleLaw::exact : spin::ExampleLaw::gaussian;
  }
};

struct TheoryPlace {
  double load, temperature, rho, examples;
  spin::SupervisedPoint point;
};

spin::DataSet data_at(const HebbianTheoryOptions& options, double progress) {
  if (!options.quality) {
    if (options.law == "exact") throw InvalidInput("law: the exact law needs quality and examples");
    return spin::DataSet::entropy(options.rho(progress));
  }
  return spin::DataSet::of(*options.quality, std::llround(options.examples(progress)), options.example_law());
}

std::vector<TheoryPlace> theory_places(const HebbianTheoryOptions& options) {
  std::vector<TheoryPlace> places(static_cast<std::size_t>(options.points));
  parallel_for(options.points, [&](std::int64_t i) {
    const double progress =
        options.points > 1 ? static_cast<double>(i) / static_cast<double>(options.points - 1) : 0;
    const spin::DataSet data = data_at(options, progress);
    const double load = options.alpha(options.load(progress)), temperature = options.temperature(progress);
    places[static_cast<std::size_t>(i)] = {
        load, temperature, data.rho, options.quality ? std::round(options.examples(progress)) : 0,
        spin::supervised_replica_symmetric(
            static_cast<int>(options.order), load, options.solver_temperature(temperature), data,
            options.branch == "glass" ? spin::Branch::glass : spin::Branch::retrieval)};
  });
  return places;
}

Table theory_table(const std::vector<TheoryPlace>& places) {
  Table table{.title = "Solutions",
              .columns = {"load", "T", "rho", "M", "m", "s", "q", "f", "entropy", "stability", "phase"},
              .rows = {},
              .formats = {}};
  for (const auto& [load, temperature, rho, examples, point] : places)
    table.rows.push_back({load, temperature, rho, examples > 0 ? Json(examples) : Json(), point.m, point.s,
                          point.q, point.free_energy, point.entropy, json_number(point.stability),
                          name(point.phase())});
  return table;
}

Figure overlap_along(const std::vector<TheoryPlace>& places) {
  const auto varies = [&](auto member) { return places.front().*member != places.back().*member; };
  double TheoryPlace::*along = &TheoryPlace::temperature;
  std::string label = "temperature";
  if (varies(&TheoryPlace::load)) along = &TheoryPlace::load, label = "load";
  if (varies(&TheoryPlace::rho)) along = &TheoryPlace::rho, label = "dataset entropy rho";
  if (varies(&TheoryPlace::examples)) along = &TheoryPlace::examples, label = "examples a class";
  Figure figure{.name = "overlap",
                .title = "Overlap with the archetype",
                .caption = {},
                .x = {},
                .y = {},
                .series = {}};
  figure.x.label = label;
  figure.y.label = "m";
  Series series{.label = "replica theory", .x = {}, .y = {}, .low = {}, .high = {}};
  for (const TheoryPlace& place : places) {
    series.x.push_back(place.*along);
    series.y.push_back(place.point.m);
  }
  figure.series.push_back(std::move(series));
  return figure;
}

void add_lines(Report& report, const HebbianTheoryOptions& options, const TheoryPlace& last) {
  const auto order = static_cast<int>(options.order);
  const bool primed = options.parametrisation == "gamma";
  const auto shown = [&](double load) { return primed ? spin::gamma_of_load(order, load) : load; };
  Series series{.label = "retrieval ends (T = 0)", .x = {}, .y = {}, .low = {}, .high = {}};
  for (int k = 0; k <= 40; ++k) {
    series.x.push_back(k * 0.05);
    series.y.push_back(shown(spin::supervised_capacity(order, series.x.back())));
  }
  Figure figure{.name = "capacity",
                .title = "Largest load against the data set's entropy",
                .caption = {},
                .x = {},
                .y = {},
                .series = {series}};
  figure.x.label = "dataset entropy rho";
  figure.y.label = primed ? "gamma" : "load";
  report.figures.push_back(std::move(figure));
  report.metric("capacity", shown(spin::supervised_capacity(order, last.rho)));
  if (last.load > 0)
    report.metric("largest_rho", spin::largest_entropy(order, last.load).value_or(std::nan("")));
  const auto edge = spin::largest_temperature(order, last.load, data_at(options, 1));
  const double in_options =
      primed && edge ? spin::primed_temperature(order, *edge) : edge.value_or(std::nan(""));
  report.metric("largest_temperature", in_options);
}

Report hebbian_theory(const HebbianTheoryOptions& options, TaskContext&) {
  const std::vector<TheoryPlace> places = theory_places(options);
  const TheoryPlace& last = places.back();
  Report report;
  report.title = fmt::format("Supervised dense Hebbian learning of order {}: replica theory", options.order);
  report.metric("m", last.point.m);
  report.metric("s", last.point.s);
  report.metric("q", last.point.q);
  report.metric("free_energy", last.point.free_energy);
  report.metric("entropy", last.point.entropy);
  report.metric("stability", last.point.stability);
  report.metric("exists", last.point.exists);
  report.metric("rho", last.rho);
  report.metric("load", last.load);
  if (options.target) {
    if (!options.quality) throw InvalidInput("target: needs the examples' quality");
    const auto needed = spin::how_many_examples(*options.target, static_cast<int>(options.order), last.load,
                                                options.solver_temperature(last.temperature),
                                                *options.quality, options.example_law());
    report.metric("examples_needed", needed ? static_cast<double>(*needed) : std::nan(""));
    if (!needed)
      report.notes.emplace_back("No number of examples up to 1e9 reaches the target at this load.");
  }
  if (options.lines) add_lines(report, options, last);
  report.tables.push_back(theory_table(places));
  if (places.size() > 1) {
    report.figures.insert(report.figures.begin(), overlap_along(places));
    report.notes.emplace_back("Metrics are those of the sweep's last point.");
  }
  return report;
}

}  // namespace

Task spin_hebbian_theory_task() {
  return make_task<HebbianTheoryOptions>(
      "spin.hebbian-theory", "", "how many labelled examples of which quality a dense Hebbian network needs",
      "The replica-symmetric theory of supervised dense Hebbian learning: the overlap with the archetypes "
      "that M "
      "examples of quality r buy at a given load, order and noise, the capacity, the largest temperature, "
      "and the "
      "inverse question, how many examples reach a wanted overlap.",
      {"spin hebbian-theory --quality 0.2 --examples 100",
       "spin hebbian-theory --quality 0.2 --load 0.005 --temperature 0.03 --examples 'linear(from=20, "
       "to=400)' "
       "--points 40",
       "spin hebbian-theory --quality 0.1 --examples 1 --load 0.005 --target 0.95"},
      hebbian_theory);
}

}  // namespace lehr::command
