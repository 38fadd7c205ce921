#include "lehr/schedule/schedule.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/schedule/families.hpp"

namespace lehr {
namespace {

using schedule::Argument;
using schedule::Place;

schedule::Source source_at(const std::filesystem::path& base = {}) { return {"schedule", base}; }

std::shared_ptr<const Schedule::Node> make_node(const char* family_name, std::vector<Argument> arguments) {
  const schedule::Family& family = *schedule::find_family(family_name);
  return std::make_shared<const Schedule::Node>(
      family, schedule::Arguments(family.signature, std::move(arguments)), source_at());
}

void check_values(const std::vector<double>& values, std::size_t least) {
  if (values.size() < least)
    throw InvalidInput("schedule: needs at least {} values, found {}", least, values.size());
  for (const double value : values)
    if (!std::isfinite(value)) throw InvalidInput("schedule: values must be finite, found {}", value);
}

std::string shortened(const Schedule& schedule) { return quote(schedule.text(), 60); }

double finite_value(const Schedule& schedule, const Place& place) {
  const double value = schedule.node().value(place);
  if (!std::isfinite(value)) [[unlikely]]
    throw NumericalFailure("schedule {}: the value at {} {} is {}", shortened(schedule),
                           place.in_steps ? "step" : "progress", place.position, value);
  return value;
}

}  // namespace

Schedule::Schedule(double constant) {
  check_values({constant}, 1);
  node_ = make_node("constant", {constant});
}

Schedule::Schedule(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

Schedule Schedule::parse(std::string_view text, const std::filesystem::path& base) {
  const schedule::Source source = source_at(base);
  return schedule::make_schedule(schedule::parse_expression(text, source.what), source);
}

Schedule Schedule::per_step(const std::vector<double>& values) {
  check_values(values, 1);
  return Schedule(make_node("steps", {values, {}}));
}

Schedule Schedule::through(const std::vector<double>& values) {
  check_values(values, 2);
  return Schedule(make_node("knots", {values, {}, std::string("linear")}));
}

std::string Schedule::text() const { return node_->text(); }

bool Schedule::needs_steps() const { return node_->needs_steps(); }

double Schedule::operator()(double progress) const {
  if (std::isnan(progress)) throw InvalidInput("schedule {}: progress is not a number", shortened(*this));
  if (needs_steps())
    throw InvalidInput(
        "schedule {}: counts steps, so the run needs a budget in steps; or write its lengths as shares",
        shortened(*this));
  return finite_value(*this, {.position = std::clamp(progress, 0.0, 1.0)});
}

double Schedule::at(std::int64_t step, std::int64_t steps) const {
  if (steps < 1) throw InvalidInput("schedule: a run has at least 1 step, found {}", steps);
  return finite_value(*this, {.position = static_cast<double>(std::clamp<std::int64_t>(step, 0, steps)),
                              .begin = 0,
                              .end = static_cast<double>(steps),
                              .in_steps = true});
}

double Schedule::operator()(const Moment& now) const {
  return now.steps > 0 ? at(now.step, now.steps) : (*this)(now.progress);
}

std::vector<double> Schedule::sample(std::int64_t steps, bool endpoint) const {
  if (steps < 0 || steps > 1'000'000'000)
    throw InvalidInput("schedule: can sample 0 to 1e9 steps, found {}", steps);
  std::vector<double> values(static_cast<std::size_t>(steps));
  const std::int64_t length = endpoint && steps > 1 ? steps - 1 : std::max<std::int64_t>(steps, 1);
  for (std::int64_t i = 0; i < steps; ++i) values[static_cast<std::size_t>(i)] = at(i, length);
  return values;
}

}  // namespace lehr
