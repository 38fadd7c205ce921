#include "lehr/spin/memory/multitasking_mean_field.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/quadrature.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::spin {
namespace {

constexpr double most_kinds = 1e6;
constexpr double tie = 1e-12;  // fields below this are ties at T = 0

double density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi); }

// tanh(h / T), its slope by h and T ln 2 cosh(h / T), averaged over a normal h of a given mean and spread.
struct Response {
  double mean = 0, slope = 0, pressure = 0;
};

Response sharp_response(double h, double temperature) {
  if (temperature == 0) return {std::abs(h) < tie ? 0.0 : h > 0 ? 1.0 : -1.0, 0, std::abs(h)};
  const double t = std::tanh(h / temperature);
  return {t, (1 - t * t) / temperature, temperature * (stats::log_cosh(h / temperature) + std::numbers::ln2)};
}

Response response(double h, double spread, double temperature, stats::Quadrature& rule) {
  if (spread == 0) return sharp_response(h, temperature);
  if (temperature < 0.02 * spread) {
    // tanh is the average of a sign over logistic noise of variance (pi T)^2 / 12, far below the spread.
    const double s = std::hypot(spread, std::numbers::pi * temperature / std::sqrt(12.0)), x = h / s;
    return {std::erf(x / std::numbers::sqrt2), 2 * density(x) / s,
            h * std::erf(x / std::numbers::sqrt2) + 2 * s * density(x)};
  }
  stats::graded_legendre(-9, 9, -h / spread, temperature / spread, rule);
  Response sum;
  for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
    const double weight = rule.weights[k] * density(rule.nodes[k]);
    const Response at = sharp_response(h + spread * rule.nodes[k], temperature);
    sum.mean += weight * at.mean, sum.slope += weight * at.slope, sum.pressure += weight * at.pressure;
  }
  return sum;
}

void check_dilutions(std::span<const double> dilutions) {
  if (dilutions.empty()) throw InvalidInput("dilution: there is no pattern");
  for (const double d : dilutions)
    if (!(d >= 0 && d < 1)) throw InvalidInput("dilution: must be in [0, 1), found {}", d);
}

// One value that a pattern may have at a spin.
struct Letter {
  double pattern = 0, example = 0, probability = 0;
};

// Every combination of one letter per pattern. Combinations that differ by the sign of all entries are one
// class, the one whose first sign is +, with their weights summed.
NeuronClasses combine(const std::vector<std::vector<Letter>>& alphabets) {
  double kinds = 1;
  for (const auto& letters : alphabets) kinds *= static_cast<double>(letters.size());
  if (kinds > most_kinds)
    throw InvalidInput(
        "an exact average over {:.3g} kinds of spins is asked, at most {:.0f} are summed; sample them", kinds,
        most_kinds);
  const auto count = static_cast<Eigen::Index>(alphabets.size());
  std::vector<std::size_t> choice(alphabets.size(), 0);
  std::vector<Letter> word(alphabets.size());
  std::vector<double> patterns, examples, weights;
  for (bool more = true; more;) {
    double weight = 1;
    int first = 0;
    for (std::size_t mu = 0; mu < word.size(); ++mu) {
      word[mu] = alphabets[mu][choice[mu]];
      weight *= word[mu].probability;
      if (first == 0) first = (word[mu].pattern > 0) - (word[mu].pattern < 0);
    }
    if (first >= 0 && weight > 0) {
      for (const Letter& letter : word)
        patterns.push_back(letter.pattern), examples.push_back(letter.example);
      weights.push_back(first == 0 ? weight : 2 * weight);
    }
    std::size_t mu = 0;
    while (mu < choice.size() && ++choice[mu] == alphabets[mu].size()) choice[mu++] = 0;
    more = mu < choice.size();
  }
  const auto columns = static_cast<Eigen::Index>(weights.size());
  return {Eigen::Map<const Eigen::MatrixXd>(patterns.data(), count, columns),
          Eigen::Map<const Eigen::MatrixXd>(examples.data(), count, columns),
          Eigen::Map<const Eigen::VectorXd>(weights.data(), columns), 0};
}

struct MapValue {
  Eigen::VectorXd n, m;
  double pressure = 0;
};

MapValue map_value(const NeuronClasses& classes, double temperature, const Eigen::VectorXd& n) {
  const Eigen::Index count = classes.count();
  const double variance = classes.noise * classes.noise;
  MapValue value{Eigen::VectorXd::Zero(count), Eigen::VectorXd::Zero(count), 0};
  stats::Quadrature rule;
  for (Eigen::Index c = 0; c < classes.weights.size(); ++c) {
    const auto xi = classes.patterns.col(c);
    const double field = n.dot(classes.examples.col(c));
    const double spread = variance > 0 ? classes.noise * std::sqrt(xi.cwiseAbs().dot(n.cwiseAbs2())) : 0.0;
    const Response at = response(field, spread, temperature, rule);
    const double weight = classes.weights(c);
    value.m += weight * at.mean * xi;
    value.n += weight * at.mean * classes.examples.col(c);
    value.pressure += weight * at.pressure;
    if (variance > 0) value.n += weight * at.slope * variance * xi.cwiseAbs().cwiseProduct(n);
  }
  return value;
}

Eigen::VectorXd sorted_magnitudes(const Eigen::VectorXd& m) {
  Eigen::VectorXd sorted = m.cwiseAbs();
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  return sorted;
}

Regime regime_of(const Eigen::VectorXd& m) {
  if (m(0) < 1e-4) return Regime::ergodic;
  if (m.size() > 1 && m(0) - m(m.size() - 1) <= 0.01 * m(0)) return Regime::parallel;
  return m.size() == 1 || m(1) < 1e-4 ? Regime::pure : Regime::hierarchical;
}

// The share of spins on which pattern mu has a sign.
Eigen::VectorXd activities(const NeuronClasses& classes) {
  return classes.patterns.cwiseAbs() * classes.weights;
}

}  // namespace

NeuronClasses storing_classes(std::span<const double> dilutions) {
  check_dilutions(dilutions);
  std::vector<std::vector<Letter>> alphabets;
  for (const double d : dilutions)
    alphabets.push_back({{1, 1, (1 - d) / 2}, {-1, -1, (1 - d) / 2}, {0, 0, d}});
  return combine(alphabets);
}

NeuronClasses binomial_classes(std::span<const double> dilutions, double quality, std::int64_t examples) {
  check_dilutions(dilutions);
  if (!(quality > 0 && quality <= 1))
    throw InvalidInput("quality: must be above 0 and at most 1, found {}", quality);
  if (examples < 1 || examples > 1'000'000)
    throw InvalidInput("examples: must be in [1, 1000000], found {}", examples);
  const auto M = static_cast<double>(examples);
  const double up = std::log((1 + quality) / 2), down = std::log((1 - quality) / 2);
  std::vector<std::vector<Letter>> alphabets;
  for (const double d : dilutions) {
    std::vector<Letter> letters{{0, 0, d}};
    for (std::int64_t k = 0; k <= examples; ++k) {  // k of the M examples keep the sign
      const auto kept = static_cast<double>(k);
      const double log_choose = std::lgamma(M + 1) - std::lgamma(kept + 1) - std::lgamma(M - kept + 1);
      const double log_lost = k == examples ? 0 : (M - kept) * down;
      const double probability = std::exp(log_choose + kept * up + log_lost) * (1 - d) / 2;
      const double mean = (2 * kept - M) / M;
      letters.push_back({1, mean, probability});
      letters.push_back({-1, -mean, probability});
    }
    alphabets.push_back(std::move(letters));
  }
  return combine(alphabets);
}

NeuronClasses empirical_classes(const SparsePatterns& patterns) {
  std::map<std::vector<std::int8_t>, double> shares;
  for (Eigen::Index i = 0; i < patterns.cols(); ++i) {
    std::vector<std::int8_t> kind(patterns.col(i).begin(), patterns.col(i).end());
    const auto first = std::ranges::find_if(kind, [](std::int8_t entry) { return entry != 0; });
    if (first != kind.end() && *first < 0)
      for (std::int8_t& entry : kind) entry = static_cast<std::int8_t>(-entry);
    shares[kind] += 1 / static_cast<double>(patterns.cols());
  }
  const auto kinds = static_cast<Eigen::Index>(shares.size());
  NeuronClasses classes{Eigen::MatrixXd(patterns.rows(), kinds), {}, Eigen::VectorXd(kinds), 0};
  Eigen::Index c = 0;
  for (const auto& [kind, share] : shares) {
    for (Eigen::Index mu = 0; mu < patterns.rows(); ++mu)
      classes.patterns(mu, c) = kind[static_cast<std::size_t>(mu)];
    classes.weights(c++) = share;
  }
  classes.examples = classes.patterns;
  return classes;
}

NeuronClasses sampled_classes(std::span<const double> dilutions, std::int64_t samples, Stream random) {
  check_dilutions(dilutions);
  if (samples < 1) throw InvalidInput("samples: must be at least 1, found {}", samples);
  const auto count = static_cast<Eigen::Index>(dilutions.size());
  NeuronClasses classes{Eigen::MatrixXd(count, samples), {}, {}, 0};
  for (Eigen::Index c = 0; c < samples; ++c)
    for (Eigen::Index mu = 0; mu < count; ++mu) {
      const double u = uniform(random), d = dilutions[static_cast<std::size_t>(mu)];
      classes.patterns(mu, c) = u < d ? 0 : u < (1 + d) / 2 ? 1 : -1;
    }
  classes.examples = classes.patterns;
  classes.weights = Eigen::VectorXd::Constant(samples, 1 / static_cast<double>(samples));
  return classes;
}

NeuronClasses learnt_classes(NeuronClasses classes, double quality, double examples) {
  if (!(quality > 0 && quality <= 1))
    throw InvalidInput("quality: must be above 0 and at most 1, found {}", quality);
  if (!(examples >= 1)) throw InvalidInput("examples: must be at least 1, found {}", examples);
  classes.examples = quality * classes.patterns;
  classes.noise = std::sqrt((1 - quality * quality) / examples);
  return classes;
}

MultitaskingPoint multitasking_at(const NeuronClasses& classes, double temperature,
                                  const Eigen::VectorXd& n) {
  const MapValue value = map_value(classes, temperature, n);
  MultitaskingPoint point{n, value.m, 0.5 * n.squaredNorm() - value.pressure, 0, 0, false};
  constexpr double step = 1e-5;
  Eigen::MatrixXd hessian = Eigen::MatrixXd::Identity(n.size(), n.size());
  for (Eigen::Index nu = 0; nu < n.size(); ++nu) {
    Eigen::VectorXd up = n, down = n;
    up(nu) += step, down(nu) -= step;
    hessian.col(nu) -=
        (map_value(classes, temperature, up).n - map_value(classes, temperature, down).n) / (2 * step);
  }
  const Eigen::MatrixXd symmetric = 0.5 * (hessian + hessian.transpose());
  point.softest =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(symmetric, Eigen::EigenvaluesOnly).eigenvalues()(0);
  return point;
}

MultitaskingPoint solve_multitasking(const NeuronClasses& classes, double temperature,
                                     const Eigen::VectorXd& start, const MeanFieldOptions& options) {
  if (!(temperature >= 0 && std::isfinite(temperature)))
    throw InvalidInput("temperature: must be at least 0 and finite, found {}", temperature);
  if (start.size() != classes.count())
    throw InvalidInput("the start has {} overlaps, there are {} patterns", start.size(), classes.count());
  Eigen::VectorXd n = start;
  int iterations = 0;
  bool converged = false;
  while (!converged && iterations < options.max_iterations) {
    const Eigen::VectorXd residual = map_value(classes, temperature, n).n - n;
    if (!residual.allFinite()) throw NumericalFailure("the overlaps at T = {} are not finite", temperature);
    ++iterations;
    converged = residual.cwiseAbs().maxCoeff() <= options.tolerance;
    n += options.damping * residual;
  }
  MultitaskingPoint point = multitasking_at(classes, temperature, n);
  point.iterations = iterations;
  point.converged = converged;
  return point;
}

Eigen::VectorXd hierarchical_amplitudes(std::span<const double> dilutions) {
  Eigen::VectorXd amplitudes(static_cast<Eigen::Index>(dilutions.size()));
  double free = 1;
  for (std::size_t mu = 0; mu < dilutions.size(); free *= dilutions[mu++])
    amplitudes(static_cast<Eigen::Index>(mu)) = (1 - dilutions[mu]) * free;
  return amplitudes;
}

const char* name(Regime regime) {
  switch (regime) {
    case Regime::ergodic:
      return "ergodic";
    case Regime::pure:
      return "pure";
    case Regime::hierarchical:
      return "hierarchical";
    case Regime::parallel:
      return "parallel";
  }
  return "";
}

RegimePoint multitasking_regime(const NeuronClasses& classes, double temperature) {
  const Eigen::VectorXd active = activities(classes);
  std::vector<double> dilutions;
  for (const double a : active) dilutions.push_back(std::max(0.0, 1 - a));
  const double scale = classes.examples.cwiseAbs().maxCoeff();
  const Eigen::VectorXd hierarchical = scale * hierarchical_amplitudes(dilutions);
  Eigen::VectorXd pure = Eigen::VectorXd::Zero(active.size());
  pure(0) = scale * active(0);
  RegimePoint best;
  bool best_stable = false;
  for (const Eigen::VectorXd& start : {hierarchical, Eigen::VectorXd(0.5 * scale * active), pure}) {
    MultitaskingPoint point = solve_multitasking(classes, temperature, start);
    const bool stable = point.converged && point.softest > -1e-6;
    const bool first = best.point.m.size() == 0;
    const bool lower = point.free_energy < best.point.free_energy - 1e-9;
    if (!first && !(stable > best_stable || (stable == best_stable && lower))) continue;
    best.point = std::move(point);
    best_stable = stable;
  }
  best.point.m = sorted_magnitudes(best.point.m);
  best.regime = regime_of(best.point.m);
  return best;
}

std::optional<double> critical_dilution(Index patterns, double tolerance) {
  if (patterns < 2 || patterns > 12) throw InvalidInput("patterns: must be in [2, 12], found {}", patterns);
  const auto holds = [&](double d) {
    const std::vector<double> dilutions(static_cast<std::size_t>(patterns), d);
    const Eigen::VectorXd m = hierarchical_amplitudes(dilutions);
    const Eigen::VectorXd next = map_value(storing_classes(dilutions), 0, m).n;
    return (next - m).cwiseAbs().maxCoeff() < 1e-6 * m(m.size() - 1);
  };
  double low = 0.5, high = 0.99;
  if (holds(high)) return std::nullopt;
  while (high - low > tolerance) {
    const double middle = (low + high) / 2;
    (holds(middle) ? low : high) = middle;
  }
  return (low + high) / 2;
}

SampledPoint solve_sampled(std::span<const double> dilutions, double temperature, std::int64_t samples,
                           int batches, Seed seed) {
  if (batches < 2)
    throw InvalidInput("batches: at least 2 are needed for a standard error, found {}", batches);
  const Eigen::VectorXd start = hierarchical_amplitudes(dilutions);
  const auto points = parallel_map(batches, [&](std::int64_t b) {
    const auto classes = sampled_classes(
        dilutions, samples, Stream(seed, lane("multitask classes"), static_cast<std::uint64_t>(b)));
    return sorted_magnitudes(solve_multitasking(classes, temperature, start, {.tolerance = 1e-7}).m);
  });
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(start.size()), squares = sum;
  for (const auto& m : points) sum += m, squares += m.cwiseAbs2();
  const double count = batches;
  SampledPoint result{sum / count, {}};
  result.standard_error = ((squares / count - result.m.cwiseAbs2()).cwiseMax(0.0) / (count - 1)).cwiseSqrt();
  return result;
}

SignalToNoise signal_to_noise(const NeuronClasses& classes, const Eigen::VectorXd& m) {
  if (m.size() != classes.count())
    throw InvalidInput("the state has {} overlaps, there are {} patterns", m.size(), classes.count());
  const double quality = classes.examples.cwiseAbs().maxCoeff();
  const Eigen::VectorXd n = quality * m;
  SignalToNoise result{Eigen::VectorXd::Zero(m.size()), Eigen::VectorXd::Zero(classes.weights.size())};
  for (Eigen::Index c = 0; c < classes.weights.size(); ++c) {
    const auto xi = classes.patterns.col(c);
    const double field = n.dot(classes.examples.col(c));
    const double spread = classes.noise * std::sqrt(xi.cwiseAbs().dot(n.cwiseAbs2()));
    const double infinite = std::numeric_limits<double>::infinity();
    const double kappa = std::abs(field) < tie ? 0
                         : spread > 0          ? field / spread
                                               : std::copysign(infinite, field);
    result.kappa(c) = std::abs(kappa);
    result.next += classes.weights(c) * std::erf(kappa / std::numbers::sqrt2) * xi;
  }
  return result;
}

std::optional<std::int64_t> examples_needed(std::span<const double> dilutions, double quality,
                                            double tolerance, double temperature) {
  if (!(tolerance > 0)) throw InvalidInput("tolerance: must be above 0, found {}", tolerance);
  const NeuronClasses storing = storing_classes(dilutions);
  const Eigen::VectorXd start = quality * hierarchical_amplitudes(dilutions);
  const auto overlaps = [&](double examples) {
    const auto classes = learnt_classes(storing, quality, examples);
    return sorted_magnitudes(solve_multitasking(classes, temperature, start, {.tolerance = 1e-9}).m);
  };
  const Eigen::VectorXd limit = overlaps(std::numeric_limits<double>::infinity());
  const auto enough = [&](std::int64_t examples) {
    return (overlaps(static_cast<double>(examples)) - limit).cwiseAbs().maxCoeff() <= tolerance;
  };
  std::int64_t high = 1;
  while (!enough(high)) {
    if (high >= std::int64_t{1} << 40) return std::nullopt;
    high *= 2;
  }
  std::int64_t low = high / 2;  // not enough
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace lehr::spin
