// dimod's coordinate text: "# vartype=SPIN" or "# vartype=BINARY", then lines "i j bias" with variables from
// 0; i = j is a linear bias. Variables are those that appear. A comment "# offset=c" gives the constant,
// which dimod itself does not read; nor does dimod read numbers with an exponent, so none is written.
#include <algorithm>

#include "lehr/spin/files/entry_list.hpp"
#include "lehr/spin/files/formats.hpp"
#include "lehr/spin/files/quadratic_form.hpp"

namespace lehr::spin {
namespace {

struct CooEntry {
  Index i, j;
  double value;
  std::uint32_t line;
};

// The value of a comment "... vartype=SPIN ...", or "".
std::string_view vartype_in_comment(std::string_view comment) {
  constexpr std::string_view kKey = "vartype";
  const std::size_t key = comment.find(kKey);
  if (key == std::string_view::npos) return "";
  std::string_view rest = comment.substr(key + kKey.size());
  if (!rest.starts_with('=') && !rest.starts_with(':')) return "";
  rest.remove_prefix(1);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  return rest.substr(0, rest.find_first_of(" \t\r,;"));
}

// The numbers that appear, ascending.
std::vector<Index> variables_of(const std::vector<CooEntry>& entries) {
  std::vector<Index> numbers;
  numbers.reserve(2 * entries.size());
  for (const CooEntry& entry : entries) numbers.push_back(entry.i), numbers.push_back(entry.j);
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

}  // namespace

Problem read_coo(const Source& source) {
  LineScanner scanner(source.text(), source.name, "#", source.options.progress);
  double offset = 0;
  std::string_view vartype;
  scanner.on_comment([&](std::string_view comment) {
    const std::string where = fmt::format("{}:{}", source.name, scanner.line());
    offset = number_in_comment(comment, "offset", where).value_or(offset);
    if (const std::string_view found = vartype_in_comment(comment); !found.empty()) vartype = found;
  });
  std::vector<CooEntry> read;
  while (scanner.next_line()) {
    constexpr std::int64_t kLargest = std::numeric_limits<Index>::max();
    const auto i = static_cast<Index>(scanner.integer("a variable", 0, kLargest));
    const auto j = static_cast<Index>(scanner.integer("a variable", 0, kLargest));
    const double value = scanner.number("a bias");
    scanner.end_line();
    read.push_back({i, j, value, static_cast<std::uint32_t>(scanner.line())});
  }
  const Vartype type = vartype_of(vartype, source);
  const std::vector<Index> variables = variables_of(read);
  const bool numbered =
      variables.empty() || static_cast<std::size_t>(variables.back()) + 1 == variables.size();
  const auto place = [&](Index number) {
    if (numbered) return number;
    return static_cast<Index>(std::ranges::lower_bound(variables, number) - variables.begin());
  };
  EntryList entries(static_cast<Index>(variables.size()), 0);
  entries.reserve(read.size());
  for (const CooEntry& entry : read) entries.add(place(entry.i), place(entry.j), entry.value, entry.line);
  std::vector<std::string> notes;
  entries.settle(scanner, source.options.strict, notes);
  Problem problem = type == Vartype::binary
                        ? qubo_problem(std::move(entries.linear), entries.couplings, offset, false)
                        : ising_problem(IsingModel(std::move(entries.linear), entries.couplings, offset));
  if (!numbered)
    for (const Index number : variables) problem.labels.push_back(std::to_string(number));
  problem.notes = std::move(notes);
  return problem;
}

void write_coo(const Problem& problem, TextSink& sink) {
  require_quadratic(problem, "coo");
  note_labels(problem, sink);
  const IsingModel& model = problem.ising;
  BinaryForm form;
  if (problem.binary()) {
    note_negated(problem, sink);
    form = binary_form(problem);
  } else {
    note_energy(problem, sink);
    form = {{model.fields().begin(), model.fields().end()}, 1, model.offset()};
  }
  sink.line(problem.binary() ? "# vartype=BINARY" : "# vartype=SPIN");
  if (form.constant != 0) {
    sink.line("# offset=" + fmt::format("{}", form.constant));
    sink.note(fmt::format("the constant {} stands in a comment, which dimod does not read", form.constant));
  }
  const auto entry = [&](Index i, Index j, double value) {
    sink.put(i), sink.put(" "), sink.put(j), sink.put(" "), sink.put_plain(value), sink.put("\n");
  };
  for (Index i = 0; i < model.size(); ++i) entry(i, i, form.linear[static_cast<std::size_t>(i)]);
  for_each_coupling(model,
                    [&](Index i, Index j, double weight) { entry(i, j, form.coupling_factor * weight); });
}

}  // namespace lehr::spin
