// Small tasks with known results, and folders of their own, for the tests of studies.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/task.hpp"
#include "lehr/study/study.hpp"

namespace lehr::study::fake {

// loss = (x - 0.3)^2 + noise * z with z the seed's normal number, the same for every x: arms are paired by
// their seeds.
struct BowlOptions {
  double x = 0.5, noise = 0;
  std::int64_t fail_seed = -1;
  void describe(OptionTable& table) {
    table.add("x", x, "where the bowl is looked at").range(-10, 10);
    table.add("noise", noise, "standard deviation of the noise").at_least(0);
    table.add("fail_seed", fail_seed, "the seed that fails");
  }
};

inline double bowl_noise(std::uint64_t seed) {
  Stream stream(Seed{seed}, lane("bowl"));
  return normal(stream);
}

inline Report bowl(const BowlOptions& options, TaskContext& context) {
  if (options.fail_seed == static_cast<std::int64_t>(context.seed.value))
    throw NumericalFailure("loss is not finite at step {}", 3);
  Report report;
  report.title = "Bowl";
  report.metric("loss",
                (options.x - 0.3) * (options.x - 0.3) + options.noise * bowl_noise(context.seed.value));
  report.metric("x", options.x);
  report.notes.push_back("the bowl is round");
  report.artifacts.push_back(
      {"schedule", "txt", fmt::format("geometric(from={}, to=0.1)\n", options.x + 1), ""});
  report.artifacts.push_back({"numbers", "csv", fmt::format("seed\n{}\n", context.seed.value), ""});
  Figure figure;
  figure.name = "curve";
  figure.title = "Curve";
  Series series;
  series.label = "loss";
  for (int i = 0; i < 5; ++i)
    series.x.push_back(i), series.y.push_back(i * options.x + static_cast<double>(context.seed.value));
  figure.series.push_back(series);
  report.figures.push_back(figure);
  return report;
}

// Takes what other arms made: a text, a file, a number.
struct ReaderOptions {
  std::string text, file;
  double number = 0;
  void describe(OptionTable& table) {
    table.add("text", text, "a text").required();
    table.add("file", file, "a file");
    table.add("number", number, "a number");
  }
};

inline Report reader(const ReaderOptions& options, TaskContext& context) {
  Report report;
  report.metric("length", static_cast<double>(options.text.size()));
  report.metric("number", options.number);
  if (!options.file.empty()) {
    std::ifstream in(context.resolve(options.file));
    std::string head;
    double value = -1;
    in >> head >> value;
    report.metric("file_seed", value);
  }
  report.notes.push_back(options.text);
  return report;
}

// A random walk under drive, slow and with checkpoints: what a long computation looks like.
struct WalkOptions {
  std::int64_t steps = 20;
  std::int64_t pause_us = 0;
  double drift = 0;
  void describe(OptionTable& table) {
    table.add("steps", steps, "steps").at_least(1);
    table.add("pause_us", pause_us, "microseconds per step").at_least(0);
    table.add("drift", drift, "drift");
  }
};

struct Walk {
  WalkOptions options;
  struct State {
    double position = 0, sum = 0;
  };
  State start(const Moment&) const { return {}; }
  void advance(State& state, const Moment& now) const {
    Stream random = now.random(lane("walk"));
    state.position += normal(random) + options.drift;
    state.sum += state.position * 0.1;
    if (options.pause_us > 0) usleep(static_cast<useconds_t>(options.pause_us));
  }
  void measure(const State& state, Row& row) const { row.add("position", state.position); }
  void fields(auto& visitor, auto& state) const {
    visitor("position", state.position);
    visitor("sum", state.sum);
  }
};

inline Report walk(const WalkOptions& options, TaskContext& context) {
  Observers observers = context.observers;
  observers.checkpoints.path = context.directory / "walk.safetensors";
  observers.checkpoints.every_steps = 3;
  const Walk method{options};
  const auto run = drive(method, Budget::steps(options.steps), context.seed, observers);
  Report report;
  report.metric("position", run.state.position);
  report.metric("sum", run.state.sum);
  report.metric("steps", static_cast<double>(run.used.steps));
  report.artifacts.push_back({"end", "txt", fmt::format("{}", run.state.position), ""});
  return report;
}

inline Tasks tasks() {
  return {make_task<BowlOptions>("fake.bowl", "bowl", "A bowl", "", {}, bowl),
          make_task<ReaderOptions>("fake.reader", "", "A reader", "", {}, reader),
          make_task<WalkOptions>("fake.walk", "", "A walk", "", {}, walk)};
}

// A folder of its own, removed at the end.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / fmt::format("lehr-study-{}-{}", getpid(), name)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace lehr::study::fake
