// The text form of Marginal: families, arguments, and what they build.
#include <cmath>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/sample/marginal.hpp"
#include "lehr/sample/marginal_node.hpp"

namespace lehr::sample {

using schedule::Argument;
using schedule::ArgumentKind;
using schedule::Arguments;
using schedule::Expression;
using schedule::Parameter;
using schedule::Signature;
using schedule::Source;

namespace {

Parameter real(std::string name, std::string help, std::string default_text = {}) {
  return {.name = std::move(name), .help = std::move(help), .default_text = std::move(default_text)};
}
Parameter above_zero(std::string name, std::string help, std::string default_text = {}) {
  Parameter parameter = real(std::move(name), std::move(help), std::move(default_text));
  parameter.range = schedule::positive;
  return parameter;
}
Parameter optional(Parameter parameter) {
  parameter.optional = true;
  return parameter;
}

// One family: how it is written and what it builds.
struct MarginalFamily {
  Signature signature;
  std::function<Marginal(const Arguments&, const Source&)> build;
};

void check_spread(const Arguments& given) {
  if (given.has("sd") == given.has("cov"))
    throw InvalidInput("one of 'sd' and 'cov' (sd / mean) must be given");
}

Marginal read_normal(const Arguments& given) {
  check_spread(given);
  const double mean = given.number("mean");
  return Marginal::normal(mean, given.has("sd") ? given.number("sd") : given.number("cov") * std::abs(mean));
}

Marginal read_lognormal(const Arguments& given) {
  const bool of_logarithm = given.has("log_mean") || given.has("log_sd");
  if (of_logarithm == given.has("mean") || (of_logarithm && !(given.has("log_mean") && given.has("log_sd"))))
    throw InvalidInput("'lognormal' needs 'mean' with 'cov' or 'sd', or 'log_mean' with 'log_sd'");
  if (!of_logarithm) {
    check_spread(given);
    const double mean = given.number("mean");
    return Marginal::lognormal(mean, given.has("cov") ? given.number("cov") : given.number("sd") / mean);
  }
  if (given.has("sd") || given.has("cov")) throw InvalidInput("'log_sd' already says the spread");
  const double mu = given.number("log_mean"), sigma = given.number("log_sd");
  return Marginal::lognormal(std::exp(mu + 0.5 * sigma * sigma), std::sqrt(std::expm1(sigma * sigma)));
}

Marginal read_empirical(const Arguments& given, const Source& source) {
  if (given.has("file") == given.has("values"))
    throw InvalidInput("'empirical' needs a file or a list of values");
  if (given.has("values")) return Marginal::empirical(given.numbers("values"));
  const std::filesystem::path path = source.base / given.word("file");
  const CsvTable table = read_csv(path);
  if (!given.has("column") && table.columns.size() != 1)
    throw InvalidInput("{} has {} columns: say which one by column=\"...\"", quote(given.word("file")),
                       table.columns.size());
  return Marginal::empirical(table.number_column(
      given.has("column") ? given.word("column") : table.columns.front(), MissingCells::refuse));
}

std::vector<MarginalFamily> make_families() {
  const Parameter sd = optional(above_zero("sd", "standard deviation"));
  const Parameter cov = optional(above_zero("cov", "coefficient of variation sd / |mean|"));
  return {
      {{"normal", "normal law", {real("mean", "mean"), sd, cov}},
       [](const Arguments& a, const Source&) { return read_normal(a); }},
      {{"lognormal",
        "law of the exponential of a normal variable",
        {optional(above_zero("mean", "mean of the variable itself")), cov, sd,
         optional(real("log_mean", "mean of its logarithm")),
         optional(above_zero("log_sd", "standard deviation of its logarithm"))}},
       [](const Arguments& a, const Source&) { return read_lognormal(a); }},
      {{"uniform", "uniform law", {real("low", "least value"), real("high", "largest value")}},
       [](const Arguments& a, const Source&) {
         return Marginal::uniform(a.number("low"), a.number("high"));
       }},
      {{"gamma",
        "gamma law",
        {above_zero("shape", "shape"), above_zero("scale", "scale; the mean is shape * scale")}},
       [](const Arguments& a, const Source&) {
         return Marginal::gamma(a.number("shape"), a.number("scale"));
       }},
      {{"weibull", "Weibull law", {above_zero("shape", "shape"), above_zero("scale", "63rd percentile")}},
       [](const Arguments& a, const Source&) {
         return Marginal::weibull(a.number("shape"), a.number("scale"));
       }},
      {{"exponential", "exponential law", {above_zero("mean", "mean")}},
       [](const Arguments& a, const Source&) { return Marginal::exponential(a.number("mean")); }},
      {{"beta",
        "beta law on an interval",
        {above_zero("a", "first shape"), above_zero("b", "second shape"), real("low", "least value", "0"),
         real("high", "largest value", "1")}},
       [](const Arguments& a, const Source&) {
         return Marginal::beta(a.number("a"), a.number("b"), a.number("low"), a.number("high"));
       }},
      {{"student_t",
        "Student's t",
        {above_zero("freedom", "degrees of freedom"), real("location", "center", "0"),
         above_zero("scale", "scale", "1")}},
       [](const Arguments& a, const Source&) {
         return Marginal::student_t(a.number("freedom"), a.number("location"), a.number("scale"));
       }},
      {{"empirical",
        "law of given values, quantiles interpolated linearly",
        {{.name = "file", .kind = ArgumentKind::text, .help = "CSV file", .optional = true},
         {.name = "column", .kind = ArgumentKind::text, .help = "its column", .optional = true},
         {.name = "values", .kind = ArgumentKind::numbers, .help = "the values", .optional = true}}},
       read_empirical},
  };
}

const std::vector<MarginalFamily>& known_families() {
  static const std::vector<MarginalFamily> list = make_families();
  return list;
}

const Signature& truncation() {
  static const Signature signature{
      "truncated",
      "another law, given as the first argument, inside an interval",
      {optional(real("low", "least value")), optional(real("high", "largest value"))}};
  return signature;
}

}  // namespace

// Truncations nest; all other arguments are numbers, texts and lists.
class MarginalReader {
 public:
  explicit MarginalReader(const Source& source) : source_(source) {}

  Marginal read(const Expression& call) const {
    if (call.kind != Expression::Kind::call)
      source_.fail(call.column, "expected a law such as normal(mean=0, sd=1), found {}", call.shown());
    if (call.text == truncation().name) return truncated(call);
    for (const MarginalFamily& family : known_families())
      if (family.signature.name == call.text)
        return placed(call, [&] { return family.build(bind(family.signature, call, source_), source_); });
    std::vector<std::string> names = {truncation().name};
    for (const MarginalFamily& family : known_families()) names.push_back(family.signature.name);
    source_.fail(call.column, "unknown law {}{}", quote(call.text), hint(call.text, names));
  }

 private:
  Marginal truncated(const Expression& call) const {
    if (call.items.empty() || !call.names.front().empty())
      source_.fail(call.column, "'truncated' needs the law first: truncated(normal(0, 1), low=0)");
    const Marginal law = read(call.items.front());
    Expression ends = call;
    ends.items.erase(ends.items.begin());
    ends.names.erase(ends.names.begin());
    ends.name_columns.erase(ends.name_columns.begin());
    return placed(call, [&] {
      const Arguments given = bind(truncation(), ends, source_);
      if (!given.has("low") && !given.has("high")) throw InvalidInput("'truncated' needs 'low' or 'high'");
      return Marginal::truncated(law, given.has("low") ? given.number("low") : -families::infinity,
                                 given.has("high") ? given.number("high") : families::infinity);
    });
  }

  // Says where the law stands whose parameters do not fit together.
  template <class Build>
  Marginal placed(const Expression& call, Build build) const {
    try {
      return build();
    } catch (const InvalidInput& error) {
      const std::string message = error.what();
      if (message.starts_with(source_.what + ", column")) throw;
      source_.fail(call.column, "{}", message);
    }
  }

  const Source& source_;
};

Marginal Marginal::from_expression(const Expression& expression, const Source& source) {
  return MarginalReader(source).read(expression);
}

Marginal Marginal::parse(std::string_view text, const std::filesystem::path& base) {
  return from_expression(schedule::parse_expression(text, "law"), {"law", base});
}

std::vector<Signature> marginal_families() {
  std::vector<Signature> list;
  for (const MarginalFamily& family : known_families()) list.push_back(family.signature);
  list.push_back(truncation());
  return list;
}

}  // namespace lehr::sample
