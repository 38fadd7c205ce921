#include "lehr/sample/law_design.hpp"

#include <algorithm>
#include <optional>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/sample/latin_hypercube.hpp"

namespace lehr::sample {

using schedule::Expression;
using schedule::Source;

namespace {

constexpr std::uint64_t most_designs = 10'000;  // drawn in search of one with laws alone
constexpr const char* law_source = "law";

bool is_range(const Expression& item) {
  return item.kind == Expression::Kind::list && item.items.size() == 2 &&
         std::ranges::all_of(item.items,
                             [](const Expression& e) { return e.kind == Expression::Kind::number; });
}

}  // namespace

void LawTemplate::find_ranges(const Expression& call, std::size_t variable, std::vector<std::size_t> path) {
  if (call.kind != Expression::Kind::call || call.text == "empirical") return;
  for (std::size_t i = 0; i < call.items.size(); ++i) {
    const Expression& item = call.items[i];
    path.push_back(i);
    if (is_range(item)) {
      const double low = item.items[0].number, high = item.items[1].number;
      if (!(low < high))
        Source{law_source, {}}.fail(item.column, "a range [low, high] must rise, found [{}, {}]", low, high);
      const std::string argument = call.names[i].empty() ? fmt::format("argument {}", i + 1) : call.names[i];
      ranges_.push_back({names_[variable] + "." + argument, variable, path, low, high});
    }
    find_ranges(item, variable, path);
    path.pop_back();
  }
}

void LawTemplate::add(const std::string& name, std::string_view law, const std::filesystem::path& base) {
  if (std::ranges::find(names_, name) != names_.end())
    throw InvalidInput("law: two variables are called {}", quote(name));
  names_.push_back(name);
  laws_.push_back(schedule::parse_expression(law, law_source));
  bases_.push_back(base);
  find_ranges(laws_.back(), laws_.size() - 1, {});
  at(std::vector<double>(ranges_.size() + correlations_.size(), 0.5));  // it must be one amid its ranges
}

void LawTemplate::correlate(const std::string& first, const std::string& second, double low, double high) {
  const auto find = [&](const std::string& name) {
    const auto at = std::ranges::find(names_, name);
    if (at == names_.end())
      throw InvalidInput("correlation: no variable is called {}{}", quote(name), hint(name, names_));
    return static_cast<Index>(at - names_.begin());
  };
  const Index a = find(first), b = find(second);
  if (a == b) throw InvalidInput("correlation: {} is paired with itself", quote(first));
  for (const Correlation& other : correlations_)
    if (std::minmax(other.first, other.second) == std::minmax(a, b))
      throw InvalidInput("correlation: {} and {} are given twice", quote(first), quote(second));
  if (!(low <= high) || !(low > -1) || !(high < 1))
    throw InvalidInput("correlation of {} and {} must be in (-1, 1), found {}", quote(first), quote(second),
                       low == high ? fmt::format("{}", low) : fmt::format("[{}, {}]", low, high));
  correlations_.push_back({a, b, low, high});
}

std::vector<std::string> LawTemplate::ranges() const {
  std::vector<std::string> list;
  for (const Range& range : ranges_) list.push_back(range.name);
  for (const Correlation& pair : correlations_)
    if (pair.low < pair.high)
      list.push_back(fmt::format("correlation({}, {})", names_[static_cast<std::size_t>(pair.first)],
                                 names_[static_cast<std::size_t>(pair.second)]));
  return list;
}

std::vector<double> LawTemplate::values(std::span<const double> shares) const {
  std::vector<double> list;
  for (const Range& range : ranges_)
    list.push_back(range.low + shares[list.size()] * (range.high - range.low));
  for (const Correlation& pair : correlations_)
    if (pair.low < pair.high) list.push_back(pair.low + shares[list.size()] * (pair.high - pair.low));
  return list;
}

Law LawTemplate::at(std::span<const double> shares) const {
  const std::vector<double> chosen = values(shares);
  std::vector<Expression> laws = laws_;
  for (std::size_t r = 0; r < ranges_.size(); ++r) {
    Expression* place = &laws[ranges_[r].variable];
    for (const std::size_t argument : ranges_[r].path) place = &place->items[argument];
    Expression number;
    number.number = chosen[r];
    number.column = place->column;
    *place = std::move(number);
  }
  std::vector<Variable> variables;
  for (std::size_t k = 0; k < laws.size(); ++k)
    variables.push_back({names_[k], Marginal::from_expression(laws[k], {law_source, bases_[k]})});
  Eigen::MatrixXd correlation = Eigen::MatrixXd::Identity(dimension(), dimension());
  std::size_t next = ranges_.size();
  for (const Correlation& pair : correlations_)
    correlation(pair.first, pair.second) = correlation(pair.second, pair.first) =
        pair.low < pair.high ? chosen[next++] : pair.low;
  return Law(std::move(variables), std::move(correlation));
}

LawDesign design_laws(const LawTemplate& family, Index count, Seed seed) {
  LawDesign design;
  design.parameters = family.ranges();
  const auto d = static_cast<Index>(design.parameters.size());
  if (d == 0) {
    design.laws.push_back(family.at({}));
    return design;
  }
  std::string reason;
  for (std::uint64_t attempt = 0; attempt < most_designs; ++attempt) {
    const Eigen::MatrixXd shares = latin_hypercube(d, count, Stream(seed, lane("law design"), attempt));
    design.laws.clear();
    design.values.resize(d, count);
    try {
      for (Index i = 0; i < count; ++i) {
        const std::span<const double> own(shares.col(i).data(), static_cast<std::size_t>(d));
        design.laws.push_back(family.at(own));
        const std::vector<double> values = family.values(own);
        design.values.col(i) = Eigen::Map<const Eigen::VectorXd>(values.data(), d);
      }
      return design;
    } catch (const InvalidInput& error) {
      reason = error.what();
      if (!reason.starts_with("correlation")) throw;
    }
  }
  throw InvalidInput("law: {} designs of {} laws all hold one that is none: {}", most_designs, count, reason);
}

}  // namespace lehr::sample
