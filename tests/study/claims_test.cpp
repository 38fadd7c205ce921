#include "lehr/study/claims.hpp"

#include <cmath>
#include <limits>

#include "fake_tasks.hpp"
#include "lehr/study/claim_expression.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::study {
namespace {

// a.loss = 1..4, b.loss = a + {1, 1.2, 0.9, 1.1}, b lacks nothing; c has one seed; d misses seed 1.
Results sample() {
  Results results;
  const auto arm = [&](const std::string& name, std::vector<std::pair<std::string, MetricValues>> metrics) {
    ArmResults& added = results.arms.emplace_back(ArmResults{name, {}, {}});
    for (auto& [metric, values] : metrics) {
      added.metric_names.push_back(metric);
      added.metrics[metric] = std::move(values);
    }
  };
  arm("a", {{"loss", {{1, 2, 3, 4}, {1, 2, 3, 4}}}, {"gap.max", {{1, 2, 3, 4}, {-1, -1, -1, -1}}}});
  arm("b", {{"loss", {{1, 2, 3, 4}, {2, 3.2, 3.9, 5.1}}}});
  arm("c", {{"loss", {{1}, {2.5}}}});
  arm("d", {{"loss", {{2, 3, 4}, {0, 10, 20}}}});
  arm("empty", {});
  arm("nan", {{"loss", {{1, 2}, {1, std::numeric_limits<double>::quiet_NaN()}}}});
  return results;
}

ClaimResult evaluate(const std::string& expect) { return evaluate_claim({"text", expect}, sample()); }
std::string refusal_of(const std::string& expect) {
  return test::message_of<InvalidInput>([&] { parse_claim(expect); });
}

TEST(Claims, VerdictsAreByTheMeans) {
  EXPECT_TRUE(evaluate("a.loss < b.loss").holds);
  EXPECT_FALSE(evaluate("a.loss > b.loss").holds);
  EXPECT_TRUE(evaluate("a.loss == 2.5").holds);
  EXPECT_TRUE(evaluate("a.loss <= c.loss").holds);
  EXPECT_FALSE(evaluate("a.loss != c.loss").holds);
  EXPECT_TRUE(evaluate("a.loss <= 0.75 * b.loss").holds);
  EXPECT_FALSE(evaluate("a.loss <= 0.7 * b.loss").holds) << "2.5 against 2.485";
  EXPECT_TRUE(evaluate("abs(a.gap.max) >= 1").holds);
  EXPECT_TRUE(evaluate("max(a.loss, b.loss, 3) - min(1, 2) > 2.5 and sqrt(4) + exp(0) == 3").holds);
  EXPECT_TRUE(evaluate("ln(exp(2)) >= 1.999 && -a.gap.max > 0").holds);
  EXPECT_TRUE(evaluate("2^3 == 8").holds);
}

TEST(Claims, LogicJoinsComparisons) {
  EXPECT_TRUE(evaluate("a.loss > b.loss or c.loss == 2.5").holds);
  EXPECT_FALSE(evaluate("a.loss > b.loss || not (c.loss == 2.5)").holds);
  EXPECT_TRUE(evaluate("not a.loss > b.loss and (1 < 2 or 2 < 1)").holds);
  EXPECT_TRUE(evaluate("1 < 2 or 2 < 1 and 3 < 1").holds) << "'and' binds more tightly";
  EXPECT_FALSE(evaluate("(1 < 2 or 2 < 1) and 3 < 1").holds);
  EXPECT_TRUE(evaluate("((a.loss) + 1) < (b.loss + 1)").holds);
}

TEST(Claims, ClearnessComesFromThePairedInterval) {
  // Differences -1, -1.2, -0.9, -1.1: mean -1.05, standard error 0.0645, t(3) = 3.182: [-1.26, -0.84].
  const ClaimResult clear = evaluate("a.loss < b.loss");
  EXPECT_TRUE(clear.clear);
  EXPECT_NE(clear.statement.find("a.loss is lower than b.loss by 1.05"), std::string::npos)
      << clear.statement;
  EXPECT_NE(clear.statement.find("paired over 4 seeds"), std::string::npos) << clear.statement;
  ASSERT_EQ(clear.values.size(), 2U);
  EXPECT_EQ(clear.values[1], (std::pair<std::string, double>("b.loss", 3.55)));
  // Differences from 2.5: -1.5 .. 1.5, mean 0.
  EXPECT_FALSE(evaluate("a.loss <= c.loss").clear);
  EXPECT_FALSE(evaluate("a.loss < b.loss and a.loss <= c.loss").clear);
  EXPECT_TRUE(evaluate("a.loss > b.loss and a.loss <= c.loss").clear) << "fails clearly by its first part";
  EXPECT_TRUE(evaluate("a.loss < b.loss or a.loss <= c.loss").clear);
  EXPECT_FALSE(evaluate("c.loss < 3").clear) << "one seed has no interval";
  EXPECT_TRUE(evaluate("1 < 2").clear);
  EXPECT_TRUE(evaluate("a.gap.max <= -1").clear) << "no seed differs from another";
}

TEST(Claims, PairsAreTheCommonSeeds) {
  // Seeds 2, 3, 4: a - d = 2, -7, -16, mean -7; the means over all seeds are 2.5 and 10.
  const ClaimResult result = evaluate("a.loss < d.loss");
  EXPECT_TRUE(result.holds);
  EXPECT_FALSE(result.clear);
  EXPECT_NE(result.statement.find("3 seeds"), std::string::npos) << result.statement;
}

TEST(Claims, WhatIsMissingMakesAClaimFail) {
  const ClaimResult metric = evaluate("a.los < 1");
  EXPECT_FALSE(metric.evaluated);
  EXPECT_FALSE(metric.holds);
  EXPECT_EQ(metric.statement, "arm 'a' has no metric 'los' (did you mean 'loss'?)");
  EXPECT_EQ(evaluate("empty.loss < 1").statement, "arm 'empty' has no results");
  EXPECT_EQ(evaluate("zebra.loss < 1").statement, "arm 'zebra' has no results");
  EXPECT_FALSE(evaluate("nan.loss < 5").holds);
  EXPECT_FALSE(evaluate("nan.loss >= 5").holds);
  EXPECT_FALSE(evaluate("a.loss / 0 < 5").holds);
}

TEST(Claims, BadExpressionsAreRefused) {
  EXPECT_EQ(refusal_of(""), "claim '': a claim compares two sides by <, <=, >, >=, == or !=");
  EXPECT_EQ(refusal_of("a.x"), "claim 'a.x': a claim compares two sides by <, <=, >, >=, == or !=");
  EXPECT_EQ(refusal_of("a.x = 3"), "claim 'a.x = 3': '=' at column 5: equality is written ==");
  EXPECT_EQ(refusal_of("0 < a.x < 1"),
            "claim '0 < a.x < 1': a chain of comparisons; write 'a < b and b < c'");
  EXPECT_EQ(refusal_of("x < 1"),
            "claim 'x < 1': unknown word 'x'; values are written arm.metric, functions are abs, min, max, "
            "sqrt, exp, ln");
  EXPECT_EQ(refusal_of("a. < 1"), "claim 'a. < 1': 'a.' is no arm.metric");
  EXPECT_EQ(refusal_of("a.x < (1"), "claim 'a.x < (1': a '(' without its ')'");
  EXPECT_EQ(refusal_of("a.x) < 1"), "claim 'a.x) < 1': a ')' without its '('");
  EXPECT_EQ(refusal_of("a.x <"), "claim 'a.x <': a comparison lacks one of its sides");
  EXPECT_EQ(refusal_of("a.x b.x < 1"), "claim 'a.x b.x < 1': 'a.x b.x' cannot be read as arithmetic");
  EXPECT_EQ(refusal_of("1 < 2, 3"), "claim '1 < 2, 3': '2, 3' cannot be read as arithmetic");
  EXPECT_EQ(refusal_of("min() < 2"), "claim 'min() < 2': 'min()' cannot be read as arithmetic");
  EXPECT_EQ(refusal_of("(1 < 2) + 1 < 3"),
            "claim '(1 < 2) + 1 < 3': '<' inside the arithmetic of '(1 < 2) + 1'");
  EXPECT_EQ(refusal_of("a.x < \"1\""), "claim 'a.x < \"1\"': unexpected '\"' at column 7");
  EXPECT_EQ(refusal_of("a.x < 1e999"), "claim 'a.x < 1e999': the number at column 7 cannot be read");
  EXPECT_NE(refusal_of(std::string(5000, '(')).find("longer than 4096 bytes"), std::string::npos);
  const std::string open(100, '('), close(100, ')');
  EXPECT_NE(refusal_of(fmt::format("{}1<2{}", open, close)).find("deeper than 64"), std::string::npos);
}

}  // namespace
}  // namespace lehr::study
