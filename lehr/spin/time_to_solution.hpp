// How long until a method that is restarted again and again has found a wanted state once, with 99 %
// probability:
//
//   TTS(t) = t ln(1 - 0.99) / ln(1 - p(t))
//
// with p(t) the probability that one read of length t finds it. Of R reads, k did: p has the posterior
// Beta(k + 1/2, R - k + 1/2) (Jeffreys), so that k = 0 and k = R still give bounds.
//
// Source: Ronnow et al., "Defining and detecting quantum speedup", Science 345 (2014).
#pragma once

#include <cstdint>

namespace lehr::spin {

// A value with its credible interval.
struct Interval {
  double value, low, high;
};

// Success probability of a read: posterior median, and the interval that holds it with probability `level`.
Interval success_probability(std::int64_t successes, std::int64_t reads, double level = 0.95);

// Reads needed for one success with probability `certainty`, at least 1.
double reads_to_solution(double probability, double certainty = 0.99);

// TTS in units of `length`: infinite bounds where no read succeeded.
Interval time_to_solution(double length, std::int64_t successes, std::int64_t reads, double level = 0.95,
                          double certainty = 0.99);

// A state that no read found is met by a read with less than this probability, at the given level of
// confidence: 1 - (1 - level)^(1 / reads).
double unseen_probability(std::int64_t reads, double level = 0.95);

}  // namespace lehr::spin
