#include "lehr/stats/persistence/simulate_excursions.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {

double grid_misses(const Covariance& covariance, double dt) {
  const CovarianceAt at = covariance.at(dt);
  // 2 asin(sqrt((1 - R) / 2)) = arccos R, with its digits where dt is small.
  const double angle = 2 * std::asin(std::sqrt(std::clamp(at.one_minus_r / 2, 0.0, 1.0)));
  return 1 - angle / (std::sqrt(covariance.lambda2) * dt);
}

namespace {

constexpr double ending_means = 20;  // mean excursions that a series keeps for endings
constexpr std::int64_t series_a_step = 8;

SimulateExcursionsOptions checked(SimulateExcursionsOptions options) {
  const OptionTable table = describe(options);
  table.read(table.values(), "simulate");
  return options;
}

// What a series keeps at its end: many times the mean of the longer kind of excursion.
double ending_of(const Covariance& covariance, double level) {
  return ending_means * covariance.mean_interval() * std::erfc(-std::abs(level) / std::numbers::sqrt2) *
         std::exp(level * level / 2);
}

double refined_dt(const Covariance& covariance, const SimulateExcursionsOptions& options) {
  double dt = options.dt > 0 ? options.dt : covariance.mean_interval() / 8;
  const double least = 1e-7 * covariance.mean_interval();
  while (grid_misses(covariance, dt) > options.rate_tolerance && dt > least) dt /= 2;
  return dt;
}

// About a twelfth of a series is kept for endings; short runs take one series.
CirculantEmbedding embedding_for(const Covariance& covariance, std::int64_t points, double dt,
                                 double ending) {
  const double kept = ending / dt;
  if (!(kept < double{1 << 23}))
    throw InvalidInput(
        "simulate: at dt = {:.3g} a series needs {:.3g} points to see its longest excursions end, "
        "allowed are {}; a larger rate_tolerance or a lower level helps",
        dt, kept, 1 << 23);
  const auto shortest = static_cast<std::uint64_t>(std::ceil(kept * 1.5)) + 1;
  const auto wanted = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(kept * 12), std::uint64_t{1} << 15,
                                                std::uint64_t{1} << 24);
  const auto length =
      std::max(std::bit_ceil(shortest),
               std::min(std::bit_ceil(wanted), std::bit_ceil(static_cast<std::uint64_t>(points))));
  return CirculantEmbedding(
      sampled_covariance([&](double t) { return covariance(t); }, dt, static_cast<std::int64_t>(length)));
}

}  // namespace

SimulateExcursions::SimulateExcursions(const Covariance& covariance, SimulateExcursionsOptions options)
    : options_(checked(options)),
      expected_rate_(std::exp(-options.level * options.level / 2) / covariance.mean_interval()),
      dt_(refined_dt(covariance, options)),
      missed_(grid_misses(covariance, dt_)),
      embedding_(embedding_for(covariance, options.points, dt_, ending_of(covariance, options.level))),
      series_((options.points + embedding_.length() - 2) / (embedding_.length() - 1)) {
  begin_before_ = static_cast<double>(embedding_.length() - 1) * dt_ - ending_of(covariance, options.level);
}

std::int64_t SimulateExcursions::steps() const { return (series_ + series_a_step - 1) / series_a_step; }

SimulateExcursions::State SimulateExcursions::start(const Moment&) const { return {}; }

void SimulateExcursions::advance(State& state, const Moment& now) const {
  const std::int64_t count = std::min(series_a_step, series_ - state.series);
  const std::uint64_t purpose = lane("simulated series");
  const auto found = parallel_map(count, [&](std::int64_t i) {
    Excursions excursions;
    const Stream random(now.seed, purpose, static_cast<std::uint64_t>(state.series + i));
    append_excursions(embedding_.sample(random), dt_, options_.level, excursions, begin_before_);
    return excursions;
  });
  const auto append = [](std::vector<double>& all, const std::vector<double>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  for (const Excursions& excursions : found) {
    append(state.excursions.above, excursions.above), append(state.excursions.below, excursions.below);
    append(state.excursions.censored_above, excursions.censored_above);
    append(state.excursions.censored_below, excursions.censored_below);
    state.excursions.crossings += excursions.crossings;
    state.excursions.duration += excursions.duration;
  }
  state.series += count;
  now.spend(count * embedding_.length());
}

void SimulateExcursions::measure(const State& state, Row& row) const {
  const Excursions& excursions = state.excursions;
  row.add("excursions", static_cast<double>(excursions.above.size() + excursions.below.size()));
  if (excursions.duration > 0)
    row.add("crossing_rate_error",
            static_cast<double>(excursions.crossings) / (excursions.duration * expected_rate_) - 1);
}

}  // namespace lehr::stats
