#include "lehr/spin/continuous_time_annealing.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::spin {
namespace {

// int_0^1 a(t) b(t) dt of two worldlines.
double overlap(std::int8_t start_a, std::span<const double> kinks_a, std::int8_t start_b,
               std::span<const double> kinks_b) {
  double sum = 0, from = 0, sign = start_a * start_b;
  for (std::size_t a = 0, b = 0; a < kinks_a.size() || b < kinks_b.size();) {
    const bool next_is_a = b == kinks_b.size() || (a < kinks_a.size() && kinks_a[a] <= kinks_b[b]);
    const double to = next_is_a ? kinks_a[a++] : kinks_b[b++];
    sum += sign * (to - from);
    sign = -sign, from = to;
  }
  return sum + sign * (1 - from);
}

// Adds to `cuts`, ascending, a Poisson process of the given rate on [0, 1).
void add_cuts(double rate, Stream& random, std::vector<double>& cuts) {
  if (rate == 0) return;
  const auto old = static_cast<std::ptrdiff_t>(cuts.size());
  for (double t = exponential(random) / rate; t < 1; t += exponential(random) / rate) cuts.push_back(t);
  std::inplace_merge(cuts.begin(), cuts.begin() + old, cuts.end());
}

}  // namespace

void ContinuousTimeAnnealingOptions::describe(OptionTable& table) {
  table.add("reads", reads, "independent runs of the schedule").range(1, 1e6);
  table.add("sweeps", sweeps, "updates of each worldline in a step").range(1, 1e6);
  field.describe(table);
}

ContinuousTimeAnnealing::ContinuousTimeAnnealing(const IsingModel& model,
                                                 ContinuousTimeAnnealingOptions options)
    : model_(&model), options_(std::move(options)) {
  // Options that come from code pass the same checks as those from a file.
  const OptionTable table = lehr::describe(options_);
  table.read(table.values(), "continuous-time annealing");
  if (model.size() < 1) throw InvalidInput("continuous-time annealing: the model has no spins");
  options_.field = with_defaults(std::move(options_.field), model);
}

ContinuousTimeAnnealing::State ContinuousTimeAnnealing::start(const Moment& now) const {
  State state;
  state.field = TransverseField::at(options_.field, now);
  state.best = BestStates(options_.reads, model_->size());
  const Stream random = now.random(lane("start"));
  for (std::int64_t read = 0; read < options_.reads; ++read) {
    Worldlines lines{Spins(at(model_->size())), std::vector<std::vector<double>>(at(model_->size()))};
    Stream own = read_stream(random, read);
    randomise(lines.start, own);
    state.best.offer(read, lines.start, model_->energy(lines.start));
    state.reads.push_back(std::move(lines));
  }
  return state;
}

void ContinuousTimeAnnealing::advance(State& state, const Moment& now) const {
  state.field = TransverseField::at(options_.field, now);
  const double cuts = state.field.gamma / state.field.temperature;
  if (cuts > 1e6)
    throw InvalidInput("continuous-time annealing: gamma / temperature must be at most 1e6, found {:.3g}",
                       cuts);
  parallel_for(options_.reads, [&](std::int64_t read) {
    Stream random = read_stream(now.random(lane("worldlines")), read);
    Worldlines& lines = state.reads[static_cast<std::size_t>(read)];
    Scratch scratch;
    for (std::int64_t k = 0; k < options_.sweeps; ++k)
      for (Index i = 0; i < model_->size(); ++i) update_worldline(lines, i, state.field, random, scratch);
    state.best.offer(read, lines.start, model_->energy(lines.start));
  });
  now.spend(options_.reads * options_.sweeps);
}

void ContinuousTimeAnnealing::update_worldline(Worldlines& lines, Index i, const TransverseField& field,
                                               Stream& random, Scratch& scratch) const {
  std::vector<double>& kinks = lines.kinks[at(i)];
  scratch.cuts = kinks;
  add_cuts(field.gamma / field.temperature, random, scratch.cuts);
  integrate_fields(lines, i, scratch);
  const double beta = field.problem / field.temperature;
  const auto draw = [&](double integral) {
    return uniform(random) * (1 + std::exp(2 * beta * integral)) < 1 ? 1 : -1;
  };

  // The last segment runs through t = 1 to the first cut.
  const std::size_t cuts = scratch.cuts.size();
  const double around = cuts == 0 ? scratch.fields[0] : scratch.fields[0] + scratch.fields[cuts];
  const int start = draw(around);
  lines.start[at(i)] = static_cast<std::int8_t>(start);
  kinks.clear();
  int before = start;
  for (std::size_t k = 0; k < cuts; ++k) {
    const int after = k + 1 < cuts ? draw(scratch.fields[k + 1]) : start;
    if (after != before) kinks.push_back(scratch.cuts[k]);
    before = after;
  }
}

// fields[k] = int (h_i + sum_j J_ij s_j(t)) dt from cut k - 1 (or 0) to cut k (or 1).
void ContinuousTimeAnnealing::integrate_fields(const Worldlines& lines, Index i, Scratch& scratch) const {
  const std::vector<double>& cuts = scratch.cuts;
  scratch.fields.assign(cuts.size() + 1, 0.0);
  for (std::size_t k = 0; k <= cuts.size(); ++k)
    scratch.fields[k] = model_->field(i) * ((k < cuts.size() ? cuts[k] : 1) - (k > 0 ? cuts[k - 1] : 0));
  const auto neighbours = model_->neighbours(i);
  const auto weights = model_->weights(i);
  for (std::size_t m = 0; m < neighbours.size(); ++m) {
    const std::vector<double>& kinks = lines.kinks[at(neighbours[m])];
    double field = weights[m] * lines.start[at(neighbours[m])], from = 0;
    std::size_t kink = 0;
    for (std::size_t k = 0; k <= cuts.size(); ++k) {
      const double end = k < cuts.size() ? cuts[k] : 1;
      for (; kink < kinks.size() && kinks[kink] <= end; ++kink) {
        scratch.fields[k] += field * (kinks[kink] - from);
        field = -field, from = kinks[kink];
      }
      scratch.fields[k] += field * (end - from);
      from = end;
    }
  }
}

double ContinuousTimeAnnealing::problem_energy(const Worldlines& lines) const {
  double energy = model_->offset();
  for (Index i = 0; i < model_->size(); ++i) {
    const auto line = [&](Index k) { return std::span<const double>(lines.kinks[at(k)]); };
    energy += model_->field(i) * overlap(lines.start[at(i)], line(i), 1, {});
    const auto neighbours = model_->neighbours(i);
    for (std::size_t m = 0; m < neighbours.size(); ++m)
      if (neighbours[m] > i)
        energy += model_->weights(i)[m] *
                  overlap(lines.start[at(i)], line(i), lines.start[at(neighbours[m])], line(neighbours[m]));
  }
  return energy;
}

double ContinuousTimeAnnealing::quantum_energy(const State& state) const {
  double problem = 0, kinks = 0;
  for (const Worldlines& lines : state.reads) {
    problem += problem_energy(lines);
    for (const auto& line : lines.kinks) kinks += static_cast<double>(line.size());
  }
  return (state.field.problem * problem - state.field.temperature * kinks) /
         static_cast<double>(options_.reads);
}

void ContinuousTimeAnnealing::measure(const State& state, Row& row) const {
  double kinks = 0;
  for (const Worldlines& lines : state.reads)
    for (const auto& line : lines.kinks) kinks += static_cast<double>(line.size());
  state.best.measure(row);
  row.add("gamma", state.field.gamma);
  row.add("temperature", state.field.temperature);
  row.add("kinks", kinks / (static_cast<double>(options_.reads) * model_->size()));
}

ContinuousTimeAnnealing::Packed ContinuousTimeAnnealing::pack(const State& state) const {
  Packed packed;
  for (const Worldlines& lines : state.reads) {
    packed.start.insert(packed.start.end(), lines.start.begin(), lines.start.end());
    for (const auto& line : lines.kinks) {
      packed.counts.push_back(static_cast<std::int64_t>(line.size()));
      packed.times.insert(packed.times.end(), line.begin(), line.end());
    }
  }
  return packed;
}

void ContinuousTimeAnnealing::unpack(State& state, const Packed& packed) const {
  const std::size_t n = at(model_->size()), lines = static_cast<std::size_t>(options_.reads) * n;
  auto left = static_cast<std::int64_t>(packed.times.size());
  bool counts_fit = packed.counts.size() == lines;
  for (const std::int64_t count : packed.counts) {
    counts_fit = counts_fit && count >= 0 && count <= left;
    left -= counts_fit ? count : 0;
  }
  if (packed.start.size() != lines || !counts_fit || left != 0 || state.best.reads() != options_.reads ||
      state.best.spins.size() != lines)
    throw InvalidInput("continuous-time annealing: the checkpoint is of another model or other options");
  auto time = packed.times.begin();
  for (std::size_t k = 0; k < lines; ++k) {
    Worldlines& read = state.reads[k / n];
    read.start[k % n] = packed.start[k];
    read.kinks[k % n].assign(time, time + packed.counts[k]);
    time += packed.counts[k];
  }
}

}  // namespace lehr::spin
