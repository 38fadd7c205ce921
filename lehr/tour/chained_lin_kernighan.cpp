#include "lehr/tour/chained_lin_kernighan.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/tour/kicked_descent.hpp"

namespace lehr::tour {

namespace {

Breadth breadth_of(const std::vector<std::int64_t>& list) {
  Breadth breadth{};
  if (list.size() > ArrayTour::most_edges - 2)
    throw InvalidInput("breadth: {} levels; at most {}", list.size(), ArrayTour::most_edges - 2);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] < 1 || list[i] > Breadth::most)
      throw InvalidInput("breadth: found {}, expected 1 to {}", list[i], Breadth::most);
    breadth.at[i + 1] = static_cast<int>(list[i]);
  }
  return breadth;
}

}  // namespace

KickOptions annealed_kicks() {
  KickOptions kicks;
  kicks.temperature = Schedule::parse("linear(from=1, to=0)");
  return kicks;
}

void ChainedLinKernighanOptions::describe(OptionTable& table) {
  kicks.describe(table);
  table.add("breadth", breadth,
            "continuations tried at each level of an exchange, 1 to 16; a level more is an edge more");
}

ChainedLinKernighan::ChainedLinKernighan(const Instance& instance, const Neighbours& neighbours,
                                         const ChainedLinKernighanOptions& options, const Order& initial)
    : KickedSearch("chained_lin_kernighan", instance, neighbours, options.kicks, initial),
      breadth_(breadth_of(options.breadth)) {}

void ChainedLinKernighan::advance(State& state, const Moment& now) const {
  with_usual_distance(graph_->instance(), [&](const auto& distance) {
    SequentialMoves moves(*graph_, state, distance, breadth_);
    kick_step(moves, state, *graph_, distance, options_, now);
  });
}

}  // namespace lehr::tour
