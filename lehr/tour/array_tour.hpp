// A tour as an array of cities with the position of each: next and previous in O(1), an exchange of k edges in O(n) at worst, in
// practice in the length of what it turns round.
//
// An exchange is written t_1 ... t_2k as Lin and Kernighan (1973) do: the edges (t_1 t_2), (t_3 t_4), ... leave the tour, (t_2 t_3),
// (t_4 t_5), ..., (t_2k t_1) enter it. The k segments between the removed edges are rearranged; the longest keeps its place and
// direction, the others are written anew behind it. So the exchange t_2 ... t_2k t_1 restores the array exactly, which is
// how a search undoes its moves.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "lehr/tour/order.hpp"

namespace lehr::tour {

// Positions first, first + 1, ..., first + size - 1, counted round the end of the array.
struct Stretch {
  std::int32_t first = 0, size = 0;
};

class ArrayTour {
 public:
  static constexpr int most_edges = 8;  // of one exchange

  ArrayTour() = default;
  explicit ArrayTour(Order order);

  City cities() const { return static_cast<City>(order_.size()); }
  const Order& order() const { return order_; }
  City at(std::int32_t position) const { return order_[static_cast<std::size_t>(position)]; }
  std::int32_t position(City c) const { return position_[static_cast<std::size_t>(c)]; }
  City next(City c) const {
    const auto p = static_cast<std::size_t>(position(c)) + 1;
    return order_[p == order_.size() ? 0 : p];
  }
  City previous(City c) const {
    const auto p = static_cast<std::size_t>(position(c));
    return order_[(p == 0 ? order_.size() : p) - 1];
  }
  // Whether b is met on the way forward from a to c, ends included.
  bool between(City a, City b, City c) const {
    const std::int32_t pa = position(a), pb = position(b), pc = position(c);
    return pa <= pc ? pa <= pb && pb <= pc : pa <= pb || pb <= pc;
  }

  // Whether the exchange, of k >= 2 different edges of the tour, leaves one closed tour. O(k^2).
  bool closes(std::span<const City> t) const {
    if (t.size() == 4) return (next(t[0]) == t[1]) != (next(t[2]) == t[3]);
    return joins_all(t);
  }
  // Makes the exchange, which must close; tells which positions were written.
  Stretch exchange(std::span<const City> t);
  // Turns round the path from a forward to b, or the rest of the tour where that is shorter (which is the same closed tour).
  Stretch reverse(City a, City b);
  // Writes the cities to the positions from `first` on; they must be those that stand there.
  void rewrite(std::int32_t first, std::span<const City> cities);

 private:
  struct Joints;
  bool joins_all(std::span<const City> t) const;
  bool arrange(std::span<const City> t, Joints& joints) const;
  void put(std::int32_t position, City c) {
    order_[static_cast<std::size_t>(position)] = c;
    position_[static_cast<std::size_t>(c)] = position;
  }
  std::int32_t wrapped(std::int32_t position) const {
    return position >= cities() ? position - cities() : position;
  }
  void reverse_positions(std::int32_t first, std::int32_t size);

  Order order_;
  std::vector<std::int32_t> position_;
  std::vector<City> moved_;  // room for `exchange`
};

}  // namespace lehr::tour
