#include "lehr/spin/best_flip.hpp"

#include <algorithm>
#include <cmath>

namespace lehr::spin {

namespace {

constexpr Index small_model = 256;          // one pass over so few costs beats any structure
constexpr Index largest_dense_rows = 8192;  // rows of 512 MiB in double precision
constexpr double exact_in_float = 0x1p23;
constexpr double largest_bucket_range = 1 << 16;

bool prefers_dense(const IsingModel& model) {
  const Index n = model.size();
  if (n <= small_model) return true;
  return n <= largest_dense_rows && static_cast<double>(model.couplings()) >= 0.025 * n * n;
}

}  // namespace

// ---- dense

template <class T>
DenseRows<T>::DenseRows(const IsingModel& model)
    : stride(loops::padded(static_cast<std::size_t>(model.size()))) {
  weights.assign(static_cast<std::size_t>(model.size()) * stride, 0);
  for (Index i = 0; i < model.size(); ++i) {
    const auto neighbours = model.neighbours(i);
    const auto values = model.weights(i);
    T* const row = weights.data() + static_cast<std::size_t>(i) * stride;
    for (std::size_t k = 0; k < neighbours.size(); ++k) row[neighbours[k]] = static_cast<T>(values[k]);
  }
}

template <class T>
DenseFlips<T>::DenseFlips(const IsingModel& model, const DenseRows<T>& rows,
                          std::span<const std::int8_t> spins)
    : rows_(rows),
      size_(model.size()),
      spins_(rows.stride, 1),
      costs_(rows.stride, 0),
      bars_(rows.stride, infinity) {
  for (Index i = 0; i < size_; ++i) {
    spins_[at(i)] = spins[at(i)];
    costs_[at(i)] = static_cast<T>(-2.0 * spins[at(i)] * model.local_field(spins, i));
    bars_[at(i)] = 0;
  }
}

template <class T>
Index DenseFlips<T>::cheapest(Stream& random) {
  if (stale_) least_ = loops::lowest_cost(bars_.data(), costs_.data(), rows_.stride), stale_ = false;
  if (!(least_ < infinity)) return -1;
  const auto n = static_cast<std::size_t>(size_);
  const auto from = static_cast<std::size_t>(uniform_index(random, size_));
  const std::size_t found = loops::find_cost(bars_.data(), costs_.data(), least_, from, n);
  if (found < n) return static_cast<Index>(found);
  return static_cast<Index>(loops::find_cost(bars_.data(), costs_.data(), least_, 0, from));
}

template <class T>
void DenseFlips<T>::flip(Index i) {
  const T scale = 4 * spins_[at(i)];
  spins_[at(i)] = -spins_[at(i)];
  costs_[at(i)] = -costs_[at(i)];
  least_ = loops::update_costs(rows_.row(i), scale, spins_.data(), bars_.data(), costs_.data(), rows_.stride);
  stale_ = false;
}

template struct DenseRows<float>;
template struct DenseRows<double>;
template class DenseFlips<float>;
template class DenseFlips<double>;

// ---- buckets

IntegerRows::IntegerRows(const IsingModel& model) : reach(static_cast<std::int32_t>(model.largest_reach())) {
  starts.push_back(0);
  links.reserve(static_cast<std::size_t>(2 * model.couplings()));
  for (Index i = 0; i < model.size(); ++i) {
    fields.push_back(static_cast<std::int32_t>(model.field(i)));
    const auto neighbours = model.neighbours(i);
    const auto weights = model.weights(i);
    for (std::size_t k = 0; k < neighbours.size(); ++k)
      links.push_back({neighbours[k], static_cast<std::int32_t>(weights[k])});
    starts.push_back(static_cast<std::int64_t>(links.size()));
  }
}

BucketFlips::BucketFlips(const IntegerRows& rows, std::span<const std::int8_t> spins)
    : rows_(rows),
      spins_(spins.begin(), spins.end()),
      gains_(spins.size()),
      places_(spins.size(), -1),
      buckets_(2 * static_cast<std::size_t>(rows.reach) + 1) {
  for (Index i = 0; i < size(); ++i) {
    std::int32_t field = rows.fields[at(i)];
    for (auto k = rows.starts[at(i)]; k < rows.starts[at(i) + 1]; ++k) {
      const auto [neighbour, weight] = rows.links[static_cast<std::size_t>(k)];
      field += weight * spins_[at(neighbour)];
    }
    gains_[at(i)] = spins_[at(i)] * field;
    insert(i);
  }
}

void BucketFlips::insert(Index i) {
  std::vector<Index>& list = bucket(i);
  places_[at(i)] = static_cast<Index>(list.size());
  list.push_back(i);
  top_ = std::max(top_, at(gains_[at(i)] + rows_.reach));
}

void BucketFlips::remove(Index i) {
  std::vector<Index>& list = bucket(i);
  const Index last = list.back();
  list[at(places_[at(i)])] = last;
  places_[at(last)] = places_[at(i)];
  list.pop_back();
  places_[at(i)] = -1;
}

void BucketFlips::set_gain(Index i, std::int32_t gain) {
  const bool barred = places_[at(i)] < 0;
  if (!barred) remove(i);
  gains_[at(i)] = gain;
  if (!barred) insert(i);
}

Index BucketFlips::cheapest(Stream& random) {
  while (buckets_[top_].empty()) {
    if (top_ == 0) return -1;
    --top_;
  }
  const std::vector<Index>& list = buckets_[top_];
  return list[static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(list.size())))];
}

void BucketFlips::flip(Index i) {
  const std::int32_t twice = -2 * spins_[at(i)];
  for (auto k = rows_.starts[at(i)]; k < rows_.starts[at(i) + 1]; ++k) {
    const auto [j, weight] = rows_.links[static_cast<std::size_t>(k)];
    set_gain(j, gains_[at(j)] + twice * weight * spins_[at(j)]);
  }
  spins_[at(i)] = static_cast<std::int8_t>(-spins_[at(i)]);
  set_gain(i, -gains_[at(i)]);
}

// ---- tournament tree

TreeFlips::TreeFlips(const IsingModel& model, std::span<const std::int8_t> spins)
    : model_(model), spins_(spins.begin(), spins.end()), costs_(spins.size()), barred_(spins.size(), 0) {
  while (leaves_ < spins.size()) leaves_ *= 2;
  winners_.assign(2 * leaves_, -1);
  for (Index i = 0; i < size(); ++i) {
    costs_[at(i)] = -2.0 * spins_[at(i)] * model.local_field(spins_, i);
    winners_[leaves_ + at(i)] = i;
  }
  for (std::size_t node = leaves_ - 1; node >= 1; --node)
    winners_[node] = better(winners_[2 * node], winners_[2 * node + 1]);
}

Index TreeFlips::better(Index a, Index b) const {
  if (a < 0 || b < 0) return a < 0 ? b : a;
  if (barred_[at(a)] != barred_[at(b)]) return barred_[at(a)] ? b : a;
  return costs_[at(b)] < costs_[at(a)] ? b : a;
}

void TreeFlips::replay(Index i) {
  for (std::size_t node = (leaves_ + at(i)) / 2; node >= 1; node /= 2) {
    const Index winner = better(winners_[2 * node], winners_[2 * node + 1]);
    if (winner == winners_[node] && winner != i) return;
    winners_[node] = winner;
  }
}

Index TreeFlips::cheapest(Stream&) {
  const Index winner = winners_[1];
  return winner < 0 || barred_[at(winner)] ? -1 : winner;
}

void TreeFlips::flip(Index i) {
  const auto neighbours = model_.neighbours(i);
  const auto weights = model_.weights(i);
  const double four = 4.0 * spins_[at(i)];
  for (std::size_t k = 0; k < neighbours.size(); ++k) {
    const Index j = neighbours[k];
    costs_[at(j)] += four * weights[k] * spins_[at(j)];
    replay(j);
  }
  spins_[at(i)] = static_cast<std::int8_t>(-spins_[at(i)]);
  costs_[at(i)] = -costs_[at(i)];
  replay(i);
}

// ---- choice

FlipSearch::FlipSearch(const IsingModel& model) : model_(&model) {
  const double reach = model.largest_reach();
  const bool exact = model.integral();
  slack_ = exact ? 0 : 1e-11 * reach;
  if (prefers_dense(model)) {
    if (exact && 2 * reach < exact_in_float)
      rows_.emplace<DenseRows<float>>(model);
    else
      rows_.emplace<DenseRows<double>>(model);
  } else if (exact && reach <= largest_bucket_range) {
    rows_.emplace<IntegerRows>(model);
  }
}

}  // namespace lehr::spin
