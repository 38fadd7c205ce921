#include "lehr/spin/files/states_file.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "lehr/core/errors.hpp"
#include "lehr/core/json.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Problem ring(Index n) {
  std::vector<Coupling> edges;
  for (Index i = 0; i < n; ++i) edges.push_back({i, (i + 1) % n, 1});
  Problem problem = max_cut_problem(n, edges);
  problem.name = "ring";
  return problem;
}

std::vector<Solution> solutions_of(const Problem& problem) {
  std::vector<Solution> solutions;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Spins s = test::random_state(problem.size(), seed);
    const double energy = problem.energy_of(s);
    solutions.push_back({std::move(s), energy, static_cast<std::int64_t>(seed + 1)});
  }
  return solutions;
}

TEST(StatesFile, TextAndPackedBitsReadBack) {
  const lehr::test::TemporaryFolder folder;
  for (const Index n : {3, 8, 13, 100}) {
    const Problem problem = ring(n);
    const auto solutions = solutions_of(problem);
    for (const char* const name : {"states.txt", "states.npy"}) {
      write_states(folder / name, problem, solutions);
      const std::vector<Spins> read = read_states(folder / name, n);
      ASSERT_EQ(read.size(), solutions.size());
      for (std::size_t k = 0; k < read.size(); ++k) EXPECT_EQ(read[k], solutions[k].spins) << name;
    }
  }
}

TEST(StatesFile, EachFormatShowsObjectiveAndState) {
  const Problem cut = ring(4), bits = qubo_problem({1, 2, 4, 8}, {}, 0, false);
  const std::vector<Solution> found{{{1, -1, 1, 1}, 0, 7}};
  EXPECT_EQ(states_text(cut, found, StatesFormat::text), "# state objective occurrences\n+-++ 2 7\n");
  EXPECT_EQ(states_text(bits, std::vector<Solution>{{{1, -1, 1, 1}, 13, 1}}, StatesFormat::text),
            "# state objective occurrences\n1011 13 1\n");
  EXPECT_EQ(states_text(cut, found, StatesFormat::csv), "objective,energy,occurrences,state\n2,0,7,+-++\n");
  const Json json = parse_json(states_text(cut, found, StatesFormat::json), "states");
  EXPECT_EQ(json["problem"], "ring");
  EXPECT_EQ(json["states"][0]["objective"], 2);
  EXPECT_EQ(json["states"][0]["occurrences"], 7);
  EXPECT_EQ(json["states"][0]["state"], "+-++");
}

TEST(StatesFile, NumbersAreReadToo) {
  const auto parse = [](std::string_view text, Index n) {
    return parse_states(lehr::test::bytes_of(text), "s.txt", n);
  };
  EXPECT_THAT(parse("# start\n1 -1 +1\n\n0 1 0\n", 3), ElementsAre(Spins{1, -1, 1}, Spins{-1, 1, -1}));
  EXPECT_THAT(parse("0110", 4), ElementsAre(Spins{-1, 1, 1, -1}));
  EXPECT_THAT(parse("+ -1.5 3\n- 2 1\n", 1), ElementsAre(Spins{1}, Spins{-1}));
}

TEST(StatesFile, FaultsAreRefused) {
  const auto refusal = [](std::string_view text, Index n) {
    return lehr::test::message_of<InvalidInput>(
        [&] { parse_states(lehr::test::bytes_of(text), "s.txt", n); });
  };
  EXPECT_EQ(refusal("", 3), "s.txt: no states");
  EXPECT_EQ(refusal("1 -1\n", 3), "s.txt:1: expected a state of 3 variables, found 2");
  EXPECT_EQ(refusal("+-+-\n", 3), "s.txt:1: expected a spin (1 or -1) or a bit (1 or 0), found '+-+-'");
  EXPECT_EQ(refusal("+-x\n", 3), "s.txt:1: expected a spin (1 or -1) or a bit (1 or 0), found 'x'");
  EXPECT_EQ(refusal("1 1 1 1\n", 3), "s.txt:1: expected the end of the line, found '1'");
  EXPECT_EQ(refusal("+", 0), "s.txt: states of 0 variables");
  EXPECT_THAT(refusal("\x93NUMPY", 3), HasSubstr("s.txt"));
}

TEST(StatesFile, NumpyPacksTheSameBits) {
  const std::string python = lehr::test::python_with("numpy");
  if (python.empty()) GTEST_SKIP() << "NumPy is not installed";
  const lehr::test::TemporaryFolder folder;
  const Problem problem = ring(13);
  const auto solutions = solutions_of(problem);
  write_states(folder / "ours.npy", problem, solutions);
  write_states(folder / "ours.txt", problem, solutions);
  lehr::test::put(folder / "check.py", R"(
import numpy as np, sys
folder = sys.argv[1] + "/"
text = [line.split()[0] for line in open(folder + "ours.txt") if not line.startswith("#")]
bits = np.array([[c == "+" for c in line] for line in text])
assert (np.unpackbits(np.load(folder + "ours.npy"), axis=1)[:, :13] == bits).all()
np.save(folder + "spins.npy", 2 * bits.astype(np.int8) - 1)
np.save(folder + "bits.npy", bits)
np.save(folder + "wrong.npy", np.full((2, 13), 0.5))
)");
  const std::string command =
      fmt::format("{} {} {}", python, (folder / "check.py").string(), folder.path().string());
  ASSERT_EQ(std::system(command.c_str()), 0);
  for (const char* const name : {"spins.npy", "bits.npy"}) {
    const std::vector<Spins> read = read_states(folder / name, 13);
    ASSERT_EQ(read.size(), solutions.size());
    for (std::size_t k = 0; k < read.size(); ++k) EXPECT_EQ(read[k], solutions[k].spins);
  }
  EXPECT_THAT(lehr::test::message_of<InvalidInput>([&] { read_states(folder / "wrong.npy", 13); }),
              HasSubstr("state 0, variable 0: expected 1, -1 or 0, found 0.5"));
  EXPECT_THAT(lehr::test::message_of<InvalidInput>([&] { read_states(folder / "bits.npy", 14); }),
              HasSubstr("expected states of 14 variables"));
}

}  // namespace
}  // namespace lehr::spin
