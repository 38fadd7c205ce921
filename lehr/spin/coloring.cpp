#include "lehr/spin/coloring.hpp"

namespace lehr::spin {

Coloring color(const IsingModel& model) {
  const auto n = static_cast<std::size_t>(model.size());
  std::vector<Index> color_of(n, -1), used_by;  // used_by[c]: the last spin that saw colour c beside it
  std::vector<Index> count;
  for (Index i = 0; i < model.size(); ++i) {
    for (const Index j : model.neighbours(i)) {
      const Index c = color_of[static_cast<std::size_t>(j)];
      if (c >= 0) used_by[static_cast<std::size_t>(c)] = i;
    }
    std::size_t c = 0;
    while (c < used_by.size() && used_by[c] == i) ++c;
    if (c == used_by.size()) used_by.push_back(-1), count.push_back(0);
    color_of[static_cast<std::size_t>(i)] = static_cast<Index>(c);
    ++count[c];
  }
  Coloring coloring;
  Index end = 0;
  for (const Index spins : count) coloring.ends.push_back(end += spins);
  std::vector<Index> next(count.size(), 0);
  for (std::size_t c = 1; c < count.size(); ++c) next[c] = coloring.ends[c - 1];
  coloring.order.resize(n);
  for (Index i = 0; i < model.size(); ++i) {
    const auto c = static_cast<std::size_t>(color_of[static_cast<std::size_t>(i)]);
    coloring.order[static_cast<std::size_t>(next[c]++)] = i;
  }
  return coloring;
}

}  // namespace lehr::spin
