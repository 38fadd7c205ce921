#include "lehr/spin/polynomial_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/spin/problem.hpp"

namespace lehr::spin {
namespace {

void check(const Term& term, std::size_t number, Index size) {
  if (!std::isfinite(term.weight))
    throw InvalidInput("term {}: weight {} is not finite", number, term.weight);
  for (const Index i : term.variables)
    if (i < 0 || i >= size)
      throw InvalidInput("term {}: variable {}, but the model has variables 0 to {}", number, i, size - 1);
}

// Of a spin that stands k times in a product, k mod 2 remain (s^2 = 1); of a bit one remains (x^2 = x).
void reduce(std::vector<Index>& variables, Vartype vartype) {
  std::ranges::sort(variables);
  std::size_t kept = 0;
  for (const Index i : variables) {
    const bool repeated = kept > 0 && variables[kept - 1] == i;
    if (!repeated)
      variables[kept++] = i;
    else if (vartype == Vartype::spin)
      --kept;
  }
  variables.resize(kept);
}

bool stands_before(const Term& a, const Term& b) {
  if (a.variables.size() != b.variables.size()) return a.variables.size() < b.variables.size();
  return a.variables < b.variables;
}

}  // namespace

PolynomialModel::PolynomialModel(Index size, std::span<const Term> terms, Vartype vartype, double offset)
    : size_(size), vartype_(vartype), offset_(offset) {
  if (size < 0) throw InvalidInput("a model of {} variables", size);
  if (!std::isfinite(offset)) throw InvalidInput("offset {} is not finite", offset);
  std::vector<Term> reduced;
  reduced.reserve(terms.size());
  for (std::size_t number = 0; number < terms.size(); ++number) {
    check(terms[number], number, size);
    reduce(reduced.emplace_back(terms[number]).variables, vartype);
  }
  std::ranges::stable_sort(reduced, stands_before);
  term_starts_.push_back(0);
  for (std::size_t k = 0; k < reduced.size();) {
    const std::vector<Index>& variables = reduced[k].variables;
    double weight = 0;
    for (; k < reduced.size() && reduced[k].variables == variables; ++k) weight += reduced[k].weight;
    add_term(variables, weight);
  }
  index_terms();
}

void PolynomialModel::add_term(std::span<const Index> variables, double weight) {
  if (!std::isfinite(weight)) throw InvalidInput("the weights of a term add up to {}", weight);
  if (variables.empty()) {
    offset_ += weight;
  } else if (weight != 0) {
    variables_.insert(variables_.end(), variables.begin(), variables.end());
    term_starts_.push_back(static_cast<std::int64_t>(variables_.size()));
    weights_.push_back(weight);
  }
}

void PolynomialModel::index_terms() {
  incidence_starts_.assign(static_cast<std::size_t>(size_) + 1, 0);
  for (const Index i : variables_) ++incidence_starts_[static_cast<std::size_t>(i) + 1];
  for (std::size_t i = 1; i < incidence_starts_.size(); ++i) incidence_starts_[i] += incidence_starts_[i - 1];
  incidences_.resize(variables_.size());
  std::vector<std::int64_t> next(incidence_starts_.begin(), incidence_starts_.end() - 1);
  for (std::int64_t term = 0; term < terms(); ++term)
    for (const Index i : variables(term))
      incidences_[static_cast<std::size_t>(next[static_cast<std::size_t>(i)]++)] = term;
}

Index PolynomialModel::max_order() const {
  return terms() == 0 ? 0 : static_cast<Index>(variables(terms() - 1).size());
}

std::span<const Index> PolynomialModel::variables(std::int64_t term) const {
  const auto at = static_cast<std::size_t>(term);
  return {variables_.data() + term_starts_[at],
          static_cast<std::size_t>(term_starts_[at + 1] - term_starts_[at])};
}

std::span<const std::int64_t> PolynomialModel::terms_of(Index i) const {
  const auto at = static_cast<std::size_t>(i);
  return {incidences_.data() + incidence_starts_[at],
          static_cast<std::size_t>(incidence_starts_[at + 1] - incidence_starts_[at])};
}

PolynomialModel::Configuration PolynomialModel::configuration(std::span<const std::int8_t> spins) const {
  Configuration made{Spins(spins.begin(), spins.end()), {}};
  made.down.reserve(weights_.size());
  for (std::int64_t term = 0; term < terms(); ++term)
    made.down.push_back(static_cast<std::int32_t>(std::ranges::count_if(
        variables(term), [&](Index i) { return spins[static_cast<std::size_t>(i)] < 0; })));
  return made;
}

double PolynomialModel::energy(std::span<const std::int8_t> spins) const {
  const Configuration c = configuration(spins);
  double sum = offset_;
  for (std::size_t term = 0; term < weights_.size(); ++term) {
    if (vartype_ == Vartype::spin)
      sum += c.down[term] % 2 == 0 ? weights_[term] : -weights_[term];
    else if (c.down[term] == 0)
      sum += weights_[term];
  }
  return sum;
}

double PolynomialModel::flip_cost(const Configuration& c, Index i) const {
  double sum = 0;
  if (vartype_ == Vartype::spin) {
    for (const std::int64_t term : terms_of(i)) {
      const auto at = static_cast<std::size_t>(term);
      sum += c.down[at] % 2 == 0 ? weights_[at] : -weights_[at];
    }
    return -2 * sum;
  }
  // Bits: the flip of a 1 ends the terms that are 1, that of a 0 completes the terms where it is the only 0.
  const bool is_one = c.spins[static_cast<std::size_t>(i)] > 0;
  const std::int32_t zeros = is_one ? 0 : 1;
  for (const std::int64_t term : terms_of(i)) {
    const auto at = static_cast<std::size_t>(term);
    if (c.down[at] == zeros) sum += weights_[at];
  }
  return is_one ? -sum : sum;
}

void PolynomialModel::flip(Configuration& c, Index i) const {
  std::int8_t& spin = c.spins[static_cast<std::size_t>(i)];
  const std::int32_t change = spin > 0 ? 1 : -1;
  for (const std::int64_t term : terms_of(i)) c.down[static_cast<std::size_t>(term)] += change;
  spin = static_cast<std::int8_t>(-spin);
}

IsingModel PolynomialModel::to_ising() const {
  if (max_order() > 2)
    throw InvalidInput("a term has {} variables; an Ising model has at most 2 in a term", max_order());
  std::vector<double> linear(static_cast<std::size_t>(size_));
  std::vector<Coupling> quadratic;
  for (std::int64_t term = 0; term < terms(); ++term) {
    const auto in_term = variables(term);
    if (in_term.size() == 1)
      linear[static_cast<std::size_t>(in_term[0])] = weight(term);
    else
      quadratic.push_back({in_term[0], in_term[1], weight(term)});
  }
  if (vartype_ == Vartype::spin) return IsingModel(std::move(linear), quadratic, offset_);
  return qubo_problem(std::move(linear), quadratic, offset_, false).ising;
}

}  // namespace lehr::spin
