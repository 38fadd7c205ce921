#include "lehr/cluster/point_table.hpp"

#include <gtest/gtest.h>

#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/matrix_market.hpp"
#include "lehr/core/npy.hpp"
#include "tests/cluster/tables.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::cluster {
namespace {

using Eigen::MatrixXd;
using Strings = std::vector<std::string>;

PointTable parse(const std::string& text, const PointTableOptions& options = {}) {
  return parse_points(text, "t.csv", options);
}

// The message of the InvalidInput that reading gives.
std::string refusal(const std::string& text, const PointTableOptions& options = {}) {
  try {
    parse(text, options);
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "";
}

TEST(PointTable, ReadsAHeaderWhereThereIsOne) {
  const PointTable table = parse("x,y\n1,2\n3,4.5\n");
  EXPECT_EQ(table.names, (Strings{"x", "y"}));
  EXPECT_EQ(table.points, (MatrixXd(2, 2) << 1, 3, 2, 4.5).finished());
  EXPECT_EQ(parse("1,2\n3,4\n").names, (Strings{"c1", "c2"}));
  EXPECT_EQ(parse("1,2\n3,4\n").points.cols(), 2);
  EXPECT_EQ(parse("0,1\n5,6\n7,8\n").points.cols(), 2);  // numbered columns are a header
  EXPECT_EQ(parse("?,2\n3,4\n5,6\n", {.impute_mean = true}).points.cols(), 3);
  EXPECT_EQ(parse(",x\n3,4\n5,7\n").names, (Strings{"c1", "x"}));
  EXPECT_EQ(parse("x,x\n1,2\n").names, (Strings{"x", "x.2"}));
  EXPECT_EQ(parse("\xEF\xBB\xBFx;y\r\n1;2\r\n").names, (Strings{"x", "y"}));
  EXPECT_EQ(parse("# a comment\nx\ty\n1\t2\n").names, (Strings{"x", "y"}));
}

TEST(PointTable, ReadsUciFiles) {
  const PointTable table = parse("5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,versicolor\n", {.label = "c3"});
  EXPECT_EQ(table.points.cols(), 3);
  EXPECT_EQ(table.labels, (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(table.groups, (Strings{"setosa", "versicolor"}));
  EXPECT_EQ(parse("  1.0   2.0\n  3.0\t\t4.0  \n").points, (MatrixXd(2, 2) << 1, 3, 2, 4).finished());
}

TEST(PointTable, ReadsDecimalCommasAndRowNames) {
  EXPECT_EQ(parse("x;y\n1,5;2\n3;4,25\n").points, (MatrixXd(2, 2) << 1.5, 3, 2, 4.25).finished());
  EXPECT_EQ(parse("x;y\n1,5;2,0\n3,0;4,25\n").points, (MatrixXd(2, 2) << 1.5, 3, 2, 4.25).finished());
  EXPECT_EQ(parse("x;y\n1.5;2\n3;4.25\n").points, (MatrixXd(2, 2) << 1.5, 3, 2, 4.25).finished());
  const PointTable table = parse("\"x\" \"y\"\n\"one\" 1 2\n\"two\" 3 4\n");
  EXPECT_EQ(table.names, (Strings{"x", "y"}));
  EXPECT_EQ(table.points, (MatrixXd(2, 2) << 1, 3, 2, 4).finished());
  EXPECT_EQ(table.notes.size(), 1u);  // the rows' names are text
  EXPECT_EQ(parse("x,y\nr1,1,2\nr2,3,4\n").names, (Strings{"x", "y"}));
}

TEST(PointTable, ReadsScikitLearnFiles) {
  const PointTable table = parse("4,2,red,green\n1,2,0\n3,4,1\n5,6,1\n7,8,0\n");
  EXPECT_EQ(table.points.rows(), 2);
  EXPECT_EQ(table.points.cols(), 4);
  EXPECT_EQ(table.labels, (std::vector<int>{0, 1, 1, 0}));
  EXPECT_EQ(table.groups, (Strings{"red", "green"}));
  EXPECT_EQ(parse("2,2,,\n\"a\",\"b\",\"c\"\n1,2,0.5\n3,4,1.5\n").names, (Strings{"a", "b", "c"}));
  for (const char* name : {"iris.csv", "wine.csv"}) {
    const auto path = test::stored(name);
    if (!path) GTEST_SKIP() << "no stored data";
    const PointTable real = read_points(*path);
    EXPECT_EQ(real.groups.size(), 3u);
    EXPECT_EQ(real.points.rows(), std::string(name) == "iris.csv" ? 4 : 13);
    EXPECT_EQ(real.points.cols(), std::string(name) == "iris.csv" ? 150 : 178);
  }
}

TEST(PointTable, LeavesTextAndRowNumbersOut) {
  std::string text = ",x,kind,flag\n";
  for (int i = 0; i < 20; ++i)
    text += std::to_string(i) + "," + std::to_string(0.5 * i) + (i % 2 ? ",a" : ",b") + ",\n";
  const PointTable table = parse(text);
  EXPECT_EQ(table.names, (Strings{"x"}));
  ASSERT_EQ(table.notes.size(), 3u);
  EXPECT_NE(table.notes[0].find("numbers the rows"), std::string::npos);
  EXPECT_NE(table.notes[1].find("--label 'kind'"), std::string::npos) << table.notes[1];
  EXPECT_NE(table.notes[2].find("empty"), std::string::npos);
  EXPECT_EQ(parse(text, {.columns = {"c1", "x"}}).names, (Strings{"c1", "x"}));
  EXPECT_EQ(parse(text, {.label = "kind"}).groups, (Strings{"a", "b"}));
}

TEST(PointTable, MissingNumbersAreNamedOrFilledIn) {
  const std::string text = "x,y\n1,2\nNA,4\n5,?\n6,1\n";
  EXPECT_NE(refusal(text).find("t.csv: row 2, column 'x'"), std::string::npos) << refusal(text);
  EXPECT_NE(refusal(text).find("--impute mean"), std::string::npos);
  const PointTable table = parse(text, {.impute_mean = true});
  EXPECT_DOUBLE_EQ(table.points(0, 1), 4);
  EXPECT_DOUBLE_EQ(table.points(1, 2), 7.0 / 3);
  EXPECT_EQ(table.notes.size(), 2u);
}

TEST(PointTable, NamesWhatItRefuses) {
  EXPECT_NE(refusal("x,y\n1,2\n3,four\n").find("row 2, column 'y': expected a number, found 'four'"),
            std::string::npos)
      << refusal("x,y\n1,2\n3,four\n");
  EXPECT_NE(refusal("x\n1\ninf\n").find("finite"), std::string::npos);
  EXPECT_NE(refusal("x,y\n1,2\n", {.label = "z"}).find("no column 'z'"), std::string::npos);
  EXPECT_NE(refusal("x,y\n1,2\n", {.columns = {"yy"}}).find("no column 'yy'"), std::string::npos);
  EXPECT_NE(refusal("x,y\n1,a\n", {.columns = {"y"}}).find("row 1, column 'y'"), std::string::npos);
  EXPECT_NE(refusal("x,y\n1,2\n", {.label = "x", .columns = {"x"}}).find("is the label"), std::string::npos);
  EXPECT_NE(refusal("x,y\n1,2\n3\n").find("t.csv:3"), std::string::npos);
  EXPECT_NE(refusal("x,y\na,b\n"), "");
  EXPECT_NE(refusal(""), "");
  EXPECT_NE(refusal("x,y\n"), "");
}

TEST(PointTable, ReadsArraysAndMatrices) {
  const lehr::test::TemporaryFolder folder;
  const MatrixXd points = (MatrixXd(2, 3) << 1, 2, 3, 4, 5, 6).finished();
  const Tensor tensor = tensor_of_points(points);
  write_npy(folder / "a.npy", tensor.view());
  write_npz(folder / "a.npz", {{"x", tensor.view()}});
  write_npz(folder / "two.npz", {{"x", tensor.view()}, {"y", tensor.view()}});
  write_matrix_market(folder / "a.mtx", points.transpose());
  EXPECT_EQ(read_points(folder / "a.npy").points, points);
  EXPECT_EQ(read_points(folder / "a.npz").points, points);
  EXPECT_EQ(read_points((folder / "two.npz").string() + ":y").points, points);
  EXPECT_EQ(read_points(folder / "a.mtx").points, points);
  EXPECT_THROW(read_points(folder / "two.npz"), InvalidInput);
  EXPECT_THROW(read_points(folder / "none.csv"), IoError);
  write_file_atomically(folder / "a.h5", "x");
  EXPECT_THROW(read_points(folder / "a.h5"), InvalidInput);
}

}  // namespace
}  // namespace lehr::cluster
