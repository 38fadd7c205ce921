#include "fake_tasks.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::study {
namespace {

using Seeds = std::vector<std::uint64_t>;

constexpr const char* full = R"toml(title = "Cooling"
summary = "Which cooling is best?"
task = "fake.bowl"
seeds = 3
[options]
x = 0.25
group = { a = 1, b = 2 }
[[arm]]
name = "plain"
[[arm]]
name = "other_2"
options = { group = { b = 3 }, noise = 1e-3 }
seeds = [7, 5]
[[arm]]
name = "reading"
task = "fake.reader"
options = { text = "@plain/schedule" }
[search]
knob = "x"
family = "knots(6)"
range = [0.1, 10]
objective = "loss"
direction = "max"
arm = "plain"
seeds = 2
budget = { evaluations = 200 }
[[claim]]
text = "better"
expect = "other_2.loss < plain.loss"
)toml";

Study parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_study(text, "studies/x.toml", overrides);
}
std::string refusal_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return test::message_of<InvalidInput>([&] { parse(text, overrides); });
}
const std::string head = "task = 'fake.bowl'\n";

TEST(ReadStudy, ReadsEverything) {
  const Study study = parse(full);
  EXPECT_EQ(study.title, "Cooling");
  EXPECT_EQ(study.summary, "Which cooling is best?");
  EXPECT_EQ(study.slug, "x");
  EXPECT_EQ(study.base, "studies");
  EXPECT_EQ(study.seeds, (Seeds{1, 2, 3}));
  EXPECT_EQ(study.arm_names(), (std::vector<std::string>{"plain", "other_2", "reading"}));
  EXPECT_EQ(study.arms[0].options, Json::parse(R"({"x":0.25,"group":{"a":1,"b":2}})"));
  EXPECT_EQ(study.arms[1].options, Json::parse(R"({"x":0.25,"group":{"a":1,"b":3},"noise":0.001})"));
  EXPECT_EQ(study.arms[1].seeds, (Seeds{7, 5}));
  EXPECT_EQ(study.arms[2].options, Json::parse(R"({"text":"@plain/schedule"})"))
      << "another task: no shared options";
  ASSERT_TRUE(study.search.has_value());
  EXPECT_EQ(study.search->knob, "x");
  EXPECT_EQ(study.search->low, 0.1);
  EXPECT_EQ(study.search->high, 10);
  EXPECT_TRUE(study.search->log_scale);
  EXPECT_FALSE(study.search->minimize);
  EXPECT_EQ(study.search->method, "cma-es");
  EXPECT_EQ(study.search->evaluations, 200);
  EXPECT_EQ(study.search->seeds, (Seeds{1000001, 1000002})) << "seeds that no arm runs";
  EXPECT_EQ(study.search->options, Json::parse(R"({"group":{"a":1,"b":2}})")) << "without the knob";
  ASSERT_EQ(study.claims.size(), 1U);
  EXPECT_EQ(study.claims[0].expect, "other_2.loss < plain.loss");
}

TEST(ReadStudy, AStudyWithoutArmsHasOneCalledRun) {
  const Study study = parse(head + "[options]\nx = 1\n");
  ASSERT_EQ(study.arms.size(), 1U);
  EXPECT_EQ(study.arms[0].name, "run");
  EXPECT_EQ(study.arms[0].options, Json::parse(R"({"x":1})"));
  EXPECT_EQ(study.arms[0].seeds, (Seeds{1}));
  EXPECT_EQ(study.title, "x");
}

TEST(ReadStudy, OverridesReplaceValues) {
  const Study study =
      parse(full, {"seeds=2", "options.x=0.75", "options.budget.steps=10", "arm.plain.options.noise=0.5",
                   "title=a = b", "search.budget.evaluations=20", "options.text=geometric(from=5, to=1)"});
  EXPECT_EQ(study.seeds, (Seeds{1, 2}));
  EXPECT_EQ(study.title, "a = b");
  EXPECT_EQ(study.arms[0].options["x"], 0.75);
  EXPECT_EQ(study.arms[0].options["noise"], 0.5);
  EXPECT_EQ(study.arms[1].options["budget"]["steps"], 10);
  EXPECT_EQ(study.arms[1].options["text"], "geometric(from=5, to=1)");
  EXPECT_EQ(study.search->evaluations, 20);
  EXPECT_EQ(parse(full, {"seeds=[4, 9]"}).seeds, (Seeds{4, 9}));
}

TEST(ReadStudy, BadOverridesSayWhatIsWrong) {
  EXPECT_EQ(refusal_of(full, {"seeds"}), "--set seeds: expected key=value");
  EXPECT_EQ(refusal_of(full, {"arm.plan.options.x=1"}),
            "--set arm.plan.options.x=1: no arm 'plan' (did you mean 'plain'?)");
  EXPECT_EQ(refusal_of(full, {"title.x=1"}), "--set title.x=1: 'title' is not a table");
  EXPECT_EQ(refusal_of(full, {"sedes=3"}), "--set sedes=3: unknown key 'sedes' (did you mean 'seeds'?)");
  EXPECT_EQ(refusal_of(full, {"seeds=x"}),
            "--set seeds=x: seeds must be an integer in [1, 10000], found 'x'");
  EXPECT_EQ(refusal_of(full, {"options..x=1"}), "--set options..x=1: an empty key");
}

TEST(ReadStudy, MessagesNameFileLineAndNearestKey) {
  EXPECT_EQ(refusal_of(head + "\n[ooptions]\nx = 1\n"),
            "studies/x.toml:3: unknown key 'ooptions' (did you mean 'options'?)");
  EXPECT_EQ(refusal_of(head + "title = 3\n"), "studies/x.toml:2: title must be text, found '3'");
  EXPECT_EQ(refusal_of("title = 'x'\n"), "studies/x.toml: task is missing");
  EXPECT_EQ(refusal_of(head + "seeds = 0\n"),
            "studies/x.toml:2: seeds must be an integer in [1, 10000], found '0'");
  EXPECT_EQ(refusal_of(head + "seeds = [1, 2, 1]\n"), "studies/x.toml:2: seeds lists seed 1 twice");
  EXPECT_EQ(refusal_of(head + "seeds = [1, -2]\n"),
            "studies/x.toml:2: seeds must be a list of whole numbers from 0 on, found '[1,-2]'");
  EXPECT_EQ(
      refusal_of(head + "[[arm]]\nname = 'Big-arm'\n"),
      "studies/x.toml:3: name must be a letter a-z, then letters a-z, digits and '_' (claims use it), found "
      "'Big-arm'");
  EXPECT_EQ(refusal_of(head + "[[arm]]\nname = 'or'\n"), "studies/x.toml:3: name must not be the word 'or'");
  EXPECT_EQ(refusal_of(head + "[[arm]]\nname = 'a'\n[[arm]]\nname = 'a'\n"),
            "studies/x.toml:5: name 'a' is used twice");
  EXPECT_EQ(refusal_of(head + "[[arm]]\noptions = {}\n"), "studies/x.toml:2: name is missing");
  EXPECT_EQ(refusal_of(head + "[arm]\nname = 'a'\n"),
            "studies/x.toml:2: arm must be a list of tables, [[arm]], found '{\"name\":\"a\"}'");
  EXPECT_EQ(refusal_of(head + "[[claim]]\ntext = 'x'\n"), "studies/x.toml:2: expect is missing");
  EXPECT_EQ(refusal_of(head + "[options\n").substr(0, 17), "studies/x.toml:2:");
  EXPECT_EQ(
      refusal_of("[options]\nx = 1\n[[arm]]\nname = 'a'\ntask = 't'\n"),
      "studies/x.toml:1: options are those of the study's task, which is missing; give each arm its own");
}

TEST(ReadStudy, MessagesAboutTheSearch) {
  const std::string search = head + "[search]\nknob = 'x'\nobjective = 'loss'\n";
  const std::string budget = "budget = { evaluations = 10 }\n";
  EXPECT_EQ(refusal_of(search + budget), "studies/x.toml:2: low is missing");
  EXPECT_EQ(refusal_of(search + budget + "low = 2\nhigh = 1\n"),
            "studies/x.toml:6: low must be below the upper end, found 2 and 1");
  EXPECT_EQ(refusal_of(search + budget + "range = [1, 2]\nlow = 1\n"),
            "studies/x.toml:6: range stands instead of low and high, not beside them");
  EXPECT_EQ(refusal_of(search + budget + "range = [-1, 2]\nscale = 'log'\n"),
            "studies/x.toml:7: scale 'log' needs a range above 0, found -1");
  EXPECT_EQ(refusal_of(search + "range = [1, 2]\n"),
            "studies/x.toml:2: budget must be a table with the number of runs: { evaluations = 200 }");
  EXPECT_EQ(refusal_of(search + "range = [1, 2]\nbudget = { steps = 3 }\n"),
            "studies/x.toml:6: budget must be a table with the number of runs: { evaluations = 200 }");
  EXPECT_EQ(refusal_of(search + budget + "range = [1, 2]\nseeds = 11\n"),
            "studies/x.toml:5: budget of 10 evaluations is too small for one candidate under 11 seeds");
  EXPECT_EQ(refusal_of(search + budget + "range = [1, 2]\ndirection = 'mix'\n"),
            "studies/x.toml:7: direction must be one of min, max, found 'mix' (did you mean 'min'?)");
  EXPECT_EQ(refusal_of(search + budget + "range = [1, 2]\narm = 'ruin'\n"),
            "studies/x.toml:7: arm 'ruin' is unknown (did you mean 'run'?)");
}

TEST(ReadStudy, HostileFilesAreRefused) {
  std::string deep = "x = ";
  for (int i = 0; i < 100; ++i) deep += "[";
  EXPECT_NE(refusal_of(head + deep), "");
  std::string dotted = "a";
  for (int i = 0; i < 100000; ++i) dotted += ".a";
  EXPECT_EQ(refusal_of(head + dotted + " = 1\n"), "studies/x.toml:2: more than 200 dots in one key or value");
  std::string nested = "options.a";
  for (int i = 0; i < 50; ++i) nested += ".a";
  EXPECT_EQ(refusal_of(head + nested + " = 1\n"), "studies/x.toml:2: nested deeper than 32 levels");
  EXPECT_EQ(refusal_of(std::string(2 << 20, '#')), "studies/x.toml: larger than 1048576 bytes");
  std::string wide = "[options]\n";
  for (int i = 0; i < 2500; ++i) wide += fmt::format("k{} = 1\n", i);
  EXPECT_EQ(refusal_of(head + wide), "studies/x.toml:2: a table with more than 2000 keys");
  EXPECT_THROW(read_study("no/such/study.toml"), IoError);
}

TEST(ReadStudy, NumbersThatJsonLacksSurvive) {
  const Study study = parse(head + "[options]\nx = inf\nd = 2020-05-01\n");
  EXPECT_EQ(study.arms[0].options["x"], "inf");
  EXPECT_EQ(study.arms[0].options["d"], "2020-05-01");
}

TEST(ReadStudy, DefinitionIgnoresTitlesAndClaims) {
  const Study study = parse(full);
  EXPECT_EQ(definition(study), definition(parse(full, {"title=Other"})));
  EXPECT_NE(definition(study), definition(parse(full, {"options.x=2"})));
  EXPECT_NE(definition(study), definition(parse(full, {"search.budget.evaluations=2"})));
}

}  // namespace
}  // namespace lehr::study
