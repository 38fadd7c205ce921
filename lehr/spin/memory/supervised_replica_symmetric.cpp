#include "lehr/spin/memory/supervised_replica_symmetric.hpp"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/fixed_point.hpp"
#include "lehr/spin/memory/labelled_examples.hpp"
#include "lehr/spin/memory/replica_scale.hpp"

namespace lehr::spin {
namespace {

// x = chi_bar / sqrt(R) with its binomial weight.
struct MeanValue {
  double x, weight;
};

std::vector<MeanValue> binomial_means(double quality, std::int64_t examples) {
  const auto m = static_cast<double>(examples);
  const double up = 0.5 * (1 + quality), root = std::sqrt(quality * quality + (1 - quality * quality) / m);
  if (quality == 1) return {{1, 1}};
  std::vector<MeanValue> values;
  double total = 0;
  const double reach = 10 * std::sqrt(m * up * (1 - up)) + 10;  // in agreements, around the mean
  const auto first = static_cast<std::int64_t>(std::max(0.0, std::floor(m * up - reach)));
  const auto last = static_cast<std::int64_t>(std::min(m, std::ceil(m * up + reach)));
  for (std::int64_t k = first; k <= last; ++k) {
    const auto agree = static_cast<double>(k);
    const double log_weight = std::lgamma(m + 1) - std::lgamma(agree + 1) - std::lgamma(m - agree + 1) +
                              agree * std::log(up) + (m - agree) * std::log1p(-up);
    values.push_back({(2 * agree / m - 1) / root, std::exp(log_weight)});
    total += values.back().weight;
  }
  for (MeanValue& value : values) value.weight /= total;  // lgamma of large numbers loses digits
  return values;
}

// The one-spin averages and s = E x tanh at given (s, C).
struct SupervisedSite {
  SiteAverages averages;
  double s = 0;
};

class SupervisedMap {
 public:
  SupervisedMap(int order, double load, double temperature, const DataSet& data)
      : model(ReplicaModel::dense(order, load)), temperature_(temperature), rho_(data.rho) {
    if (data.examples) values_ = binomial_means(data.quality, *data.examples);
  }

  NoiseTerms noise(double response) const {
    return model.noise({.q1 = 1 - response * temperature_, .response = response}, temperature_, 0);
  }

  SupervisedSite at(double s, double response) const {
    const double variance = noise(response).variance1;
    return values_.empty() ? gaussian(s, variance) : exact(s, variance);
  }

  ReplicaModel model;

 private:
  SupervisedSite gaussian(double s, double variance) const {
    const double signal = model.field(s) / std::sqrt(1 + rho_);
    SupervisedSite site;
    site.averages = site_averages(
        {.mean = signal, .variance1 = rho_ * signal * signal + variance, .temperature = temperature_});
    site.s = (site.averages.m + rho_ * signal * site.averages.response) / std::sqrt(1 + rho_);
    return site;
  }

  SupervisedSite exact(double s, double variance) const {
    SupervisedSite sum;
    for (const auto& [x, weight] : values_) {
      const SiteAverages one =
          site_averages({.mean = x * model.field(s), .variance1 = variance, .temperature = temperature_});
      sum.averages.pressure += weight * one.pressure;
      sum.averages.m += weight * one.m;
      sum.averages.response += weight * one.response;
      sum.averages.fourth += weight * one.fourth;
      sum.s += weight * x * one.m;
    }
    return sum;
  }

  double temperature_, rho_;
  std::vector<MeanValue> values_;
};

SupervisedPoint supervised_point(const SupervisedMap& map, double temperature, double rho, double s,
                                 double response) {
  const SupervisedSite site = map.at(s, response);
  const NoiseTerms noise = map.noise(response);
  const ReplicaModel& model = map.model;
  SupervisedPoint point;
  point.temperature = temperature;
  point.m = site.averages.m;
  point.s = s;
  point.n = s / std::sqrt(1 + rho);
  point.q = 1 - response * temperature;
  point.free_energy = -(site.averages.pressure - model.signal_excess(s) + noise.pressure);
  point.energy = model.signal_energy(s) + noise.energy;
  if (temperature > 0) {
    point.pressure = -point.free_energy / temperature;
    point.entropy = (point.energy - point.free_energy) / temperature;
    point.stability = model.stiffness({.response = response}, temperature) * site.averages.fourth /
                      (temperature * temperature);
  } else {
    const double infinity = std::numeric_limits<double>::infinity();
    point.pressure = -point.free_energy * infinity;
    point.entropy = model.zero_temperature_entropy(response);
    point.stability = response > 0 && model.full_variance() > 0 ? infinity : 0;
  }
  return point;
}

}  // namespace

DataSet DataSet::entropy(double rho) {
  if (!(rho >= 0) || !std::isfinite(rho))
    throw InvalidInput("rho: the dataset entropy must be a finite number of at least 0, found {}", rho);
  return {.rho = rho, .examples = {}};
}

DataSet DataSet::of(double quality, std::int64_t examples, ExampleLaw law) {
  DataSet data = entropy(dataset_entropy(quality, static_cast<double>(examples)));
  data.quality = quality;
  if (law == ExampleLaw::exact) data.examples = examples;
  return data;
}

Phase SupervisedPoint::phase() const {
  if (std::abs(m) > 1e-3) return Phase::retrieval;
  return q > 1e-5 ? Phase::glass : Phase::ergodic;
}

SupervisedPoint supervised_replica_symmetric(int order, double load, double temperature, const DataSet& data,
                                             Branch branch) {
  check_temperature(temperature);
  const SupervisedMap map(order, load, temperature, data);
  const double scale = response_scale(map.model, temperature);
  const auto response_of = [&](const OrderVector& x) { return bounded_response(x(2) / scale, temperature); };
  const OrderMap iterate = [&](const OrderVector& x) -> OrderVector {
    const SupervisedSite site = map.at(x(0), response_of(x));
    return {site.s, 0, scale * site.averages.response};
  };
  const OrderVector start(branch == Branch::retrieval ? 1 : 0, 0, 0);
  const FixedPoint solution = find_fixed_point(iterate, start, {.mix_below = 1e-5});
  SupervisedPoint point =
      supervised_point(map, temperature, data.rho, solution.x(0), response_of(solution.x));
  point.converged = solution.converged;
  point.iterations = solution.iterations;
  point.exists = branch == Branch::glass || (point.converged && std::abs(point.m) > 1e-3);
  return point;
}

double effective_load(double load, double tensor_noise, int order, double sites) {
  if (!(tensor_noise >= 0)) throw InvalidInput("tensor_noise: expected at least 0, found {}", tensor_noise);
  return load + tensor_noise * tensor_noise / std::pow(sites, order - 1);
}

double supervised_capacity(int order, double rho) {
  DataSet::entropy(rho);
  ReplicaModel::dense(order, 0);
  const auto log_load = [&](double log_a) {
    const double a = std::exp(log_a), spread = std::sqrt(1 + rho * a * a), u = a / spread;
    const double n = std::erf(u / std::numbers::sqrt2) +
                     2 * rho * a / (std::sqrt(2 * std::numbers::pi) * spread) * std::exp(-0.5 * u * u);
    return 2 * (order - 1) * std::log(n) - order * std::log1p(rho) - std::lgamma(order) - 2 * log_a;
  };
  return std::exp(
      -boost::math::tools::brent_find_minima([&](double x) { return -log_load(x); }, -12.0, 4.0, 40).second);
}

std::optional<double> largest_entropy(int order, double load) {
  if (!(load > 0)) throw InvalidInput("load: expected a number above 0, found {}", load);
  if (supervised_capacity(order, 0) < load) return std::nullopt;
  double low = 0, high = 1;
  while (supervised_capacity(order, high) > load) {
    if (high > 1e9) return std::numeric_limits<double>::infinity();
    low = high, high *= 2;
  }
  while (high - low > 1e-12 * high) {
    const double middle = 0.5 * (low + high);
    (supervised_capacity(order, middle) > load ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

std::optional<double> largest_temperature(int order, double load, const DataSet& data) {
  const auto exists = [&](double temperature) {
    return supervised_replica_symmetric(order, load, temperature, data).exists;
  };
  if (!exists(0)) return std::nullopt;
  double low = 0, high = 1 / std::tgamma(order + 0.0);  // the field of a whole pattern
  while (exists(high)) low = high, high *= 2;
  while (high - low > 1e-6 * high) {
    const double middle = 0.5 * (low + high);
    (exists(middle) ? low : high) = middle;
  }
  return low;
}

std::optional<std::int64_t> how_many_examples(double target, int order, double load, double temperature,
                                              double quality, ExampleLaw law, std::int64_t at_most) {
  if (!(target > 0 && target < 1))
    throw InvalidInput("target: the overlap must be in (0, 1), found {}", target);
  const auto enough = [&](std::int64_t examples) {
    const DataSet data = DataSet::of(quality, examples, law);
    return supervised_replica_symmetric(order, load, temperature, data).m >= target;
  };
  std::int64_t low = 0, high = 1;
  while (!enough(high)) {
    if (high >= at_most) return std::nullopt;
    low = high, high = std::min(at_most, 2 * high);
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace lehr::spin
