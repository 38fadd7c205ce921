#include "lehr/sample/particle_selection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/sample/log_weights.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::sample {
namespace {

constexpr double log_zero = -std::numeric_limits<double>::infinity();
constexpr double most_particles = 1e8;

template <class T>
void gather(std::vector<T>& values, std::span<const std::int64_t> ancestors) {
  std::vector<T> gathered(ancestors.size());
  for (std::size_t j = 0; j < ancestors.size(); ++j)
    gathered[j] = values[static_cast<std::size_t>(ancestors[j])];
  values = std::move(gathered);
}

// Of the values that are not nan; `otherwise` where there is none.
double aggregate(std::span<const double> values, const std::string& how, double otherwise) {
  double sum = 0, largest = log_zero, log_sum = log_zero, count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value, largest = std::max(largest, value), log_sum = stats::log_add_exp(log_sum, value), ++count;
  }
  if (count == 0) return otherwise;
  if (how == "max") return largest;
  return how == "mean" ? sum / count : log_sum - std::log(count);
}

// Means over what is above -inf, which is where weights are 0.
void note_potentials(FilterStep& step, std::span<const double> potentials) {
  double sum = 0, count = 0, largest = log_zero;
  for (const double g : potentials)
    if (std::isfinite(g)) sum += g, ++count, largest = std::max(largest, g);
  step.mean_log_weight = count > 0 ? sum / count : 0;
  step.max_log_weight = count > 0 ? largest : 0;
}

constexpr std::size_t numbers_per_filter_step = 18;

}  // namespace

std::vector<double> FilterCourse::packed_trace() const {
  std::vector<double> packed;
  packed.reserve(trace.size() * numbers_per_filter_step);
  for (const FilterStep& s : trace)
    for (const double value :
         {static_cast<double>(s.sweep), static_cast<double>(s.step), s.progress,
          static_cast<double>(s.particles), static_cast<double>(s.finished), s.tempering.ess,
          s.tempering.entropy, s.tempering.temperature, s.tempering.tempered_ess, s.largest,
          static_cast<double>(s.founders), static_cast<double>(s.parents), s.mean_log_weight,
          s.max_log_weight, s.log_evidence, static_cast<double>(s.calls), static_cast<double>(s.failures),
          static_cast<double>(s.dropped)})
      packed.push_back(value);
  return packed;
}

void FilterCourse::unpack_trace(std::span<const double> packed) {
  trace.clear();
  for (std::size_t k = 0; k + numbers_per_filter_step <= packed.size(); k += numbers_per_filter_step) {
    const auto v = packed.subspan(k, numbers_per_filter_step);
    const auto whole = [&](std::size_t i) { return static_cast<std::int64_t>(v[i]); };
    trace.push_back({.sweep = whole(0),
                     .step = whole(1),
                     .progress = v[2],
                     .particles = whole(3),
                     .finished = whole(4),
                     .tempering = {v[5], v[6], v[7], v[8]},
                     .largest = v[9],
                     .founders = whole(10),
                     .parents = whole(11),
                     .mean_log_weight = v[12],
                     .max_log_weight = v[13],
                     .log_evidence = v[14],
                     .calls = whole(15),
                     .failures = whole(16),
                     .dropped = whole(17)});
  }
}

ParticleSelection::ParticleSelection(ParticleFilterOptions options) : options_(std::move(options)) {
  lehr::describe(options_).read(lehr::describe(options_).values(), "particle filter");  // ranges
  const std::string& method = options_.method;
  const bool entropic = method == "epf" || method == "epf+lam";
  auxiliary_ = method == "apf";
  survival_ = method == "bon" ? Survival::stay : method == "beam" ? Survival::best : Survival::resample;
  weight_ = options_.weight == "raw" ? Weight::raw : options_.weight == "log" ? Weight::log : Weight::logit;
  scheme_ = resampling_named(
      options_.resample.value_or(method == "pf" || method == "pg" ? "multinomial" : "systematic"));
  correct_ = options_.correct.value_or(options_.accumulate || auxiliary_);
  draws_ahead_ = options_.lam.draws.value_or(method == "epf+lam" || auxiliary_ ? 1 : 0);
  sweeps_ = method == "pg" ? options_.iterations.value_or(4) : 1;
  options_.tempering.temperature =
      options_.temperature.value_or(entropic ? TemperatureRule() : TemperatureRule(Schedule(1)));
  check();
}

void ParticleSelection::check() const {
  const ParticleFilterOptions& o = options_;
  const bool gibbs = o.method == "pg";
  if (!gibbs && o.iterations.value_or(1) != 1)
    throw InvalidInput("iterations: only method pg has several, found {} for {}", *o.iterations, o.method);
  if (gibbs && sweeps_ < 2) throw InvalidInput("iterations: method pg needs at least 2, found {}", sweeps_);
  if (gibbs && scheme_ != Resampling::multinomial)
    throw InvalidInput("resample: method pg draws ancestors one by one (multinomial), found {}", *o.resample);
  if (o.ancestor_sampling && !gibbs)
    throw InvalidInput("ancestor_sampling: only method pg keeps sequences, found method {}", o.method);
  if (o.absorbing == "freeze" && (o.accumulate || correct_))
    throw InvalidInput("absorbing = freeze: weights that accumulate or are corrected need the pool");
  if (o.absorbing == "freeze" && gibbs) throw InvalidInput("absorbing = freeze: method pg needs the pool");
  if (o.lam.reuse && draws_ahead_ == 0)
    throw InvalidInput("lam.reuse: there are no draws ahead to reuse (lam.draws = 0)");
  if (o.lam.reuse && correct_)
    throw InvalidInput("lam.reuse: estimates would be biased; set correct = false or lam.reuse = false");
  for (const std::int64_t step : {std::int64_t{1}, o.max_steps}) {
    const std::int64_t count = particles_at(step);
    if (gibbs && o.references >= count)
      throw InvalidInput("references: {} of the {} particles of an iteration are too many", o.references,
                         count);
    if (const double m = value_at(o.lam.weight, step); !(m >= 0 && m <= 1))
      throw InvalidInput("lam.weight: must be in [0, 1], found {} at step {}", m, step);
  }
}

double ParticleSelection::value_at(const Schedule& schedule, std::int64_t step) const {
  return schedule.at(std::min(step, steps_of_progress()), steps_of_progress());
}

std::int64_t ParticleSelection::particles_at(std::int64_t step) const {
  const double value = std::round(value_at(options_.particles, step));
  if (!(value >= 1 && value <= most_particles))
    throw InvalidInput("particles: must be in [1, {:.0f}], found {} at step {}", most_particles, value, step);
  const auto count = static_cast<std::int64_t>(value);
  if (count % sweeps_ != 0)
    throw InvalidInput("particles: {} cannot be divided among {} iterations", count, sweeps_);
  if (survival_ == Survival::best && count % options_.width != 0)
    throw InvalidInput("particles: {} is not a multiple of the beam's width {}", count, options_.width);
  return count / sweeps_;
}

double ParticleSelection::log_potential(double score) const {
  constexpr double out_of_range = std::numeric_limits<double>::quiet_NaN();
  if (weight_ == Weight::raw) return score < std::numeric_limits<double>::infinity() ? score : out_of_range;
  if (!(score >= 0 && score <= 1)) return out_of_range;
  return weight_ == Weight::log ? std::log(score) : clipped_logit(score);
}

void ParticleSelection::begin(FilterCourse& course) const {
  const std::int64_t count = particles_at(1);
  const auto size = static_cast<std::size_t>(count);
  course.step = 0;
  course.potentials.assign(size, 0);
  course.carried.assign(size, -std::log(static_cast<double>(count)));
  course.log_weights.assign(size, 0);
  course.probabilities.assign(size, 1 / static_cast<double>(count));
  course.finished.assign(size, 0);
  course.genealogy = Genealogy(count, options_.history);
  course.recent = options_.error_lags > 0 ? RecentAncestors(count, options_.error_lags) : RecentAncestors();
  course.resamplings = 0;
}

void ParticleSelection::weigh(FilterCourse& course, std::span<const double> scores,
                              std::span<const Call> calls) const {
  const std::size_t count = scores.size();
  for (std::size_t i = 0; i < count; ++i) {
    double& g = course.potentials[i];
    if (calls[i] != Call::done) {
      if (options_.accumulate) g = 0;
      continue;
    }
    g = log_potential(scores[i]);
    if (!std::isnan(g)) continue;
    g = log_zero;
    course.finished[i] = 1;
    ++course.dropped;
  }
  for (std::size_t i = 0; i < count; ++i) course.log_weights[i] = course.carried[i] + course.potentials[i];
  const std::int64_t step = course.step + 1;
  FilterStep row;
  row.sweep = course.sweep + 1, row.step = step;
  row.progress = std::min(1.0, static_cast<double>(step) / static_cast<double>(steps_of_progress()));
  row.particles = static_cast<std::int64_t>(count);
  try {
    course.probabilities.resize(count);
    row.log_evidence = softmax(course.log_weights, 1, course.probabilities);
  } catch (const NumericalFailure& failure) {
    throw NumericalFailure("step {}: {}; {} scores were out of range so far", step, failure.what(),
                           course.dropped);
  }
  row.finished = std::ranges::count(course.finished, std::uint8_t{1});
  row.tempering.ess = effective_sample_size(course.probabilities) / static_cast<double>(count);
  row.tempering.tempered_ess = row.tempering.ess;
  row.tempering.entropy = normalised_entropy(course.probabilities, course.log_weights, row.log_evidence);
  row.largest = *std::ranges::max_element(course.probabilities);
  row.founders = course.genealogy.distinct_founders();
  row.parents = course.genealogy.distinct_parents();
  note_potentials(row, course.potentials);
  row.calls = course.calls, row.failures = course.failures, row.dropped = course.dropped;
  course.trace.push_back(row);
}

std::vector<double> ParticleSelection::modulated(const FilterCourse& course,
                                                 std::span<const double> ahead) const {
  const std::int64_t step = course.step + 1;
  const double m = value_at(options_.lam.weight, step);
  if (!(m >= 0 && m <= 1)) throw InvalidInput("lam.weight: must be in [0, 1], found {} at step {}", m, step);
  const auto draws = static_cast<std::size_t>(draws_ahead_);
  std::vector<double> guide(course.log_weights.size());
  for (std::size_t i = 0; i < guide.size(); ++i) {
    // A particle without successors stays what it is, and so does its potential.
    const double unchanged = options_.accumulate ? 0 : course.potentials[i];
    const double next = aggregate(ahead.subspan(i * draws, draws),
                                  auxiliary_ ? "logmeanexp" : options_.lam.aggregate, unchanged);
    if (course.log_weights[i] == log_zero)
      guide[i] = log_zero;
    else
      guide[i] = auxiliary_ ? course.log_weights[i] + next
                            : (1 - m) * course.log_weights[i] + (m > 0 ? m * next : 0);
  }
  return guide;
}

void ParticleSelection::stay(FilterCourse& course) const {
  if (options_.accumulate)
    course.carried = course.log_weights;
  else
    std::ranges::fill(course.carried, -std::log(static_cast<double>(course.carried.size())));
  std::vector<std::int64_t> self(course.carried.size());
  std::iota(self.begin(), self.end(), std::int64_t{0});
  course.genealogy.descend(self);
}

// The heaviest particles / width, each `width` times where it goes on and once where it has ended.
std::vector<std::int64_t> ParticleSelection::best(const FilterCourse& course) const {
  std::vector<std::int64_t> order(course.log_weights.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const auto weight = [&](std::int64_t i) { return course.log_weights[static_cast<std::size_t>(i)]; };
  std::ranges::stable_sort(order, std::greater(), weight);
  const auto beams = static_cast<std::size_t>(particles_at(course.step + 2) / options_.width);
  std::vector<std::int64_t> ancestors;
  for (std::size_t k = 0; k < std::min(beams, order.size()); ++k) {
    if (weight(order[k]) == log_zero) break;
    const bool ended = course.finished[static_cast<std::size_t>(order[k])] != 0;
    ancestors.insert(ancestors.end(), ended ? 1 : static_cast<std::size_t>(options_.width), order[k]);
  }
  return ancestors;
}

void ParticleSelection::inherit(FilterCourse& course, std::span<const std::int64_t> ancestors,
                                std::vector<double> carried) const {
  gather(course.potentials, ancestors);
  gather(course.finished, ancestors);
  course.carried = std::move(carried);
  course.log_weights = course.carried;
  course.genealogy.descend(ancestors);
  if (options_.error_lags > 0) course.recent.descend(ancestors);
  ++course.resamplings;
}

std::vector<std::int64_t> ParticleSelection::survivors(FilterCourse& course, std::span<const double> guide,
                                                       std::span<const std::int64_t> kept,
                                                       const Moment& now) const {
  if (survival_ == Survival::stay) {
    stay(course);
    return {};
  }
  std::vector<std::int64_t> ancestors;
  std::vector<double> carried;
  if (survival_ == Survival::best) {
    ancestors = best(course);
  } else {
    const Candidates candidates = drawn_from(course, guide.empty() ? course.log_weights : guide);
    const std::int64_t next = particles_at(course.step + 2);
    if (candidates.ess > value_at(options_.resample_below, course.step + 1) + 1e-12 &&
        next == static_cast<std::int64_t>(course.carried.size())) {
      course.trace.back().tempering.temperature = 1;
      course.trace.back().tempering.tempered_ess = candidates.ess;
      stay(course);
      return {};
    }
    ancestors = candidates.frozen;
    ancestors.insert(ancestors.end(), kept.begin(), kept.end());
    Stream random = now.random(lane("sample.particles.resample"));
    const auto free = std::max<std::int64_t>(1, next - static_cast<std::int64_t>(ancestors.size()));
    std::vector<std::int64_t> drawn =
        ancestors_in_order(resampled_copies(scheme_, candidates.q, free, random));
    if (options_.shuffle) shuffle(drawn, random);
    for (const std::int64_t k : drawn) ancestors.push_back(candidates.index[static_cast<std::size_t>(k)]);
    // By the weights themselves every survivor carries the same.
    if (correct_ && (candidates.tempered || !guide.empty()))
      carried = corrected(course, candidates.q, ancestors);
  }
  if (carried.empty())
    carried.assign(ancestors.size(),
                   course.trace.back().log_evidence - std::log(static_cast<double>(ancestors.size())));
  inherit(course, ancestors, std::move(carried));
  return ancestors;
}

// Everybody, or those that go on where the others are frozen; the tempering goes to the trace.
ParticleSelection::Candidates ParticleSelection::drawn_from(FilterCourse& course,
                                                            std::span<const double> weights) const {
  Candidates result;
  std::vector<double> log_q;
  result.index.reserve(weights.size()), log_q.reserve(weights.size());
  const bool freeze = options_.absorbing == "freeze";
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    if (freeze && course.finished[i] != 0) {
      if (course.log_weights[i] > log_zero) result.frozen.push_back(index);
    } else {
      result.index.push_back(index);
      log_q.push_back(weights[i]);
    }
  }
  Tempering& tempering = course.trace.back().tempering;
  if (result.frozen.empty() && weights.data() == course.log_weights.data())
    result.q = course.probabilities;  // known since the weights were
  else
    result.q.resize(log_q.size()), tempering = untempered(log_q, result.q);
  const std::int64_t last = steps_of_progress();
  temper(tempering, log_q, options_.tempering, std::min(course.step + 1, last), last, result.q);
  result.ess = tempering.ess, result.tempered = tempering.temperature != 1;
  return result;
}

// ln of w_a / (N q_a) of each offspring.
std::vector<double> ParticleSelection::corrected(const FilterCourse& course, std::span<const double> q,
                                                 std::span<const std::int64_t> ancestors) const {
  std::vector<double> carried;
  carried.reserve(ancestors.size());
  for (const std::int64_t ancestor : ancestors) {
    const auto a = static_cast<std::size_t>(ancestor);
    carried.push_back(course.log_weights[a] - std::log(static_cast<double>(ancestors.size()) * q[a]));
  }
  return carried;
}

const std::vector<double>& ParticleSelection::final_log_weights(const FilterCourse& course) const {
  return options_.accumulate || correct_ ? course.log_weights : course.potentials;
}

void add_to(Row& row, const FilterStep& step) {
  row.add("ess", step.tempering.ess);
  row.add("tempered_ess", step.tempering.tempered_ess);
  row.add("entropy", step.tempering.entropy);
  row.add("temperature", step.tempering.temperature);
  row.add("founders", static_cast<double>(step.founders));
  row.add("parents", static_cast<double>(step.parents));
  row.add("finished", static_cast<double>(step.finished));
  row.add("mean_log_weight", step.mean_log_weight);
  row.add("max_log_weight", step.max_log_weight);
  row.add("log_evidence", step.log_evidence);
  row.add("calls", static_cast<double>(step.calls));
  row.add("failures", static_cast<double>(step.failures));
  row.add("dropped", static_cast<double>(step.dropped));
}

}  // namespace lehr::sample
