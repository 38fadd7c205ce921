// The actions of heatmap-guided tree search: how one chooses, exchanges and counts its gain, and how two of
// them go side by side. heatmap_mcts.hpp says what an action is.
//
// Two things make a step cheap. Half of all choices take back the exchange before, since the edge that it
// removed was a good one; so an exchange waits until the next choice is known, and such a pair is never made.
// And a step waits for memory several times in a row (the row of the end, the cities of its candidates, two
// places); two actions on two copies of the tour wait at the same time. Under alpha > 0 each sees the other's visits as
// they come; else it does what it would do alone.
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lehr/core/quick_random.hpp"
#include "lehr/tour/heatmap/cut_tour.hpp"
#include "lehr/tour/heatmap/edge_memory.hpp"

namespace lehr::tour {

// What all actions obey.
struct ActionRules {
  double alpha = 0;            // weight of exploration in Z
  std::int64_t depth = 1;      // exchanges, at most
  bool positive_gain = false;  // only edges shorter than what the action has gained so far
  double tolerance = 0;        // gains up to here count as none
};

// An action in progress: the tour, cut, is a path from `first` to ... `end`.
class ActionWalk {
 public:
  double gain() const { return result_; }  // above 0: the tour became shorter by it, else nothing was found
  std::int64_t exchanges() const { return exchanges_; }
  // The edges that entered the tour; the last one closes it where there is a gain.
  std::span<const std::pair<City, City>> added() const {
    return {added_.data(), static_cast<std::size_t>(exchanges_ + (result_ > 0 ? 1 : 0))};
  }

 private:
  template <class Distance>
  friend class ActionWalker;

  City first_ = 0, end_ = 0;
  bool forward_ = true, over_ = false;
  double gain_ = 0, result_ = 0;
  std::int64_t exchanges_ = 0;
  City behind_ = 0;  // the next city on the path
  // The step that it is at, and the exchange that waits: the path from `end_before` to `end` is not turned
  // round yet.
  std::int32_t slot_ = 0;
  City joined_ = 0, freed_ = 0, behind_next_ = 0;
  bool waits_ = false;
  City end_before_ = 0, behind_before_ = 0;

  std::vector<std::pair<City, City>> added_;
};

template <class Distance>
class ActionWalker {
 public:
  ActionWalker(const Distance& distance, const ActionRules& rules, EdgeMemory& memory)
      : distance_(distance), rules_(rules), memory_(memory), rows_(memory.rows()) {}

  // Cuts the edge from `first` to the next city in a direction.
  void begin(ActionWalk& walk, const CutTour& tour, City first, bool forward) const {
    walk.first_ = first;
    walk.end_ = tour.ahead(first, forward);
    walk.forward_ = forward;
    walk.behind_ = tour.ahead(walk.end_, forward);
    walk.waits_ = false;
    walk.over_ = false;
    walk.gain_ = distance_(first, walk.end_);
    walk.result_ = 0;
    walk.exchanges_ = 0;
  }

  // Walks to the end. Where there is a gain the tour is changed to what gained it; else it is anything, and
  // the caller takes it back.
  void run(ActionWalk& walk, CutTour& tour, QuickStream& random) {
    with_rules([&](auto positive_gain, auto explores) {
      const float explore = exploration();
      while (!walk.over_) step<positive_gain, explores>(walk, tour, explore, random);
    });
  }

  // Two walks at the same time, on two copies of one tour. Where the first gains, the second may stay
  // unfinished.
  void run_both(ActionWalk& a, CutTour& one, ActionWalk& b, CutTour& two, QuickStream& random) {
    with_rules([&](auto positive_gain, auto explores) {
      const float explore = exploration();
      while (!a.over_ && !b.over_) {
        const std::uint64_t word = random();
        a.slot_ = choose<positive_gain, explores>(a, explore, high_bits(word));
        b.slot_ = choose<positive_gain, explores>(b, explore, high_bits(word << 24));
        join(a, one);
        join(b, two);
        settle<explores>(a, one);
        settle<explores>(b, two);
      }
      while (!a.over_) step<positive_gain, explores>(a, one, explore, random);
      if (a.result_ > 0) return;
      while (!b.over_) step<positive_gain, explores>(b, two, explore, random);
    });
  }

 private:
  using Floats = float __attribute__((vector_size(16)));
  using Ints = std::int32_t __attribute__((vector_size(16)));

  static std::uint32_t high_bits(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 40); }
  template <class Vector>
  static Vector load(const void* from) {
    Vector vector;
    std::memcpy(&vector, from, sizeof vector);
    return vector;
  }
  // One bit a lane; a lane is all ones or all zeros.
  static std::uint32_t bits_of(Ints lanes) {
#ifdef __SSE2__
    return static_cast<std::uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(lanes)));
#else
    const Ints bits = lanes & Ints{1, 2, 4, 8};
    return static_cast<std::uint32_t>(bits[0] | bits[1] | bits[2] | bits[3]);
#endif
  }
  template <class I>
  static std::size_t at(I i) {
    return static_cast<std::size_t>(i);
  }

  template <class Call>
  void with_rules(Call&& call) {
    const auto with_gain = [&](auto positive_gain) {
      if (rules_.alpha != 0)
        call(positive_gain, std::true_type{});
      else
        call(positive_gain, std::false_type{});
    };
    if (rules_.positive_gain)
      with_gain(std::true_type{});
    else
      with_gain(std::false_type{});
  }
  float exploration() const {
    if (rules_.alpha == 0) return 0;
    return static_cast<float>(rules_.alpha *
                              std::sqrt(std::log(static_cast<double>(memory_.evaluations()) + 1.0)));
  }

  template <bool positive_gain, bool explores>
  void step(ActionWalk& walk, CutTour& tour, float explore, QuickStream& random) {
    walk.slot_ = choose<positive_gain, explores>(walk, explore, high_bits(random()));
    join(walk, tour);
    settle<explores>(walk, tour);
  }
  // Which city becomes free by joining the end to the chosen one. The exchange itself waits.
  [[gnu::always_inline]] void join(ActionWalk& walk, CutTour& tour) const {
    if (walk.slot_ < 0) [[unlikely]]
      return;
    const City joined = memory_.city(walk.slot_);  // its cache line has just been read
    if (walk.waits_ && joined == walk.joined_) {
      walk.freed_ = walk.end_before_;
      walk.behind_next_ = walk.behind_before_;
      walk.waits_ = false;
      return;
    }
    if (walk.waits_) make(walk, tour);
    walk.waits_ = true;
    walk.joined_ = joined;
    walk.end_before_ = walk.end_;
    walk.behind_before_ = walk.behind_;
    walk.freed_ = tour.ahead(joined, !walk.forward_);
    walk.behind_next_ = tour.ahead(walk.freed_, !walk.forward_);
  }
  void make(ActionWalk& walk, CutTour& tour) const {
    walk.forward_ = tour.reverse_path(walk.end_before_, walk.end_, walk.forward_);
    walk.waits_ = false;
  }
  template <bool explores>
  [[gnu::always_inline]] void settle(ActionWalk& walk, CutTour& tour) {
    if (walk.slot_ < 0) [[unlikely]] {
      walk.over_ = true;
      return;
    }
    if constexpr (explores) memory_.visit(walk.slot_);
    walk.gain_ += distance_(walk.joined_, walk.freed_) - rows_.distances[at(walk.slot_)];
    if (at(walk.exchanges_) + 2 > walk.added_.size()) walk.added_.resize(2 * walk.added_.size() + 8);
    walk.added_[at(walk.exchanges_++)] = {walk.end_, walk.joined_};
    walk.end_ = walk.freed_;
    walk.behind_ = walk.behind_next_;
    // Not asked whether gain is above 0 first: that is as random as the walk, and a wrong guess costs more
    // than the distance.
    const double closed = walk.gain_ - distance_(walk.freed_, walk.first_);
    if (closed > rules_.tolerance) [[unlikely]] {
      walk.added_[at(walk.exchanges_)] = {walk.freed_, walk.first_};
      walk.result_ = closed;
      if (walk.waits_) make(walk, tour);
      walk.over_ = true;
    } else {
      walk.over_ = walk.exchanges_ >= rules_.depth;
    }
  }

  // What a choice among the slots of one row sees.
  struct Choice {
    const EdgeMemory::Row& row;
    City first, behind;
    float limit, explore;
  };
  // Z of the slots of group g, and which of them are allowed. Four slots at a time and without branches on
  // what they hold, which would be as random as the search.
  template <bool positive_gain, bool explores>
  [[gnu::always_inline]] Floats potentials(const Choice& choice, std::int32_t g, Ints& allowed) const {
    const std::int32_t index = choice.row.begin / 4 + g;
    const EdgeMemory::Group& group = memory_.groups()[index];
    Floats z = load<Floats>(group.weights.data()) * choice.row.inverse_mean;
    if constexpr (explores) z += load<Floats>(memory_.visits()[index].rarities.data()) * choice.explore;
    const Ints cities = load<Ints>(group.cities.data());
    allowed = ~((cities == choice.first) | (cities == choice.behind)) & (z >= 1.0F);
    if constexpr (positive_gain)
      allowed &= load<Floats>(rows_.near_distances.data() + 4 * index) < choice.limit;
    return reinterpret_cast<Floats>(reinterpret_cast<Ints>(z) & allowed);
  }
  // The sums of the first 1, 2, 3 and 4 lanes, each on top of `before`.
  static Floats sums_of(Floats z, Floats before) {
    const Ints zeros = {};
    z += reinterpret_cast<Floats>(__builtin_shufflevector(zeros, reinterpret_cast<Ints>(z), 3, 4, 5, 6));
    z += reinterpret_cast<Floats>(__builtin_shufflevector(zeros, reinterpret_cast<Ints>(z), 2, 3, 4, 5));
    return z + before;
  }
  static Floats last_of(Floats sums) { return __builtin_shufflevector(sums, sums, 3, 3, 3, 3); }

  // A slot of the end in proportion to Z, or -1 where none has Z >= 1: the first allowed one whose sum of Z
  // is beyond a random share of the total (rounding may leave none, then the last one). `word` has 24
  // random bits.
  template <bool positive_gain, bool explores>
  [[gnu::always_inline]] std::int32_t choose(const ActionWalk& walk, float explore,
                                             std::uint32_t word) const {
    constexpr std::int32_t most = 8;
    const EdgeMemory::Row& row = memory_.row(walk.end_);
    const Choice choice = {row, walk.first_, walk.behind_, static_cast<float>(walk.gain_), explore};
    const float share = static_cast<float>(static_cast<std::int32_t>(word)) * 0x1.0p-24F;
    if (row.groups > most) [[unlikely]]
      return choose_of_many<positive_gain, explores>(choice, share);
    Floats sums[most], total = {};
    std::uint32_t any = 0, beyond = 0;
    for (std::int32_t g = 0; g < row.groups; ++g) {
      Ints allowed;
      sums[g] = sums_of(potentials<positive_gain, explores>(choice, g, allowed), total);
      total = last_of(sums[g]);
      any |= bits_of(allowed) << 4 * g;
    }
    const Floats target = share * total;
    for (std::int32_t g = 0; g < row.groups; ++g) beyond |= bits_of(sums[g] > target) << 4 * g;
    beyond &= any;
    if (beyond != 0) [[likely]]
      return row.begin + std::countr_zero(beyond);
    return any == 0 ? -1 : row.begin + 31 - std::countl_zero(any);
  }
  template <bool positive_gain, bool explores>
  [[gnu::noinline]] std::int32_t choose_of_many(const Choice& choice, float share) const {
    Ints allowed;
    Floats total = {}, sums = {};
    for (std::int32_t g = 0; g < choice.row.groups; ++g)
      total = last_of(sums_of(potentials<positive_gain, explores>(choice, g, allowed), total));
    const Floats target = share * total;
    std::int32_t last = -1;
    for (std::int32_t g = 0; g < choice.row.groups; ++g) {
      sums = sums_of(potentials<positive_gain, explores>(choice, g, allowed), last_of(sums));
      const std::uint32_t any = bits_of(allowed), beyond = bits_of(sums > target) & any;
      if (beyond != 0) return choice.row.begin + 4 * g + std::countr_zero(beyond);
      if (any != 0) last = choice.row.begin + 4 * g + 31 - std::countl_zero(any);
    }
    return last;
  }

  const Distance& distance_;
  const ActionRules& rules_;
  EdgeMemory& memory_;
  const CandidateRows& rows_;
};

}  // namespace lehr::tour
