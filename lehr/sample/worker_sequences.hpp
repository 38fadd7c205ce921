// Sequences whose steps and scores are the user's own code: a worker process that speaks JSON lines (lehr/core/worker.hpp).
//
//   {"op":"step","input":"...","prefix":[...],"seed":n}   ->  {"step":...,"done":bool,"key":"..."}
//   {"op":"score","input":"...","prefix":[...]}           ->  {"score":0.7}
//
// A step is any JSON value. "input" is there where an input was given; "done" and "key" (what a vote counts) may be left out.
// All unfinished particles are asked together. A call that fails (after its retries) leaves the particle as it
// is; a score that is no number counts as failed, one that is out of range is the filter's to judge.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/worker.hpp"
#include "lehr/sample/particle_selection.hpp"

namespace lehr::sample {

// A prefix as the last step of a list that its copies share.
struct WorkerPrefix {
  Json step;
  bool done = false;
  std::string key;
  std::shared_ptr<const WorkerPrefix> before;  // null: the empty sequence
  std::int64_t length = 1;
};

// Proposal and score of entropic_particle_filter.hpp.
class WorkerSequences {
 public:
  using Particle = std::shared_ptr<const WorkerPrefix>;

  // `steps` and `scores` may be the same worker; both must outlive this.
  WorkerSequences(Worker& steps, Worker& scores, std::optional<std::string> input = {});

  Particle start() const { return nullptr; }
  bool finished(const Particle& particle) const { return particle != nullptr && particle->done; }
  void extend_all(std::span<Particle* const> particles, std::span<const std::uint32_t> seeds,
                  std::span<Call> calls) const;
  void score_all(std::span<const Particle* const> particles, std::span<double> scores,
                 std::span<Call> calls) const;
  // The key that the worker gave, else the last step.
  std::string key(const Particle& particle) const;
  std::vector<Particle> path(const Particle& particle) const;
  // The steps as a JSON list.
  Json prefix(const Particle& particle) const;

  std::string text_of(const Particle& particle) const;
  Particle particle_from(std::string_view text) const;

 private:
  Json question(const Particle& particle) const;

  Worker& steps_;
  Worker& scores_;
  std::optional<std::string> input_;
};

}  // namespace lehr::sample
