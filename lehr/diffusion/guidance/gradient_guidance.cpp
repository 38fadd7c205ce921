#include "lehr/diffusion/guidance/gradient_guidance.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

constexpr double difference = 1e-4;

// d/dx proxy(x0_hat(x)) of every column, rows x n; 0 where the proxy is not defined.
MatrixXd gradient(const ReverseModel& model, const DesignReward& proxy, const MatrixXd& x, Index level) {
  MatrixXd result(x.rows(), x.cols());
  for (Index i = 0; i < x.rows(); ++i) {
    MatrixXd above = x, below = x;
    above.row(i).array() += difference;
    below.row(i).array() -= difference;
    const VectorXd high = evaluate(proxy, model.decode(above, model.predict(above, level), level));
    const VectorXd low = evaluate(proxy, model.decode(below, model.predict(below, level), level));
    result.row(i) = ((high - low) / (2 * difference)).transpose();
  }
  return result.unaryExpr([](double g) { return std::isfinite(g) ? g : 0.0; });
}

}  // namespace

// The prediction's first rows are the model's own, the d below them the shift of the mean.
ReverseModel guided_by_gradient(const ReverseModel& model, DesignReward proxy, double alpha, Schedule scale) {
  if (model.gaussian.empty()) throw InvalidInput("gradient guidance needs a continuous model");
  if (!(alpha > 0)) throw InvalidInput("temperature: gradient guidance needs one above 0, found {}", alpha);
  ReverseModel guided = model;
  guided.calls = model.calls * (1 + 2 * model.rows);
  guided.predict = [model, proxy = std::move(proxy), alpha, scale](const MatrixXd& x, Index level) {
    const MatrixXd own = model.predict(x, level);
    MatrixXd both = MatrixXd::Zero(own.rows() + x.rows(), x.cols());
    both.topRows(own.rows()) = own;
    if (level < model.steps())
      both.bottomRows(x.rows()) = gradient(model, proxy, x, level) *
                                  model.gaussian[static_cast<std::size_t>(level)].by_score *
                                  scale.at(level, model.steps()) / alpha;
    return both;
  };
  guided.propose = [model](const ColumnRef& x, const ColumnRef& prediction, Index level, Stream& random,
                           Eigen::Ref<VectorXd> next) {
    const Index own = prediction.size() - x.size();
    model.propose(x, prediction.head(own), level, random, next);
    const double variance = model.gaussian[static_cast<std::size_t>(level)].variance;
    // next = mean + noise; ln p/q = -(|noise + shift|^2 - |noise|^2) / 2 v with the noise of the draw.
    const GaussianStep& step = model.gaussian[static_cast<std::size_t>(level)];
    double log_ratio = 0;
    for (Index i = 0; i < x.size(); ++i) {
      const double shift = prediction[own + i];
      const double noise = next[i] - step.by_x * x[i] - step.by_clean * prediction[i];
      log_ratio -= (2 * noise * shift + shift * shift) / (2 * variance);
      next[i] += shift;
    }
    return log_ratio;
  };
  guided.decode = [model](const MatrixXd& x, const MatrixXd& prediction, Index level) {
    return model.decode(x, prediction.topRows(prediction.rows() - x.rows()), level);
  };
  return guided;
}

}  // namespace lehr::diffusion
