#include "lehr/spin/files/generate.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lehr/core/errors.hpp"
#include "lehr/spin/files/graph_families.hpp"
#include "lehr/spin/files/planted_families.hpp"

namespace lehr::spin {
namespace {

// The options with the family's own defaults filled in.
GenerateOptions with_defaults(GenerateOptions options) {
  if (std::ranges::find(families(), options.family) == families().end())
    throw InvalidInput("family {}{}", quote(options.family), hint(options.family, families()));
  const auto is = [&](auto... names) { return ((options.family == names) || ...); };
  if (options.columns == 0) options.columns = options.rows;
  if (options.layers == 0) options.layers = is("planar") ? 2 : options.rows;
  if (!options.density) options.density = is("planar") ? 1 : 0.06;
  if (options.weights == "auto")
    options.weights = is("sk") ? "gaussian" : is("torus", "regular", "gnp", "planar") ? "unit" : "pm";
  if (options.kind == "auto") options.kind = is("torus", "regular", "gnp", "planar") ? "max_cut" : "ising";
  return options;
}

Graph graph_of(const std::string& family, const GenerateOptions& options, Seed seed) {
  const Stream random(seed, lane("graph"));
  if (family == "torus") return torus_graph(options.rows, options.columns, 1);
  if (family == "lattice3d") return torus_graph(options.rows, options.columns, options.layers);
  if (family == "king") return king_graph(options.rows, options.columns);
  if (family == "chimera") return chimera_graph(options.rows, options.columns, options.shore);
  if (family == "sk") return complete_graph(options.size);
  if (family == "gnp") return random_graph(options.size, *options.density, random);
  if (family == "planar") return planar_union(options.size, options.layers, *options.density, random);
  return regular_graph(options.size, options.degree, random);
}

std::vector<Coupling> weigh(const Graph& graph, const GenerateOptions& options, Seed seed) {
  const double scale = options.family == "sk" ? 1 / std::sqrt(static_cast<double>(graph.vertices)) : 1;
  Stream random(seed, lane("weights"));
  const auto draw = [&]() -> double {
    if (options.weights == "unit") return 1;
    if (options.weights == "ferro") return -1;
    if (options.weights == "gaussian") return normal(random);
    return (random() >> 63) != 0 ? 1 : -1;
  };
  std::vector<Coupling> couplings;
  couplings.reserve(graph.edges.size());
  for (const auto& [i, j] : graph.edges) couplings.push_back({i, j, scale * draw()});
  return couplings;
}

Problem problem_of(Index spins, const std::vector<Coupling>& couplings, const std::string& kind) {
  if (kind == "max_cut") return max_cut_problem(spins, couplings);
  return ising_problem(IsingModel(std::vector<double>(static_cast<std::size_t>(spins)), couplings));
}

// The least H of unit weights, where it is known: sum w - 2 maximum cut.
std::optional<double> unit_optimum(const GenerateOptions& options, const Graph& graph) {
  const auto edges = static_cast<double>(graph.edges.size());
  if (options.family == "chimera") return -edges;
  if (options.family != "torus") return std::nullopt;
  const auto a = static_cast<double>(options.rows), b = static_cast<double>(options.columns);
  const double cut = edges - (options.rows % 2 != 0 ? b : 0) - (options.columns % 2 != 0 ? a : 0);
  return edges - 2 * cut;
}

Problem weighted_graph(const GenerateOptions& options, Seed seed) {
  const Graph graph = graph_of(options.family, options, seed);
  const std::vector<Coupling> couplings = weigh(graph, options, seed);
  Problem problem = problem_of(graph.vertices, couplings, options.kind);
  if (options.weights == "ferro") {
    problem.planted.assign(static_cast<std::size_t>(graph.vertices), 1);
    problem.optimum = problem.objective_of(problem.planted);
  } else if (options.weights == "unit") {
    if (const auto energy = unit_optimum(options, graph)) problem.optimum = problem.objective(*energy);
  }
  return problem;
}

Problem planted_problem(const GenerateOptions& options, Seed seed) {
  Planted planted;
  if (options.family == "wishart") {
    const double columns = std::round(options.alpha * static_cast<double>(options.size));
    constexpr double kMostColumns = 1e6;
    if (!(columns >= 1 && columns <= kMostColumns))
      throw InvalidInput("alpha {}: gives {} columns of W; expected 1 to {}", options.alpha, columns,
                         kMostColumns);
    planted = wishart(static_cast<Index>(std::min<std::int64_t>(options.size, 1 << 30)),
                      static_cast<Index>(columns), seed);
  } else {
    const Graph graph = graph_of(options.on, options, seed);
    const double loops = std::ceil(options.alpha * static_cast<double>(graph.vertices));
    constexpr double kMostLoops = 1e9;
    if (!(loops >= 1 && loops <= kMostLoops))
      throw InvalidInput("alpha {}: gives {} loops; expected 1 to {}", options.alpha, loops, kMostLoops);
    planted = frustrated_loops(graph, static_cast<std::int64_t>(loops), options.shortest_loop, seed);
  }
  Problem problem = problem_of(static_cast<Index>(planted.planted.size()), planted.couplings, options.kind);
  problem.optimum = problem.objective_of(planted.planted);
  problem.planted = std::move(planted.planted);
  return problem;
}

std::string name_of(const GenerateOptions& options, Seed seed) {
  const std::string& family = options.family;
  const std::string grid = fmt::format("{}x{}", options.rows, options.columns);
  std::string size = std::to_string(options.size);
  if (family == "torus" || family == "king") size = grid;
  if (family == "lattice3d") size = fmt::format("{}x{}", grid, options.layers);
  if (family == "chimera") size = fmt::format("{}x{}", grid, options.shore);
  if (family == "regular") size += fmt::format("-d{}", options.degree);
  if (family == "gnp" || family == "planar") size += fmt::format("-p{:g}", *options.density);
  if (family == "wishart") size += fmt::format("-a{:g}", options.alpha);
  if (family == "loops") size = fmt::format("{}-a{:g}", options.on, options.alpha);
  const bool is_planted = family == "wishart" || family == "loops";
  return fmt::format("{}-{}{}-{}", family, size, is_planted ? "" : "-" + options.weights, seed.value);
}

}  // namespace

const std::vector<std::string>& families() {
  static const std::vector<std::string> all = {"torus", "lattice3d", "king",   "chimera", "sk",
                                               "gnp",   "regular",   "planar", "wishart", "loops"};
  return all;
}

void GenerateOptions::describe(OptionTable& table) {
  table.add("family", family, "which kind of problem").choices(families());
  table.add("weights", weights, "auto: unit for torus, regular, gnp, planar; gaussian for sk; else pm")
      .choices({"auto", "unit", "ferro", "pm", "gaussian"});
  table.add("kind", kind, "auto: a graph to cut for torus, regular, gnp, planar; else an Ising model")
      .choices({"auto", "max_cut", "ising"});
  table.add("size", size, "spins of sk, gnp, regular, planar, wishart").range(1, 1e8);
  table.add("rows", rows, "rows of torus, lattice3d, king, chimera").range(1, 1e8);
  table.add("columns", columns, "columns; 0: as many as rows").range(0, 1e8);
  table.add("layers", layers, "layers of lattice3d (0: as rows); graphs united by planar (0: 2)")
      .range(0, 1e5);
  table.add("shore", shore, "vertices of each half of a chimera cell").range(1, 1e4);
  table.add("degree", degree, "neighbours of every vertex (regular)").range(0, 1e6);
  table.add("density", density, "probability of an edge (gnp: 0.06, planar: 1)").range(0, 1);
  table.add("alpha", alpha, "columns of W per spin (wishart), loops per spin (loops)").above(0);
  table.add("on", on, "graph that loops run on").choices({"torus", "lattice3d", "king", "chimera"});
  table.add("shortest_loop", shortest_loop, "shorter loops are drawn anew (loops)").range(3, 1e6);
}

Problem generate(const GenerateOptions& given, Seed seed) {
  const GenerateOptions options = with_defaults(given);
  const bool is_planted = options.family == "wishart" || options.family == "loops";
  Problem problem = is_planted ? planted_problem(options, seed) : weighted_graph(options, seed);
  problem.name = name_of(options, seed);
  return problem;
}

}  // namespace lehr::spin
