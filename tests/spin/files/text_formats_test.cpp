// The text formats against the objective that the test computes straight from the file's lines.
#include <gmock/gmock.h>

#include <bit>
#include <sstream>

#include "lehr/spin/files/problem_file.hpp"
#include "lehr/spin/flip_model.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Problem parse(std::string_view text, std::string_view name, const ReadOptions& options = {}) {
  return parse_problem(lehr::test::bytes_of(text), name, options);
}

struct Line {
  std::size_t i, j;
  double w;
};

// The lines "i j w" of `text`.
std::vector<Line> lines_of(const std::string& text) {
  std::vector<Line> lines;
  std::istringstream in(text);
  for (Line line{}; in >> line.i >> line.j >> line.w;) lines.push_back(line);
  return lines;
}

TEST(TextFormats, GraphsAreCut) {
  const std::string edges = "1 2 3\n2 3 -1\n4 1 2.5\n3 4 1e1\n";
  const auto lines = lines_of(edges);
  for (const char* const name : {"g.mc", "g.rud", "torus.dat", "G1"}) {
    const Problem problem = parse("4 4\n" + edges, name);
    EXPECT_EQ(problem.kind, ProblemKind::max_cut);
    EXPECT_EQ(problem.first_index, 1);
    EXPECT_EQ(problem.name, name);
    test::for_all_states(4, [&](const Spins& s) {
      double cut = 0;
      for (const auto& [i, j, w] : lines)
        if (s[i - 1] != s[j - 1]) cut += w;
      EXPECT_DOUBLE_EQ(problem.objective_of(s), cut);
    });
  }
}

TEST(TextFormats, WeightsOfGraphsMayBeLeftOut) {
  const Problem problem = parse("\xEF\xBB\xBF# triangle\r\n 3\t3 \r\n\r\n1 2\r\n2 3 \r\n1 3", "g.mc");
  EXPECT_EQ(problem.objective_of(Spins{1, -1, 1}), 2);
  EXPECT_EQ(problem.objective_of(Spins{1, 1, 1}), 0);
}

TEST(TextFormats, QuboIsMinimised) {
  const std::string nodes = "0 0 -4\n2 2 1.5\n", couplers = "0 1 3\n1 3 -2\n";
  const auto lines = lines_of(nodes + couplers);
  const Problem problem = parse("c comment\np qubo 0 4 2 2\n" + nodes + "c more\n" + couplers, "a.qubo");
  EXPECT_EQ(problem.kind, ProblemKind::qubo);
  EXPECT_FALSE(problem.maximise());
  EXPECT_EQ(problem.size(), 4);
  test::for_all_states(4, [&](const Spins& s) {
    double value = 0;
    for (const auto& [i, j, w] : lines) value += w * test::bit(s, i) * test::bit(s, j);
    EXPECT_DOUBLE_EQ(problem.objective_of(s), value);
  });
}

// x'Qx with symmetric Q: off-diagonal elements count twice.
TEST(TextFormats, BinaryQuadraticProgramsAreSymmetric) {
  const std::string entries = "1 1 -5\n1 2 3\n2 3 -4\n3 3 2\n";
  const auto lines = lines_of(entries);
  const Problem maximised = parse("1\n3 4\n" + entries, "bqp.txt");
  const Problem minimised = parse("3 4\n" + entries, "b.sparse");
  EXPECT_TRUE(maximised.maximise());
  EXPECT_FALSE(minimised.maximise());
  test::for_all_states(3, [&](const Spins& s) {
    double value = 0;
    for (const auto& [i, j, w] : lines)
      value += (i == j ? 1 : 2) * w * test::bit(s, i - 1) * test::bit(s, j - 1);
    EXPECT_DOUBLE_EQ(maximised.objective_of(s), value);
    EXPECT_DOUBLE_EQ(minimised.objective_of(s), value);
  });
}

TEST(TextFormats, InstancesAreChosen) {
  const std::string text = "3\n2 1\n1 1 10\n2 1\n1 1 20\n1 1\n1 1 30\n";
  const lehr::test::TemporaryFolder folder;
  lehr::test::put(folder / "bqp.txt", text);
  const Problem second = read_problem(folder.path() / "bqp.txt#2");
  EXPECT_EQ(second.objective_of(Spins{1, 1}), 20);
  EXPECT_EQ(second.name, "bqp.txt#2");
  EXPECT_EQ(parse(text, "bqp.txt", {.instance = 3}).size(), 1);
  EXPECT_THAT(lehr::test::message_of<InvalidInput>([&] { parse(text, "bqp.txt"); }),
              HasSubstr("bqp.txt: the file holds 3 instances; choose one by --instance, or as bqp.txt#1"));
  EXPECT_THAT(lehr::test::message_of<InvalidInput>([&] { parse(text, "bqp.txt", {.instance = 4}); }),
              HasSubstr("instance 4 of 3"));
}

TEST(TextFormats, IsingAndCooHoldFieldsOnTheDiagonal) {
  const std::string entries = "0 0 -0.5\n0 1 2\n2 1 -1.5\n2 2 1\n";
  const auto lines = lines_of(entries);
  const Problem ising = parse("# offset=0.25\n3 4\n" + entries, "m.ising");
  const Problem spins = parse("# vartype=SPIN\n" + entries, "m.coo");
  const Problem bits = parse("# vartype=BINARY\n" + entries, "m.coo");
  EXPECT_EQ(bits.kind, ProblemKind::qubo);
  test::for_all_states(3, [&](const Spins& s) {
    double of_spins = 0, of_bits = 0;
    for (const auto& [i, j, w] : lines) {
      of_spins += i == j ? w * s[i] : w * s[i] * s[j];
      of_bits += w * test::bit(s, i) * test::bit(s, j);
    }
    EXPECT_DOUBLE_EQ(ising.objective_of(s), of_spins + 0.25);
    EXPECT_DOUBLE_EQ(spins.objective_of(s), of_spins);
    EXPECT_DOUBLE_EQ(bits.objective_of(s), of_bits);
  });
}

TEST(TextFormats, CooVariablesAreThoseThatAppear) {
  const Problem problem = parse("# vartype=SPIN\n7 2000000000 1.5\n7 7 1\n3 7 2\n", "a.coo");
  EXPECT_THAT(problem.labels, ElementsAre("3", "7", "2000000000"));
  EXPECT_EQ(problem.objective_of(Spins{1, 1, -1}), -1.5 + 1 + 2);
  EXPECT_TRUE(parse("# vartype=SPIN\n1 0 1\n", "a.coo").labels.empty());
  EXPECT_EQ(parse("0 1 1\n", "a.coo", {.vartype = "binary"}).kind, ProblemKind::qubo);
}

TEST(TextFormats, RepeatedEntriesAddUpOrAreRefused) {
  const std::string text = "3 5\n2 3 1\n1 2 1\n3 2 4\n1 2 1\n2 1 1\n";
  const Problem problem = parse(text, "g.mc");
  EXPECT_EQ(problem.objective_of(Spins{1, -1, 1}), 8);
  EXPECT_THAT(problem.notes,
              ElementsAre("3 repeated entries were added up (the first: 2 3 on line 4 repeats line 2)"));
  EXPECT_EQ(lehr::test::message_of<InvalidInput>([&] { parse(text, "g.mc", {.strict = true}); }),
            "g.mc:4: entry 2 3 repeats the one on line 2 (strict reading)");
  const Problem diagonal = parse("1 2\n0 0 1\n0 0 2\n", "m.ising");
  EXPECT_EQ(diagonal.objective_of(Spins{1}), 3);
  EXPECT_THAT(diagonal.notes,
              ElementsAre("1 repeated entry was added up (the first: 0 0 on line 3 repeats line 2)"));
}

TEST(TextFormats, FormatsAreFoundByContentWhereNeeded) {
  const auto format = [](std::string_view text, std::string_view name = "problem.txt") {
    return detect_format(lehr::test::bytes_of(text), name);
  };
  EXPECT_EQ(format("3 1\n1 2 1\n"), Format::mc);
  EXPECT_EQ(format("3 2\n0 0 1\n0 2 1\n"), Format::ising);
  EXPECT_EQ(format("c x\np qubo 0 1 1 0\n0 0 1\n"), Format::qubo);
  EXPECT_EQ(format("10\n50 123\n1 2 3\n"), Format::bqp);
  EXPECT_EQ(format("# vartype=SPIN\n0 1 1\n"), Format::coo);
  EXPECT_EQ(format("%%MatrixMarket matrix coordinate real general\n"), Format::mtx);
  EXPECT_EQ(format("{\"linear\": {}, \"quadratic\": {}}"), Format::bqm);
  EXPECT_EQ(format("[[[0, 1, 2], 1]]"), Format::hubo);
  EXPECT_EQ(format("\x93NUMPY"), Format::npy);
  EXPECT_EQ(format("0 0 1", "A.QUBO"), Format::qubo);
  EXPECT_THAT(lehr::test::message_of<InvalidInput>([&] { format("hello world"); }),
              HasSubstr("problem.txt: the format cannot be told"));
  EXPECT_THAT(lehr::test::message_of<InvalidInput>([&] { format("\x1f\x8b\x08", "G1.gz"); }),
              HasSubstr("compressed by gzip"));
  EXPECT_EQ(lehr::test::message_of<InvalidInput>([&] { parse("1 0", "a.mc", {.format = "qbo"}); }),
            "a.mc: unknown format 'qbo' (did you mean 'qubo'?)");
}

TEST(TextFormats, ProgressIsReported) {
  std::string text = "2 300000\n";
  for (int k = 0; k < 300000; ++k) text += "1 2 1\n";
  std::vector<std::uint64_t> seen;
  const auto see = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, text.size());
    seen.push_back(done);
  };
  parse(text, "g.mc", {.progress = see});
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_GE(seen.size(), 3U);
  EXPECT_EQ(seen.front(), 0U);
  EXPECT_EQ(seen.back(), text.size());
}

// The least energy and the number of states that have it, by Gray code over all states of `free` spins; the
// others stay +1.
std::pair<double, int> enumerate(const IsingModel& model, Index free) {
  const IsingFlips flips(model);
  auto c = flips.configuration(Spins(static_cast<std::size_t>(model.size()), 1));
  constexpr double kEqual = 1e-7;
  double energy = model.energy(c.spins);
  std::pair<double, int> best{energy, 1};
  for (std::uint64_t k = 1; k < std::uint64_t{1} << free; ++k) {
    const Index i = std::countr_zero(k);
    energy += flips.flip_cost(c, i);
    flips.flip(c, i);
    if (energy < best.first - kEqual)
      best = {energy, 1};
    else if (energy < best.first + kEqual)
      ++best.second;
  }
  return best;
}

// The files of the shared data, against the optima that enumeration and planting certify.
TEST(TextFormats, SharedFilesHaveTheirCertifiedOptima) {
  const auto folder = lehr::test::shared_data("ising-annealing");
  if (folder.empty()) GTEST_SKIP() << "the shared data are not here";
  const Problem cut = read_problem(folder / "pm1_24.mc");
  const Problem qubo = read_problem(folder / "random_22.qubo");
  const Problem glass = read_problem(folder / "sk_field_22.ising");
  EXPECT_EQ(cut.ising.couplings(), 142);
  EXPECT_EQ(glass.ising.couplings(), 231);
  const auto [cut_energy, half_of_cuts] = enumerate(cut.ising, 23);
  EXPECT_EQ(cut.objective(cut_energy), 30);
  EXPECT_EQ(2 * half_of_cuts, 2) << "each cut is that of two states";
  const auto [qubo_energy, qubo_states] = enumerate(qubo.ising, 22);
  EXPECT_NEAR(qubo.objective(qubo_energy), -853, 1e-6);
  EXPECT_EQ(qubo_states, 1);
  const auto [glass_energy, glass_states] = enumerate(glass.ising, 22);
  EXPECT_NEAR(glass_energy, -18.751361, 1e-6);
  EXPECT_EQ(glass_states, 1);
}

TEST(TextFormats, PlantedSharedFileAnnealsToItsPlantedEnergy) {
  const auto folder = lehr::test::shared_data("ising-annealing");
  if (folder.empty()) GTEST_SKIP() << "the shared data are not here";
  const Problem planted = read_problem(folder / "wishart_100_a1.ising");
  const IsingFlips flips(planted.ising);
  double best = 0;
  for (std::uint64_t read = 1; read <= 20; ++read) {
    auto c = flips.configuration(test::random_state(planted.size(), read));
    Stream random(Seed{read}, lane("sweeps"));
    for (int step = 0; step < 500; ++step) sweep(flips, c, 0.1 + 0.02 * step, random);
    best = std::min(best, planted.energy_of(c.spins));
  }
  EXPECT_NEAR(best, -49.323524, 1e-5) << "reached in 20 reads, and never passed";
}

}  // namespace
}  // namespace lehr::spin
