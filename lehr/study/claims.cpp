#include "lehr/study/claims.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "lehr/core/errors.hpp"
#include "lehr/stats/paired_comparison.hpp"
#include "lehr/study/claim_expression.hpp"

namespace lehr::study {
namespace {

// The metrics that a claim speaks about, by "arm.metric".
using Values = std::map<std::string, const MetricValues*, std::less<>>;

std::pair<std::string, std::string> split_value(const std::string& value) {
  const std::size_t dot = value.find('.');
  return {value.substr(0, dot), value.substr(dot + 1)};
}

// The metric, or why there is none.
const MetricValues* find_value(const Results& results, const std::string& value, std::string& problem) {
  const auto [arm_name, metric] = split_value(value);
  const ArmResults* arm = results.find(arm_name);
  if (arm == nullptr || arm->metrics.empty()) {
    problem = fmt::format("arm '{}' has no results", arm_name);
    return nullptr;
  }
  const auto found = arm->metrics.find(metric);
  if (found != arm->metrics.end()) return &found->second;
  problem =
      fmt::format("arm '{}' has no metric {}{}", arm_name, quote(metric), hint(metric, arm->metric_names));
  return nullptr;
}

double evaluate_at_means(const ClaimSide& side, const Values& values) {
  std::vector<double> numbers;
  for (const std::string& value : side.values) numbers.push_back(values.at(value)->mean());
  return side.evaluate(numbers);
}

bool compares(double left, const std::string& comparison, double right) {
  if (comparison == "<") return left < right;
  if (comparison == "<=") return left <= right;
  if (comparison == ">") return left > right;
  if (comparison == ">=") return left >= right;
  if (comparison == "==") return left == right;
  return left != right;
}

// The seeds that all metrics of both sides have; those of a single seed count for every seed.
std::vector<std::uint64_t> common_seeds(const ClaimExpression& comparison, const Values& values) {
  std::optional<std::vector<std::uint64_t>> common;
  for (const ClaimSide* side : {&comparison.left, &comparison.right})
    for (const std::string& value : side->values) {
      const MetricValues& metric = *values.at(value);
      if (metric.seeds.size() == 1) continue;
      if (!common) common = metric.seeds;
      std::erase_if(*common, [&](std::uint64_t seed) {
        return std::ranges::find(metric.seeds, seed) == metric.seeds.end();
      });
    }
  return common.value_or(std::vector<std::uint64_t>{0});
}

double value_at(const MetricValues& metric, std::uint64_t seed) {
  if (metric.seeds.size() == 1) return metric.values.front();
  return metric
      .values[static_cast<std::size_t>(std::ranges::find(metric.seeds, seed) - metric.seeds.begin())];
}

std::vector<double> evaluate_per_seed(const ClaimSide& side, const Values& values,
                                      const std::vector<std::uint64_t>& seeds) {
  std::vector<double> results;
  for (const std::uint64_t seed : seeds) {
    std::vector<double> numbers;
    for (const std::string& value : side.values) numbers.push_back(value_at(*values.at(value), seed));
    results.push_back(side.evaluate(numbers));
  }
  return results;
}

struct Verdict {
  bool holds = false, clear = false;
};

Verdict evaluate_comparison(const ClaimExpression& expression, const Values& values,
                            std::vector<std::string>& sentences) {
  const ClaimSide &left = expression.left, &right = expression.right;
  Verdict verdict;
  verdict.holds =
      compares(evaluate_at_means(left, values), expression.comparison, evaluate_at_means(right, values));
  if (left.values.empty() && right.values.empty()) return verdict.clear = true, verdict;
  const std::vector<std::uint64_t> seeds = common_seeds(expression, values);
  if (seeds.empty()) {
    sentences.push_back(fmt::format("{} and {} have no seed in common", left.text, right.text));
    return verdict;
  }
  try {
    constexpr std::int64_t few_replicates = 100;  // the statement uses the t interval alone
    const stats::PairedComparison paired =
        stats::compare_paired(evaluate_per_seed(left, values, seeds), evaluate_per_seed(right, values, seeds),
                              {.missing = stats::Missing::drop, .replicates = few_replicates});
    verdict.clear = paired.pairs > 1 && (!paired.varies() || !paired.t_interval.contains(0));
    sentences.push_back(stats::statement(paired, left.text, right.text));
  } catch (const InvalidInput& error) {  // no pair of finite numbers
    sentences.emplace_back(error.what());
  }
  return verdict;
}

Verdict evaluate(const ClaimExpression& expression, const Values& values,
                 std::vector<std::string>& sentences) {
  if (expression.kind == ClaimExpression::Kind::comparison)
    return evaluate_comparison(expression, values, sentences);
  std::vector<Verdict> parts;
  for (const ClaimExpression& part : expression.parts) parts.push_back(evaluate(part, values, sentences));
  if (expression.kind == ClaimExpression::Kind::negation) return {!parts.front().holds, parts.front().clear};
  // One part of this verdict settles the whole; without any, the whole has the opposite verdict.
  const bool settling = expression.kind == ClaimExpression::Kind::any;
  const auto settles = [&](const Verdict& part) { return part.holds == settling; };
  const auto clear = [](const Verdict& part) { return part.clear; };
  if (std::ranges::any_of(parts, settles))
    return {settling,
            std::ranges::any_of(parts, [&](const Verdict& part) { return settles(part) && part.clear; })};
  return {!settling, std::ranges::all_of(parts, clear)};
}

}  // namespace

void check_claim(std::string_view expect, const std::vector<std::string>& arms) {
  for (const std::string& value : values_of(parse_claim(expect))) {
    const std::string arm = split_value(value).first;
    if (std::ranges::find(arms, arm) == arms.end())
      throw InvalidInput("claim {}: no arm {}{}", quote(expect, 100), quote(arm), hint(arm, arms));
  }
}

std::string ClaimResult::measured() const {
  std::string text;
  for (const auto& [name, value] : values)
    text += fmt::format("{}{} = {:.4g}", text.empty() ? "" : ", ", name, value);
  return text;
}

ClaimResult evaluate_claim(const Claim& claim, const Results& results) {
  const ClaimExpression expression = parse_claim(claim.expect);
  ClaimResult result{.text = claim.text, .expect = claim.expect};
  Values values;
  for (const std::string& value : values_of(expression)) {
    std::string problem;
    values[value] = find_value(results, value, problem);
    if (values[value] == nullptr) {
      result.evaluated = false;
      result.statement = problem;
      return result;
    }
    result.values.emplace_back(value, values[value]->mean());
  }
  std::vector<std::string> sentences;
  const Verdict verdict = evaluate(expression, values, sentences);
  result.holds = verdict.holds;
  result.clear = verdict.clear;
  result.statement = fmt::format("{}", fmt::join(sentences, "; "));
  return result;
}

std::vector<ClaimResult> evaluate_claims(const std::vector<Claim>& claims, const Results& results) {
  std::vector<ClaimResult> evaluated;
  for (const Claim& claim : claims) evaluated.push_back(evaluate_claim(claim, results));
  return evaluated;
}

}  // namespace lehr::study
