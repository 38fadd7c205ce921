#include <gmock/gmock.h>

#include <cstdlib>

#include "lehr/core/npy.hpp"
#include "lehr/spin/files/problem_file.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

using ::testing::HasSubstr;
using Matrix = std::vector<std::vector<double>>;

double quadratic_form(const Matrix& q, const Spins& s) {
  double sum = 0;
  for (std::size_t i = 0; i < q.size(); ++i)
    for (std::size_t j = 0; j < q.size(); ++j) sum += q[i][j] * test::bit(s, i) * test::bit(s, j);
  return sum;
}
double cut(const Matrix& a, const Spins& s) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) sum += s[i] != s[j] ? a[i][j] : 0;
  return sum;
}
double ising_energy(const Matrix& j, const Spins& s) {
  double sum = 0;
  for (std::size_t i = 0; i < j.size(); ++i) {
    sum += j[i][i] * s[i];
    for (std::size_t k = 0; k < i; ++k) sum += j[i][k] * s[i] * s[k];
  }
  return sum;
}

const Matrix kSymmetric = {{0, 2, 0, -1}, {2, 0, 0.5, 0}, {0, 0.5, 0, 3}, {-1, 0, 3, 0}};
const Matrix kGeneral = {{1, 2, 0, 0}, {-1, 0, 0.5, 0}, {0, 4, -2, 3}, {0, 0, 0, 0}};

std::string market(const Matrix& a) {
  std::string lines;
  int count = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a.size(); ++j)
      if (a[i][j] != 0) lines += fmt::format("{} {} {}\n", i + 1, j + 1, a[i][j]), ++count;
  return fmt::format("%%MatrixMarket matrix coordinate real general\n{0} {0} {1}\n{2}", a.size(), count,
                     lines);
}

Problem parse(const std::string& text, const std::string& kind) {
  return parse_problem(lehr::test::bytes_of(text), "m.mtx", {.kind = kind});
}

TEST(MatrixFormats, MatrixMarketMeansWhatKindSays) {
  const Problem qubo = parse(market(kGeneral), "qubo"), graph = parse(market(kSymmetric), "max_cut");
  Matrix with_fields = kSymmetric;
  with_fields[1][1] = -0.75;
  const Problem ising = parse(market(with_fields), "ising");
  Matrix upper = kSymmetric;
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < i; ++j) upper[i][j] = 0;
  const Problem triangle = parse(market(upper), "max_cut");
  const Problem symmetric = parse(
      "%%MatrixMarket matrix coordinate real symmetric\n4 4 4\n2 1 2\n3 2 .5\n4 1 -1\n4 3 3\n", "max_cut");
  test::for_all_states(4, [&](const Spins& s) {
    EXPECT_DOUBLE_EQ(qubo.objective_of(s), quadratic_form(kGeneral, s));
    EXPECT_DOUBLE_EQ(graph.objective_of(s), cut(kSymmetric, s));
    EXPECT_DOUBLE_EQ(triangle.objective_of(s), cut(kSymmetric, s)) << "one triangle is enough";
    EXPECT_DOUBLE_EQ(symmetric.objective_of(s), cut(kSymmetric, s));
    EXPECT_DOUBLE_EQ(ising.objective_of(s), ising_energy(with_fields, s));
  });
}

TEST(MatrixFormats, DenseArrays) {
  const lehr::test::TemporaryFolder folder;
  std::vector<double> flat;
  for (const auto& row : kGeneral) flat.insert(flat.end(), row.begin(), row.end());
  write_npy(folder / "q.npy", tensor_view<double>(flat, {4, 4}));
  const Problem qubo = read_problem(folder / "q.npy", {.kind = "qubo"});
  test::for_all_states(
      4, [&](const Spins& s) { EXPECT_DOUBLE_EQ(qubo.objective_of(s), quadratic_form(kGeneral, s)); });
  write_npy(folder / "flat.npy", tensor_view<double>(flat, {16}));
  EXPECT_THAT(
      lehr::test::message_of<InvalidInput>([&] { read_problem(folder / "flat.npy", {.kind = "qubo"}); }),
      HasSubstr("expected a square matrix, found an array of shape [16]"));
}

TEST(MatrixFormats, CompressedRowsAreChecked) {
  const lehr::test::TemporaryFolder folder;
  const std::vector<double> data{1, 2};
  const std::vector<std::int64_t> shape{2, 2};
  const auto refusal = [&](std::vector<std::int64_t> indices, std::vector<std::int64_t> starts) {
    write_npz(folder / "m.npz",
              {{"data", tensor_view<double>(data, {2})},
               {"shape", tensor_view<std::int64_t>(shape, {2})},
               {"indices", tensor_view<std::int64_t>(indices, {static_cast<std::int64_t>(indices.size())})},
               {"indptr", tensor_view<std::int64_t>(starts, {static_cast<std::int64_t>(starts.size())})}});
    return lehr::test::message_of<InvalidInput>([&] { read_problem(folder / "m.npz", {.kind = "qubo"}); });
  };
  EXPECT_THAT(refusal({0, 2}, {0, 1, 2}), HasSubstr("array indices: index 2 of a matrix of 2 rows"));
  EXPECT_THAT(refusal({0, -1}, {0, 1, 2}), HasSubstr("array indices: index -1"));
  for (const std::vector<std::int64_t>& starts :
       {std::vector<std::int64_t>{0, 1}, {0, 3, 2}, {1, 1, 2}, {0, 1, 1}, {0, -5, 2}, {}})
    EXPECT_THAT(refusal({0, 1}, starts), HasSubstr("not a compressed sparse matrix"));
  EXPECT_THAT(refusal({0}, {0, 1, 2}), HasSubstr("not a compressed sparse matrix"));
  const std::string whole = lehr::test::content_of(folder / "m.npz");
  for (std::size_t length = 4; length < whole.size(); length += 37) {
    lehr::test::put(folder / "cut.npz", std::string_view(whole).substr(0, length));
    EXPECT_THAT(
        lehr::test::message_of<InvalidInput>([&] { read_problem(folder / "cut.npz", {.kind = "qubo"}); }),
        HasSubstr("cut.npz"));
  }
}

// SciPy is the judge of both directions.
TEST(MatrixFormats, ScipyAgrees) {
  const std::string python = lehr::test::python_with("scipy.sparse");
  if (python.empty()) GTEST_SKIP() << "SciPy is not installed";
  const lehr::test::TemporaryFolder folder;
  const Problem graph = parse(market(kSymmetric), "max_cut"), qubo = parse(market(kGeneral), "qubo");
  write_problem(folder / "graph.npz", graph);
  write_problem(folder / "qubo.npz", qubo);
  write_problem(folder / "qubo.mtx", qubo);
  lehr::test::put(folder / "check.py", R"(
import numpy as np, scipy.io, scipy.sparse as sp, sys
folder = sys.argv[1] + "/"
a = np.array([[0, 2, 0, -1], [2, 0, 0.5, 0], [0, 0.5, 0, 3], [-1, 0, 3, 0]])
q = np.array([[1, 2, 0, 0], [-1, 0, 0.5, 0], [0, 4, -2, 3], [0, 0, 0, 0]])
assert sp.load_npz(folder + "graph.npz").toarray().tolist() == a.tolist()
assert sp.load_npz(folder + "qubo.npz").toarray().tolist() == ((q + q.T) / 2).tolist()
assert scipy.io.mmread(folder + "qubo.mtx").toarray().tolist() == ((q + q.T) / 2).tolist()
sp.save_npz(folder + "csr.npz", sp.csr_matrix(q))
sp.save_npz(folder + "csc.npz", sp.csc_matrix(q), compressed=False)
sp.save_npz(folder + "coo.npz", sp.coo_matrix(q.astype(np.float32)))
sp.save_npz(folder + "dia.npz", sp.dia_matrix(q))
)");
  const std::string command =
      fmt::format("{} {} {}", python, (folder / "check.py").string(), folder.path().string());
  ASSERT_EQ(std::system(command.c_str()), 0);
  for (const char* const name : {"csr.npz", "csc.npz", "coo.npz"}) {
    const Problem read = read_problem(folder / name, {.kind = "qubo"});
    test::for_all_states(4, [&](const Spins& s) {
      EXPECT_DOUBLE_EQ(read.objective_of(s), quadratic_form(kGeneral, s)) << name;
    });
  }
  EXPECT_THAT(
      lehr::test::message_of<InvalidInput>([&] { read_problem(folder / "dia.npz", {.kind = "qubo"}); }),
      HasSubstr("no arrays indptr and indices"));
}

}  // namespace
}  // namespace lehr::spin
