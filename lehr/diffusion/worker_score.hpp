// A score model behind the worker protocol (lehr/core/worker.hpp): the user's own program, in any language. A line asks about a block of
// points at one time, x_t = a x_0 + s noise:
//
//   {"id":1,"op":"score","t":0.5,"a":0.28,"s":0.96,"x":[[0.1,-2.0],[1.3,0.4]]}   ->   {"noise":[[...],[...]]}
//
// The key of the answer says what the program predicts: "noise", "data", "score" or "velocity" (score_model.hpp). A number that is not
// finite is written null or "nan", and stops the run at its step and column. Before, unless the dimension is known,
//
//   {"id":0,"op":"describe"}   ->   {"dimension":2,"process":"vp-linear","log_density":true}
//
// where "process" and "log_density" may be left out. A program with log densities is asked with "log_density":true where they matter, and
// adds {"log_density":[-1.2,-3.4]}, log p_t(x).
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "lehr/core/worker.hpp"
#include "lehr/diffusion/score_model.hpp"

namespace lehr::diffusion {

struct ScoreWorkerOptions {
  std::string command;
  std::int64_t dimension = 0;  // 0: the program says it
  std::int64_t processes = 1;
  std::int64_t batch = 1024;  // points in a line
  double timeout = 60;
  std::int64_t retries = 1;

  void describe(OptionTable& table);
};

// The program, and what it says of itself.
class ScoreWorker {
 public:
  // `command` runs in the folder `base`. Throws InvalidInput where it cannot be run or does not say its dimension.
  ScoreWorker(ScoreWorkerOptions options, const std::filesystem::path& base);

  Eigen::Index dimension() const { return options_.dimension; }
  const std::string& process() const { return process_; }  // empty: not said
  bool has_log_density() const { return log_density_; }
  const ScoreWorkerOptions& options() const { return options_; }
  WorkerCounts counts() const;
  std::string last_failure() const;

  // The noise in x (n x d), and log p_t(x) where `log_density` is not null. May be called from several threads. Throws ModelFailure.
  void evaluate(double t, double a, double s, const Lanes& x, Lanes& out, Eigen::ArrayXd* log_density);

 private:
  void ask_description();

  ScoreWorkerOptions options_;
  std::string process_;
  bool log_density_ = false;
  mutable std::mutex mutex_;
  Worker worker_;
};

// The program as a model of `process`; predicts noise.
ScoreModel worker_score(std::shared_ptr<ScoreWorker> worker, const Process& process);

}  // namespace lehr::diffusion
