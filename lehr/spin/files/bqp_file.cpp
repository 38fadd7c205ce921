// Unconstrained binary quadratic programs with a symmetric matrix Q of which one of q_ij and q_ji is listed,
// so that x'Qx holds each off-diagonal element twice:
//   bqp     OR-Library (Beasley): the number of instances, then each as "n m" and m entries "i j q"; maximise
//   sparse  Biq Mac library: one instance without the first number; minimise
// Variables count from 1. Numbers are separated by any blanks; an entry is a line.
#include "lehr/spin/files/entry_list.hpp"
#include "lehr/spin/files/formats.hpp"
#include "lehr/spin/files/quadratic_form.hpp"

namespace lehr::spin {
namespace {

constexpr std::uint64_t kShortestLine = 6;

struct InstanceSize {
  Index variables = 0;
  std::int64_t entries = 0;
};

InstanceSize read_size(LineScanner& scanner) {
  if (!scanner.next_line()) scanner.refuse("expected the numbers of variables and entries, the file ends");
  InstanceSize size;
  size.variables =
      static_cast<Index>(scanner.integer("a number of variables", 0, std::numeric_limits<Index>::max()));
  size.entries = scanner.integer("a number of entries", 0, std::int64_t{1} << 40);
  scanner.end_line();
  return size;
}

void skip_instance(LineScanner& scanner) {
  const InstanceSize size = read_size(scanner);
  for (std::int64_t k = 0; k < size.entries; ++k)
    if (!scanner.next_line())
      scanner.refuse("the instance declares {} entries, the file ends after {}", size.entries, k);
}

Problem read_instance(LineScanner& scanner, const Source& source, bool maximise) {
  const InstanceSize size = read_size(scanner);
  check_variables(size.variables, scanner.bytes(), fmt::format("{}:{}", source.name, scanner.line()));
  EntryList entries(size.variables, 1);
  entries.reserve(std::min(static_cast<std::uint64_t>(size.entries), scanner.bytes() / kShortestLine + 1));
  for (std::int64_t k = 0; k < size.entries; ++k) {
    if (!scanner.next_line())
      scanner.refuse("the instance declares {} entries, the file ends after {}", size.entries, k);
    const auto i = static_cast<Index>(scanner.integer("a variable", 1, size.variables) - 1);
    const auto j = static_cast<Index>(scanner.integer("a variable", 1, size.variables) - 1);
    const double value = scanner.number("a value");
    scanner.end_line();
    entries.add(i, j, i == j ? value : 2 * value, scanner.line());
  }
  std::vector<std::string> notes;
  entries.settle(scanner, source.options.strict, notes);
  Problem problem = qubo_problem(std::move(entries.linear), entries.couplings, 0, maximise);
  problem.first_index = 1;
  problem.notes = std::move(notes);
  return problem;
}

void write_symmetric(const Problem& problem, double sign, TextSink& sink) {
  note_labels(problem, sink);
  const BinaryForm form = binary_form(problem);
  if (form.constant != 0)
    sink.note(fmt::format("the format has no constant: add {} to its values", sign * form.constant));
  const IsingModel& model = problem.ising;
  sink.line(model.size(), count_nonzero(form.linear) + model.couplings());
  for (Index i = 0; i < model.size(); ++i)
    if (const double value = form.linear[static_cast<std::size_t>(i)]; value != 0)
      sink.line(i + 1, i + 1, sign * value);
  for_each_coupling(model, [&](Index i, Index j, double weight) {
    sink.line(i + 1, j + 1, sign * form.coupling_factor * weight / 2);
  });
}

}  // namespace

Problem read_bqp(const Source& source) {
  LineScanner scanner(source.text(), source.name, "#", source.options.progress);
  if (!scanner.next_line()) scanner.refuse("expected the number of instances, the file ends");
  const std::int64_t instances = scanner.integer("a number of instances", 1, 1 << 30);
  scanner.end_line();
  const std::int64_t wanted = source.options.instance;
  if (wanted > instances) throw InvalidInput("{}: instance {} of {}", source.name, wanted, instances);
  if (wanted == 0 && instances > 1)
    throw InvalidInput("{}: the file holds {} instances; choose one by --instance, or as {}#1", source.name,
                       instances, source.name);
  for (std::int64_t k = 1; k < wanted; ++k) skip_instance(scanner);
  Problem problem = read_instance(scanner, source, true);
  for (std::int64_t k = std::max<std::int64_t>(wanted, 1); k < instances; ++k) skip_instance(scanner);
  if (scanner.next_line()) scanner.refuse("text follows the last of {} instances", instances);
  return problem;
}

Problem read_sparse(const Source& source) {
  LineScanner scanner(source.text(), source.name, "#", source.options.progress);
  Problem problem = read_instance(scanner, source, false);
  if (scanner.next_line()) scanner.refuse("more entries than the header declares");
  return problem;
}

void write_bqp(const Problem& problem, TextSink& sink) {
  require_quadratic(problem, "bqp");
  if (!problem.maximise()) sink.note("the format maximises: the file holds the negated objective");
  sink.line(1);
  write_symmetric(problem, -1, sink);
}

void write_sparse(const Problem& problem, TextSink& sink) {
  require_quadratic(problem, "sparse");
  note_negated(problem, sink);
  write_symmetric(problem, 1, sink);
}

}  // namespace lehr::spin
