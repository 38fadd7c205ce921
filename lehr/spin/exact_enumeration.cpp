#include "lehr/spin/exact_enumeration.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/vector_loops.hpp"

namespace lehr::spin {

namespace {

constexpr Index table_spins = 12;    // 2^12 energies stay in the first cache
constexpr Index largest_table = 24;  // for functions that hold or visit every energy
constexpr Index block_spins = 8;     // Gray codes of 2^8 blocks run in parallel
void check_size(const IsingModel& model, Index limit, const char* what) {
  if (model.size() > limit)
    throw InvalidInput("{}: at most {} spins can be enumerated, the model has {}", what, limit, model.size());
}

int spin_of(std::uint64_t bits, Index i) { return (bits >> i) & 1 ? 1 : -1; }

Spins spins_of(std::uint64_t bits, Index n) {
  Spins spins;
  for (Index i = 0; i < n; ++i) spins.push_back(static_cast<std::int8_t>(spin_of(bits, i)));
  return spins;
}

// The lowest states among those seen so far.
template <class T>
struct Lowest {
  T energy = std::numeric_limits<T>::max();
  double count = 0;
  std::vector<std::uint64_t> states;
};

// Energies without the offset in T, exact when T is an integer.
template <class T>
class Enumeration {
 public:
  Enumeration(const IsingModel& model, std::size_t keep, T tie)
      : model_(model), keep_(keep), tie_(tie), n_(model.size()), low_(std::min(n_, table_spins)) {
    mirrored_ = n_ > 0 && std::ranges::all_of(model.fields(), [](double h) { return h == 0; });
    // The last spin of a mirrored model stays -1, unless the table has all spins.
    high_ = n_ - low_ - (mirrored_ && n_ > low_ ? 1 : 0);
    size_ = loops::padded(std::size_t{1} << low_);
    for (Index h = 0; h < high_; ++h) changes_.push_back(table_of_change(low_ + h));
    base_ = table_of_energies();
  }

  GroundStates run() const {
    const Index blocks = std::min(high_, block_spins);
    Lowest<T> all = parallel_reduce(
        std::int64_t{1} << blocks, 1, Lowest<T>{},
        [&](std::int64_t block, std::int64_t) {
          return run_block(static_cast<std::uint64_t>(block), high_ - blocks);
        },
        [&](Lowest<T> a, Lowest<T> b) { return merge(std::move(a), std::move(b)); });
    const bool halved = mirrored_ && n_ > low_;
    GroundStates ground{.energy = 0, .degeneracy = all.count * (halved ? 2 : 1), .states = {}};
    for (const std::uint64_t bits : all.states) {
      ground.states.push_back(spins_of(bits, n_));
      if (halved) ground.states.push_back(spins_of(~bits, n_));
    }
    if (ground.states.size() > keep_) ground.states.resize(keep_);
    ground.energy = model_.energy(spins_of(all.states.front(), n_));
    return ground;
  }

 private:
  // What the table of energies gains when the high spin h rises from -1 to +1: 2 sum_i J_hi s_i.
  std::vector<T> table_of_change(Index h) const {
    std::vector<T> change(size_, 0);
    const auto neighbours = model_.neighbours(h);
    const auto weights = model_.weights(h);
    for (std::size_t k = 0; k < neighbours.size(); ++k) {
      if (neighbours[k] >= low_) break;
      for (std::uint64_t bits = 0; bits >> low_ == 0; ++bits)
        change[bits] += static_cast<T>(2 * weights[k]) * static_cast<T>(spin_of(bits, neighbours[k]));
    }
    return change;
  }

  // The energies of the table's spins among themselves and in the field of high spins that are all -1.
  std::vector<T> table_of_energies() const {
    std::vector<T> table(size_, std::numeric_limits<T>::max() / 2);  // the padding is never lowest
    for (std::uint64_t bits = 0; bits >> low_ == 0; ++bits) {
      T energy = 0;
      for (Index i = 0; i < low_; ++i)
        energy +=
            static_cast<T>(spin_of(bits, i)) *
            (static_cast<T>(model_.field(i)) + partial_field(bits, i, 0, i) + partial_field(0, i, low_, n_));
      table[bits] = energy;
    }
    return table;
  }
  // The energy of the high spins among themselves.
  T rest_energy(std::uint64_t high) const {
    T rest = 0;
    for (Index i = low_; i < n_; ++i)
      rest += static_cast<T>(spin_of(high, i)) *
              (static_cast<T>(model_.field(i)) + partial_field(high, i, low_, i));
    return rest;
  }
  // The field of spins [from, to) on spin i.
  T partial_field(std::uint64_t bits, Index i, Index from, Index to) const {
    const auto neighbours = model_.neighbours(i);
    const auto weights = model_.weights(i);
    T field = 0;
    for (std::size_t k = 0; k < neighbours.size(); ++k)
      if (neighbours[k] >= from && neighbours[k] < to)
        field += static_cast<T>(weights[k]) * static_cast<T>(spin_of(bits, neighbours[k]));
    return field;
  }

  // The states whose highest spins are the bits of `block`; a Gray code over the `free` high spins below them.
  Lowest<T> run_block(std::uint64_t block, Index free) const {
    std::uint64_t high = block << (low_ + free);
    std::vector<T> table = base_;
    for (Index h = 0; h < high_; ++h)
      if (spin_of(high, low_ + h) > 0) shift(table, h, false);
    T rest = rest_energy(high);
    Lowest<T> lowest;
    collect(table, *std::min_element(table.begin(), table.end()), rest, high, lowest);
    for (std::uint64_t step = 1; step >> free == 0; ++step) {
      const Index h = low_ + static_cast<Index>(std::countr_zero(step));
      const bool falls = (high >> h) & 1;
      const T gain = 2 * (static_cast<T>(model_.field(h)) + partial_field(high, h, low_, n_));
      rest += falls ? -gain : gain;
      high ^= std::uint64_t{1} << h;
      const T least = shift(table, h - low_, falls);
      if (least + rest <= lowest.energy + tie_) collect(table, least, rest, high, lowest);
    }
    return lowest;
  }

  T shift(std::vector<T>& table, Index h, bool falls) const {
    return loops::shift_energies(changes_[static_cast<std::size_t>(h)].data(), falls, table.data(), size_);
  }

  void collect(const std::vector<T>& table, T least, T rest, std::uint64_t high, Lowest<T>& lowest) const {
    if (lowest.count == 0 || least + rest < lowest.energy - tie_) lowest = {least + rest, 0, {}};
    const T limit = lowest.energy + tie_ - rest;
    for (std::uint64_t bits = 0; bits >> low_ == 0; ++bits) {
      if (table[bits] > limit) continue;
      ++lowest.count;
      if (lowest.states.size() < std::max<std::size_t>(keep_, 1)) lowest.states.push_back(high | bits);
    }
  }

  Lowest<T> merge(Lowest<T> a, Lowest<T> b) const {
    if (a.count == 0 || b.energy < a.energy - tie_) return b;
    if (b.energy > a.energy + tie_) return a;
    a.count += b.count;
    for (const std::uint64_t state : b.states)
      if (a.states.size() < std::max<std::size_t>(keep_, 1)) a.states.push_back(state);
    return a;
  }

  const IsingModel& model_;
  std::size_t keep_;
  T tie_;
  Index n_, low_, high_ = 0;
  bool mirrored_ = false;
  std::size_t size_ = 0;                 // of the table, padded
  std::vector<T> base_;                  // the table where all high spins are -1
  std::vector<std::vector<T>> changes_;  // what each high spin's rise adds
};

}  // namespace

GroundStates exact_enumeration(const IsingModel& model, std::size_t keep) {
  check_size(model, largest_enumeration, "exact enumeration");
  const double sum = model.sum_of_weights();
  if (model.integral() && sum < 0x1p28) return Enumeration<std::int32_t>(model, keep, 0).run();
  return Enumeration<double>(model, keep, relative_tie * sum).run();
}

std::vector<double> state_energies(const IsingModel& model) {
  check_size(model, largest_table, "energies of all states");
  const Index n = model.size();
  std::vector<double> energies(std::size_t{1} << n);
  // Spin i rises: states with bit i differ from those without by twice its field from the lower spins.
  double all_down = model.offset();
  for (Index i = 0; i < n; ++i) all_down -= model.field(i);
  std::vector<double> fields(model.fields().begin(), model.fields().end());
  for (Index i = 0; i < n; ++i)
    for (std::size_t k = 0; k < model.neighbours(i).size(); ++k) {
      fields[static_cast<std::size_t>(i)] -= model.weights(i)[k];
      if (model.neighbours(i)[k] < i) all_down += model.weights(i)[k];
    }
  energies[0] = all_down;
  for (Index i = 0; i < n; ++i) {
    const std::size_t half = std::size_t{1} << i;
    std::vector<double> gain(half, 2 * fields[static_cast<std::size_t>(i)]);
    for (std::size_t k = 0; k < model.neighbours(i).size() && model.neighbours(i)[k] < i; ++k)
      for (std::size_t bits = 0; bits < half; ++bits)
        if ((bits >> model.neighbours(i)[k]) & 1) gain[bits] += 4 * model.weights(i)[k];
    for (std::size_t bits = 0; bits < half; ++bits) energies[half + bits] = energies[bits] + gain[bits];
  }
  return energies;
}

ThermalAverages thermal_averages(const IsingModel& model, double beta) {
  if (!(beta >= 0) || std::isinf(beta))
    throw InvalidInput("thermal averages: beta must be finite and not negative, found {}", beta);
  const std::vector<double> energies = state_energies(model);
  const double ground = *std::ranges::min_element(energies);
  ThermalAverages averages{.beta = beta,
                           .spins = std::vector<double>(static_cast<std::size_t>(model.size()))};
  double z = 0, mean = 0, square = 0;  // energies above the ground state's
  for (std::size_t bits = 0; bits < energies.size(); ++bits) {
    const double above = energies[bits] - ground, weight = std::exp(-beta * above);
    z += weight, mean += weight * above, square += weight * above * above;
    for (std::size_t i = 0; i < averages.spins.size(); ++i)
      averages.spins[i] += weight * spin_of(bits, static_cast<Index>(i));
  }
  mean /= z;
  averages.ln_z = std::log(z) - beta * ground;
  averages.energy = ground + mean;
  averages.energy_variance = square / z - mean * mean;
  for (double& spin : averages.spins) spin /= z;
  return averages;
}

std::map<double, double> density_of_states(const IsingModel& model) {
  std::vector<double> energies = state_energies(model);
  std::ranges::sort(energies);
  const double tie = relative_tie * model.sum_of_weights();
  std::map<double, double> density;
  for (std::size_t k = 0; k < energies.size();) {
    const double energy = energies[k];
    for (; k < energies.size() && energies[k] <= energy + tie; ++k) ++density[energy];
  }
  return density;
}

}  // namespace lehr::spin
