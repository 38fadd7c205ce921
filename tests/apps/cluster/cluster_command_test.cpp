// `lehr cluster ppp` as a person or a script meets it.
#include <cmath>
#include <numeric>
#include <sstream>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

class ClusterCommand : public lehr::test::CommandLine {
 protected:
  // Three round groups of 40 rows about (0, 0), (8, 0) and (0, 8), with a text column and one with a hole.
  void write_groups(const std::vector<int>& order) const {
    std::vector<std::string> lines;
    std::uint32_t state = 12345;
    const auto bell = [&] {  // sums of twelve uniform numbers are nearly normal
      double sum = -6;
      for (int k = 0; k < 12; ++k) sum += ((state = 1664525 * state + 1013904223) >> 8) * 0x1p-24;
      return sum;
    };
    for (int i = 0; i < 120; ++i) {
      std::ostringstream line;
      line << (i % 3 == 1 ? 8 : 0) + bell() << ',' << (i % 3 == 2 ? 8 : 0) + bell() << ",kind" << i % 3 << ','
           << (i == 7 ? "" : std::to_string(i % 5)) << '\n';
      lines.push_back(line.str());
    }
    std::string text = "x,y,kind,weight\n";
    for (const int i : order) text += lines[static_cast<std::size_t>(i)];
    write("groups.csv", text);
  }
  static std::vector<int> rows() {
    std::vector<int> order(120);
    std::iota(order.begin(), order.end(), 0);
    return order;
  }
};

TEST_F(ClusterCommand, FindsGroupsAndComparesThem) {
  write_groups(rows());
  const auto outcome = lehr("cluster ppp groups.csv --columns x y --label kind --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json result = Json::parse(outcome.out);
  EXPECT_EQ(result["metrics"]["clusters"], 3);
  EXPECT_EQ(result["metrics"]["ari"], 1);
  EXPECT_EQ(result["verdict"], "clustered");
  EXPECT_EQ(result["labels"].size(), 120u);
  EXPECT_EQ(result["clusters"][0]["rows"], 40);
  EXPECT_GE(result["tree"].size(), 4u);
  EXPECT_EQ(result["tree"][0]["candidates"][0]["q"], 1);
}

TEST_F(ClusterCommand, ThreadsSeedsAndRowsDoNotMatter) {
  write_groups(rows());
  const auto run = [&](const std::string& flags) {
    const auto outcome = lehr("cluster ppp groups.csv --columns x y --json " + flags);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out);
  };
  const Json first = run("--threads 1 --seed 1");
  EXPECT_TRUE(run("--threads 2 --seed 1") == first);
  EXPECT_TRUE(run("--threads 4 --seed 77") == first);
  std::vector<int> backwards = rows();
  std::reverse(backwards.begin(), backwards.end());
  write_groups(backwards);
  Json other = run("");
  Json labels = other["labels"];
  std::reverse(labels.begin(), labels.end());
  EXPECT_EQ(labels, first["labels"]);
  other["labels"] = first["labels"];
  EXPECT_TRUE(other == first);
}

TEST_F(ClusterCommand, SavesRowsAndAPage) {
  write_groups(rows());
  const auto outcome = lehr("cluster ppp groups.csv --columns x y --separable 2 --save rows.csv --out run");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "report.html"));
  const std::string saved = content(folder_ / "rows.csv");
  EXPECT_EQ(std::count(saved.begin(), saved.end(), '\n'), 121);
  EXPECT_EQ(saved.substr(0, saved.find('\n')), "cluster,most_probable,confidence,silhouette,distance");
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "run"))
    EXPECT_NE(entry.path().extension(), ".safetensors") << entry.path();
}

TEST_F(ClusterCommand, BuildingBlocksAndGeneratedTables) {
  const auto kmeans = lehr(
      "cluster ppp --generate.seed 1 --generate.columns 4 --generate.centres 6 --method kmeans --clusters 6 "
      "--runs 50 "
      "--json");
  ASSERT_EQ(kmeans.code, 0) << kmeans.err;
  EXPECT_GE(Json::parse(kmeans.out)["metrics"]["share_worse"].get<double>(), 0.4);
  for (const char* method : {"bisect --clusters 5", "gmm --clusters 5", "gmm"}) {
    const auto outcome = lehr(std::string("cluster ppp --generate.seed 1 --json --method ") + method);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
}

TEST_F(ClusterCommand, RefusesInOneLine) {
  write_groups(rows());
  expect_one_line_error("cluster ppp", "give a file");
  expect_one_line_error("cluster ppp nosuch.csv", "nosuch.csv");
  expect_one_line_error("cluster ppp groups.csv", "row 8, column 'weight'");
  expect_one_line_error("cluster ppp groups.csv --label knd", "did you mean 'kind'");
  expect_one_line_error("cluster ppp groups.csv --columns x kind", "row 1, column 'kind'");
  expect_one_line_error("cluster ppp groups.csv --scale unit", "scale");
  expect_one_line_error("cluster ppp groups.csv --qmax 1", "qmax");
  expect_one_line_error("cluster ppp groups.csv --columns x y --method kmeans", "clusters");
  expect_one_line_error("cluster ppp groups.csv --columns x y --sets x,z", "'z'");
  expect_one_line_error("cluster ppp groups.csv --columns x y --exponent 3 --annealed-steps 2", "exponent");
  write("ragged.csv", "x,y\n1,2\n3\n");
  expect_one_line_error("cluster ppp ragged.csv", "ragged.csv:3");
  write("words.csv", "x,y\na,b\nc,d\n");
  expect_one_line_error("cluster ppp words.csv", "no column of numbers");
  write("empty.csv", "");
  expect_one_line_error("cluster ppp empty.csv", "empty.csv");
}

}  // namespace
