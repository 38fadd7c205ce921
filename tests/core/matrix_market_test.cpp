#include "lehr/core/matrix_market.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Eigen::MatrixXd dense(std::string_view text) { return to_dense(parse_matrix_market(text, "t.mtx")); }

std::string refusal(std::string_view text) {
  return message_of<InvalidInput>([&] { parse_matrix_market(text, "t.mtx"); });
}

Eigen::MatrixXd matrix(std::initializer_list<std::initializer_list<double>> rows) {
  return Eigen::MatrixXd(rows);
}

TEST(MatrixMarket, ReadsCoordinates) {
  const Triplets triplets = parse_matrix_market(
      "%%MatrixMarket Matrix COORDINATE real general\r\n% comment\r\n\r\n3 2 3\r\n1 1 0.5\r\n 3  2\t-1e3 "
      "\r\n\r\n1 1 +2",
      "t");
  EXPECT_EQ(triplets.rows, 3);
  EXPECT_EQ(triplets.columns, 2);
  EXPECT_THAT(triplets.row, ElementsAre(0, 2, 0));
  EXPECT_THAT(triplets.column, ElementsAre(0, 1, 0));
  EXPECT_THAT(triplets.value, ElementsAre(0.5, -1000, 2));
  EXPECT_EQ(to_dense(triplets), matrix({{2.5, 0}, {0, 0}, {0, -1000}})) << "elements at one place add up";
}

TEST(MatrixMarket, SymmetryIsExpanded) {
  EXPECT_EQ(dense("%%MatrixMarket matrix coordinate integer symmetric\n2 2 2\n1 1 7\n2 1 3\n"),
            matrix({{7, 3}, {3, 0}}));
  EXPECT_EQ(dense("%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 3\n"),
            matrix({{0, -3}, {3, 0}}));
  EXPECT_EQ(dense("%%MatrixMarket matrix coordinate pattern symmetric\n2 2 1\n2 1\n"),
            matrix({{0, 1}, {1, 0}}));
}

TEST(MatrixMarket, ReadsArraysByColumns) {
  EXPECT_EQ(dense("%%MatrixMarket matrix array real general\n2 3\n1\n2\n3\n4\n5\n6\n"),
            matrix({{1, 3, 5}, {2, 4, 6}}));
  EXPECT_EQ(dense("%%MatrixMarket matrix array integer symmetric\n2 2\n1\n2\n3\n"), matrix({{1, 2}, {2, 3}}));
  EXPECT_EQ(dense("%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n"),
            matrix({{0, -1, -2}, {1, 0, -3}, {2, 3, 0}}));
  EXPECT_EQ(dense("%%MatrixMarket matrix array real general\n0 5\n").cols(), 5);
}

TEST(MatrixMarket, FaultsNameTheLine) {
  const std::string real = "%%MatrixMarket matrix coordinate real general\n";
  EXPECT_EQ(refusal(""), "t.mtx:0: expected the banner '%%MatrixMarket matrix ...'");
  EXPECT_EQ(refusal("1 2 3"), "t.mtx:1: expected the banner '%%MatrixMarket matrix ...'");
  EXPECT_THAT(refusal("%%MatrixMarket matrix coordinate complex general\n"),
              HasSubstr("t.mtx:1: field 'complex'"));
  EXPECT_THAT(refusal("%%MatrixMarket matrix coordinate real hermitian\n"),
              HasSubstr("t.mtx:1: symmetry 'hermitian'"));
  EXPECT_THAT(refusal("%%MatrixMarket vector coordinate real general\n"),
              HasSubstr("t.mtx:1: object 'vector'"));
  EXPECT_THAT(refusal("%%MatrixMarket matrix array pattern general\n"),
              HasSubstr("an array cannot be a pattern"));
  EXPECT_THAT(refusal("%%MatrixMarket matrix coordinate pattern skew-symmetric\n"),
              HasSubstr("cannot be skew-symmetric"));
  EXPECT_EQ(refusal(real), "t.mtx:1: expected the matrix's size, the file ends");
  EXPECT_EQ(refusal(real + "2 2\n"), "t.mtx:2: expected a size, the line ends");
  EXPECT_EQ(refusal(real + "2 2 -1\n"), "t.mtx:2: expected a size from 0 to 281474976710656, found -1");
  EXPECT_EQ(refusal(real + "2 2 2\n1 1 1.5\n"),
            "t.mtx:2: 2 elements are declared, the rest of the file has room for 1");
  EXPECT_EQ(refusal(real + "2 2 2\n1 1 1.500000\n"), "t.mtx:3: expected element 2 of 2, the file ends");
  EXPECT_EQ(refusal(real + "2 2 1\n1 1 1\n2 2 2\n"), "t.mtx:4: more elements than the size line declares");
  EXPECT_EQ(refusal(real + "2 2 1\n3 1 1\n"), "t.mtx:3: expected a row from 1 to 2, found 3");
  EXPECT_EQ(refusal(real + "2 2 1\n1 0 1\n"), "t.mtx:3: expected a column from 1 to 2, found 0");
  EXPECT_EQ(refusal(real + "2 2 1\n1 1 abc\n"), "t.mtx:3: expected a number, found 'abc'");
  EXPECT_EQ(refusal(real + "2 2 1\n1 1 1 9\n"), "t.mtx:3: expected the end of the line, found '9'");
  EXPECT_EQ(refusal(real + "2 2 1\n1 1   \n"), "t.mtx:3: expected a number, the line ends");
  EXPECT_EQ(refusal("%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1.5\n"),
            "t.mtx:3: expected an integer, found '1.5'");
  const std::string symmetric = "%%MatrixMarket matrix coordinate real symmetric\n";
  EXPECT_THAT(refusal(symmetric + "2 3 0\n"), HasSubstr("must be square, found 2 x 3"));
  EXPECT_THAT(refusal(symmetric + "2 2 1\n1 2 5\n"), HasSubstr("t.mtx:3: (1, 2) is above the diagonal"));
  EXPECT_THAT(refusal("%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 2 5\n"),
              HasSubstr("on the diagonal"));
}

TEST(MatrixMarket, ClaimsOfTheHeaderTakeNoMemory) {
  EXPECT_THAT(refusal("%%MatrixMarket matrix coordinate real general\n9 9 281474976710656\n1 1 1\n"),
              HasSubstr("has room for 1"));
  EXPECT_THAT(refusal("%%MatrixMarket matrix array real general\n281474976710656 281474976710656\n1\n"),
              HasSubstr("do not fit into memory"));
  EXPECT_THAT(refusal("%%MatrixMarket matrix array real general\n1000000 1000000\n1\n"),
              HasSubstr("has room for 1"));
  const Triplets wide =
      parse_matrix_market("%%MatrixMarket matrix coordinate real general\n1000000 1000000 0\n", "t");
  EXPECT_EQ(message_of<InvalidInput>([&] { to_dense(wide); }),
            "a dense matrix of 1000000 x 1000000 has more than 268435456 elements");
}

TEST(MatrixMarket, WrittenMatricesReadBackBitForBit) {
  const TemporaryFolder folder;
  Triplets triplets{2, 3, {}, {}, {}};
  triplets.add(1, 2, 0.1);
  triplets.add(0, 0, -1.0 / 3);
  write_matrix_market(folder / "sparse.mtx", triplets);
  const Triplets read = read_matrix_market(folder / "sparse.mtx");
  EXPECT_EQ(read.row, triplets.row);
  EXPECT_EQ(read.column, triplets.column);
  EXPECT_EQ(read.value, triplets.value);

  const Eigen::MatrixXd dense_matrix = matrix({{0.1, 5e-324, 1e308}, {-2, 1.0 / 3, 0}});
  write_matrix_market(folder / "dense.mtx", dense_matrix);
  EXPECT_EQ(to_dense(read_matrix_market(folder / "dense.mtx")), dense_matrix);
}

// SciPy is the judge of both directions.
TEST(MatrixMarket, ScipyAgrees) {
  const std::string python = test::python_with("scipy.io");
  if (python.empty()) GTEST_SKIP() << "SciPy is not installed";
  const TemporaryFolder folder;
  Triplets triplets{2, 3, {}, {}, {}};
  triplets.add(1, 2, 0.1);
  triplets.add(0, 0, -7);
  write_matrix_market(folder / "ours.mtx", triplets);
  test::put(folder / "check.py", R"(
import numpy as np, scipy.io, scipy.sparse, sys
folder = sys.argv[1] + "/"
assert scipy.io.mmread(folder + "ours.mtx").toarray().tolist() == [[-7, 0, 0], [0, 0, 0.1]]
a = np.array([[1, 2, 0], [2, 0, 5], [0, 5, 9]])
scipy.io.mmwrite(folder + "symmetric.mtx", scipy.sparse.coo_matrix(a), symmetry="symmetric")
scipy.io.mmwrite(folder + "array.mtx", a * 0.1)
)");
  const std::string command =
      fmt::format("{} {} {}", python, (folder / "check.py").string(), folder.path().string());
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Eigen::MatrixXd a = matrix({{1, 2, 0}, {2, 0, 5}, {0, 5, 9}});
  EXPECT_EQ(to_dense(read_matrix_market(folder / "symmetric.mtx")), a);
  EXPECT_LE((to_dense(read_matrix_market(folder / "array.mtx")) - 0.1 * a).cwiseAbs().maxCoeff(), 1e-15);
}

}  // namespace
}  // namespace lehr
