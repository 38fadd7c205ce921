// `lehr tour solve` and `lehr tour prior` as a person or a script meets them.
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

class TourCommand : public lehr::test::CommandLine {
 protected:
  // The corners and the middle of the sides of a square: the shortest tour has the length 8.
  void write_ring() const {
    write("ring.tsp",
          "NAME : ring\nTYPE : TSP\nDIMENSION : 8\nEDGE_WEIGHT_TYPE : EUC_2D\nNODE_COORD_SECTION\n"
          "11 0 0\n12 2 2\n13 1 0\n14 0 2\n15 2 1\n16 0 1\n17 2 0\n18 1 2\nEOF\n");
  }
  Json json(const std::string& arguments) const {
    const auto outcome = lehr(arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << arguments << "\n" << outcome.err;
    return Json::parse(outcome.out);
  }
};

TEST_F(TourCommand, SavesWithTheFilesNumbers) {
  write_ring();
  write("round.tour", "TYPE : TOUR\nTOUR_SECTION\n 15 17 13 11 16 14 18 12 -1\nEOF\n");
  const Json result =
      json("tour solve ring.tsp --method given --initial round.tour --reference 4 --bound --save ring.tour");
  EXPECT_EQ(result["length"], 8);
  EXPECT_EQ(result["gap"], 100);
  EXPECT_EQ(result["bound"], 8);
  EXPECT_EQ(result["tour"], Json({11, 13, 17, 15, 12, 18, 14, 16}));
  EXPECT_NE(content(folder_ / "ring.tour")
                .find("COMMENT : Length = 8\nTYPE : TOUR\nDIMENSION : 8\nTOUR_SECTION\n11\n13\n"),
            std::string::npos);
  EXPECT_EQ(json("tour solve ring.tsp --method given --initial ring.tour --reference round.tour")["gap"], 0);
}

TEST_F(TourCommand, WritesTablesAndLinesAndFilesForLkh) {
  write("cities.csv", "name,x,y\nA,0,0\nB,0.5,0.5\nC,1,0\nD,1,1\n");
  EXPECT_EQ(lehr("tour solve cities.csv --method nearest_neighbour --save tour.csv --lkh lkh --json").code,
            0);
  EXPECT_EQ(content(folder_ / "tour.csv").substr(0, 33), "position,city,name,x,y,to_next\n1,");
  EXPECT_NE(content(folder_ / "lkh.par").find("PROBLEM_FILE = lkh.tsp"), std::string::npos);
  EXPECT_NE(content(folder_ / "lkh.tsp").find("1e+06 times the coordinates"), std::string::npos);
  EXPECT_EQ(json("tour solve cities.csv --metric euc_2d --method nearest_neighbour")["length"], 4);
}

TEST_F(TourCommand, SolvesManyProblemsSideBySide) {
  const Json all =
      json("tour solve 'uniform(60, 5, 6)' --method nearest_neighbour --save all.txt --threads 4");
  ASSERT_EQ(all["problems"].size(), 6u);
  const Json one = json("tour solve 'uniform(60, 7)' --method nearest_neighbour");
  EXPECT_EQ(all["problems"][2]["length"], one["length"]);
  EXPECT_EQ(all["problems"][2]["tour"], one["tour"]);
  const Json again = json("tour solve all.txt --line 3 --method given --initial stored");
  EXPECT_NEAR(again["length"].get<double>(), one["length"].get<double>(), 1e-12);
  write("ref.csv",
        "file,line,reference_length\nall.txt,3," + std::to_string(one["length"].get<double>() / 2) + "\n");
  const Json compared = json("tour solve all.txt --line 3 --method nearest_neighbour --reference ref.csv");
  EXPECT_NEAR(compared["gap"].get<double>(), 100, 1e-3);
  EXPECT_FALSE(
      json("tour solve all.txt --line 4 --method nearest_neighbour --reference ref.csv").contains("gap"));
  EXPECT_EQ(json("tour solve all.txt --line 4 --method nearest_neighbour")["gap"], 0);  // the stored tour
}

TEST_F(TourCommand, DrawsTheTour) {
  EXPECT_EQ(lehr("tour solve 'uniform(300)' --method nearest_neighbour --out run").code, 0);
  const std::string page = content(folder_ / "run" / "report.html");
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_NE(content(folder_ / "run" / "artifacts" / "map.svg").find("<polygon"), std::string::npos);
  EXPECT_NE(content(folder_ / "run" / "artifacts" / "tour.tour").find("TOUR_SECTION"), std::string::npos);
}

// What tune finds is a command line for solve, the same at any number of threads; the first trial is the public default.
TEST_F(TourCommand, TunesOnProblemsLikeOnesOwn) {
  const std::string tune =
      "tour tune 'uniform(60, count=3)' --heatmap softdist --trials 5 --simulations 300 --seed 3";
  const Json found = json(tune + " --threads 1 --out one")["metrics"];
  const Json again = json(tune + " --threads 4 --out four")["metrics"];
  EXPECT_EQ(found["trials"], 5);
  EXPECT_EQ(found["problems"], 3);
  EXPECT_GE(found["loss_first"].get<double>(), found["loss_best"].get<double>());
  for (const char* name : {"loss_best", "loss_mean", "explained", "importance_alpha", "importance_depth"})
    EXPECT_EQ(found[name], again[name]) << name;
  std::string flags = content(folder_ / "one" / "artifacts" / "settings.txt");
  EXPECT_EQ(flags, content(folder_ / "four" / "artifacts" / "settings.txt"));
  EXPECT_EQ(flags.find("--heatmap softdist --mcts.alpha "), 0U);
  flags.pop_back();
  EXPECT_EQ(lehr("tour solve 'uniform(60)' --method heatmap_mcts --steps 3 --json " + flags).code, 0);

  EXPECT_THAT(lehr("tour tune 'uniform(60)' --trials 1").err, testing::HasSubstr("trials"));
  EXPECT_THAT(lehr("tour tune").err, testing::HasSubstr("files: give problems to train on"));
  EXPECT_THAT(lehr("tour tune 'uniform(60)' --simulations 5 --seconds_per_city 1").err,
              testing::HasSubstr("both set"));
  EXPECT_THAT(lehr("tour tune 'uniform(60)' --heatmap zero --prior shares.csv").err,
              testing::HasSubstr("belongs to the heatmap gt"));
}

// A page for many cities stays small.
TEST_F(TourCommand, DrawsTenThousandCitiesInAFewMegabytes) {
  EXPECT_EQ(lehr("tour solve 'uniform(10000)' --method nearest_neighbour --out run").code, 0);
  EXPECT_LT(std::filesystem::file_size(folder_ / "run" / "report.html"), 3'000'000u);
}

TEST_F(TourCommand, EstimatesThePrior) {
  // Around the ring every edge leads to one of the two nearest neighbours; the second line has the order of the file.
  write("ring.txt",
        "0 0 1 0 2.1 0 2.1 2.1 2.1 1 1 2.1 0 2.1 0 1 output 1 2 3 5 4 6 7 8 1\n0 0 1 0 2 0 1 1 output 1 2 3 "
        "4 1\n");
  const Json ring = json("tour prior ring.txt --save prior.csv")["metrics"];
  EXPECT_EQ(ring["problems"], 1);
  EXPECT_NEAR(ring["share_1"].get<double>() + ring["share_2"].get<double>(), 1, 1e-12);
  EXPECT_EQ(ring["beyond"], 0);
  EXPECT_NE(lehr("tour prior ring.txt").out.find("ring.txt line 2: its tour is the order of the file"),
            std::string::npos);
  EXPECT_EQ(content(folder_ / "prior.csv").substr(0, 16), "neighbour,share\n");
  write_ring();
  write("ring.tour", "TYPE : TOUR\nTOUR_SECTION\n 15 17 13 11 16 14 18 12 -1\nEOF\n");
  EXPECT_EQ(json("tour prior ring.tsp")["metrics"]["beyond"], 0);
}

TEST_F(TourCommand, MeetsThePublishedPrior) {
  const char* const shared = std::getenv("LEHR_SHARED_DATA");
  const auto folder = std::filesystem::absolute(
      std::filesystem::path(shared != nullptr ? shared : "../shared/data") / "heatmap-mcts-tsp");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared data";
  const Json metrics = json("tour prior '" + (folder / "tsp1000.txt").string() + "'")["metrics"];
  EXPECT_EQ(metrics["problems"], 4);
  EXPECT_LT(metrics["from_published"].get<double>(), 0.02);
}

TEST_F(TourCommand, RefusesInOneLine) {
  write_ring();
  expect_one_line_error("tour solve", "give a file of cities");
  expect_one_line_error("tour solve nosuch.tsp", "nosuch.tsp");
  expect_one_line_error("tour solve ring.tsp --method lk", "method");
  expect_one_line_error("tour solve ring.tsp --line 2", "holds a single problem");
  expect_one_line_error("tour solve ring.tsp --reference -3", "reference: the length is -3");
  expect_one_line_error("tour solve ring.tsp --reference no.csv", "no.csv");
  expect_one_line_error("tour solve ring.tsp --save tour.xls", "must end in .tour, .csv or .txt");
  expect_one_line_error("tour solve ring.tsp --method given", "initial is missing");
  expect_one_line_error("tour solve ring.tsp --method given --initial stored", "has no tour beside it");
  expect_one_line_error("tour solve 'uniform(9, count=2)' --save tour.csv", "several tours");
  expect_one_line_error("tour solve 'uniform(9, count=2)' --initial ring.tour", "choose one by line");
  expect_one_line_error("tour solve ring.tsp --metric att", "EDGE_WEIGHT_TYPE");
  write("short.tour", "TYPE: TOUR\nTOUR_SECTION\n11 12 13 -1\n");
  expect_one_line_error("tour solve ring.tsp --method given --initial short.tour",
                        "3 cities in the tour, 8 in the problem");
  write("bad.tsp", "DIMENSION : 3\nEDGE_WEIGHT_TYPE : XRAY2\nNODE_COORD_SECTION\n1 0 0\n");
  expect_one_line_error("tour solve bad.tsp", "bad.tsp:2: EDGE_WEIGHT_TYPE XRAY2 is not supported");
  expect_one_line_error("tour prior", "files");
  expect_one_line_error("tour prior ring.tsp", "no tour beside it");
  expect_one_line_error("tour prior ring.tsp --tours a.tour b.tour", "2 files of tours for 1");
}

}  // namespace
