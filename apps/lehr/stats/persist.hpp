// `lehr stats persist` (stats.persist): how long a stationary Gaussian signal stays above a level, from its
// covariance.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lehr/core/task.hpp"
#include "lehr/stats/persistence/covariance_fit.hpp"
#include "lehr/stats/persistence/exact_survival.hpp"
#include "lehr/stats/persistence/excursions.hpp"
#include "lehr/stats/persistence/slepian_iia.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

Task stats_persist_task();

struct PersistOptions {
  std::string cov, table, spectrum, series, column;
  std::optional<double> dt;
  stats::SlepianIiaOptions iia;
  bool theta_only = false;
  std::int64_t samples = 0;
  std::int64_t simulate = 0;
  double rate_tolerance = 0.005;
  std::int64_t exact = 0;
  std::vector<double> times;
  Schedule qmc = 1024;
  std::int64_t shifts = 12;
  std::string fit = "best";
  std::int64_t lags = 0;
  bool unbiased = false;
  std::int64_t bootstrap = 0;
  double confidence = 0.95;

  void describe(OptionTable& table);
};

// What excursions of the simulated or the measured series say, and how far the approximation is from them.
struct EmpiricalExcursions {
  std::vector<double> lengths;                    // complete ones above; at level 0 those below too
  std::int64_t count_above = 0, count_below = 0;  // complete ones on each side
  stats::SurvivalCurve survival;
  double distance = 0, distance_below = 0;  // Kolmogorov-Smirnov, to the approximation
  stats::TailRate tail;                     // beyond three means
};

struct SimulatedTruth {
  EmpiricalExcursions excursions;
  double dt = 0, missed = 0, rate_error = 0, clipped = 0;
};

// A measured series: its fit, its own excursions, and the bootstrap of what the fit says.
struct MeasuredSeries {
  std::int64_t count = 0;
  double dt = 1, mean = 0, deviation = 0;
  std::optional<stats::CovarianceFit> fit;  // none where the autocovariances are taken as a table
  std::optional<EmpiricalExcursions> excursions;
  std::vector<double> band_times;
  std::vector<stats::Interval> band;
  std::optional<stats::Interval> theta;
  std::int64_t replicates = 0;
};

struct Persistence {
  stats::SlepianIia iia;
  std::vector<double> draws;
  std::optional<SimulatedTruth> simulated;
  std::vector<stats::ExactProbability> exact;
  std::optional<MeasuredSeries> series;
  std::vector<std::string> notes;
};

// Times at which the routes are compared: those of the options, or multiples of the mean excursion.
std::vector<double> comparison_times(const PersistOptions& options, double mean);

Report persist_report(const PersistOptions& options, const Persistence& persistence);
std::vector<Figure> persist_figures(const PersistOptions& options, const Persistence& persistence);
// Of the exponent alone.
Report exponent_report(const stats::Covariance& covariance, double level, std::vector<std::string> notes);

}  // namespace lehr::command
