// D-Wave's qbsolv format: comments "c ...", one line "p qubo topology maxNodes nNodes nCouplers", then nNodes
// lines "i i q" and nCouplers lines "i j q" with nodes from 0 to maxNodes - 1; minimise. A comment
// "c offset=k" gives the constant, which the format itself does not have.
#include "lehr/spin/files/entry_list.hpp"
#include "lehr/spin/files/formats.hpp"
#include "lehr/spin/files/quadratic_form.hpp"

namespace lehr::spin {
namespace {

struct QuboHeader {
  Index variables = 0;
  std::int64_t nodes = 0, couplers = 0;
};

QuboHeader read_qubo_header(LineScanner& scanner) {
  const auto expect = [&](std::string_view known) {
    const std::string_view found = scanner.word("'p qubo topology maxNodes nNodes nCouplers'");
    if (found != known)
      scanner.refuse("expected 'p qubo topology maxNodes nNodes nCouplers', found {}", quote(found));
  };
  if (!scanner.next_line()) scanner.refuse("expected the line 'p qubo ...', the file ends");
  expect("p");
  expect("qubo");
  scanner.word("a topology");
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  QuboHeader header;
  header.variables = static_cast<Index>(scanner.integer("maxNodes", 0, std::numeric_limits<Index>::max()));
  header.nodes = scanner.integer("nNodes", 0, kMost);
  header.couplers = scanner.integer("nCouplers", 0, kMost);
  scanner.end_line();
  return header;
}

}  // namespace

Problem read_qubo(const Source& source) {
  LineScanner scanner(source.text(), source.name, "c", source.options.progress);
  double constant = 0;
  scanner.on_comment([&](std::string_view comment) {
    const std::string where = fmt::format("{}:{}", source.name, scanner.line());
    constant = number_in_comment(comment, "offset", where).value_or(constant);
  });
  const QuboHeader header = read_qubo_header(scanner);
  check_variables(header.variables, scanner.bytes(), fmt::format("{}:{}", source.name, scanner.line()));

  constexpr std::uint64_t kShortestLine = 6;
  EntryList entries(header.variables, 0);
  entries.reserve(std::min(static_cast<std::uint64_t>(header.couplers), scanner.bytes() / kShortestLine + 1));
  std::int64_t nodes = 0, couplers = 0;
  while (scanner.next_line()) {
    const auto i = static_cast<Index>(scanner.integer("a node", 0, header.variables - 1));
    const auto j = static_cast<Index>(scanner.integer("a node", 0, header.variables - 1));
    const double value = scanner.number("a value");
    scanner.end_line();
    ++(i == j ? nodes : couplers);
    if (nodes > header.nodes) scanner.refuse("more node lines than the {} of the header", header.nodes);
    if (couplers > header.couplers)
      scanner.refuse("more coupler lines than the {} of the header", header.couplers);
    entries.add(i, j, value, scanner.line());
  }
  if (nodes != header.nodes || couplers != header.couplers)
    scanner.refuse("the header declares {} nodes and {} couplers, the file has {} and {}", header.nodes,
                   header.couplers, nodes, couplers);
  std::vector<std::string> notes;
  entries.settle(scanner, source.options.strict, notes);
  Problem problem = qubo_problem(std::move(entries.linear), entries.couplings, constant, false);
  problem.notes = std::move(notes);
  return problem;
}

void write_qubo(const Problem& problem, TextSink& sink) {
  require_quadratic(problem, "qubo");
  note_labels(problem, sink);
  note_negated(problem, sink);
  const BinaryForm form = binary_form(problem);
  if (form.constant != 0) {
    sink.line("c offset=" + fmt::format("{}", form.constant));
    sink.note(fmt::format("the constant {} stands in a comment, which qbsolv does not read", form.constant));
  }
  const IsingModel& model = problem.ising;
  sink.line("p qubo 0", model.size(), count_nonzero(form.linear), model.couplings());
  for (Index i = 0; i < model.size(); ++i)
    if (const double value = form.linear[static_cast<std::size_t>(i)]; value != 0) sink.line(i, i, value);
  for_each_coupling(model,
                    [&](Index i, Index j, double weight) { sink.line(i, j, form.coupling_factor * weight); });
}

}  // namespace lehr::spin
