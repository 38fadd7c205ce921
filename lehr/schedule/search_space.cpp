#include "lehr/schedule/search_space.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/schedule/families.hpp"
#include "lehr/schedule/shape.hpp"

namespace lehr {
namespace {

using schedule::ArgumentKind;
using schedule::Expression;
using schedule::number_text;
using schedule::Parameter;

Parameter shape(std::string default_text, std::vector<std::string> choices) {
  return {.name = "shape",
          .kind = ArgumentKind::word,
          .help = "shape between the values",
          .default_text = std::move(default_text),
          .choices = std::move(choices)};
}

Parameter count() {
  return {.name = "count",
          .kind = ArgumentKind::integer,
          .help = "number of values",
          .range = {.low = 2, .high = 1000},
          .bare = true};
}

// u in [0, 1] as a number in [low, high].
double linear(double u, double low, double high) { return std::lerp(low, high, u); }
double logarithmic(double u, double low, double high) {
  return std::clamp(schedule::between(schedule::Shape::exponential, low, high, u), low, high);
}

// Places of n values on the scale, falling, from n uniform coordinates.
void make_falling(std::vector<double>& shares) {
  double above = 1;
  for (std::size_t k = 0; k < shares.size(); ++k)
    above = shares[k] = above * std::pow(shares[k], 1 / static_cast<double>(shares.size() - k));
}

}  // namespace

// A family that can be searched: what its text takes, and its coordinates.
struct ScheduleFamily::Known {
  schedule::Signature signature;
  std::vector<Coordinate> coordinates;  // empty: `count` values
};

const std::vector<ScheduleFamily::Known>& ScheduleFamily::known() {
  const Coordinate from{"from"}, to{"to"}, peak{"peak"}, power{"power", Role::ratio, 0.25, 8};
  static const std::vector<Known> all{
      {{"constant", "", {}}, {{"value"}}},
      {{"linear", "", {}}, {from, to}},
      {{"geometric", "", {}}, {from, to}},
      {{"cosine", "", {}}, {from, to}},
      {{"cosine_power", "", {}}, {from, to, power}},
      {{"polynomial", "", {}}, {from, to, power}},
      {{"inverse_sqrt", "", {}}, {peak, {"scale", Role::ratio, 1e-3, 1}}},
      {{"wsd", "", {shape("linear", {"linear", "exponential", "cosine", "sqrt", "inverse"})}},
       {peak, to, {"start", Role::share, 0.05, 0.95}}},
      {{"knots", "", {count(), shape("linear", {"linear", "geometric", "cubic"})}}, {}},
      {{"steps", "", {count()}}, {}}};
  return all;
}

const ScheduleFamily::Known& ScheduleFamily::find(std::string_view name, std::size_t column) {
  std::vector<std::string> names;
  for (const Known& entry : known()) {
    if (entry.signature.name == name) return entry;
    names.push_back(entry.signature.name);
  }
  schedule::Source{"search family", {}}.fail(column, "no family that can be searched is called {}{}",
                                             quote(name), hint(name, names));
}

ScheduleFamily ScheduleFamily::parse(std::string_view text, const Bounds& bounds) {
  const schedule::Source source{"search family", {}};
  const Expression whole = schedule::parse_expression(text, source.what);
  const bool warms_up = whole.kind == Expression::Kind::call && whole.text == "warmup";
  if (warms_up && (whole.items.size() != 1 || !whole.names[0].empty()))
    source.fail(whole.column, "'warmup' takes one family, as in warmup(cosine)");
  const Expression& call = warms_up ? whole.items.front() : whole;
  if (call.kind != Expression::Kind::call && call.kind != Expression::Kind::word)
    source.fail(call.column, "expected a family, found {}", call.shown());
  const Known& entry = find(call.text, call.column);
  const schedule::Arguments arguments = schedule::bind(entry.signature, call, source);

  ScheduleFamily family;
  family.family_ = call.text;
  family.bounds_ = bounds;
  family.warms_up_ = warms_up;
  family.listed_ = entry.coordinates.empty();
  for (const Parameter& parameter : entry.signature.parameters)
    if (parameter.name == "shape") family.shape_ = arguments.word("shape");
  if (warms_up) family.coordinates_.push_back({"warmup", Role::share, 0, 0.3});
  family.coordinates_.insert(family.coordinates_.end(), entry.coordinates.begin(), entry.coordinates.end());
  for (std::int64_t k = 1; family.listed_ && k <= arguments.integer("count"); ++k)
    family.coordinates_.push_back({fmt::format("value {}", k)});
  std::string inner = arguments.text();
  if (inner.ends_with("()")) inner.resize(inner.size() - 2);
  family.text_ = warms_up ? "warmup(" + inner + ")" : inner;
  family.check_bounds();
  return family;
}

void ScheduleFamily::check_bounds() const {
  if (!(std::isfinite(bounds_.low) && std::isfinite(bounds_.high) && bounds_.low < bounds_.high))
    throw InvalidInput("search family '{}': low must be below high, found {} and {}", text_, bounds_.low,
                       bounds_.high);
  const bool ratios =
      family_ == "geometric" || shape_ == "geometric" || shape_ == "exponential" || shape_ == "inverse";
  if ((bounds_.scale == Scale::log || ratios) && !(bounds_.low > 0))
    throw InvalidInput("search family '{}': {} needs low above 0, found {}", text_,
                       ratios ? "its shape" : "a logarithmic scale", bounds_.low);
  if (family_ == "inverse_sqrt" && bounds_.order == Order::rising)
    throw InvalidInput("search family '{}': falls always, so it cannot rise", text_);
}

std::vector<std::string> ScheduleFamily::coordinate_names() const {
  std::vector<std::string> names;
  for (const Coordinate& coordinate : coordinates_) names.push_back(coordinate.name);
  return names;
}

// The schedule's values in order, mapped into the bounds.
std::vector<double> ScheduleFamily::values_at(const Eigen::VectorXd& point) const {
  std::vector<double> shares;
  for (Eigen::Index i = 0; i < dimension(); ++i)
    if (coordinates_[static_cast<std::size_t>(i)].role == Role::value)
      shares.push_back(std::clamp(point[i], 0.0, 1.0));
  if (bounds_.order != Order::free) make_falling(shares);
  if (bounds_.order == Order::rising)
    for (double& share : shares) share = 1 - share;
  for (double& share : shares)
    share = (bounds_.scale == Scale::log ? logarithmic : linear)(share, bounds_.low, bounds_.high);
  return shares;
}

Schedule ScheduleFamily::decode(const Eigen::VectorXd& point) const {
  if (point.size() != dimension())
    throw InvalidInput("search family '{}': has {} coordinates, found {}", text_, dimension(), point.size());
  if (point.hasNaN()) throw InvalidInput("search family '{}': a coordinate is not a number", text_);
  const std::vector<double> values = values_at(point);
  std::string arguments, warmup;
  std::size_t next_value = 0;
  for (Eigen::Index i = 0; i < dimension(); ++i) {
    const Coordinate& coordinate = coordinates_[static_cast<std::size_t>(i)];
    const double u = std::clamp(point[i], 0.0, 1.0);
    const double number = coordinate.role == Role::value   ? values[next_value++]
                          : coordinate.role == Role::share ? linear(u, coordinate.low, coordinate.high)
                                                           : logarithmic(u, coordinate.low, coordinate.high);
    if (coordinate.name == "warmup") {
      warmup = number_text(number);
    } else {
      if (!arguments.empty()) arguments += ", ";
      arguments += listed_ ? number_text(number) : coordinate.name + "=" + number_text(number);
    }
  }
  if (listed_) arguments = "values=[" + arguments + "]";
  if (!shape_.empty()) arguments += ", shape=" + shape_;
  const std::string inner = family_ + "(" + arguments + ")";
  return Schedule::parse(warms_up_ ? "warmup(" + warmup + ", " + inner + ")" : inner);
}

}  // namespace lehr
