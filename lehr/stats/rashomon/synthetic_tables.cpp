#include "lehr/stats/rashomon/synthetic_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

using Record = Eigen::VectorXd;

const std::map<std::string, std::function<bool(const Record&)>>& rules() {
  static const std::map<std::string, std::function<bool(const Record&)>> all = {
      {"step", [](const Record& x) { return x(0) > 0; }},
      {"linear", [](const Record& x) { return x(0) + x(1) > 0; }},
      {"xor", [](const Record& x) { return x(0) * x(1) > 0; }},
      {"xor3", [](const Record& x) { return x(0) * x(1) * x(2) > 0; }},
      {"ring", [](const Record& x) { return x(0) * x(0) + x(1) * x(1) < 1.4; }},
      {"band", [](const Record& x) { return std::abs(x(0)) < 0.6; }},
      {"sine", [](const Record& x) { return x(1) > std::sin(3 * x(0)); }},
      {"sum", [](const Record& x) { return x.sum() > 0; }},
      {"checkerboard", [](const Record& x) {
         return std::fmod(std::abs(std::floor(4 * x(0)) + std::floor(4 * x(1))), 2.0) == 1;
       }}};
  return all;
}

// Robots have six attributes with so many levels each; the last level of each has no feature of its own.
LabelledTable all_robots() {
  constexpr std::array<int, 6> levels = {3, 3, 2, 3, 4, 2};
  LabelledTable table;
  for (std::size_t a = 0; a < levels.size(); ++a)
    for (int level = 1; level < levels[a]; ++level)
      table.features.push_back("a" + std::to_string(a + 1) + "_" + std::to_string(level));
  table.values = Eigen::MatrixXd::Zero(432, static_cast<Eigen::Index>(table.features.size()));
  for (Eigen::Index robot = 0; robot < 432; ++robot) {
    std::array<int, 6> value{};
    int rest = static_cast<int>(robot);
    Eigen::Index first = 0;
    for (std::size_t a = 0; a < levels.size(); ++a) {
      value[a] = 1 + rest % levels[a];
      rest /= levels[a];
      if (value[a] < levels[a]) table.values(robot, first + value[a] - 1) = 1;
      first += levels[a] - 1;
    }
    table.labels.push_back(value[0] == value[1] || value[4] == 1 ? 1 : 0);
  }
  return table;
}

LabelledTable normal_records(const SyntheticTableOptions& options, Seed seed) {
  LabelledTable table;
  for (std::int64_t f = 1; f <= options.features; ++f) table.features.push_back("x" + std::to_string(f));
  table.values.resize(options.records, options.features);
  const auto& rule = rules().at(options.family);
  Stream random(seed, lane("synthetic.features"));
  Record x(options.features);
  for (std::int64_t i = 0; i < options.records; ++i) {
    do {
      for (double& value : x) value = normal(random);
    } while (options.family == "linear" && std::abs(x(0) + x(1)) < options.margin);
    table.values.row(i) = x.transpose();
    table.labels.push_back(rule(x) ? 1 : 0);
  }
  return table;
}

}  // namespace

const std::vector<std::string>& synthetic_families() {
  static const std::vector<std::string> all = {"step", "linear", "xor",          "xor3", "ring",
                                               "band", "sine",   "checkerboard", "sum",  "monk1"};
  return all;
}

LabelledTable synthetic_table(const SyntheticTableOptions& options, Seed seed) {
  if (std::ranges::find(synthetic_families(), options.family) == synthetic_families().end())
    throw InvalidInput("synthetic table: no family {}{}", quote(options.family),
                       hint(options.family, synthetic_families()));
  if (options.records < 10 || options.records > 10'000'000 || options.features < 3 ||
      options.features > 10'000)
    throw InvalidInput("synthetic table: 10 to 10 million records of 3 to 10000 features, found {} of {}",
                       options.records, options.features);
  if (!(options.noise >= 0 && options.noise <= 0.5))
    throw InvalidInput("synthetic table: noise must be in [0, 0.5], found {}", options.noise);
  if (!(options.margin >= 0 && options.margin <= 4))
    throw InvalidInput("synthetic table: margin must be in [0, 4], found {}", options.margin);
  LabelledTable table = options.family == "monk1" ? all_robots() : normal_records(options, seed);
  table.classes = {"0", "1"};
  table.target = "y";
  Stream flips(seed, lane("synthetic.noise"));
  for (int& label : table.labels)
    if (uniform(flips) < options.noise) label = 1 - label;
  table.response =
      Eigen::Map<const Eigen::VectorXi>(table.labels.data(), static_cast<Eigen::Index>(table.labels.size()))
          .cast<double>();
  return table;
}

}  // namespace lehr::stats
