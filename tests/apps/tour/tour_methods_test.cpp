// Every method of `lehr tour solve` on problems whose answer is known, `lehr tour bound`, and directed problems.
#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::Json;

class TourMethods : public lehr::test::CommandLine {
 protected:
  Json json(const std::string& arguments) const {
    const auto outcome = lehr(arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << arguments << "\n" << outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json();
  }
};

// The searches meet the exhaustive one on twelve cities, and no tour is below the bound.
TEST_F(TourMethods, MeetTheShortestTour) {
  const Json exact = json("tour solve 'uniform(12, 4)' --method held_karp --bound");
  EXPECT_TRUE(exact["proved"].get<bool>());
  const double shortest = exact["length"];
  EXPECT_LE(exact["bound"].get<double>(), shortest * (1 + 1e-12));
  EXPECT_GE(exact["bound"].get<double>(), 0.95 * shortest);
  for (const std::string method :
       {"chained_lin_kernighan", "iterated_local_search", "heatmap_mcts", "anneal_tour"})
    EXPECT_NEAR(json("tour solve 'uniform(12, 4)' --steps 20 --method " + method)["length"].get<double>(),
                shortest, 1e-9)
        << method;
  for (const std::string method : {"or_opt", "nearest_neighbour", "greedy", "space_filling_curve"})
    EXPECT_GE(json("tour solve 'uniform(12, 4)' --method " + method)["length"].get<double>(), shortest - 1e-9)
        << method;
}

TEST_F(TourMethods, BoundIsThatOfSolve) {
  const double shown = json("tour solve 'uniform(150, 3)' --steps 20 --bound")["bound"];
  write("reference.csv", "file,line,reference_length\n");
  const auto outcome = lehr("tour bound 'uniform(150, 3)' --reference 10 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(std::to_string(shown).substr(0, 6)), std::string::npos)
      << outcome.out.substr(0, 300);
  EXPECT_NE(lehr("tour bound 'uniform(150, 3)' --step 'geometrik(1, 2)'").err.find("geometric"),
            std::string::npos);
}

// Costs by direction; 70 is the least over all 120 orders.
TEST_F(TourMethods, DirectedProblems) {
  write("six.atsp",
        "NAME: six\nTYPE: ATSP\nDIMENSION: 6\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: "
        "FULL_MATRIX\nEDGE_WEIGHT_SECTION\n"
        "9999 3 5 48 48 8\n3 9999 3 48 48 8\n5 3 9999 72 72 48\n48 48 74 9999 0 6\n48 48 74 0 9999 6\n8 8 50 "
        "6 6 9999\nEOF\n");
  EXPECT_EQ(json("tour solve six.atsp --method held_karp")["length"], 70);
  const Json found = json("tour solve six.atsp --steps 20 --bound");
  EXPECT_EQ(found["length"], 70);
  EXPECT_LE(found["bound"].get<double>(), 70);
  EXPECT_EQ(found["tour"].size(), 6u);
  // Listed in the direction in which it costs that much.
  const std::vector<std::vector<int>> costs = {{0, 3, 5, 48, 48, 8},  {3, 0, 3, 48, 48, 8},
                                               {5, 3, 0, 72, 72, 48}, {48, 48, 74, 0, 0, 6},
                                               {48, 48, 74, 0, 0, 6}, {8, 8, 50, 6, 6, 0}};
  int cost = 0;
  for (std::size_t i = 0; i < 6; ++i)
    cost += costs[found["tour"][i].get<std::size_t>() - 1][found["tour"][(i + 1) % 6].get<std::size_t>() - 1];
  EXPECT_EQ(cost, 70);
}

}  // namespace
