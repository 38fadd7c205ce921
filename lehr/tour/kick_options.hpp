// What rules the kicks of iterated_local_search and chained_lin_kernighan, and when a longer tour is accepted.
#pragma once

#include "lehr/core/options.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::tour {

struct KickOptions {
  // Length of the random walks over candidate edges that choose what is kicked; 0: places in the window at random.
  std::int64_t walk = 50;
  // Most positions along the tour between the kicked edges and their centre: what a kick costs.
  std::int64_t window = 1000;
  std::int64_t kicks = 500;  // a step
  // A tour longer by d is accepted with probability e^(-d / T), in units of the mean distance to the nearest neighbour; 0: never.
  Schedule temperature = 0.0;

  void describe(OptionTable& table) {
    table
        .add("walk", walk,
             "steps of the random walks that choose the kicked edges; 0: at random in the window")
        .range(0, 1e4);
    table.add("window", window, "most cities along the tour between the kicked edges and their centre")
        .range(4, 1e9);
    table.add("kicks", kicks, "kicks a step of the run").range(1, 1e9);
    table.add("temperature", temperature,
              "temperature at which longer tours are accepted, in units of the mean distance to the nearest "
              "neighbour");
  }
  // Throws InvalidInput, naming the method, for a value out of range.
  void check(std::string_view method) const {
    if (walk < 0 || walk > 10000) throw InvalidInput("{}: walk is {}, not 0 to 10000", method, walk);
    if (window < 4 || window > 1000000000)
      throw InvalidInput("{}: window is {}, not 4 to 1000000000", method, window);
    if (kicks < 1) throw InvalidInput("{}: kicks is {}, not at least 1", method, kicks);
  }
};

}  // namespace lehr::tour
