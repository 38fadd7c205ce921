#include "lehr/spin/greedy.hpp"

#include <numeric>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::spin {

Descent descend(const IsingModel& model, const FlipSearch& search, std::span<std::int8_t> spins,
                Stream random) {
  Descent descent;
  search.with(spins, [&](auto& flips) {
    for (Index i = flips.cheapest(random); i >= 0 && flips.cost(i) < -search.slack();
         i = flips.cheapest(random)) {
      flips.flip(i);
      ++descent.flips;
    }
    for (Index i = 0; i < flips.size(); ++i) spins[static_cast<std::size_t>(i)] = flips.spin(i);
  });
  descent.energy = model.energy(spins);
  return descent;
}

Descent descend(const IsingModel& model, std::span<std::int8_t> spins, Stream random) {
  return descend(model, FlipSearch(model), spins, random);
}

Greedy::Greedy(const IsingModel& model, GreedyOptions options)
    : model_(&model), options_(options), search_(model) {
  if (options_.reads < 1) throw InvalidInput("greedy: reads must be at least 1, found {}", options_.reads);
}

Greedy::State Greedy::start(const Moment&) const { return {BestStates(options_.reads, model_->size())}; }

void Greedy::advance(State& state, const Moment& now) const {
  std::vector<std::int64_t> flips(static_cast<std::size_t>(options_.reads));
  parallel_for(options_.reads, [&](std::int64_t read) {
    Stream initial = read_stream(now.random(lane("start")), read);
    Spins spins(static_cast<std::size_t>(model_->size()));
    randomise(spins, initial);
    const Descent descent = descend(*model_, search_, spins, read_stream(now.random(lane("ties")), read));
    state.best.offer(read, spins, descent.energy);
    flips[static_cast<std::size_t>(read)] = descent.flips;
  });
  now.spend(std::accumulate(flips.begin(), flips.end(), std::int64_t{0}));
}

}  // namespace lehr::spin
