#include "apps/lehr/stats/persist.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/csv.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "lehr/stats/persistence/covariance_table.hpp"
#include "lehr/stats/persistence/persistence_bootstrap.hpp"
#include "lehr/stats/persistence/simulate_excursions.hpp"

namespace lehr::command {

using namespace stats;

void PersistOptions::describe(OptionTable& table) {
  table.add(
      "cov", cov,
      "covariance: diffusion:d=2, random_acceleration, matern:nu=1.5, gaussian, rational_quadratic:alpha=1, "
      "band; with scale=S");
  table.add("table", this->table, "CSV with the columns t, R and optionally R1, R2 (derivatives)");
  table.add("spectrum", spectrum,
            "CSV with the columns omega, S: a spectral density, linear between its rows");
  table.add("series", series, "CSV of one series at equal distances");
  table.add("column", column, "of the series; default: the only column, or the second of two");
  table.add("dt", dt, "distance of the series' values (default 1); without a series: of the simulated points")
      .above(0);
  iia.describe(table);
  table.add("theta_only", theta_only, "compute the exponent and nothing else");
  table.add("samples", samples, "draws of the excursion above the level").range(0, 1e7);
  table.add("simulate", simulate, "simulate series of so many points together, and compare").range(0, 1e9);
  table
      .add("rate_tolerance", rate_tolerance,
           "simulation: dt is halved until the grid misses at most this share of the crossings")
      .range(1e-6, 1);
  table.add("exact", exact, "points (even, at most 60) of exact probabilities by quasi-Monte Carlo; 0: none")
      .range(0, 60);
  table.add("times", times, "at which the routes are compared; default: multiples of the mean").above(0);
  table.add("qmc", qmc, "exact: points of each random shift, over the shifts; rounded up to powers of 2");
  table.add("shifts", shifts, "exact: random shifts of the points").range(2, 10000);
  table.add("fit", fit, "family fitted to the series' autocovariances")
      .choices({"best", "diffusion", "random_acceleration", "matern", "gaussian", "rational_quadratic",
                "band", "table"});
  table.add("lags", lags, "of the autocovariances that are fitted; 0: twice the first below 0.1")
      .range(0, 1e4);
  table.add("unbiased", unbiased, "divide the autocovariances by the number of their products");
  table.add("bootstrap", bootstrap, "replicates of the fitted series; 0: none").range(0, 1e5);
  table.add("confidence", confidence, "of the bootstrap's intervals").above(0).below(1);
}

std::vector<double> comparison_times(const PersistOptions& options, double mean) {
  std::vector<double> times = options.times;
  if (times.empty())
    for (const double factor : {0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0}) times.push_back(factor * mean);
  std::ranges::sort(times);
  return times;
}

namespace {

bool is_number(const std::string& text) {
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

// The table with its header, which it has unless the first line holds numbers alone.
CsvTable read_with_header(const std::filesystem::path& path) {
  CsvTable table = read_csv(path, {.separator = '\0', .header = false});
  const auto starts_with_number = [&](const std::string& name) {
    return table.rows > 0 && is_number(table.text_column(name).front());
  };
  return std::ranges::all_of(table.columns, starts_with_number) ? table : read_csv(path);
}

// Where the name is not given: the only column, or the second of two.
std::vector<double> read_series(const std::filesystem::path& path, const std::string& column) {
  const CsvTable table = read_with_header(path);
  std::string name = column;
  if (name.empty()) {
    if (table.columns.size() > 2)
      throw InvalidInput("{}: has {} columns; name the series' one with --column", path.string(),
                         table.columns.size());
    name = table.columns.back();
  }
  std::vector<double> values = table.number_column(name, MissingCells::refuse);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      throw InvalidInput("{}: value {} of column {} is {}", path.string(), i + 1, quote(name), values[i]);
  if (values.size() < 16)
    throw InvalidInput("{}: a series needs at least 16 values, found {}", path.string(), values.size());
  return values;
}

Covariance read_covariance_table(const std::filesystem::path& path) {
  const CsvTable table = read_csv(path);
  const auto column = [&](const char* name) { return table.number_column(name, MissingCells::refuse); };
  CovarianceTable values{.lag = column("t"), .value = column("R")};
  if (table.has_column("R1")) values.slope = column("R1");
  if (table.has_column("R2") && table.has_column("R1")) values.curvature = column("R2");
  return table_covariance(values, path.string());
}

Covariance read_spectrum(const std::filesystem::path& path) {
  const CsvTable table = read_csv(path);
  return spectral_covariance(table.number_column("omega", MissingCells::refuse),
                             table.number_column("S", MissingCells::refuse), path.string());
}

// The series' covariance by its fit, or as the table of its autocovariances.
Covariance covariance_of_series(const PersistOptions& options, std::span<const double> values,
                                MeasuredSeries& series) {
  series.count = static_cast<std::int64_t>(values.size());
  series.dt = options.dt.value_or(1);
  series.mean = mean(values), series.deviation = standard_deviation(values);
  const std::int64_t most =
      std::min<std::int64_t>(series.count - 2, std::max<std::int64_t>(8, series.count / 4));
  if (options.lags > series.count - 2)
    throw InvalidInput("lags: {} values have at most {} lags, found {}", series.count, series.count - 2,
                       options.lags);
  std::vector<double> covariances =
      autocovariance(values, options.lags > 0 ? options.lags : most, options.unbiased);
  if (options.lags == 0) covariances.resize(static_cast<std::size_t>(lags_to_fit(covariances)) + 1);
  if (options.fit != "table") {
    series.fit = fit_covariance(covariances, series.dt, options.fit);
    return series.fit->covariance;
  }
  CovarianceTable table;
  for (std::size_t k = 0; k < covariances.size(); ++k)
    table.lag.push_back(static_cast<double>(k) * series.dt);
  table.value = std::move(covariances);
  return table_covariance(table, "autocovariances");
}

double clamped_distance(std::span<const double> lengths, const ExcursionLaw& law) {
  return kolmogorov_smirnov(lengths, [&](double t) { return std::clamp(law.cdf(t), 0.0, 1.0); }).statistic;
}

// At level 0 the excursions below count as more of those above. None where no excursion is complete.
std::optional<EmpiricalExcursions> compare(Excursions found, const SlepianIia& iia) {
  EmpiricalExcursions result;
  result.count_above = static_cast<std::int64_t>(found.above.size());
  result.count_below = static_cast<std::int64_t>(found.below.size());
  if (iia.slepian().level() == 0) {
    found.above.insert(found.above.end(), found.below.begin(), found.below.end());
    found.censored_above.insert(found.censored_above.end(), found.censored_below.begin(),
                                found.censored_below.end());
  } else if (!found.below.empty()) {
    result.distance_below = clamped_distance(found.below, iia.below());
  }
  if (found.above.empty()) return std::nullopt;
  result.survival = product_limit(found.above, found.censored_above);
  result.distance = clamped_distance(found.above, iia.above());
  result.tail = tail_rate(found.above, found.censored_above, 3 * iia.slepian().mean_above());
  result.lengths = std::move(found.above);
  return result;
}

// FNV-1a of what decides the course of a run: a checkpoint of another one is never resumed.
std::string fingerprint_of(PersistOptions options, const Covariance& covariance) {
  std::string text = describe(options).values().dump();
  for (int i = 1; i <= 16; ++i) text += fmt::format("|{}", covariance(0.25 * i * covariance.mean_interval()));
  return fmt::format("{:016x}", lane(text));
}

// Runs the routes that the options ask for.
class PersistRun {
 public:
  PersistRun(const PersistOptions& options, TaskContext& context) : options_(options), context_(context) {}

  Report run() {
    std::vector<double> values;
    MeasuredSeries series;
    Covariance covariance = this->covariance(values, series);
    if (options_.theta_only) return exponent_report(covariance, options_.iia.level, covariance.notes);
    Persistence result{.iia = SlepianIia(covariance, options_.iia),
                       .draws = {},
                       .simulated = {},
                       .exact = {},
                       .series = {},
                       .notes = covariance.notes};
    draw(result);
    if (options_.simulate > 0) simulate(result);
    if (options_.exact > 0) integrate(result);
    if (!values.empty()) measure(result, values, std::move(series));
    Report report = persist_report(options_, result);
    report.figures = persist_figures(options_, result);
    return report;
  }

 private:
  Covariance covariance(std::vector<double>& values, MeasuredSeries& series) {
    const std::vector<std::string> sources{options_.cov, options_.table, options_.spectrum, options_.series};
    if (std::ranges::count_if(sources, [](const std::string& s) { return !s.empty(); }) != 1)
      throw InvalidInput("stats.persist: give one of cov (diffusion:d=2, ...), table, spectrum and series");
    if (options_.bootstrap > 0 && (options_.series.empty() || options_.fit == "table"))
      throw InvalidInput("bootstrap: only a series with a fitted family can be resampled");
    if (!options_.cov.empty()) return parse_covariance(options_.cov);
    if (!options_.table.empty()) return read_covariance_table(context_.resolve(options_.table));
    if (!options_.spectrum.empty()) return read_spectrum(context_.resolve(options_.spectrum));
    values = read_series(context_.resolve(options_.series), options_.column);
    return covariance_of_series(options_, values, series);
  }

  // Drives the method to its end, with a checkpoint of its own; false when Ctrl-C ended it before.
  template <class M>
  typename M::State drive_all(const M& method, std::int64_t steps, const char* name, Persistence& result) {
    Observers observers = context_.observers;
    observers.checkpoints.path.clear();
    if (!context_.directory.empty()) {
      std::filesystem::create_directories(context_.directory);
      observers.checkpoints.path =
          context_.directory /
          fmt::format("{}-{}.safetensors", name, fingerprint_of(options_, result.iia.covariance()));
    }
    auto run = drive(method, Budget::steps(steps), context_.seed, observers);
    if (run.why == Stop::interrupted)
      result.notes.push_back(fmt::format("Interrupted: the {} is what had been done by then.", name));
    else if (!observers.checkpoints.path.empty())
      std::filesystem::remove(observers.checkpoints.path);
    return std::move(run.state);
  }

  void draw(Persistence& result) {
    if (options_.samples == 0) return;
    if (result.iia.status() != Validity::valid_monotone) {
      result.notes.push_back("No samples: the law is not proved to be a geometric sum.");
      return;
    }
    result.draws = result.iia.above().sample(options_.samples, context_.seed);
  }

  void simulate(Persistence& result) {
    const SimulateExcursions method(result.iia.covariance(),
                                    {.points = options_.simulate,
                                     .dt = options_.series.empty() ? options_.dt.value_or(0) : 0,
                                     .rate_tolerance = options_.rate_tolerance,
                                     .level = options_.iia.level});
    const auto state = drive_all(method, method.steps(), "simulation", result);
    Row row;
    method.measure(state, row);
    auto excursions = compare(state.excursions, result.iia);
    if (!excursions) {
      result.notes.push_back("The simulation has no complete excursion: give more points.");
      return;
    }
    result.simulated = SimulatedTruth{.excursions = std::move(*excursions),
                                      .dt = method.dt(),
                                      .missed = method.missed_crossings(),
                                      .rate_error = row.find("crossing_rate_error").value_or(0),
                                      .clipped = method.embedding().clipped()};
  }

  void integrate(Persistence& result) {
    const ExactSurvival method(result.iia.covariance(),
                               {.times = comparison_times(options_, result.iia.slepian().mean_above()),
                                .points = options_.exact,
                                .samples = options_.qmc,
                                .level = options_.iia.level});
    result.exact = method.probabilities(drive_all(method, options_.shifts, "integration", result));
  }

  void measure(Persistence& result, std::span<const double> values, MeasuredSeries series) {
    Excursions found;
    append_excursions(values, series.dt, series.mean + options_.iia.level * series.deviation, found);
    series.excursions = compare(std::move(found), result.iia);
    if (options_.bootstrap > 0) {
      const double mean = result.iia.slepian().mean_above();
      for (int i = 1; i <= 40; ++i) series.band_times.push_back(0.15 * i * mean);
      const PersistenceBootstrap method(*series.fit, series.count, series.band_times, options_.iia.level,
                                        std::max<std::int64_t>(options_.bootstrap, 2));
      const auto state = drive_all(method, method.steps(), "bootstrap", result);
      series.replicates = static_cast<std::int64_t>(state.theta.size());
      series.band = method.survival_intervals(state, options_.confidence);
      const Interval theta = method.theta_interval(state, options_.confidence);
      if (std::isfinite(theta.low)) series.theta = theta;
    }
    result.series = std::move(series);
  }

  const PersistOptions& options_;
  TaskContext& context_;
};

Report persist(const PersistOptions& options, TaskContext& context) {
  return PersistRun(options, context).run();
}

}  // namespace

Task stats_persist_task() {
  return make_task<PersistOptions>(
      "stats.persist", "", "how long a stationary Gaussian signal stays above a level",
      "From a covariance function (a named family, a table, a spectral density, or fitted to a series): the "
      "law of the "
      "time between an upcrossing of the level and the next downcrossing by the Slepian independent interval "
      "approximation, the persistency exponent theta of P(T > t) ~ C exp(-theta t), and whether the "
      "approximation is a "
      "distribution at all. On request the truth beside it: simulated, and exact by quasi-Monte Carlo. For a "
      "series "
      "also its own excursions and a parametric bootstrap.",
      {"stats persist --cov diffusion:d=2",
       "stats persist --cov matern:nu=2.5,scale=10 --simulate 2e7 --exact 40",
       "stats persist --table cov.csv --theta-only",
       "stats persist --series level.csv --dt 0.5 --fit matern --bootstrap 200"},
      persist);
}

}  // namespace lehr::command
