// A worker: the user's own code behind a task, run as a process that speaks JSON lines. One line is asked on its
// standard input, one line is answered on its standard output:
//
//   {"id":1,"op":"score","prefix":[3,1]}                      ->  {"id":1,"score":0.7}
//   {"id":2,"op":"score","items":[{"prefix":[3]},{...}]}      ->  {"id":2,"items":[{"score":0.7},{...}]}   (batch > 1)
//
// "id" need not be answered; where it is, it must be the question's. {"error":"text"} in place of an answer says
// that this item cannot be done. What the worker writes to standard error is not part of the protocol; its last line
// is quoted in messages. The end of standard input asks the worker to end.
//
// Nothing that a worker does ends the run. A process that is silent for `timeout` seconds, ends, or answers with something
// else than the object expected is replaced by a new one, and the item is asked `retries` more times, alone; then its
// answer is a failure, counted once. Answers stand in the order of the items, whatever number of processes gives them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/core/options.hpp"

namespace lehr {

struct WorkerOptions {
  std::string command;
  std::int64_t processes = 1;
  std::int64_t batch = 1;
  double timeout = 60;
  std::int64_t retries = 1;

  void describe(OptionTable& table);
};

// An answer, or why there is none.
struct WorkerAnswer {
  Json value;           // an object
  std::string failure;  // empty where there is an answer
  bool ok() const { return failure.empty(); }
};

struct WorkerCounts {
  std::int64_t items = 0;                                             // asked
  std::int64_t lines = 0;                                             // sent, retries included
  std::int64_t failures = 0;                                          // items without an answer
  std::int64_t timeouts = 0, ends = 0, violations = 0, refusals = 0;  // why lines failed
};

class Worker {
 public:
  // Says why an answer will not do ("score is not a number"), or "".
  using Check = std::function<std::string(const Json& answer)>;

  // `command` is run by the shell in the folder `base` (empty: the working folder) when it is first needed. Throws
  // InvalidInput for options out of range.
  explicit Worker(WorkerOptions options, std::filesystem::path base = {});
  ~Worker();
  Worker(Worker&&) noexcept;
  Worker& operator=(Worker&&) noexcept;

  // The answer to each item (an object whose keys go beside "op"), in the order of the items. Throws InvalidInput where
  // the shell cannot run the command at all, IoError where the machine gives no process.
  std::vector<WorkerAnswer> ask(std::string_view op, const std::vector<Json>& items, const Check& check = {});

  const WorkerCounts& counts() const;
  // The last failure in words, for reports; empty when there was none.
  const std::string& last_failure() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace lehr
