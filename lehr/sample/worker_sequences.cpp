#include "lehr/sample/worker_sequences.hpp"

#include <algorithm>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

std::string check_step(const Json& answer) {
  if (!answer.contains("step")) return "the answer has no \"step\"";
  if (answer.contains("done") && !answer["done"].is_boolean()) return "\"done\" is neither true nor false";
  if (answer.contains("key") && !answer["key"].is_string()) return "\"key\" is no text";
  return "";
}

std::string check_score(const Json& answer) {
  return answer.contains("score") && answer["score"].is_number() ? "" : "the answer has no number \"score\"";
}

}  // namespace

WorkerSequences::WorkerSequences(Worker& steps, Worker& scores, std::optional<std::string> input)
    : steps_(steps), scores_(scores), input_(std::move(input)) {}

Json WorkerSequences::prefix(const Particle& particle) const {
  Json steps = Json::array();
  for (const WorkerPrefix* p = particle.get(); p != nullptr; p = p->before.get()) steps.push_back(p->step);
  std::ranges::reverse(steps);
  return steps;
}

Json WorkerSequences::question(const Particle& particle) const {
  Json item = Json::object();
  if (input_) item["input"] = *input_;
  item["prefix"] = prefix(particle);
  return item;
}

void WorkerSequences::extend_all(std::span<Particle* const> particles, std::span<const std::uint32_t> seeds,
                                 std::span<Call> calls) const {
  std::vector<Json> items;
  for (std::size_t i = 0; i < particles.size(); ++i) {
    items.push_back(question(*particles[i]));
    items.back()["seed"] = seeds[i];
  }
  const std::vector<WorkerAnswer> answers = steps_.ask("step", items, check_step);
  for (std::size_t i = 0; i < particles.size(); ++i) {
    calls[i] = answers[i].ok() ? Call::done : Call::failed;
    if (!answers[i].ok()) continue;
    const Json& answer = answers[i].value;
    Particle& particle = *particles[i];
    particle = std::make_shared<const WorkerPrefix>(
        WorkerPrefix{.step = answer["step"],
                     .done = answer.contains("done") && answer["done"].get<bool>(),
                     .key = answer.value("key", std::string()),
                     .before = particle,
                     .length = particle == nullptr ? 1 : particle->length + 1});
  }
}

void WorkerSequences::score_all(std::span<const Particle* const> particles, std::span<double> scores,
                                std::span<Call> calls) const {
  std::vector<Json> items;
  for (const Particle* particle : particles) items.push_back(question(*particle));
  const std::vector<WorkerAnswer> answers = scores_.ask("score", items, check_score);
  for (std::size_t i = 0; i < particles.size(); ++i) {
    calls[i] = answers[i].ok() ? Call::done : Call::failed;
    scores[i] =
        answers[i].ok() ? answers[i].value["score"].get<double>() : std::numeric_limits<double>::quiet_NaN();
  }
}

std::string WorkerSequences::key(const Particle& particle) const {
  if (particle == nullptr) return "";
  if (!particle->key.empty()) return particle->key;
  return particle->step.is_string() ? particle->step.get<std::string>() : particle->step.dump();
}

std::vector<WorkerSequences::Particle> WorkerSequences::path(const Particle& particle) const {
  std::vector<Particle> path;
  for (Particle p = particle; p != nullptr; p = p->before) path.push_back(p);
  std::ranges::reverse(path);
  return path;
}

std::string WorkerSequences::text_of(const Particle& particle) const {
  Json text = Json::array();
  for (const Particle& p : path(particle)) text.push_back(Json::array({p->step, p->done, p->key}));
  return text.dump();
}

WorkerSequences::Particle WorkerSequences::particle_from(std::string_view text) const {
  Particle particle;
  for (const Json& part : parse_json(text, "checkpoint")) {
    if (!part.is_array() || part.size() != 3 || !part[1].is_boolean() || !part[2].is_string())
      throw InvalidInput("checkpoint: a sequence's step is no [step, done, key]");
    particle = std::make_shared<const WorkerPrefix>(
        WorkerPrefix{.step = part[0],
                     .done = part[1].get<bool>(),
                     .key = part[2].get<std::string>(),
                     .before = particle,
                     .length = particle == nullptr ? 1 : particle->length + 1});
  }
  return particle;
}

}  // namespace lehr::sample
