#include "lehr/core/drive.hpp"

#include "lehr/core/json.hpp"

namespace lehr {

const char* name(Stop why) {
  switch (why) {
    case Stop::finished:
      return "finished";
    case Stop::steps:
      return "steps";
    case Stop::evaluations:
      return "evaluations";
    case Stop::seconds:
      return "seconds";
    case Stop::target:
      return "target";
    case Stop::observer:
      return "observer";
    case Stop::interrupted:
      return "interrupted";
  }
  return "unknown";
}

namespace driving {

Stop stop_for(const Budget::Limit& limit) {
  switch (limit.kind) {
    case Budget::Kind::steps:
      return Stop::steps;
    case Budget::Kind::evaluations:
      return Stop::evaluations;
    case Budget::Kind::seconds:
      return Stop::seconds;
    default:
      return Stop::target;
  }
}

void check_finite(const Row& row, std::int64_t step) {
  for (const auto& [name, value] : row.entries())
    if (!std::isfinite(value)) throw NumericalFailure("step {}: {} is {}", step, name, value);
}

void check_options(const StateTensors& saved, const Checkpoints& checkpoints) {
  if (checkpoints.options.empty() || !saved.contains("drive.options")) return;
  std::string before;
  StateReader{saved}("drive.options", before);
  if (before == checkpoints.options) return;
  const std::string file = checkpoints.path.string();
  throw InvalidInput("{}: the checkpoint is of a run with other options: {}", file,
                     first_difference(parse_json(before.empty() ? "{}" : before, file + ": options"),
                                      parse_json(checkpoints.options, "options")));
}

std::int64_t due_after(std::int64_t next, std::int64_t steps) {
  if (next == std::numeric_limits<std::int64_t>::max()) return next;
  return std::max(next, steps) + 1;
}

Ending::~Ending() {
  try {
    now();
  } catch (...) {  // the error that ends the run matters more
  }
}

void Ending::now() {
  if (std::exchange(ended_, true)) return;
  for (const Observer& observer : observers_)
    if (observer.end) observer.end();
}

Lookout::Lookout(const Budget& budget, const Observers& observers, std::size_t count)
    : budget_(budget), checkpoints_(observers.checkpoints), due_(count, 1) {
  const Json text = budget.to_json();
  every_step_ = budget.uses_target() || text.dump().find("evaluations") != std::string::npos;
  const bool saves_by_time = !checkpoints_.path.empty() && checkpoints_.every_steps == 0;
  timed_ = budget.uses_clock() || observers.interrupted != nullptr || saves_by_time;
}

std::int64_t Lookout::next(const Usage& used, bool measured) {
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  if (every_step_) return used.steps + 1;
  const std::int64_t limit = budget_.step_limit();
  std::int64_t until = limit > 0 ? std::max(limit, used.steps + 1) : never;
  for (const std::int64_t due : due_) until = std::min(until, std::max(due, used.steps + 1));
  if (!checkpoints_.path.empty() && checkpoints_.every_steps > 0)
    until = std::min(until, last_saved_step_ + checkpoints_.every_steps);
  if (timed_ || limit == 0) {
    // As many steps as fit into about 2 ms at the pace so far; a single step while the pace is unknown.
    const double pace = measured && used.seconds > 0 ? static_cast<double>(used.steps) / used.seconds : 0;
    until = std::min(until, used.steps + std::max<std::int64_t>(1, static_cast<std::int64_t>(pace * 0.002)));
  }
  return until;
}

bool Lookout::save_due(const Usage& used) const {
  if (checkpoints_.path.empty()) return false;
  if (checkpoints_.every_steps > 0) return used.steps - last_saved_step_ >= checkpoints_.every_steps;
  return used.seconds - last_saved_second_ >= checkpoints_.every_seconds;
}

void Lookout::saved(const Usage& used) {
  last_saved_step_ = used.steps;
  last_saved_second_ = used.seconds;
}

}  // namespace driving
}  // namespace lehr
