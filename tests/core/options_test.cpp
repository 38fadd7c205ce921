#include "lehr/core/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct CoolingOptions {
  double from = 10;
  double to = 0.05;
  void describe(OptionTable& table) {
    table.add("from", from, "first temperature").above(0).unit("energy");
    table.add("to", to, "last temperature").range(0, 100);
  }
};

struct AnnealOptions {
  std::int64_t reads = 64;
  int sweeps = 1;
  double share = 0.5;
  bool verbose = false;
  std::string move = "single";
  std::vector<double> weights;
  std::vector<std::string> names;
  std::optional<double> cutoff;
  Budget budget = Budget::steps(100);
  CoolingOptions cooling;
  void describe(OptionTable& table) {
    table.add("reads", reads, "independent runs").range(1, 1e6);
    table.add("sweeps", sweeps, "sweeps per step").at_least(1);
    table.add("share", share, "share of accepted moves").range(0, 1).below(1);
    table.add("verbose", verbose, "say more");
    table.add("move", move, "kind of move").choices({"single", "pair", "cluster"});
    table.add("weights", weights, "weights of the moves").range(0, 1);
    table.add("names", names, "names of the moves");
    table.add("cutoff", cutoff, "energy at which to stop");
    table.add("budget", budget, "when to stop");
    table.group("cooling", cooling);
  }
};

struct ProblemOptions {
  std::string problem;
  double size = 0;
  std::vector<double> levels;
  void describe(OptionTable& table) {
    table.add("problem", problem, "the problem's file").required();
    table.add("size", size, "the problem's size").required();
    table.add("levels", levels, "energy levels").required();
  }
};

template <class Options = AnnealOptions>
std::string refusal(const Json& object) {
  return message_of<InvalidInput>([&] {
    Options options;
    read_options(options, object, "arm 'fast'");
  });
}

TEST(Options, AbsentKeysKeepTheirDefaults) {
  AnnealOptions options;
  read_options(options, Json::object(), "arm");
  EXPECT_EQ(options.reads, 64);
  read_options(options, Json(), "arm");
  EXPECT_EQ(describe(options).values(), describe(*std::make_unique<AnnealOptions>()).values());
}

TEST(Options, ReadsEveryType) {
  AnnealOptions options;
  read_options(options,
               {{"reads", 8},
                {"sweeps", 3},
                {"share", 0.25},
                {"verbose", true},
                {"move", "pair"},
                {"weights", {0.1, 1}},
                {"names", {"a", "b"}},
                {"cutoff", -3},
                {"budget", {{"steps", 7}}},
                {"cooling", {{"from", 4}}}},
               "arm");
  EXPECT_EQ(options.reads, 8);
  EXPECT_EQ(options.sweeps, 3);
  EXPECT_EQ(options.share, 0.25);
  EXPECT_TRUE(options.verbose);
  EXPECT_EQ(options.move, "pair");
  EXPECT_THAT(options.weights, ElementsAre(0.1, 1));
  EXPECT_THAT(options.names, ElementsAre("a", "b"));
  EXPECT_EQ(options.cutoff, -3);
  EXPECT_EQ(options.budget.step_limit(), 7);
  EXPECT_EQ(options.cooling.from, 4);
  EXPECT_EQ(options.cooling.to, 0.05);
}

TEST(Options, ValuesReadBackToThemselves) {
  AnnealOptions options;
  const Json values = {
      {"reads", 8}, {"weights", {0.5}}, {"cooling", {{"from", 0.1}, {"to", 3}}}, {"cutoff", 0.25}};
  read_options(options, values, "arm");
  const Json all = describe(options).values();
  AnnealOptions again;
  read_options(again, all, "arm");
  EXPECT_EQ(describe(again).values(), all);
  EXPECT_EQ(all["cooling"]["from"], 0.1);
}

TEST(Options, ANumberWithoutFractionIsAnInteger) {
  AnnealOptions options;
  read_options(options, {{"reads", 8.0}}, "arm");
  EXPECT_EQ(options.reads, 8);
}

TEST(Options, OneValueIsAListOfOne) {
  AnnealOptions options;
  read_options(options, {{"weights", 0.5}}, "arm");
  EXPECT_THAT(options.weights, ElementsAre(0.5));
}

TEST(Options, GroupsMayBeWrittenWithDots) {
  AnnealOptions options;
  read_options(options, {{"cooling.to", 3}}, "arm");
  EXPECT_EQ(options.cooling.to, 3);
}

TEST(Options, UnknownKeysNameTheNearest) {
  EXPECT_EQ(refusal({{"raeds", 8}}), "arm 'fast': unknown option 'raeds' (did you mean 'reads'?)");
  EXPECT_THAT(refusal({{"cooling", {{"form", 8}}}}),
              HasSubstr("unknown option 'cooling.form' (did you mean 'cooling.from'?)"));
  EXPECT_THAT(refusal({{"temperature", 8}}),
              AllOf(HasSubstr("unknown option 'temperature'"), HasSubstr("known: reads")));
}

TEST(Options, WrongTypesNameWhatWasFound) {
  EXPECT_EQ(refusal({{"reads", "many"}}), "arm 'fast': reads: expected an integer, found 'many'");
  EXPECT_THAT(refusal({{"reads", 2.5}}), HasSubstr("reads: expected an integer, found '2.5'"));
  EXPECT_THAT(refusal({{"reads", true}}), HasSubstr("reads: expected an integer"));
  EXPECT_THAT(refusal({{"share", "half"}}), HasSubstr("share: expected a number, found 'half'"));
  EXPECT_THAT(refusal({{"verbose", 1}}), HasSubstr("verbose: expected true or false, found '1'"));
  EXPECT_THAT(refusal({{"move", 3}}), HasSubstr("move: expected text, found '3'"));
  EXPECT_THAT(refusal({{"weights", {0.5, "x"}}}), HasSubstr("weights: expected a number, found 'x'"));
  EXPECT_THAT(refusal({{"names", {1}}}), HasSubstr("names: expected text"));
  EXPECT_THAT(refusal({{"cooling", 3}}), HasSubstr("cooling must be a table, found '3'"));
  EXPECT_THAT(refusal({{"budget", "soon"}}), HasSubstr("budget"));
  EXPECT_THAT(refusal(Json::array({1})), HasSubstr("options must be a table"));
}

TEST(Options, ValuesOutOfRangeNameWhatIsAllowed) {
  EXPECT_EQ(refusal({{"reads", 0}}), "arm 'fast': reads must be integer in [1, 1000000], found 0");
  EXPECT_THAT(refusal({{"sweeps", 0}}), HasSubstr("sweeps must be integer of at least 1, found 0"));
  EXPECT_THAT(refusal({{"share", 1}}), HasSubstr("share must be number in [0, 1), found 1"));
  EXPECT_THAT(refusal({{"share", -0.1}}), HasSubstr("found -0.1"));
  EXPECT_THAT(refusal({{"weights", {0.5, 2}}}),
              HasSubstr("weights must be list of number in [0, 1], found 2"));
  EXPECT_THAT(refusal({{"cooling", {{"from", 0}}}}),
              HasSubstr("cooling.from must be number above 0, found 0"));
}

TEST(Options, NumbersThatAreNotFiniteAreOutOfRange) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  EXPECT_THAT(refusal({{"share", nan}}), HasSubstr("share must be number in [0, 1), found nan"));
  EXPECT_THAT(refusal({{"share", "nan"}}), HasSubstr("found nan"));
  EXPECT_THAT(refusal({{"share", inf}}), HasSubstr("found inf"));
  EXPECT_THAT(refusal({{"cooling", {{"to", "-inf"}}}}),
              HasSubstr("cooling.to must be number in [0, 100], found -inf"));
  EXPECT_THAT(refusal({{"weights", {0.5, nan}}}), HasSubstr("found nan"));
  EXPECT_THAT(refusal({{"cutoff", nan}}), HasSubstr("found nan"));
}

TEST(Options, ChoicesNameTheNearest) {
  EXPECT_EQ(
      refusal({{"move", "clutser"}}),
      "arm 'fast': move must be one of single, pair, cluster, found 'clutser' (did you mean 'cluster'?)");
  EXPECT_THAT(refusal({{"move", "swap"}}), HasSubstr("one of single, pair, cluster, found 'swap'"));
}

TEST(Options, RequiredOnesMustBeGiven) {
  EXPECT_EQ(refusal<ProblemOptions>({{"size", 3}, {"levels", {1}}}),
            "arm 'fast': problem is required: the problem's file");
  EXPECT_THAT(refusal<ProblemOptions>({{"problem", "a"}, {"levels", {1}}}), HasSubstr("size is required"));
  EXPECT_THAT(refusal<ProblemOptions>({{"problem", "a"}, {"size", 3}}), HasSubstr("levels is required"));
  EXPECT_THAT(refusal<ProblemOptions>({{"problem", ""}, {"size", 3}, {"levels", {1}}}),
              HasSubstr("problem is required"));
  ProblemOptions options;
  read_options(options, {{"problem", "a"}, {"size", 0}, {"levels", {1}}}, "arm");
  EXPECT_EQ(options.size, 0) << "a default that is given is given";
}

TEST(Options, HugeIntegersAreRefused) {
  EXPECT_THAT(refusal({{"reads", std::numeric_limits<std::uint64_t>::max()}}), HasSubstr("below 2^63"));
  EXPECT_THAT(refusal({{"reads", 1e300}}), HasSubstr("expected an integer"));
  EXPECT_THAT(refusal({{"sweeps", 5'000'000'000}}), HasSubstr("integer of 32 bits"));
}

TEST(Options, HostileTextIsShownTame) {
  const std::string message = refusal({{"reads", "\x1b[31m\xff" + std::string(1000, 'x')}});
  EXPECT_LT(message.size(), 120U);
  for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~') << message;
  EXPECT_THAT(refusal({{"cooling", "\xff\xfe"}}), HasSubstr("cooling must be a table"));
}

// ---- words of the command line

Json word(const std::string& option, const std::vector<std::string>& words) {
  AnnealOptions options;
  const OptionTable table = describe(options);
  return table.find(option)->from_words(words, "lehr spin solve");
}

TEST(OptionWords, BecomeJson) {
  EXPECT_EQ(word("reads", {"8"}), 8);
  EXPECT_EQ(word("share", {"2.5e-1"}), 0.25);
  EXPECT_EQ(word("share", {"+0.25"}), 0.25);
  EXPECT_EQ(word("verbose", {}), true);
  EXPECT_EQ(word("verbose", {"no"}), false);
  EXPECT_EQ(word("move", {"12"}), "12");
  EXPECT_EQ(word("weights", {"1", "0.5"}), Json({1, 0.5}));
  EXPECT_EQ(word("budget", {"50"}), 50);
  EXPECT_EQ(word("budget", {"{\"seconds\": 2}"})["seconds"], 2);
  EXPECT_EQ(word("cutoff", {"-3"}), -3);
}

TEST(OptionWords, RefusalsNameTheOption) {
  const auto words_refused = [](const std::string& option, const std::vector<std::string>& words) {
    return message_of<InvalidInput>([&] { word(option, words); });
  };
  EXPECT_EQ(words_refused("reads", {"8x"}), "lehr spin solve: reads: expected a number, found '8x'");
  EXPECT_THAT(words_refused("reads", {""}), HasSubstr("expected a number, found ''"));
  EXPECT_THAT(words_refused("reads", {"1", "2"}), HasSubstr("reads: expected one value, found 2"));
  EXPECT_THAT(words_refused("verbose", {"maybe"}),
              HasSubstr("verbose: expected true or false, found 'maybe'"));
  EXPECT_THAT(words_refused("weights", {"1", "b"}), HasSubstr("weights: expected a number, found 'b'"));
  EXPECT_THAT(words_refused("budget", {"{"}), HasSubstr("budget"));
}

TEST(OptionTable, DescribesItself) {
  AnnealOptions options;
  const OptionTable table = describe(options);
  const Option* from = table.find("cooling.from");
  ASSERT_NE(from, nullptr);
  EXPECT_EQ(from->allowed(), "number above 0");
  EXPECT_EQ(from->unit_text, "energy");
  EXPECT_EQ(from->default_value, 10);
  EXPECT_EQ(table.find("weights")->allowed(), "list of number in [0, 1]");
  EXPECT_EQ(table.find("move")->allowed(), "one of single, pair, cluster");
  EXPECT_TRUE(table.find("verbose")->is_flag);
  EXPECT_EQ(table.find("nothing"), nullptr);
  EXPECT_EQ(table.names().front(), "reads");
}

// ---- hints

TEST(Hint, NearestIgnoresCaseAndSwappedLetters) {
  const std::vector<std::string> known = {"geometric", "linear", "cosine"};
  EXPECT_EQ(nearest("Geometirc", known), "geometric");
  EXPECT_EQ(nearest("liner", known), "linear");
  EXPECT_EQ(nearest("exponential", known), "");
  EXPECT_EQ(hint("exponential", known), " (known: geometric, linear, cosine)");
  EXPECT_EQ(hint("x", {}), "");
  std::vector<std::string> many;
  for (int i = 0; i < 23; ++i) many.push_back(fmt::format("n{:02}", i));
  EXPECT_THAT(hint("exponential", many), testing::EndsWith(", n18, n19 and 3 more)"));
  many.resize(20);
  EXPECT_THAT(hint("exponential", many), testing::EndsWith(", n18, n19)"));
}

TEST(Quote, IsShortAndPrintable) {
  EXPECT_EQ(quote("abc"), "'abc'");
  EXPECT_EQ(quote("a\nb\xc3"), "'a?b?'");
  EXPECT_EQ(quote(std::string(100, 'x'), 5), "'xxxxx...'");
}

}  // namespace
}  // namespace lehr
