#include "lehr/tour/heatmap/heatmap_mcts.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/tour/heatmap/mcts_search.hpp"

namespace lehr::tour {

namespace {

constexpr std::int64_t work_per_advance = 400'000;
constexpr City least_for_kicks = 8;

double knob_value(const Schedule& schedule, const Moment& now, const char* name, double least) {
  const double value = schedule(now);
  if (!(value >= least)) throw InvalidInput("{}: {} is not at least {}", name, value, least);
  return value;
}

MctsKnobs knobs_at(const MctsSettings& settings, const Moment& now) {
  return {
      knob_value(settings.alpha, now, "alpha", 0), knob_value(settings.beta, now, "beta", 0),
      knob_value(settings.pool, now, "pool", 0),   std::min(knob_value(settings.depth, now, "depth", 1), 1e9),
      knob_value(settings.fresh, now, "fresh", 0), knob_value(settings.temperature, now, "temperature", 0)};
}

template <class Distance>
void advance_search(const Distance& distance, const MctsSettings& settings, const MctsKnobs& knobs,
                    MctsState& state, Stream random) {
  using Phase = MctsState::Phase;
  const QuickStream quick(random);
  MctsSearch<Distance> search(distance, settings, knobs, state, quick);
  const auto next_episode = [&] {
    const bool fresh = uniform(random) < knobs.fresh || state.tour.size() < least_for_kicks;
    state.phase = fresh ? Phase::build : Phase::kick;
  };
  while (search.work() < work_per_advance) switch (state.phase) {
      case Phase::build:
        search.record();
        search.build();
        state.phase = Phase::descend;
        break;
      case Phase::descend:
        if (!search.descend(work_per_advance)) break;
        search.begin_actions();
        state.phase = Phase::act;
        break;
      case Phase::act:
        if (!search.act()) next_episode();
        break;
      case Phase::kick:
        search.kick();
        next_episode();
        break;
    }
  search.record();
}

}  // namespace

HeatmapMcts::HeatmapMcts(const Instance& instance, const Heatmap& heatmap, MctsSettings settings)
    : instance_(&instance), settings_(std::move(settings)) {
  check_heatmap(heatmap, instance.count);
  heatmap_ = settings_.symmetric ? symmetric(heatmap) : heatmap;
  const std::int64_t most = std::min<std::int64_t>(settings_.candidates, instance.count);
  if (most < 0) throw InvalidInput("candidates: {} is not at least 0", settings_.candidates);
  rows_ = std::make_shared<CandidateRows>(
      candidate_rows(instance, heatmap_, settings_.use_heatmap, static_cast<City>(most)));
}

HeatmapMcts::State HeatmapMcts::start(const Moment&) const {
  State state;
  state.memory = EdgeMemory(rows_, heatmap_);
  for (City i = 0; i < instance_->count; ++i) state.best.push_back(i);
  state.best_length = length(*instance_, state.best);
  state.tour.assign(state.best);
  state.length = state.best_length;
  state.is_queued.assign(state.best.size(), 0);
  return state;
}

void HeatmapMcts::advance(State& state, const Moment& now) const {
  const MctsKnobs knobs = knobs_at(settings_, now);
  const std::int64_t before = state.simulations;
  with_distance(*instance_, [&](const auto& distance) {
    advance_search(distance, settings_, knobs, state, now.random(lane("tour.heatmap_mcts")));
  });
  now.spend(state.simulations - before);
}

void HeatmapMcts::measure(const State& state, Row& row) const {
  const auto share = [](std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  row.add("length", state.best_length);
  row.add("simulations", static_cast<double>(state.simulations));
  row.add("exchanges", static_cast<double>(state.exchanges));
  row.add("acceptance", share(state.improvements, state.simulations));
  row.add("restarts", static_cast<double>(state.restarts));
  row.add("kicks", static_cast<double>(state.kicks));
}

void HeatmapMcts::restore(State& state, Order order, std::int64_t phase) const {
  check_order(order, instance_->count, "checkpoint");
  check_order(state.best, instance_->count, "checkpoint");
  if (phase < 0 || phase > static_cast<std::int64_t>(State::Phase::kick))
    throw InvalidInput("checkpoint: the search has no phase {}", phase);
  state.phase = static_cast<State::Phase>(phase);
  state.tour.assign(std::move(order));
  for (CutTour& trial : state.trials) trial = state.tour;
  state.is_queued.assign(state.best.size(), 0);
  for (const City c : state.queue) {
    if (c < 0 || c >= instance_->count)
      throw InvalidInput("checkpoint: an unknown city waits to be improved");
    state.is_queued[static_cast<std::size_t>(c)] = 1;
  }
}

}  // namespace lehr::tour
