// dimod's and OpenJij's JSON, and polynomials, against the energies that their terms give.
#include <gmock/gmock.h>

#include "lehr/spin/files/problem_file.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Problem parse(std::string_view text, std::string_view name = "model.json", const ReadOptions& options = {}) {
  return parse_problem(lehr::test::bytes_of(text), name, options);
}

// The layout of dimod 0.12's to_serializable(use_bytes=False).
TEST(JsonFormats, DimodSchema3) {
  const Problem problem = parse(R"j({
    "type": "BinaryQuadraticModel", "version": {"bqm_schema": "3.0.0"}, "use_bytes": false,
    "index_type": "int32", "bias_type": "float64", "num_variables": 3, "num_interactions": 2,
    "variable_labels": ["b", "a", ["c", 1]], "variable_type": "SPIN", "offset": 0.5, "info": {},
    "linear_biases": [1.0, -2.0, 0.0], "quadratic_biases": [4.0, -0.25],
    "quadratic_head": [0, 2], "quadratic_tail": [1, 0]})j");
  EXPECT_EQ(problem.kind, ProblemKind::ising);
  EXPECT_THAT(problem.labels, ElementsAre("b", "a", "[\"c\",1]"));
  test::for_all_states(3, [&](const Spins& s) {
    EXPECT_DOUBLE_EQ(problem.objective_of(s), 0.5 + s[0] - 2 * s[1] + 4 * s[0] * s[1] - 0.25 * s[2] * s[0]);
  });
}

TEST(JsonFormats, DimodSchema1) {
  const Problem problem = parse(R"j({
    "version": {"bqm_schema": "1.0.0"}, "variable_labels": [2, 0, 1], "variable_type": "BINARY", "offset": -1,
    "linear_terms": [{"bias": 3, "label": 2}, {"bias": 1, "label": 0}],
    "quadratic_terms": [{"bias": -2, "label_head": 1, "label_tail": 2}]})j");
  EXPECT_TRUE(problem.labels.empty()) << "the labels are 0, 1, 2 in order";
  test::for_all_states(3, [&](const Spins& s) {
    const double x0 = test::bit(s, 0), x1 = test::bit(s, 1), x2 = test::bit(s, 2);
    EXPECT_DOUBLE_EQ(problem.objective_of(s), -1 + 3 * x2 + x0 - 2 * x1 * x2);
  });
}

TEST(JsonFormats, PlainDictionaries) {
  const std::vector<std::string> forms = {
      R"j({"a,b": 2, "c,a": -1})j",
      R"j({"('a', 'b')": 2, "('c', 'a')": -1})j",
      R"j({"a": {"b": 2}, "c": {"a": -1}})j",
      R"j([["a", "b", 2], ["c", "a", -1]])j",
  };
  for (const std::string& quadratic : forms) {
    const Problem problem = parse(
        R"j({"linear": {"a": 0.5, "b": 0, "c": -3}, "vartype": "BINARY", "quadratic": )j" + quadratic + "}");
    EXPECT_THAT(problem.labels, ElementsAre("a", "b", "c"));
    test::for_all_states(3, [&](const Spins& s) {
      const double a = test::bit(s, 0), b = test::bit(s, 1), c = test::bit(s, 2);
      EXPECT_DOUBLE_EQ(problem.objective_of(s), 0.5 * a - 3 * c + 2 * a * b - c * a) << quadratic;
    });
  }
  const Problem lists = parse(R"j({"linear": [1, 2], "quadratic": {"0,1": 3}, "vartype": "SPIN"})j");
  EXPECT_EQ(lists.objective_of(Spins{1, -1}), 1 - 2 - 3);
}

TEST(JsonFormats, RepeatedBiasesAddUpOrAreRefused) {
  const std::string text = R"j({"vartype": "SPIN", "quadratic": [[0, 1, 2], [1, 0, 3]]})j";
  const Problem problem = parse(text);
  EXPECT_EQ(problem.objective_of(Spins{1, 1}), 5);
  EXPECT_THAT(problem.notes, ElementsAre("1 repeated entries were added up"));
  EXPECT_THAT(lehr::test::message_of<InvalidInput>([&] { parse(text, "m.json", {.strict = true}); }),
              HasSubstr("repeat a pair"));
}

TEST(JsonFormats, PolynomialsInAllTheirForms) {
  const std::vector<std::string> forms = {
      R"j({"vartype": "SPIN", "offset": 2, "terms": [[[0, 1, 2], 1.5], [[3], -1], [[0, 3], 4], [[], 1]]})j",
      R"j({"vartype": "SPIN", "offset": 3, "terms": {"0,1,2": 1.5, "3": -1, "(3, 0)": 4}})j",
      R"j({"type": "BinaryPolynomialModel", "variables": [3, 2, 1, 0], "vartype": "SPIN",
           "poly_key_distance_list": [[3, 2, 1], [0], [0, 3], []], "poly_value_list": [1.5, -1, 4, 3]})j",
      R"j([[[0, 1, 2], 1.5], [["3"], -1], [[3, 0], 4], [[], 3]])j",
      R"j({"0,1,2": 1.5, "(3,)": -1, "0,3": 4, "()": 3})j",
  };
  for (const std::string& text : forms) {
    const bool says_vartype = text.find("SPIN") != std::string::npos;
    const Problem problem = parse(text, "p.json", {.vartype = says_vartype ? "auto" : "spin"});
    EXPECT_EQ(problem.kind, ProblemKind::polynomial) << text;
    ASSERT_EQ(problem.size(), 4) << text;
    EXPECT_TRUE(problem.labels.empty()) << text;
    test::for_all_states(4, [&](const Spins& s) {
      EXPECT_DOUBLE_EQ(problem.objective_of(s), 1.5 * s[0] * s[1] * s[2] - s[3] + 4 * s[0] * s[3] + 3)
          << text;
    });
  }
}

TEST(JsonFormats, PolynomialsOfBitsKeepLabelsAndIdleVariables) {
  const Problem problem = parse(
      R"j({"vartype": "BINARY", "variable_labels": ["idle", "x", "y", "z"], "terms": {"x,y,z": 2, "x,x": -1}})j");
  EXPECT_TRUE(problem.binary());
  EXPECT_THAT(problem.labels, ElementsAre("idle", "x", "y", "z"));
  EXPECT_EQ(problem.objective_of(Spins{-1, 1, 1, 1}), 1);
  EXPECT_EQ(problem.objective_of(Spins{1, 1, -1, 1}), -1);
  EXPECT_EQ(problem.objective_of(Spins{1, -1, 1, 1}), 0);
}

TEST(JsonFormats, PolynomialsOfSecondOrderAreQuadraticProblems) {
  const Problem problem = parse(R"j({"vartype": "BINARY", "terms": {"0,1": 2, "1": -1}})j");
  EXPECT_EQ(problem.kind, ProblemKind::qubo);
  EXPECT_FALSE(problem.polynomial);
}

}  // namespace
}  // namespace lehr::spin
