#include "lehr/core/budget.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

constexpr double largest_count = 9'007'199'254'740'992;  // 2^53: counts are compared as doubles
constexpr std::size_t most_groups = 1000;

std::string shown(const Json& value) {
  return quote(value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

Budget::Limit target_limit(const Json& value, const std::string& where) {
  if (!value.is_object()) throw InvalidInput("{}: expected {{ metric = \"..\", at_most = .. }}", where);
  const bool most = value.contains("at_most"), least = value.contains("at_least");
  for (const auto& [key, entry] : value.items()) {
    const std::array<std::string, 3> known{"metric", "at_most", "at_least"};
    if (std::ranges::find(known, key) == known.end())
      throw InvalidInput("{}: unknown key {}{}", where, quote(key), hint(key, known));
  }
  if (!value.contains("metric") || !value["metric"].is_string())
    throw InvalidInput("{}: needs metric = \"name\"", where);
  if (most == least) throw InvalidInput("{}: needs one of at_most and at_least", where);
  const Json& bound = value[most ? "at_most" : "at_least"];
  if (!bound.is_number() || std::isnan(bound.get<double>()))
    throw InvalidInput("{}: the bound must be a number, found {}", where, shown(bound));
  return {most ? Budget::Kind::target_at_most : Budget::Kind::target_at_least, bound.get<double>(),
          value["metric"].get<std::string>()};
}

std::int64_t positive_integer(const Json& value, const std::string& where) {
  const bool whole = value.is_number_integer() ||
                     (value.is_number_float() && std::floor(value.get<double>()) == value.get<double>() &&
                      std::abs(value.get<double>()) < 9e15);
  if (!whole) throw InvalidInput("{}: expected a whole number, found {}", where, shown(value));
  if (value.get<double>() > largest_count)
    throw InvalidInput("{}: must be at most {}, found {}", where, largest_count, value.dump());
  const auto count = value.get<std::int64_t>();
  if (count < 1) throw InvalidInput("{}: must be at least 1, found {}", where, count);
  return count;
}

bool is_reached(const Budget::Limit& limit, const Usage& used, const Row* row) {
  switch (limit.kind) {
    case Budget::Kind::steps:
      return static_cast<double>(used.steps) >= limit.value;
    case Budget::Kind::evaluations:
      return static_cast<double>(used.evaluations) >= limit.value;
    case Budget::Kind::seconds:
      return used.seconds >= limit.value;
    default:
      break;
  }
  const std::optional<double> value = row == nullptr ? std::nullopt : row->find(limit.metric);
  if (!value) return false;
  return limit.kind == Budget::Kind::target_at_most ? *value <= limit.value : *value >= limit.value;
}

double spent_share(const Budget::Limit& limit, const Usage& used) {
  switch (limit.kind) {
    case Budget::Kind::steps:
      return static_cast<double>(used.steps) / limit.value;
    case Budget::Kind::evaluations:
      return static_cast<double>(used.evaluations) / limit.value;
    case Budget::Kind::seconds:
      return used.seconds / limit.value;
    default:
      return 0;
  }
}

}  // namespace

Budget Budget::steps(std::int64_t count) {
  if (count < 1) throw InvalidInput("budget.steps: must be at least 1, found {}", count);
  Budget budget;
  budget.any_ = {{{Kind::steps, static_cast<double>(count), ""}}};
  return budget;
}

Budget Budget::evaluations(std::int64_t count) {
  if (count < 1) throw InvalidInput("budget.evaluations: must be at least 1, found {}", count);
  Budget budget;
  budget.any_ = {{{Kind::evaluations, static_cast<double>(count), ""}}};
  return budget;
}

Budget Budget::seconds(double seconds) {
  if (!(seconds > 0) || !std::isfinite(seconds))
    throw InvalidInput("budget.seconds: must be positive and finite, found {}", seconds);
  Budget budget;
  budget.any_ = {{{Kind::seconds, seconds, ""}}};
  return budget;
}

Budget Budget::target(std::string metric, double at_most) {
  Budget budget;
  budget.any_ = {{{Kind::target_at_most, at_most, std::move(metric)}}};
  return budget;
}

Budget Budget::target_at_least(std::string metric, double at_least) {
  Budget budget;
  budget.any_ = {{{Kind::target_at_least, at_least, std::move(metric)}}};
  return budget;
}

Budget operator|(const Budget& a, const Budget& b) {
  Budget both = a;
  both.any_.insert(both.any_.end(), b.any_.begin(), b.any_.end());
  return both;
}

Budget operator&(const Budget& a, const Budget& b) {
  if (a.any_.size() * b.any_.size() > most_groups)
    throw InvalidInput("budget: more than {} combinations of limits", most_groups);
  Budget both;
  for (const auto& left : a.any_)
    for (const auto& right : b.any_) {
      auto& group = both.any_.emplace_back(left);
      group.insert(group.end(), right.begin(), right.end());
    }
  return both;
}

const Budget::Limit* Budget::reached(const Usage& used, const Row* row) const {
  for (const auto& group : any_)
    if (std::ranges::all_of(group, [&](const Limit& limit) { return is_reached(limit, used, row); }))
      return &group.back();
  return nullptr;
}

double Budget::progress(const Usage& used) const {
  double most = 0;
  for (const auto& group : any_) {
    double least = 1;
    for (const Limit& limit : group) least = std::min(least, spent_share(limit, used));
    most = std::max(most, least);
  }
  return std::min(most, 1.0);
}

std::int64_t Budget::step_limit() const {
  std::int64_t limit = 0;
  for (const auto& group : any_) {
    if (!std::ranges::all_of(group, [](const Limit& part) { return part.kind == Kind::steps; })) continue;
    const auto steps = static_cast<std::int64_t>(std::ranges::max(group, {}, &Limit::value).value);
    limit = limit == 0 ? steps : std::min(limit, steps);
  }
  return limit;
}

bool Budget::uses_clock() const {
  return std::ranges::any_of(any_, [](const auto& group) {
    return std::ranges::any_of(group, [](const Limit& limit) { return limit.kind == Kind::seconds; });
  });
}

bool Budget::uses_target() const {
  return std::ranges::any_of(any_, [](const auto& group) {
    return std::ranges::any_of(group, [](const Limit& limit) {
      return limit.kind == Kind::target_at_most || limit.kind == Kind::target_at_least;
    });
  });
}

Budget Budget::from_json(const Json& value, const std::string& where) {
  if (value.is_number()) return steps(positive_integer(value, where));
  if (value.is_array()) {  // any of these
    Budget budget;
    for (const Json& item : value) budget = budget | from_json(item, where);
    return budget;
  }
  if (!value.is_object())
    throw InvalidInput("{}: expected a number of steps or a table like {{ steps = 2000 }}, found {}", where,
                       shown(value));
  Budget budget;
  static const std::vector<std::string> known{"steps", "evaluations", "seconds", "target", "all"};
  for (const auto& [key, entry] : value.items()) {
    const std::string path = where + "." + key;
    if (key == "steps") {
      budget = budget | steps(positive_integer(entry, path));
    } else if (key == "evaluations") {
      budget = budget | evaluations(positive_integer(entry, path));
    } else if (key == "seconds") {
      if (!entry.is_number()) throw InvalidInput("{}: expected a number, found {}", path, shown(entry));
      budget = budget | seconds(entry.get<double>());
    } else if (key == "target") {
      Budget target;
      target.any_ = {{target_limit(entry, path)}};
      budget = budget | target;
    } else if (key == "all") {
      if (!entry.is_array() || entry.empty()) throw InvalidInput("{}: expected a list of budgets", path);
      Budget all = from_json(entry.front(), path);
      for (std::size_t i = 1; i < entry.size(); ++i) all = all & from_json(entry[i], path);
      budget = budget | all;
    } else {
      throw InvalidInput("{}: unknown key {}{}", where, quote(key), hint(key, known));
    }
  }
  return budget;
}

Json Budget::to_json() const {
  const auto limit_json = [](const Limit& limit) -> Json {
    switch (limit.kind) {
      case Kind::steps:
        return {{"steps", static_cast<std::int64_t>(limit.value)}};
      case Kind::evaluations:
        return {{"evaluations", static_cast<std::int64_t>(limit.value)}};
      case Kind::seconds:
        return {{"seconds", limit.value}};
      case Kind::target_at_most:
        return {{"target", {{"metric", limit.metric}, {"at_most", limit.value}}}};
      default:
        return {{"target", {{"metric", limit.metric}, {"at_least", limit.value}}}};
    }
  };
  Json list = Json::array();
  for (const auto& group : any_) {
    if (group.size() == 1) {
      list.push_back(limit_json(group.front()));
      continue;
    }
    Json all = Json::array();
    for (const Limit& limit : group) all.push_back(limit_json(limit));
    list.push_back({{"all", all}});
  }
  if (list.size() == 1) return list.front();
  return list;
}

}  // namespace lehr
