#include "apps/lehr/sample/sequence_problem.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/sample/countdown.hpp"
#include "lehr/sample/discrete_hmm.hpp"
#include "lehr/sample/entropic_particle_filter.hpp"
#include "lehr/sample/state_space_filter.hpp"
#include "lehr/sample/worker_sequences.hpp"

namespace lehr::command {

using namespace sample;

namespace {

constexpr std::uint64_t longest_input = 16 << 20;
constexpr std::int64_t longest_worker_sequence = 10'000;  // each step sends its whole prefix

// A filter that keeps the weights of every step.
template <class Filter>
struct RecordedFilter {
  const Filter& filter;
  SequenceOutcome& outcome;
  using State = typename Filter::State;

  State start(const Moment& now) const { return filter.start(now); }
  void advance(State& state, const Moment& now) const {
    const auto before = state.course.trace.size();
    filter.advance(state, now);
    if (state.course.trace.size() == before || state.course.step == 0) return;
    outcome.potentials.push_back(state.course.potentials);
    outcome.probabilities.push_back(state.course.probabilities);
  }
  bool finished(const State& state) const { return filter.finished(state); }
  void measure(const State& state, Row& row) const { filter.measure(state, row); }
  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    filter.fields(visit, state);
  }
};

// The steps of a sequence as JSON.
Json steps_of(const RandomTree& tree, const RandomTree::Particle& particle) {
  Json steps = Json::array();
  const auto children = static_cast<std::uint64_t>(tree.options().children);
  for (std::uint64_t node = particle.node; node > 0; node = (node - 1) / children)
    steps.push_back((node - 1) % children);
  std::ranges::reverse(steps);
  return steps;
}
Json steps_of(const Countdown& puzzle, const Countdown::Particle& particle) { return puzzle.text(particle); }
Json steps_of(const WorkerSequences& words, const WorkerSequences::Particle& particle) {
  return words.prefix(particle);
}

// Different sequences, the chosen one first, the others by their share of the weight.
template <class Model, class Particle>
std::vector<FoundSequence> found_sequences(const Model& model, const FilterResult<Particle>& result) {
  std::vector<FoundSequence> found;
  std::map<std::string, std::size_t> places;
  std::string chosen;
  for (std::size_t i = 0; i < result.particles.size(); ++i) {
    Json steps = steps_of(model, result.particles[i]);
    const std::string text = steps.dump();
    if (i == result.chosen) chosen = text;
    const auto [place, first] = places.emplace(text, found.size());
    if (first)
      found.push_back({std::move(steps), model.key(result.particles[i]), result.log_weights[i], 0, 0});
    FoundSequence& sequence = found[place->second];
    sequence.log_weight = std::max(sequence.log_weight, result.log_weights[i]);
    sequence.share += result.probabilities[i];
    ++sequence.particles;
  }
  std::swap(found.front(), found[places[chosen]]);
  std::stable_sort(found.begin() + 1, found.end(),
                   [](const auto& a, const auto& b) { return a.share > b.share; });
  return found;
}

// Runs a filter and tells what it chose by judge(particle, outcome).
template <class Model, class Judge>
SequenceOutcome search_sequences(const Model& model, const ParticleFilterOptions& options, Seed seed,
                                 const Observers& observers, Judge judge) {
  const EntropicParticleFilter filter(model, model, options);
  using Filter = std::remove_const_t<decltype(filter)>;
  SequenceOutcome outcome;
  auto run = drive(RecordedFilter<Filter>{filter, outcome}, Budget::steps(filter.steps()), seed, observers);
  const auto result = filter.result(run.state, seed);
  judge(result.particles[result.chosen], result.log_weights[result.chosen], outcome);
  outcome.sequences = found_sequences(model, result);
  outcome.votes = result.votes;
  outcome.why = run.why;
  outcome.course = std::move(run.state.course);
  return outcome;
}

SequenceProblem tree_problem(const SequenceProblemOptions& options, std::int64_t k, Seed seed) {
  Stream random(seed, lane("sample.epf.tree"), static_cast<std::uint64_t>(k));
  const auto tree = std::make_shared<RandomTree>(options.tree, random());
  const double threshold = options.success;
  return {.run =
              [tree, threshold](const ParticleFilterOptions& filter, Seed own, const Observers& observers) {
                return search_sequences(*tree, filter, own, observers,
                                        [&](const auto& particle, double, SequenceOutcome& outcome) {
                                          outcome.quality = tree->quality(particle);
                                          outcome.success = outcome.quality > threshold ? 1 : 0;
                                        });
              },
          .quality_name = "quality"};
}

SequenceProblem countdown_problem(const SequenceProblemOptions& options, std::int64_t k, Seed seed) {
  Stream random(seed, lane("sample.epf.countdown"), static_cast<std::uint64_t>(k));
  const CountdownOptions& given = options.countdown;
  const auto puzzle = std::make_shared<Countdown>(
      given.numbers.empty() ? Countdown::random(given.count, given.scale, random)
                            : Countdown(std::vector<std::int32_t>(given.numbers.begin(), given.numbers.end()),
                                        static_cast<std::int32_t>(given.target.value_or(0)), given.scale));
  return {.run =
              [puzzle](const ParticleFilterOptions& filter, Seed own, const Observers& observers) {
                return search_sequences(*puzzle, filter, own, observers,
                                        [&](const auto& particle, double, SequenceOutcome& outcome) {
                                          outcome.quality = puzzle->score(particle);
                                          outcome.success = puzzle->distance(particle) == 0 ? 1 : 0;
                                        });
              },
          .quality_name = "closeness"};
}

SequenceProblem hmm_problem(const SequenceProblemOptions& options, std::int64_t k, Seed seed) {
  Stream random(seed, lane("sample.epf.hmm"), static_cast<std::uint64_t>(k));
  const DiscreteHmm model = DiscreteHmm::random(options.hmm.states, options.hmm.symbols, random);
  const std::vector<double> observations = model.simulate(options.hmm.length, random);
  const auto series = std::make_shared<HmmSeries>(model, observations);
  const double exact = forward_backward(model, observations).log_likelihood;
  return {.run =
              [series, exact](const ParticleFilterOptions& options, Seed own, const Observers& observers) {
                const StateSpaceFilter<HmmSeries> space(*series);
                const EntropicParticleFilter filter(space, space, options);
                using Filter = std::remove_const_t<decltype(filter)>;
                SequenceOutcome outcome;
                auto run = drive(RecordedFilter<Filter>{filter, outcome}, Budget::steps(filter.steps()), own,
                                 observers);
                outcome.course = std::move(run.state.course);
                outcome.why = run.why;
                outcome.exact_log_evidence = exact;
                outcome.quality = -std::abs(outcome.course.trace.back().log_evidence - exact);
                return outcome;
              },
          .quality_name = "minus the error of the log-likelihood"};
}

}  // namespace

struct SequenceProblems::Workers {
  Worker steps;
  std::unique_ptr<Worker> scores;  // null: the same
};

void CountdownOptions::describe(OptionTable& table) {
  table
      .add("numbers", numbers,
           "numbers of one puzzle of your own; default: random puzzles that can be solved")
      .range(1, 1000);
  table.add("target", target, "its target").range(1, 1e6);
  table.add("count", count, "how many numbers a random puzzle has").range(2, 6);
  table.add("scale", scale, "distance from the target at which the score is 1/e").above(0);
}

void HmmOptions::describe(OptionTable& table) {
  table.add("states", states, "hidden states").range(1, 1000);
  table.add("symbols", symbols, "different observations").range(1, 1000);
  table.add("length", length, "observations").range(1, 1e5);
}

void SequenceProblemOptions::describe(OptionTable& table) {
  table.add("worker", worker,
            "your program, which answers {\"op\":\"step\"} and {\"op\":\"score\"} with JSON lines "
            "(docs/sample.md)");
  table.add("scorer", scorer, "another program for the scores; default: the worker");
  table.add("input", input, "files whose text goes to the worker as \"input\", an instance each");
  table.add("processes", calls.processes, "copies of the worker that run side by side").range(1, 1024);
  table.add("batch", calls.batch, "calls in one line to the worker; 1: a line per call, without \"items\"")
      .range(1, 1e6);
  table.add("timeout", calls.timeout, "silence after which a line has failed").unit("s").above(0);
  table.add("retries", calls.retries, "how often a call is made again after it failed").range(0, 1000);
  table
      .add("environment", environment,
           "in place of a worker: tree: a random tree with an over-confident score; countdown: arithmetic "
           "puzzles; hmm: a hidden "
           "Markov model, whose likelihood is estimated")
      .choices({"none", "tree", "countdown", "hmm"});
  table.add("success", success, "tree: quality above which a sequence is a success");
  table.group("tree", tree);
  table.group("countdown", countdown);
  table.group("hmm", hmm);
}

SequenceProblems::SequenceProblems(const SequenceProblemOptions& options, const TaskContext& context)
    : options_(options) {
  const bool environment = options.environment != "none";
  if (environment == !options.worker.empty())
    throw InvalidInput("sample.epf: give worker or environment, one of them");
  if (environment && (!options.input.empty() || !options.scorer.empty()))
    throw InvalidInput("sample.epf: input and scorer are for a worker, not for environment {}",
                       options.environment);
  if (options.countdown.numbers.empty() == options.countdown.target.has_value())
    throw InvalidInput("sample.epf: countdown.numbers and countdown.target go together");
  name_ = environment ? options.environment : options.worker;
  if (environment) return;
  for (const std::string& file : options.input)
    inputs_.push_back(read_file(context.resolve(file), longest_input));
  WorkerOptions calls = options.calls;
  calls.command = options.worker;
  workers_ = std::make_shared<Workers>(Workers{Worker(calls, context.base), nullptr});
  if (options.scorer.empty()) return;
  calls.command = options.scorer;
  workers_->scores = std::make_unique<Worker>(calls, context.base);
}

SequenceProblem SequenceProblems::instance(std::int64_t k, Seed seed) const {
  if (options_.environment == "tree") return tree_problem(options_, k, seed);
  if (options_.environment == "countdown") return countdown_problem(options_, k, seed);
  if (options_.environment == "hmm") return hmm_problem(options_, k, seed);
  const auto workers = workers_;
  std::optional<std::string> input;
  if (!inputs_.empty()) input = inputs_[static_cast<std::size_t>(k) % inputs_.size()];
  return {.run =
              [workers, input](const ParticleFilterOptions& filter, Seed own, const Observers& observers) {
                const WorkerSequences words(
                    workers->steps, workers->scores != nullptr ? *workers->scores : workers->steps, input);
                return search_sequences(words, filter, own, observers,
                                        [&](const auto&, double log_weight, SequenceOutcome& outcome) {
                                          outcome.quality = filter.weight == "logit"
                                                                ? 1 / (1 + std::exp(-log_weight))
                                                            : filter.weight == "log" ? std::exp(log_weight)
                                                                                     : log_weight;
                                        });
              },
          .quality_name = "score",
          .threads = false};
}

ParticleFilterOptions SequenceProblems::adapted(ParticleFilterOptions filter) const {
  if (has_worker()) {
    if (filter.max_steps > longest_worker_sequence)
      throw InvalidInput("max_steps: at most {} with a worker, found {}", longest_worker_sequence,
                         filter.max_steps);
    return filter;
  }
  if (filter.weight != "logit" || filter.accumulate)
    throw InvalidInput("weight and accumulate: environment {} has weights of its own", options_.environment);
  if (options_.environment == "tree") {
    filter.weight = "raw", filter.max_steps = options_.tree.length;
  } else if (options_.environment == "countdown") {
    const auto given = static_cast<std::int64_t>(options_.countdown.numbers.size());
    filter.max_steps = std::max<std::int64_t>(1, (given > 0 ? given : options_.countdown.count) - 1);
  } else {
    filter.weight = "raw", filter.accumulate = true, filter.max_steps = options_.hmm.length;
    if (filter.method == "beam" || filter.method == "pg")
      throw InvalidInput("method {}: it does not estimate the likelihood, which environment hmm is about",
                         filter.method);
  }
  return filter;
}

SequenceProblems::Calls SequenceProblems::calls() const {
  Calls calls;
  if (workers_ == nullptr) return calls;
  calls.steps = workers_->steps.counts();
  calls.last_failure = workers_->steps.last_failure();
  if (workers_->scores == nullptr) return calls;
  calls.scores = workers_->scores->counts();
  if (!workers_->scores->last_failure().empty()) calls.last_failure = workers_->scores->last_failure();
  return calls;
}

}  // namespace lehr::command
