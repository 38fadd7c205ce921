#include "lehr/spin/simulated_bifurcation.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/greedy.hpp"
#include "lehr/spin/vector_loops.hpp"

namespace lehr::spin {

namespace {

constexpr auto batch = static_cast<std::int64_t>(loops::batch);
constexpr std::int64_t largest_full_matrix = 16384;  // a matrix of 1 GiB
constexpr double work_of_block = 1 << 18;            // multiplications that are worth a task
constexpr float runaway = 1e3F;                      // positions stay near [-1, 1] in a stable run

// The couplings as the oscillators have them: fields become couplings to oscillator n.
IsingModel without_fields(const IsingModel& model) {
  const Index n = model.size();
  std::vector<Coupling> couplings;
  for (Index i = 0; i < n; ++i) {
    const auto neighbours = model.neighbours(i);
    for (std::size_t k = 0; k < neighbours.size(); ++k)
      if (i < neighbours[k]) couplings.push_back({i, neighbours[k], model.weights(i)[k]});
    if (model.field(i) != 0) couplings.push_back({i, n, model.field(i)});
  }
  return {std::vector<double>(static_cast<std::size_t>(n) + 1, 0.0), couplings};
}

// 0.5 / (sqrt(n) rms(J)), the mean square over all ordered pairs.
double default_coupling(const IsingModel& model) {
  double squares = 0;
  for (Index i = 0; i < model.size(); ++i)
    for (const double weight : model.weights(i)) squares += weight * weight;
  if (squares == 0) return 0;
  return 0.5 * std::sqrt((model.size() - 1) / squares);
}

}  // namespace

struct SimulatedBifurcation::Block {
  std::size_t offset;                                                 // of the batch in positions
  std::size_t from, to;                                               // oscillators
  std::size_t first() const { return offset + from * loops::batch; }  // of its numbers
  std::size_t count() const { return (to - from) * loops::batch; }
};

SimulatedBifurcation::SimulatedBifurcation(const IsingModel& model, SimulatedBifurcationOptions options)
    : model_(&model), options_(std::move(options)) {
  describe(options_).read(describe(options_).values(), "simulated bifurcation");
  variant_ = options_.variant == "adiabatic"   ? Variant::adiabatic
             : options_.variant == "ballistic" ? Variant::ballistic
                                               : Variant::discrete;
  if (options_.dt == 0) options_.dt = variant_ == Variant::adiabatic ? 0.5 : 1;
  batches_ = (options_.reads + batch - 1) / batch;
  store_couplings();
}

void SimulatedBifurcation::store_couplings() {
  const bool fields = std::ranges::any_of(model_->fields(), [](double h) { return h != 0; });
  const IsingModel extended = fields ? without_fields(*model_) : IsingModel();
  const IsingModel& model = fields ? extended : *model_;
  oscillators_ = model.size();
  coupling_ = options_.coupling > 0 ? options_.coupling : default_coupling(model);
  for (Index i = 0; i < oscillators_; ++i) reach_ = std::max(reach_, model.reach(i));

  const auto n = static_cast<std::size_t>(oscillators_);
  dense_ = oscillators_ <= largest_full_matrix &&
           static_cast<double>(model.couplings()) > 0.1 * oscillators_ * oscillators_;
  stride_ = loops::padded(n);
  if (dense_) matrix_.assign(n * stride_, 0);
  starts_.push_back(0);
  for (Index i = 0; i < oscillators_; ++i) {
    const auto neighbours = model.neighbours(i);
    const auto weights = model.weights(i);
    for (std::size_t k = 0; k < neighbours.size(); ++k) {
      const auto weight = static_cast<float>(weights[k]);
      if (dense_) {
        matrix_[static_cast<std::size_t>(i) * stride_ + static_cast<std::size_t>(neighbours[k])] = weight;
      } else {
        neighbours_.push_back(neighbours[k]);
        weights_.push_back(weight);
      }
    }
    starts_.push_back(static_cast<std::int64_t>(weights_.size()));
  }
  const double row =
      std::max(1.0, 2.0 * static_cast<double>(model.couplings()) / std::max<double>(1, oscillators_));
  rows_per_block_ =
      std::max<std::int64_t>(4, static_cast<std::int64_t>(work_of_block / (row * batch)) / 4 * 4);
}

template <class Body>
void SimulatedBifurcation::for_blocks(Body body) const {
  const std::int64_t per_batch = (oscillators_ + rows_per_block_ - 1) / rows_per_block_;
  parallel_for(batches_ * per_batch, [&](std::int64_t task) {
    const std::int64_t number = task / per_batch, first = task % per_batch * rows_per_block_;
    body(Block{static_cast<std::size_t>(number * oscillators_ * batch), static_cast<std::size_t>(first),
               static_cast<std::size_t>(std::min<std::int64_t>(oscillators_, first + rows_per_block_))});
  });
}

SimulatedBifurcation::State SimulatedBifurcation::start(const Moment& now) const {
  const auto numbers = static_cast<std::size_t>(batches_ * oscillators_ * batch);
  State state{std::vector<float>(numbers), std::vector<float>(numbers),
              BestStates(options_.reads, model_->size()), 0};
  parallel_for(batches_ * batch, [&](std::int64_t read) {
    Stream random = read_stream(now.random(lane("start")), read);
    auto at = static_cast<std::size_t>(read / batch * oscillators_ * batch + read % batch);
    for (Index i = 0; i < oscillators_; ++i, at += loops::batch) {
      state.positions[at] = static_cast<float>(0.2 * uniform(random) - 0.1);
      state.momenta[at] = static_cast<float>(0.2 * uniform(random) - 0.1);
    }
  });
  state.pump = options_.pump(now);
  look(state, now);
  return state;
}

void SimulatedBifurcation::advance(State& state, const Moment& now) const {
  state.pump = options_.pump(now);
  std::vector<float> forces(state.positions.size()), values;
  if (variant_ == Variant::discrete) signs(state.positions, values);
  const std::vector<float>& felt = variant_ == Variant::discrete ? values : state.positions;
  for_blocks([&](const Block& block) {
    accumulate(felt, forces, block);
    kick(state, forces, block);
  });
  for_blocks([&](const Block& block) { drift(state, block); });
  const bool last = now.steps > 0 && now.step + 1 == now.steps;
  if (last || (now.step + 1) % options_.period == 0) look(state, now);
  now.spend(options_.reads);
}

void SimulatedBifurcation::signs(const std::vector<float>& positions, std::vector<float>& values) const {
  values.resize(positions.size());
  for_blocks([&](const Block& block) {
    loops::take_signs(positions.data() + block.first(), values.data() + block.first(), block.count());
  });
}

void SimulatedBifurcation::accumulate(const std::vector<float>& values, std::vector<float>& forces,
                                      const Block& block) const {
  const float* const from = values.data() + block.offset;
  float* const to = forces.data() + block.offset;
  if (dense_)
    loops::accumulate_dense(matrix_.data(), stride_, static_cast<std::size_t>(oscillators_), from, block.from,
                            block.to, to);
  else
    loops::accumulate_sparse(starts_.data(), neighbours_.data(), weights_.data(), from, block.from, block.to,
                             to);
}

void SimulatedBifurcation::kick(State& state, const std::vector<float>& forces, const Block& block) const {
  const double cubic = variant_ == Variant::adiabatic ? options_.dt : 0;
  loops::kick(state.positions.data() + block.first(), forces.data() + block.first(),
              static_cast<float>(options_.dt * coupling_), static_cast<float>(options_.dt * (1 - state.pump)),
              static_cast<float>(cubic), state.momenta.data() + block.first(), block.count());
}

void SimulatedBifurcation::drift(State& state, const Block& block) const {
  loops::drift(static_cast<float>(options_.dt), variant_ != Variant::adiabatic,
               state.positions.data() + block.first(), state.momenta.data() + block.first(), block.count());
}

// Compares the states that the signs are with the lowest of each read.
void SimulatedBifurcation::look(State& state, const Moment& now) const {
  for (const float x : state.positions)
    if (!(std::abs(x) < runaway))
      throw NumericalFailure("simulated bifurcation: step {}: a position is {}; a smaller dt than {} helps",
                             now.step, x, options_.dt);
  std::vector<float> values, forces(state.positions.size());
  signs(state.positions, values);
  for_blocks([&](const Block& block) { accumulate(values, forces, block); });
  parallel_for(batches_, [&](std::int64_t number) { look_at_batch(state, values, forces, number); });
}

void SimulatedBifurcation::look_at_batch(State& state, const std::vector<float>& values,
                                         const std::vector<float>& forces, std::int64_t number) const {
  const auto offset = static_cast<std::size_t>(number * oscillators_ * batch);
  std::array<double, loops::batch> energies{};  // sum_i s_i F_i / 2 = -H
  for (std::size_t k = 0; k < static_cast<std::size_t>(oscillators_) * loops::batch; ++k)
    energies[k % loops::batch] -= 0.5 * values[offset + k] * forces[offset + k];

  const double rounding = 1e-6 * reach_;
  Spins spins(static_cast<std::size_t>(model_->size()));
  for (std::int64_t r = 0; r < batch && number * batch + r < options_.reads; ++r) {
    const std::int64_t read = number * batch + r;
    const double lowest = state.best.energies[static_cast<std::size_t>(read)];
    if (!(energies[static_cast<std::size_t>(r)] + model_->offset() < lowest + rounding)) continue;
    const float* const value = values.data() + offset + r;
    const float gauge = oscillators_ > model_->size() ? value[spins.size() * loops::batch] : 1.0F;
    for (std::size_t i = 0; i < spins.size(); ++i)
      spins[i] = static_cast<std::int8_t>(gauge * value[i * loops::batch]);
    if (!std::ranges::equal(spins, state.best.of(read)) || std::isinf(lowest))
      state.best.offer(read, spins, model_->energy(spins));
  }
}

void SimulatedBifurcation::measure(const State& state, Row& row) const {
  row.add("pump", state.pump);
  state.best.measure(row);
}

SolutionPool SimulatedBifurcation::solutions(const State& state) const {
  if (!options_.descent) return state.best.pool();
  BestStates lowest = state.best;
  const FlipSearch search(*model_);
  const Stream ties(Seed{}, lane("descent"));
  parallel_for(lowest.reads(), [&](std::int64_t read) {
    const Descent descent = descend(*model_, search, lowest.of(read), read_stream(ties, read));
    lowest.energies[static_cast<std::size_t>(read)] = descent.energy;
  });
  return lowest.pool();
}

}  // namespace lehr::spin
