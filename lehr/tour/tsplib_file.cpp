#include "lehr/tour/tsplib_file.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "lehr/core/number_text.hpp"
#include "lehr/tour/tsplib_matrix.hpp"
#include "lehr/tour/tsplib_text.hpp"

namespace lehr::tour {

namespace {

constexpr Metric rules[] = {Metric::euc_2d, Metric::euc_3d,  Metric::max_2d, Metric::max_3d, Metric::man_2d,
                            Metric::man_3d, Metric::ceil_2d, Metric::geo,    Metric::att};

const std::vector<std::string>& weight_types() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = {"EXPLICIT"};
    for (const Metric rule : rules) all.emplace_back(tsplib_name(rule));
    return all;
  }();
  return names;
}

// The entry's first word in capitals; "" where it is missing.
std::string first_word(const TsplibText::Entry* entry) {
  if (!entry) return {};
  return upper_case(entry->value.substr(0, entry->value.find_first_of(" \t")));
}

// True for ATSP.
bool read_type(const TsplibText& text) {
  const TsplibText::Entry* entry = text.entry("TYPE");
  const std::string type = first_word(entry);
  if (!entry || type == "TSP") return false;
  if (type == "ATSP") return true;
  if (type == "TOUR")
    text.refuse_at(entry->line, "TYPE TOUR: a tour, not a problem; give it as reference or initial");
  for (const auto& [name, meaning] : {std::pair{"HCP", "Hamiltonian cycles"},
                                      {"HPP", "Hamiltonian paths"},
                                      {"SOP", "sequential ordering"},
                                      {"CVRP", "capacitated vehicle routing"}})
    if (type == name)
      text.refuse_at(entry->line, "TYPE {} ({}) is not supported; TSP and ATSP are", name, meaning);
  text.refuse_at(entry->line, "unknown TYPE {}; allowed are TSP and ATSP", quote(type));
}

Metric read_weight_type(const TsplibText& text) {
  const TsplibText::Entry* entry = text.entry("EDGE_WEIGHT_TYPE");
  if (!entry)
    throw InvalidInput("{}: EDGE_WEIGHT_TYPE is missing; allowed are {}", text.file,
                       fmt::join(weight_types(), ", "));
  const std::string type = first_word(entry);
  if (type == "EXPLICIT") return Metric::matrix;
  for (const Metric rule : rules)
    if (type == tsplib_name(rule)) return rule;
  for (const char* other : {"XRAY1", "XRAY2", "SPECIAL"})
    if (type == other)
      text.refuse_at(entry->line, "EDGE_WEIGHT_TYPE {} is not supported; allowed are {}", other,
                     fmt::join(weight_types(), ", "));
  const std::string near = nearest(type, weight_types());
  text.refuse_at(entry->line, "unknown EDGE_WEIGHT_TYPE {}{}; allowed are {}", quote(type),
                 near.empty() ? "" : fmt::format(" (did you mean {}?)", near),
                 fmt::join(weight_types(), ", "));
}

void refuse_sections(const TsplibText& text) {
  for (const TsplibText::Section& section : text.sections) {
    if (section.name == "FIXED_EDGES_SECTION") {
      LineWords lines = text.lines(section);
      const auto first = lines.any_word();
      if (!first || *first == "-1") continue;
      text.refuse_at(section.line, "FIXED_EDGES_SECTION: fixed edges are not supported");
    }
    if (section.name == "NODE_COORD_SECTION" || section.name == "DISPLAY_DATA_SECTION" ||
        section.name == "EDGE_WEIGHT_SECTION")
      continue;
    text.refuse_at(section.line,
                   "{} is not supported; a problem has NODE_COORD_SECTION, EDGE_WEIGHT_SECTION and "
                   "DISPLAY_DATA_SECTION",
                   quote(section.name));
  }
}

struct Nodes {
  std::vector<std::int64_t> ids;
  std::vector<double> coordinates;
  int dimension = 2;
};

// Lines "number x y [z]". `dimension` 0: as many as the first line has.
Nodes read_nodes(const TsplibText& text, const TsplibText::Section& section, int dimension, std::int64_t n) {
  Nodes nodes;
  nodes.dimension = dimension;
  std::unordered_map<std::int64_t, std::int64_t> line_of;
  LineWords lines = text.lines(section);
  while (lines.next_line()) {
    auto word = lines.word();
    if (!word) continue;
    const std::int64_t id = lines.whole(*word, "a city's number");
    int count = 0;
    while ((word = lines.word())) {
      if (++count > 3) break;
      nodes.coordinates.push_back(lines.finite(*word, "a coordinate"));
    }
    if (count == 0 && id == -1) break;
    if (nodes.dimension == 0) nodes.dimension = count == 3 ? 3 : 2;
    if (count != nodes.dimension)
      lines.refuse("expected a city's number and {} coordinates, found {}", nodes.dimension,
                   quote(lines.line()));
    const auto [before, added] = line_of.emplace(id, lines.number());
    if (!added) lines.refuse("city {} is given twice, first on line {}", id, before->second);
    nodes.ids.push_back(id);
    if (static_cast<std::int64_t>(nodes.ids.size()) > n)
      lines.refuse("{} has more cities than the {} of DIMENSION", section.name, n);
  }
  if (static_cast<std::int64_t>(nodes.ids.size()) != n)
    text.refuse_at(section.line, "{} has {} cities, DIMENSION is {}", section.name, nodes.ids.size(), n);
  return nodes;
}

// Nothing where they are 1, 2, ..., n.
std::vector<std::int64_t> unusual(std::vector<std::int64_t> ids) {
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != static_cast<std::int64_t>(i) + 1) return ids;
  return {};
}

// Nodes beside a table: the rows of the table follow the numbers.
void take_display(Problem& problem, const Nodes& nodes) {
  std::vector<std::size_t> by_number(nodes.ids.size());
  std::iota(by_number.begin(), by_number.end(), std::size_t{0});
  std::ranges::sort(by_number, {}, [&](std::size_t i) { return nodes.ids[i]; });
  std::vector<std::int64_t> ids;
  for (const std::size_t i : by_number) {
    ids.push_back(nodes.ids[i]);
    for (std::size_t axis = 0; axis < 2; ++axis)
      problem.positions.push_back(nodes.coordinates[i * static_cast<std::size_t>(nodes.dimension) + axis]);
  }
  problem.ids = unusual(std::move(ids));
}

void read_table(const TsplibText& text, bool asymmetric, std::int64_t n, Problem& problem) {
  const TsplibText::Entry* format = text.entry("EDGE_WEIGHT_FORMAT");
  const TsplibText::Section* weights = text.section("EDGE_WEIGHT_SECTION");
  if (!weights)
    throw InvalidInput("{}: EDGE_WEIGHT_SECTION is missing, which EXPLICIT weights need", text.file);
  std::vector<double> table = read_matrix(text, *weights, format, n, asymmetric);
  if (asymmetric) {
    problem.directed = std::move(table);
  } else {
    problem.instance = with_table(std::move(table), static_cast<City>(n));
  }
  const TsplibText::Section* display = text.section("DISPLAY_DATA_SECTION");
  const TsplibText::Section* nodes = text.section("NODE_COORD_SECTION");
  if (display || nodes)
    take_display(problem, read_nodes(text, display ? *display : *nodes, display ? 2 : 0, n));
}

}  // namespace

Problem parse_tsplib(std::string_view content, const std::string& file) {
  const TsplibText text = split_tsplib(content, file);
  const bool asymmetric = read_type(text);
  const std::int64_t n = dimension_of(text);
  if (n < 3)
    text.refuse_at(text.entry("DIMENSION")->line, "DIMENSION is {}; a tour needs at least 3 cities", n);
  const Metric metric = read_weight_type(text);
  refuse_sections(text);
  Problem problem;
  problem.is_tsplib = true;
  try {
    if (metric == Metric::matrix) {
      read_table(text, asymmetric, n, problem);
    } else {
      if (asymmetric)
        throw InvalidInput("TYPE ATSP needs EDGE_WEIGHT_TYPE EXPLICIT, found {}", tsplib_name(metric));
      const TsplibText::Section* section = text.section("NODE_COORD_SECTION");
      if (!section) throw InvalidInput("NODE_COORD_SECTION is missing, which {} needs", tsplib_name(metric));
      const bool solid = metric == Metric::euc_3d || metric == Metric::man_3d || metric == Metric::max_3d;
      Nodes nodes = read_nodes(text, *section, solid ? 3 : 2, n);
      problem.instance = with_positions(std::move(nodes.coordinates), nodes.dimension, metric);
      problem.ids = unusual(std::move(nodes.ids));
    }
  } catch (const InvalidInput& error) {
    const std::string reason = error.what();
    if (reason.starts_with(file + ":")) throw;
    throw InvalidInput("{}: {}", file, reason);
  }
  if (const TsplibText::Entry* name = text.entry("NAME"))
    problem.instance.name = std::string(name->value.substr(0, 200));
  return problem;
}

std::string tsplib_text(const Problem& problem) {
  const Instance& instance = problem.instance;
  if (instance.metric == Metric::euclidean && !problem.is_directed())
    throw InvalidInput("{}: TSPLIB has no rule for distances that are not rounded", problem.title());
  std::string text = fmt::format("NAME : {}\nTYPE : {}\nDIMENSION : {}\nEDGE_WEIGHT_TYPE : {}\n",
                                 problem.title(), problem.is_directed() ? "ATSP" : "TSP", problem.cities(),
                                 problem.is_directed() ? "EXPLICIT" : tsplib_name(instance.metric));
  const auto n = static_cast<std::size_t>(problem.cities());
  const auto numbers = [&](const double* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) text += i > 0 ? " " : "", append_number(text, values[i]);
    text += "\n";
  };
  if (problem.is_directed() || instance.metric == Metric::matrix) {
    const double* table = problem.is_directed() ? problem.directed.data() : instance.table.data();
    text += "EDGE_WEIGHT_FORMAT : FULL_MATRIX\nEDGE_WEIGHT_SECTION\n";
    for (std::size_t i = 0; i < n; ++i) numbers(table + i * n, n);
  } else {
    text += "NODE_COORD_SECTION\n";
    const auto d = static_cast<std::size_t>(instance.dimension);
    for (std::size_t i = 0; i < n; ++i) {
      text += fmt::format("{} ", problem.id(static_cast<City>(i)));
      numbers(&instance.coordinates[i * d], d);
    }
  }
  if (!problem.positions.empty()) {
    text += "DISPLAY_DATA_TYPE : TWOD_DISPLAY\nDISPLAY_DATA_SECTION\n";
    for (std::size_t i = 0; i < n; ++i) {
      text += fmt::format("{} ", problem.id(static_cast<City>(i)));
      numbers(&problem.positions[2 * i], 2);
    }
  }
  return text + "EOF\n";
}

}  // namespace lehr::tour
