// Graphs to cut, as rudy and the G-set, the Biq Mac library (.mc) and the DIMACS torus set (.dat) have them:
// "n m", then m lines "i j w" with vertices from 1 to n; w may be left out and is 1. Lines that start with
// '#', '%' or 'c' are comments.
#include "lehr/spin/files/entry_list.hpp"
#include "lehr/spin/files/formats.hpp"
#include "lehr/spin/files/quadratic_form.hpp"

namespace lehr::spin {

Problem read_mc(const Source& source) {
  LineScanner scanner(source.text(), source.name, "#%c", source.options.progress);
  if (!scanner.next_line()) scanner.refuse("expected the numbers of vertices and edges, the file ends");
  const auto vertices =
      static_cast<Index>(scanner.integer("a number of vertices", 0, std::numeric_limits<Index>::max()));
  const std::int64_t edges = scanner.integer("a number of edges", 0, std::int64_t{1} << 40);
  scanner.end_line();
  check_variables(vertices, scanner.bytes(), fmt::format("{}:{}", source.name, scanner.line()));

  constexpr std::uint64_t kShortestLine = 4;
  EntryList entries(vertices, 1);
  entries.reserve(std::min(static_cast<std::uint64_t>(edges), scanner.bytes() / kShortestLine + 1));
  for (std::int64_t k = 0; k < edges; ++k) {
    if (!scanner.next_line())
      scanner.refuse("the header declares {} edges, the file ends after {}", edges, k);
    const std::int64_t i = scanner.integer("a vertex", 1, vertices);
    const std::int64_t j = scanner.integer("a vertex", 1, vertices);
    const double weight = scanner.line_ends() ? 1 : scanner.number("a weight");
    scanner.end_line();
    if (i == j) scanner.refuse("an edge from vertex {} to itself", i);
    entries.add(static_cast<Index>(i - 1), static_cast<Index>(j - 1), weight, scanner.line());
  }
  if (scanner.next_line()) scanner.refuse("more edges than the {} of the header", edges);
  std::vector<std::string> notes;
  entries.settle(scanner, source.options.strict, notes);
  Problem problem = max_cut_problem(vertices, entries.couplings);
  problem.first_index = 1;
  problem.notes = std::move(notes);
  return problem;
}

// A field h_i becomes an edge to one vertex more, which stands for a spin that is +1.
void write_mc(const Problem& problem, TextSink& sink) {
  require_quadratic(problem, "mc");
  note_labels(problem, sink);
  const IsingModel& model = problem.ising;
  const Index n = model.size();
  const std::vector<double> fields(model.fields().begin(), model.fields().end());
  const std::int64_t with_field = count_nonzero(fields);
  sink.line(n + (with_field > 0 ? 1 : 0), model.couplings() + with_field);
  double total = 0;
  for_each_coupling(model, [&](Index i, Index j, double weight) {
    sink.line(i + 1, j + 1, weight);
    total += weight;
  });
  for (Index i = 0; i < n; ++i)
    if (model.field(i) != 0) sink.line(i + 1, n + 1, model.field(i)), total += model.field(i);
  if (with_field > 0)
    sink.note(fmt::format("{} fields became edges to the added vertex {}; flip states so that it is +1",
                          with_field, n + 1));
  if (problem.kind == ProblemKind::max_cut && with_field == 0) return;
  sink.note(fmt::format("the file is a graph to cut: objective = {} - {} * cut",
                        problem.objective(model.offset() + total), 2 * problem.scale));
}

}  // namespace lehr::spin
