// The families made of listed values: steps, knots, table.
//
// knots(shape=cubic) is the monotone piecewise cubic of Fritsch and Butland, "A method for constructing local
// monotone piecewise cubic interpolants", 1984, within the monotonicity region of Fritsch and Carlson,
// "Monotone piecewise cubic interpolation", 1980: it never overshoots the listed values. Slopes at the ends
// are the three-point ones, limited.
#include "lehr/schedule/families.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "lehr/schedule/shape.hpp"
#include "lehr/schedule/table_file.hpp"

namespace lehr::schedule {
namespace {

// The places of values on a stretch: equally spaced, or with the inner ones listed.
class Positions {
 public:
  // `intervals` equal pieces, or those between the listed inner positions.
  Positions(std::size_t intervals, std::vector<Length> inner)
      : intervals_(intervals), inner_(std::move(inner)) {}

  // Where interval i begins; i = intervals is the end of the stretch.
  double operator()(const Place& place, std::size_t i) const {
    if (i == 0) return place.begin;
    if (i == intervals_) return place.end;
    if (!inner_.empty()) return place.after(inner_[i - 1], "a position in 'at'");
    return place.begin + place.length() * static_cast<double>(i) / static_cast<double>(intervals_);
  }

  // The interval that holds the position; the last one holds its end too. A guess by proportion is put right
  // where rounding misled it.
  std::size_t interval(const Place& place) const {
    if (place.length() <= 0) return 0;
    if (in_steps()) place.after(inner_.back(), "the last position in 'at'");
    std::size_t i = std::min(guess(in_steps() ? place.offset() : place.progress()), intervals_ - 1);
    while (i > 0 && place.position < (*this)(place, i)) --i;
    while (i + 1 < intervals_ && place.position >= (*this)(place, i + 1)) ++i;
    return i;
  }

 private:
  bool in_steps() const { return !inner_.empty() && inner_.back().in_steps; }

  std::size_t guess(double passed) const {
    if (inner_.empty()) return static_cast<std::size_t>(passed * static_cast<double>(intervals_));
    const auto above = [](double value, const Length& position) { return value < position.amount; };
    return static_cast<std::size_t>(std::upper_bound(inner_.begin(), inner_.end(), passed, above) -
                                    inner_.begin());
  }

  std::size_t intervals_;
  std::vector<Length> inner_;
};

std::vector<Length> inner_positions(const Arguments& given, std::size_t needed) {
  if (!given.has("at")) return {};
  const std::vector<Length>& at = given.lengths("at");
  if (at.size() != needed)
    throw InvalidInput("{} values need {} positions in 'at', found {}", given.numbers("values").size(),
                       needed, at.size());
  return at;
}

Parameter values_parameter(std::string help) {
  return {.name = "values", .kind = ArgumentKind::numbers, .help = std::move(help)};
}

Parameter at_parameter(std::string help) {
  return {.name = "at", .kind = ArgumentKind::lengths, .help = std::move(help), .optional = true};
}

Family steps() {
  return {{"steps",
           "piecewise constant: jumps from value to value",
           {values_parameter("the levels, one after another"),
            at_parameter("where each next level starts; absent: equal pieces")}},
          [](const Arguments& given, const Source&) {
            const std::vector<double>& values = given.numbers("values");
            Positions positions(values.size(), inner_positions(given, values.size() - 1));
            return Curve{[values, positions = std::move(positions)](const Place& place) {
              return values[positions.interval(place)];
            }};
          }};
}

// An interval between two knots: its width and the slope of the straight line across it.
struct Interval {
  double width, secant;
};

// The slope at the outer end of `outer`, from three points; never against the secant.
double end_slope(const Interval& outer, const Interval& next) {
  const double slope = ((2 * outer.width + next.width) * outer.secant - outer.width * next.secant) /
                       (outer.width + next.width);
  if (!(slope * outer.secant > 0)) return 0;
  if (outer.secant * next.secant < 0 && std::abs(slope) > 3 * std::abs(outer.secant)) return 3 * outer.secant;
  return slope;
}

// The slope between two intervals: the weighted harmonic mean of their secants, 0 at an extremum.
double inner_slope(const Interval& left, const Interval& right) {
  if (!(left.secant * right.secant > 0)) return 0;
  const double l = 2 * right.width + left.width, r = right.width + 2 * left.width;
  return (l + r) / (l / left.secant + r / right.secant);
}

// The cubic on interval i at the position.
double monotone_cubic(const std::vector<double>& values, const Positions& positions, const Place& place,
                      std::size_t i) {
  const auto interval = [&](std::size_t k) {
    const double width = positions(place, k + 1) - positions(place, k);
    return Interval{width, (values[k + 1] - values[k]) / width};
  };
  const std::size_t last = values.size() - 2;
  const Interval here = interval(i);
  double left = here.secant, right = here.secant;
  if (last > 0) {
    left = i > 0 ? inner_slope(interval(i - 1), here) : end_slope(here, interval(i + 1));
    right = i < last ? inner_slope(here, interval(i + 1)) : end_slope(here, interval(i - 1));
  }
  const double t = (place.position - positions(place, i)) / here.width;
  const double rise = t * t * (3 - 2 * t);
  const double bend = t * (1 - t) * here.width * ((1 - t) * left - t * right);
  const double a = values[i], b = values[i + 1];
  return std::clamp(std::lerp(a, b, rise) + bend, std::min(a, b), std::max(a, b));
}

Curve knots_curve(const Arguments& given, const Source&) {
  const std::vector<double> values = given.numbers("values");
  if (values.size() < 2) throw InvalidInput("knots need at least 2 values, found {}", values.size());
  const Positions positions(values.size() - 1, inner_positions(given, values.size() - 2));
  if (given.word("shape") == "cubic")
    return {[values, positions](const Place& place) {
      const std::size_t i = positions.interval(place);
      if (positions(place, i + 1) <= positions(place, i)) return values[i];
      return monotone_cubic(values, positions, place, i);
    }};
  const Shape shape = shape_from(given.word("shape"));
  for (const double value : values) check_ends(shape, value, value);
  return {[shape, values, positions](const Place& place) {
    const std::size_t i = positions.interval(place);
    const Place piece = place.part(positions(place, i), positions(place, i + 1));
    return between(shape, values[i], values[i + 1], piece.progress());
  }};
}

Family knots() {
  return {{"knots",
           "passes through listed values, the first at the start, the last at the end",
           {values_parameter("at least two values"),
            at_parameter("where the inner values stand; absent: equally spaced"),
            {.name = "shape",
             .kind = ArgumentKind::word,
             .help = "between the knots; cubic is monotone and never overshoots",
             .default_text = "linear",
             .choices = {"linear", "geometric", "cubic"}}}},
          knots_curve};
}

Curve table_curve(const Arguments& given, const Source& source) {
  const std::filesystem::path path = given.word("file");
  const auto table = std::make_shared<const TableFile>(read_table_file(
      path.is_absolute() ? path : source.base / path, given.has("column") ? given.word("column") : ""));
  const bool hold = given.word("interpolation") == "hold";
  return {[table, hold](const Place& place) {
            const std::vector<double>& positions = table->positions;
            const double at = table->in_steps ? place.offset() : place.progress();
            const auto next = std::upper_bound(positions.begin(), positions.end(), at);
            const auto i = static_cast<std::size_t>(next - positions.begin());
            if (i == 0) return table->values.front();
            if (hold || i == positions.size()) return table->values[i - 1];
            const double x = (at - positions[i - 1]) / (positions[i] - positions[i - 1]);
            return std::lerp(table->values[i - 1], table->values[i], x);
          },
          table->in_steps};
}

Family table() {
  return {{"table",
           "the values of a CSV file by progress or step; holds the first and last beyond its ends",
           {{.name = "file",
             .kind = ArgumentKind::text,
             .help = "path of the CSV file, in double quotes",
             .bare = true},
            {.name = "column",
             .kind = ArgumentKind::text,
             .help = "name of the value column; absent: the second",
             .optional = true},
            {.name = "interpolation",
             .kind = ArgumentKind::word,
             .help = "between the rows",
             .default_text = "linear",
             .choices = {"linear", "hold"}}}},
          table_curve};
}

}  // namespace

std::vector<Family> piecewise_families() { return {steps(), knots(), table()}; }

}  // namespace lehr::schedule
