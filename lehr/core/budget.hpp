// When a run must stop: steps, evaluations, seconds, or a target. Budgets are values and compose:
//   Budget::steps(2000) | Budget::seconds(60)                  whichever ends first
//   Budget::steps(100) & Budget::target("loss", 3.2)           only when both are reached
// Text and TOML form: an integer (steps), or a table { steps = 2000, seconds = 60, evaluations = ..,
// target = { metric = "loss", at_most = 3.2 } } whose entries are joined by `|`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/core/row.hpp"

namespace lehr {

// What a run has used so far.
struct Usage {
  std::int64_t steps = 0;
  std::int64_t evaluations = 0;
  double seconds = 0;
};

class Budget {
 public:
  enum class Kind { steps, evaluations, seconds, target_at_most, target_at_least };
  struct Limit {
    Kind kind;
    double value;
    std::string metric;  // targets only
  };

  static Budget steps(std::int64_t count);
  static Budget evaluations(std::int64_t count);
  static Budget seconds(double seconds);
  static Budget target(std::string metric, double at_most);
  static Budget target_at_least(std::string metric, double at_least);

  friend Budget operator|(const Budget& a, const Budget& b);
  friend Budget operator&(const Budget& a, const Budget& b);

  // The limit that ended the run, or nullptr. `row` may be null when nothing was measured (targets are then
  // open).
  const Limit* reached(const Usage& used, const Row* row) const;
  // The share of the budget that is spent, in [0, 1]; targets count as nothing.
  double progress(const Usage& used) const;
  // The number of steps after which the run must end, 0 when steps do not bound it.
  std::int64_t step_limit() const;
  bool uses_clock() const;
  bool uses_target() const;
  bool empty() const { return any_.empty(); }

  // Reads the TOML or JSON form above; throws InvalidInput that names `where` and the key.
  static Budget from_json(const Json& value, const std::string& where);
  Json to_json() const;

 private:
  // Disjunctive normal form: the budget is reached when every limit of any one group is.
  std::vector<std::vector<Limit>> any_;
};

}  // namespace lehr
