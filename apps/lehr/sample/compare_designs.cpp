#include "apps/lehr/sample/compare_designs.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/sample/design.hpp"

namespace lehr::command {

using namespace sample;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::int64_t designs_at_once = 1000;

DesignOutcome measure_design(const FunctionSpace& space, const Design& design,
                             const Eigen::Ref<const VectorXd>& values,
                             const std::optional<ReferenceProjection>& reference) {
  const MatrixXd features = space.features(design.points);
  const VectorXd eigenvalues =
      linalg::symmetric_eigenvalues(empirical_gram(features, design.weights, space.size)).cwiseMax(1e-300);
  DesignOutcome outcome{.lambda_min = eigenvalues(0),
                        .inverse_trace = eigenvalues.cwiseInverse().mean(),
                        .square_ratio = 0,
                        .square_position = design.points.row(0).array().square().mean(),
                        .coefficients = {}};
  if (!reference) return outcome;
  if (!determines_a_fit(features, design.weights)) {
    outcome.square_ratio = INFINITY;
    return outcome;
  }
  const Fit fit = weighted_least_squares(features, design.weights, values.transpose()).front();
  outcome.coefficients = fit.coefficients;
  outcome.square_ratio = std::pow(reference->error_of(fit.coefficients) / reference->best_error, 2);
  return outcome;
}

// The function's values at the points of all designs, which are of one size: n x designs.
MatrixXd values_of(const std::vector<Design>& designs, const ScalarModel& function) {
  const Index n = designs.front().points.cols(), count = static_cast<Index>(designs.size());
  MatrixXd points(designs.front().points.rows(), n * count);
  for (Index i = 0; i < count; ++i) points.middleCols(i * n, n) = designs[static_cast<std::size_t>(i)].points;
  return function(points).reshaped(n, count);
}

// Designs from number `first` on, and their fits.
void measure_some(const FunctionSpace& space, const DesignOptions& drawing, const ScalarModel& function,
                  const std::optional<ReferenceProjection>& reference, Seed seed, std::int64_t first,
                  std::int64_t count, std::vector<DesignOutcome>& outcomes) {
  const std::vector<Design> designs = parallel_map(count, [&](std::int64_t i) {
    return draw_design(space, drawing, seed, static_cast<std::uint64_t>(first + i));
  });
  const MatrixXd values =
      reference ? values_of(designs, function) : MatrixXd::Zero(drawing.n, static_cast<Index>(count));
  std::vector<DesignOutcome> some = parallel_map(count, [&](std::int64_t i) {
    return measure_design(space, designs[static_cast<std::size_t>(i)], values.col(i), reference);
  });
  std::ranges::move(some, std::back_inserter(outcomes));
}

std::vector<DesignGroup> measure_groups(const CompareDesignsOptions& options, const FunctionSpace& space,
                                        const ScalarModel& function,
                                        const std::optional<ReferenceProjection>& reference, Seed seed) {
  std::vector<std::int64_t> sizes = options.sizes;
  if (sizes.empty()) sizes = {space.size, 2 * space.size, 4 * space.size, 8 * space.size};
  std::vector<DesignGroup> groups;
  for (const std::string& kind : options.designs)
    for (const std::int64_t n : sizes) {
      if (kind == "dpp" ? n != space.size : n < space.size) continue;
      const DesignOptions drawing{.kind = kind,
                                  .n = n,
                                  .mixing = kind.starts_with("dpp") ? 0 : options.mixing,
                                  .remainder = options.remainder};
      DesignGroup group{kind, n, {}};
      for (std::int64_t first = 0; first < options.repeats; first += designs_at_once)
        measure_some(space, drawing, function, reference, seed, first,
                     std::min(designs_at_once, options.repeats - first), group.outcomes);
      groups.push_back(std::move(group));
    }
  return groups;
}

Report run_compare_designs(const CompareDesignsOptions& options, TaskContext& context) {
  const FunctionSpace space = load_space(options.space, context);
  if (options.designs.empty()) throw InvalidInput("sample.compare-designs: designs: name at least one kind");
  ScalarModel function;
  std::optional<ReferenceProjection> reference;
  if (!options.model.empty()) {
    function = load_model({.model = options.model, .worker = {}}, space.dimension, context).evaluate;
    reference = reference_projection(space, function, context.seed);
    if (!(reference->best_error > 1e-12 * reference->coefficients.norm()))
      throw InvalidInput("sample.compare-designs: the model lies in the space, so that every fit is exact");
  }
  const std::vector<DesignGroup> groups = measure_groups(options, space, function, reference, context.seed);
  if (groups.empty())
    throw InvalidInput("sample.compare-designs: no size fits: dpp needs {0} runs, the others at least {0}",
                       space.size);
  return compare_designs_report(space, options, groups, reference);
}

}  // namespace

void CompareDesignsOptions::describe(OptionTable& table) {
  space.describe(table);
  table.add("model", model, "formula of x1, x2, ... to fit; without it only stability is compared");
  table.add("designs", designs, "kinds of designs").choices(design_kinds());
  table.add("sizes", sizes, "numbers of runs; default: m, 2 m, 4 m, 8 m").range(1, 1e6);
  table.add("repeats", repeats, "designs of each kind and size").range(2, 1e5);
  table.add("delta", delta, "a design is stable where lambda_min is at least 1 - delta").above(0).range(0, 1);
  table.add("certainty", certainty, "share of stable designs that counts as reliable").above(0).below(1);
  table.add("mixing", mixing, "volume, optimal_iid: share of the reference measure").range(0, 1);
  table.add("remainder", remainder, "dpp_repeat: what fills up n").choices({"subspace", "part", "iid"});
}

std::vector<double> DesignGroup::of(double DesignOutcome::*member) const {
  std::vector<double> values;
  for (const DesignOutcome& outcome : outcomes) values.push_back(outcome.*member);
  return values;
}
std::int64_t DesignGroup::unstable(double delta) const {
  return std::ranges::count_if(outcomes, [&](const DesignOutcome& o) { return o.lambda_min < 1 - delta; });
}

Task sample_compare_designs_task() {
  return make_task<CompareDesignsOptions>(
      "sample.compare-designs", "", "which kind of design needs how many runs",
      "Draws many designs of each kind and size for a space of functions, and compares how stable they are "
      "and, for a formula, how far "
      "fits from them are from the best fit there is.",
      {"sample compare-designs --basis legendre:degree=9 --model \"1 / (1 + 5 * x^2)\" --sizes 10 20 40 80",
       "sample compare-designs --basis legendre:d=2,total=6 --repeats 500"},
      run_compare_designs);
}

}  // namespace lehr::command
