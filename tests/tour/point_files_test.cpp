// Problems from lines, tables, arrays and calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/tour/point_lines.hpp"
#include "lehr/tour/point_table.hpp"
#include "lehr/tour/problem_file.hpp"

namespace lehr::tour {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class Read>
std::string refusal_of(Read read) {
  try {
    read();
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
    return error.what();
  }
  return "accepted";
}

TEST(PointLines, ReadsProblemsAndTours) {
  const std::string text = "0 0 1 0 1 1.5e0 output 1 3 2 1\n\n0 0 1 0 1 1 0 1\r\n";
  const std::vector<Problem> problems = parse_point_lines(text, "p.txt");
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].cities(), 3);
  EXPECT_THAT(problems[0].stored, ElementsAre(0, 2, 1));
  EXPECT_EQ(problems[0].instance.metric, Metric::euclidean);
  EXPECT_EQ(problems[1].cities(), 4);
  EXPECT_EQ(problems[1].line, 3);
  EXPECT_TRUE(problems[1].stored.empty());
  EXPECT_EQ(parse_point_lines(text, "p.txt", {3}).front().cities(), 4);
  EXPECT_EQ(point_line(problems[0]), "0 0 1 0 1 1.5 output 1 3 2 1\n");
  EXPECT_EQ(parse_point_lines(point_line(problems[1]), "p.txt").front().instance.coordinates,
            problems[1].instance.coordinates);
}

TEST(PointLines, RefusesInOneLine) {
  const auto refusal = [](const std::string& text, std::vector<std::int64_t> lines = {}) {
    return refusal_of([&] { parse_point_lines(text, "p.txt", lines); });
  };
  EXPECT_THAT(refusal(""), HasSubstr("p.txt: holds no problem"));
  EXPECT_THAT(refusal("0 0 1 1\n"), HasSubstr("p.txt:1: 2 cities; a tour needs at least 3"));
  EXPECT_THAT(refusal("0 0 1 1 2\n"), HasSubstr("5 coordinates are not x and y"));
  EXPECT_THAT(refusal("0 0 1 1 2 nan\n"), HasSubstr("found 'nan'"));
  EXPECT_THAT(refusal("0 0 1 1 2 2 ouput 1 2 3\n"),
              HasSubstr("expected a coordinate or 'output', found 'ouput'"));
  EXPECT_THAT(refusal("0 0 1 1 2 2 output 1 2\n"),
              HasSubstr("p.txt:1: output: 2 cities in the tour, 3 in the problem"));
  EXPECT_THAT(refusal("0 0 1 1 2 2 output 1 2 4 1\n"),
              HasSubstr("no city of the problem has the number 4; they are 1 to 3"));
  EXPECT_THAT(refusal("0 0 1 1 2 2 output 1 2 2 1\n"), HasSubstr("city 2 is visited twice"));
  EXPECT_THAT(refusal("0 0 1 1 2 2\n", {2}),
              HasSubstr("there is no problem on line 2; the last one is on line 1"));
}

TEST(PointTable, FindsCoordinatesAndNames) {
  struct Case {
    const char* text;
    std::vector<double> coordinates;
    std::vector<std::string> labels;
  };
  const std::vector<double> three = {1, 2, 3, 4, 5, 6};
  for (const Case& c :
       {Case{"x,y\n1,2\n3,4\n5,6\n", three, {}}, Case{"1,2\n3,4\n5,6\n", three, {}},
        Case{"1;2\r\n3;4\r\n5;6", three, {}}, Case{"name,x,y\na,1,2\nb,3,4\nc,5,6\n", three, {"a", "b", "c"}},
        Case{"a,1,2\nb,3,4\n\"c, d\",5,6\n", three, {"a", "b", "c, d"}},
        Case{"lat,lon,population\n2,1,10\n4,3,20\n6,5,30\n", three, {}},
        Case{"id,x,y\n7,1e0,2\n9,3,4\n11,5,6\n", three, {"7", "9", "11"}},
        Case{"1,1,2\n2,3,4\n3,5,6\n", three, {"1", "2", "3"}},
        Case{"# cities\nY\tX\n2\t1\n4\t3\n6\t5\n", three, {}}}) {
    const Problem problem = parse_point_csv(c.text, "c.csv");
    EXPECT_EQ(problem.instance.coordinates, c.coordinates) << c.text;
    EXPECT_EQ(problem.labels, c.labels) << c.text;
  }
  EXPECT_EQ(parse_point_csv("x,y,z\n1,2,3\n4,5,6\n7,8,10\n", "c.csv").instance.dimension, 3);
  EXPECT_EQ(parse_point_csv("0,0\n3,4.4\n9,9\n", "c.csv", Metric::euc_2d).instance.distance(0, 1), 5);
}

TEST(PointTable, RefusesInOneLine) {
  const auto refusal = [](const std::string& text) {
    return refusal_of([&] { parse_point_csv(text, "c.csv"); });
  };
  EXPECT_THAT(refusal("x,y\n1,2\n3,4\n"), HasSubstr("c.csv: tour: 2 cities"));
  EXPECT_THAT(refusal("x,y\n1,2\n3,\n5,6\n"), HasSubstr("c.csv"));
  EXPECT_THAT(refusal("x,y\n1,2\n3,b\n5,6\n"), HasSubstr("'b'"));
  EXPECT_THAT(refusal("x,y\n1,2\n3,nan\n5,6\n"), HasSubstr("coordinate 2 of city 2 is nan"));
  EXPECT_THAT(refusal("a,b,c,d\n1,2,3,4\n1,2,3,5\n2,2,2,2\n"), HasSubstr("4 columns of numbers"));
}

class ProblemFile : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file(const std::string& name, const std::string& text) const {
    write_file_atomically(folder_ / name, text);
    return folder_ / name;
  }
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("lehr_tour_" + std::to_string(getpid()));
};

TEST_F(ProblemFile, TellsFormatsApart) {
  const std::string points = "0 0 1 0 1 1\n0 0 2 0 2 2\n";
  EXPECT_EQ(read_problems(file("a.txt", points)).size(), 2u);
  EXPECT_EQ(read_problems(file("a.txt", points), {.lines = {2}, .metric = {}, .seed = {}}).front().title(),
            "a.txt line 2");
  EXPECT_EQ(read_problems(file("b", "0,0\n1,0\n1,1\n")).front().cities(), 3);
  EXPECT_EQ(read_problems(file("c.csv", "x,y\n0,0\n1,0\n1,1\n")).front().title(), "c.csv");
  const auto tsp =
      file("d.tsp", "DIMENSION: 3\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 1 1\n3 2 0\n");
  EXPECT_TRUE(read_problems(tsp).front().is_tsplib);
  const std::vector<double> array = {0, 0, 1, 0, 1, 1};
  write_npy(folder_ / "e.npy", tensor_view(std::span<const double>(array), {3, 2}));
  EXPECT_EQ(read_problems(folder_ / "e.npy").front().instance.coordinates, array);
  EXPECT_THAT(refusal_of([&] { read_problems(tsp, {.lines = {2}, .metric = {}, .seed = {}}); }),
              HasSubstr("holds a single problem"));
  EXPECT_THAT(refusal_of([&] { read_problems(tsp, {.lines = {}, .metric = Metric::att, .seed = {}}); }),
              HasSubstr("metric is for points"));
  write_npy(folder_ / "f.npy", tensor_view(std::span<const double>(array), {6, 1}));
  EXPECT_THAT(refusal_of([&] { read_problems(folder_ / "f.npy"); }), HasSubstr("shape [6,1]"));
  EXPECT_THROW(read_problems(folder_ / "nosuch.tsp"), IoError);
}

TEST(GeneratedProblems, AreTheSameForTheSameCall) {
  const auto one = generate_problems("uniform(50)", Seed{7}),
             other = generate_problems("uniform(n=50, seed=7, count=2)", Seed{1});
  ASSERT_EQ(other.size(), 2u);
  EXPECT_EQ(one.front().instance.coordinates, other.front().instance.coordinates);
  EXPECT_NE(other[0].instance.coordinates, other[1].instance.coordinates);
  for (const double x : one.front().instance.coordinates) EXPECT_TRUE(x >= 0 && x < 1);
  EXPECT_EQ(generate_problems("clustered(300, 3)", Seed{1}).front().cities(), 300);
  for (const auto& [call, part] : {std::pair{"uniform(2)", "n is 2"},
                                   {"uniform(1e3)", "whole number"},
                                   {"uniform(9, sed=3)", "did you mean 'seed'"},
                                   {"uniform(9", "expected uniform(n"},
                                   {"uniform(9,1,0)", "count is 0"},
                                   {"uniform(9,1,1,1)", "more arguments"}})
    EXPECT_THAT(refusal_of([&] { generate_problems(call, Seed{1}); }), HasSubstr(part)) << call;
}

}  // namespace
}  // namespace lehr::tour
