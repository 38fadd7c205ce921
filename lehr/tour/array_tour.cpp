#include "lehr/tour/array_tour.hpp"

#include <algorithm>
#include <utility>

namespace lehr::tour {

// The removed edges by rising position: edge r joins the last city of segment r and the first of segment r + 1. These two ends have
// the numbers 2 r and 2 r + 1; the exchange joins end e to mate[e].
struct ArrayTour::Joints {
  int count = 0;
  std::array<std::int32_t, most_edges> cut{};  // position of the end 2 r
  std::array<std::int8_t, 2 * most_edges> mate{};

  int after(int r) const { return r + 1 == count ? 0 : r + 1; }
  int before(int r) const { return r == 0 ? count - 1 : r - 1; }
  // The segment that begins or ends at an end, and its other end.
  int segment(int end) const { return end % 2 == 0 ? end / 2 : after(end / 2); }
  int other(int end) const { return end % 2 == 0 ? 2 * before(end / 2) + 1 : 2 * after(end / 2); }
};

ArrayTour::ArrayTour(Order order) : order_(std::move(order)), position_(order_.size()) {
  for (std::size_t p = 0; p < order_.size(); ++p)
    position_[static_cast<std::size_t>(order_[p])] = static_cast<std::int32_t>(p);
}

// True when the joined segments form one circle.
bool ArrayTour::arrange(std::span<const City> t, Joints& joints) const {
  const int k = joints.count = static_cast<int>(t.size() / 2);
  std::array<bool, most_edges> forward{};
  std::array<std::int8_t, most_edges> sorted{};
  std::array<std::int32_t, most_edges> cut{};
  for (int i = 0; i < k; ++i) {
    const City a = t[static_cast<std::size_t>(2 * i)], b = t[static_cast<std::size_t>(2 * i + 1)];
    forward[static_cast<std::size_t>(i)] = next(a) == b;
    const std::int32_t at = cut[static_cast<std::size_t>(i)] =
        position(forward[static_cast<std::size_t>(i)] ? a : b);
    int place = i;
    for (; place > 0 && joints.cut[static_cast<std::size_t>(place - 1)] > at; --place) {
      joints.cut[static_cast<std::size_t>(place)] = joints.cut[static_cast<std::size_t>(place - 1)];
      sorted[static_cast<std::size_t>(place)] = sorted[static_cast<std::size_t>(place - 1)];
    }
    joints.cut[static_cast<std::size_t>(place)] = at;
    sorted[static_cast<std::size_t>(place)] = static_cast<std::int8_t>(i);
  }
  std::array<std::int8_t, most_edges> rank{};
  for (int r = 0; r < k; ++r)
    rank[static_cast<std::size_t>(sorted[static_cast<std::size_t>(r)])] = static_cast<std::int8_t>(r);
  for (int i = 0; i < k; ++i) {  // t_{2 i + 2} is joined to t_{2 i + 3}
    const int j = i + 1 == k ? 0 : i + 1;
    const int from = 2 * rank[static_cast<std::size_t>(i)] + (forward[static_cast<std::size_t>(i)] ? 1 : 0);
    const int to = 2 * rank[static_cast<std::size_t>(j)] + (forward[static_cast<std::size_t>(j)] ? 0 : 1);
    joints.mate[static_cast<std::size_t>(from)] = static_cast<std::int8_t>(to);
    joints.mate[static_cast<std::size_t>(to)] = static_cast<std::int8_t>(from);
  }
  int end = 0, visited = 0;
  do {
    end = joints.other(joints.mate[static_cast<std::size_t>(end)]);
    ++visited;
  } while (end != 0 && visited <= k);
  return visited == k;
}

bool ArrayTour::joins_all(std::span<const City> t) const {
  Joints joints;
  return arrange(t, joints);
}

void ArrayTour::reverse_positions(std::int32_t first, std::int32_t size) {
  std::int32_t last = first + size - 1;
  const std::int32_t n = cities();
  if (last < n) {
    for (; first < last; ++first, --last) {
      const City a = at(first), b = at(last);
      put(first, b), put(last, a);
    }
    return;
  }
  last -= n;
  for (std::int32_t left = size / 2; left > 0; --left) {
    const City a = at(first), b = at(last);
    put(first, b), put(last, a);
    first = wrapped(first + 1);
    last = last == 0 ? n - 1 : last - 1;
  }
}

Stretch ArrayTour::reverse(City a, City b) {
  const std::int32_t n = cities(), from = position(a), to = position(b);
  const std::int32_t inside = to - from + (to < from ? n : 0) + 1;
  const Stretch stretch = 2 * inside <= n ? Stretch{from, inside} : Stretch{wrapped(to + 1), n - inside};
  reverse_positions(stretch.first, stretch.size);
  return stretch;
}

Stretch ArrayTour::exchange(std::span<const City> t) {
  Joints joints;
  arrange(t, joints);
  const int k = joints.count;
  const std::int32_t n = cities();
  std::array<Stretch, most_edges> segments;
  int longest = 0;
  std::int32_t most = 0;
  City mark = 0;
  for (int r = 0; r < k; ++r) {
    const std::int32_t end = joints.cut[static_cast<std::size_t>(r)],
                       start = wrapped(joints.cut[static_cast<std::size_t>(joints.before(r))] + 1);
    const std::int32_t size = end - start + (end < start ? n : 0) + 1;
    segments[static_cast<std::size_t>(r)] = {start, size};
    // Of equally long ones the one with the smallest city at an end: it is the same one when the exchange is undone.
    const City smallest = std::min(at(start), at(end));
    if (size > most || (size == most && smallest < mark)) longest = r, most = size, mark = smallest;
  }
  std::int32_t to = wrapped(joints.cut[static_cast<std::size_t>(longest)] + 1);
  const Stretch written{to, n - most};
  if (k == 2) {
    reverse_positions(written.first, written.size);
    return written;
  }
  moved_.clear();
  for (int end = 2 * longest;;) {
    const int entry = joints.mate[static_cast<std::size_t>(end)], segment = joints.segment(entry);
    if (segment == longest) break;
    const Stretch s = segments[static_cast<std::size_t>(segment)];
    if (entry % 2 == 1) {
      for (std::int32_t i = 0, p = s.first; i < s.size; ++i, p = wrapped(p + 1)) moved_.push_back(at(p));
    } else {
      for (std::int32_t i = 0, p = wrapped(s.first + s.size - 1); i < s.size; ++i, p = p == 0 ? n - 1 : p - 1)
        moved_.push_back(at(p));
    }
    end = joints.other(entry);
  }
  rewrite(written.first, moved_);
  return written;
}

void ArrayTour::rewrite(std::int32_t first, std::span<const City> cities) {
  for (const City c : cities) {
    put(first, c);
    first = wrapped(first + 1);
  }
}

}  // namespace lehr::tour
