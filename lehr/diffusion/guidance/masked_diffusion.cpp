#include "lehr/diffusion/guidance/masked_diffusion.hpp"

#include <cmath>

#include "lehr/core/parallel.hpp"

namespace lehr::diffusion {
namespace {

constexpr std::int64_t columns_at_once = 64;

// Marginals of every column, K L rows: symbol k of position i in row i K + k.
template <class Evidence>
MatrixXd predict_columns(const SequencePrior& prior, const MatrixXd& x, Evidence evidence) {
  MatrixXd prediction(prior.symbols() * prior.length(), x.cols());
  parallel_for(
      x.cols(), [&](std::int64_t i) { prediction.col(i) = prior.marginals(evidence(x.col(i))).reshaped(); },
      columns_at_once);
  return prediction;
}

MatrixXd most_probable(const MatrixXd& x, const MatrixXd& prediction, Index symbols, bool masked_only) {
  MatrixXd clean = x;
  for (Index c = 0; c < x.cols(); ++c)
    for (Index i = 0; i < x.rows(); ++i) {
      if (masked_only && x(i, c) < static_cast<double>(symbols)) continue;
      Index best = 0;
      prediction.col(c).segment(i * symbols, symbols).maxCoeff(&best);
      clean(i, c) = static_cast<double>(best);
    }
  return clean;
}

ReverseModel sequence_model(const std::shared_ptr<const SequencePrior>& prior, Index steps) {
  ReverseModel model;
  model.rows = prior->length();
  model.symbols = prior->symbols();
  model.times = even_times(1, last_discrete_time, steps);
  model.log_prior = [prior](const ColumnRef& clean) { return prior->log_probability(clean); };
  return model;
}

}  // namespace

MatrixXd masked_evidence(const ColumnRef& x, Index symbols) {
  MatrixXd evidence = MatrixXd::Zero(symbols, x.size());
  for (Index i = 0; i < x.size(); ++i) {
    const auto symbol = static_cast<Index>(x[i]);
    if (symbol == symbols)
      evidence.col(i).setOnes();
    else
      evidence(symbol, i) = 1;
  }
  return evidence;
}

MatrixXd uniform_evidence(const ColumnRef& x, Index symbols, double t) {
  MatrixXd evidence = MatrixXd::Constant(symbols, x.size(), t / static_cast<double>(symbols));
  for (Index i = 0; i < x.size(); ++i) evidence(static_cast<Index>(x[i]), i) += 1 - t;
  return evidence;
}

ReverseModel masked_diffusion(std::shared_ptr<const SequencePrior> prior, Index steps, bool joint) {
  ReverseModel model = sequence_model(prior, steps);
  const Index symbols = prior->symbols();
  model.masked = true;
  model.start = [symbols](Stream&, Eigen::Ref<VectorXd> x) { x.setConstant(static_cast<double>(symbols)); };
  model.predict = [prior, symbols](const MatrixXd& x, Index) {
    return predict_columns(*prior, x,
                           [&](const ColumnRef& column) { return masked_evidence(column, symbols); });
  };
  model.propose = [prior, joint, times = model.times, symbols](const ColumnRef& x,
                                                               const ColumnRef& prediction, Index level,
                                                               Stream& random, Eigen::Ref<VectorXd> next) {
    const double t = times[static_cast<std::size_t>(level)], s = times[static_cast<std::size_t>(level) + 1];
    const double rate = (t - s) / t;
    next = x;
    Index revealed = 0;
    double log_product = 0;  // of the marginals of what is revealed
    for (Index i = 0; i < x.size(); ++i) {
      if (x[i] < static_cast<double>(symbols)) continue;
      const double u = uniform(random);  // below the rate, u / rate is uniform again
      if (u >= rate) continue;
      const Index k = pick(prediction.segment(i * symbols, symbols), u / rate);
      next[i] = static_cast<double>(k);
      if (joint) log_product += std::log(prediction[i * symbols + k]);
      ++revealed;
    }
    if (!joint || revealed < 2) return 0.0;
    return prior->log_evidence(masked_evidence(next, symbols)) -
           prior->log_evidence(masked_evidence(x, symbols)) - log_product;
  };
  model.decode = [symbols](const MatrixXd& x, const MatrixXd& prediction, Index) {
    return most_probable(x, prediction, symbols, true);
  };
  return model;
}

ReverseModel uniform_diffusion(std::shared_ptr<const SequencePrior> prior, Index steps) {
  ReverseModel model = sequence_model(prior, steps);
  const Index symbols = prior->symbols();
  model.start = [symbols](Stream& random, Eigen::Ref<VectorXd> x) {
    for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<double>(uniform_index(random, symbols));
  };
  model.predict = [prior, symbols, times = model.times](const MatrixXd& x, Index level) {
    const double t = times[static_cast<std::size_t>(level)];
    return predict_columns(*prior, x,
                           [&](const ColumnRef& column) { return uniform_evidence(column, symbols, t); });
  };
  // q(x_s = j | x_t = l, x_0 = k) = q(x_t = l | x_s = j) q(x_s = j | x_0 = k) / q(x_t = l | x_0 = k)
  model.propose = [times = model.times, symbols](const ColumnRef& x, const ColumnRef& prediction, Index level,
                                                 Stream& random, Eigen::Ref<VectorXd> next) {
    const double t = times[static_cast<std::size_t>(level)], s = times[static_cast<std::size_t>(level) + 1];
    const auto count = static_cast<double>(symbols);
    const double kept = (1 - t) / (1 - s);
    VectorXd law(symbols);
    for (Index i = 0; i < x.size(); ++i) {
      const auto now = static_cast<Index>(x[i]);
      law.setZero();
      for (Index k = 0; k < symbols; ++k) {
        const double joint = (k == now ? 1 - t : 0) + t / count;
        const double share = prediction[i * symbols + k] / joint;
        for (Index j = 0; j < symbols; ++j)
          law[j] += share * ((j == now ? kept : 0) + (1 - kept) / count) * ((j == k ? 1 - s : 0) + s / count);
      }
      next[i] = static_cast<double>(pick(law, uniform(random)));
    }
    return 0.0;
  };
  model.decode = [symbols](const MatrixXd& x, const MatrixXd& prediction, Index) {
    return most_probable(x, prediction, symbols, false);
  };
  return model;
}

}  // namespace lehr::diffusion
