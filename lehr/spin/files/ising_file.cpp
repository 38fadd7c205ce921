// Ising models as text: "n entries", then lines "i j v" with spins from 0: v is J_ij, or the field h_i where
// i = j. A comment "# offset=c" gives the constant; other lines that start with '#' are comments.
#include "lehr/spin/files/entry_list.hpp"
#include "lehr/spin/files/formats.hpp"
#include "lehr/spin/files/quadratic_form.hpp"

namespace lehr::spin {

Problem read_ising(const Source& source) {
  LineScanner scanner(source.text(), source.name, "#", source.options.progress);
  double offset = 0;
  scanner.on_comment([&](std::string_view comment) {
    const std::string where = fmt::format("{}:{}", source.name, scanner.line());
    offset = number_in_comment(comment, "offset", where).value_or(offset);
  });
  if (!scanner.next_line()) scanner.refuse("expected the numbers of spins and entries, the file ends");
  const auto spins =
      static_cast<Index>(scanner.integer("a number of spins", 0, std::numeric_limits<Index>::max()));
  const std::int64_t count = scanner.integer("a number of entries", 0, std::int64_t{1} << 40);
  scanner.end_line();
  check_variables(spins, scanner.bytes(), fmt::format("{}:{}", source.name, scanner.line()));

  constexpr std::uint64_t kShortestLine = 6;
  EntryList entries(spins, 0);
  entries.reserve(std::min(static_cast<std::uint64_t>(count), scanner.bytes() / kShortestLine + 1));
  for (std::int64_t k = 0; k < count; ++k) {
    if (!scanner.next_line())
      scanner.refuse("the header declares {} entries, the file ends after {}", count, k);
    const auto i = static_cast<Index>(scanner.integer("a spin", 0, spins - 1));
    const auto j = static_cast<Index>(scanner.integer("a spin", 0, spins - 1));
    const double value = scanner.number("a value");
    scanner.end_line();
    entries.add(i, j, value, scanner.line());
  }
  if (scanner.next_line()) scanner.refuse("more entries than the {} of the header", count);
  std::vector<std::string> notes;
  entries.settle(scanner, source.options.strict, notes);
  Problem problem = ising_problem(IsingModel(std::move(entries.linear), entries.couplings, offset));
  problem.notes = std::move(notes);
  return problem;
}

void write_ising(const Problem& problem, TextSink& sink) {
  require_quadratic(problem, "ising");
  note_labels(problem, sink);
  note_energy(problem, sink);
  const IsingModel& model = problem.ising;
  if (model.offset() != 0) sink.line("# offset=" + fmt::format("{}", model.offset()));
  const std::vector<double> fields(model.fields().begin(), model.fields().end());
  sink.line(model.size(), model.couplings() + count_nonzero(fields));
  for (Index i = 0; i < model.size(); ++i)
    if (model.field(i) != 0) sink.line(i, i, model.field(i));
  for_each_coupling(model, [&](Index i, Index j, double weight) { sink.line(i, j, weight); });
}

}  // namespace lehr::spin
