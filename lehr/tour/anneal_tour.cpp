#include "lehr/tour/anneal_tour.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/tour/constructions.hpp"

namespace lehr::tour {

namespace {

// The cities of an exchange as in array_tour.hpp; 2-opt has four of them, Or-opt six, none where the proposal is void.
struct Exchange {
  std::array<City, 6> t{};
  std::size_t size = 0;
  std::span<const City> cities() const { return {t.data(), size}; }
};

std::size_t below(QuickStream& random, std::size_t n) {
  return static_cast<std::size_t>(uniform(random) * static_cast<double>(n));
}

// (a, a') and (c, c') leave, (a, c) and (a', c') enter, both successors or both predecessors.
Exchange two_opt(const ArrayTour& tour, City a, City c, bool forward) {
  const City after_a = forward ? tour.next(a) : tour.previous(a),
             after_c = forward ? tour.next(c) : tour.previous(c);
  if (after_a == c || after_c == a) return {};
  return {{after_a, a, c, after_c}, 4};
}

// The segment of `size` cities that begins at a and goes on in one direction moves between c and one of c's neighbours, a beside c.
Exchange or_opt(const ArrayTour& tour, City a, City c, bool forward, std::size_t size, bool after) {
  City last = a;
  for (std::size_t k = 1; k < size; ++k) {
    last = forward ? tour.next(last) : tour.previous(last);
    if (last == c) return {};
  }
  const City before = forward ? tour.previous(a) : tour.next(a),
             behind = forward ? tour.next(last) : tour.previous(last);
  const City other = after ? tour.next(c) : tour.previous(c);
  if (c == before || before == behind || other == a || other == last || (c == behind && other == before))
    return {};
  return {{before, a, c, other, last, behind}, 6};
}

template <class Distance>
double change_of(const Exchange& exchange, const Distance& distance) {
  double change = 0;
  const auto& t = exchange.t;
  for (std::size_t k = 0; k < exchange.size; k += 2)
    change += distance(t[k + 1], t[(k + 2) % exchange.size]) - distance(t[k], t[k + 1]);
  return change;
}

}  // namespace

void AnnealTourOptions::describe(OptionTable& table) {
  table.add("temperature", temperature, "in units of the mean distance to the nearest neighbour");
  table.add("proposals", proposals, "proposals a step of the run").range(1, 1e9);
}

AnnealTour::AnnealTour(const Instance& instance, const Neighbours& neighbours, AnnealTourOptions options,
                       Order initial)
    : instance_(&instance),
      neighbours_(neighbours),
      options_(std::move(options)),
      initial_(std::move(initial)) {
  if (instance.cities() < 5)
    throw InvalidInput("anneal_tour: {} cities; it takes 5 or more", instance.cities());
  if (options_.proposals < 1)
    throw InvalidInput("anneal_tour: proposals is {}, not at least 1", options_.proposals);
  if (!initial_.empty()) check_order(initial_, instance.cities(), "anneal_tour: initial");
  for (City i = 0; i < instance.cities(); ++i) unit_ += instance.distance(i, neighbours.of(i)[0]);
  unit_ /= static_cast<double>(instance.cities());
}

AnnealTour::State AnnealTour::start(const Moment&) const {
  State state;
  state.best = initial_.empty() ? greedy_edge(*instance_, neighbours_) : initial_;
  state.best_length = state.length = tour::length(*instance_, state.best);
  state.tour = ArrayTour(state.best);
  return state;
}

void AnnealTour::advance(State& state, const Moment& now) const {
  const double relative = options_.temperature(now);
  if (!(relative >= 0)) throw InvalidInput("temperature: {} is not at least 0", relative);
  state.temperature = relative * unit_;
  Stream stream = now.random(lane("tour.anneal"));
  QuickStream random(stream);
  const auto n = static_cast<std::size_t>(instance_->cities());
  const auto candidates = static_cast<std::size_t>(neighbours_.size);
  with_distance(*instance_, [&](const auto& distance) {
    for (std::int64_t i = 0; i < options_.proposals; ++i) {
      const auto a = static_cast<City>(below(random, n));
      const City c = neighbours_.of(a)[below(random, candidates)];
      const std::uint64_t bits = random();
      const bool forward = (bits & 1) != 0, after = (bits & 2) != 0;
      const Exchange exchange = (bits & 4) != 0
                                    ? two_opt(state.tour, a, c, forward)
                                    : or_opt(state.tour, a, c, forward, 1 + (bits >> 8) % 3, after);
      if (exchange.size == 0) continue;
      const double change = change_of(exchange, distance);
      if (change > 0 && !(state.temperature > 0 && uniform(random) < std::exp(-change / state.temperature)))
        continue;
      if (!state.tour.closes(exchange.cities())) continue;
      state.tour.exchange(exchange.cities());
      state.length += change;
      ++state.accepted;
    }
  });
  state.proposed += options_.proposals;
  now.spend(options_.proposals);
  state.length = tour::length(*instance_, state.tour.order());  // without the rounding of many changes
  if (state.length < state.best_length) state.best_length = state.length, state.best = state.tour.order();
}

void AnnealTour::measure(const State& state, Row& row) const {
  row.add("length", state.best_length);
  row.add("current_length", state.length);
  row.add("temperature", state.temperature);
  row.add("proposals", static_cast<double>(state.proposed));
  row.add("acceptance",
          state.proposed > 0 ? static_cast<double>(state.accepted) / static_cast<double>(state.proposed) : 0);
}

}  // namespace lehr::tour
