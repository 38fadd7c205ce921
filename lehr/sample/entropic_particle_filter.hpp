// Particle filters over sequences: N sequences grow side by side, a score weighs every prefix, and at each step those of little
// weight make room for copies of those of much.
//
//   for t = 1 .. T:  every unfinished particle takes a step z_t ~ p(. | z_1 .. z_(t-1));  w_i from its score;  survivors by
//   particle_selection.hpp, with entropic tempering (epf), look-ahead modulation (epf+lam) or neither (pf)
//
// With accumulate = false and resampling at every step the last generation is drawn from p(z_1 .. z_T) prod_t r_t / (1 - r_t), r_t
// the score of the prefix: that is search, and the sequence chosen in the end is the one of the largest weight that nobody tempered.
// With accumulate = true and likelihoods for scores (weight = raw) it is the particle filter of a state-space model, whose estimate of
// the likelihood is unbiased, tempered or not. Best of N and beam search are the same loop with another rule for survival. Particle
// Gibbs (pg) sweeps `iterations` times with N / iterations particles, `references` of which repeat sequences of the sweep before; with
// one reference the sequences kept are a Markov chain whose law is the target (Andrieu, Doucet and Holenstein, "Particle Markov chain
// Monte Carlo methods", 2010; ancestor sampling: Lindsten, Jordan and Schoen, 2014).
//
// A step of the run is a step of the sequences. Source: "Mitigating premature exploitation in particle-based Monte Carlo for
// inference-time scaling", 2025; Gordon, Salmond and Smith, 1993. Cost: N T proposals and scores (1 + M times with M draws ahead),
// O(N) for a resampling; what a particle shares with its ancestors is never copied where a particle is a handle to its path.
//
// A proposal and a score are any two objects (or one) with
//   using Particle = ...;                                a prefix, cheap to copy
//   Particle start() const;                              the empty sequence
//   void extend(Particle&, Stream&) const;               one step from p
//   bool finished(const Particle&) const;
//   double score(const Particle&) const;                 in [0, 1], or what `weight` says; nan drops the particle
// called from several threads at once. Or, for calls that go together to a server, in place of extend and score
//   void extend_all(std::span<Particle* const>, std::span<const std::uint32_t> seeds, std::span<Call>) const;
//   void score_all(std::span<const Particle* const>, std::span<double>, std::span<Call>) const;
// Optional parts of a proposal:
//   std::string key(const Particle&) const;              what `vote` counts
//   std::vector<Particle> path(const Particle&) const;   all prefixes, where a particle knows them
//   double log_transition(const Particle&, const Particle& next) const;   for ancestor sampling
//   Eigen::Index quantities() const; void quantities(const Particle&, double*) const;   of which the filter takes means
//   std::string text_of(const Particle&) const; Particle particle_from(std::string_view) const;   for checkpoints, where the
//   particle's bytes do not do
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/sample/particle_selection.hpp"

namespace lehr::sample {

template <class P>
concept SequenceProposal = requires(const P& proposal, const typename P::Particle& particle) {
  { proposal.start() } -> std::same_as<typename P::Particle>;
  { proposal.finished(particle) } -> std::same_as<bool>;
};

// Weighted means of a generation, and variances around them, one for each quantity; the standard errors of the means by genealogy.hpp
// where error_lags > 0.
struct FilterMeans {
  std::vector<double> means, variances, errors;
};

// What a filter ends with. The particles of pg are those of all sweeps.
template <class Particle>
struct FilterResult {
  std::vector<Particle> particles;
  std::vector<double> log_weights, probabilities;
  std::size_t chosen = 0;
  std::vector<std::pair<std::string, double>>
      votes;  // each key's share of the weight, the largest first; of `vote` alone
};

template <SequenceProposal P, class S>
class EntropicParticleFilter {
 public:
  using Particle = typename P::Particle;

  struct State {
    FilterCourse course;
    std::vector<Particle> particles;
    std::vector<std::uint8_t> ready;             // has taken its next step already (lam.reuse)
    std::vector<double> ready_scores;            // of those
    std::vector<std::vector<Particle>> history;  // generations of this sweep, where they are kept
    std::vector<std::vector<Particle>> references;
    std::vector<Particle> ended;  // particles of all sweeps that are done
    std::vector<double> ended_log_weights;
    std::vector<FilterMeans> means;           // of each step
    std::vector<std::vector<Particle>> kept;  // pg: the first reference of every sweep
  };

  // `proposal` and `score` must outlive this. Throws InvalidInput for options that do not go together.
  EntropicParticleFilter(const P& proposal, const S& score, ParticleFilterOptions options = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.course.sweep >= selection_.sweeps(); }
  // ess, tempered_ess, entropy, temperature, founders, parents, finished, mean_log_weight, max_log_weight, log_evidence, calls,
  // failures, dropped: of the last step.
  void measure(const State& state, Row& row) const;
  // Steps that `drive` needs at most.
  std::int64_t steps() const { return selection_.sweeps() * selection_.steps_of_a_sweep(); }
  const ParticleSelection& selection() const { return selection_; }

  // The particles that there are, their weights, and the one that `select` chooses.
  FilterResult<Particle> result(const State& state, Seed seed) const;
  // The prefixes of particle i of the last generation, one for each step. Throws InvalidInput where they are not kept.
  std::vector<Particle> path(const State& state, std::size_t i) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const;

 private:
  void begin_sweep(State& state) const;
  void end_sweep(State& state, const Moment& now) const;
  void extend(std::vector<Particle>& particles, std::vector<Call>& calls, const Stream& random) const;
  void score(const std::vector<Particle>& particles, std::vector<Call>& calls,
             std::vector<double>& scores) const;
  void follow_references(State& state, std::vector<Call>& calls) const;
  void take_means(State& state) const;
  void take_errors(const State& state, FilterMeans& moments) const;
  void select(State& state, const Moment& now) const;
  std::vector<std::int64_t> kept_ancestors(const State& state, const Moment& now) const;
  void reuse_draws(State& state, const std::vector<std::int64_t>& ancestors,
                   const std::vector<Particle>& ahead, const std::vector<double>& scores,
                   const std::vector<Call>& calls) const;
  void choose_by_vote(FilterResult<Particle>& result) const;

  const P& proposal_;
  const S& score_;
  ParticleSelection selection_;
};

}  // namespace lehr::sample

#include "lehr/sample/entropic_particle_filter-inl.hpp"
