// How the particles of a filter are weighed and which of them survive a step: the part of entropic_particle_filter.hpp that does not
// depend on what a particle is.
//
//   w_i = c_i g_i          g_i the particle's potential (odds of its score, or its likelihood), c_i what it carries
//   survivors a ~ q        q_i = p_i (pf), p_tau (epf), or modulated by the scores ahead
//   c_j = w_a / (N q_a)    with correction: sum_j c_j f(x_j) is an unbiased estimate of sum_i w_i f(x_i), so sum_i w_i of Z
//   c_j = sum w / N        without
//   c_j = w_j              where nobody was resampled and weights accumulate; 1 / N where they do not
//
// Modulated weights: ln q = (1 - m) ln w + m agg(ln g ahead); for the auxiliary particle filter ln w + ln mean(g ahead) (Pitt and
// Shephard, "Filtering via simulation: auxiliary particle filters", 1999). Sources: "Mitigating premature exploitation in
// particle-based Monte Carlo for inference-time scaling", 2025; Del Moral, "Feynman-Kac formulae", 2004 (Z).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/sample/genealogy.hpp"
#include "lehr/sample/particle_filter_options.hpp"
#include "lehr/sample/resampling.hpp"

namespace lehr::sample {

// What became of a particle's call to its proposal or score. A call that fails leaves the particle and its weight as they were.
enum class Call : std::uint8_t { done, failed, not_made };

// One step of a filter, as traces show it.
struct FilterStep {
  std::int64_t sweep = 0, step = 0;  // from 1
  double progress = 0;
  std::int64_t particles = 0, finished = 0;
  Tempering tempering;                                // of the weights that decide who survives
  double largest = 1;                                 // share of the heaviest particle
  std::int64_t founders = 0;                          // distinct ancestors at step 1
  std::int64_t parents = 0;                           // distinct ancestors one step ago
  double mean_log_weight = 0, max_log_weight = 0;     // of the particles' own ln g, those above -inf
  double log_evidence = 0;                            // ln of the estimate of Z so far
  std::int64_t calls = 0, failures = 0, dropped = 0;  // so far: calls made, calls failed, scores out of range
};

// The weights of a filter in progress.
struct FilterCourse {
  std::int64_t sweep = 0, step = 0;         // sweeps and steps of this sweep that are done
  std::vector<double> potentials, carried;  // ln g, ln c of the last generation
  std::vector<double> log_weights;          // ln w
  std::vector<double> probabilities;        // w / sum w of the last generation that was weighed
  std::vector<std::uint8_t> finished;       // takes no more steps
  Genealogy genealogy;
  RecentAncestors recent;        // where error_lags > 0
  std::int64_t resamplings = 0;  // in this sweep
  std::int64_t calls = 0, failures = 0, dropped = 0;
  std::vector<FilterStep> trace;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("sweep", sweep), visit("step", step);
    visit("potentials", potentials), visit("carried", carried);
    visit("log_weights", log_weights), visit("probabilities", probabilities);
    visit("finished", finished);
    genealogy.fields(visit, "genealogy");
    recent.fields(visit, "recent");
    visit("resamplings", resamplings);
    visit("calls", calls), visit("failures", failures), visit("dropped", dropped);
    std::vector<double> packed = packed_trace();
    visit("trace", packed);
    unpack_trace(packed);
  }

 private:
  std::vector<double> packed_trace() const;
  void unpack_trace(std::span<const double> packed);
};

class ParticleSelection {
 public:
  // Throws InvalidInput for options that are out of range or do not go together.
  explicit ParticleSelection(ParticleFilterOptions options);

  const ParticleFilterOptions& options() const { return options_; }
  std::int64_t steps_of_a_sweep() const { return options_.max_steps; }
  std::int64_t sweeps() const { return sweeps_; }
  std::int64_t draws_ahead() const { return draws_ahead_; }
  // Particles of the generation that takes step `step` (from 1) of a sweep.
  std::int64_t particles_at(std::int64_t step) const;

  // ln g of a score, nan where it is out of range.
  double log_potential(double score) const;
  // A population of equal weights before its first step.
  void begin(FilterCourse& course) const;
  // Takes the scores of the generation that has just made a step, and adds a row to the trace. Throws NumericalFailure where all
  // weights are 0.
  void weigh(FilterCourse& course, std::span<const double> scores, std::span<const Call> calls) const;
  // ln of the weights that decide who survives, from the scores ahead: draws_ahead() values of ln g for each particle, nan where
  // there is none.
  std::vector<double> modulated(const FilterCourse& course, std::span<const double> ahead) const;
  // The ancestors of the next generation, whose weights then stand in the course; empty where everybody stays as it is. `guide` is
  // what `modulated` gives, or empty: ln w. The first places of the next generation descend from `kept`.
  std::vector<std::int64_t> survivors(FilterCourse& course, std::span<const double> guide,
                                      std::span<const std::int64_t> kept, const Moment& now) const;

  // ln of the weights that compare particles in the end: ln w where weights multiply or were corrected, else ln g.
  const std::vector<double>& final_log_weights(const FilterCourse& course) const;

 private:
  enum class Survival { resample, stay, best };
  enum class Weight { logit, log, raw };
  void check() const;
  // Schedules are evaluated at step / expected steps.
  std::int64_t steps_of_progress() const { return options_.expected_steps.value_or(options_.max_steps); }
  double value_at(const Schedule& schedule, std::int64_t step) const;
  // Who may survive, and with which probability.
  struct Candidates {
    std::vector<std::int64_t> frozen, index;  // kept as they are; drawn from
    std::vector<double> q;                    // of `index`
    double ess = 1;                           // share, before tempering
    bool tempered = false;                    // q is not what the weights say
  };
  Candidates drawn_from(FilterCourse& course, std::span<const double> weights) const;
  std::vector<double> corrected(const FilterCourse& course, std::span<const double> q,
                                std::span<const std::int64_t> ancestors) const;
  void stay(FilterCourse& course) const;
  std::vector<std::int64_t> best(const FilterCourse& course) const;
  void inherit(FilterCourse& course, std::span<const std::int64_t> ancestors,
               std::vector<double> carried) const;

  ParticleFilterOptions options_;
  Survival survival_ = Survival::resample;
  Weight weight_ = Weight::logit;
  Resampling scheme_ = Resampling::systematic;
  bool correct_ = false, auxiliary_ = false;
  std::int64_t draws_ahead_ = 0, sweeps_ = 1;
};

// Adds a step's values to a row: those that change from step to step, and all of them finite.
void add_to(Row& row, const FilterStep& step);

}  // namespace lehr::sample
