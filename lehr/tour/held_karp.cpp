#include "lehr/tour/held_karp.hpp"

#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::tour {

namespace {

// C(S, j) for all S of the first `inner` cities; S is a set of bits.
class PathTable {
 public:
  PathTable(const Instance& instance, City inner)
      : instance_(instance),
        inner_(static_cast<std::size_t>(inner)),
        lengths_((std::size_t{1} << inner_) * inner_, std::numeric_limits<double>::infinity()) {
    for (std::size_t j = 0; j < inner_; ++j)
      at(std::size_t{1} << j, j) = instance_.distance(inner, static_cast<City>(j));
  }

  void fill() {
    const std::vector<double> distances = table();
    for (std::size_t set = 1; set < std::size_t{1} << inner_; ++set)
      for (std::size_t j = 0; j < inner_; ++j) {
        const std::size_t rest = set & ~(std::size_t{1} << j);
        if (rest == set || rest == 0) continue;
        double best = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < inner_; ++i)  // C(rest, i) is infinite for i not in rest
          best = std::min(best, at(rest, i) + distances[i * inner_ + j]);
        at(set, j) = best;
      }
  }

  // From the end: each city is the one that attains the minimum.
  Order trace() const {
    Order order = {static_cast<City>(inner_)};
    std::size_t set = (std::size_t{1} << inner_) - 1, previous = inner_;
    while (set != 0) {
      std::size_t best = inner_;
      double shortest = std::numeric_limits<double>::infinity();
      for (std::size_t i = 0; i < inner_; ++i) {
        if ((set >> i & 1) == 0) continue;
        const double d = at(set, i) + instance_.distance(static_cast<City>(i), static_cast<City>(previous));
        if (best == inner_ || d < shortest) best = i, shortest = d;
      }
      order.push_back(static_cast<City>(best));
      set &= ~(std::size_t{1} << best);
      previous = best;
    }
    return order;
  }

 private:
  double& at(std::size_t set, std::size_t j) { return lengths_[set * inner_ + j]; }
  double at(std::size_t set, std::size_t j) const { return lengths_[set * inner_ + j]; }
  std::vector<double> table() const {
    std::vector<double> distances;
    for (std::size_t i = 0; i < inner_; ++i)
      for (std::size_t j = 0; j < inner_; ++j)
        distances.push_back(instance_.distance(static_cast<City>(i), static_cast<City>(j)));
    return distances;
  }

  const Instance& instance_;
  std::size_t inner_;
  std::vector<double> lengths_;
};

}  // namespace

Order held_karp(const Instance& instance) {
  if (instance.cities() > most_held_karp_cities)
    throw InvalidInput("held_karp: {} cities; it takes at most {}", instance.cities(), most_held_karp_cities);
  PathTable table(instance, instance.cities() - 1);
  table.fill();
  return canonical(table.trace());
}

}  // namespace lehr::tour
