#include "lehr/sample/model/model.hpp"

#include <cmath>
#include <map>
#include <optional>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/sample/model/families.hpp"
#include "lehr/sample/model/formula.hpp"
#include "lehr/sample/model/graph.hpp"

namespace lehr::sample {
namespace {

constexpr std::int64_t largest_model = 1'000'000;

}  // namespace

struct Model::Content {
  Graph graph;
  Graph::Node density = -1;
  std::int64_t dimension = 0;
  std::vector<double> start;
  std::vector<Graph::Node> reported;
  std::vector<std::string> names;
  Eigen::Index parameters = 0;
};

// Reads a description section by section.
class Model::Builder {
 public:
  Builder(const Json& description, std::string_view where, const std::filesystem::path& base)
      : description_(description), where_(where), base_(base) {}

  Content build() {
    check_keys();
    section("data", [&](const std::string& key, const Json& value) { read_data(key, value); });
    section("parameters", [&](const std::string& key, const Json& value) { read_parameter(key, value); });
    if (content_.dimension == 0) throw InvalidInput("{}: the model has no parameters", where_);
    content_.parameters = static_cast<Eigen::Index>(content_.names.size());
    section("define", [&](const std::string& key, const Json& value) {
      const Node node =
          parse_formula(graph(), text_of(value, place("define", key)), names(), place("define", key));
      name_node(key, node, place("define", key));
      report(key, node);
    });
    section("model", [&](const std::string& key, const Json& value) { read_statement(key, value); });
    if (description_.contains("log_density"))
      add_terms(parse_formula(graph(), text_of(description_["log_density"], place("log_density")), names(),
                              place("log_density")));
    content_.density = density_;
    return std::move(content_);
  }

 private:
  using Node = Graph::Node;
  struct Bounds {
    std::optional<double> lower, upper;
  };

  Graph& graph() { return content_.graph; }
  std::string place(std::string_view section, std::string_view key = {}) const {
    return key.empty() ? fmt::format("{}: {}", where_, section)
                       : fmt::format("{}: {}.{}", where_, section, key);
  }

  void check_keys() const {
    if (!description_.is_object()) throw InvalidInput("{}: a model is a table", where_);
    const std::vector<std::string> known{"title", "data", "parameters", "define", "model", "log_density"};
    for (const auto& [key, value] : description_.items())
      if (std::ranges::find(known, key) == known.end())
        throw InvalidInput("{}: unknown section {}{}", where_, quote(key), hint(key, known));
  }

  template <class Read>
  void section(const std::string& name, Read read) {
    if (!description_.contains(name)) return;
    const Json& table = description_[name];
    if (!table.is_object()) throw InvalidInput("{}: {} is no table", where_, name);
    for (const auto& [key, value] : table.items()) read(key, value);
  }

  static std::string text_of(const Json& value, const std::string& where) {
    if (value.is_number()) return value.dump();
    if (!value.is_string())
      throw InvalidInput("{}: expected a formula in quotes, found {}", where, quote(value.dump()));
    return value.get<std::string>();
  }

  Names names() {
    return [this](std::string_view name) {
      const auto found = nodes_.find(name);
      if (found != nodes_.end()) return found->second;
      std::vector<std::string> known;
      for (const auto& [key, node] : nodes_) known.push_back(key);
      throw InvalidInput("unknown name {}{}", quote(name), hint(name, known));
    };
  }
  void name_node(const std::string& name, Node node, const std::string& where) {
    if (!nodes_.emplace(name, node).second) throw InvalidInput("{}: this name is taken already", where);
  }
  void report(const std::string& name, Node node) {
    content_.reported.push_back(node);
    const std::int64_t size = graph().size(node);
    for (std::int64_t k = 1; k <= size; ++k)
      content_.names.push_back(size == 1 ? name : fmt::format("{}[{}]", name, k));
  }

  // ---- data
  void read_data(const std::string& key, const Json& value) {
    if (key == "file" && value.is_string()) return read_table(base_ / value.get<std::string>());
    std::vector<double> values;
    const Json list = value.is_array() ? value : Json::array({value});
    for (const Json& item : list) {
      if (!item.is_number())
        throw InvalidInput("{}: expected numbers, found {}", place("data", key), quote(item.dump()));
      values.push_back(item.get<double>());
    }
    if (values.empty()) throw InvalidInput("{}: no values", place("data", key));
    name_node(key, graph().constant(std::move(values)), place("data", key));
  }
  void read_table(const std::filesystem::path& path) {
    const CsvTable table = read_csv(path);
    if (table.rows == 0) throw InvalidInput("{}: no rows", path.string());
    for (const std::string& column : table.columns)
      name_node(column, graph().constant(column_values(table, column)), place("data", column));
  }
  // Numbers, or the levels of a column of text, numbered from 1 in the order of their first appearance.
  static std::vector<double> column_values(const CsvTable& table, const std::string& column) {
    try {
      return table.number_column(column, MissingCells::refuse);
    } catch (const InvalidInput&) {
      std::map<std::string, double, std::less<>> levels;
      std::vector<double> values;
      for (const std::string& text : table.text_column(column)) {
        if (text.empty()) throw;
        values.push_back(levels.emplace(text, static_cast<double>(levels.size() + 1)).first->second);
      }
      if (levels.size() == values.size() && values.size() > 1)
        throw;  // no groups: a mistyped number, or names
      return values;
    }
  }

  // ---- parameters
  void read_parameter(const std::string& key, const Json& value) {
    const std::string where = place("parameters", key);
    const Json table = value.is_object() ? value : Json{{"prior", value}};
    const std::vector<std::string> known{"prior", "size", "lower", "upper", "start"};
    for (const auto& [name, entry] : table.items())
      if (std::ranges::find(known, name) == known.end())
        throw InvalidInput("{}: unknown key {}{}", where, quote(name), hint(name, known));
    const std::int64_t size = table.contains("size") ? size_of(table["size"], where) : 1;
    if (content_.dimension + size > largest_model)
      throw InvalidInput("{}: more than a million coordinates", where);

    std::optional<DistributionCall> prior;
    if (table.contains("prior"))
      prior = parse_distribution(graph(), text_of(table["prior"], where), names(), where);
    Bounds bounds = prior ? support_of(*prior, where) : Bounds{};
    if (table.contains("lower")) bounds.lower = number_of(table["lower"], where + ".lower");
    if (table.contains("upper")) bounds.upper = number_of(table["upper"], where + ".upper");
    if (bounds.lower && bounds.upper && !(*bounds.lower < *bounds.upper))
      throw InvalidInput("{}: the lower bound {} is not below the upper one {}", where, *bounds.lower,
                         *bounds.upper);

    const Node free = graph().variables(content_.dimension, size);
    content_.dimension += size;
    const Node parameter = bounded(free, bounds);
    const double start = unbounded(
        table.contains("start") ? std::optional(number_of(table["start"], where + ".start")) : std::nullopt,
        bounds, where);
    content_.start.insert(content_.start.end(), static_cast<std::size_t>(size), start);
    name_node(key, parameter, where);
    report(key, parameter);
    if (prior) add_terms(log_density_of(*prior, parameter, where));
  }

  static double number_of(const Json& value, const std::string& where) {
    if (!value.is_number()) throw InvalidInput("{}: expected a number, found {}", where, quote(value.dump()));
    return value.get<double>();
  }
  std::int64_t size_of(const Json& value, const std::string& where) {
    double size = 0;
    if (value.is_string()) {
      const auto found = nodes_.find(value.get<std::string>());
      if (found == nodes_.end() || !graph().is_constant(found->second))
        throw InvalidInput("{}.size: {} is no data", where, quote(value.get<std::string>()));
      for (const double level : graph().constant_values(found->second)) size = std::max(size, level);
    } else {
      size = number_of(value, where + ".size");
    }
    if (!(size >= 1 && size <= static_cast<double>(largest_model)) || size != std::floor(size))
      throw InvalidInput("{}.size: expected a whole number in [1, 1000000], found {}", where, size);
    return static_cast<std::int64_t>(size);
  }

  Bounds support_of(const DistributionCall& prior, const std::string& where) {
    const Family& family = family_of(prior, where);
    if (family.support == Support::counts)
      throw InvalidInput("{}: {} is a law of counts, which a parameter cannot have", where, family.name);
    if (family.support == Support::positive) return {0.0, std::nullopt};
    if (family.support == Support::unit) return {0.0, 1.0};
    if (family.support == Support::real) return {};
    Bounds bounds;
    for (const auto& [end, argument] :
         {std::pair{&bounds.lower, prior.arguments[0]}, {&bounds.upper, prior.arguments[1]}}) {
      if (!graph().is_constant(argument) || graph().size(argument) != 1)
        throw InvalidInput("{}: the bounds of a uniform prior are plain numbers", where);
      *end = graph().constant_values(argument).front();
    }
    return bounds;
  }

  // The bounded parameter of free coordinates; the log Jacobian joins the density.
  Node bounded(Node free, const Bounds& bounds) {
    Graph& g = graph();
    if (!bounds.lower && !bounds.upper) return free;
    if (bounds.lower && bounds.upper) {
      const double width = *bounds.upper - *bounds.lower;
      // d/du width / (1 + e^-u): log width - log(1 + e^u) - log(1 + e^-u)
      add_terms(g.binary(Binary::subtract, g.constant(std::log(width)),
                         g.binary(Binary::add, g.unary(Unary::log1p_exp, free),
                                  g.unary(Unary::log1p_exp, g.unary(Unary::negate, free)))));
      return g.binary(Binary::add, g.constant(*bounds.lower),
                      g.binary(Binary::multiply, g.constant(width), g.unary(Unary::logistic, free)));
    }
    add_terms(free);
    const Node distance = g.unary(Unary::exp, free);
    return bounds.lower ? g.binary(Binary::add, g.constant(*bounds.lower), distance)
                        : g.binary(Binary::subtract, g.constant(*bounds.upper), distance);
  }
  static double unbounded(std::optional<double> start, const Bounds& bounds, const std::string& where) {
    if (!start) return 0;
    const bool inside =
        (!bounds.lower || *start > *bounds.lower) && (!bounds.upper || *start < *bounds.upper);
    if (!inside) throw InvalidInput("{}: the start {} is not inside the bounds", where, *start);
    if (bounds.lower && bounds.upper) return std::log((*start - *bounds.lower) / (*bounds.upper - *start));
    if (bounds.lower) return std::log(*start - *bounds.lower);
    return bounds.upper ? std::log(*bounds.upper - *start) : *start;
  }

  // ---- statements
  void read_statement(const std::string& key, const Json& value) {
    const std::string where = place("model", key);
    const auto found = nodes_.find(key);
    if (found == nodes_.end()) {
      std::vector<std::string> known;
      for (const auto& [name, node] : nodes_) known.push_back(name);
      throw InvalidInput("{}: no data and no parameter has this name{}", where, hint(key, known));
    }
    const DistributionCall call = parse_distribution(graph(), text_of(value, where), names(), where);
    add_terms(log_density_of(call, found->second, where));
  }
  Node log_density_of(const DistributionCall& call, Node x, const std::string& where) {
    try {
      return family_of(call, where).log_density(graph(), x, call.arguments);
    } catch (const InvalidInput& error) {
      const std::string text = error.what();
      throw InvalidInput("{}", text.starts_with(where) ? text : fmt::format("{}: {}", where, text));
    }
  }
  void add_terms(Node terms) {
    const Node sum = graph().size(terms) == 1 ? terms : graph().sum(terms);
    density_ = density_ < 0 ? sum : graph().binary(Binary::add, density_, sum);
  }

  const Json& description_;
  std::string where_;
  std::filesystem::path base_;
  Content content_;
  Node density_ = -1;
  std::map<std::string, Node, std::less<>> nodes_;
};

Model::Model(const Json& description, std::string_view where, const std::filesystem::path& base)
    : content_(std::make_shared<Content>(Builder(description, where, base).build())) {
  if (content_->density < 0 || content_->graph.is_constant(content_->density))
    throw InvalidInput("{}: nothing gives the parameters a density", where);
}

Eigen::Index Model::dimension() const { return content_->dimension; }

LogDensity Model::log_density() const {
  return {.dimension = content_->dimension,
          .value = [content = content_](
                       const Eigen::VectorXd& u) { return content->graph.value(content->density, u); },
          .with_gradient =
              [content = content_](const Eigen::VectorXd& u, Eigen::VectorXd& gradient) {
                return content->graph.gradient(content->density, u, gradient);
              }};
}

Eigen::VectorXd Model::start() const {
  return Eigen::Map<const Eigen::VectorXd>(content_->start.data(),
                                           static_cast<Eigen::Index>(content_->start.size()));
}

const std::vector<std::string>& Model::names() const { return content_->names; }
Eigen::Index Model::parameters() const { return content_->parameters; }

Eigen::VectorXd Model::values(const Eigen::VectorXd& u) const {
  Eigen::VectorXd all(static_cast<Eigen::Index>(content_->names.size()));
  Eigen::Index next = 0;
  for (const Graph::Node node : content_->reported)
    for (const double value : content_->graph.evaluate(node, u)) all(next++) = value;
  return all;
}

}  // namespace lehr::sample
