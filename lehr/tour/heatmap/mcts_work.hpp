// What one advance of heatmap-guided tree search works on; heatmap_mcts.hpp says what it computes.
#pragma once

#include <cmath>
#include <cstdint>

#include "lehr/core/quick_random.hpp"
#include "lehr/tour/heatmap/heatmap_mcts.hpp"

namespace lehr::tour {

// The knobs as they stand during one advance.
struct MctsKnobs {
  double alpha, beta, pool, depth, fresh, temperature;
};

template <class Distance>
struct MctsWork {
  MctsWork(const Distance& metric, const MctsKnobs& now, MctsState& search, QuickStream stream)
      : distance(metric),
        knobs(now),
        state(search),
        rows(search.memory.rows()),
        count(rows.count),
        random(stream) {
    set_tolerance();
  }

  // Gains up to here are rounding.
  void set_tolerance() { tolerance = 1e-10 * state.length / count; }
  // What a move of this gain adds to the weights of its edges.
  double lesson(double gain) const { return knobs.beta * std::expm1(gain / state.length); }
  std::uint64_t below(std::uint64_t n) { return ((random() >> 32) * n) >> 32; }  // n < 2^32
  City random_city() { return static_cast<City>(below(static_cast<std::uint64_t>(count))); }

  double recomputed_length() const {
    const Order& order = state.tour.order();
    double sum = 0;
    for (std::size_t i = 0; i + 1 < order.size(); ++i) sum += distance(order[i], order[i + 1]);
    return sum + distance(order.back(), order.front());
  }

  const Distance& distance;
  MctsKnobs knobs;
  MctsState& state;
  const CandidateRows& rows;
  City count;
  double tolerance = 0;
  QuickStream random;
  std::int64_t spent = 0;  // in evaluations of a move, about 5 ns each
};

}  // namespace lehr::tour
