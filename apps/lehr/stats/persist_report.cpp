// What `lehr stats persist` shows: the verdict, the exponent, the law, its checks, and the routes side by
// side.
#include <cmath>

#include "apps/lehr/stats/persist.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "lehr/stats/persistence/simulate_excursions.hpp"

namespace lehr::command {

using namespace stats;

namespace {

constexpr double shown_quantiles[] = {0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999};

// An exponent is shown where the approximation may be a distribution.
std::optional<double> shown_theta(const SlepianIia& iia, const ExcursionLaw& law) {
  return iia.status() == Validity::invalid ? std::nullopt : law.exponent().theta;
}

void law_metrics(Report& report, const SlepianIia& iia, const ExcursionLaw& law, double rice_mean,
                 const std::string& suffix) {
  if (const auto theta = shown_theta(iia, law)) {
    report.metric("theta" + suffix, *theta);
    report.metric("prefactor" + suffix, law.exponent().prefactor);
    report.metric("naive_theta" + suffix, 1 / rice_mean);
  }
  report.metric("mean" + suffix, law.mean());
  report.metric("rice_mean" + suffix, rice_mean);
  const double variance = law.variance();
  if (std::isfinite(variance) && variance > 0) report.metric("deviation" + suffix, std::sqrt(variance));
  if (iia.status() == Validity::invalid) return;
  for (const double p : {0.5, 0.9, 0.99})
    report.metric(fmt::format("q{:g}{}", 100 * p, suffix), law.quantile(p));
}

// theta of the exact probabilities at the last two times.
std::optional<std::pair<double, double>> exact_exponent(const std::vector<ExactProbability>& exact) {
  if (exact.size() < 2) return std::nullopt;
  const ExactProbability &a = exact[exact.size() - 2], &b = exact.back();
  if (!(a.value > 0 && b.value > 0 && b.time > a.time)) return std::nullopt;
  const double span = b.time - a.time;
  return std::pair{std::log(a.value / b.value) / span,
                   std::hypot(a.error / a.value, b.error / b.value) / span};
}

void comparison_metrics(Report& report, const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  const bool at_zero = iia.slepian().level() == 0;
  if (!persistence.draws.empty()) {
    report.metric("samples_mean", mean(persistence.draws));
    report.metric("samples_distance", kolmogorov_smirnov(persistence.draws, [&](double t) {
                                        return iia.above().cdf(t);
                                      }).statistic);
  }
  if (const auto& truth = persistence.simulated) {
    const EmpiricalExcursions& found = truth->excursions;
    const double simulated = mean(found.lengths);
    report.metric("excursions", static_cast<double>(found.count_above + found.count_below));
    report.metric("distance", found.distance);
    if (!at_zero) report.metric("distance_below", found.distance_below);
    report.metric("simulated_mean", simulated);
    report.metric("simulated_mean_error", simulated / iia.slepian().mean_above() - 1);
    report.metric("crossing_rate_error", truth->rate_error);
    report.metric("missed_crossings", truth->missed);
    report.metric("clipped", truth->clipped);
    if (found.tail.count > 0) {
      report.metric("simulated_theta", found.tail.rate);
      report.metric("simulated_theta_error", found.tail.standard_error);
    }
  }
  double difference = 0;
  for (const ExactProbability& p : persistence.exact)
    difference = std::max(difference, std::abs(p.value - iia.above().survival(p.time)));
  if (!persistence.exact.empty()) report.metric("exact_difference", difference);
  if (const auto theta = exact_exponent(persistence.exact)) {
    report.metric("exact_theta", theta->first);
    report.metric("exact_theta_error", theta->second);
  }
  if (const auto& series = persistence.series) {
    report.metric("series_intervals",
                  static_cast<double>(series->count) * series->dt / iia.covariance().mean_interval());
    if (series->fit) report.metric("fit_rms", series->fit->rms);
    if (series->excursions) {
      report.metric("series_excursions", static_cast<double>(series->excursions->lengths.size()));
      report.metric("series_mean", mean(series->excursions->lengths));
      report.metric("series_distance", series->excursions->distance);
    }
    if (series->theta) {
      report.metric("theta_low", series->theta->low);
      report.metric("theta_high", series->theta->high);
    }
  }
}

void add_metrics(Report& report, const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  law_metrics(report, iia, iia.above(), iia.slepian().mean_above(), "");
  if (iia.slepian().level() != 0) law_metrics(report, iia, iia.below(), iia.slepian().mean_below(), "_below");
  report.metric("valid_monotone", iia.status() == Validity::valid_monotone);
  report.metric("formal_ok", iia.status() == Validity::formal_ok);
  report.metric("invalid", iia.status() == Validity::invalid);
  report.metric("lambda2", iia.covariance().lambda2);
  report.metric("mean_error", iia.mean_error());
  report.metric("least_margin", iia.least_margin());
  report.metric("lowest_density", iia.above().lowest_density());
  report.metric("overshoot", iia.above().overshoot());
  comparison_metrics(report, persistence);
}

Table law_table(const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  const bool at_zero = iia.slepian().level() == 0;
  Table table{.title = "The law of an excursion",
              .columns = {"quantity", at_zero ? "value" : "above"},
              .rows = {},
              .formats = {"", ".6g"}};
  if (!at_zero) table.columns.push_back("below"), table.formats.push_back(".6g");
  const auto row = [&](std::string name, auto value) {
    std::vector<Json> cells{std::move(name), value(iia.above(), iia.slepian().mean_above())};
    if (!at_zero) cells.push_back(value(iia.below(), iia.slepian().mean_below()));
    table.rows.push_back(std::move(cells));
  };
  row("status", [&](const ExcursionLaw&, double) { return Json(name(iia.status())); });
  row("persistency exponent theta", [&](const ExcursionLaw& law, double) {
    const auto theta = shown_theta(iia, law);
    return theta ? json_number(*theta) : Json("none");
  });
  row("prefactor C of C exp(-theta t)", [&](const ExcursionLaw& law, double) {
    return shown_theta(iia, law) ? json_number(law.exponent().prefactor) : Json("none");
  });
  row("mean excursion (Rice, exact)", [&](const ExcursionLaw&, double rice) { return json_number(rice); });
  if (iia.status() == Validity::invalid) return table;
  row("standard deviation", [&](const ExcursionLaw& law, double) {
    return std::isfinite(law.variance()) ? json_number(std::sqrt(law.variance())) : Json("infinite");
  });
  for (const double p : shown_quantiles)
    row(fmt::format("{:g} % are over by", 100 * p),
        [&](const ExcursionLaw& law, double) { return json_number(law.quantile(p)); });
  return table;
}

Table checks_table(const PersistOptions& options, const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  const ExcursionLaw& law = iia.above();
  Table table{.title = "Checks", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".4g"}};
  const auto row = [&](std::string name, Json value) {
    table.rows.push_back({std::move(name), std::move(value)});
  };
  row("second spectral moment lambda2", json_number(iia.covariance().lambda2));
  row("grid", fmt::format("{} steps to t = {:.4g}", options.iia.n, law.times().back()));
  row("mean from the integral of the memory, over Rice's, minus 1", json_number(iia.mean_error()));
  const bool missed = iia.least_margin() < -options.iia.tolerance;
  row("condition margin R''(1 - R^2) + R R'^2 >= 0",
      missed ? fmt::format("falls to {:.3g} lambda2 at t = {:.4g}", iia.least_margin(), iia.least_margin_at())
             : std::string("holds"));
  row("lowest density", json_number(law.lowest_density()));
  row("distribution function beyond [0, 1] by", json_number(law.overshoot()));
  if (const auto& truth = persistence.simulated) {
    row("simulation: distance of points", json_number(truth->dt));
    row("simulation: crossings that the grid misses", json_number(truth->missed));
    row("simulation: crossing rate over Rice's, minus 1", json_number(truth->rate_error));
    row("simulation: clipped share of the spectrum", json_number(truth->clipped));
  }
  return table;
}

// P(T > t) by every route that was asked for.
Table comparison_table(const PersistOptions& options, const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  Table table{
      .title = "P(T > t) by each route", .columns = {"t", "IIA"}, .rows = {}, .formats = {".4g", ".5f"}};
  const auto columns = [&](const char* name) {
    table.columns.insert(table.columns.end(), {name, "+-"});
    table.formats.insert(table.formats.end(), {".5f", ".1g"});
  };
  if (!persistence.exact.empty()) columns("exact");
  if (persistence.simulated) columns("simulated");
  const bool measured = persistence.series && persistence.series->excursions;
  if (measured) columns("the series");
  const std::vector<double> times = comparison_times(options, iia.slepian().mean_above());
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double t = times[i];
    std::vector<Json> row{t, json_number(iia.above().survival(t))};
    const auto pair = [&](double value, double error) {
      row.push_back(json_number(value)), row.push_back(json_number(error));
    };
    if (!persistence.exact.empty()) pair(persistence.exact[i].value, persistence.exact[i].error);
    if (persistence.simulated) {
      const SurvivalCurve& curve = persistence.simulated->excursions.survival;
      pair(curve.at(t), curve.error_at(t));
    }
    if (measured) {
      const SurvivalCurve& curve = persistence.series->excursions->survival;
      pair(curve.at(t), curve.error_at(t));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Exponent and mean by each route.
Table exponents_table(const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  Table table{.title = "Exponent and mean by each route",
              .columns = {"route", "theta", "+-", "mean", "+-", "distance to IIA"},
              .rows = {},
              .formats = {"", ".5f", ".1g", ".5g", ".1g", ".4f"}};
  const Json blank("");
  if (const auto theta = shown_theta(iia, iia.above()))
    table.rows.push_back({"IIA", json_number(*theta), blank, json_number(iia.above().mean()), blank, blank});
  table.rows.push_back({"exponential law of Rice's mean", json_number(1 / iia.slepian().mean_above()), blank,
                        json_number(iia.slepian().mean_above()), blank, blank});
  if (const auto theta = exact_exponent(persistence.exact))
    table.rows.push_back({"exact, between the last two times", json_number(theta->first),
                          json_number(theta->second), blank, blank, blank});
  const auto empirical = [&](const char* name, const EmpiricalExcursions& found) {
    const bool tail = found.tail.count > 0;
    table.rows.push_back({name, tail ? json_number(found.tail.rate) : blank,
                          tail ? json_number(found.tail.standard_error) : blank,
                          json_number(mean(found.lengths)), json_number(standard_error(found.lengths)),
                          json_number(found.distance)});
  };
  if (persistence.simulated) empirical("simulated, beyond three means", persistence.simulated->excursions);
  if (persistence.series && persistence.series->excursions)
    empirical("the series, beyond three means", *persistence.series->excursions);
  return table;
}

Table series_table(const MeasuredSeries& series, const SlepianIia& iia, double confidence) {
  Table table{.title = "The series", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".5g"}};
  const auto row = [&](std::string name, Json value) {
    table.rows.push_back({std::move(name), std::move(value)});
  };
  row("values", series.count);
  row("mean", json_number(series.mean));
  row("standard deviation", json_number(series.deviation));
  if (series.fit) {
    row("fitted covariance", iia.covariance().text);
    row("lags fitted", static_cast<std::int64_t>(series.fit->correlation.size()) - 1);
    row("root mean square residual of the correlations", json_number(series.fit->rms));
  }
  if (series.excursions) {
    row("complete excursions above", series.excursions->count_above);
    row("complete excursions below", series.excursions->count_below);
  }
  if (series.theta)
    row(fmt::format("theta, {:g} % by {} replicates", 100 * confidence, series.replicates),
        fmt::format("{:.5g} to {:.5g}", series.theta->low, series.theta->high));
  return table;
}

void add_notes(Report& report, const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  report.notes.push_back(iia.verdict());
  report.notes.insert(report.notes.end(), persistence.notes.begin(), persistence.notes.end());
  if (!iia.above().exponent().theta)
    report.notes.push_back("No exponent: " + iia.above().exponent().reason + ".");
  if (std::abs(iia.mean_error()) > 1e-4 && iia.status() != Validity::invalid)
    report.notes.push_back(
        fmt::format("The mean of the law is off Rice's exact mean by {:.2g} of it: its tail is "
                    "not to be trusted.",
                    iia.mean_error()));
  if (const auto& truth = persistence.simulated; truth && truth->clipped > 1e-6)
    report.notes.push_back(
        fmt::format("The covariance is not positive definite on the simulation's grid: {:.2g} of "
                    "its spectrum was negative and clipped.",
                    truth->clipped));
  const auto coarse = [](const ExcursionLaw& law, double interval) { return law.times()[1] > interval / 15; };
  const double interval = iia.covariance().mean_interval();
  if (coarse(iia.above(), interval) || coarse(iia.below(), interval))
    report.notes.emplace_back(
        "The time grid is coarse: its first step is over a fifteenth of the mean interval; "
        "raise n, or grade it with step.");
  if (!persistence.series) return;
  const double intervals = static_cast<double>(persistence.series->count) * persistence.series->dt /
                           iia.covariance().mean_interval();
  if (intervals < 100)
    report.notes.push_back(
        fmt::format("The series is {:.3g} mean intervals long; below 100 neither its covariance nor "
                    "its excursions say much.",
                    intervals));
  const double missed = grid_misses(iia.covariance(), persistence.series->dt);
  if (missed > 0.1)
    report.notes.push_back(
        fmt::format("{:.0f} % of the crossings of such a process fall between the series' values: "
                    "its own excursions are longer than those of the law, and lambda2 rests on "
                    "the family.",
                    100 * missed));
  if (persistence.series->fit && persistence.series->fit->rms > 0.1)
    report.notes.push_back(
        fmt::format("No family fits the autocovariances well (residual {:.2g}); see the figure.",
                    persistence.series->fit->rms));
}

std::string law_csv(const SlepianIia& iia) {
  const ExcursionLaw& law = iia.above();
  const std::vector<double> times(law.times().begin(), law.times().end());
  CsvColumn time{"t", times}, cdf{"cdf", std::vector<double>{}}, density{"density", std::vector<double>{}},
      above{"memory_above", std::vector<double>{}}, below{"memory_below", std::vector<double>{}},
      margin{"condition_margin", std::vector<double>{}};
  const auto column = [](CsvColumn& c) -> std::vector<double>& {
    return std::get<std::vector<double>>(c.cells);
  };
  for (const double t : times) {
    column(cdf).push_back(law.cdf(t)), column(density).push_back(law.pdf(t));
    column(above).push_back(law.own()(t)), column(below).push_back(law.other()(t));
    column(margin).push_back(iia.condition_margin(t));
  }
  const CsvColumn columns[] = {time, cdf, density, above, below, margin};
  return csv_text(columns);
}

Json persist_json(const Report& report, const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  Json metrics = Json::object();
  for (const auto& [name, value] : report.metrics) metrics[name] = json_number(value);
  Json brackets = Json::array(), quantiles = Json::object();
  for (const auto& b : iia.above().exponent().brackets)
    brackets.push_back({json_number(b.low), json_number(b.high)});
  if (iia.status() != Validity::invalid)
    for (const double p : shown_quantiles)
      quantiles[fmt::format("{:g}", p)] = json_number(iia.above().quantile(p));
  Json json{{"covariance", iia.covariance().text}, {"level", iia.slepian().level()},
            {"status", name(iia.status())},        {"verdict", iia.verdict()},
            {"metrics", std::move(metrics)},       {"quantiles", std::move(quantiles)},
            {"brackets", std::move(brackets)}};
  Json rows = Json::array();
  for (const ExactProbability& p : persistence.exact)
    rows.push_back({{"t", p.time},
                    {"exact", json_number(p.value)},
                    {"error", json_number(p.error)},
                    {"standard_error", json_number(p.standard_error)},
                    {"at_points", json_number(p.at_points)},
                    {"at_points_error", json_number(p.at_points_error)},
                    {"iia", json_number(iia.above().survival(p.time))}});
  if (!rows.empty()) json["exact"] = std::move(rows);
  if (persistence.series && persistence.series->fit)
    json["fit"] = {{"family", persistence.series->fit->family},
                   {"parameters", persistence.series->fit->parameters}};
  json["notes"] = report.notes;
  return json;
}

}  // namespace

Report persist_report(const PersistOptions& options, const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  Report report;
  report.title = fmt::format("Persistence of {}", iia.covariance().text);
  if (iia.slepian().level() != 0)
    report.title += fmt::format(" above {:g} deviations", iia.slepian().level());
  add_metrics(report, persistence);
  report.tables.push_back(law_table(persistence));
  if (persistence.series) report.tables.push_back(series_table(*persistence.series, iia, options.confidence));
  if (persistence.simulated || persistence.series || !persistence.exact.empty()) {
    report.tables.push_back(exponents_table(persistence));
    report.tables.push_back(comparison_table(options, persistence));
  }
  report.tables.push_back(checks_table(options, persistence));
  add_notes(report, persistence);
  report.artifacts.push_back({.name = "law", .extension = "csv", .content = law_csv(iia), .path = {}});
  if (!persistence.draws.empty()) {
    const CsvColumn column{"length", persistence.draws};
    report.artifacts.push_back(
        {.name = "samples", .extension = "csv", .content = csv_text(std::span(&column, 1)), .path = {}});
  }
  report.json = persist_json(report, persistence);
  return report;
}

Report exponent_report(const Covariance& covariance, double level, std::vector<std::string> notes) {
  const PersistencyExponent exponent = slepian_exponent(covariance, level);
  Report report;
  report.title = fmt::format("Persistency exponent of {}", covariance.text);
  Table table{.title = "", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".8g"}};
  table.rows.push_back({"theta", exponent.theta ? json_number(*exponent.theta) : Json("none")});
  if (exponent.theta) {
    report.metric("theta", *exponent.theta);
    report.metric("prefactor", exponent.prefactor);
    table.rows.push_back({"prefactor C", json_number(exponent.prefactor)});
  }
  report.tables.push_back(std::move(table));
  report.notes = std::move(notes);
  if (!exponent.reason.empty()) report.notes.push_back("Exponent: " + exponent.reason + ".");
  return report;
}

}  // namespace lehr::command
