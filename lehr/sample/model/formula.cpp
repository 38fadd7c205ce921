#include "lehr/sample/model/formula.hpp"

#include <cctype>
#include <charconv>
#include <map>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

constexpr std::size_t longest_formula = 64 * 1024;
constexpr int deepest_formula = 100;

const std::map<std::string, Unary, std::less<>>& unary_functions() {
  static const std::map<std::string, Unary, std::less<>> functions{{"exp", Unary::exp},
                                                                   {"log", Unary::log},
                                                                   {"sqrt", Unary::sqrt},
                                                                   {"square", Unary::square},
                                                                   {"abs", Unary::abs},
                                                                   {"sin", Unary::sin},
                                                                   {"cos", Unary::cos},
                                                                   {"tanh", Unary::tanh},
                                                                   {"atan", Unary::atan},
                                                                   {"log1p", Unary::log1p},
                                                                   {"log1p_exp", Unary::log1p_exp},
                                                                   {"logistic", Unary::logistic},
                                                                   {"log_gamma", Unary::log_gamma}};
  return functions;
}

class FormulaParser {
 public:
  using Node = Graph::Node;
  FormulaParser(Graph& graph, std::string_view text, const Names& names, std::string_view where)
      : graph_(graph), text_(text), names_(names), where_(where) {
    if (text.size() > longest_formula) fail("a formula of more than 64 KiB");
  }

  Node whole_formula() {
    const Node node = formula();
    expect_end();
    return node;
  }

  DistributionCall whole_distribution() {
    DistributionCall call;
    call.name = name();
    if (call.name.empty()) fail("expected a distribution such as normal(0, 1)");
    if (!take('(')) fail("expected '(' after '" + call.name + "'");
    call.arguments = arguments();
    expect_end();
    return call;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InvalidInput("{}, column {} of {}: {}", where_, at_ + 1, quote(text_, 60), what);
  }
  void expect_end() {
    skip_spaces();
    if (at_ < text_.size()) fail("unexpected " + quote(text_.substr(at_, 1)));
  }
  void skip_spaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool take(char c) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string name() {
    skip_spaces();
    std::size_t end = at_;
    const auto is_letter = [&](char c) {
      return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
             (end > at_ && (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.'));
    };
    while (end < text_.size() && is_letter(text_[end])) ++end;
    const std::string found(text_.substr(at_, end - at_));
    at_ = end;
    return found;
  }

  // Runs `make`; what the graph refuses (sizes) is told with the place.
  template <class Make>
  Node made(Make make) {
    try {
      return make();
    } catch (const InvalidInput& error) {
      fail(error.what());
    }
  }
  Node binary(Binary operation, Node a, Node b) {
    return made([&] { return graph_.binary(operation, a, b); });
  }

  Node formula() {
    if (++depth_ > deepest_formula) fail("nested deeper than 100");
    Node node = term();
    for (;;) {
      if (take('+'))
        node = binary(Binary::add, node, term());
      else if (take('-'))
        node = binary(Binary::subtract, node, term());
      else
        break;
    }
    --depth_;
    return node;
  }
  Node term() {
    Node node = factor();
    for (;;) {
      if (take('*'))
        node = binary(Binary::multiply, node, factor());
      else if (take('/'))
        node = binary(Binary::divide, node, factor());
      else
        return node;
    }
  }
  Node factor() {
    if (++depth_ > deepest_formula) fail("nested deeper than 100");
    const Node node = take('-') ? graph_.unary(Unary::negate, factor()) : power();
    --depth_;
    return node;
  }
  Node power() {
    const Node base = atom();
    return take('^') ? binary(Binary::power, base, factor()) : base;
  }

  Node atom() {
    skip_spaces();
    if (take('(')) {
      const Node node = formula();
      if (!take(')')) fail("expected ')'");
      return node;
    }
    if (at_ < text_.size() &&
        (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '.'))
      return number();
    const std::size_t start = at_;
    const std::string word = name();
    if (word.empty())
      fail(at_ < text_.size() ? "unexpected " + quote(text_.substr(at_, 1)) : "the formula ends here");
    if (take('(')) return call(word, start);
    const Node node = resolve(word, start);
    return take('[') ? indexed(node, word) : node;
  }

  Node number() {
    double value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) fail("expected a number");
    at_ = static_cast<std::size_t>(end - text_.data());
    return graph_.constant(value);
  }

  Node resolve(const std::string& word, std::size_t start) {
    try {
      return names_(word);
    } catch (const InvalidInput& error) {
      at_ = start;
      fail(error.what());
    }
  }

  Node call(const std::string& word, std::size_t start) {
    const std::vector<Node> values = arguments();
    const auto one = [&] {
      if (values.size() != 1) at_ = start, fail("'" + word + "' takes one argument");
      return values.front();
    };
    if (word == "sum") return graph_.sum(one());
    const auto found = unary_functions().find(word);
    if (found == unary_functions().end()) {
      std::vector<std::string> known{"sum"};
      for (const auto& [function, operation] : unary_functions()) known.push_back(function);
      at_ = start;
      fail("no function has the name '" + word + "'" + hint(word, known));
    }
    return graph_.unary(found->second, one());
  }

  std::vector<Node> arguments() {
    std::vector<Node> values;
    if (take(')')) return values;
    do values.push_back(formula());
    while (take(','));
    if (!take(')')) fail("expected ',' or ')'");
    return values;
  }

  Node indexed(Node node, const std::string& word) {
    const std::size_t start = at_;
    const Node index = formula();
    if (!take(']')) fail("expected ']'");
    if (!graph_.is_constant(index)) at_ = start, fail("indexes are data, not parameters");
    std::vector<std::int64_t> places;
    for (const double value : graph_.constant_values(index)) {
      if (!(value >= 1 && value <= static_cast<double>(graph_.size(node))) || value != std::floor(value))
        at_ = start,
        fail(fmt::format("index {} of '{}', whose indexes are 1 .. {}", value, word, graph_.size(node)));
      places.push_back(static_cast<std::int64_t>(value) - 1);
    }
    return graph_.gather(node, std::move(places));
  }

  Graph& graph_;
  std::string_view text_;
  const Names& names_;
  std::string_view where_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Graph::Node parse_formula(Graph& graph, std::string_view text, const Names& names, std::string_view where) {
  return FormulaParser(graph, text, names, where).whole_formula();
}

DistributionCall parse_distribution(Graph& graph, std::string_view text, const Names& names,
                                    std::string_view where) {
  return FormulaParser(graph, text, names, where).whole_distribution();
}

}  // namespace lehr::sample
