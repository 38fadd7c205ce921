#include "lehr/evolve/ask_tell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/evolve/minimize.hpp"
#include "lehr/evolve/random_search.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::evolve {
namespace {

using ::testing::HasSubstr;

// A bowl around 0.3 in every coordinate.
std::vector<double> bowl(const Eigen::MatrixXd& points) {
  std::vector<double> values;
  for (Eigen::Index i = 0; i < points.cols(); ++i)
    values.push_back((points.col(i).array() - 0.3).matrix().squaredNorm());
  return values;
}

void go_on(AskTell& search, int generations) {
  for (int i = 0; i < generations; ++i) {
    const Eigen::MatrixXd points = search.ask();
    search.tell(points, bowl(points));
  }
}

TEST(AskTell, CmaEsBeatsRandomSearchOnABowl) {
  AskTell cma = make_search("cma-es", 6, Seed{1}), random = make_search("random", 6, Seed{1});
  while (cma.evaluations() < 600) go_on(cma, 1);
  while (random.evaluations() < 600) go_on(random, 1);
  EXPECT_LT(cma.best().value, 1e-4);
  EXPECT_GT(random.best().value, 1e-2);
  EXPECT_EQ(cma.best().point.size(), 6);
}

// The smallest squared distance of n uniform points to the center of a square has the mean close to 1 / (pi
// n).
TEST(AskTell, RandomSearchIsUniform) {
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    AskTell search = make_search("random", 2, Seed{seed}, Json{{"population", 100}});
    const Eigen::MatrixXd points = search.ask();
    EXPECT_GE(points.minCoeff(), 0);
    EXPECT_LT(points.maxCoeff(), 1);
    std::vector<double> values;
    for (Eigen::Index i = 0; i < points.cols(); ++i)
      values.push_back((points.col(i).array() - 0.5).square().sum());
    search.tell(points, values);
    sum += search.best().value;
  }
  const double expected =
      1 / (3.141592653589793 * 101);  // exponential law: its sd equals its mean, 1/20 of it for 400
  EXPECT_NEAR(sum / 400 / expected, 1, 3.5 / 20);
}

TEST(AskTell, ResumesBitForBit) {
  for (const std::string& method : search_methods()) {
    AskTell whole = make_search(method, 5, Seed{7}), first = make_search(method, 5, Seed{7});
    go_on(whole, 30);
    go_on(first, 13);
    AskTell second = make_search(method, 5, Seed{999});  // the state brings its own seed
    second.load(first.save());
    EXPECT_EQ(second.ask(), first.ask());
    go_on(second, 17);
    EXPECT_EQ(second.ask(), whole.ask()) << method;
    EXPECT_EQ(second.best().point, whole.best().point) << method;
    EXPECT_EQ(second.best().value, whole.best().value) << method;
    EXPECT_EQ(second.evaluations(), whole.evaluations()) << method;
  }
}

TEST(AskTell, CopiesGoOnByThemselves) {
  AskTell search = make_search("cma-es", 3, Seed{1});
  const AskTell copy = search;
  go_on(search, 2);
  EXPECT_EQ(copy.evaluations(), 0);
  EXPECT_NE(copy.ask(), search.ask());
}

TEST(AskTell, SeedsDiffer) {
  EXPECT_NE(make_search("cma-es", 3, Seed{1}).ask(), make_search("cma-es", 3, Seed{2}).ask());
  EXPECT_EQ(make_search("cma-es", 3, Seed{1}).ask(), make_search("cma-es", 3, Seed{1}).ask());
}

TEST(AskTell, OptionsReachTheSearch) {
  const AskTell search =
      make_search("cma-es", 2, Seed{1}, Json{{"population", 40}, {"sigma", 1e-6}, {"start", {0.1, 0.9}}});
  const Eigen::MatrixXd points = search.ask();
  EXPECT_EQ(points.cols(), 40);
  EXPECT_LT((points.row(0).array() - 0.1).abs().maxCoeff(), 1e-5);
  EXPECT_LT((points.row(1).array() - 0.9).abs().maxCoeff(), 1e-5);
}

TEST(AskTell, RefusesBadInput) {
  EXPECT_THAT(test::message_of<InvalidInput>([] { make_search("cma-se", 3, Seed{1}); }),
              HasSubstr("did you mean 'cma-es'?"));
  EXPECT_THAT(test::message_of<InvalidInput>([] {
                make_search("cma-es", 3, Seed{1}, Json{{"sigm", 1}}, "[search]");
              }),
              testing::AllOf(HasSubstr("[search]"), HasSubstr("sigm"), HasSubstr("sigma")));
  EXPECT_THAT(test::message_of<InvalidInput>([] { make_search("cma-es", 0, Seed{1}); }),
              HasSubstr("dimension"));
  EXPECT_THAT(test::message_of<InvalidInput>([] {
                make_search("random", 3, Seed{1}, Json{{"population", 0}});
              }),
              HasSubstr("population"));
  AskTell search = make_search("cma-es", 3, Seed{1});
  EXPECT_THAT(test::message_of<InvalidInput>([&] { search.load(make_search("random", 3, Seed{1}).save()); }),
              HasSubstr("field"));
  EXPECT_THAT(test::message_of<InvalidInput>([&] { search.load(make_search("cma-es", 4, Seed{1}).save()); }),
              HasSubstr("dimension 4"));
  const Eigen::MatrixXd points = search.ask();
  EXPECT_THAT(test::message_of<InvalidInput>([&] {
                search.tell(points, std::vector<double>{1, 2});
              }),
              HasSubstr("2 values for 7 points"));
}

TEST(RandomSearch, RunsUnderDrive) {
  const auto run =
      drive(Minimize(RandomSearch(2, {.population = 50}), [](const auto& x) { return x.norm(); }),
            Budget::evaluations(2000), Seed{1});
  EXPECT_EQ(run.why, Stop::evaluations);
  EXPECT_EQ(run.used.evaluations, 2000);
  EXPECT_EQ(run.used.steps, 40);
  EXPECT_LT(run.state.best.value, 0.1);
}

TEST(RandomSearch, AnObjectivesErrorReachesTheCaller) {
  const Minimize search(RandomSearch(2),
                        [](const auto&) -> double { throw InvalidInput("no such simulator"); });
  EXPECT_EQ(test::message_of<InvalidInput>([&] { drive(search, Budget::steps(1), Seed{1}); }),
            "no such simulator");
}

}  // namespace
}  // namespace lehr::evolve
