// The episodes of heatmap-guided tree search on one state; compiled once per metric. heatmap_mcts.hpp says
// what it computes.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lehr/tour/heatmap/action_walk.hpp"
#include "lehr/tour/heatmap/mcts_construction.hpp"
#include "lehr/tour/heatmap/mcts_descent.hpp"
#include "lehr/tour/heatmap/mcts_work.hpp"

namespace lehr::tour {

template <class Distance>
class MctsSearch {
 public:
  MctsSearch(const Distance& distance, const MctsSettings& settings, const MctsKnobs& knobs, MctsState& state,
             QuickStream random)
      : or_opt_(settings.or_opt),
        state_(state),
        work_(distance, knobs, state, random),
        rules_{knobs.alpha, static_cast<std::int64_t>(knobs.depth), settings.positive_gain, work_.tolerance},
        construction_(work_),
        descent_(work_),
        walker_(work_.distance, rules_, state.memory) {}

  std::int64_t work() const { return work_.spent; }

  // 1. A new tour.
  void build() {
    state_.tour.assign(construction_.build());
    state_.length = work_.recomputed_length();
    work_.set_tolerance();
    rules_.tolerance = work_.tolerance;
    state_.cursor = 0;
    state_.improved = false;
    state_.queue.clear();
    state_.is_queued.assign(state_.is_queued.size(), 0);
    if (or_opt_)
      for (City i = work_.count - 1; i >= 0; --i) descent_.push(state_.tour.city_at(i));
    ++state_.restarts;
  }

  // 2. Goes on with the descent for as long as there is work to spend; true when no move is left.
  bool descend(std::int64_t most_work) {
    return or_opt_ ? descent_.descend_queue(most_work) : descent_.descend_passes(most_work);
  }

  void begin_actions() {
    state_.failed = 0;
    state_.tour.forget();
    for (CutTour& trial : state_.trials) trial = state_.tour;
  }
  // 3. Two actions; false when the pool is exhausted. They start from the same tour, so the second one is
  // void where the first gained or was the last of the pool.
  bool act() {
    auto& [one, two] = state_.trials;
    auto& [a, b] = walks_;
    walker_.begin(a, one, work_.random_city(), true);
    walker_.begin(b, two, work_.random_city(), true);
    walker_.run_both(a, one, b, two, work_.random);
    if (a.gain() > 0) return execute(a, one, two);
    const bool more = fail(a, one);
    if (more && b.gain() > 0) return execute(b, two, one);
    if (more) return fail(b, two);
    two.return_to(state_.tour);
    return false;
  }

  // A double bridge inside 50 consecutive cities, and all that it leads to; taken back if the tour
  // became longer, unless `temperature` keeps it.
  void kick() {
    const double before = state_.length;
    state_.tour.forget();
    descent_.begin_kick();
    ++state_.kicks;
    descent_.double_bridge();
    descent_.descend_queue(INT64_MAX);
    const std::vector<City>& touched = descent_.touched();
    std::int64_t failed = 0;
    while (static_cast<double>(failed) < work_.knobs.pool * static_cast<double>(touched.size())) {
      const City from = touched[static_cast<std::size_t>(work_.below(touched.size()))];
      const std::size_t mark = state_.tour.mark();
      const ActionWalk& walk = try_action(from, (work_.random() & 1) != 0);
      if (walk.gain() > 0) {
        learn(walk);
        for (const auto& [a, b] : walk.added()) descent_.push(a), descent_.push(b);
        descent_.descend_queue(INT64_MAX);
        failed = 0;
      } else {
        state_.tour.undo(mark);
        ++failed;
      }
    }
    work_.spent += 50 + state_.tour.work();
    settle_kick(before);
    state_.tour.forget();
  }

  // The present tour becomes the best where it is shorter.
  void record() {
    if (!(state_.length < state_.best_length)) return;
    state_.length = work_.recomputed_length();
    if (!(state_.length < state_.best_length)) return;
    state_.best = state_.tour.order();
    state_.best_length = state_.length;
  }

  // One action on the tour itself, which it changes: to a shorter one where the walk has a gain, else the
  // caller takes it back.
  const ActionWalk& try_action(City first, bool forward) {
    ActionWalk& walk = walks_[0];
    const std::int64_t before = state_.tour.work();
    walker_.begin(walk, state_.tour, first, forward);
    walker_.run(walk, state_.tour, work_.random);
    count(walk, state_.tour.work() - before);
    return walk;
  }

  // Teaches the edges of an action and accounts for its gain.
  void learn(const ActionWalk& walk) {
    const double amount = work_.lesson(walk.gain());
    for (const auto& [a, b] : walk.added()) state_.memory.learn(a, b, amount);
    state_.length -= walk.gain();
    ++state_.improvements;
  }

 private:
  void count(const ActionWalk& walk, std::int64_t turned) {
    ++state_.simulations;
    state_.memory.count_evaluation();
    state_.exchanges += static_cast<std::int64_t>(walk.added().size());
    work_.spent += 10 + 6 * walk.exchanges() + turned / 4;
  }
  bool execute(const ActionWalk& walk, CutTour& trial, CutTour& other) {
    count(walk, trial.work());
    learn(walk);
    state_.tour.follow(trial);
    other = state_.tour;
    state_.failed = 0;
    return true;
  }
  bool fail(const ActionWalk& walk, CutTour& trial) {
    count(walk, trial.work());
    trial.return_to(state_.tour);
    return static_cast<double>(++state_.failed) < work_.knobs.pool * work_.count;
  }

  // Keeps what a kick led to unless it is longer; longer by d, keeps it with probability e^{-d /
  // (temperature times the mean edge)}.
  void settle_kick(double before) {
    const double longer = state_.length - before;
    if (longer > work_.tolerance) {
      const double scale = work_.knobs.temperature * before / work_.count;
      if (!(scale > 0) || uniform(work_.random) >= std::exp(-longer / scale)) {
        state_.tour.undo(0);
        state_.length = before;
        return;
      }
      if (before < state_.best_length) {
        const double after = state_.length;
        const auto taken = state_.tour.take_back();
        state_.length = before;
        record();
        state_.tour.replay(taken);
        state_.length += after - before;
        work_.spent += work_.count;
      }
    }
    ++state_.kept;
  }

  bool or_opt_;
  MctsState& state_;
  MctsWork<Distance> work_;
  ActionRules rules_;
  MctsConstruction<Distance> construction_;
  MctsDescent<Distance> descent_;
  ActionWalker<Distance> walker_;
  std::array<ActionWalk, 2> walks_;
};

}  // namespace lehr::tour
