#include "lehr/tour/heatmap/heatmap.hpp"

#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/tour/heatmap/heatmap_file.hpp"
#include "lehr/tour/heatmap/prior.hpp"
#include "lehr/tour/heatmap/softdist.hpp"
#include "lehr/tour/neighbours.hpp"
#include "tests/tour/heatmap/public_instances.hpp"

namespace lehr::tour {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Call>
std::string complaint(Call call) {
  try {
    call();
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "";
}

Instance five_on_a_line() { return with_positions({0, 0, 1, 0, 3, 0, 6, 0, 10, 0}, 2); }

TEST(Heatmap, RowsAreSortedAndZerosLeftOut) {
  const Heatmap heatmap =
      heatmap_of_rows({{{1, .2}, {2, .5}, {3, 0}, {0, .9}}, {}, {{3, .1}, {0, .1}}, {}}, "x", "x");
  EXPECT_EQ(heatmap.count, 4);
  EXPECT_THAT(heatmap.cities_of(0), ElementsAre(2, 1));
  EXPECT_THAT(heatmap.entries_of(0), ElementsAre(.5, .2));
  EXPECT_TRUE(heatmap.cities_of(1).empty());
  EXPECT_THAT(heatmap.cities_of(2), ElementsAre(3, 0));  // equal ones as they came
  EXPECT_TRUE(zero_heatmap(3).is_zero());
  EXPECT_EQ(zero_heatmap(3).count, 3);
}

TEST(Heatmap, AveragesWithItsTranspose) {
  const Heatmap heatmap = symmetric(heatmap_of_rows({{{1, .4}}, {{0, .2}, {2, .6}}, {}}, "x", "x"));
  EXPECT_THAT(heatmap.cities_of(0), ElementsAre(1));
  EXPECT_NEAR(heatmap.entries_of(0)[0], .3, 1e-15);
  EXPECT_THAT(heatmap.cities_of(1), ElementsAre(0, 2));
  EXPECT_NEAR(heatmap.entries_of(1)[0], .3, 1e-15);
  EXPECT_THAT(heatmap.cities_of(2), ElementsAre(1));
  EXPECT_NEAR(heatmap.entries_of(2)[0], .3, 1e-15);
}

TEST(Heatmap, BadEntriesAreRefusedByRowAndColumn) {
  const auto made = [](HeatmapEntry entry) {
    return complaint([&] { heatmap_of_rows({{{1, .2}, entry}, {}, {}}, "x", "map.txt"); });
  };
  EXPECT_THAT(made({2, -.5}), HasSubstr("map.txt: the entry in row 1, column 3 is -0.5"));
  EXPECT_THAT(made({2, std::nan("")}), HasSubstr("row 1, column 3 is nan"));
  EXPECT_THAT(made({3, .1}), HasSubstr("city 4; they are 1 to 3"));
  EXPECT_THAT(made({1, .1}), HasSubstr("two entries for city 2"));
  EXPECT_THAT(complaint([] { check_heatmap(zero_heatmap(5), 6); }),
              HasSubstr("5 rows, the problem has 6 cities"));
}

TEST(Prior, RowsAreTheSharesByRank) {
  const Instance line = five_on_a_line();
  const Heatmap heatmap = gt_prior(line);
  EXPECT_EQ(heatmap.name, "gt");
  EXPECT_THAT(heatmap.cities_of(2), ElementsAre(1, 0, 3, 4));  // 2, 3, 3 and 7 away
  EXPECT_THAT(heatmap.entries_of(2), ElementsAre(.43755, .25472, .13767, .07411));
  EXPECT_EQ(published_prior(500)[0], .44008);
  EXPECT_EQ(published_prior(500).size(), 18U);
  EXPECT_EQ(published_prior(10000)[4], .03952);
  EXPECT_EQ(published_prior(777)[0], .43755);
}

TEST(Prior, CountsTheRanksOfATour) {
  const Instance line = five_on_a_line();
  PriorCounts counts(50);
  counts.add(line, {0, 1, 2, 3, 4});
  // Ranks: 0-1 (1st, 1st), 1-2 (2nd, 1st), 2-3 (3rd behind city 0, as far away; 1st), 3-4 (2nd, 1st), 4-0 (4th, 4th)
  EXPECT_EQ(counts.edges, 10);
  EXPECT_THAT(counts.shares(), ElementsAre(.5, .2, .1, .2));
  const std::vector<double> back = parse_prior(prior_text(counts.shares()), "prior.csv");
  EXPECT_EQ(back, counts.shares());
}

TEST(Prior, BadFilesGetOneLine) {
  EXPECT_THAT(complaint([] { parse_prior("neighbour,share\n1,0.7\n3,0.1\n", "p.csv"); }),
              HasSubstr("p.csv: row 2 is of neighbour 3"));
  EXPECT_THAT(complaint([] { parse_prior("neighbour,share\n1,-0.7\n", "p.csv"); }), HasSubstr("is -0.7"));
  EXPECT_THAT(complaint([] { parse_prior("neighbour,share\n1,0.7\n2,0.6\n", "p.csv"); }),
              HasSubstr("above 1"));
}

TEST(SoftDist, RowsAreASoftmaxOfDistances) {
  const Instance line = five_on_a_line();
  const double tau = 1.7;
  const Heatmap heatmap = softdist(line, tau);
  const double sum = std::exp(-1 / tau) + std::exp(-3 / tau) + std::exp(-6 / tau) + std::exp(-10 / tau);
  ASSERT_THAT(heatmap.cities_of(0), ElementsAre(1, 2, 3, 4));
  const double distances[] = {1, 3, 6, 10};
  for (std::size_t k = 0; k < 4; ++k)
    EXPECT_NEAR(heatmap.entries_of(0)[k], std::exp(-distances[k] / tau) / sum, 1e-15);
  EXPECT_THROW(softdist(line, 0), InvalidInput);
}

TEST(SoftDist, TemperatureFollowsTheAuthors) {
  const auto scaled = [](City n) {
    Instance instance = test::uniform_instance(n, 3);
    const auto [low, high] = std::minmax_element(instance.coordinates.begin(), instance.coordinates.end());
    return softdist_temperature(instance) / (*high - *low);
  };
  EXPECT_NEAR(scaled(500), 0.0066, 0.0066 * .01);
  EXPECT_NEAR(scaled(1000), 0.0051, 0.0051 * .01);
  EXPECT_NEAR(scaled(2000), 0.16 / std::sqrt(2000.0), 0.16 / std::sqrt(2000.0) * .01);
  EXPECT_THROW(softdist_temperature(with_positions({1, 1, 1, 1, 1, 1}, 2)), InvalidInput);
}

// Inside the bracket, and better than a tenth to either side by the loss as this test computes it.
TEST(SoftDist, RefinementMinimisesTheCrossEntropy) {
  if (test::shared_folder().empty()) GTEST_SKIP() << "no shared data";
  const Instance instance = test::public_instance("tsp200.txt", 1);
  Order tour;
  std::ifstream in(test::shared_folder() / "tsp200.txt");
  std::string text;
  std::getline(in, text);
  std::istringstream words(text.substr(text.find("output") + 6));
  for (City c; words >> c;) tour.push_back(c - 1);
  tour.pop_back();
  const SolvedInstance solved{&instance, &tour};
  const double factor = softdist_factor({&solved, 1});
  EXPECT_GT(factor, .2);
  EXPECT_LT(factor, 7);
  const auto loss = [&](double f) {
    const Heatmap heatmap = softdist(instance, f * softdist_temperature(instance));
    double sum = 0;
    const auto add = [&](City a, City b) {
      double p = 1e-4;
      for (std::size_t k = 0; k < heatmap.cities_of(a).size(); ++k)
        if (heatmap.cities_of(a)[k] == b) p = std::max(p, heatmap.entries_of(a)[k]);
      sum -= std::log(p);
    };
    for (std::size_t i = 0; i < tour.size(); ++i) {
      add(tour[i], tour[(i + 1) % tour.size()]);
      add(tour[(i + 1) % tour.size()], tour[i]);
    }
    return sum;
  };
  EXPECT_LT(loss(factor), loss(factor * 1.1));
  EXPECT_LT(loss(factor), loss(factor / 1.1));
}

TEST(HeatmapFile, TextAsThePublicOnes) {
  const Heatmap heatmap = parse_heatmap_text("3\n0.0 0.25 1e-3\n0.5 0 0\n0 0 0\n", 3, "h.txt");
  EXPECT_THAT(heatmap.cities_of(0), ElementsAre(1, 2));
  EXPECT_THAT(heatmap.entries_of(0), ElementsAre(.25, 1e-3));
  EXPECT_THAT(heatmap.cities_of(1), ElementsAre(0));
  EXPECT_TRUE(heatmap.cities_of(2).empty());
}

TEST(HeatmapFile, BadTextGetsOneLine) {
  const auto told = [](const char* text) { return complaint([&] { parse_heatmap_text(text, 3, "h.txt"); }); };
  EXPECT_THAT(told("4\n0 0 0\n"), HasSubstr("h.txt: a heatmap of 4 cities, the problem has 3"));
  EXPECT_THAT(told("3\n0 0 0\n0 0 0\n0 0\n"), HasSubstr("ends before row 3, column 3"));
  EXPECT_THAT(told("3\n0 0 0\n0 0 x\n0 0 0\n"), HasSubstr("line 3: 'x' is no number"));
  EXPECT_THAT(told("3\n0 0 0\n0 0 0\n-0.5 0 0\n"), HasSubstr("row 3, column 1 is -0.5"));
  EXPECT_THAT(told("3\n0 nan 0\n0 0 0\n0 0 0\n"), HasSubstr("row 1, column 2 is nan"));
  EXPECT_THAT(told("3\n0 0 0\n0 0 0\n0 0 0 7\n"), HasSubstr("more than 3 rows"));
  EXPECT_THAT(told(""), HasSubstr("no number"));
}

TEST(HeatmapFile, NpzHoldsACsrMatrix) {
  const auto path = std::filesystem::temp_directory_path() / "lehr_heatmap_test.npz";
  const std::vector<std::int64_t> shape = {3, 3}, starts = {0, 2, 3, 3}, cities = {2, 1, 0};
  const std::vector<double> data = {.25, .5, .75};
  const auto save = [&](const std::vector<std::int64_t>& indices) {
    write_npz(path, {{"shape", tensor_view<std::int64_t>(shape, {2})},
                     {"indptr", tensor_view<std::int64_t>(starts, {4})},
                     {"indices", tensor_view<std::int64_t>(indices, {3})},
                     {"data", tensor_view<double>(data, {3})}});
  };
  save(cities);
  const Heatmap heatmap = read_heatmap(path, 3);
  EXPECT_THAT(heatmap.cities_of(0), ElementsAre(1, 2));
  EXPECT_THAT(heatmap.entries_of(0), ElementsAre(.5, .25));
  EXPECT_THAT(heatmap.entries_of(1), ElementsAre(.75));
  EXPECT_THAT(complaint([&] { read_heatmap(path, 4); }),
              HasSubstr("a heatmap of 3 cities, the problem has 4"));
  save({2, 5, 0});
  EXPECT_THAT(complaint([&] { read_heatmap(path, 3); }), HasSubstr("row 1 has an entry in column 6"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace lehr::tour
