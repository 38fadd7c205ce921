#include "lehr/tour/known_optima.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace lehr::tour {

namespace {

struct KnownOptimum {
  std::string_view name;
  City cities;
  double length;
};

constexpr KnownOptimum optima[] = {
    {"a280", 280, 2579},       {"att532", 532, 27686},         {"berlin52", 52, 7542},
    {"burma14", 14, 3323},     {"ch130", 130, 6110},           {"ch150", 150, 6528},
    {"d198", 198, 15780},      {"d493", 493, 35002},           {"d657", 657, 48912},
    {"d2103", 2103, 80450},    {"d18512", 18512, 645238},      {"eil51", 51, 426},
    {"eil76", 76, 538},        {"fl1577", 1577, 22249},        {"fnl4461", 4461, 182566},
    {"gil262", 262, 2378},     {"kroa100", 100, 21282},        {"krob100", 100, 22141},
    {"kroa200", 200, 29368},   {"lin105", 105, 14379},         {"lin318", 318, 42029},
    {"nrw1379", 1379, 56638},  {"pcb442", 442, 50778},         {"pcb1173", 1173, 56892},
    {"pcb3038", 3038, 137694}, {"pla85900", 85900, 142382641}, {"pr1002", 1002, 259045},
    {"pr2392", 2392, 378032},  {"rat575", 575, 6773},          {"rat783", 783, 8806},
    {"rd100", 100, 7910},      {"rl5915", 5915, 565530},       {"st70", 70, 675},
    {"tsp225", 225, 3916},     {"u1060", 1060, 224094},        {"usa13509", 13509, 19982859},
    {"vm1084", 1084, 239297}};

}  // namespace

std::optional<double> known_optimum(const Problem& problem) {
  if (!problem.is_tsplib || problem.is_directed()) return std::nullopt;
  std::string name = problem.instance.name;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name.ends_with(".tsp")) name.resize(name.size() - 4);
  const auto found = std::ranges::find(optima, name, &KnownOptimum::name);
  if (found == std::end(optima) || found->cities != problem.cities()) return std::nullopt;
  if (name == "dsj1000" && problem.instance.metric != Metric::ceil_2d) return std::nullopt;
  return found->length;
}

}  // namespace lehr::tour
