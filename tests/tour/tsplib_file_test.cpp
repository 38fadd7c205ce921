#include "lehr/tour/tsplib_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "lehr/core/errors.hpp"
#include "lehr/tour/known_optima.hpp"
#include "lehr/tour/problem_file.hpp"

namespace lehr::tour {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    parse_tsplib(text, "f.tsp");
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("f.tsp"));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
    return error.what();
  }
  return "accepted";
}

std::string head(const std::string& type, int n) {
  return "NAME : t\nTYPE : TSP\nDIMENSION : " + std::to_string(n) + "\nEDGE_WEIGHT_TYPE : " + type + "\n";
}

const std::string square = "NODE_COORD_SECTION\n1 0 0\n2 0 3\n3 4 3\n4 4 0\nEOF\n";

TEST(TsplibFile, ReadsEveryRuleOfCoordinates) {
  struct Case {
    const char* type;
    Metric metric;
    bool solid;
    double from_0_to_2;
  };
  // From (0, 0[, 0]) to (4.4, 3.3[, 0]): 5.5, sqrt(30.25 / 10) = 1.739, sums 7.7, largest 4.4.
  for (const Case& c : {Case{"EUC_2D", Metric::euc_2d, false, 6}, Case{"CEIL_2D", Metric::ceil_2d, false, 6},
                        Case{"ATT", Metric::att, false, 2}, Case{"MAN_2D", Metric::man_2d, false, 8},
                        Case{"MAX_2D", Metric::max_2d, false, 4}, Case{"EUC_3D", Metric::euc_3d, true, 6},
                        Case{"MAN_3D", Metric::man_3d, true, 8}, Case{"MAX_3D", Metric::max_3d, true, 4}}) {
    const std::string z = c.solid ? " 0" : "";
    const Problem problem = parse_tsplib(
        head(c.type, 3) + "NODE_COORD_SECTION\n1 0 0" + z + "\n2 9 9" + z + "\n3 4.4 3.3" + z + "\nEOF\n",
        "f.tsp");
    EXPECT_EQ(problem.instance.metric, c.metric);
    EXPECT_EQ(problem.instance.distance(0, 2), c.from_0_to_2) << c.type;
    EXPECT_EQ(problem.instance.name, "t");
    EXPECT_TRUE(problem.ids.empty());
  }
}

// One table of four cities, written in every format by hand.
TEST(TsplibFile, ReadsEveryFormatOfATable) {
  const std::vector<std::pair<const char*, const char*>> formats = {
      {"FULL_MATRIX", "0 1 2 3\n1 0 4 5\n2 4 0 6\n3 5 6 0"},
      {"UPPER_ROW", "1 2 3 4 5 6"},
      {"LOWER_ROW", "1\n2 4\n3 5 6"},
      {"UPPER_DIAG_ROW", "0 1 2 3 0 4 5 0 6 0"},
      {"LOWER_DIAG_ROW", "0 1 0 2 4 0 3 5 6 0"},
      {"UPPER_COL", "1 2 4 3 5 6"},
      {"LOWER_COL", "1 2 3 4 5 6"},
      {"UPPER_DIAG_COL", "0 1 0 2 4 0 3 5 6 0"},
      {"LOWER_DIAG_COL", "0 1 2 3 0 4 5 0 6 0"}};
  for (const auto& [format, numbers] : formats) {
    const Problem problem = parse_tsplib(
        head("EXPLICIT", 4) + "EDGE_WEIGHT_FORMAT: " + format + "\nEDGE_WEIGHT_SECTION\n" + numbers + "\n",
        "f.tsp");
    EXPECT_THAT(problem.instance.table, ElementsAre(0, 1, 2, 3, 1, 0, 4, 5, 2, 4, 0, 6, 3, 5, 6, 0))
        << format;
    EXPECT_TRUE(problem.map().empty());
  }
}

TEST(TsplibFile, TakesTheFormsThatFilesHave) {
  const std::string weights = "EDGE_WEIGHT_SECTION\n 1 2 3 4\n 5 6\n",
                    display = "DISPLAY_DATA_SECTION\n 1 0.5 1e1\n 2 +3 4\n 3 5 6\n 4 7 -8.25E-1\n";
  const std::string entries =
      "TYPE:TSP\r\nCOMMENT : one\r\nCOMMENT: two: three\r\nDIMENSION:4\r\nEDGE_WEIGHT_TYPE "
      ":EXPLICIT\r\nEDGE_WEIGHT_FORMAT : UPPER_ROW \r\nDISPLAY_DATA_TYPE: TWOD_DISPLAY\r\nNODE_COORD_TYPE : "
      "NO_COORDS\r\nNAME: bayg4 \r\nMY_KEY : is my own\r\n";
  for (const std::string& text :
       {entries + weights + display + "EOF\nrubbish", display + weights + entries,
        weights + entries + display + "-1\n", "\xEF\xBB\xBF" + entries + display + weights + "  eof"}) {
    const Problem problem = parse_tsplib(text, "f.tsp");
    EXPECT_EQ(problem.instance.distance(3, 1), 5);
    EXPECT_EQ(problem.instance.name, "bayg4");
    EXPECT_THAT(problem.map(), ElementsAre(0.5, 10, 3, 4, 5, 6, 7, -0.825));
  }
}

TEST(TsplibFile, KeepsTheCitiesOwnNumbers) {
  const Problem problem =
      parse_tsplib(head("EUC_2D", 3) + "NODE_COORD_SECTION\n 70 0 0\n 0 1 0\n -5 1 1\n", "f.tsp");
  EXPECT_THAT(problem.ids, ElementsAre(70, 0, -5));
  EXPECT_THAT(order_of_ids(problem, {-5, 70, 0}, "x"), ElementsAre(2, 0, 1));
  const std::string again = tsplib_text(problem);
  EXPECT_EQ(parse_tsplib(again, "f.tsp").ids, problem.ids);
}

TEST(TsplibFile, ReadsAsymmetricTables) {
  const std::string table =
      "EDGE_WEIGHT_FORMAT : FULL_MATRIX\nEDGE_WEIGHT_SECTION\n9 1 2\n3 9 4\n5 6 9\nEOF\n";
  const std::string entries = "TYPE: ATSP\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: EXPLICIT\n";
  const Problem problem = parse_tsplib(entries + table, "f.atsp");
  EXPECT_TRUE(problem.is_directed());
  EXPECT_EQ(problem.cities(), 3);
  EXPECT_THAT(problem.directed, ElementsAre(0, 1, 2, 3, 0, 4, 5, 6, 0));
  EXPECT_EQ(parse_tsplib(tsplib_text(problem), "f.atsp").directed, problem.directed);
  EXPECT_THAT(refusal("TYPE: TSP\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: EXPLICIT\n" + table),
              HasSubstr("not symmetric: 3 from city 2 to 1, 1 back"));
  EXPECT_THAT(refusal(entries + "EDGE_WEIGHT_FORMAT: UPPER_ROW\nEDGE_WEIGHT_SECTION\n1 2 3\n"),
              HasSubstr("ATSP needs EDGE_WEIGHT_FORMAT FULL_MATRIX"));
  EXPECT_THAT(refusal("TYPE: ATSP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EUC_2D\n" + square),
              HasSubstr("ATSP needs EDGE_WEIGHT_TYPE EXPLICIT"));
}

TEST(TsplibFile, WritesWhatItReads) {
  for (const char* type : {"EUC_2D", "GEO", "ATT", "CEIL_2D", "MAN_2D", "MAX_2D"}) {
    const Problem problem = parse_tsplib(head(type, 4) + square, "f.tsp");
    const Problem again = parse_tsplib(tsplib_text(problem), "f.tsp");
    EXPECT_EQ(again.instance.coordinates, problem.instance.coordinates);
    EXPECT_EQ(again.instance.metric, problem.instance.metric);
  }
  EXPECT_THROW(tsplib_text(generate_problems("uniform(5)", Seed{1}).front()), InvalidInput);
}

TEST(TsplibFile, RefusesInOneLine) {
  const std::string entries = head("EUC_2D", 4);
  EXPECT_THAT(refusal(""), HasSubstr("DIMENSION is missing"));
  EXPECT_THAT(refusal("TYPE: TSP\nEDGE_WEIGHT_TYPE: EUC_2D\n" + square), HasSubstr("DIMENSION is missing"));
  EXPECT_THAT(refusal(head("EUC_2D", 2) + "NODE_COORD_SECTION\n1 0 0\n2 1 1\n"),
              HasSubstr("f.tsp:3: DIMENSION is 2; a tour needs at least 3"));
  EXPECT_THAT(refusal(head("EUC_2D", 2'000'000'000) + square),
              HasSubstr("DIMENSION is 2000000000; allowed are 3 to 100000000"));
  EXPECT_THAT(refusal(head("EUC_2D", 99'999'999) + square), HasSubstr("has 4 cities, DIMENSION is 99999999"));
  EXPECT_THAT(refusal("DIMENSION: many\n"), HasSubstr("expected DIMENSION, a whole number, found 'many'"));
  EXPECT_THAT(refusal("DIMENSION: 3 4\n"), HasSubstr("expected the number of cities"));
  EXPECT_THAT(refusal(entries + "NODE_COORD_SECTION\n1 0 0\n2 0 3\n3 4 3\nEOF\n"),
              HasSubstr("f.tsp:5: NODE_COORD_SECTION has 3 cities, DIMENSION is 4"));
  EXPECT_THAT(refusal(head("EUC_2D", 3) + square),
              HasSubstr("f.tsp:9: NODE_COORD_SECTION has more cities than the 3"));
  EXPECT_THAT(refusal(entries + "NODE_COORD_SECTION\n1 0 0\n2 0 3\n1 4 3\n4 4 0\n"),
              HasSubstr("f.tsp:8: city 1 is given twice, first on line 6"));
  EXPECT_THAT(refusal(entries + "NODE_COORD_SECTION\n1 0 0\n2 nan 3\n3 4 3\n4 4 0\n"),
              HasSubstr("f.tsp:7: expected a coordinate, a finite number, found 'nan'"));
  EXPECT_THAT(refusal(entries + "NODE_COORD_SECTION\n1 0 0\n2 1e999 3\n"),
              HasSubstr("a finite number, found '1e999'"));
  EXPECT_THAT(refusal(entries + "NODE_COORD_SECTION\n1 0 0 0\n"),
              HasSubstr("a city's number and 2 coordinates, found '1 0 0 0'"));
  EXPECT_THAT(refusal(entries + "NODE_COORD_SECTION\n1 0\n"), HasSubstr("found '1 0'"));
  EXPECT_THAT(refusal(entries), HasSubstr("NODE_COORD_SECTION is missing"));
  EXPECT_THAT(refusal(head("EUC2D", 4) + square),
              HasSubstr("f.tsp:4: unknown EDGE_WEIGHT_TYPE 'EUC2D' (did you mean EUC_2D?)"));
  EXPECT_THAT(refusal(head("XRAY1", 4) + square),
              HasSubstr("EDGE_WEIGHT_TYPE XRAY1 is not supported; allowed are EXPLICIT, EUC_2D"));
  EXPECT_THAT(refusal(head("SPECIAL", 4) + square), HasSubstr("SPECIAL is not supported"));
  EXPECT_THAT(refusal("DIMENSION: 4\n" + square), HasSubstr("EDGE_WEIGHT_TYPE is missing"));
  for (const char* type : {"HCP", "SOP", "CVRP", "TOUR"})
    EXPECT_THAT(refusal(std::string("TYPE: ") + type + "\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EUC_2D\n" + square),
                HasSubstr(std::string("f.tsp:1: TYPE ") + type));
  EXPECT_THAT(refusal("TYPE: ROUND\nDIMENSION: 4\n"),
              HasSubstr("unknown TYPE 'ROUND'; allowed are TSP and ATSP"));
  EXPECT_THAT(refusal(entries + "FIXED_EDGES_SECTION\n1 2\n-1\n" + square),
              HasSubstr("f.tsp:5: FIXED_EDGES_SECTION: fixed edges are not supported"));
  EXPECT_EQ(refusal(entries + "FIXED_EDGES_SECTION\n-1\n" + square), "accepted");
  EXPECT_THAT(refusal(entries + "EDGE_DATA_SECTION\n1 2\n-1\n" + square),
              HasSubstr("'EDGE_DATA_SECTION' is not supported"));
  EXPECT_THAT(refusal(entries + "DIMENSION : 4\n" + square),
              HasSubstr("f.tsp:5: DIMENSION is given twice, first on line 3"));
  EXPECT_THAT(refusal("1 2 3\n" + entries), HasSubstr("f.tsp:1: expected 'KEY : VALUE'"));
  EXPECT_THAT(refusal("some words\n" + entries),
              HasSubstr("f.tsp:1: expected 'KEY : VALUE', a section or EOF, found 'some words'"));
  const std::string table = head("EXPLICIT", 3);
  EXPECT_THAT(refusal(table), HasSubstr("EDGE_WEIGHT_SECTION is missing"));
  EXPECT_THAT(refusal(table + "EDGE_WEIGHT_SECTION\n1 2 3\n"), HasSubstr("EDGE_WEIGHT_FORMAT is missing"));
  EXPECT_THAT(refusal(table + "EDGE_WEIGHT_FORMAT: FUNCTION\nEDGE_WEIGHT_SECTION\n1 2 3\n"),
              HasSubstr("EDGE_WEIGHT_FORMAT 'FUNCTION' is not supported"));
  const std::string upper = table + "EDGE_WEIGHT_FORMAT: UPPER_ROW\nEDGE_WEIGHT_SECTION\n";
  EXPECT_THAT(refusal(upper + "1 2\n"),
              HasSubstr("f.tsp:6: EDGE_WEIGHT_SECTION has 2 entries, UPPER_ROW of 3 cities has 3"));
  EXPECT_THAT(refusal(upper + "1 -2 3\n"), HasSubstr("the distance from city 1 to city 3 is -2"));
  EXPECT_THAT(refusal(upper + "1\n2\nNaN\n"), HasSubstr("f.tsp:9: expected a distance"));
  EXPECT_THAT(refusal(upper + "1 2 x3\n"), HasSubstr("expected a distance, found 'x3'"));
}

std::filesystem::path shared_folder() {
  const char* const shared = std::getenv("LEHR_SHARED_DATA");
  return std::filesystem::path(shared != nullptr ? shared : "../shared/data") / "heatmap-mcts-tsp" / "tsplib";
}

TEST(TsplibFile, ReadsTheRealFiles) {
  if (!std::filesystem::exists(shared_folder())) GTEST_SKIP() << "no shared data";
  for (const auto& [name, cities, optimum] :
       {std::tuple{"berlin52", 52, 7542.0}, {"eil51", 51, 426.0}, {"burma14", 14, 3323.0}}) {
    const Problem problem = read_problems(shared_folder() / (std::string(name) + ".tsp")).front();
    EXPECT_EQ(problem.cities(), cities);
    EXPECT_EQ(known_optimum(problem), optimum);
  }
}

// The optimal tour of burma14 as Reinelt prints it has the length 3323 under the rule GEO.
TEST(TsplibFile, MeasuresBurma14ToTheLetter) {
  if (!std::filesystem::exists(shared_folder())) GTEST_SKIP() << "no shared data";
  const Problem problem = read_problems(shared_folder() / "burma14.tsp").front();
  const Order optimal = order_of_ids(problem, {1, 2, 14, 3, 4, 5, 6, 12, 7, 13, 8, 11, 9, 10}, "burma14");
  EXPECT_EQ(length(problem.instance, optimal), 3323);
}

TEST(KnownOptima, AreOfTheProblemThatIsMeant) {
  const Problem other =
      parse_tsplib("NAME: berlin52\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EUC_2D\n" + square, "f.tsp");
  EXPECT_FALSE(known_optimum(other));
  Problem own = generate_problems("uniform(52)", Seed{1}).front();
  own.instance.name = "Berlin52.tsp";
  EXPECT_FALSE(known_optimum(own));  // not by TSPLIB's rules
  own.is_tsplib = true;
  EXPECT_EQ(known_optimum(own), 7542);
}

}  // namespace
}  // namespace lehr::tour
