#include "lehr/tour/two_level_list.hpp"

#include <algorithm>
#include <cmath>

namespace lehr::tour {

TwoLevelList::TwoLevelList(const Order& order, City segment)
    : nominal_(segment > 0
                   ? segment
                   : std::max<City>(8, static_cast<City>(std::sqrt(static_cast<double>(order.size()))))),
      cities_(order.size()) {
  build(order);
}

void TwoLevelList::build(const Order& order) {
  const City n = cities();
  segments_.clear(), ring_.clear();
  for (City i = 0; i < n; ++i) {
    if (i % nominal_ == 0) {
      ring_.push_back(static_cast<std::int32_t>(segments_.size()));
      segments_.push_back({false, order[static_cast<std::size_t>(i)], 0, ring_.back(), 0});
    }
    const City before = order[static_cast<std::size_t>(i == 0 ? n - 1 : i - 1)],
               after = order[static_cast<std::size_t>(i + 1 == n ? 0 : i + 1)];
    at(order[static_cast<std::size_t>(i)]) = {{before, after}, ring_.back(), i};
    segments_.back().last = order[static_cast<std::size_t>(i)];
    ++segments_.back().size;
  }
}

// Rises as the tour goes, from the first segment of the ring to the last.
std::pair<std::int32_t, std::int32_t> TwoLevelList::key(City c) const {
  const Node& node = at(c);
  const Segment& segment = segment_of(node);
  return {segment.rank, segment.backwards ? -node.place : node.place};
}

bool TwoLevelList::between(City a, City b, City c) const {
  const auto ka = key(a), kb = key(b), kc = key(c);
  return ka <= kc ? ka <= kb && kb <= kc : ka <= kb || kb <= kc;
}

// Takes a city at the border of its segment into the one beside it.
void TwoLevelList::move(City c, std::int32_t segment, bool to_end) {
  const City before = previous(c), after = next(c);
  Segment& to = segments_[static_cast<std::size_t>(segment)];
  const std::int32_t beside = at(to_end ? to.last : to.first).place;
  at(c).segment = segment;
  at(c).place = to_end != to.backwards ? beside + 1 : beside - 1;
  (to_end ? to.last : to.first) = c;
  ++to.size;
  set_previous(c, before), set_next(c, after);
}

// Splits the segment of c, whose smaller part joins the segment beside it, so that c becomes the first of a segment. The segment of
// `untouched` must not grow at its beginning.
void TwoLevelList::make_first(City c, City untouched) {
  const std::int32_t own = at(c).segment;
  Segment& segment = segments_[static_cast<std::size_t>(own)];
  if (segment.first == c) return;
  const auto count = static_cast<std::int32_t>(ring_.size());
  const std::int32_t ahead = ring(segment.rank + 1), behind = ring(segment.rank + count - 1);
  const std::int32_t part = std::abs(at(c).place - at(segment.first).place);
  if (2 * part <= segment.size || ahead == at(untouched).segment) {
    segment.size -= part;
    for (City moving = segment.first; moving != c;) {
      const City following = next(moving);
      move(moving, behind, true);
      moving = following;
    }
    segment.first = c;
  } else {
    const City last = previous(c);
    segment.size = part;
    for (City moving = segment.last; moving != last;) {
      const City following = previous(moving);
      move(moving, ahead, false);
      moving = following;
    }
    segment.last = last;
  }
}

// The path from a to b lies in one segment and is not the whole tour.
void TwoLevelList::reverse_inside(City a, City b) {
  Segment& segment = segment_of(at(a));
  const City before = previous(a), after = next(b);
  path_.clear();
  for (City c = a; c != b; c = next(c)) path_.push_back(c);
  path_.push_back(b);
  for (std::size_t i = 0, j = path_.size() - 1; i < j; ++i, --j)
    std::swap(at(path_[i]).place, at(path_[j]).place);
  for (const City c : path_) std::swap(at(c).link[0], at(c).link[1]);
  set_next(before, b), set_previous(b, before);
  set_previous(after, a), set_next(a, after);
  if (segment.first == a && segment.last == b) {
    std::swap(segment.first, segment.last);
  } else if (segment.first == a) {
    segment.first = b;
  } else if (segment.last == b) {
    segment.last = a;
  }
}

// Reverses `count` whole segments from the one of rank `rank` on.
void TwoLevelList::reverse_run(std::int32_t rank, std::int32_t count) {
  const auto total = static_cast<std::int32_t>(ring_.size());
  const City x = segments_[static_cast<std::size_t>(ring(rank))].first;
  const City y = segments_[static_cast<std::size_t>(ring(rank + count - 1))].last;
  const City before = previous(x), after = next(y);
  for (std::int32_t i = 0, j = count - 1; i < j; ++i, --j) std::swap(ring(rank + i), ring(rank + j));
  for (std::int32_t i = 0; i < count; ++i) {
    Segment& segment = segments_[static_cast<std::size_t>(ring(rank + i))];
    segment.rank = rank + i >= total ? rank + i - total : rank + i;
    segment.backwards = !segment.backwards;
    std::swap(segment.first, segment.last);
  }
  set_next(before, y), set_previous(y, before);
  set_previous(after, x), set_next(x, after);
}

void TwoLevelList::reverse(City a, City b) {
  if (next(b) == a || a == b) return;  // the whole tour; nothing
  if (at(a).segment == at(b).segment) {
    if (key(a) < key(b)) return reverse_inside(a, b);
    const City from = next(b), to = previous(a);
    if (at(from).segment == at(a).segment && at(to).segment == at(a).segment && key(from) <= key(to))
      return reverse_inside(from, to);  // the rest of the tour lies in the segment
  }
  make_first(a, a);
  if (at(a).segment == at(b).segment && key(a) < key(b)) return reverse_inside(a, b);
  make_first(next(b), a);
  const auto total = static_cast<std::int32_t>(ring_.size());
  const std::int32_t first = segment_of(at(a)).rank, last = segment_of(at(b)).rank;
  const std::int32_t count = last - first + (last < first ? total : 0) + 1;
  if (2 * count <= total) {
    reverse_run(first, count);
  } else if (count < total) {
    reverse_run(last + 1 == total ? 0 : last + 1, total - count);
  }
  if (std::max(segment_of(at(a)).size, segment_of(at(b)).size) > 4 * nominal_) build(order());
}

Order TwoLevelList::order() const {
  Order order{0};
  order.reserve(cities_.size());
  for (City c = next(0); c != 0; c = next(c)) order.push_back(c);
  return order;
}

}  // namespace lehr::tour
