#include "lehr/diffusion/guidance/chain_values.hpp"
#include "lehr/diffusion/guidance/minus_infinity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::diffusion {
namespace {
constexpr double largest_exponent = 600;
}  // namespace

ChainScore::ChainScore(std::shared_ptr<const SequencePrior> prior, SequenceScore score)
    : prior_(std::move(prior)), score_(std::move(score)), symbols_(prior_->symbols()) {
  if (!prior_->is_chain()) throw InvalidInput("exact values of a chain need a chain as prior");
  const std::vector<int>& motif = score_.motif;
  parts_ = std::max<Index>(1, static_cast<Index>(motif.size()));
  counts_ = motif.empty() ? 1 : score_.cap + 1;
  // borders[q]: the longest proper border of the motif's first q symbols.
  std::vector<Index> borders(static_cast<std::size_t>(parts_) + 1, 0);
  for (std::size_t q = 1; q < motif.size(); ++q) {
    Index b = borders[q];
    while (b > 0 && motif[static_cast<std::size_t>(b)] != motif[q]) b = borders[static_cast<std::size_t>(b)];
    borders[q + 1] = motif[static_cast<std::size_t>(b)] == motif[q] ? b + 1 : 0;
  }
  for (Index q = 0; q < parts_; ++q)
    for (Index k = 0; k < symbols_; ++k) {
      if (motif.empty()) {
        moves_.push_back({0, false});
        continue;
      }
      Index at = q;
      while (at > 0 && motif[static_cast<std::size_t>(at)] != k) at = borders[static_cast<std::size_t>(at)];
      if (motif[static_cast<std::size_t>(at)] == k) ++at;
      const bool hit = at == parts_;
      moves_.push_back({hit ? borders[static_cast<std::size_t>(parts_)] : at, hit});
    }
  favoured_ = VectorXd::Zero(symbols_);
  for (const int k : score_.favoured) favoured_[k] += 1;
}

// weight(h, (q, c)): total weight of the paths so far; h is the hidden state of the position to come.
double ChainScore::log_total(const Eigen::Ref<const MatrixXd>& evidence, const VectorXd& by_symbol,
                             double by_hit) const {
  const Index states = prior_->initial().size(), places = parts_ * counts_;
  MatrixXd weight = MatrixXd::Zero(states, places), next(states, places);
  weight.col(0) = prior_->initial();
  double log_scale = 0;
  for (Index i = 0; i < prior_->length(); ++i) {
    next.setZero();
    for (Index k = 0; k < symbols_; ++k) {
      const double factor = evidence(k, i) * by_symbol[k];
      if (factor == 0) continue;
      for (Index q = 0; q < parts_; ++q) {
        const Move moved = move(q, k);
        for (Index c = 0; c < counts_; ++c) {
          const bool counts = moved.hit && c + 1 < counts_;
          const double times = factor * (counts ? by_hit : 1);
          next.col(moved.to * counts_ + c + (counts ? 1 : 0)) +=
              times * weight.col(q * counts_ + c).cwiseProduct(prior_->emission().col(k));
        }
      }
    }
    if (i + 1 < prior_->length())
      weight.noalias() = prior_->transition().transpose() * next;
    else
      weight = next;
    const double sum = weight.sum();
    if (!(sum > 0)) return minus_infinity;
    weight /= sum;
    log_scale += std::log(sum);
  }
  return log_scale;
}

// The same with maxima in place of sums.
double ChainScore::highest(const Eigen::Ref<const MatrixXd>& evidence) const {
  const Index states = prior_->initial().size(), places = parts_ * counts_, length = prior_->length();
  MatrixXd best = MatrixXd::Constant(states, places, minus_infinity), next(states, places);
  for (Index h = 0; h < states; ++h)
    if (prior_->initial()[h] > 0) best(h, 0) = 0;
  for (Index i = 0; i < length; ++i) {
    next.setConstant(minus_infinity);
    for (Index k = 0; k < symbols_; ++k) {
      if (evidence(k, i) <= 0) continue;
      for (Index q = 0; q < parts_; ++q)
        for (Index c = 0; c < counts_; ++c)
          for (Index h = 0; h < states; ++h) {
            if (prior_->emission()(h, k) <= 0) continue;
            const Move moved = move(q, k);
            const bool counts = moved.hit && c + 1 < counts_;
            const double gain =
                score_.weight * favoured_[k] / static_cast<double>(length) + (counts ? score_.bonus : 0);
            double& to = next(h, moved.to * counts_ + c + (counts ? 1 : 0));
            to = std::max(to, best(h, q * counts_ + c) + gain);
          }
    }
    if (i + 1 == length) break;
    best.setConstant(minus_infinity);
    for (Index h = 0; h < states; ++h)
      for (Index g = 0; g < states; ++g)
        if (prior_->transition()(h, g) > 0) best.row(g) = best.row(g).cwiseMax(next.row(h));
  }
  return next.maxCoeff();
}

double ChainScore::value(const Eigen::Ref<const MatrixXd>& evidence, double alpha) const {
  if (alpha == 0) return highest(evidence);
  const double per_symbol = score_.weight / (alpha * static_cast<double>(prior_->length()));
  if (std::abs(score_.bonus) / alpha > largest_exponent ||
      std::abs(per_symbol) * std::max(1.0, favoured_.maxCoeff()) > largest_exponent)
    throw InvalidInput("temperature: {} is too low for the exact values of this reward; 0 takes the best",
                       alpha);
  const double with =
      log_total(evidence, (per_symbol * favoured_).array().exp(), std::exp(score_.bonus / alpha));
  if (with == minus_infinity) return minus_infinity;
  return alpha * (with - log_total(evidence, VectorXd::Ones(symbols_), 1));
}

// Paths that also count the favoured symbols: their number is the outermost index of the places.
RewardLaw ChainScore::law(double alpha) const {
  const Index states = prior_->initial().size(), length = prior_->length(), places = parts_ * counts_;
  const Index steps = length * static_cast<Index>(std::max(1.0, favoured_.maxCoeff()));
  MatrixXd weight = MatrixXd::Zero(states, places * (steps + 1)), next = weight;
  weight.col(0) = prior_->initial();
  for (Index i = 0; i < length; ++i) {
    next.setZero();
    for (Index k = 0; k < symbols_; ++k)
      for (Index f = 0; f + static_cast<Index>(favoured_[k]) <= steps; ++f)
        for (Index q = 0; q < parts_; ++q)
          for (Index c = 0; c < counts_; ++c) {
            const Move moved = move(q, k);
            const Index to = moved.to * counts_ + c + (moved.hit && c + 1 < counts_ ? 1 : 0);
            next.col((f + static_cast<Index>(favoured_[k])) * places + to) +=
                weight.col(f * places + q * counts_ + c).cwiseProduct(prior_->emission().col(k));
          }
    if (i + 1 < length)
      weight.noalias() = prior_->transition().transpose() * next;
    else
      weight = next;
  }
  std::map<double, double> mass;  // by reward, rounded to 1e-9
  for (Index f = 0; f <= steps; ++f)
    for (Index q = 0; q < parts_; ++q)
      for (Index c = 0; c < counts_; ++c) {
        const double m = weight.col(f * places + q * counts_ + c).sum();
        const double r = score_.weight * static_cast<double>(f) / static_cast<double>(length) +
                         score_.bonus * static_cast<double>(c);
        if (m > 0) mass[std::round(r * 1e9) / 1e9] += m;
      }
  std::vector<double> levels;
  VectorXd prior(static_cast<Index>(mass.size()));
  for (const auto& [r, m] : mass) prior[static_cast<Index>(levels.size())] = m, levels.push_back(r);
  return reward_law(std::move(levels), std::move(prior), alpha);
}

ValueModel chain_value(std::shared_ptr<const ChainScore> chain, const ReverseModel& model) {
  return [chain = std::move(chain), times = model.times, masked = model.masked, symbols = model.symbols](
             const MatrixXd& x, Index level, double alpha, const BatchAddress&) {
    ValueBatch batch{VectorXd(x.cols()), 0, 0};
    parallel_for(
        x.cols(),
        [&](std::int64_t c) {
          const MatrixXd evidence =
              masked ? masked_evidence(x.col(c), symbols)
                     : uniform_evidence(x.col(c), symbols, times[static_cast<std::size_t>(level)]);
          batch.values[c] = chain->value(evidence, alpha);
        },
        16);
    return batch;
  };
}

}  // namespace lehr::diffusion
