// Any process in the coordinates of a variance-exploding one: y = x / a has the noise level sigma = s / a, so
//
//   eps(y, sigma) = eps(a y, t(sigma)),   log p_sigma(y) = log p_t(a y) + d log a,   dy/dsigma = eps on the probability flow
#pragma once

#include "lehr/diffusion/score_model.hpp"

namespace lehr::diffusion {

// The result predicts noise and its times are levels: it belongs to edm(sigma_min, sigma_max).
ScoreModel in_sigma_coordinates(const ScoreModel& model, const Process& process);

// A model of one process as a model of another, by their common sigma: the noise in x at time t of `to` is that in x a_from / a_to at
// the time of `from` with the same s / a. The result predicts noise. Levels outside of what `from` spans throw InvalidInput, when they
// are asked for.
ScoreModel on_process(const ScoreModel& model, const Process& from, const Process& to);

}  // namespace lehr::diffusion
