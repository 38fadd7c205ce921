#include "lehr/diffusion/guidance/sequence_prior.hpp"
#include "lehr/diffusion/guidance/minus_infinity.hpp"

#include <cmath>
#include <functional>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

// Scales to sum 1 what is a law up to rounding.
template <class Vector>
void check_law(Vector&& values, const std::string& where, const std::string& what) {
  double sum = 0;
  for (Index i = 0; i < values.size(); ++i) {
    if (!(values[i] >= 0) || !std::isfinite(values[i]))
      throw InvalidInput("{}: {}[{}] is {}, no probability", where, what, i, values[i]);
    sum += values[i];
  }
  if (std::abs(sum - 1) > 1e-6) throw InvalidInput("{}: {} sums to {}, not to 1", where, what, sum);
  values /= sum;
}

void check_length(Index length, const std::string& where) {
  if (length < 1 || length > 100000)
    throw InvalidInput("{}: length is {}, not in [1, 100000]", where, length);
}

Index symbol(double value) { return static_cast<Index>(value); }

}  // namespace

Index pick(const Eigen::Ref<const VectorXd>& weights, double u) {
  const double threshold = u * weights.sum();
  double sum = 0;
  Index last = 0;
  for (Index k = 0; k < weights.size(); ++k) {
    if (weights[k] <= 0) continue;
    last = k;
    if ((sum += weights[k]) > threshold) return k;
  }
  return last;  // rounding
}

SequencePrior SequencePrior::markov(VectorXd initial, MatrixXd transition, Index length,
                                    const std::string& where) {
  const Index symbols = initial.size();
  SequencePrior prior = hidden_markov(std::move(initial), std::move(transition),
                                      MatrixXd::Identity(symbols, symbols), length, where);
  prior.hidden_ = false;
  return prior;
}

SequencePrior SequencePrior::hidden_markov(VectorXd initial, MatrixXd transition, MatrixXd emission,
                                           Index length, const std::string& where) {
  check_length(length, where);
  const Index states = initial.size();
  if (states < 1) throw InvalidInput("{}: initial is empty", where);
  if (transition.rows() != states || transition.cols() != states)
    throw InvalidInput("{}: transition is {} x {}, but initial has {} states", where, transition.rows(),
                       transition.cols(), states);
  if (emission.rows() != states || emission.cols() < 2)
    throw InvalidInput("{}: emission is {} x {}; it needs {} rows and at least 2 symbols", where,
                       emission.rows(), emission.cols(), states);
  check_law(initial, where, "initial");
  for (Index h = 0; h < states; ++h) {
    check_law(transition.row(h), where, fmt::format("transition[{}]", h));
    check_law(emission.row(h), where, fmt::format("emission[{}]", h));
  }
  SequencePrior prior;
  prior.length_ = length;
  prior.symbols_ = emission.cols();
  prior.hidden_ = true;
  prior.initial_ = std::move(initial);
  prior.transition_ = std::move(transition);
  prior.emission_ = std::move(emission);
  return prior;
}

SequencePrior SequencePrior::table(VectorXd probabilities, Index symbols, Index length,
                                   const std::string& where) {
  check_length(length, where);
  if (symbols < 2) throw InvalidInput("{}: {} symbols, at least 2 are needed", where, symbols);
  const double states = std::pow(static_cast<double>(symbols), static_cast<double>(length));
  if (states != static_cast<double>(probabilities.size()))
    throw InvalidInput("{}: {} probabilities, but there are {:.0f} sequences", where, probabilities.size(),
                       states);
  check_law(probabilities, where, "probabilities");
  SequencePrior prior;
  prior.length_ = length;
  prior.symbols_ = symbols;
  prior.probabilities_ = std::move(probabilities);
  return prior;
}

MatrixXd SequencePrior::marginals(const Eigen::Ref<const MatrixXd>& evidence) const {
  MatrixXd result = is_chain() ? chain_marginals(evidence) : table_marginals(evidence);
  for (Index i = 0; i < length_; ++i) {
    const double sum = result.col(i).sum();
    if (sum > 0 && std::isfinite(sum))
      result.col(i) /= sum;
    else
      result.col(i) = evidence.col(i) / evidence.col(i).sum();
  }
  return result;
}

// before_i(h) = p(h_i, evidence before i), after_i(h) = p(evidence after i | h_i), each scaled to sum 1.
MatrixXd SequencePrior::chain_marginals(const Eigen::Ref<const MatrixXd>& evidence) const {
  const Index states = initial_.size();
  MatrixXd seen(states, length_), before(states, length_);
  if (hidden_)
    seen.noalias() = emission_ * evidence;
  else
    seen = evidence;
  VectorXd forward = initial_;
  for (Index i = 0; i < length_; ++i) {
    before.col(i) = forward;
    const VectorXd here = forward.cwiseProduct(seen.col(i));
    forward.noalias() = transition_.transpose() * here;
    const double sum = forward.sum();
    if (sum > 0) forward /= sum;
  }
  MatrixXd result(symbols_, length_);
  VectorXd after = VectorXd::Ones(states), here(states);
  for (Index i = length_ - 1; i >= 0; --i) {
    here = before.col(i).cwiseProduct(after);
    if (hidden_)
      result.col(i) = evidence.col(i).cwiseProduct(emission_.transpose() * here);
    else
      result.col(i) = evidence.col(i).cwiseProduct(here);
    here = seen.col(i).cwiseProduct(after);
    after.noalias() = transition_ * here;
    const double sum = after.sum();
    if (sum > 0) after /= sum;
  }
  return result;
}

MatrixXd SequencePrior::table_marginals(const Eigen::Ref<const MatrixXd>& evidence) const {
  MatrixXd result = MatrixXd::Zero(symbols_, length_);
  std::vector<Index> x(static_cast<std::size_t>(length_));
  // Descends position by position; branches without evidence are left out.
  const std::function<void(Index, Index, double)> descend = [&](Index position, Index index, double weight) {
    if (position == length_) {
      const double mass = weight * probabilities_[index];
      for (Index i = 0; i < length_; ++i) result(x[static_cast<std::size_t>(i)], i) += mass;
      return;
    }
    for (Index k = 0; k < symbols_; ++k) {
      if (evidence(k, position) <= 0) continue;
      x[static_cast<std::size_t>(position)] = k;
      descend(position + 1, index * symbols_ + k, weight * evidence(k, position));
    }
  };
  descend(0, 0, 1);
  return result;
}

double SequencePrior::log_evidence(const Eigen::Ref<const MatrixXd>& evidence) const {
  if (!is_chain()) {
    const std::function<double(Index, Index)> mass = [&](Index position, Index index) -> double {
      if (position == length_) return probabilities_[index];
      double sum = 0;
      for (Index k = 0; k < symbols_; ++k)
        if (evidence(k, position) > 0)
          sum += evidence(k, position) * mass(position + 1, index * symbols_ + k);
      return sum;
    };
    return std::log(mass(0, 0));
  }
  VectorXd forward = initial_, here(initial_.size());
  double log_scale = 0;
  for (Index i = 0; i < length_; ++i) {
    here = hidden_ ? forward.cwiseProduct(emission_ * evidence.col(i)).eval()
                   : forward.cwiseProduct(evidence.col(i)).eval();
    const double sum = here.sum();
    if (!(sum > 0)) return minus_infinity;
    log_scale += std::log(sum);
    forward.noalias() = transition_.transpose() * (here / sum);
  }
  return log_scale;
}

double SequencePrior::log_probability(const ColumnRef& x) const {
  if (!is_chain()) {
    Index index = 0;
    for (Index i = 0; i < length_; ++i) index = index * symbols_ + symbol(x[i]);
    return std::log(probabilities_[index]);
  }
  if (!hidden_) {
    double sum = std::log(initial_[symbol(x[0])]);
    for (Index i = 1; i < length_; ++i) sum += std::log(transition_(symbol(x[i - 1]), symbol(x[i])));
    return sum;
  }
  VectorXd forward = initial_;
  double log_scale = 0;
  for (Index i = 0; i < length_; ++i) {
    if (i > 0) forward = (transition_.transpose() * forward).eval();
    forward = forward.cwiseProduct(emission_.col(symbol(x[i]))).eval();
    const double sum = forward.sum();
    if (!(sum > 0)) return minus_infinity;
    forward /= sum;
    log_scale += std::log(sum);
  }
  return log_scale;
}

void SequencePrior::draw(Stream& random, Eigen::Ref<VectorXd> x) const {
  if (!is_chain()) {
    Index index = pick(probabilities_, uniform(random));
    for (Index i = length_ - 1; i >= 0; --i, index /= symbols_) x[i] = static_cast<double>(index % symbols_);
    return;
  }
  Index state = pick(initial_, uniform(random));
  for (Index i = 0; i < length_; ++i) {
    if (i > 0) state = pick(transition_.row(state).transpose(), uniform(random));
    x[i] = static_cast<double>(hidden_ ? pick(emission_.row(state).transpose(), uniform(random)) : state);
  }
}

SequencePrior estimated_markov(std::span<const std::vector<int>> sequences, Index symbols, Index length,
                               double pseudo_count) {
  VectorXd initial = VectorXd::Constant(symbols, pseudo_count);
  MatrixXd transition = MatrixXd::Constant(symbols, symbols, pseudo_count);
  for (const std::vector<int>& sequence : sequences) {
    if (sequence.empty()) continue;
    initial[sequence.front()] += 1;
    for (std::size_t i = 1; i < sequence.size(); ++i) transition(sequence[i - 1], sequence[i]) += 1;
  }
  if (!(initial.sum() > 0)) throw InvalidInput("prior: no sequences to estimate a chain from");
  initial /= initial.sum();
  for (Index k = 0; k < symbols; ++k) {  // a symbol that nothing follows goes anywhere
    const double sum = transition.row(k).sum();
    if (sum > 0)
      transition.row(k) /= sum;
    else
      transition.row(k).setConstant(1.0 / static_cast<double>(symbols));
  }
  return SequencePrior::markov(std::move(initial), std::move(transition), length);
}

}  // namespace lehr::diffusion
