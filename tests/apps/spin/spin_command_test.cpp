// `lehr anneal` and `lehr spin ...` as a person or a script meets them.
#include <cmath>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

class SpinCommand : public lehr::test::CommandLine {
 protected:
  // A ring of six with one chord: cuts 6 of its 7 edges.
  void write_ring() const { write("ring.mc", "6 7\n1 2 1\n2 3 1\n3 4 1\n4 5 1\n5 6 1\n6 1 1\n1 3 1\n"); }
};

TEST_F(SpinCommand, EveryMethodCutsARing) {
  write_ring();
  for (const char* method :
       {"anneal", "parallel_tempering", "population_annealing", "simulated_quantum_annealing", "tabu",
        "simulated_bifurcation", "greedy", "exact"}) {
    const auto outcome = lehr(std::string("spin solve ring.mc --sweeps 20 --json --method ") + method);
    ASSERT_EQ(outcome.code, 0) << method << outcome.err;
    const Json result = Json::parse(outcome.out);
    EXPECT_EQ(result["objective"], 6) << method;
    EXPECT_EQ(result["states"][0]["state"].get<std::string>().size(), 6u) << method;
  }
}

TEST_F(SpinCommand, ResultsDoNotDependOnThreads) {
  std::string first;
  for (const char* threads : {"1", "2", "8"}) {
    const auto outcome =
        lehr(std::string("anneal --generate.seed 3 --generate.family lattice3d --generate.rows 6 --reads 200 "
                         "--sweeps 100 --json --threads ") +
             threads);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    Json result = Json::parse(outcome.out);
    result.erase("seconds");
    if (first.empty()) first = result.dump();
    EXPECT_EQ(result.dump(), first) << threads;
  }
}

TEST_F(SpinCommand, ReportsPagesAndStates) {
  write_ring();
  const auto outcome = lehr("anneal ring.mc --sweeps 50 --out run --states best.txt");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "report.html"));
  EXPECT_NE(content(folder_ / "best.txt").find('+'), std::string::npos);
  EXPECT_EQ(lehr("anneal ring.mc --initial best.txt --beta 50 --sweeps 1 --json").code, 0);
}

TEST_F(SpinCommand, SamplesWithStandardErrors) {
  write("pair.ising", "2 1\n0 1 -1\n");
  for (const char* method : {"chain", "exact"}) {
    const auto outcome = lehr(
        std::string("spin sample pair.ising --beta 0.5 --reads 4000 --sweeps 200 --json --method ") + method);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Json metrics = Json::parse(outcome.out)["metrics"];
    const double energy = metrics["energy"], error = metrics["energy_error"];
    EXPECT_GT(error, 0);
    EXPECT_NEAR(energy, -std::tanh(0.5), 4 * error) << method;
  }
}

TEST_F(SpinCommand, MeasuresTimeToSolution) {
  write_ring();
  const auto outcome = lehr("spin tts ring.mc --sweeps 5 20 --reads 64 --reference-sweeps 100 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_GE(Json::parse(outcome.out)["tts_sweeps"].get<double>(), 5);
}

TEST_F(SpinCommand, ARoomListsItsVerbs) {
  for (const char* words : {"spin", "spin --help"}) {
    const auto outcome = lehr(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("  convert "), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("(`lehr anneal`)"), std::string::npos) << outcome.out;
  }
  expect_one_line_error("spin slove", "spin has no verb 'slove' (did you mean 'solve'?)");
}

TEST_F(SpinCommand, CountsAreToldInFull) {
  std::string path = "1000000 1000\n";
  for (int i = 1; i <= 1000; ++i) path += fmt::format("{} {} 1\n", i, i + 1);
  write("path.mc", path);
  const auto outcome = lehr("spin convert path.mc path.ising");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("1000000"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("e+"), std::string::npos) << outcome.out;
}

// A run that Ctrl-C ended is only resumed with the options that it had.
TEST_F(SpinCommand, AMemoryIsResumedWithItsOwnOptions) {
  const std::string memory =
      "spin multitask --count 2 --size 4000 --json --out run --resume --save-every 0.005 ";
  const pid_t child = start(memory + "--sweeps 10000000");
  for (int wait = 0; wait < 2000 && !std::filesystem::exists(folder_ / "run" / "checkpoint.safetensors");
       ++wait)
    usleep(10'000);
  kill(child, SIGKILL);
  EXPECT_EQ(lehr::test::exit_status(child), lehr::test::killed);
  expect_one_line_error(memory + "--sweeps 20",
                        "checkpoint.safetensors: the checkpoint is of a run with other");
  expect_one_line_error(memory + "--sweeps 10000000 --dilution 0.3", "dilution was '0.45', is '0.3'");
}

TEST_F(SpinCommand, RefusesInOneLine) {
  write_ring();
  expect_one_line_error("anneal", "give a file");
  expect_one_line_error("anneal nosuch.mc", "nosuch.mc");
  expect_one_line_error("anneal ring.mc --method sa", "method");
  expect_one_line_error("anneal ring.mc --betta 3", "--beta");
  expect_one_line_error("anneal ring.mc --beta 1 --temperature 2", "beta and temperature");
  expect_one_line_error("anneal ring.mc --beta 'geometric(from=-1, to=2)'", "from");
  expect_one_line_error("spin sample ring.mc", "beta or temperature");
  expect_one_line_error("spin tts", "problems");
  write("loop.mc", "2 1\n1 1 1\n");
  expect_one_line_error("anneal loop.mc", "loop.mc:2");
  write("range.mc", "2 1\n1 7 1\n");
  expect_one_line_error("anneal range.mc", "range.mc:2");
  write("nan.mc", "2 1\n1 2 nan\n");
  expect_one_line_error("anneal nan.mc", "nan.mc:2");
}

}  // namespace
