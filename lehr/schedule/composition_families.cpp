// The families that hold other schedules: warmup, then, restarts, scale, clamp.
#include "lehr/schedule/families.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/schedule/shape.hpp"

namespace lehr::schedule {
namespace {

Parameter inner(std::string name, std::string help) {
  return {.name = std::move(name), .kind = ArgumentKind::schedule, .help = std::move(help), .bare = true};
}

Curve warmup_curve(const Arguments& given, const Source&) {
  const Length length = given.length("length");
  const double from = given.number("from");
  const Shape shape = shape_from(given.word("shape"));
  if (shape == Shape::exponential && !(from > 0)) throw InvalidInput("shape=geometric needs 'from' above 0");
  return {[=, inner = given.schedule("inner")](const Place& place) {
    const double end = place.after(length, "the warm-up");
    Place rest = place.part(end, place.end);
    if (place.position >= end) return inner.node().value(rest);
    rest.position = end;
    const double target = inner.node().value(rest);
    check_ends(shape, from, target);
    return between(shape, from, target, place.part(place.begin, end).progress());
  }};
}

Family warmup() {
  return {{"warmup",
           "rises to the first value of the inner schedule, which spans the rest of the run",
           {{.name = "length", .kind = ArgumentKind::length, .help = "length of the rise", .bare = true},
            inner("inner", "what follows"),
            {.name = "from", .kind = ArgumentKind::number, .help = "value at the start", .default_text = "0"},
            {.name = "shape",
             .kind = ArgumentKind::word,
             .help = "shape of the rise",
             .default_text = "linear",
             .choices = {"linear", "geometric", "cosine"}}}},
          warmup_curve};
}

Family then() {
  return {{"then",
           "one schedule after another; each spans its own part",
           {inner("first", "spans the run up to 'at'"),
            inner("second", "spans the rest; may be another then(...)"),
            {.name = "at", .kind = ArgumentKind::length, .help = "where the second starts"}}},
          [](const Arguments& given, const Source&) {
            return Curve{[first = given.schedule("first"), second = given.schedule("second"),
                          at = given.length("at")](const Place& place) {
              const double boundary = place.after(at, "'at'");
              return place.position < boundary ? first.node().value(place.part(place.begin, boundary))
                                               : second.node().value(place.part(boundary, place.end));
            }};
          }};
}

// Cycles whose lengths grow by a constant factor, as shares of a stretch.
class Cycles {
 public:
  Cycles(std::size_t count, double multiplier) : count_(count) {
    if (multiplier == 1) return;
    if (count > 1000) throw InvalidInput("at most 1000 cycles when 'multiplier' is not 1, found {}", count);
    double length = 1;
    ends_.push_back(0);
    for (std::size_t i = 0; i < count; ++i, length *= multiplier) ends_.push_back(ends_.back() + length);
    if (!(ends_.back() < std::numeric_limits<double>::max()) || ends_[count] == ends_[count - 1])
      throw InvalidInput("{} cycles do not fit: the shortest would vanish beside the longest", count);
  }

  // Where cycle i begins; i = count is the end of the stretch.
  double begin(const Place& place, std::size_t i) const {
    if (i == count_) return place.end;
    const double passed = ends_.empty() ? static_cast<double>(i) : ends_[i];
    return place.begin + place.length() * passed / total();
  }

  // The cycle that holds the position. A guess by proportion is put right where rounding misled it.
  std::size_t holding(const Place& place) const {
    const double passed = place.progress() * total();
    const auto next = std::upper_bound(ends_.begin(), ends_.end(), passed);
    std::size_t i =
        ends_.empty() ? static_cast<std::size_t>(passed) : static_cast<std::size_t>(next - ends_.begin()) - 1;
    i = std::min(i, count_ - 1);
    while (i > 0 && place.position < begin(place, i)) --i;
    while (i + 1 < count_ && place.position >= begin(place, i + 1)) ++i;
    return i;
  }

 private:
  double total() const { return ends_.empty() ? static_cast<double>(count_) : ends_.back(); }

  std::size_t count_;
  std::vector<double> ends_;  // empty: all cycles are equally long
};

Curve restarts_curve(const Arguments& given, const Source&) {
  const Cycles cycles(static_cast<std::size_t>(given.integer("count")), given.number("multiplier"));
  return {[cycles, decay = given.number("decay"), inner = given.schedule("inner")](const Place& place) {
    const std::size_t i = cycles.holding(place);
    const double value = inner.node().value(place.part(cycles.begin(place, i), cycles.begin(place, i + 1)));
    return decay == 1 ? value : value * std::pow(decay, static_cast<double>(i));
  }};
}

Family restarts() {
  return {{"restarts",
           "the inner schedule again and again (SGDR, Loshchilov and Hutter 2017)",
           {inner("inner", "one cycle"),
            {.name = "count",
             .kind = ArgumentKind::integer,
             .help = "number of cycles",
             .range = {.low = 1, .high = 1e6}},
            {.name = "multiplier",
             .kind = ArgumentKind::number,
             .help = "length of each cycle over that of the one before",
             .default_text = "1",
             .range = {.low = 0.01, .high = 100}},
            {.name = "decay",
             .kind = ArgumentKind::number,
             .help = "value of each cycle over that of the one before",
             .default_text = "1",
             .range = positive}}},
          restarts_curve};
}

Family scale() {
  return {{"scale",
           "the inner schedule times a factor",
           {{.name = "factor", .kind = ArgumentKind::number, .help = "the factor", .bare = true},
            inner("inner", "what is scaled")}},
          [](const Arguments& given, const Source&) {
            return Curve{[factor = given.number("factor"), inner = given.schedule("inner")](
                             const Place& place) { return factor * inner.node().value(place); }};
          }};
}

Family clamp() {
  return {{"clamp",
           "the inner schedule, kept within bounds",
           {inner("inner", "what is bounded"),
            {.name = "low", .kind = ArgumentKind::number, .help = "least value"},
            {.name = "high", .kind = ArgumentKind::number, .help = "greatest value"}}},
          [](const Arguments& given, const Source&) {
            const double low = given.number("low"), high = given.number("high");
            if (low > high) throw InvalidInput("'low' must not be above 'high', found {} and {}", low, high);
            return Curve{[low, high, inner = given.schedule("inner")](const Place& place) {
              return std::clamp(inner.node().value(place), low, high);
            }};
          }};
}

}  // namespace

std::vector<Family> composition_families() { return {warmup(), then(), restarts(), scale(), clamp()}; }

}  // namespace lehr::schedule
