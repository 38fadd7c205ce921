#include "lehr/tour/tour_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/tour/lkh_file.hpp"
#include "lehr/tour/problem_file.hpp"
#include "lehr/tour/tsplib_file.hpp"

namespace lehr::tour {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Problem& numbered() {
  static const Problem problem = parse_tsplib(
      "NAME: n\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n10 0 0\n20 0 3\n30 4 3\n40 4 0\n",
      "n.tsp");
  return problem;
}

std::string tour_refusal(const std::string& text) {
  try {
    parse_tour_of(numbered(), text, "t.tour");
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("t.tour"));
    return error.what();
  }
  return "accepted";
}

TEST(TourFile, ReadsWhatProgramsWrite) {
  for (const char* text : {"NAME : n.14.tour\nCOMMENT : Length = 14\nCOMMENT : Found by LKH\nTYPE : "
                           "TOUR\nDIMENSION : 4\nTOUR_SECTION\n10\n30\n20\n40\n-1\nEOF\n",
                           "TYPE: TOUR\r\nTOUR_SECTION:\r\n 10 30 20\r\n 40\r\n",
                           "TOUR_SECTION\n10 30 20 40 -1 40 20 30 10 -1\n-1\nEOF\n"})
    EXPECT_THAT(parse_tour_of(numbered(), text, "t.tour"), ElementsAre(0, 2, 1, 3));
}

TEST(TourFile, WritesTheProblemsOwnNumbers) {
  const Order order = {2, 3, 0, 1};
  const std::string text = tour_text(numbered(), order, 14);
  EXPECT_EQ(text,
            "NAME : n.tour\nCOMMENT : Length = 14\nTYPE : TOUR\nDIMENSION : "
            "4\nTOUR_SECTION\n10\n20\n30\n40\n-1\nEOF\n");
  EXPECT_EQ(parse_tour_of(numbered(), text, "t.tour"), canonical(order));
  EXPECT_EQ(tour_csv(numbered(), order),
            "position,city,x,y,to_next\n1,10,0,0,3\n2,20,0,3,4\n3,30,4,3,3\n4,40,4,0,4\n");
}

TEST(TourFile, RefusesInOneLine) {
  EXPECT_THAT(tour_refusal(""), HasSubstr("TOUR_SECTION is missing"));
  EXPECT_THAT(tour_refusal("TYPE: TSP\nTOUR_SECTION\n1\n"),
              HasSubstr("t.tour:1: TYPE is 'TSP'; a tour has TYPE TOUR"));
  EXPECT_THAT(tour_refusal("DIMENSION: 5\nTOUR_SECTION\n10 20 30 40 -1\n"),
              HasSubstr("has 4 cities, DIMENSION is 5"));
  EXPECT_THAT(tour_refusal("TOUR_SECTION\n10 20 30 -1\n"),
              HasSubstr("3 cities in the tour, 4 in the problem"));
  EXPECT_THAT(tour_refusal("TOUR_SECTION\n10 20 30 30 -1\n"), HasSubstr("city 30 is visited twice"));
  EXPECT_THAT(tour_refusal("TOUR_SECTION\n10 20 30 1 -1\n"),
              HasSubstr("no city of the problem has the number 1"));
  EXPECT_THAT(tour_refusal("TOUR_SECTION\n10 20.5\n"),
              HasSubstr("t.tour:2: expected a city's number, a whole number, found '20.5'"));
}

TEST(LkhFile, ScalesDistancesThatAreNotRounded) {
  const Problem problem = generate_problems("uniform(200)", Seed{3}).front();
  const LkhFiles files = lkh_files(problem, {.stem = "folder/u200", .seed = 5, .runs = 2, .seconds = 9.5});
  EXPECT_EQ(files.factor, 1e6);
  EXPECT_THAT(files.problem, HasSubstr("COMMENT : 1e+06 times the coordinates"));
  EXPECT_THAT(files.parameters, HasSubstr("PROBLEM_FILE = u200.tsp\nOUTPUT_TOUR_FILE = u200.tour\nRUNS = "
                                          "2\nSEED = 5\nTOTAL_TIME_LIMIT = 9.5\n"));
  const Problem scaled = parse_tsplib(files.problem, "u200.tsp");
  Order order;
  for (City c = 0; c < 200; ++c) order.push_back(c);
  EXPECT_NEAR(length(scaled.instance, order) / files.factor, length(problem.instance, order), 200 * 0.5e-6);
}

TEST(LkhFile, LeavesWholeDistancesAsTheyAre) {
  const LkhFiles files = lkh_files(numbered(), {.stem = "n", .seconds = {}});
  EXPECT_EQ(files.factor, 1);
  EXPECT_EQ(parse_tsplib(files.problem, "n.tsp").instance.coordinates, numbered().instance.coordinates);
  Problem table;
  table.instance = with_table({0, .5, .25, .5, 0, 1, .25, 1, 0}, 3);
  const LkhFiles scaled = lkh_files(table, {.stem = "n", .seconds = {}});
  EXPECT_EQ(scaled.factor, 1e6);
  EXPECT_EQ(parse_tsplib(scaled.problem, "n.tsp").instance.distance(0, 2), 250000);
}

}  // namespace
}  // namespace lehr::tour
