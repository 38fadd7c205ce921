// `lehr tour prior` (tour.prior): how often the tours of solved problems lead to the k-th nearest neighbour, which is the heatmap "gt".
#pragma once

#include <string>
#include <vector>

#include "lehr/core/task.hpp"
#include "lehr/tour/problem.hpp"

namespace lehr::command {

struct TourPriorOptions {
  std::vector<std::string> files, tours;
  std::int64_t reach = 20;
  std::string save;

  void describe(OptionTable& table);
};

// Shares over the problems: means, and standard errors where there are two problems or more.
struct TourPrior {
  std::vector<double> shares, errors;  // of the k-th neighbour, k = 1, ...
  double beyond = 0;                   // share of the ends of edges that lead farther
  std::int64_t problems = 0, cities = 0;
};

TourPrior estimate_prior(const std::vector<tour::Problem>& solved, int reach);
Task tour_prior_task();

}  // namespace lehr::command
