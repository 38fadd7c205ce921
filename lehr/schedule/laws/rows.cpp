#include <limits>

#include "lehr/linalg/dense.hpp"
#include "lehr/schedule/laws/fit_problem.hpp"

namespace lehr::laws {
namespace {

constexpr std::int64_t fewest_rows = 8;

// The curve without its rows inside the warm-up.
Curve after_warmup(const Curve& curve) {
  Curve kept{curve.name, curve.plan, {}, {}};
  for (std::size_t row = 0; row < curve.steps.size(); ++row) {
    if (curve.steps[row] < curve.plan.warmup) continue;
    kept.steps.push_back(curve.steps[row]);
    kept.losses.push_back(curve.losses[row]);
  }
  return kept;
}

Rows stack(std::vector<Curve> curves) {
  Rows rows{std::move(curves), {}, {0}};
  for (const Curve& curve : rows.curves)
    rows.begin.push_back(rows.begin.back() + static_cast<Eigen::Index>(curve.losses.size()));
  rows.losses.resize(rows.begin.back());
  for (std::size_t c = 0; c < rows.curves.size(); ++c)
    std::copy(rows.curves[c].losses.begin(), rows.curves[c].losses.end(),
              rows.losses.begin() + rows.begin[c]);
  return rows;
}

}  // namespace

Rows gather_rows(std::span<const Curve> curves, std::vector<std::string>& warnings) {
  if (curves.empty()) throw InvalidInput("law fit: no curves are given, at least one is needed");
  std::vector<Curve> kept;
  for (const Curve& curve : curves) {
    Curve trimmed = after_warmup(make_curve(curve.name, curve.plan, curve.steps, curve.losses));
    const std::size_t left_out = curve.steps.size() - trimmed.steps.size();
    if (left_out > 0)
      warnings.emplace_back(
          fmt::format("Curve '{}': {} rows inside the warm-up are not fitted.", curve.name, left_out));
    if (static_cast<std::int64_t>(trimmed.steps.size()) < fewest_rows)
      throw InvalidInput("curve '{}': {} rows after the warm-up of {} steps, at least {} are needed",
                         curve.name, trimmed.steps.size(), curve.plan.warmup, fewest_rows);
    kept.push_back(std::move(trimmed));
  }
  return stack(std::move(kept));
}

Rows Rows::without(std::size_t curve) const {
  std::vector<Curve> others = curves;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(curve));
  return stack(std::move(others));
}

RowAreas row_areas(const Rows& rows, double lambda, WarmupArea warmup) {
  RowAreas at{Eigen::VectorXd(rows.losses.size()), Eigen::VectorXd(rows.losses.size())};
  Eigen::Index row = 0;
  for (const Curve& curve : rows.curves) {
    const Areas sums = areas(curve.plan, lambda, warmup);
    for (const std::int64_t step : curve.steps) {
      const std::size_t s = static_cast<std::size_t>(step);
      if (!(sums.forward[s] > 0))
        throw InvalidInput(
            "curve '{}': the learning rates up to step {} are all 0; the law needs rows after it", curve.name,
            step);
      at.forward[row] = sums.forward[s];
      at.annealing[row++] = sums.annealing[s];
    }
  }
  return at;
}

double scaled_condition_number(const Eigen::MatrixXd& hessian) {
  const Eigen::VectorXd scale =
      hessian.diagonal().cwiseMax(std::numeric_limits<double>::min()).cwiseSqrt().cwiseInverse();
  const Eigen::MatrixXd scaled = scale.asDiagonal() * hessian * scale.asDiagonal();
  const Eigen::VectorXd values = linalg::symmetric_eigenvalues(scaled);
  const double smallest = values.minCoeff();
  return smallest > 0 ? values.maxCoeff() / smallest : std::numeric_limits<double>::infinity();
}

}  // namespace lehr::laws
