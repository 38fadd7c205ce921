#include "lehr/stats/persistence/covariance_fit.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/optimize/lbfgs.hpp"
#include "lehr/stats/persistence/real_fourier.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::stats {
namespace {

// Least squares in the parameters' coordinates: logarithms of those whose values are positive.
class CorrelationFit {
 public:
  CorrelationFit(const CovarianceFamily& family, std::span<const double> correlation, double dt)
      : family_(family), correlation_(correlation), dt_(dt) {
    for (const double r : correlation_) weight_.push_back(std::pow(std::max(1 - r * r, 1e-6), -3));
  }

  double coordinate(std::size_t k, double value) const { return logarithmic(k) ? std::log(value) : value; }

  std::vector<double> values(const Eigen::VectorXd& point) const {
    std::vector<double> values;
    for (std::size_t k = 0; k < family_.parameters.size(); ++k) {
      const double x = point[static_cast<Eigen::Index>(k)];
      const CovarianceParameter& p = family_.parameters[k];
      values.push_back(std::clamp(logarithmic(k) ? std::exp(x) : x, p.low, p.high));
    }
    return values;
  }

  // Mean of the squares of the residuals, weighted or plain.
  double loss(const Eigen::VectorXd& point, bool weighted = true) const {
    const Covariance covariance = make_covariance(family_, values(point));
    double sum = 0;
    for (std::size_t k = 1; k < correlation_.size(); ++k) {
      const double residual = correlation_[k] - covariance(static_cast<double>(k) * dt_);
      sum += (weighted ? weight_[k] : 1) * residual * residual;
    }
    return sum / static_cast<double>(correlation_.size() - 1);
  }

  optimize::LbfgsResult minimise(const Eigen::VectorXd& start, const optimize::Box& box) const {
    const auto objective = [&](const Eigen::VectorXd& point, Eigen::VectorXd& gradient) {
      for (Eigen::Index k = 0; k < point.size(); ++k) {
        Eigen::VectorXd up = point, down = point;
        up[k] = std::min(point[k] + 1e-5, box.upper[k]), down[k] = std::max(point[k] - 1e-5, box.lower[k]);
        gradient[k] = (loss(up) - loss(down)) / (up[k] - down[k]);
      }
      return loss(point);
    };
    return optimize::lbfgs(objective, start, box, {.iterations = 100, .gradient_tolerance = 1e-9});
  }

 private:
  bool logarithmic(std::size_t k) const { return family_.parameters[k].low > 0; }

  const CovarianceFamily& family_;
  std::span<const double> correlation_;
  double dt_;
  std::vector<double> weight_;
};

// Shapes that a series can tell apart, within those that the family allows.
CovarianceParameter searched(const CovarianceParameter& p) {
  if (p.name == "d") return {p.name, p.value, 0.02, 200};
  if (p.name == "nu") return {p.name, p.value, 1.02, 15};
  if (p.name == "alpha") return {p.name, p.value, 0.05, 200};
  return {p.name, p.value, 0, 30};  // frequency
}

std::vector<double> start_shapes(const CovarianceParameter& p) {
  if (p.name == "d") return {1, 4};
  if (p.name == "nu") return {1.2, 2.5};
  if (p.name == "alpha") return {0.5, 3};
  return {0.01, 1, 4};
}

// The lag at which the correlations fall below one half, and with it the scale of a start.
double half_lag(std::span<const double> correlation, double dt) {
  for (std::size_t k = 1; k < correlation.size(); ++k)
    if (correlation[k] < 0.5) return static_cast<double>(k) * dt;
  return static_cast<double>(correlation.size()) * dt;
}

double scale_for(const CovarianceFamily& family, std::vector<double> values, double half) {
  // R of the unit scale falls below one half at some u.
  values.back() = 1;
  const Covariance unit = make_covariance(family, values);
  double u = 1e-3;
  while (u < 1e6 && unit(u) > 0.5) u *= 1.1;
  return half / u;
}

CovarianceFit fit_family(const CovarianceFamily& family, std::span<const double> correlation, double dt,
                         std::span<const double> given) {
  const CorrelationFit problem(family, correlation, dt);
  const std::size_t last = family.parameters.size() - 1;
  std::vector<std::vector<double>> starts;
  if (!given.empty()) {
    starts.emplace_back(given.begin(), given.end());
  } else if (last == 0) {
    starts.push_back({1});
  } else {
    for (const double shape : start_shapes(family.parameters[0])) starts.push_back({shape, 1});
  }
  const double half = half_lag(correlation, dt);
  CovarianceFit best;
  best.loss = std::numeric_limits<double>::infinity();
  for (std::vector<double>& values : starts) {
    if (given.empty()) values[last] = scale_for(family, values, half);
    optimize::Box box{Eigen::VectorXd(static_cast<Eigen::Index>(last) + 1), {}};
    box.upper = box.lower;
    Eigen::VectorXd start = box.lower;
    for (std::size_t k = 0; k <= last; ++k) {
      const auto i = static_cast<Eigen::Index>(k);
      const CovarianceParameter range =
          k == last ? CovarianceParameter{"scale", 1, values[last] / 300, values[last] * 300}
                    : searched(family.parameters[k]);
      box.lower[i] = problem.coordinate(k, range.low), box.upper[i] = problem.coordinate(k, range.high);
      start[i] = problem.coordinate(k, std::clamp(values[k], range.low, range.high));
    }
    const optimize::LbfgsResult result = problem.minimise(start, box);
    const double loss = std::sqrt(result.value);
    if (!(loss < best.loss)) continue;
    best.loss = loss, best.rms = std::sqrt(problem.loss(result.point, false));
    best.parameters = problem.values(result.point);
  }
  best.family = family.name;
  return best;
}

}  // namespace

std::vector<double> autocovariance(std::span<const double> series, std::int64_t lags, bool unbiased) {
  const auto n = static_cast<std::int64_t>(series.size());
  if (lags < 0 || n < lags + 2)
    throw InvalidInput("autocovariance: {} lags need at least {} values, found {}", lags, lags + 2, n);
  const double center = mean(series);
  if (!std::isfinite(center)) throw InvalidInput("autocovariance: the series has a value that is not finite");
  const RealFourier fourier(fast_length(n + lags + 1));
  AlignedVector<double> values(static_cast<std::size_t>(fourier.length()), 0.0);
  for (std::size_t i = 0; i < series.size(); ++i) values[i] = series[i] - center;
  Spectrum spectrum(static_cast<std::size_t>(fourier.frequencies()));
  fourier.forward(values, spectrum);
  for (std::complex<double>& s : spectrum) s = std::norm(s) / static_cast<double>(fourier.length());
  fourier.inverse(spectrum, values);
  std::vector<double> covariances;
  for (std::int64_t k = 0; k <= lags; ++k)
    covariances.push_back(values[static_cast<std::size_t>(k)] / static_cast<double>(unbiased ? n - k : n));
  return covariances;
}

std::int64_t lags_to_fit(std::span<const double> autocovariances) {
  const auto count = static_cast<std::int64_t>(autocovariances.size()) - 1;
  for (std::int64_t k = 1; k <= count; ++k)
    if (autocovariances[static_cast<std::size_t>(k)] < 0.1 * autocovariances[0])
      return std::min(count,
                      std::max<std::int64_t>(4, std::min(2 * k, std::max<std::int64_t>(4, count / 4))));
  return count;
}

CovarianceFit fit_covariance(std::span<const double> autocovariances, double dt, const std::string& family,
                             std::span<const double> start) {
  if (autocovariances.size() < 3)
    throw InvalidInput("fit: expected at least 2 lags, found {}",
                       static_cast<std::int64_t>(autocovariances.size()) - 1);
  if (!(autocovariances[0] > 0))
    throw InvalidInput("fit: the series does not vary (its variance is {})", autocovariances[0]);
  std::vector<double> correlation;
  for (const double c : autocovariances) correlation.push_back(c / autocovariances[0]);
  std::vector<CovarianceFamily> families;
  if (family == "best")
    families = covariance_families();
  else
    families.push_back(covariance_family(family));
  CovarianceFit best;
  best.loss = std::numeric_limits<double>::infinity();
  for (const CovarianceFamily& candidate : families) {
    CovarianceFit fit = fit_family(candidate, correlation, dt, start);
    if (fit.loss < best.loss) best = std::move(fit);
  }
  if (!std::isfinite(best.loss)) throw NumericalFailure("fit: no parameters of {} fit the series", family);
  best.covariance = make_covariance(covariance_family(best.family), best.parameters);
  best.variance = autocovariances[0], best.dt = dt;
  best.correlation = std::move(correlation);
  return best;
}

}  // namespace lehr::stats
