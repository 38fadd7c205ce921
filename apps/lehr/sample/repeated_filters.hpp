// Many filters under one roof: the instances of a problem one after another, with progress, Ctrl-C and checkpoints like any run.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/lehr/sample/sequence_problem.hpp"
#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"

namespace lehr::command {

// A step of the run is a block of instances.
class RepeatedFilters {
 public:
  // What the figures show of a step: share of effective particles before and after tempering, temperature, share of the heaviest,
  // distinct ancestors at step 1 and one step ago.
  static constexpr std::array<const char*, 6> shown{"ess",     "tempered_ess", "temperature",
                                                    "largest", "founders",     "parents"};

  struct State {
    // Of each instance that was run.
    std::vector<double> quality, success, calls, failures, dropped, log_evidence, exact_log_evidence;
    // Sums over instances of what is shown and its square, step after step; and how many instances had the step.
    std::vector<double> sums, squares, counts;
  };

  // `problems` must outlive this.
  RepeatedFilters(const SequenceProblems& problems, sample::ParticleFilterOptions filter,
                  std::int64_t instances, bool threads);

  State start(const Moment&) const { return {}; }
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const;
  // quality, success (where it is known), calls: means so far
  void measure(const State& state, Row& row) const;
  std::int64_t steps() const { return (instances_ + block() - 1) / block(); }
  const sample::ParticleFilterOptions& filter() const { return filter_; }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("quality", state.quality), visit("success", state.success), visit("calls", state.calls);
    visit("failures", state.failures), visit("dropped", state.dropped);
    visit("log_evidence", state.log_evidence), visit("exact_log_evidence", state.exact_log_evidence);
    visit("sums", state.sums), visit("squares", state.squares), visit("counts", state.counts);
  }

 private:
  std::int64_t block() const { return threads_ ? 64 : 1; }
  void add(State& state, const SequenceOutcome& outcome) const;

  const SequenceProblems& problems_;
  sample::ParticleFilterOptions filter_;
  std::int64_t instances_;
  bool threads_;
};

// The log-odds that scores gave the prefixes of sequences that nobody selected, and what became of each.
struct RolloutScores {
  std::vector<std::vector<double>> log_odds;  // by step, one for each sequence; nan after its end
  std::vector<double> outcomes;               // 0 or 1, or the last score where success is not told apart
  std::vector<std::int64_t> instance;         // of each sequence
};
RolloutScores roll_out(const SequenceProblems& problems, const sample::ParticleFilterOptions& filter,
                       std::int64_t instances, std::int64_t rollouts, Seed seed);

}  // namespace lehr::command
