// The fit of the multi-power law: maximum a posteriori by L-BFGS on log-parameters.
//
//   minimise  sum Huber(log predicted - log logged) + mu / 2 sum_{p in B, C, beta, gamma} ((ln p - ln p0) /
//   sigma)^2
//
// Without the prior the optimum runs away to beta -> 0, B -> infinity, C -> 0 and predicts unseen schedules
// worse.
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include "lehr/optimize/curve_fit.hpp"
#include "lehr/optimize/huber.hpp"
#include "lehr/schedule/laws/drop_blocks.hpp"
#include "lehr/schedule/laws/fit_problem.hpp"

namespace lehr::laws {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Where each parameter of the law stands.
struct PowerAt {
  enum : Index { L0, A, alpha, B, C, beta, gamma, count };
};

// The prior at a peak learning rate of 3e-4; the law's own scaling carries B and C to other peaks.
constexpr double prior_peak = 3e-4;
constexpr std::array<Index, 4> prior_on{PowerAt::B, PowerAt::C, PowerAt::beta, PowerAt::gamma};
constexpr std::array prior_value{450.0, 2.0, 0.6, 0.65};
constexpr std::array prior_spread{0.5, 0.5, 0.15, 0.15};

struct MultiPowerRows {
  std::vector<DropBlocks> curves;
  std::vector<Index> begin;
  VectorXd forward, rate_below_peak;    // S1 and peak - rate at the rows
  VectorXd prior_center = VectorXd(4);  // of the logarithms
  double prior_weight = 1e-5;
  optimize::Huber huber;
  bool legacy_warmup_gaps = false;
};

MultiPowerLaw law_with(const VectorXd& p, bool legacy) {
  return {p[PowerAt::L0], p[PowerAt::A],    p[PowerAt::alpha], p[PowerAt::B],
          p[PowerAt::C],  p[PowerAt::beta], p[PowerAt::gamma], legacy};
}

// The model on log-parameters with the prior, its centre moved by `shift` spreads.
optimize::CurveModel posterior_model(const MultiPowerRows& data, const optimize::Box& box,
                                     const VectorXd& shift) {
  optimize::CurveModel model;
  model.evaluate = [&data](const VectorXd& logs, VectorXd& predicted, MatrixXd& jacobian) {
    const MultiPowerLaw law = law_with(logs.array().exp(), data.legacy_warmup_gaps);
    for (std::size_t c = 0; c < data.curves.size(); ++c)
      predict_blocks(law, data.curves[c], data.begin[c], predicted, &jacobian);
  };
  model.lower = box.lower;
  model.prior.center = VectorXd::Zero(PowerAt::count);
  model.prior.precision = MatrixXd::Zero(PowerAt::count, PowerAt::count);
  for (std::size_t i = 0; i < prior_on.size(); ++i) {
    const Index p = prior_on[i];
    const double moved = shift.size() > 0 ? shift[static_cast<Index>(i)] * prior_spread[i] : 0;
    model.prior.center[p] = data.prior_center[static_cast<Index>(i)] + moved;
    model.prior.precision(p, p) = data.prior_weight / (prior_spread[i] * prior_spread[i]);
  }
  return model;
}

// The negative log posterior and its gradient. The sum is of the order of rows * delta^2; brought to order 1
// the tolerances of L-BFGS mean something.
optimize::Objective objective(const optimize::CurveModel& model, const VectorXd& losses,
                              optimize::Huber huber) {
  const double scale = 1 / (static_cast<double>(losses.size()) * huber.delta * huber.delta);
  return
      [&model, huber, scale, log_losses = VectorXd(losses.array().log()), predicted = VectorXd(losses.size()),
       jacobian = MatrixXd(losses.size(), PowerAt::count)](const VectorXd& logs, VectorXd& gradient) mutable {
        model.evaluate(logs, predicted, jacobian);
        if (!(predicted.minCoeff() > 0)) return std::numeric_limits<double>::infinity();
        const VectorXd residuals = predicted.array().log().matrix() - log_losses;
        const VectorXd off = logs - model.prior.center, pull = model.prior.precision * off;
        const VectorXd slopes = residuals.unaryExpr([huber](double r) { return huber.slope(r); });
        gradient = scale * (jacobian.transpose() * slopes.cwiseQuotient(predicted) + pull);
        return scale *
               (residuals.unaryExpr([huber](double r) { return huber.loss(r); }).sum() + 0.5 * off.dot(pull));
      };
}

// Starts for the search: L0, A and alpha from the simplified law L0 + A S1^-alpha - B (peak - eta), and the
// other parameters from the prior's centre and from the simplified law's B with C = 1, beta = gamma = 1/2.
std::vector<VectorXd> starts(const MultiPowerRows& data, const VectorXd& losses) {
  const VectorXd log_forward = data.forward.array().log();
  optimize::SeparableModel simplified;
  simplified.linear = 3;
  simplified.basis = [&](const VectorXd& alpha, MatrixXd& basis) {
    basis.resize(losses.size(), 3);
    basis << VectorXd::Ones(losses.size()), (-alpha[0] * log_forward.array()).exp().matrix(),
        -data.rate_below_peak;
  };
  simplified.derivative = [&](const VectorXd& alpha, Index, MatrixXd& derivative) {
    derivative.setZero(losses.size(), 3);
    derivative.col(1) = -log_forward.array() * (-alpha[0] * log_forward.array()).exp();
  };
  simplified.box = {VectorXd::Constant(1, 0.01), VectorXd::Constant(1, 5)};
  std::vector<VectorXd> alphas;
  for (const double alpha : {0.1, 0.2, 0.35, 0.5, 0.7, 1.0}) alphas.push_back(VectorXd::Constant(1, alpha));
  const VectorXd fit = optimize::fit_separable(simplified, losses, alphas, data.huber.delta).parameters;

  VectorXd base(PowerAt::count);
  base << std::max(fit[0], 0.01 * losses.minCoeff()), std::max(fit[1], 1e-3 * losses.minCoeff()), fit[3],
      data.prior_center.array().exp().matrix();
  VectorXd reference = base;
  if (fit[2] > 0) reference[PowerAt::B] = fit[2];
  reference.tail<3>() << base[PowerAt::C] / 2, 0.5, 0.5;
  return {base.array().log(), reference.array().log()};
}

optimize::Box log_box(const VectorXd& losses) {
  VectorXd lower(PowerAt::count), upper(PowerAt::count);
  lower << 1e-3 * losses.minCoeff(), 1e-6, 0.01, 1e-12, 1e-12, 1e-3, 1e-3;
  upper << losses.maxCoeff(), 1e6, 5, 1e18, 1e18, 10, 3;
  return {lower.array().log(), upper.array().log()};
}

optimize::LbfgsResult search(const optimize::CurveModel& model, const MultiPowerRows& data,
                             const VectorXd& losses, const optimize::Box& box) {
  optimize::LbfgsResult best;
  int iterations = 0;
  for (const VectorXd& start : starts(data, losses)) {
    optimize::LbfgsResult result =
        optimize::lbfgs(objective(model, losses, data.huber), start, box,
                        {.memory = 20, .gradient_tolerance = 1e-6, .decrease_tolerance = 1e-9});
    iterations += result.iterations;
    if (best.point.size() == 0 || result.value < best.value) best = std::move(result);
  }
  best.iterations = iterations;
  return best;
}

Estimate solve(const MultiPowerRows& data, const VectorXd& losses, const Estimate* near,
               const VectorXd& shift) {
  const optimize::Box box = log_box(losses);
  const optimize::CurveModel model = posterior_model(data, box, shift);
  Estimate estimate;
  VectorXd start;
  if (near != nullptr) {
    start = near->parameters.array().log().matrix().cwiseMax(box.lower).cwiseMin(box.upper);
  } else {
    const optimize::LbfgsResult found = search(model, data, losses, box);
    estimate.iterations = found.iterations;
    start = found.point;
  }
  optimize::CurveFit fit =
      optimize::refine(model, losses, start, data.huber.delta, near != nullptr ? 1e-7 : 1e-12);
  estimate.objective = fit.objective;
  estimate.iterations += fit.iterations;
  estimate.parameters = fit.parameters.array().exp();
  estimate.condition_number = scaled_condition_number(
      fit.jacobian.transpose() * fit.weights.asDiagonal() * fit.jacobian + model.prior.precision);
  const VectorXd per_parameter = estimate.parameters.cwiseInverse();
  estimate.jacobian = fit.jacobian * per_parameter.asDiagonal();
  estimate.prior_precision = per_parameter.asDiagonal() * model.prior.precision * per_parameter.asDiagonal();
  estimate.residuals = std::move(fit.residuals);
  estimate.weights = std::move(fit.weights);
  return estimate;
}

MultiPowerRows multi_power_rows(const Rows& rows, const FitOptions& options) {
  MultiPowerRows data;
  data.begin = rows.begin;
  data.prior_weight = options.prior_weight;
  data.huber.delta = options.huber_delta;
  data.legacy_warmup_gaps = options.legacy_warmup_gaps;
  data.forward = row_areas(rows, options.lambda, WarmupArea::ramp).forward;
  data.rate_below_peak.resize(rows.losses.size());
  double peak = 0;
  for (std::size_t c = 0; c < rows.curves.size(); ++c) {
    const Curve& curve = rows.curves[c];
    data.curves.push_back(gather_drops(curve.plan, curve.steps, options.legacy_warmup_gaps));
    const double top = curve.plan.peak();
    peak = std::max(peak, top);
    for (std::size_t row = 0; row < curve.steps.size(); ++row)
      data.rate_below_peak[rows.begin[c] + static_cast<Index>(row)] =
          top - curve.plan.rates[static_cast<std::size_t>(curve.steps[row])];
  }
  if (!(peak > 0))
    throw InvalidInput("multi-power law: the learning rate after the warm-up is 0 in every curve");
  const double relative = std::log(prior_peak / peak);
  for (Index i = 0; i < 4; ++i) data.prior_center[i] = std::log(prior_value[static_cast<std::size_t>(i)]);
  data.prior_center[0] += relative;
  data.prior_center[1] += (1 - prior_value[3]) * relative;
  return data;
}

bool drops(const MultiPowerRows& data) {
  return std::any_of(data.curves.begin(), data.curves.end(),
                     [](const DropBlocks& c) { return c.drop.size() > 0; });
}

}  // namespace

FitProblem multi_power_problem(const Rows& rows, const FitOptions& options) {
  const auto data = std::make_shared<const MultiPowerRows>(multi_power_rows(rows, options));
  FitProblem problem;
  problem.names = {"L0", "A", "alpha", "B", "C", "beta", "gamma"};
  problem.free = {PowerAt::L0, PowerAt::A,    PowerAt::alpha, PowerAt::B,
                  PowerAt::C,  PowerAt::beta, PowerAt::gamma};
  problem.priors = static_cast<Index>(prior_on.size());
  problem.identified = drops(*data);
  if (!problem.identified)
    problem.warnings.emplace_back(
        "B, C, beta and gamma are not identified, because no learning rate changes after the warm-up; they "
        "are the "
        "prior's. Add a curve that anneals.");
  problem.solve = [data](const VectorXd& losses, const Estimate* near, const VectorXd& shift) {
    return solve(*data, losses, near, shift);
  };
  return problem;
}

}  // namespace lehr::laws
