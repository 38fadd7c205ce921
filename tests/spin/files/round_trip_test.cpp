// Problems written in each format and read back: the energies of random states stay.
#include <gmock/gmock.h>

#include "lehr/spin/files/generate.hpp"
#include "lehr/spin/files/problem_file.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Index n = 11;

std::vector<Coupling> random_couplings(bool integral) {
  Stream random(Seed{5}, lane("couplings"));
  std::vector<Coupling> couplings;
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < i; ++j)
      if (uniform(random) < 0.5)
        couplings.push_back(
            {i, j, integral ? static_cast<double>(uniform_index(random, 21) - 10) : normal(random)});
  return couplings;
}
std::vector<double> random_linear() {
  Stream random(Seed{6}, lane("linear"));
  std::vector<double> linear(n);
  for (double& value : linear) value = normal(random);
  return linear;
}

Problem graph() { return max_cut_problem(n, random_couplings(false)); }
Problem ising() { return ising_problem(IsingModel(random_linear(), random_couplings(false), 0.75)); }
Problem qubo(bool maximise) { return qubo_problem(random_linear(), random_couplings(false), -2.5, maximise); }

struct ReadBack {
  Problem problem;
  std::vector<std::string> notes;
};

ReadBack through(const Problem& problem, Format format) {
  const lehr::test::TemporaryFolder folder;
  const auto file = folder / ("problem." + std::string(name(format)));
  ReadBack result;
  result.notes = write_problem(file, problem);
  ReadOptions options;
  if (format == Format::npy) options.kind = problem.kind == ProblemKind::qubo ? "qubo" : name(problem.kind);
  result.problem = read_problem(file, options);
  return result;
}

std::vector<Spins> some_states() {
  std::vector<Spins> states;
  for (std::uint64_t seed = 0; seed < 50; ++seed) states.push_back(test::random_state(n, seed));
  return states;
}

// The formats that hold the problem's own objective.
TEST(RoundTrip, ObjectivesStayWhereTheFormatHoldsThem) {
  const std::vector<std::pair<Problem, std::vector<Format>>> cases = {
      {graph(), {Format::mc, Format::mtx, Format::npz, Format::npy}},
      {ising(), {Format::ising, Format::coo, Format::bqm, Format::hubo, Format::mtx, Format::npz}},
      {qubo(false), {Format::qubo, Format::coo, Format::bqm, Format::hubo, Format::mtx, Format::npz}}};
  for (const auto& [problem, formats] : cases)
    for (const Format format : formats) {
      const ReadBack back = through(problem, format);
      EXPECT_EQ(back.problem.kind, problem.kind) << name(format);
      EXPECT_EQ(back.problem.ising.couplings(), problem.ising.couplings()) << name(format);
      for (const Spins& s : some_states())
        EXPECT_NEAR(back.problem.objective_of(s), problem.objective_of(s), 1e-12) << name(format);
    }
}

// In the other formats the objective is another one, which the energies follow to a constant.
TEST(RoundTrip, DifferencesOfEnergiesStayInEveryFormat) {
  for (const Problem& problem : {graph(), ising(), qubo(false), qubo(true)})
    for (const FormatInfo& info : formats()) {
      const Problem back = through(problem, info.format).problem;
      const bool has_extra_vertex = info.format == Format::mc && problem.kind != ProblemKind::max_cut;
      ASSERT_EQ(back.size(), has_extra_vertex ? n + 1 : n) << info.name;
      const auto energy = [&](Spins s) {
        if (has_extra_vertex) s.push_back(1);
        return back.energy_of(s);
      };
      const Spins reference(n, 1);
      // H may be scaled where the objective is written (a cut is -H / 2).
      const bool halved = problem.kind == ProblemKind::max_cut && back.kind == ProblemKind::qubo;
      for (const Spins& s : some_states())
        EXPECT_NEAR(energy(s) - energy(reference),
                    (problem.energy_of(s) - problem.energy_of(reference)) * (halved ? 0.5 : 1), 1e-11)
            << name(problem.kind) << " as " << info.name;
    }
}

TEST(RoundTrip, IntegersStayExact) {
  const Problem problem = max_cut_problem(n, random_couplings(true));
  for (const Format format : {Format::mc, Format::ising, Format::qubo, Format::bqp, Format::sparse}) {
    const Problem back = through(problem, format).problem;
    for (const Spins& s : some_states())
      EXPECT_EQ(std::abs(back.objective_of(s)),
                std::abs(format == Format::ising ? problem.energy_of(s) : problem.objective_of(s)))
          << name(format);
  }
}

TEST(RoundTrip, ProblemsWithoutCouplingsStay) {
  const Problem fields = ising_problem(IsingModel({1, 0, -2}, {})),
                nothing = ising_problem(IsingModel({0, 0}, {}));
  for (const Format format :
       {Format::ising, Format::coo, Format::bqm, Format::hubo, Format::mtx, Format::npz})
    for (const Problem& problem : {fields, nothing}) {
      const Problem back = through(problem, format).problem;
      ASSERT_EQ(back.size(), problem.size()) << name(format);
      test::for_all_states(problem.size(), [&](const Spins& s) {
        EXPECT_EQ(back.energy_of(s), problem.energy_of(s)) << name(format);
      });
    }
}

TEST(RoundTrip, NotesSayWhatChanged) {
  EXPECT_THAT(through(graph(), Format::mc).notes, IsEmpty());
  EXPECT_THAT(through(graph(), Format::qubo).notes,
              Contains(HasSubstr("the file holds the negated objective")));
  EXPECT_THAT(through(graph(), Format::ising).notes, Contains(HasSubstr("objective = -0.5 * H + ")));
  EXPECT_THAT(through(ising(), Format::mc).notes,
              Contains("11 fields became edges to the added vertex 12; flip "
                       "states so that it is +1"));
  EXPECT_THAT(through(ising(), Format::npy).notes, Contains(HasSubstr("add 0.75 to its values")));
  EXPECT_THAT(through(qubo(false), Format::qubo).notes, Contains(HasSubstr("which qbsolv does not read")));
  EXPECT_THAT(through(qubo(true), Format::bqp).notes, Contains(HasSubstr("add -2.5")));
}

// What the note of a graph says: objective = a - b cut.
TEST(RoundTrip, GraphsOfOtherProblemsTellTheObjective) {
  const Problem problem = qubo(true);
  const ReadBack back = through(problem, Format::mc);
  const std::string note = back.notes.back();
  double a = 0, b = 0;
  ASSERT_EQ(std::sscanf(note.c_str(), "the file is a graph to cut: objective = %lf - %lf * cut", &a, &b), 2)
      << note;
  for (Spins s : some_states()) {
    const double expected = problem.objective_of(s);
    s.push_back(1);
    EXPECT_NEAR(a - b * back.problem.objective_of(s), expected, 1e-9);
  }
}

TEST(RoundTrip, HigherOrdersNeedHubo) {
  const std::vector<Term> terms{{{0, 1, 2}, 1.25}, {{1, 3}, -2}, {{2}, 1e-20}};
  for (const Vartype vartype : {Vartype::spin, Vartype::binary}) {
    Problem problem = polynomial_problem({5, terms, vartype, 3});
    problem.labels = {"a", "b", "c", "d", "e"};
    const Problem back = through(problem, Format::hubo).problem;
    EXPECT_EQ(back.labels, problem.labels);
    test::for_all_states(5,
                         [&](const Spins& s) { EXPECT_EQ(back.objective_of(s), problem.objective_of(s)); });
    for (const FormatInfo& info : formats()) {
      if (info.format == Format::hubo) continue;
      EXPECT_THAT(lehr::test::message_of<InvalidInput>([&] { through(problem, info.format); }),
                  HasSubstr("terms of up to 3 variables"));
    }
  }
}

TEST(RoundTrip, LabelsStayInJsonAndAreNotedElsewhere) {
  Problem problem = ising();
  for (Index i = 0; i < n; ++i) problem.labels.push_back(fmt::format("spin \"{}\"", i));
  EXPECT_EQ(through(problem, Format::bqm).problem.labels, problem.labels);
  EXPECT_THAT(through(problem, Format::ising).notes, Contains(HasSubstr("labels are left out")));
}

TEST(RoundTrip, DimodReadsNoExponents) {
  const Problem problem = ising_problem(IsingModel({1e-20, 1e20}, std::vector<Coupling>{{0, 1, -2.5e-7}}));
  const std::string text = problem_text(problem, Format::coo);
  EXPECT_THAT(text, HasSubstr("0 0 0.00000000000000000001\n"));
  EXPECT_THAT(text, HasSubstr("1 1 100000000000000000000\n"));
  EXPECT_THAT(text, HasSubstr("0 1 -0.00000025\n"));
}

TEST(RoundTrip, UnknownExtensionsAreRefused) {
  EXPECT_THAT(lehr::test::message_of<InvalidInput>([&] { write_problem("p.xyz", graph()); }),
              HasSubstr("p.xyz: no format has the extension '.xyz'; name one of mc, qubo"));
}

}  // namespace
}  // namespace lehr::spin
