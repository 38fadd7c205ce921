// Configurations of an Ising model that know their cheapest flip: what steepest descent and tabu search ask
// for at every step. Spins can be barred from being chosen.
//
//   DenseFlips<T>  costs in one array; a flip and the search for the least cost are one pass over it: O(n)
//   BucketFlips    small-integer sparse models: spins by cost in buckets, O(degree) a flip
//   TreeFlips      other sparse models: a tournament tree over the costs, O(degree log n) a flip
//
// Of several cheapest flips DenseFlips and BucketFlips choose one at random. FlipSearch picks the kind that
// suits a model and owns what its configurations share.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <variant>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/ising_model.hpp"
#include "lehr/spin/vector_loops.hpp"

namespace lehr::spin {

// J as full rows, padded with zeros to `stride`.
template <class T>
struct DenseRows {
  explicit DenseRows(const IsingModel& model);
  const T* row(Index i) const { return weights.data() + static_cast<std::size_t>(i) * stride; }
  std::size_t stride = 0;
  std::vector<T> weights;
};

template <class T>
class DenseFlips {
 public:
  DenseFlips(const IsingModel& model, const DenseRows<T>& rows, std::span<const std::int8_t> spins);

  Index size() const { return size_; }
  std::int8_t spin(Index i) const { return spins_[at(i)] > 0 ? 1 : -1; }
  double cost(Index i) const { return costs_[at(i)]; }  // change of energy if spin i were flipped
  // The free spin whose flip costs least, or -1 when all are barred.
  Index cheapest(Stream& random);
  void flip(Index i);
  void bar(Index i) { bars_[at(i)] = infinity, stale_ = true; }
  void free(Index i) { bars_[at(i)] = 0, stale_ = true; }

 private:
  static constexpr T infinity = std::numeric_limits<T>::infinity();
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  const DenseRows<T>& rows_;
  Index size_;
  std::vector<T> spins_, costs_, bars_;  // a barred spin's bar is infinite
  T least_ = 0;
  bool stale_ = true;  // least_ must be found anew
};

// J as integers in compressed rows.
struct IntegerRows {
  explicit IntegerRows(const IsingModel& model);
  struct Link {
    Index neighbour;
    std::int32_t weight;
  };
  std::int32_t reach = 0;  // the largest magnitude of a local field
  std::vector<std::int32_t> fields;
  std::vector<std::int64_t> starts;
  std::vector<Link> links;
};

class BucketFlips {
 public:
  BucketFlips(const IntegerRows& rows, std::span<const std::int8_t> spins);

  Index size() const { return static_cast<Index>(spins_.size()); }
  std::int8_t spin(Index i) const { return spins_[at(i)]; }
  double cost(Index i) const { return -2.0 * gains_[at(i)]; }
  Index cheapest(Stream& random);
  void flip(Index i);
  void bar(Index i) { remove(i); }
  void free(Index i) { insert(i); }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  std::vector<Index>& bucket(Index i) { return buckets_[at(gains_[at(i)] + rows_.reach)]; }
  void insert(Index i);
  void remove(Index i);
  void set_gain(Index i, std::int32_t gain);

  const IntegerRows& rows_;
  Spins spins_;
  std::vector<std::int32_t> gains_;  // s_i times the local field: a flip costs -2 times this
  std::vector<Index> places_;        // within the bucket; -1 for barred spins
  std::vector<std::vector<Index>> buckets_;
  std::size_t top_ = 0;  // no spin stands in a higher bucket
};

class TreeFlips {
 public:
  TreeFlips(const IsingModel& model, std::span<const std::int8_t> spins);

  Index size() const { return static_cast<Index>(spins_.size()); }
  std::int8_t spin(Index i) const { return spins_[at(i)]; }
  double cost(Index i) const { return costs_[at(i)]; }
  Index cheapest(Stream& random);
  void flip(Index i);
  void bar(Index i) { barred_[at(i)] = 1, replay(i); }
  void free(Index i) { barred_[at(i)] = 0, replay(i); }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  Index better(Index a, Index b) const;
  void replay(Index i);  // the matches of spin i, up to the first whose outcome does not change

  const IsingModel& model_;
  Spins spins_;
  std::vector<double> costs_;
  std::vector<std::int8_t> barred_;
  std::size_t leaves_ = 1;
  std::vector<Index> winners_;  // node k has the children 2 k and 2 k + 1; -1: nobody
};

class FlipSearch {
 public:
  explicit FlipSearch(const IsingModel& model);  // `model` must outlive this

  // Calls body(flips) with the configuration of `spins`.
  template <class Body>
  void with(std::span<const std::int8_t> spins, Body body) const {
    if (const auto* single = std::get_if<DenseRows<float>>(&rows_)) {
      DenseFlips<float> flips(*model_, *single, spins);
      body(flips);
    } else if (const auto* dense = std::get_if<DenseRows<double>>(&rows_)) {
      DenseFlips<double> flips(*model_, *dense, spins);
      body(flips);
    } else if (const auto* integers = std::get_if<IntegerRows>(&rows_)) {
      BucketFlips flips(*integers, spins);
      body(flips);
    } else {
      TreeFlips flips(*model_, spins);
      body(flips);
    }
  }
  // A change of energy of at most this magnitude may be rounding; 0 where costs are integers.
  double slack() const { return slack_; }

 private:
  const IsingModel* model_;
  double slack_;
  std::variant<std::monostate, DenseRows<float>, DenseRows<double>, IntegerRows> rows_;
};

}  // namespace lehr::spin
