// What a solver asks: the noise in a noisy state, of a batch of points at one level or at a level each.
//
//   noise eps(x, t) = E[xi | x_t = x],  score = -eps / s,  clean x0 = (x - s eps) / a,  velocity = a eps - s x0
//
// A model says what it predicts; noise_at converts. Batches are n x d arrays (Lanes): a coordinate of all points is contiguous, so
// that points stand side by side in vector registers.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/process.hpp"

namespace lehr::diffusion {

using Lanes = Eigen::ArrayXXd;  // n x d

enum class Prediction { noise, clean, score, velocity };
Prediction prediction_named(std::string_view name);  // throws InvalidInput

// Fills `out` (n x d, its size is right already) from x. Called from several threads at once.
using Evaluate = std::function<void(const Lanes& x, Lanes& out)>;
// The same, and log p_t(x) of each point.
using EvaluateDensity = std::function<void(const Lanes& x, Lanes& out, Eigen::ArrayXd& log_density)>;

struct Subspace;

struct ScoreModel {
  Eigen::Index dimension = 0;
  Prediction predicts = Prediction::noise;
  // The model made ready for one time: what does not depend on the points is computed once for all batches.
  std::function<Evaluate(double t)> at;
  std::function<EvaluateDensity(double t)> density_at = {};  // empty where there is no exact density
  std::int64_t cost = 1;                 // network calls of one evaluation (2 under classifier-free guidance)
  Eigen::Index rows = 64;                // points a batch, a multiple of 8
  bool parallel = true;                  // batches may run side by side
  Eigen::Index together = 16;            // batches that one thread takes in a row: 1 where an evaluation is dear
  std::vector<std::string> blocks = {};  // that can be skipped
  // The model with some blocks left out; empty where there are none.
  std::function<ScoreModel(const std::vector<int>& skipped)> without = {};
  // Where fewer coordinates than the dimension are enough (subspace.hpp); else null.
  std::shared_ptr<const Subspace> subspace = {};
};

// A model could not answer: a worker that hangs, ends or answers with something else. `row` of the batch is at fault, or -1.
struct ModelFailure : NumericalFailure {
  ModelFailure(const std::string& why, Eigen::Index at) : NumericalFailure(why), row(at) {}
  Eigen::Index row;
};
// The same as "WHERE: column C: why", for whoever knows where the batch stands; `first` is the number of its first point.
[[noreturn]] void refuse_model(const ModelFailure& failure, const std::string& where, std::int64_t first);

// The noise form of a model at one time, whatever it predicts.
Evaluate noise_at(const ScoreModel& model, const Process& process, double t);

// A point's own time: rows with equal times are evaluated together. `out` is the noise (n x d).
void noise_of_rows(const ScoreModel& model, const Process& process, const Lanes& x,
                   std::span<const double> times, Lanes& out);

// sum_i weights[i] noise_i: guidance is {w, 1 - w} of a conditional and an unconditional model. All of one dimension.
ScoreModel weighted_sum(std::vector<ScoreModel> models, std::vector<double> weights, const Process& process);

}  // namespace lehr::diffusion
