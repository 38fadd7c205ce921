#include "lehr/sample/model/families.hpp"

#include <fmt/ranges.h>

#include <numbers>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

// Arithmetic on the nodes of one graph, so that densities read as their formulas.
struct Term {
  Graph* graph;
  Graph::Node node;
};
Term operator+(Term a, Term b) { return {a.graph, a.graph->binary(Binary::add, a.node, b.node)}; }
Term operator-(Term a, Term b) { return {a.graph, a.graph->binary(Binary::subtract, a.node, b.node)}; }
Term operator*(Term a, Term b) { return {a.graph, a.graph->binary(Binary::multiply, a.node, b.node)}; }
Term operator/(Term a, Term b) { return {a.graph, a.graph->binary(Binary::divide, a.node, b.node)}; }
Term operator-(Term a) { return {a.graph, a.graph->unary(Unary::negate, a.node)}; }
Term number(Term a, double value) { return {a.graph, a.graph->constant(value)}; }
Term operator+(Term a, double b) { return a + number(a, b); }
Term operator-(Term a, double b) { return a - number(a, b); }
Term operator-(double a, Term b) { return number(b, a) - b; }
Term operator*(double a, Term b) { return number(b, a) * b; }
Term log(Term a) { return {a.graph, a.graph->unary(Unary::log, a.node)}; }
Term log1p(Term a) { return {a.graph, a.graph->unary(Unary::log1p, a.node)}; }
Term exp(Term a) { return {a.graph, a.graph->unary(Unary::exp, a.node)}; }
Term square(Term a) { return {a.graph, a.graph->unary(Unary::square, a.node)}; }
Term abs(Term a) { return {a.graph, a.graph->unary(Unary::abs, a.node)}; }
Term log_gamma(Term a) { return {a.graph, a.graph->unary(Unary::log_gamma, a.node)}; }
Term log1p_exp(Term a) { return {a.graph, a.graph->unary(Unary::log1p_exp, a.node)}; }

using Arguments = std::vector<Term>;
using Formula = Term (*)(Term x, const Arguments& a);

const double log_pi = std::log(std::numbers::pi);
const double log_root_two_pi = 0.5 * std::log(2 * std::numbers::pi);

Term normal_term(Term x, const Arguments& a) {
  return -0.5 * square((x - a[0]) / a[1]) - log(a[1]) - log_root_two_pi;
}
Term student_t_term(Term x, const Arguments& a) {
  const Term nu = a[0];
  return log_gamma(0.5 * (nu + 1)) - log_gamma(0.5 * nu) - 0.5 * log(nu) - 0.5 * log_pi - log(a[2]) -
         0.5 * (nu + 1) * log1p(square((x - a[1]) / a[2]) / nu);
}
Term cauchy_term(Term x, const Arguments& a) {
  return -log1p(square((x - a[0]) / a[1])) - log(a[1]) - log_pi;
}
Term half_normal_term(Term x, const Arguments& a) {
  return -0.5 * square(x / a[0]) - log(a[0]) - (log_root_two_pi - std::numbers::ln2);
}
Term half_cauchy_term(Term x, const Arguments& a) {
  return -log1p(square(x / a[0])) - log(a[0]) - (log_pi - std::numbers::ln2);
}
Term exponential_term(Term x, const Arguments& a) { return log(a[0]) - a[0] * x; }
Term gamma_term(Term x, const Arguments& a) {
  return a[0] * log(a[1]) - log_gamma(a[0]) + (a[0] - 1) * log(x) - a[1] * x;
}
Term inverse_gamma_term(Term x, const Arguments& a) {
  return a[0] * log(a[1]) - log_gamma(a[0]) - (a[0] + 1) * log(x) - a[1] / x;
}
Term beta_term(Term x, const Arguments& a) {
  return log_gamma(a[0] + a[1]) - log_gamma(a[0]) - log_gamma(a[1]) + (a[0] - 1) * log(x) +
         (a[1] - 1) * log1p(-x);
}
Term uniform_term(Term x, const Arguments& a) { return 0.0 * x - log(a[1] - a[0]); }
Term lognormal_term(Term x, const Arguments& a) {
  return -0.5 * square((log(x) - a[0]) / a[1]) - log(a[1]) - log(x) - log_root_two_pi;
}
Term laplace_term(Term x, const Arguments& a) {
  return -abs((x - a[0]) / a[1]) - log(a[1]) - std::numbers::ln2;
}
Term logistic_term(Term x, const Arguments& a) {
  const Term z = (x - a[0]) / a[1];
  return -z - 2.0 * log1p_exp(-z) - log(a[1]);
}
Term poisson_term(Term x, const Arguments& a) { return x * log(a[0]) - a[0] - log_gamma(x + 1); }
Term poisson_log_term(Term x, const Arguments& a) { return x * a[0] - exp(a[0]) - log_gamma(x + 1); }
Term bernoulli_term(Term x, const Arguments& a) { return x * log(a[0]) + (1 - x) * log1p(-a[0]); }
Term bernoulli_logit_term(Term x, const Arguments& a) { return x * a[0] - log1p_exp(a[0]); }
Term log_choose(Term n, Term k) { return log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1); }
Term binomial_term(Term x, const Arguments& a) {
  return log_choose(a[0], x) + x * log(a[1]) + (a[0] - x) * log1p(-a[1]);
}
Term binomial_logit_term(Term x, const Arguments& a) {
  return log_choose(a[0], x) + x * a[1] - a[0] * log1p_exp(a[1]);
}

template <Formula formula>
Graph::Node as_node(Graph& graph, Graph::Node x, const std::vector<Graph::Node>& arguments) {
  Arguments terms;
  for (const Graph::Node argument : arguments) terms.push_back({&graph, argument});
  return formula({&graph, x}, terms).node;
}

}  // namespace

const std::vector<Family>& model_families() {
  using enum Support;
  static const std::vector<Family> families{
      {"normal", {"mean", "sd"}, real, "normal law", as_node<normal_term>},
      {"student_t", {"freedom", "location", "scale"}, real, "Student's t", as_node<student_t_term>},
      {"cauchy", {"location", "scale"}, real, "Cauchy law", as_node<cauchy_term>},
      {"laplace", {"location", "scale"}, real, "Laplace law", as_node<laplace_term>},
      {"logistic", {"location", "scale"}, real, "logistic law", as_node<logistic_term>},
      {"half_normal", {"scale"}, positive, "|normal(0, scale)|", as_node<half_normal_term>},
      {"half_cauchy", {"scale"}, positive, "|cauchy(0, scale)|", as_node<half_cauchy_term>},
      {"exponential", {"rate"}, positive, "exponential law", as_node<exponential_term>},
      {"gamma", {"shape", "rate"}, positive, "gamma law", as_node<gamma_term>},
      {"inverse_gamma", {"shape", "scale"}, positive, "inverse gamma law", as_node<inverse_gamma_term>},
      {"lognormal", {"mean of log", "sd of log"}, positive, "exp(normal)", as_node<lognormal_term>},
      {"beta", {"a", "b"}, unit, "beta law", as_node<beta_term>},
      {"uniform", {"low", "high"}, between, "uniform law", as_node<uniform_term>},
      {"poisson", {"rate"}, counts, "Poisson counts", as_node<poisson_term>},
      {"poisson_log",
       {"log rate"},
       counts,
       "Poisson counts by the logarithm of the rate",
       as_node<poisson_log_term>},
      {"bernoulli", {"p"}, counts, "0 or 1", as_node<bernoulli_term>},
      {"bernoulli_logit", {"logit of p"}, counts, "0 or 1 by the logit", as_node<bernoulli_logit_term>},
      {"binomial", {"trials", "p"}, counts, "successes in trials", as_node<binomial_term>},
      {"binomial_logit",
       {"trials", "logit of p"},
       counts,
       "successes by the logit",
       as_node<binomial_logit_term>}};
  return families;
}

const Family& family_of(const DistributionCall& call, std::string_view where) {
  std::vector<std::string> known;
  for (const Family& family : model_families()) {
    known.emplace_back(family.name);
    if (family.name != call.name) continue;
    if (family.arguments.size() != call.arguments.size())
      throw InvalidInput("{}: {} takes ({}), found {} arguments", where, family.name,
                         fmt::join(family.arguments, ", "), call.arguments.size());
    return family;
  }
  throw InvalidInput("{}: no distribution has the name {}{}", where, quote(call.name),
                     hint(call.name, known));
}

}  // namespace lehr::sample
