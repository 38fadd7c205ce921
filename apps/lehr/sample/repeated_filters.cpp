#include "apps/lehr/sample/repeated_filters.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/parallel.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {
namespace {

// Every instance has random numbers of its own, the same for every method that is compared.
Seed instance_seed(Seed seed, std::int64_t k) {
  Stream random(seed, lane("sample.epf.instance"), static_cast<std::uint64_t>(k));
  return {random() >> 1};
}

}  // namespace

RepeatedFilters::RepeatedFilters(const SequenceProblems& problems, sample::ParticleFilterOptions filter,
                                 std::int64_t instances, bool threads)
    : problems_(problems), filter_(std::move(filter)), instances_(instances), threads_(threads) {
  sample::ParticleSelection check(filter_);  // before the first instance is made
}

bool RepeatedFilters::finished(const State& state) const {
  return static_cast<std::int64_t>(state.quality.size()) >= instances_;
}

void RepeatedFilters::advance(State& state, const Moment& now) const {
  const auto first = static_cast<std::int64_t>(state.quality.size());
  const std::int64_t count = std::min(block(), instances_ - first);
  const auto run = [&](std::int64_t i) {
    const std::int64_t k = first + i;
    return problems_.instance(k, now.seed).run(filter_, instance_seed(now.seed, k), {});
  };
  if (threads_) {
    for (const SequenceOutcome& outcome : parallel_map(count, run)) add(state, outcome);
  } else {
    for (std::int64_t i = 0; i < count; ++i) add(state, run(i));
  }
  for (std::size_t i = state.calls.size() - static_cast<std::size_t>(count); i < state.calls.size(); ++i)
    now.spend(static_cast<std::int64_t>(state.calls[i]));
}

void RepeatedFilters::add(State& state, const SequenceOutcome& outcome) const {
  const sample::FilterCourse& course = outcome.course;
  state.quality.push_back(outcome.quality);
  state.success.push_back(outcome.success);
  state.calls.push_back(static_cast<double>(course.calls));
  state.failures.push_back(static_cast<double>(course.failures));
  state.dropped.push_back(static_cast<double>(course.dropped));
  state.log_evidence.push_back(course.trace.back().log_evidence);
  state.exact_log_evidence.push_back(outcome.exact_log_evidence);
  const std::size_t steps = std::max(state.counts.size(), course.trace.size());
  state.counts.resize(steps);
  state.sums.resize(steps * shown.size());
  state.squares.resize(steps * shown.size());
  for (std::size_t t = 0; t < course.trace.size(); ++t) {
    const sample::FilterStep& s = course.trace[t];
    const std::array<double, shown.size()> values{
        s.tempering.ess, s.tempering.tempered_ess,        s.tempering.temperature,
        s.largest,       static_cast<double>(s.founders), static_cast<double>(s.parents)};
    ++state.counts[t];
    for (std::size_t v = 0; v < shown.size(); ++v) {
      state.sums[t * shown.size() + v] += values[v];
      state.squares[t * shown.size() + v] += values[v] * values[v];
    }
  }
}

void RepeatedFilters::measure(const State& state, Row& row) const {
  if (state.quality.empty()) return;
  row.add("quality", stats::mean(state.quality));
  if (const double success = stats::mean(state.success); std::isfinite(success)) row.add("success", success);
  row.add("calls", stats::mean(state.calls));
}

RolloutScores roll_out(const SequenceProblems& problems, const sample::ParticleFilterOptions& filter,
                       std::int64_t instances, std::int64_t rollouts, Seed seed) {
  sample::ParticleFilterOptions unselected = filter;
  unselected.method = "bon";
  unselected.particles = static_cast<double>(rollouts);
  unselected.lam = {};
  unselected.select = "argmax";
  const Seed own{seed.value ^ lane("sample.epf.calibration") >> 1};
  const auto run = [&](std::int64_t k) {
    return problems.instance(k, seed).run(unselected, instance_seed(own, k), {});
  };
  std::vector<SequenceOutcome> outcomes;
  if (problems.has_worker())
    for (std::int64_t k = 0; k < instances; ++k) outcomes.push_back(run(k));
  else
    outcomes = parallel_map(instances, run);
  RolloutScores scores;
  for (std::int64_t k = 0; k < instances; ++k) {
    const SequenceOutcome& outcome = outcomes[static_cast<std::size_t>(k)];
    for (std::size_t t = 0; t < outcome.potentials.size(); ++t) {
      if (scores.log_odds.size() <= t) scores.log_odds.emplace_back();
      // Sequences of instances that ended earlier have no prefix here.
      scores.log_odds[t].resize(scores.outcomes.size(), std::numeric_limits<double>::quiet_NaN());
      scores.log_odds[t].insert(scores.log_odds[t].end(), outcome.potentials[t].begin(),
                                outcome.potentials[t].end());
    }
    for (const double last : outcome.potentials.back()) {
      scores.outcomes.push_back(1 / (1 + std::exp(-last)));
      scores.instance.push_back(k);
    }
  }
  for (auto& step : scores.log_odds)
    step.resize(scores.outcomes.size(), std::numeric_limits<double>::quiet_NaN());
  return scores;
}

}  // namespace lehr::command
