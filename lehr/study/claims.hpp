// Claims: checkable statements about arms' metrics.
//
//   deis.sw2 <= 0.5 * ddim.sw2          a.loss < b.loss and abs(a.gap) < 0.01
//
// `arm.metric` is the metric's mean over the arm's seeds; numbers, + - * / ^, parentheses, abs, min, max,
// sqrt, exp and ln make sides, < <= > >= == != compare them, and / or / not join comparisons. The verdict is
// by the means. Beside it stands how sure it is: left - right is taken per seed that all arms share (paired;
// an arm of one seed counts for every seed), and the verdict is clear when the 95 % interval of its mean
// excludes 0.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lehr/study/results.hpp"
#include "lehr/study/study.hpp"

namespace lehr::study {

struct ClaimResult {
  std::string text, expect;
  bool holds = false;
  bool clear = false;  // see above; never with a single seed, always where the seeds agree without variation
  // One sentence: the confidence statement, or why the claim could not be evaluated.
  std::string statement = {};
  // "arm.metric" and its mean, in the order of the expression.
  std::vector<std::pair<std::string, double>> values = {};
  bool evaluated = true;         // false: a metric is missing, or a cell failed
  std::string measured() const;  // the values as text: "a.loss = 0.12, b.loss = 0.2"
};

// Throws InvalidInput for an expression that cannot be read, or names an arm that `arms` does not hold.
void check_claim(std::string_view expect, const std::vector<std::string>& arms);

// Evaluates one claim; a missing metric makes it fail with a statement that names the nearest. Throws as
// check_claim.
ClaimResult evaluate_claim(const Claim& claim, const Results& results);
std::vector<ClaimResult> evaluate_claims(const std::vector<Claim>& claims, const Results& results);

}  // namespace lehr::study
