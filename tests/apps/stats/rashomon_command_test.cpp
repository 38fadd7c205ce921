// `lehr stats rashomon` and `lehr stats spread` as a person or a script meets them.
#include <cmath>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

class RashomonCommand : public lehr::test::CommandLine {
 protected:
  // Twenty records of two 0/1 features, a category and a number; y = a and b.
  void write_table() const {
    std::string text = "a,b,colour,size,y\n";
    for (int k = 0; k < 20; ++k) {
      const int a = k & 1, b = k >> 1 & 1;
      text += std::to_string(a) + "," + std::to_string(b) + "," + (k % 3 == 0 ? "red" : "blue") + "," +
              std::to_string(k * 7 % 11) + ".5," + (a == 1 && b == 1 ? "yes" : "no") + "\n";
    }
    write("t.csv", text);
    std::string binary = "a,b,y\n";
    for (int k = 0; k < 20; ++k)
      binary +=
          std::to_string(k & 1) + "," + std::to_string(k >> 1 & 1) + "," + ((k & 3) == 3 ? "1" : "0") + "\n";
    write("binary.csv", binary);
  }
};

// y = a and b on all four kinds of records, five each: of the 2^3 * 16 trees of depth 2, those without error split by
// both features on every path that needs it: root a, b above (labels 0, 1), anything that says 0 below; and with a and b
// exchanged. Root a: below must give 0 for both records kinds: any feature f with both leaves 0 if it separates (f = b)
// or f = a with the reached leaf 0, other free: share (1/2)(1/4) + (1/2)(1/2) = 3/8; above f = b, labels 0 and 1: 1/2 * 1/4.
TEST_F(RashomonCommand, ExactRatioOfASmallClassIsKnown) {
  write_table();
  const auto outcome = lehr("stats rashomon binary.csv --class tree:depth=1..2 --theta 0 --folds 0 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json result = Json::parse(outcome.out);
  EXPECT_EQ(result["classes"][1]["best_errors"], 0);
  EXPECT_TRUE(result["classes"][1]["exact"].get<bool>());
  EXPECT_NEAR(result["classes"][1]["log10_ratio"].get<double>(), std::log10(3.0 / 8 * 1.0 / 8), 1e-12);
  ASSERT_EQ(result["members"].size(), 10u);
  for (const Json& one : result["classes"]) {
    if ("trees of " + one["class"].get<std::string>() != result["members_of"].get<std::string>()) continue;
    for (const Json& member : result["members"]) EXPECT_LE(member["errors"], one["errors_allowed"]);
  }
}

TEST_F(RashomonCommand, MethodsAgree) {
  write_table();
  const auto ratio = [&](const std::string& method) {
    const auto outcome = lehr(
        "stats rashomon binary.csv --class tree:depth=2 --theta 0.05 --folds 0 --samples 20000 --json "
        "--method " +
        method);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const Json result = Json::parse(outcome.out);
    return std::pair<double, double>{result["classes"][0]["log10_ratio"],
                                     result["classes"][0]["log10_error"]};
  };
  const double exact = ratio("exact").first;
  for (const char* method : {"rao-blackwell", "importance", "naive", "splitting"}) {
    const auto [value, error] = ratio(method);
    EXPECT_GT(error, 0) << method;
    EXPECT_NEAR(value, exact, 4 * error) << method;
  }
}

TEST_F(RashomonCommand, MixedTableGivesCurvePageAndTrees) {
  write_table();
  const auto outcome = lehr(
      "stats rashomon t.csv --class tree:depth=1..3 linear --samples 2000 --folds 3 --out run --members 7 "
      "--trees trees.json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "report.html"));
  const Json trees = Json::parse(content(folder_ / "trees.json"));
  EXPECT_EQ(trees["members"].size(), 7u);
  EXPECT_TRUE(trees["members"][0]["tree"].contains("feature") ||
              trees["members"][0]["tree"].contains("class"));
  EXPECT_NE(outcome.out.find("linear"), std::string::npos);
}

TEST_F(RashomonCommand, ResultsDoNotDependOnThreads) {
  std::string first;
  for (const char* threads : {"1", "3"}) {
    const auto outcome = lehr(
        std::string("stats rashomon --generate.family ring --generate.records 200 --class tree:depth=1..3 "
                    "--method rao-blackwell --samples 5000 --folds 4 --json --threads ") +
        threads);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    if (first.empty()) first = outcome.out;
    EXPECT_EQ(outcome.out, first);
  }
}

TEST_F(RashomonCommand, RidgeVolumeOfADesignIsKnown) {
  write_table();
  const auto outcome = lehr("stats rashomon binary.csv --class ridge:C=1,radius=10 --theta 3 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json ridge = Json::parse(outcome.out)["ridge"][0];
  // Two orthogonal standardised features of 20 records: X'X = 20 I, V = pi theta / 21; ratio to a disc of radius 10.
  EXPECT_NEAR(ridge["log10_volume"].get<double>(), std::log10(std::acos(-1.0) * 3 / 21), 1e-9);
  EXPECT_NEAR(ridge["log10_ratio"].get<double>(), std::log10(3.0 / 21 / 100), 1e-9);
}

TEST_F(RashomonCommand, SpreadTellsAgreementFromSuccess) {
  const auto step =
      lehr("stats spread --generate.family step --generate.records 200 --folds 4 --forest.trees 20 --json");
  ASSERT_EQ(step.code, 0) << step.err;
  EXPECT_LT(Json::parse(step.out)["spread"].get<double>(), 0.08);
  // Labels that nothing explains.
  const auto noise = lehr(
      "stats spread --generate.family step --generate.records 1500 --generate.noise 0.5 --folds 5 "
      "--forest.trees 20");
  ASSERT_EQ(noise.code, 0) << noise.err;
  EXPECT_NE(noise.out.find("learners agree within"), std::string::npos) << noise.out;
}

// A class of one's own behind the worker protocol: points of the cube of dimension 6 with loss max x, so that the ratio
// at loss 0.1 is 1e-6.
TEST_F(RashomonCommand, OwnClassBehindAWorker) {
  write("worker.py",
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    print(json.dumps({'id': asked['id'], 'loss': max(asked['x'])}), flush=True)\n");
  const auto outcome = lehr(
      "stats rashomon-class --worker.command 'python3 worker.py' --dimension 6 --reference-loss 0.05 --theta "
      "0.05 "
      "--splitting.populations 4 --splitting.particles 60 --splitting.moves 10 --members 5 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json result = Json::parse(outcome.out);
  EXPECT_NEAR(result["log10_ratio"].get<double>(), -6, 4 * result["log10_error"].get<double>());
  EXPECT_LT(result["log10_error"].get<double>(), 0.5);
  EXPECT_EQ(result["members"].size(), 5u);
  for (const Json& member : result["members"]) EXPECT_LE(member["loss"].get<double>(), 0.1);
}

TEST_F(RashomonCommand, RefusesInOneLine) {
  write_table();
  expect_one_line_error("stats rashomon-class --dimension 3 --reference-loss 0", "worker.command");
  expect_one_line_error("stats rashomon-class --worker.command true --reference-loss 0", "dimension");
  expect_one_line_error("stats rashomon-class --worker.command true --dimension 3", "reference_loss");
  expect_one_line_error("stats rashomon-class --worker.command false --dimension 3 --reference-loss 0",
                        "worker");
  expect_one_line_error("stats rashomon", "name the file");
  expect_one_line_error("stats rashomon nosuch.csv", "nosuch.csv");
  expect_one_line_error("stats rashomon t.csv --target z", "no column 'z'");
  expect_one_line_error("stats rashomon t.csv --class forest", "tree:depth");
  expect_one_line_error("stats rashomon t.csv --class tree:depth=0", "depth");
  expect_one_line_error("stats rashomon t.csv --class tree:depth=3..99", "depth");
  expect_one_line_error("stats rashomon t.csv --class ridge:C=-1", "C must");
  expect_one_line_error("stats rashomon t.csv --method magic", "method");
  expect_one_line_error("stats rashomon t.csv --reference given", "reference_loss");
  expect_one_line_error("stats rashomon t.csv --theta -1", "theta");
  expect_one_line_error("stats rashomon t.csv --folds 300", "folds");
  expect_one_line_error("stats spread t.csv --folds 1", "folds");
  write("one.csv", "a,y\n1,0\n2,0\n3,0\n4,0\n5,0\n6,0\n7,0\n8,0\n9,0\n1,0\n");
  expect_one_line_error("stats rashomon one.csv", "single class");
  write("few.csv", "a,y\n1,0\n2,1\n");
  expect_one_line_error("stats spread few.csv", "at least 10");
  write("ragged.csv", "a,b,y\n1,2,0\n2,1\n");
  expect_one_line_error("stats rashomon ragged.csv", "ragged.csv:3");
}

}  // namespace
