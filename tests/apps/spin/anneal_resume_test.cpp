// `lehr anneal` that is killed at any moment and goes on with --resume ends with the numbers and the states of the run
// that nobody disturbed.
#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::killed;

struct Search {
  const char* method;
  const char* options;  // that make it last for about a third of a second
};
void PrintTo(const Search& search, std::ostream* out) { *out << search.method; }

class AnnealResume : public lehr::test::CommandLine {
 protected:
  static std::string command(const Search& search, const std::string& more) {
    return std::string(
               "anneal --generate.seed 3 --generate.family lattice3d --generate.rows 6 --json --method ") +
           search.method + " " + search.options + " " + more;
  }
  std::filesystem::path checkpoint() const { return folder_ / "cut" / "checkpoint.safetensors"; }
  bool has_checkpoint() const { return std::filesystem::exists(checkpoint()); }
};

class AnnealResumeOf : public AnnealResume, public testing::WithParamInterface<Search> {};

TEST_P(AnnealResumeOf, EqualsTheRunThatWasNotKilled) {
  expect_kills_change_nothing(command(GetParam(), ""), "--states", 8);
}

INSTANTIATE_TEST_SUITE_P(
    Methods, AnnealResumeOf,
    testing::Values(Search{"anneal", "--sweeps 100000 --reads 64"},
                    Search{"parallel_tempering", "--sweeps 6000"},
                    Search{"population_annealing",
                           "--population.population 400 --population.sweeps 30 --sweeps 400 "
                           "--population.beta 'linear(from=0, to=3)'"},
                    Search{"simulated_quantum_annealing", "--sweeps 3000 --quantum.slices 16 --reads 2"}),
    [](const auto& info) { return std::string(info.param.method); });

TEST_F(AnnealResume, ThreadsChangeNothing) {
  for (const Search& search :
       {Search{"anneal", "--sweeps 300 --reads 200"}, Search{"parallel_tempering", "--sweeps 100 --reads 2"},
        Search{"population_annealing", "--population.population 300 --population.sweeps 2"},
        Search{"simulated_quantum_annealing", "--sweeps 20"}, Search{"tabu", "--sweeps 10"},
        Search{"simulated_bifurcation", "--sweeps 100 --reads 64"}}) {
    const std::string one = result(lehr(command(search, "--threads 1")));
    EXPECT_EQ(result(lehr(command(search, "--threads 2"))), one) << search.method;
    EXPECT_EQ(result(lehr(command(search, "--threads 8"))), one) << search.method;
  }
}

// Kills a long run once it has been saved.
TEST_F(AnnealResume, RefusesTheCheckpointOfAnotherRun) {
  const std::string begun = "anneal --generate.seed 3 --sweeps 100000000 --out cut --save-every 0.01";
  const pid_t child = start(begun);
  for (int wait = 0; wait < 2000 && !has_checkpoint(); ++wait) usleep(10'000);
  kill(child, SIGKILL);
  EXPECT_EQ(lehr::test::exit_status(child), killed);
  ASSERT_TRUE(has_checkpoint());
  const std::string other = "anneal --generate.seed 3 --out cut --resume --seconds 0.1 ";
  expect_one_line_error(other + "--sweeps 200", "other options: sweeps was '100000000', is '200'");
  expect_one_line_error(other + "--sweeps 100000000 --rule heat_bath", "rule was '\"metropolis\"', is");
  expect_one_line_error(other + "--sweeps 100000000 --seed 2", "a run with seed 1, this one has seed 2");
  expect_one_line_error(other + "--sweeps 100000000 --generate.rows 11", "problem was");
  EXPECT_EQ(lehr(other + "--sweeps 100000000 --keep 3 --json").code, 0);  // of the result alone
}

TEST_F(AnnealResume, SaysWhereTheRunStarts) {
  const auto outcome = lehr("anneal --generate.seed 3 --sweeps 10 --json --out cut --resume");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.err.find("no checkpoint in cut"), std::string::npos) << outcome.err;
  expect_one_line_error("anneal --generate.seed 3 --save-every 0", "--save-every must be seconds above 0");
}

}  // namespace
