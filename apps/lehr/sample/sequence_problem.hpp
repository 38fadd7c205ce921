// The sequences that `lehr sample epf` searches: the user's worker, or one of the built-in environments.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/task.hpp"
#include "lehr/core/worker.hpp"
#include "lehr/sample/particle_filter_options.hpp"
#include "lehr/sample/particle_selection.hpp"
#include "lehr/sample/random_tree.hpp"

namespace lehr::command {

struct CountdownOptions {
  std::vector<std::int64_t> numbers;
  std::optional<std::int64_t> target;
  std::int64_t count = 6;
  double scale = 10;
  void describe(OptionTable& table);
};

struct HmmOptions {
  std::int64_t states = 4, symbols = 5, length = 20;
  void describe(OptionTable& table);
};

struct SequenceProblemOptions {
  std::string worker, scorer;
  WorkerOptions calls;  // its command is `worker` or `scorer`
  std::vector<std::string> input;
  std::string environment = "none";
  double success = 3.5;
  sample::RandomTreeOptions tree;
  CountdownOptions countdown;
  HmmOptions hmm;
  void describe(OptionTable& table);
};

// A sequence that a filter ended with, and how many particles hold it.
struct FoundSequence {
  Json steps;
  std::string key;
  double log_weight = 0, share = 0;  // of a particle; of all weight together
  std::int64_t particles = 0;
};

struct SequenceOutcome {
  sample::FilterCourse course;
  Stop why = Stop::finished;
  double quality = 0;
  double success = std::numeric_limits<double>::quiet_NaN();  // 0 or 1 where the problem says what success is
  double exact_log_evidence = std::numeric_limits<double>::quiet_NaN();  // where the problem knows it
  std::vector<FoundSequence> sequences;  // different ones, the chosen one first
  std::vector<std::pair<std::string, double>> votes;
  std::vector<std::vector<double>> potentials, probabilities;  // ln g and weights of each step's particles
};

// One instance of a problem. `run` may be called from several threads at once where `threads` is true.
struct SequenceProblem {
  std::function<SequenceOutcome(const sample::ParticleFilterOptions&, Seed, const Observers&)> run;
  std::string quality_name;
  bool threads = true;
};

// The problems of a task: an instance per input of the worker, or as many as one asks for.
class SequenceProblems {
 public:
  // Throws InvalidInput where neither worker nor environment is given, or both, or a file cannot be read.
  SequenceProblems(const SequenceProblemOptions& options, const TaskContext& context);

  const std::string& name() const { return name_; }
  bool has_worker() const { return workers_ != nullptr; }
  std::int64_t inputs() const { return static_cast<std::int64_t>(inputs_.size()); }
  // Instance k; the same for equal seeds.
  SequenceProblem instance(std::int64_t k, Seed seed) const;
  // The options with what the environment decides: weights and the number of steps.
  sample::ParticleFilterOptions adapted(sample::ParticleFilterOptions filter) const;
  // Items asked and failed, and the last failure in words; of workers alone.
  struct Calls {
    WorkerCounts steps, scores;
    std::string last_failure;
    std::int64_t items() const { return steps.items + scores.items; }
    std::int64_t failures() const { return steps.failures + scores.failures; }
  };
  Calls calls() const;

 private:
  struct Workers;
  SequenceProblemOptions options_;
  std::string name_;
  std::vector<std::string> inputs_;
  std::shared_ptr<Workers> workers_;
};

}  // namespace lehr::command
