#include "lehr/diffusion/worker_score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;

constexpr const char* answer_keys[] = {"noise", "data", "score", "velocity"};

bool is_entry(const Json& value) { return value.is_number() || value.is_null() || value == "nan"; }
double entry_from(const Json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

bool is_row(const Json& row, Index size) {
  return row.is_array() && static_cast<Index>(row.size()) == size && std::ranges::all_of(row, is_entry);
}

const char* key_of(const Json& answer) {
  for (const char* key : answer_keys)
    if (answer.contains(key)) return key;
  return nullptr;
}

// Why the answer for n points will not do, or "".
std::string block_problem(const Json& answer, Index n, Index d, bool log_density) {
  const char* const key = key_of(answer);
  if (key == nullptr)
    return "the answer has none of the keys \"noise\", \"data\", \"score\" and \"velocity\"";
  const Json& rows = answer[key];
  if (!rows.is_array() || static_cast<Index>(rows.size()) != n)
    return fmt::format("\"{}\" is no list of {} points", key, n);
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (!is_row(rows[i], d)) return fmt::format("\"{}\" has a point that is no list of {} numbers", key, d);
  if (log_density && !(answer.contains("log_density") && is_row(answer["log_density"], n)))
    return fmt::format("the answer has no \"log_density\" of {} numbers", n);
  return "";
}

Json block_question(double t, double a, double s, const Lanes& x, Index first, Index count,
                    bool log_density) {
  Json rows = Json::array();
  for (Index i = first; i < first + count; ++i) {
    Json row = Json::array();
    for (Index j = 0; j < x.cols(); ++j) row.push_back(x(i, j));
    rows.push_back(std::move(row));
  }
  Json question{{"t", t}, {"a", a}, {"s", s}};
  if (log_density) question["log_density"] = true;
  question["x"] = std::move(rows);
  return question;
}

// What was predicted for rows [first, first + count), as noise.
void read_block(const Json& answer, double a, double s, const Lanes& x, Index first, Index count, Lanes& out,
                ArrayXd* log_density) {
  const char* const key = key_of(answer);
  const Json& rows = answer[key];
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < x.cols(); ++j)
      out(first + i, j) = entry_from(rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
  auto block = out.middleRows(first, count);
  const auto points = x.middleRows(first, count);
  switch (prediction_named(key)) {
    case Prediction::noise:
      break;
    case Prediction::score:
      block *= -s;
      break;
    case Prediction::clean:
      block = (points - a * block) / s;
      break;
    case Prediction::velocity:
      block = (a * block + s * points) / (a * a + s * s);
      break;
  }
  if (log_density == nullptr) return;
  for (Index i = 0; i < count; ++i)
    (*log_density)[first + i] = entry_from(answer["log_density"][static_cast<std::size_t>(i)]);
}

std::string described_problem(const Json& answer) {
  const auto dimension = answer.find("dimension");
  if (dimension == answer.end() || !dimension->is_number_integer() || dimension->get<double>() < 1 ||
      dimension->get<double>() > 1e6)
    return "the answer has no whole number \"dimension\" of at least 1";
  if (answer.contains("process") && !answer["process"].is_string()) return "\"process\" is no text";
  if (answer.contains("log_density") && !answer["log_density"].is_boolean())
    return "\"log_density\" is neither true nor false";
  return "";
}

WorkerOptions line_options(const ScoreWorkerOptions& options) {
  return {.command = options.command,
          .processes = options.processes,
          .batch = 1,
          .timeout = options.timeout,
          .retries = options.retries};
}

}  // namespace

void ScoreWorkerOptions::describe(OptionTable& table) {
  table.add("command", command, "what the shell runs: a program that answers JSON lines with scores");
  table.add("dimension", dimension, "of the points; 0: the program says it").range(0, 1e6);
  table.add("processes", processes, "copies of the program that run side by side").range(1, 1024);
  table.add("batch", batch, "points in one line").range(1, 1e6);
  table.add("timeout", timeout, "silence after which a line has failed").unit("s").above(0);
  table.add("retries", retries, "how often a line is asked again after it failed").range(0, 1000);
}

ScoreWorker::ScoreWorker(ScoreWorkerOptions options, const std::filesystem::path& base)
    : options_(std::move(options)), worker_(line_options(options_), base) {
  if (options_.dimension == 0) ask_description();
}

void ScoreWorker::ask_description() {
  const auto answers = worker_.ask("describe", {Json::object()}, described_problem);
  if (!answers.front().ok())
    throw InvalidInput(
        "worker: {} does not say its dimension: {}; answer {{\"op\":\"describe\"}} with "
        "{{\"dimension\":...}}, or give --worker.dimension",
        quote(options_.command, 60), answers.front().failure);
  const Json& answer = answers.front().value;
  options_.dimension = answer["dimension"].get<std::int64_t>();
  process_ = answer.value("process", "");
  log_density_ = answer.value("log_density", false);
}

WorkerCounts ScoreWorker::counts() const {
  const std::scoped_lock lock(mutex_);
  return worker_.counts();
}

std::string ScoreWorker::last_failure() const {
  const std::scoped_lock lock(mutex_);
  return worker_.last_failure();
}

void ScoreWorker::evaluate(double t, double a, double s, const Lanes& x, Lanes& out, ArrayXd* log_density) {
  const std::scoped_lock lock(mutex_);
  const Index n = x.rows(), d = x.cols(), size = options_.batch;
  const bool density = log_density != nullptr;
  // The questions of one call have equally many points, so that one check fits all answers.
  const auto ask = [&](Index first, Index blocks, Index count) {
    std::vector<Json> questions;
    for (Index b = 0; b < blocks; ++b)
      questions.push_back(block_question(t, a, s, x, first + b * count, count, density));
    return worker_.ask("score", questions,
                       [&](const Json& answer) { return block_problem(answer, count, d, density); });
  };
  const auto take = [&](Index first, Index blocks, Index count) {
    const std::int64_t timeouts = worker_.counts().timeouts;
    const auto answers = ask(first, blocks, count);
    for (Index b = 0; b < blocks; ++b) {
      const WorkerAnswer& answer = answers[static_cast<std::size_t>(b)];
      const Index from = first + b * count;
      if (answer.ok()) {
        read_block(answer.value, a, s, x, from, count, out, log_density);
        // At once: the next question would hold what is not finite.
        for (Index i = from; i < from + count; ++i)
          if (!out.row(i).isFinite().all() || (density && !std::isfinite((*log_density)[i])))
            throw ModelFailure("the model's noise is not finite", i);
        continue;
      }
      // Which point it was: each alone, unless silence would have to be waited for again.
      for (Index i = from; count > 1 && i < from + count && worker_.counts().timeouts == timeouts; ++i)
        if (const auto alone = ask(i, 1, 1); !alone.front().ok())
          throw ModelFailure("the worker has no answer: " + alone.front().failure, i);
      throw ModelFailure("the worker has no answer: " + answer.failure, count == 1 ? from : -1);
    }
  };
  const Index whole = n / size, rest = n % size;
  if (whole > 0) take(0, whole, size);
  if (rest > 0) take(whole * size, 1, rest);
}

ScoreModel worker_score(std::shared_ptr<ScoreWorker> worker, const Process& process) {
  ScoreModel model;
  model.dimension = worker->dimension();
  const auto& options = worker->options();
  model.rows = (options.batch * options.processes + 7) / 8 * 8;
  model.parallel = false;  // the worker's processes are what runs side by side
  model.at = [worker, process](double t) -> Evaluate {
    return [worker, t, a = process.a(t), s = process.s(t)](const Lanes& x, Lanes& out) {
      worker->evaluate(t, a, s, x, out, nullptr);
    };
  };
  if (worker->has_log_density())
    model.density_at = [worker, process](double t) -> EvaluateDensity {
      return [worker, t, a = process.a(t), s = process.s(t)](const Lanes& x, Lanes& out, ArrayXd& values) {
        values.resize(x.rows());
        worker->evaluate(t, a, s, x, out, &values);
      };
    };
  return model;
}

}  // namespace lehr::diffusion
