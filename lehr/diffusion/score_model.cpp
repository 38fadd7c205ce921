#include "lehr/diffusion/score_model.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {

Prediction prediction_named(std::string_view name) {
  if (name == "noise" || name == "eps") return Prediction::noise;
  if (name == "clean" || name == "data" || name == "x0") return Prediction::clean;
  if (name == "score") return Prediction::score;
  if (name == "velocity" || name == "v") return Prediction::velocity;
  const std::vector<std::string> known = {"noise", "data", "score", "velocity"};
  throw InvalidInput("prediction: unknown {}{}", quote(name), hint(name, known));
}

void refuse_model(const ModelFailure& failure, const std::string& where, std::int64_t first) {
  if (failure.row < 0) throw NumericalFailure("{}: {}", where, failure.what());
  throw NumericalFailure("{}: column {}: {}", where, first + failure.row, failure.what());
}

Evaluate noise_at(const ScoreModel& model, const Process& process, double t) {
  Evaluate evaluate = model.at(t);
  if (model.predicts == Prediction::noise) return evaluate;
  const double a = process.a(t), s = process.s(t);
  return [evaluate = std::move(evaluate), predicts = model.predicts, a, s](const Lanes& x, Lanes& out) {
    evaluate(x, out);
    if (predicts == Prediction::score) out *= -s;
    // v = a eps - s x0 and x = a x0 + s eps: eps = (a v + s x) / (a^2 + s^2), where a^2 + s^2 need not be 1.
    else if (predicts == Prediction::velocity)
      out = (a * out + s * x) / (a * a + s * s);
    else
      out = (x - a * out) / s;
  };
}

void noise_of_rows(const ScoreModel& model, const Process& process, const Lanes& x,
                   std::span<const double> times, Lanes& out) {
  std::map<double, std::vector<Eigen::Index>> groups;
  for (Eigen::Index i = 0; i < x.rows(); ++i) groups[times[static_cast<std::size_t>(i)]].push_back(i);
  out.resize(x.rows(), x.cols());
  for (const auto& [t, rows] : groups) {
    const Evaluate evaluate = noise_at(model, process, t);
    const Lanes part = x(rows, Eigen::all);
    Lanes noise(part.rows(), part.cols());
    evaluate(part, noise);
    out(rows, Eigen::all) = noise;
  }
}

ScoreModel weighted_sum(std::vector<ScoreModel> models, std::vector<double> weights, const Process& process) {
  if (models.empty() || models.size() != weights.size())
    throw InvalidInput("guidance: {} models and {} weights", models.size(), weights.size());
  ScoreModel sum;
  sum.dimension = models.front().dimension;
  sum.cost = 0;
  sum.rows = models.front().rows;
  for (const ScoreModel& model : models) {
    if (model.dimension != sum.dimension)
      throw InvalidInput("guidance: models have {} and {} dimensions", sum.dimension, model.dimension);
    sum.cost += model.cost;
    sum.rows = std::max(sum.rows, model.rows);
    sum.parallel = sum.parallel && model.parallel;
    sum.together = std::min(sum.together, model.together);
  }
  sum.at = [models = std::move(models), weights = std::move(weights), process](double t) -> Evaluate {
    std::vector<Evaluate> parts;
    for (const ScoreModel& model : models) parts.push_back(noise_at(model, process, t));
    return [parts = std::move(parts), weights](const Lanes& x, Lanes& out) {
      Lanes part(x.rows(), x.cols());
      out.setZero();
      for (std::size_t i = 0; i < parts.size(); ++i) {
        parts[i](x, part);
        out += weights[i] * part;
      }
    };
  };
  return sum;
}

}  // namespace lehr::diffusion
