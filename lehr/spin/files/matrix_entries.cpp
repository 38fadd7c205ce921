#include "lehr/spin/files/matrix_entries.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "lehr/core/errors.hpp"
#include "lehr/spin/files/quadratic_form.hpp"

namespace lehr::spin {

MatrixEntries::MatrixEntries(std::int64_t rows, std::int64_t columns, Index first_index, const Source& source)
    : source_(source), first_index_(first_index) {
  if (rows != columns)
    throw InvalidInput("{}: the matrix must be square, found {} x {}", source.name, rows, columns);
  check_variables(rows, source.bytes.size(), source.name);
  size_ = static_cast<Index>(rows);
  diagonal_.resize(static_cast<std::size_t>(rows));
}

std::string MatrixEntries::place(Index i, Index j) const {
  return fmt::format("({}, {})", i + first_index_, j + first_index_);
}

void MatrixEntries::add(std::int64_t row, std::int64_t column, double value) {
  const auto i = static_cast<Index>(row), j = static_cast<Index>(column);
  if (!std::isfinite(value))
    throw InvalidInput("{}: element {} is {}, not finite", source_.name, place(i, j), value);
  if (i == j)
    diagonal_[static_cast<std::size_t>(i)] += value;
  else
    pairs_.push_back({std::min(i, j), std::max(i, j), i < j, value});
}

// Sorts by pair and triangle; elements at one place become one.
void MatrixEntries::add_up() {
  std::ranges::stable_sort(pairs_, [](const Element& a, const Element& b) {
    return std::tie(a.low, a.high, a.above) < std::tie(b.low, b.high, b.above);
  });
  std::size_t kept = 0;
  for (const Element& element : pairs_) {
    Element* const last = kept > 0 ? &pairs_[kept - 1] : nullptr;
    if (last != nullptr && last->low == element.low && last->high == element.high &&
        last->above == element.above)
      last->value += element.value, ++repeated_;
    else
      pairs_[kept++] = element;
  }
  pairs_.resize(kept);
}

void MatrixEntries::symmetric_couplings(std::vector<Coupling>& couplings) const {
  for (std::size_t k = 0; k < pairs_.size(); ++k) {
    const Element& first = pairs_[k];
    const bool has_both =
        k + 1 < pairs_.size() && pairs_[k + 1].low == first.low && pairs_[k + 1].high == first.high;
    const double below = first.above ? 0 : first.value;
    const double above = has_both ? pairs_[k + 1].value : first.above ? first.value : 0;
    if (below != 0 && above != 0 && below != above)
      throw InvalidInput("{}: elements {} and {} differ: {} and {}; a graph or Ising matrix is symmetric",
                         source_.name, place(first.high, first.low), place(first.low, first.high), below,
                         above);
    couplings.push_back({first.low, first.high, below != 0 ? below : above});
    if (has_both) ++k;
  }
}

Problem MatrixEntries::problem(std::string_view kind_in_file, double constant) {
  const std::string& wanted = source_.options.kind;
  const std::string kind = wanted != "auto" ? wanted : std::string(kind_in_file);
  if (kind != "max_cut" && kind != "qubo" && kind != "ising")
    throw InvalidInput(
        "{}: a matrix can be a graph to cut, a QUBO or an Ising model: say which by --kind "
        "max_cut, qubo or ising",
        source_.name);
  add_up();
  if (repeated_ > 0 && source_.options.strict)
    throw InvalidInput("{}: {} elements repeat a place (strict reading)", source_.name, repeated_);
  std::vector<Coupling> couplings;
  couplings.reserve(pairs_.size());
  if (kind == "qubo") {
    for (const Element& element : pairs_) couplings.push_back({element.low, element.high, element.value});
  } else {
    symmetric_couplings(couplings);
  }
  pairs_ = {};
  Problem problem;
  if (kind == "qubo") {
    problem = qubo_problem(std::move(diagonal_), couplings, constant, false);
  } else if (kind == "ising") {
    problem = ising_problem(IsingModel(std::move(diagonal_), couplings, constant));
  } else {
    for (Index i = 0; i < size_; ++i)
      if (diagonal_[static_cast<std::size_t>(i)] != 0)
        throw InvalidInput("{}: element {} is {}, an edge from a vertex to itself", source_.name, place(i, i),
                           diagonal_[static_cast<std::size_t>(i)]);
    problem = max_cut_problem(size_, couplings);
  }
  problem.first_index = first_index_;
  if (repeated_ > 0) problem.notes.push_back(fmt::format("{} repeated elements were added up", repeated_));
  return problem;
}

MatrixForm matrix_form(const Problem& problem, TextSink& sink) {
  require_quadratic(problem, "of a matrix");
  note_labels(problem, sink);
  const IsingModel& model = problem.ising;
  if (problem.binary()) {
    note_negated(problem, sink);
    BinaryForm form = binary_form(problem);
    return {"qubo", std::move(form.linear), form.coupling_factor / 2, form.constant};
  }
  std::vector<double> fields(model.fields().begin(), model.fields().end());
  if (problem.kind == ProblemKind::max_cut) return {"max_cut", std::move(fields), 1, 0};
  note_energy(problem, sink);
  return {"ising", std::move(fields), 1, model.offset()};
}

}  // namespace lehr::spin
