#include "lehr/spin/variable_elimination.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/exact_enumeration.hpp"

namespace lehr::spin {

namespace {

constexpr Index row_bits = 10;  // tables are worked on in rows of 2^10 entries
constexpr std::size_t row_entries = std::size_t{1} << row_bits;
constexpr double memory_limit = 4.0 * (1 << 30);
// A function of the spins in `scope`: bit b of the position is 1 where scope[b] is +1.
struct Table {
  std::vector<Index> scope;
  std::vector<double> values;
  std::vector<double> counts;  // states that attain the minimum; empty in sums
};

// Where the entries of an incoming table stand for each state of the neighbours: low[l] + high[h] for the
// state with lowest bits l and highest bits h, plus `rise` where the eliminated spin is +1.
struct Projection {
  const Table* table;
  std::vector<std::uint32_t> low, high;
  std::uint32_t rise = 0;
};

Projection project(const Table& table, Index spin, const std::vector<Index>& neighbours, Index low_bits) {
  Projection projection{&table, {}, {}, 0};
  std::vector<std::uint32_t> bits(neighbours.size(), 0);
  for (std::size_t b = 0; b < table.scope.size(); ++b) {
    const std::uint32_t bit = std::uint32_t{1} << b;
    if (table.scope[b] == spin)
      projection.rise = bit;
    else
      bits[static_cast<std::size_t>(std::ranges::find(neighbours, table.scope[b]) - neighbours.begin())] =
          bit;
  }
  const auto sums = [](std::span<const std::uint32_t> of) {
    std::vector<std::uint32_t> sum(std::size_t{1} << of.size(), 0);
    for (std::size_t b = 0; b < of.size(); ++b)
      for (std::size_t k = 0; k < std::size_t{1} << b; ++k) sum[(std::size_t{1} << b) + k] = sum[k] + of[b];
    return sum;
  };
  const std::span<const std::uint32_t> all(bits);
  projection.low = sums(all.first(at(low_bits)));
  projection.high = sums(all.subspan(at(low_bits)));
  return projection;
}

// One row of the table in the making: the terms for the eliminated spin at -1 and at +1.
struct Terms {
  std::array<double, row_entries> down, up, count_down, count_up;
};

// The field of the neighbours on the eliminated spin, for each state of the neighbours.
class Field {
 public:
  Field(const IsingModel& model, Index spin, const std::vector<Index>& neighbours) : own_(model.field(spin)) {
    const auto coupled = model.neighbours(spin);
    for (const Index j : neighbours) {
      const auto found = std::ranges::lower_bound(coupled, j);
      const bool present = found != coupled.end() && *found == j;
      weights_.push_back(present ? model.weights(spin)[static_cast<std::size_t>(found - coupled.begin())]
                                 : 0);
    }
  }
  // The values for the row of states whose bits from `low_bits` on are `high`.
  void row(std::size_t high, Index low_bits, std::span<double> values) const {
    double base = own_;
    for (std::size_t b = 0; b < weights_.size(); ++b)
      base += b >= at(low_bits) && ((high >> (b - at(low_bits))) & 1) ? weights_[b] : -weights_[b];
    values[0] = base;
    for (std::size_t b = 0; b < at(low_bits); ++b)
      for (std::size_t k = 0; k < std::size_t{1} << b; ++k)
        values[(std::size_t{1} << b) + k] = values[k] + 2 * weights_[b];
  }

 private:
  double own_;
  std::vector<double> weights_;
};

// Eliminates all spins of a model; terms are `scale` times those of H. `combine(k, first, terms, count, values,
// counts)` turns the terms of the states first, first + 1, ... of order[k]'s neighbours into the new table's
// entries.
template <bool counting, class Combine>
class Elimination {
 public:
  Elimination(const IsingModel& model, const EliminationOrder& order, double scale, Combine combine)
      : model_(model), order_(order), scale_(scale), combine_(combine), buckets_(order.order.size()) {
    positions_.resize(order.order.size());
    for (std::size_t k = 0; k < order.order.size(); ++k) positions_[at(order.order[k])] = k;
  }

  // The constant that is left and, with counts, its count.
  std::pair<double, double> run() {
    std::pair<double, double> left{scale_ * model_.offset(), 1};
    for (std::size_t k = 0; k < order_.order.size(); ++k) {
      Table made = make_table(k);
      buckets_[k] = {};
      if (made.scope.empty()) {
        left.first += made.values[0];
        if constexpr (counting) left.second *= made.counts[0];
        continue;
      }
      std::size_t next = order_.order.size();
      for (const Index j : made.scope) next = std::min(next, positions_[at(j)]);
      buckets_[next].push_back(std::move(made));
    }
    return left;
  }

 private:
  Table make_table(std::size_t k) {
    const std::vector<Index>& neighbours = order_.neighbours[k];
    const auto width = static_cast<Index>(neighbours.size());
    const Index low_bits = std::min(width, row_bits);
    std::vector<Projection> incoming;
    for (const Table& table : buckets_[k])
      incoming.push_back(project(table, order_.order[k], neighbours, low_bits));
    const Field field(model_, order_.order[k], neighbours);

    Table made{neighbours, std::vector<double>(std::size_t{1} << width), {}};
    if constexpr (counting) made.counts.resize(made.values.size());
    const std::size_t count = std::size_t{1} << low_bits;
    const auto fill_row = [&](std::int64_t row) {
      Terms terms;
      const auto high = static_cast<std::size_t>(row), first = high << low_bits;
      field.row(high, low_bits, terms.up);
      for (std::size_t l = 0; l < count; ++l) terms.up[l] *= scale_, terms.down[l] = -terms.up[l];
      if constexpr (counting)
        std::fill_n(terms.count_down.begin(), count, 1.0), std::fill_n(terms.count_up.begin(), count, 1.0);
      for (const Projection& from : incoming) add(from, high, count, terms);
      combine_(k, first, terms, count, made.values.data() + first,
               counting ? made.counts.data() + first : nullptr);
    };
    const std::int64_t rows = std::int64_t{1} << (width - low_bits);
    if (rows == 1)
      fill_row(0);
    else
      parallel_for(rows, fill_row, 16);
    return made;
  }

  static void add(const Projection& from, std::size_t high, std::size_t count, Terms& terms) {
    const double* const values = from.table->values.data() + from.high[high];
    for (std::size_t l = 0; l < count; ++l)
      terms.down[l] += values[from.low[l]], terms.up[l] += values[from.low[l] + from.rise];
    if constexpr (!counting) return;
    const double* const counts = from.table->counts.data() + from.high[high];
    for (std::size_t l = 0; l < count; ++l)
      terms.count_down[l] *= counts[from.low[l]], terms.count_up[l] *= counts[from.low[l] + from.rise];
  }

  const IsingModel& model_;
  const EliminationOrder& order_;
  double scale_;
  Combine combine_;
  std::vector<std::size_t> positions_;       // in the order, of each spin
  std::vector<std::vector<Table>> buckets_;  // the tables that wait for order[k]
};

// Bytes of the tables that live at once, and of what is stored for each entry for the way back.
void check_memory(const IsingModel& model, const EliminationOrder& order, double entry, double stored) {
  if (!order.complete)
    throw InvalidInput(
        "variable elimination: {} spins whose best order found has a width above {} (found {}): the tables "
        "would be "
        "too large",
        model.size(), largest_width, order.width);
  double largest = 0, all = 0;
  for (const auto& neighbours : order.neighbours) {
    const double entries = std::exp2(static_cast<double>(neighbours.size()));
    largest = std::max(largest, entries), all += entries;
  }
  // A table in the making, and those that it is made of.
  const double bytes = std::min(4 * largest, all) * entry + all * stored;
  if (bytes > memory_limit)
    throw InvalidInput(
        "variable elimination: {} spins at width {} need tables of {:.1f} GiB, the limit is {:.0f} GiB",
        model.size(), order.width, bytes / (1 << 30), memory_limit / (1 << 30));
}

// The state of the neighbours of order[k] as a position in its table.
std::size_t position(const std::vector<Index>& neighbours, const Spins& spins) {
  std::size_t bits = 0;
  for (std::size_t b = 0; b < neighbours.size(); ++b)
    if (spins[at(neighbours[b])] > 0) bits |= std::size_t{1} << b;
  return bits;
}

}  // namespace

EliminatedGround eliminate_for_ground(const IsingModel& model) {
  return eliminate_for_ground(model, elimination_order(model, largest_width));
}

EliminatedGround eliminate_for_ground(const IsingModel& model, const EliminationOrder& order) {
  check_memory(model, order, 2 * sizeof(double), 0.125);
  const double tie = relative_tie * model.sum_of_weights();
  std::vector<std::vector<std::uint64_t>> rises(
      order.order.size());  // a bit for each state of the neighbours
  for (std::size_t k = 0; k < rises.size(); ++k)
    rises[k].assign(((std::size_t{1} << order.neighbours[k].size()) + 63) / 64, 0);

  const auto lower = [&](std::size_t k, std::size_t first, const Terms& terms, std::size_t count,
                         double* values, double* counts) {
    for (std::size_t l = 0; l < count; ++l) {
      const double down = terms.down[l], up = terms.up[l];
      values[l] = std::min(down, up);
      counts[l] = (down <= values[l] + tie ? terms.count_down[l] : 0) +
                  (up <= values[l] + tie ? terms.count_up[l] : 0);
      if (up <= down) rises[k][(first + l) / 64] |= std::uint64_t{1} << ((first + l) % 64);
    }
  };
  const double degeneracy = Elimination<true, decltype(lower)>(model, order, 1, lower).run().second;

  Spins spins(at(model.size()), 1);
  for (std::size_t k = order.order.size(); k-- > 0;) {
    const std::size_t bits = position(order.neighbours[k], spins);
    spins[at(order.order[k])] = (rises[k][bits / 64] >> (bits % 64)) & 1 ? 1 : -1;
  }
  const double energy = model.energy(spins);
  return {std::move(spins), energy, degeneracy};
}

ExactSampler::ExactSampler(const IsingModel& model, double beta)
    : order_(elimination_order(model, largest_width)), size_(model.size()) {
  if (!(beta >= 0) || std::isinf(beta))
    throw InvalidInput("exact sampling: beta must be finite and not negative, found {}", beta);
  check_memory(model, order_, sizeof(double), sizeof(float));
  log_odds_.resize(order_.order.size());
  for (std::size_t k = 0; k < log_odds_.size(); ++k)
    log_odds_[k].resize(std::size_t{1} << order_.neighbours[k].size());
  const auto add = [&](std::size_t k, std::size_t first, const Terms& terms, std::size_t count,
                       double* values, double*) {
    for (std::size_t l = 0; l < count; ++l) {
      const double down = terms.down[l], up = terms.up[l];
      values[l] = std::max(down, up) + std::log1p(std::exp(-std::abs(up - down)));
      log_odds_[k][first + l] = static_cast<float>(up - down);
    }
  };
  ln_z_ = Elimination<false, decltype(add)>(model, order_, -beta, add).run().first;
}

Spins ExactSampler::sample(Stream& random) const {
  Spins spins(at(size_), 1);
  for (std::size_t k = order_.order.size(); k-- > 0;) {
    const double log_odds = log_odds_[k][position(order_.neighbours[k], spins)];
    spins[at(order_.order[k])] = uniform(random) < 1 / (1 + std::exp(-log_odds)) ? 1 : -1;
  }
  return spins;
}

}  // namespace lehr::spin
