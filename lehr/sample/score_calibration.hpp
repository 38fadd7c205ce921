// Is a score calibrated? At each step of sequences that nobody selected, the log-odds l that the score gave a prefix against what became
// of the sequence, y in [0, 1] (success, or the last score).
//
//   P(y) = 1 / (1 + e^-(a l + b)), maximum likelihood: a = 1, b = 0 is calibrated, a < 1 over-confident, a = 0 tells nothing
//   reliability: means of the predictions 1 / (1 + e^-l) and of y in bins of equal size
//
// Sequences of one group (an instance) depend on each other: standard errors are by groups (sandwich). Source: Cox, "Two further
// applications of a model for binary regression", 1958; Liang and Zeger, 1986. Cost: O(n) an iteration of Newton, O(n log n) for bins.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lehr::sample {

struct ScoredPrefix {
  double log_odds, outcome;
  std::int64_t group;
};

struct ReliabilityBin {
  double predicted, observed, error;  // means, and the standard error of `observed`
  std::int64_t count;
};

struct ScoreCalibration {
  double slope, slope_error;  // a; nan where the outcomes or the log-odds do not vary
  double intercept;           // b
  double brier;               // mean of (prediction - y)^2
  std::vector<ReliabilityBin> bins;
};

// `prefixes` at one step; those whose log-odds are not finite are left out. Throws InvalidInput where none is left, or an outcome is
// outside [0, 1].
ScoreCalibration calibrate(std::span<const ScoredPrefix> prefixes, std::int64_t bins = 8);

}  // namespace lehr::sample
