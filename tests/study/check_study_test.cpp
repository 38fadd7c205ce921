#include "fake_tasks.hpp"
#include "lehr/study/references.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::study {
namespace {

void check(const std::string& text) { check_study(parse_study(text, "x.toml"), fake::tasks()); }
std::string refusal_of(const std::string& text) {
  return test::message_of<InvalidInput>([&] { check(text); });
}
const std::string two_arms =
    "task = 'fake.bowl'\nseeds = 2\n[[arm]]\nname = 'first'\n[[arm]]\nname = 'second'\n";
const std::string reader = "[[arm]]\nname = 'reading'\ntask = 'fake.reader'\n";
const std::string search =
    "[search]\nknob = 'x'\nrange = [1, 2]\nobjective = 'loss'\nbudget = { evaluations = 5 }\n";

TEST(CheckStudy, AcceptsWhatCanRun) {
  EXPECT_NO_THROW(
      check(two_arms + reader + "options = { text = '@first/schedule', number = '@second/metric:loss' }\n"));
  EXPECT_NO_THROW(check(two_arms + "options = { x = '@search' }\n" + search));
}

TEST(CheckStudy, ChecksTasksAndOptions) {
  EXPECT_EQ(refusal_of("task = 'fake.bowls'\n"),
            "x.toml: arm 'run': unknown task 'fake.bowls' (did you mean 'fake.bowl'?)");
  EXPECT_EQ(refusal_of("task = 'bowl'\n[options]\ny = 1\n").substr(0, 34),
            "x.toml: arm 'run': unknown option ");
  EXPECT_EQ(refusal_of("task = 'bowl'\n[options]\nx = 10.5\n"),
            "x.toml: arm 'run': x must be number in [-10, 10], found 10.5");
  EXPECT_EQ(refusal_of(two_arms + reader), "x.toml: arm 'reading': text is required: a text");
  EXPECT_EQ(refusal_of(two_arms + reader + "options = { text = '@first/schedule', filo = 'x' }\n"),
            "x.toml: arm 'reading': unknown option 'filo' (did you mean 'file'?)");
  EXPECT_NE(refusal_of(two_arms + reader + "options = { text = '@first/schedule', number = 'x' }\n"), "");
}

TEST(CheckStudy, NamesDataThatIsNotThereAndWhatInstallsIt) {
  EXPECT_EQ(
      refusal_of(two_arms + "[[needs]]\nfile = '/no/such/images.gz'\ninstall = 'apt-get install images'\n"),
      "x.toml: needs /no/such/images.gz, which is not there: apt-get install images");
  EXPECT_NO_THROW(check(two_arms + "[[needs]]\nfile = '/'\ninstall = 'nothing'\n"));
  EXPECT_NE(refusal_of(two_arms + "[[needs]]\nfile = '/'\n").find("install"), std::string::npos);
}

TEST(CheckStudy, ChecksReferences) {
  const auto with_text = [&](const std::string& text) {
    return refusal_of(two_arms + reader + "options = { text = '" + text + "' }\n");
  };
  EXPECT_EQ(with_text("@frist/schedule"),
            "x.toml: arm 'reading': text: no arm 'frist' (did you mean 'first'?)");
  EXPECT_EQ(with_text("@first"),
            "x.toml: arm 'reading': text: '@first' is no reference: write @search, @arm/artifact "
            "or @arm/metric:NAME");
  EXPECT_EQ(
      with_text("@reading/x"),
      "x.toml: arm 'reading': text: arm 'reading' does not stand before it (earlier arms: first, second)");
  EXPECT_EQ(with_text("@search"), "x.toml: arm 'reading': text: '@search' needs a [search] block");
  EXPECT_EQ(refusal_of(two_arms + reader + "seeds = [9]\noptions = { text = '@first/schedule' }\n"),
            "x.toml: arm 'reading': text: arm 'first' does not run seed 9");
}

TEST(CheckStudy, ChecksTheSearch) {
  EXPECT_EQ(refusal_of(two_arms + search),
            "x.toml: search: no arm uses its result; write x = \"@search\" in an arm's options");
  const std::string user = two_arms + "options = { x = '@search' }\n";
  EXPECT_EQ(
      refusal_of(user +
                 "[search]\nknob = 'nois'\nrange = [1, 2]\nobjective = 'l'\nbudget = { evaluations = 5 }\n"),
      "x.toml: search: task fake.bowl has no option 'nois' (did you mean 'noise'?)");
  EXPECT_EQ(refusal_of(user + search + "family = 'nots(6)'\n").substr(0, 24), "x.toml: search: family: ");
}

TEST(CheckStudy, ChecksClaims) {
  EXPECT_EQ(refusal_of(two_arms + "[[claim]]\nexpect = 'first.loss < secnd.loss'\n"),
            "x.toml: claim 'first.loss < secnd.loss': no arm 'secnd' (did you mean 'second'?)");
  EXPECT_EQ(refusal_of(two_arms + "[[claim]]\nexpect = 'first.loss'\n"),
            "x.toml: claim 'first.loss': a claim compares two sides by <, <=, >, >=, == or !=");
}

TEST(References, StagesFollowTheReferences) {
  const Study study =
      parse_study(two_arms + "options = { x = '@search' }\n" + reader +
                      "options = { text = '@first/schedule' }\n[[arm]]\nname = 'last'\noptions = { noise "
                      "= '@second/metric:loss' }\n" +
                      search + "arm = 'first'\n",
                  "x.toml");
  const std::vector<std::vector<std::string>> expected = {
      {"first", "@search"}, {"second", "reading"}, {"last"}};
  EXPECT_EQ(stages(study), expected);
}

}  // namespace
}  // namespace lehr::study
