#include "lehr/diffusion/search/solver_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/search/rank_predictor.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::diffusion {
namespace {

// One of `choices` with these probabilities (which sum to 1).
int drawn(const std::vector<double>& probabilities, Stream& random) {
  double u = uniform(random);
  for (std::size_t i = 0; i + 1 < probabilities.size(); ++i) {
    if (u < probabilities[i]) return static_cast<int>(i);
    u -= probabilities[i];
  }
  return static_cast<int>(probabilities.size()) - 1;
}

// Points of the derivatives of a step: the last order - 1 nodes for all but the first derivative, which takes `first` of them.
std::vector<std::vector<int>> points_of(int order, int first) {
  std::vector<std::vector<int>> lists;
  for (int k = 1; k < order; ++k) {
    std::vector<int> points;
    const int count = k == 1 ? std::clamp(first, 1, order - 1) : order - 1;
    for (int j = 0; j < count; ++j) points.push_back(-2 - j);
    lists.push_back(std::move(points));
  }
  return lists;
}

int first_points(const SolverStep& step) {
  return step.derivative_points.empty() ? 1 : static_cast<int>(step.derivative_points.front().size());
}

}  // namespace

void SolverSearchOptions::describe(OptionTable& table) {
  table.add("evaluations", evaluations, "schedules to evaluate in all, the published solvers included")
      .range(1, 1e9);
  table.add("parents", parents, "best schedules that have children").range(1, 1e6);
  table.add("batch", batch, "schedules evaluated between two trainings of the predictor").range(1, 1e6);
  table.add("children", children, "children from which the predictor chooses").range(1, 1e6);
  table.add("predictor", predictor, "whether a predictor of the rank chooses the children");
  table.add("crossover_rate", crossover_rate, "share of the children that have two parents").range(0, 1);
  table.add("decision_rate", mutation_rate, "probability with which each decision of a step changes")
      .range(0, 1);
  table.add("time_deviation", time_deviation, "standard deviation of the factor on a time that changes")
      .range(0, 1);
  table.add("least_gap", least_gap, "smallest distance of two times in lambda").range(0, 10);
}

SolverSearch::SolverSearch(const SolverSearchOptions& options, const Process& process, std::int64_t steps,
                           Evaluate evaluate)
    : options_(options), process_(process), steps_(steps), evaluate_(std::move(evaluate)) {
  if (steps < 1 || steps > 1000) throw InvalidInput("solver search: {} steps; 1 to 1000 are possible", steps);
}

std::vector<SolverSearch::Preset> SolverSearch::presets() const {
  std::vector<Preset> list;
  for (const char* grid : {"power_t(2)", "power_t(1)", "log_rho"}) {
    const std::vector<double> times = TimeGrid::parse(grid).times(process_, steps_);
    for (const bool data : {false, true})
      for (int order = 1; order <= 3; ++order)
        for (const bool corrector : {false, true}) {
          const PresetOptions preset{"", order, data, Scaling::dpm, corrector, true};
          list.push_back({fmt::format("{} prediction, order {}{}, {}", data ? "data" : "noise", order,
                                      corrector ? " with corrector" : "", grid),
                          preset_schedule(preset, times)});
        }
  }
  return list;
}

std::vector<std::string> SolverSearch::preset_labels() const {
  std::vector<std::string> labels;
  for (const Preset& preset : presets()) labels.push_back(preset.label);
  return labels;
}

// times, then per step: prediction, order, points of the first derivative, scaling, kappa, corrector - without the last time, which is t0.
std::vector<double> SolverSearch::encode(const SolverSchedule& schedule) const {
  std::vector<double> code;
  for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
    const SolverStep& step = schedule.steps[i];
    code.push_back(schedule.times[i]);
    code.push_back(step.data ? 1 : 0);
    code.push_back(step.order);
    code.push_back(first_points(step));
    code.push_back(step.scaling == Scaling::linear ? step.kappa : -100 - static_cast<double>(step.scaling));
    code.push_back(static_cast<double>(step.corrector));
  }
  code.push_back(schedule.times.back());
  return code;
}

SolverSchedule SolverSearch::decode(const double* code) const {
  SolverSchedule schedule;
  for (std::int64_t i = 0; i < steps_; ++i, code += 6) {
    schedule.times.push_back(code[0]);
    SolverStep step;
    step.data = code[1] > 0.5;
    step.order = static_cast<int>(code[2]);
    step.derivative_points = points_of(step.order, static_cast<int>(code[3]));
    if (code[4] <= -100)
      step.scaling = static_cast<Scaling>(static_cast<int>(-100 - code[4]));
    else
      step.scaling = Scaling::linear, step.kappa = code[4];
    step.corrector = static_cast<Corrector>(static_cast<int>(code[5]));
    schedule.steps.push_back(std::move(step));
  }
  schedule.times.push_back(*code);
  return schedule;
}

// Orders that the nodes allow, times that keep their distance in lambda, no corrector at the end.
void SolverSearch::repair(SolverSchedule& schedule) const {
  std::sort(schedule.times.begin() + 1, schedule.times.end() - 1, std::greater<>());
  const double low = process_.lambda(schedule.times.front()), high = process_.lambda(schedule.times.back());
  std::vector<double> lambda;
  for (const double t : schedule.times)
    lambda.push_back(process_.lambda(std::clamp(t, process_.t0(), process_.end())));
  const double gap = std::min(options_.least_gap, 0.5 * (high - low) / static_cast<double>(steps_));
  lambda.front() = low, lambda.back() = high;
  for (std::size_t i = 1; i + 1 < lambda.size(); ++i) lambda[i] = std::max(lambda[i], lambda[i - 1] + gap);
  for (std::size_t i = lambda.size() - 2; i > 0; --i) lambda[i] = std::min(lambda[i], lambda[i + 1] - gap);
  for (std::size_t i = 1; i + 1 < lambda.size(); ++i) schedule.times[i] = process_.t_of_lambda(lambda[i]);
  for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
    SolverStep& step = schedule.steps[i];
    const int first = first_points(step);
    step.start = -1;
    step.order = std::min({step.order, 4, static_cast<int>(i) + 1});
    step.derivative_points = points_of(step.order, first);
  }
  schedule.steps.back().corrector = Corrector::none;
}

SolverSchedule SolverSearch::mutated(SolverSchedule schedule, Stream& random) const {
  const auto changes = [&] { return uniform(random) < options_.mutation_rate; };
  for (std::size_t i = 1; i + 1 < schedule.times.size(); ++i)
    if (changes()) schedule.times[i] *= 1 + options_.time_deviation * normal(random);
  for (SolverStep& step : schedule.steps) {
    int first = first_points(step);
    if (changes()) step.data = !step.data;
    if (changes()) step.order = 1 + drawn({0.2, 0.4, 0.3, 0.1}, random);
    if (changes()) first = 1 + drawn({0.5, 0.5}, random);
    if (changes()) {
      const int kind = drawn({0.25, 0.15, 0.1, 0.05, 0.05, 0.4}, random);
      step.kappa = kind == 5 ? (step.scaling == Scaling::linear ? step.kappa : 0) + 0.06 * normal(random) : 0;
      step.scaling = static_cast<Scaling>(kind);
    }
    if (changes()) step.corrector = drawn({0.5, 0.5}, random) == 0 ? Corrector::none : Corrector::pseudo;
    step.derivative_points = points_of(step.order, first);
  }
  // A step leaves one place and comes in at another, halfway between two times.
  if (steps_ > 2 && uniform(random) < 0.2) {
    const std::int64_t from = 1 + uniform_index(random, steps_ - 1),
                       to = 1 + uniform_index(random, steps_ - 1);
    schedule.times.erase(schedule.times.begin() + from);
    SolverStep moved = schedule.steps[static_cast<std::size_t>(from)];
    schedule.steps.erase(schedule.steps.begin() + from);
    const auto at = static_cast<std::size_t>(to);
    const double middle = process_.t_of_lambda(
        0.5 * (process_.lambda(schedule.times[at - 1]) + process_.lambda(schedule.times[at])));
    schedule.times.insert(schedule.times.begin() + to, middle);
    schedule.steps.insert(schedule.steps.begin() + std::min<std::int64_t>(to, steps_ - 1), std::move(moved));
  }
  return schedule;
}

SolverSchedule SolverSearch::child(const std::vector<SolverSchedule>& parents, Stream& random) const {
  const auto any = [&]() -> const SolverSchedule& {
    return parents[static_cast<std::size_t>(
        uniform_index(random, static_cast<std::int64_t>(parents.size())))];
  };
  SolverSchedule schedule = any();
  if (uniform(random) < options_.crossover_rate) {
    const SolverSchedule& other = any();
    // Either all times or all decisions change sides, or every step by itself.
    const bool whole = uniform(random) < 0.5, times = uniform(random) < 0.5;
    for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
      if (whole ? times : uniform(random) < 0.5) schedule.times[i] = other.times[i];
      if (whole ? !times : uniform(random) < 0.5) schedule.steps[i] = other.steps[i];
    }
  } else {
    schedule = mutated(std::move(schedule), random);
  }
  repair(schedule);
  return schedule;
}

Eigen::VectorXd SolverSearch::features(const SolverSchedule& schedule) const {
  constexpr Eigen::Index width = 12;
  Eigen::VectorXd values = Eigen::VectorXd::Zero(width * steps_);
  const double low = process_.lambda(process_.end()), range = process_.lambda(process_.t0()) - low;
  for (std::int64_t i = 0; i < steps_; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const SolverStep& step = schedule.steps[at];
    double* const v = values.data() + width * i;
    v[0] = 4 * (process_.lambda(schedule.times[at]) - low) / range;
    v[1] = step.data ? 1 : 0;
    v[1 + step.order] = 1;
    v[6] = step.order > 1 ? first_points(step) - 1 : 0;
    v[7] = step.corrector == Corrector::none ? 0 : 1;
    v[8] = step.scaling == Scaling::linear ? 5 * step.kappa : 0;
    v[9] = step.scaling == Scaling::dpm ? 0.5 : 0;
    v[10] = step.scaling == Scaling::bh1 ? 0.5 : 0;
    v[11] = step.scaling == Scaling::plus_exp ? 0.5 : step.scaling == Scaling::minus_exp ? -0.5 : 0;
  }
  return values;
}

void SolverSearch::evaluate(State& state, const std::vector<SolverSchedule>& schedules,
                            const Moment& now) const {
  for (const SolverSchedule& schedule : schedules) {
    if (finished(state)) return;
    state.values.push_back(evaluate_(schedule));
    const std::vector<double> code = encode(schedule);
    state.codes.insert(state.codes.end(), code.begin(), code.end());
    now.spend(1);
  }
}

SolverSearch::State SolverSearch::start(const Moment&) const {
  State state;
  state.kendall = std::nan("");
  return state;
}

void SolverSearch::advance(State& state, const Moment& now) const {
  ++state.generation;
  if (state.values.empty()) {
    std::vector<SolverSchedule> schedules;
    for (Preset& preset : presets()) schedules.push_back(std::move(preset.schedule));
    evaluate(state, schedules, now);
    state.presets = static_cast<std::int64_t>(state.values.size());
    return;
  }
  Stream random = now.random(lane("solver_search"));
  const std::vector<std::size_t> order = ranking(state);
  std::vector<SolverSchedule> parents;
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), static_cast<std::size_t>(options_.parents));
       ++i)
    parents.push_back(member(state, order[i]));
  std::set<std::vector<double>> known;
  for (std::size_t i = 0; i < state.values.size(); ++i)
    known.insert({state.codes.begin() + static_cast<std::ptrdiff_t>(i * code_size()),
                  state.codes.begin() + static_cast<std::ptrdiff_t>((i + 1) * code_size())});
  const std::int64_t wanted = options_.predictor ? options_.children : options_.batch;
  std::vector<SolverSchedule> children;
  for (std::int64_t trials = 0; static_cast<std::int64_t>(children.size()) < wanted && trials < 20 * wanted;
       ++trials) {
    SolverSchedule next = child(parents, random);
    if (known.insert(encode(next)).second) children.push_back(std::move(next));
  }
  std::vector<double> predicted;
  if (options_.predictor) {
    Eigen::MatrixXd seen(features(parents.front()).size(), static_cast<Eigen::Index>(state.values.size()));
    for (std::size_t i = 0; i < state.values.size(); ++i)
      seen.col(static_cast<Eigen::Index>(i)) = features(member(state, i));
    const RankPredictor predictor(seen, state.values);
    std::vector<std::pair<double, std::size_t>> scored;
    for (std::size_t i = 0; i < children.size(); ++i)
      scored.emplace_back(predictor.score(features(children[i])), i);
    std::ranges::sort(scored);
    std::vector<SolverSchedule> chosen;
    for (std::size_t i = 0;
         i < std::min<std::size_t>(scored.size(), static_cast<std::size_t>(options_.batch)); ++i) {
      chosen.push_back(std::move(children[scored[i].second]));
      predicted.push_back(scored[i].first);
    }
    children = std::move(chosen);
  }
  const std::size_t before = state.values.size();
  evaluate(state, children, now);
  if (state.values.size() == before)
    throw NumericalFailure("solver search: generation {} found no new schedule", state.generation);
  if (options_.predictor) {
    const std::vector<double> measured(state.values.begin() + static_cast<std::ptrdiff_t>(before),
                                       state.values.end());
    predicted.resize(measured.size());
    state.kendall = kendall_tau(predicted, measured);
  }
}

void SolverSearch::measure(const State& state, Row& row) const {
  if (state.values.empty()) return;
  const double most = std::numeric_limits<double>::max();
  row.add("evaluated", static_cast<double>(state.values.size()));
  row.add("best", std::min(state.values[ranking(state).front()], most));
  row.add("best_preset", std::min(state.values[best_preset(state)], most));
  if (std::isfinite(state.kendall)) row.add("kendall", state.kendall);
}

SolverSchedule SolverSearch::member(const State& state, std::size_t index) const {
  return decode(state.codes.data() + index * code_size());
}

std::vector<std::size_t> SolverSearch::ranking(const State& state) const {
  std::vector<std::size_t> order(state.values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return state.values[a] < state.values[b]; });
  return order;
}

std::size_t SolverSearch::best_preset(const State& state) const {
  return static_cast<std::size_t>(
      std::min_element(state.values.begin(), state.values.begin() + state.presets) - state.values.begin());
}

}  // namespace lehr::diffusion
