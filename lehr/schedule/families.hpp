// The table of schedule families: names, arguments, defaults, help, and how each is evaluated. The parser,
// the printer, `schedule_families()` and docs/schedule.md all come from it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lehr/schedule/signature.hpp"

namespace lehr::schedule {

// What a family makes of its arguments: the value at a place.
struct Curve {
  std::function<double(const Place&)> value;
  bool counts_steps = false;  // beyond what the arguments show: a table whose positions are steps
};

struct Family {
  Signature signature;
  // Throws InvalidInput without a position for arguments that do not fit together; the caller adds where.
  std::function<Curve(const Arguments&, const Source&)> build;
};

std::vector<Family> decay_families();        // constant, linear, geometric, ..., wsd, cyclic
std::vector<Family> piecewise_families();    // steps, knots, table
std::vector<Family> composition_families();  // warmup, then, restarts, scale, clamp

// All of them, in the order of the documentation.
const std::vector<Family>& families();
const Family* find_family(std::string_view name);

// The schedule that an expression means: a number, or a call of a family. Throws InvalidInput with the
// column.
Schedule make_schedule(const Expression& expression, const Source& source);

}  // namespace lehr::schedule

namespace lehr {

// For `lehr tasks` and the documentation: every family with its arguments, defaults, allowed values and help.
using FamilyHelp = schedule::Signature;
std::vector<FamilyHelp> schedule_families();

// The listing as a Markdown table with one row a family.
std::string family_table(const std::vector<FamilyHelp>& families);

// The parsed form of a schedule: a family, its arguments, and the curve they make. Immutable.
class Schedule::Node {
 public:
  Node(const schedule::Family& family, schedule::Arguments arguments, const schedule::Source& source);
  std::string text() const;
  double value(const schedule::Place& place) const { return curve_.value(place); }
  bool needs_steps() const { return needs_steps_; }

 private:
  const schedule::Family& family_;  // an entry of families(), which lives as long as the program
  schedule::Arguments arguments_;
  schedule::Curve curve_;
  bool needs_steps_;
};

}  // namespace lehr
