#include "apps/lehr/tour/solve_methods.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/tour/anneal_tour.hpp"
#include "lehr/tour/constructions.hpp"
#include "lehr/tour/heatmap/heatmap_mcts.hpp"
#include "lehr/tour/held_karp.hpp"
#include "lehr/tour/or_opt.hpp"

namespace lehr::command {

namespace {

// A tour that is made at once.
struct Construction {
  const tour::Instance* instance;
  std::function<tour::Order()> make;

  struct State {
    tour::Order best;
    double best_length = 0;
  };
  State start(const Moment&) const { return {}; }
  void advance(State& state, const Moment&) const {
    state.best = make();
    state.best_length = tour::length(*instance, state.best);
  }
  bool finished(const State& state) const { return !state.best.empty(); }
  void measure(const State& state, Row& row) const { row.add("length", state.best_length); }
};

TourRun construct(const TourSearch& search, std::function<tour::Order()> make) {
  return drive_search(Construction{&search.instance(), std::move(make)}, search);
}

TourRun run_nearest_neighbour(const TourSearch& search) {
  return construct(search, [&search] { return tour::nearest_neighbour(search.instance()); });
}

TourRun run_greedy(const TourSearch& search) {
  return construct(search, [&search] { return tour::greedy_edge(search.instance(), search.neighbours()); });
}

TourRun run_space_filling_curve(const TourSearch& search) {
  return construct(search, [&search] { return tour::space_filling_curve(search.instance()); });
}

TourRun run_or_opt(const TourSearch& search) {
  return drive_search(tour::OrOpt(search.instance(), search.neighbours(), search.initial), search);
}

TourRun run_iterated_local_search(const TourSearch& search) {
  return drive_search(
      tour::IteratedLocalSearch(search.instance(), search.neighbours(), search.options.kick, search.initial),
      search);
}

TourRun run_chained_lin_kernighan(const TourSearch& search) {
  return drive_search(tour::ChainedLinKernighan(search.instance(), search.neighbours(),
                                                search.options.chained, search.initial),
                      search);
}

TourRun run_anneal_tour(const TourSearch& search) {
  return drive_search(
      tour::AnnealTour(search.instance(), search.neighbours(), search.options.anneal, search.initial),
      search);
}

TourRun run_heatmap_mcts(const TourSearch& search) {
  if (!search.initial.empty()) throw InvalidInput("initial: heatmap_mcts makes its own tours");
  const HeatmapOptions& heat = search.options.heat;
  const tour::Heatmap heatmap = heat.make(search.instance(), search.context);
  return drive_search(tour::HeatmapMcts(search.instance(), heatmap,
                                        heat.mcts.settings(heatmap.name, search.instance().count)),
                      search);
}

TourRun run_held_karp(const TourSearch& search) {
  TourRun run = construct(search, [&search] { return tour::held_karp(search.instance()); });
  run.proved = true;
  return run;
}

TourRun run_given(const TourSearch& search) {
  if (search.initial.empty()) throw InvalidInput("method given: initial is missing; it says which tour");
  return construct(search, [&search] { return search.initial; });
}

}  // namespace

const std::vector<TourMethod>& tour_methods() {
  static const std::vector<TourMethod> all = {
      {"chained_lin_kernighan", false, run_chained_lin_kernighan},
      {"iterated_local_search", false, run_iterated_local_search},
      {"or_opt", true, run_or_opt},
      {"heatmap_mcts", false, run_heatmap_mcts},
      {"anneal_tour", false, run_anneal_tour},
      {"nearest_neighbour", true, run_nearest_neighbour},
      {"held_karp", true, run_held_karp},
      {"greedy", true, run_greedy},
      {"space_filling_curve", true, run_space_filling_curve},
      {"given", true, run_given},
  };
  return all;
}

std::vector<std::string> tour_method_names() {
  std::vector<std::string> names;
  for (const TourMethod& method : tour_methods()) names.push_back(method.name);
  return names;
}

const TourMethod& tour_method(const std::string& name) {
  for (const TourMethod& method : tour_methods())
    if (method.name == name) return method;
  throw InvalidInput("method: unknown {}{}", quote(name), hint(name, tour_method_names()));
}

Observer TourTrace::observer() {
  return {.see =
              [this](const Moment& now, const Row& row) {
                const double seconds = since_start();
                const double length = row.find("length").value_or(0);
                const bool improved = points.empty() || length < points.back().length;
                if (improved && (points.empty() || seconds > 1.007 * points.back().seconds))
                  add(seconds, length);
                return now.step + 1;
              },
          .end = {}};
}

void TourTrace::add(double seconds, double length) { points.push_back({seconds, length}); }

}  // namespace lehr::command
