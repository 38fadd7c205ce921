// The figures of `lehr stats persist`: survival on a logarithmic axis, density, memory, condition, fitted
// covariance.
#include <algorithm>
#include <cmath>

#include "apps/lehr/figures.hpp"
#include "apps/lehr/stats/persist.hpp"

namespace lehr::command {

using namespace stats;

namespace {

using Style = lehr::Series::Style;

constexpr int curve_points = 400;
constexpr double shown_survival = 1e-6;  // the least that the survival figure shows

Figure figure_of(std::string name, std::string title, std::string caption, std::string y) {
  return empty_figure(std::move(name), std::move(title), std::move(caption), "t", std::move(y));
}

// The function at `curve_points` equal steps up to `end`, the first one at 0 or after it.
template <class Function>
lehr::Series sampled(std::string label, Style style, int color, double end, bool from_zero, Function f) {
  lehr::Series series = empty_series(std::move(label), style, color);
  for (int i = from_zero ? 0 : 1; i <= curve_points; ++i) {
    const double t = end * i / curve_points;
    series.x.push_back(t), series.y.push_back(f(t));
  }
  return series;
}

// Points with one standard error at times where enough excursions are left.
lehr::Series survival_points(std::string label, const EmpiricalExcursions& found, double end, int color) {
  lehr::Series points = empty_series(std::move(label), Style::points, color);
  const double least = 5 / static_cast<double>(found.lengths.size());
  for (int i = 1; i <= 30; ++i) {
    const double t = end * i / 30, value = found.survival.at(t), error = found.survival.error_at(t);
    if (value < least || value <= error) break;
    points.x.push_back(t), points.y.push_back(value);
    points.low.push_back(value - error), points.high.push_back(value + error);
  }
  return points;
}

lehr::Series exact_points(const std::vector<ExactProbability>& exact, int color) {
  lehr::Series points = empty_series("exact", Style::points, color);
  for (const ExactProbability& p : exact) {
    if (!(p.value > p.error)) continue;
    points.x.push_back(p.time), points.y.push_back(p.value);
    points.low.push_back(p.value - p.error), points.high.push_back(p.value + p.error);
  }
  return points;
}

Figure survival_figure(const PersistOptions& options, const Persistence& persistence, double end) {
  const SlepianIia& iia = persistence.iia;
  const ExcursionLaw& law = iia.above();
  Figure figure = figure_of("survival", "How long it stays above", "", "P(T > t)");
  figure.caption =
      "The approximation, its exponential tail, and the truth where it was computed; bars are one "
      "standard error.";
  figure.y.log = true;
  if (persistence.series && !persistence.series->band.empty()) {
    lehr::Series band =
        empty_series(fmt::format("{:g} % bootstrap", 100 * options.confidence), Style::band, 0);
    for (std::size_t i = 0; i < persistence.series->band.size(); ++i) {
      const Interval& interval = persistence.series->band[i];
      if (!(interval.low > 0) || persistence.series->band_times[i] > end) continue;
      band.x.push_back(persistence.series->band_times[i]),
          band.y.push_back((interval.low + interval.high) / 2);
      band.low.push_back(interval.low), band.high.push_back(interval.high);
    }
    figure.series.push_back(std::move(band));
  }
  const auto positive = [](double value) {
    return value > shown_survival / 2 ? value : std::numeric_limits<double>::quiet_NaN();
  };
  figure.series.push_back(sampled(iia.slepian().level() == 0 ? "IIA" : "IIA, above", Style::line, 0, end,
                                  true, [&](double t) { return positive(law.survival(t)); }));
  if (iia.slepian().level() != 0)
    figure.series.push_back(sampled("IIA, below", Style::line, 3, end, true,
                                    [&](double t) { return positive(iia.below().survival(t)); }));
  if (law.exponent().theta && iia.status() != Validity::invalid)
    figure.series.push_back(sampled(
        fmt::format("{:.4g} exp(-{:.4g} t)", law.exponent().prefactor, *law.exponent().theta), Style::dashed,
        4, end, true,
        [&](double t) { return positive(law.exponent().prefactor * std::exp(-*law.exponent().theta * t)); }));
  if (persistence.simulated)
    figure.series.push_back(survival_points("simulated", persistence.simulated->excursions, end, 1));
  if (persistence.series && persistence.series->excursions)
    figure.series.push_back(survival_points("the series", *persistence.series->excursions, end, 5));
  if (!persistence.exact.empty()) figure.series.push_back(exact_points(persistence.exact, 2));
  return figure;
}

// Shares of the lengths in equal bins, as densities with one standard error.
lehr::Series density_points(std::string label, std::span<const double> lengths, double end, int bins,
                            int color) {
  lehr::Series points = empty_series(std::move(label), Style::points, color);
  std::vector<double> counts(static_cast<std::size_t>(bins), 0.0);
  for (const double length : lengths)
    if (length < end) counts[static_cast<std::size_t>(length / end * bins)] += 1;
  const double unit = bins / (end * static_cast<double>(lengths.size()));
  for (std::size_t k = 0; k < counts.size(); ++k) {
    points.x.push_back(end * (static_cast<double>(k) + 0.5) / bins);
    points.y.push_back(counts[k] * unit);
    points.low.push_back((counts[k] - std::sqrt(counts[k])) * unit);
    points.high.push_back((counts[k] + std::sqrt(counts[k])) * unit);
  }
  return points;
}

Figure density_figure(const Persistence& persistence, double end) {
  const SlepianIia& iia = persistence.iia;
  Figure figure = figure_of("density", "Density of an excursion's length", "", "density");
  const bool at_zero = iia.slepian().level() == 0;
  figure.series.push_back(sampled(at_zero ? "IIA" : "IIA, above", Style::line, 0, end, true,
                                  [&](double t) { return iia.above().pdf(t); }));
  if (!at_zero)
    figure.series.push_back(
        sampled("IIA, below", Style::line, 3, end, true, [&](double t) { return iia.below().pdf(t); }));
  if (iia.status() != Validity::valid_monotone)
    figure.series.push_back(sampled("", Style::dashed, 7, end, true, [](double) { return 0.0; }));
  if (persistence.simulated)
    figure.series.push_back(
        density_points("simulated", persistence.simulated->excursions.lengths, end, 40, 1));
  if (persistence.series && persistence.series->excursions)
    figure.series.push_back(
        density_points("the series", persistence.series->excursions->lengths, end, 16, 5));
  return figure;
}

// What is added to the approximation to give the truth: the survival figure hides it.
Figure difference_figure(const Persistence& persistence, double end) {
  const ExcursionLaw& law = persistence.iia.above();
  Figure figure = figure_of(
      "difference", "How far the approximation is from the truth",
      "P(T > t) of the truth minus that of the approximation; bars are one standard error.", "difference");
  const auto against = [&](lehr::Series points) {
    for (std::size_t i = 0; i < points.x.size(); ++i) {
      const double value = law.survival(points.x[i]);
      points.y[i] -= value, points.low[i] -= value, points.high[i] -= value;
    }
    figure.series.push_back(std::move(points));
  };
  figure.series.push_back(sampled("", Style::dashed, 7, end, true, [](double) { return 0.0; }));
  if (persistence.simulated) against(survival_points("simulated", persistence.simulated->excursions, end, 1));
  if (persistence.series && persistence.series->excursions)
    against(survival_points("the series", *persistence.series->excursions, end, 5));
  if (!persistence.exact.empty()) against(exact_points(persistence.exact, 2));
  return figure;
}

Figure condition_figure(const SlepianIia& iia, double end) {
  Figure figure =
      figure_of("condition", "Is it a distribution?",
                "R''(1 - R^2) + R R'^2 in units of lambda2. The approximation is a proper distribution if "
                "this is nowhere negative; where it is, arcsin R is not convex.",
                "condition margin");
  figure.series.push_back(
      sampled("margin", Style::line, 0, end, true, [&](double t) { return iia.condition_margin(t); }));
  figure.series.push_back(sampled("", Style::dashed, 7, end, true, [](double) { return 0.0; }));
  return figure;
}

Figure memory_figure(const SlepianIia& iia, double end) {
  const bool at_zero = iia.slepian().level() == 0;
  Figure figure = figure_of(
      "memory", "Memory of a crossing",
      at_zero ? "E(t), the expected sign a time t after an upcrossing, and the covariance that it comes from."
              : "What is left of an upcrossing and of a downcrossing in the expected sign, over their values "
                "at 0.",
      "");
  if (at_zero) {
    figure.series.push_back(
        sampled("E(t)", Style::line, 0, end, true, [&](double t) { return iia.slepian().expected_sign(t); }));
  } else {
    const ExcursionLaw& law = iia.above();
    figure.series.push_back(sampled("after up", Style::line, 0, end, true,
                                    [&](double t) { return law.own()(t) / law.own().mass(); }));
    figure.series.push_back(sampled("after down", Style::line, 3, end, true,
                                    [&](double t) { return law.other()(t) / law.other().mass(); }));
  }
  figure.series.push_back(
      sampled("R(t)", Style::dashed, 2, end, true, [&](double t) { return iia.covariance()(t); }));
  return figure;
}

Figure covariance_figure(const CovarianceFit& fit) {
  Figure figure = figure_of("covariance", "The covariance of the series",
                            "Sample autocorrelations and the fitted family.", "R(t)");
  lehr::Series points = empty_series("the series", Style::points, 5);
  for (std::size_t k = 0; k < fit.correlation.size(); ++k)
    points.x.push_back(static_cast<double>(k) * fit.dt), points.y.push_back(fit.correlation[k]);
  const double end = points.x.back();
  figure.series.push_back(
      sampled(fit.covariance.text, Style::line, 0, end, true, [&](double t) { return fit.covariance(t); }));
  figure.series.push_back(std::move(points));
  return figure;
}

}  // namespace

std::vector<Figure> persist_figures(const PersistOptions& options, const Persistence& persistence) {
  const SlepianIia& iia = persistence.iia;
  const double mean = std::max(iia.slepian().mean_above(), iia.slepian().mean_below());
  std::vector<Figure> figures{survival_figure(options, persistence, 6 * mean),
                              density_figure(persistence, 4 * mean)};
  if (persistence.simulated || !persistence.exact.empty() ||
      (persistence.series && persistence.series->excursions))
    figures.push_back(difference_figure(persistence, 6 * mean));
  if (iia.slepian().level() == 0) figures.push_back(condition_figure(iia, 3 * mean));
  figures.push_back(memory_figure(iia, 3 * mean));
  if (persistence.series && persistence.series->fit)
    figures.push_back(covariance_figure(*persistence.series->fit));
  return figures;
}

}  // namespace lehr::command
