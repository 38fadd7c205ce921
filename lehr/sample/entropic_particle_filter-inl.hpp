// The bodies of entropic_particle_filter.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <span>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/entropic_particle_filter.hpp"
#include "lehr/sample/log_weights.hpp"
#include "lehr/sample/particle_checkpoint.hpp"

namespace lehr::sample {
namespace particles {

inline constexpr std::int64_t block = 64;  // particles that share a random stream
inline constexpr std::int64_t blocks_worth_threads = 16;

// body(block's number, first, last) for blocks of particles, in parallel where there are many.
template <class Body>
void for_blocks(std::size_t count, Body body) {
  const auto size = static_cast<std::int64_t>(count), blocks = (size + block - 1) / block;
  const auto run = [&](std::int64_t b) {
    body(static_cast<std::uint64_t>(b), static_cast<std::size_t>(b * block),
         static_cast<std::size_t>(std::min(size, (b + 1) * block)));
  };
  if (blocks < blocks_worth_threads)
    for (std::int64_t b = 0; b < blocks; ++b) run(b);
  else
    parallel_for(blocks, run, 4);
}

template <class P>
concept KnowsPath = requires(const P& proposal, const typename P::Particle& particle) {
  { proposal.path(particle) } -> std::same_as<std::vector<typename P::Particle>>;
};
template <class P>
concept HasKey = requires(const P& proposal, const typename P::Particle& particle) {
  { proposal.key(particle) } -> std::same_as<std::string>;
};
template <class P>
concept HasTransition = requires(const P& proposal, const typename P::Particle& particle) {
  { proposal.log_transition(particle, particle) } -> std::same_as<double>;
};
template <class P>
concept HasQuantities = requires(const P& proposal, const typename P::Particle& particle, double* values) {
  proposal.quantities(particle, values);
  proposal.quantities();
};
template <class P>
concept Batched = requires(const P& proposal, std::span<typename P::Particle* const> particles,
                           std::span<const std::uint32_t> seeds, std::span<Call> calls) {
  proposal.extend_all(particles, seeds, calls);
};
template <class S, class Particle>
concept BatchedScore = requires(const S& score, std::span<const Particle* const> particles,
                                std::span<double> scores, std::span<Call> calls) {
  score.score_all(particles, scores, calls);
};

}  // namespace particles

template <SequenceProposal P, class S>
EntropicParticleFilter<P, S>::EntropicParticleFilter(const P& proposal, const S& score,
                                                     ParticleFilterOptions options)
    : proposal_(proposal), score_(score), selection_(std::move(options)) {
  const ParticleFilterOptions& o = selection_.options();
  if (!particles::HasKey<P> && o.select == "vote")
    throw InvalidInput("select = vote: these sequences have no key to vote on");
  if (!particles::HasTransition<P> && o.ancestor_sampling)
    throw InvalidInput("ancestor_sampling: this model does not give the density of its transitions");
  if (!particles::KnowsPath<P> && o.method == "pg" && !o.history)
    throw InvalidInput("history: method pg needs it for its references");
}

template <SequenceProposal P, class S>
auto EntropicParticleFilter<P, S>::start(const Moment&) const -> State {
  State state;
  begin_sweep(state);
  return state;
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::begin_sweep(State& state) const {
  selection_.begin(state.course);
  state.particles.assign(state.course.carried.size(), proposal_.start());
  state.ready.assign(state.particles.size(), 0);
  state.ready_scores.assign(state.particles.size(), 0);
  state.history.clear();
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::advance(State& state, const Moment& now) const {
  FilterCourse& course = state.course;
  const std::int64_t calls_before = course.calls;
  std::vector<Call> calls(state.particles.size());
  std::vector<double> scores = state.ready_scores;
  for (std::size_t i = 0; i < calls.size(); ++i)
    calls[i] = course.finished[i] || state.ready[i] ? Call::not_made : Call::done;
  follow_references(state, calls);
  extend(state.particles, calls, now.random(lane("sample.particles.extend")));
  course.calls += std::ranges::count_if(calls, [](Call c) { return c != Call::not_made; });
  const std::size_t followed = state.references.size();
  for (std::size_t i = 0; i < followed; ++i)  // their steps are known, their scores are not
    if (!course.finished[i]) calls[i] = Call::done;
  course.calls += std::ranges::count(calls, Call::done);
  score(state.particles, calls, scores);
  course.failures += std::ranges::count(calls, Call::failed);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (state.ready[i]) calls[i] = Call::done;
    course.finished[i] = course.finished[i] || proposal_.finished(state.particles[i]);
    state.ready[i] = 0;
  }
  selection_.weigh(course, scores, calls);
  if (selection_.options().history && !particles::KnowsPath<P>) state.history.push_back(state.particles);
  take_means(state);
  const bool all_finished = std::ranges::all_of(course.finished, [](std::uint8_t f) { return f != 0; });
  const bool last = course.step + 1 >= selection_.steps_of_a_sweep() || all_finished;
  if (!last) select(state, now);
  ++course.step;
  now.spend(course.calls - calls_before);
  if (last) end_sweep(state, now);
}

// The first particles repeat the sequences that the sweep before handed on.
template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::follow_references(State& state, std::vector<Call>& calls) const {
  const auto t = static_cast<std::size_t>(state.course.step);
  for (std::size_t r = 0; r < state.references.size(); ++r) {
    const std::vector<Particle>& path = state.references[r];
    if (t < path.size()) state.particles[r] = path[t];
    calls[r] = Call::not_made;
  }
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::extend(std::vector<Particle>& population, std::vector<Call>& calls,
                                          const Stream& random) const {
  if constexpr (particles::Batched<P>) {
    std::vector<Particle*> chosen;
    std::vector<std::uint32_t> seeds;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < population.size(); ++i) {
      if (calls[i] != Call::done) continue;
      Stream own = random.at_block(i << 20);
      chosen.push_back(&population[i]);
      seeds.push_back(static_cast<std::uint32_t>(own() >> 33));
      places.push_back(i);
    }
    std::vector<Call> outcomes(chosen.size(), Call::done);
    proposal_.extend_all(chosen, seeds, outcomes);
    for (std::size_t k = 0; k < places.size(); ++k) calls[places[k]] = outcomes[k];
  } else {
    particles::for_blocks(population.size(), [&](std::uint64_t b, std::size_t first, std::size_t last) {
      Stream own = random.at_block(b << 32);
      for (std::size_t i = first; i < last; ++i)
        if (calls[i] == Call::done) proposal_.extend(population[i], own);
    });
  }
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::score(const std::vector<Particle>& population, std::vector<Call>& calls,
                                         std::vector<double>& scores) const {
  if constexpr (particles::BatchedScore<S, Particle>) {
    std::vector<const Particle*> chosen;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < population.size(); ++i)
      if (calls[i] == Call::done) chosen.push_back(&population[i]), places.push_back(i);
    std::vector<Call> outcomes(chosen.size(), Call::done);
    std::vector<double> values(chosen.size());
    score_.score_all(chosen, values, outcomes);
    for (std::size_t k = 0; k < places.size(); ++k)
      calls[places[k]] = outcomes[k], scores[places[k]] = values[k];
  } else {
    particles::for_blocks(population.size(), [&](std::uint64_t, std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i)
        if (calls[i] == Call::done) scores[i] = score_.score(population[i]);
    });
  }
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::take_means(State& state) const {
  if constexpr (particles::HasQuantities<P>) {
    const auto count = static_cast<std::size_t>(proposal_.quantities());
    FilterMeans moments{std::vector<double>(count), std::vector<double>(count), {}};
    std::vector<double> values(count);
    for (std::size_t i = 0; i < state.particles.size(); ++i) {
      proposal_.quantities(state.particles[i], values.data());
      for (std::size_t k = 0; k < count; ++k) moments.means[k] += state.course.probabilities[i] * values[k];
    }
    for (std::size_t i = 0; i < state.particles.size(); ++i) {
      proposal_.quantities(state.particles[i], values.data());
      for (std::size_t k = 0; k < count; ++k)
        moments.variances[k] +=
            state.course.probabilities[i] * (values[k] - moments.means[k]) * (values[k] - moments.means[k]);
    }
    if (selection_.options().error_lags > 0) take_errors(state, moments);
    state.means.push_back(std::move(moments));
  }
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::take_errors(const State& state, FilterMeans& moments) const {
  if constexpr (particles::HasQuantities<P>) {
    const std::size_t count = moments.means.size(), size = state.particles.size();
    std::vector<double> values(count), all(count * size);
    for (std::size_t i = 0; i < size; ++i) {
      proposal_.quantities(state.particles[i], values.data());
      for (std::size_t k = 0; k < count; ++k) all[k * size + i] = values[k];
    }
    for (std::size_t k = 0; k < count; ++k)
      moments.errors.push_back(filtered_mean_error(std::span(all).subspan(k * size, size),
                                                   state.course.probabilities, state.course.recent));
  }
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::select(State& state, const Moment& now) const {
  FilterCourse& course = state.course;
  const auto draws = static_cast<std::size_t>(selection_.draws_ahead());
  std::vector<Particle> ahead;
  std::vector<Call> calls;
  std::vector<double> scores, guide;
  if (draws > 0) {
    for (std::size_t i = 0; i < state.particles.size(); ++i) {
      ahead.insert(ahead.end(), draws, state.particles[i]);
      calls.insert(calls.end(), draws, course.finished[i] ? Call::not_made : Call::done);
    }
    scores.resize(ahead.size());
    extend(ahead, calls, now.random(lane("sample.particles.ahead")));
    course.calls += std::ranges::count_if(calls, [](Call c) { return c != Call::not_made; });
    course.calls += std::ranges::count(calls, Call::done);
    score(ahead, calls, scores);
    course.failures += std::ranges::count(calls, Call::failed);
    std::vector<double> potentials(scores.size());
    for (std::size_t k = 0; k < scores.size(); ++k)
      potentials[k] = calls[k] == Call::done ? selection_.log_potential(scores[k])
                                             : std::numeric_limits<double>::quiet_NaN();
    guide = selection_.modulated(course, potentials);
  }
  const std::vector<std::int64_t> kept = kept_ancestors(state, now);
  const std::vector<std::int64_t> ancestors = selection_.survivors(course, guide, kept, now);
  state.ready.assign(course.carried.size(), 0);
  state.ready_scores.assign(course.carried.size(), 0);
  if (ancestors.empty()) return;
  std::vector<Particle> survivors;
  survivors.reserve(ancestors.size());
  for (const std::int64_t a : ancestors) survivors.push_back(state.particles[static_cast<std::size_t>(a)]);
  state.particles = std::move(survivors);
  if (selection_.options().lam.reuse) reuse_draws(state, ancestors, ahead, scores, calls);
}

// The first copies of a survivor take the steps that were drawn ahead.
template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::reuse_draws(State& state, const std::vector<std::int64_t>& ancestors,
                                               const std::vector<Particle>& ahead,
                                               const std::vector<double>& scores,
                                               const std::vector<Call>& calls) const {
  const auto draws = static_cast<std::size_t>(selection_.draws_ahead());
  std::vector<std::size_t> used(ahead.size() / draws, 0);
  for (std::size_t j = state.references.size(); j < ancestors.size(); ++j) {
    const auto a = static_cast<std::size_t>(ancestors[j]);
    if (used[a] >= draws) continue;
    const std::size_t k = a * draws + used[a]++;
    if (calls[k] != Call::done) continue;
    state.particles[j] = ahead[k];
    state.ready[j] = 1;
    state.ready_scores[j] = scores[k];
  }
}

// Whom the next steps of the references descend from: themselves, or whoever may have taken such a step.
template <SequenceProposal P, class S>
std::vector<std::int64_t> EntropicParticleFilter<P, S>::kept_ancestors(const State& state,
                                                                       const Moment& now) const {
  std::vector<std::int64_t> kept(state.references.size());
  for (std::size_t r = 0; r < kept.size(); ++r) kept[r] = static_cast<std::int64_t>(r);
  if constexpr (particles::HasTransition<P>) {
    if (!selection_.options().ancestor_sampling) return kept;
    const auto next = static_cast<std::size_t>(state.course.step) + 1;
    Stream random = now.random(lane("sample.particles.ancestors"));
    std::vector<double> log_weights(state.particles.size());
    for (std::size_t r = 0; r < kept.size(); ++r) {
      if (next >= state.references[r].size()) continue;
      for (std::size_t i = 0; i < log_weights.size(); ++i)
        log_weights[i] = state.course.log_weights[i] +
                         proposal_.log_transition(state.particles[i], state.references[r][next]);
      kept[r] = ancestors_in_order(resampled_copies(Resampling::multinomial, softmax(log_weights), 1, random))
                    .front();
    }
  }
  return kept;
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::end_sweep(State& state, const Moment& now) const {
  FilterCourse& course = state.course;
  const std::vector<double>& log_weights = selection_.final_log_weights(course);
  state.ended.insert(state.ended.end(), state.particles.begin(), state.particles.end());
  state.ended_log_weights.insert(state.ended_log_weights.end(), log_weights.begin(), log_weights.end());
  ++course.sweep;
  if (selection_.options().method != "pg") return;
  Stream random = now.random(lane("sample.particles.references"));
  std::vector<std::vector<Particle>> references;
  const std::int64_t count = selection_.options().references;
  for (const std::int64_t i :
       ancestors_in_order(resampled_copies(Resampling::multinomial, course.probabilities, count, random)))
    references.push_back(path(state, static_cast<std::size_t>(i)));
  state.references = std::move(references);
  state.kept.push_back(state.references.front());
  if (!finished(state)) begin_sweep(state);
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::measure(const State& state, Row& row) const {
  if (!state.course.trace.empty()) add_to(row, state.course.trace.back());
}

template <SequenceProposal P, class S>
FilterResult<typename P::Particle> EntropicParticleFilter<P, S>::result(const State& state, Seed seed) const {
  const bool some_ended = !state.ended.empty();
  FilterResult<Particle> result{
      .particles = some_ended ? state.ended : state.particles,
      .log_weights = some_ended ? state.ended_log_weights : selection_.final_log_weights(state.course),
      .probabilities = {},
      .chosen = 0,
      .votes = {}};
  result.probabilities = softmax(result.log_weights);
  const std::string& select = selection_.options().select;
  result.chosen =
      static_cast<std::size_t>(std::ranges::max_element(result.log_weights) - result.log_weights.begin());
  if (select == "sample") {
    Stream random(seed, lane("sample.particles.select"));
    result.chosen = static_cast<std::size_t>(
        ancestors_in_order(resampled_copies(Resampling::multinomial, result.probabilities, 1, random))
            .front());
  } else if (select == "vote") {
    choose_by_vote(result);
  }
  return result;
}

template <SequenceProposal P, class S>
void EntropicParticleFilter<P, S>::choose_by_vote(FilterResult<Particle>& result) const {
  if constexpr (particles::HasKey<P>) {
    std::map<std::string, double> shares;
    std::map<std::string, std::size_t> best;
    for (std::size_t i = 0; i < result.particles.size(); ++i) {
      const std::string key = proposal_.key(result.particles[i]);
      shares[key] += result.probabilities[i];
      const auto [place, first] = best.emplace(key, i);
      if (!first && result.log_weights[i] > result.log_weights[place->second]) place->second = i;
    }
    result.votes.assign(shares.begin(), shares.end());
    std::ranges::stable_sort(result.votes, std::greater(), &std::pair<std::string, double>::second);
    result.chosen = best[result.votes.front().first];
  }
}

template <SequenceProposal P, class S>
std::vector<typename P::Particle> EntropicParticleFilter<P, S>::path(const State& state,
                                                                     std::size_t i) const {
  if constexpr (particles::KnowsPath<P>) {
    return proposal_.path(state.particles[i]);
  } else {
    const std::vector<std::int64_t> line = state.course.genealogy.line(static_cast<std::int64_t>(i));
    std::vector<Particle> path;
    for (std::size_t t = 0; t < state.history.size(); ++t)
      path.push_back(state.history[t][static_cast<std::size_t>(line[t])]);
    return path;
  }
}

template <SequenceProposal P, class S>
template <class Visitor>
void EntropicParticleFilter<P, S>::fields(Visitor& visit, State& state) const {
  state.course.fields(visit);
  particles::visit_particles(proposal_, visit, "particles", state.particles);
  visit("ready", state.ready);
  visit("ready_scores", state.ready_scores);
  particles::visit_generations(proposal_, visit, "history", state.history);
  particles::visit_generations(proposal_, visit, "references", state.references);
  particles::visit_particles(proposal_, visit, "ended", state.ended);
  visit("ended_log_weights", state.ended_log_weights);
  particles::visit_generations(proposal_, visit, "kept", state.kept);
  std::vector<double> means, errors;
  for (const FilterMeans& step : state.means) {
    errors.insert(errors.end(), step.errors.begin(), step.errors.end());
    means.insert(means.end(), step.means.begin(), step.means.end());
    means.insert(means.end(), step.variances.begin(), step.variances.end());
  }
  visit("means", means);
  visit("mean_errors", errors);
  if constexpr (particles::HasQuantities<P>) {
    const auto count = static_cast<std::ptrdiff_t>(proposal_.quantities());
    state.means.clear();
    for (auto next = means.begin(); count > 0 && means.end() - next >= 2 * count; next += 2 * count)
      state.means.push_back({{next, next + count}, {next + count, next + 2 * count}, {}});
    if (count > 0 && std::ssize(errors) == count * std::ssize(state.means))
      for (std::size_t t = 0; t < state.means.size(); ++t) {
        const auto own = errors.begin() + count * static_cast<std::ptrdiff_t>(t);
        state.means[t].errors.assign(own, own + count);
      }
  }
}

}  // namespace lehr::sample
