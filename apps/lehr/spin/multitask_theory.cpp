#include "apps/lehr/spin/multitask_theory.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/memory/multitasking_mean_field.hpp"

namespace lehr::command {

using namespace spin;

namespace {

struct MultitaskTheoryOptions {
  std::vector<std::int64_t> patterns = {3};
  std::vector<double> dilutions = {0.45}, temperatures = {0.0}, rho = {0.0};
  double quality = 0.5, tolerance = 0.01;
  std::int64_t examples = 0, samples = 0;
  bool diagram = false;

  void describe(OptionTable& table) {
    table.add("patterns", patterns, "numbers of patterns K").range(1, 1000);
    table.add("dilutions", dilutions, "shares of blanks d").at_least(0).below(1);
    table.add("temperatures", temperatures, "T, in units of the couplings").at_least(0);
    table.add("rho", rho, "data set's entropy (1 - r^2) / (M r^2); 0: the patterns themselves").at_least(0);
    table.add("quality", quality, "r of the examples, where rho is above 0 or examples are given")
        .above(0)
        .range(0, 1);
    table
        .add("examples", examples,
             "M: average over the exact binomial law of that many examples instead of rho")
        .range(0, 1e6);
    table
        .add("tolerance", tolerance,
             "also how many examples bring every overlap this near to its limit; 0: not")
        .at_least(0);
    table
        .add("samples", samples,
             "draw as many kinds of spins instead of summing all; needed above 12 patterns")
        .range(0, 1e7);
    table.add("diagram", diagram, "also the phase diagram over dilution and temperature for each K");
  }
};

struct Place {
  std::int64_t patterns = 0;
  double dilution = 0, temperature = 0, rho = 0;
  RegimePoint found;
  Eigen::VectorXd error;  // standard errors of sampled overlaps
};

std::vector<double> equal(std::int64_t patterns, double dilution) {
  return std::vector<double>(static_cast<std::size_t>(patterns), dilution);
}

NeuronClasses classes_at(const MultitaskTheoryOptions& options, std::int64_t patterns, double dilution,
                         double rho) {
  if (options.examples > 0)
    return binomial_classes(equal(patterns, dilution), options.quality, options.examples);
  NeuronClasses classes = storing_classes(equal(patterns, dilution));
  if (rho == 0) return classes;
  const double r2 = options.quality * options.quality;
  return learnt_classes(std::move(classes), options.quality, std::max(1.0, (1 - r2) / (rho * r2)));
}

void solve(const MultitaskTheoryOptions& options, Place& place, Seed seed) {
  if (options.samples == 0) {
    place.found = multitasking_regime(classes_at(options, place.patterns, place.dilution, place.rho),
                                      place.temperature);
    return;
  }
  if (place.rho > 0 || options.examples > 0)
    throw InvalidInput("samples: sampled kinds are of stored patterns; leave rho and examples at 0");
  const SampledPoint sampled =
      solve_sampled(equal(place.patterns, place.dilution), place.temperature, options.samples, 8, seed);
  place.found.point.m = sampled.m;
  place.error = sampled.standard_error;
}

std::vector<Place> solve_all(const MultitaskTheoryOptions& options, Seed seed) {
  std::vector<Place> places;
  for (const std::int64_t patterns : options.patterns)
    for (const double rho : options.rho)
      for (const double temperature : options.temperatures)
        for (const double dilution : options.dilutions)
          places.push_back({patterns, dilution, temperature, rho, {}, {}});
  if (places.empty()) throw InvalidInput("patterns, dilutions, temperatures and rho must each have a value");
  parallel_for(static_cast<std::int64_t>(places.size()),
               [&](std::int64_t i) { solve(options, places[static_cast<std::size_t>(i)], seed); });
  return places;
}

std::string listed(const Eigen::VectorXd& values) {
  std::string text;
  for (Eigen::Index k = 0; k < std::min<Eigen::Index>(values.size(), 8); ++k)
    text += fmt::format("{}{:.4f}", k > 0 ? "  " : "", values(k));
  return values.size() > 8 ? text + "  ..." : text;
}

Table amplitudes_table(const std::vector<Place>& places) {
  Table table{.title = "Overlaps, the strongest first",
              .columns = {"K", "d", "T", "rho", "regime", "|m|", "free energy", "softest mode"},
              .rows = {},
              .formats = {}};
  for (const Place& place : places) {
    const bool sampled = place.error.size() > 0;
    const auto& point = place.found.point;
    table.rows.push_back(
        {place.patterns, place.dilution, place.temperature, place.rho,
         sampled ? "sampled" : name(place.found.regime),
         sampled ? fmt::format("{} +- {:.1e}", listed(point.m), place.error.maxCoeff()) : listed(point.m),
         sampled ? Json() : json_number(point.free_energy), sampled ? Json() : json_number(point.softest)});
  }
  return table;
}

Figure amplitudes_figure(const MultitaskTheoryOptions& options, const std::vector<Place>& places) {
  Figure figure{.name = "amplitudes",
                .title = "Overlaps against dilution",
                .caption = {},
                .x = {},
                .y = {},
                .series = {}};
  figure.x.label = "dilution d";
  figure.y.label = "|m|";
  const Place& first = places.front();
  for (Eigen::Index k = 0; k < std::min<Eigen::Index>(first.found.point.m.size(), 8); ++k) {
    Series series{.label = "m_" + std::to_string(k + 1), .x = {}, .y = {}, .low = {}, .high = {}};
    for (std::size_t i = 0; i < options.dilutions.size(); ++i) {
      series.x.push_back(places[i].dilution);
      series.y.push_back(places[i].found.point.m(k));
    }
    figure.series.push_back(std::move(series));
  }
  return figure;
}

// Which regime rules at each dilution and reduced temperature T / (1 - d).
Figure phase_diagram(std::int64_t patterns) {
  constexpr std::int64_t cells = 24;
  const auto regimes = parallel_map(cells * cells, [&](std::int64_t i) {
    const double d = (static_cast<double>(i % cells) + 0.5) / cells;
    const double reduced = 1.1 * (static_cast<double>(i / cells) + 0.5) / cells;
    return multitasking_regime(storing_classes(equal(patterns, d)), reduced * (1 - d)).regime;
  });
  Figure figure{.name = fmt::format("regimes-{}", patterns),
                .title = fmt::format("Regimes of {} patterns", patterns),
                .caption = {},
                .x = {},
                .y = {},
                .series = {}};
  figure.x.label = "dilution d";
  figure.y.label = "T / (1 - d)";
  for (const Regime regime : {Regime::ergodic, Regime::pure, Regime::hierarchical, Regime::parallel}) {
    Series series{
        .label = name(regime), .style = Series::Style::points, .x = {}, .y = {}, .low = {}, .high = {}};
    for (std::int64_t i = 0; i < cells * cells; ++i)
      if (regimes[static_cast<std::size_t>(i)] == regime) {
        series.x.push_back((static_cast<double>(i % cells) + 0.5) / cells);
        series.y.push_back(1.1 * (static_cast<double>(i / cells) + 0.5) / cells);
      }
    if (!series.x.empty()) figure.series.push_back(std::move(series));
  }
  return figure;
}

// How far the first point is from (1 - d) d^(mu - 1), and one step of its signal and noise.
void add_first_point(Report& report, const MultitaskTheoryOptions& options, const Place& place) {
  const auto& m = place.found.point.m;
  for (Eigen::Index k = 0; k < std::min<Eigen::Index>(m.size(), 20); ++k)
    report.metric("m" + std::to_string(k + 1), m(k));
  const Eigen::VectorXd hierarchy = hierarchical_amplitudes(equal(place.patterns, place.dilution));
  report.metric("distance_to_hierarchy", (m - hierarchy).cwiseAbs().maxCoeff());
  if (options.samples > 0) return;
  report.metric("free_energy", place.found.point.free_energy);
  report.metric("regime", static_cast<double>(place.found.regime));
  const auto classes = classes_at(options, place.patterns, place.dilution, place.rho);
  if (options.examples == 0) report.metric("one_step_m1", signal_to_noise(classes, hierarchy).next(0));
  if (options.tolerance == 0 || (options.examples == 0 && place.rho == 0)) return;
  const auto needed = examples_needed(equal(place.patterns, place.dilution), options.quality,
                                      options.tolerance, place.temperature);
  if (needed) report.metric("examples_needed", static_cast<double>(*needed));
}

Report multitask_theory(const MultitaskTheoryOptions& options, TaskContext& context) {
  const std::vector<Place> places = solve_all(options, context.seed);
  Report report;
  report.title = "Theory of the multitasking associative memory";
  add_first_point(report, options, places.front());
  report.tables.push_back(amplitudes_table(places));
  for (const std::int64_t patterns : options.patterns) {
    if (patterns < 2 || patterns > 12) continue;
    const auto critical = critical_dilution(static_cast<Index>(patterns));
    if (critical) report.metric(fmt::format("critical_dilution_{}", patterns), *critical);
    if (options.diagram) report.figures.push_back(phase_diagram(patterns));
  }
  if (options.dilutions.size() > 1) report.figures.push_back(amplitudes_figure(options, places));
  return report;
}

}  // namespace

Task spin_multitask_theory_task() {
  return make_task<MultitaskTheoryOptions>(
      "spin.multitask-theory", "", "which patterns with blanks are raised together, and how strongly",
      "Mean-field theory of the multitasking network over dilutions, temperatures, numbers of patterns and "
      "data "
      "sets' entropies: overlaps, regime (0 ergodic, 1 pure, 2 hierarchical, 3 parallel), free energy, "
      "stability, "
      "the dilution above which the hierarchy breaks, and how many examples suffice. The metrics are of the "
      "first "
      "point.",
      {"spin multitask-theory --patterns 3 --dilutions 0.45 0.6 0.63 0.7",
       "spin multitask-theory --patterns 2 --diagram",
       "spin multitask-theory --patterns 3 --dilutions 0.2 --quality 0.3 --examples 25"},
      multitask_theory);
}

}  // namespace lehr::command
