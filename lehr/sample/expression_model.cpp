#include "lehr/sample/expression_model.hpp"

#include <muParser.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

constexpr std::size_t longest_formula = 4096;
constexpr std::size_t most_formulas = 1000;
constexpr int deepest_brackets = 64;

double sum_of(const double* values, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += values[i];
  return sum;
}
double least_of(const double* values, int count) { return *std::min_element(values, values + count); }
double most_of(const double* values, int count) { return *std::max_element(values, values + count); }

using Function = double (*)(double);
constexpr std::pair<const char*, Function> plain_functions[] = {
    {"sin", [](double x) { return std::sin(x); }},
    {"cos", [](double x) { return std::cos(x); }},
    {"tan", [](double x) { return std::tan(x); }},
    {"asin", [](double x) { return std::asin(x); }},
    {"acos", [](double x) { return std::acos(x); }},
    {"atan", [](double x) { return std::atan(x); }},
    {"sinh", [](double x) { return std::sinh(x); }},
    {"cosh", [](double x) { return std::cosh(x); }},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"exp", [](double x) { return std::exp(x); }},
    {"ln", [](double x) { return std::log(x); }},
    {"log10", [](double x) { return std::log10(x); }},
    {"log2", [](double x) { return std::log2(x); }},
    {"sqrt", [](double x) { return std::sqrt(x); }},
    {"abs", [](double x) { return std::abs(x); }},
    {"sign", [](double x) { return x > 0   ? 1.0
                                   : x < 0 ? -1.0
                                           : 0.0; }},
};
using ListFunction = double (*)(const double*, int);
constexpr std::pair<const char*, ListFunction> list_functions[] = {
    {"sum", sum_of}, {"min", least_of}, {"max", most_of}};

void define_functions(mu::Parser& parser) {
  parser.ClearFun();
  parser.ClearConst();
  for (const auto& [name, function] : plain_functions) parser.DefineFun(name, function);
  for (const auto& [name, function] : list_functions) parser.DefineFun(name, function);
  parser.DefineConst("pi", M_PI);
}

bool is_identifier(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// What muParser would read but a formula must not be: assignments, deep brackets, very long text.
void check_formula(const Formula& formula) {
  const std::string& text = formula.text;
  if (text.empty() || text.size() > longest_formula)
    throw InvalidInput("{}: a formula has 1 to {} bytes, found {}", formula.name, longest_formula,
                       text.size());
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(' && ++depth > deepest_brackets)
      throw InvalidInput("{}: brackets deeper than {}", formula.name, deepest_brackets);
    if (text[i] == ')') --depth;
    if (text[i] != '=') continue;
    const bool compares = (i > 0 && std::string_view("<>!=").find(text[i - 1]) != std::string_view::npos) ||
                          (i + 1 < text.size() && text[i + 1] == '=');
    if (!compares)
      throw InvalidInput("{}: a formula has no '=' (a comparison is '=='): {}", formula.name, quote(text));
  }
}

// The formulas compiled for one thread, and the values that they read and write.
class FormulaProgram {
 public:
  // Each formula may use the first `named` ones that stand before it.
  FormulaProgram(const std::vector<std::string>& inputs, const std::vector<Formula>& formulas,
                 std::size_t named)
      : inputs_(inputs.size()), values_(inputs.size() + formulas.size()), parsers_(formulas.size()) {
    for (std::size_t k = 0; k < formulas.size(); ++k) {
      define_functions(parsers_[k]);
      for (std::size_t i = 0; i < inputs.size(); ++i) parsers_[k].DefineVar(inputs[i], &values_[i]);
      for (std::size_t i = 0; i < std::min(k, named); ++i)
        parsers_[k].DefineVar(formulas[i].name, &values_[inputs_ + i]);
      parsers_[k].SetExpr(formulas[k].text);
    }
  }
  FormulaProgram(const FormulaProgram&) = delete;
  FormulaProgram& operator=(const FormulaProgram&) = delete;

  void check(const std::vector<Formula>& formulas) {
    std::ranges::fill(values_, 1.0);
    for (std::size_t k = 0; k < parsers_.size(); ++k) try {
        int results = 0;
        parsers_[k].Eval(results);
        if (results != 1) throw InvalidInput("{}: a comma outside a function", formulas[k].name);
      } catch (const mu::ParserError& error) {
        throw InvalidInput("{}: {} cannot be read: {}", formulas[k].name, quote(formulas[k].text),
                           error.GetMsg());
      }
  }

  // The values of all formulas at a point.
  std::span<const double> run(const Eigen::Ref<const Eigen::VectorXd>& point) {
    std::copy(point.begin(), point.end(), values_.begin());
    for (std::size_t k = 0; k < parsers_.size(); ++k) values_[inputs_ + k] = parsers_[k].Eval();
    return std::span(values_).subspan(inputs_);
  }

 private:
  std::size_t inputs_;
  std::vector<double> values_;
  std::vector<mu::Parser> parsers_;
};

void check_names(const std::vector<std::string>& inputs, const std::vector<Formula>& intermediate,
                 const std::vector<Formula>& outputs) {
  std::set<std::string> seen = {"pi"};
  for (const auto& [name, function] : plain_functions) seen.insert(name);
  for (const auto& [name, function] : list_functions) seen.insert(name);
  const auto name = [&](const std::string& text, bool used_in_formulas) {
    if (used_in_formulas && !is_identifier(text))
      throw InvalidInput("{}: a name has letters, digits and _, and does not begin with a digit",
                         quote(text));
    if (!seen.insert(text).second)
      throw InvalidInput("{}: the name is taken twice, or that of a function or of pi", quote(text));
  };
  for (const std::string& input : inputs) name(input, true);
  for (const Formula& formula : intermediate) name(formula.name, true);
  for (const Formula& formula : outputs) name(formula.name, false);
}

}  // namespace

ForwardModel expression_model(std::vector<std::string> inputs, std::vector<Formula> intermediate,
                       std::vector<Formula> outputs) {
  if (outputs.empty()) throw InvalidInput("model: it has no outputs");
  if (intermediate.size() + outputs.size() > most_formulas)
    throw InvalidInput("model: at most {} formulas are allowed, found {}", most_formulas,
                       intermediate.size() + outputs.size());
  check_names(inputs, intermediate, outputs);
  ForwardModel model;
  model.inputs = inputs;
  for (const Formula& output : outputs) model.outputs.push_back(output.name);

  std::vector<Formula> formulas = std::move(intermediate);
  const std::size_t first_output = formulas.size();
  for (Formula& output : outputs) formulas.push_back(std::move(output));
  for (const Formula& formula : formulas) check_formula(formula);
  FormulaProgram(inputs, formulas, first_output).check(formulas);

  const auto count = static_cast<Index>(model.outputs.size());
  model.evaluate = [inputs = std::move(inputs), formulas = std::move(formulas), first_output,
                    count](const Points& points) {
    Eigen::MatrixXd values(count, points.cols());
    for_point_blocks(points.cols(), [&](Index first, Index size) {
      FormulaProgram program(inputs, formulas, first_output);
      for (Index i = first; i < first + size; ++i) {
        const std::span<const double> all = program.run(points.col(i));
        std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(first_output), count, values.col(i).begin());
      }
    });
    return values;
  };
  return model;
}

}  // namespace lehr::sample
