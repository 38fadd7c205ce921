#include "lehr/diffusion/tokens/mixture_tokens.hpp"

#include <cmath>
#include <map>
#include <memory>
#include <mutex>

#include "lehr/core/aligned.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/tokens/token_lanes.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t whitened_array = 0, weights_array = 1;

// The covariances of one token given the known ones: eigenvectors and eigenvalues of each component.
struct Spread {
  AlignedVector<double> vectors;  // K d d
  MatrixXd values;                // d x K
};

class Mixture {
 public:
  Mixture(const stats::GaussianMixture& mixture, Index token_dim, const std::vector<std::int64_t>& order)
      : dim_(token_dim) {
    const Index dimension = mixture.dimension();
    std::vector<Index> places;
    for (const std::int64_t position : order)
      for (Index j = 0; j < dim_; ++j) places.push_back(position * dim_ + j);
    log_weights_ = mixture.weights.array().log();
    means_.resize(dimension, mixture.components());
    for (Index k = 0; k < mixture.components(); ++k) {
      const MatrixXd whole = mixture.covariance(k);
      MatrixXd ordered(dimension, dimension);
      for (Index j = 0; j < dimension; ++j) {
        means_(j, k) = mixture.means(places[static_cast<std::size_t>(j)], k);
        for (Index i = 0; i < dimension; ++i)
          ordered(i, j) = whole(places[static_cast<std::size_t>(i)], places[static_cast<std::size_t>(j)]);
      }
      MatrixXd factor = linalg::cholesky_factor(ordered);
      if (factor.size() == 0 || !factor.allFinite())
        throw InvalidInput("mixture: covariance {} is not positive definite", k);
      rows_of_factor_.push_back(factor.transpose());  // row i of L is contiguous
    }
  }

  Index components() const { return means_.cols(); }
  Index dimension() const { return means_.rows(); }
  Index dim() const { return dim_; }

  TokenMemory begin(Index rows) const {
    TokenMemory memory;
    memory.arrays = {Lanes(rows, components() * dimension()), Lanes(rows, components())};
    memory.arrays[whitened_array].setZero();
    memory.arrays[weights_array].rowwise() = log_weights_.transpose();
    return memory;
  }

  void learn(TokenMemory& memory, const Lanes& values) const {
    Lanes &whitened = memory.arrays[whitened_array], &weights = memory.arrays[weights_array];
    const Index first = memory.known * dim_;
    ArrayXd mean(whitened.rows());
    for (Index k = 0; k < components(); ++k)
      for (Index j = 0; j < values.cols(); ++j) {
        const Index row = first + j;
        expect(whitened, k, row, row, mean);
        const double deviation = rows_of_factor_[static_cast<std::size_t>(k)](row, row);
        auto u = whitened.col(k * dimension() + row);
        u = (values.col(j) - mean) / deviation;
        weights.col(k) -= 0.5 * u.square() + std::log(deviation);
      }
    const ArrayXd largest = weights.rowwise().maxCoeff();
    const ArrayXd total = largest + (weights.colwise() - largest).exp().rowwise().sum().log();
    weights.colwise() -= total;
    memory.known += values.cols() / dim_;
  }

  // to = m_row + sum_{c < known} L(row, c) u_c of component k.
  void expect(const Lanes& whitened, Index k, Index row, Index known, ArrayXd& to) const {
    column_sum_lanes(whitened.col(k * dimension()).data(), whitened.rows(),
                     rows_of_factor_[static_cast<std::size_t>(k)].col(row).data(), known, means_(row, k),
                     whitened.rows(), to.data());
  }

  std::shared_ptr<const Spread> spread(Index known, Index rank) const {
    const std::lock_guard guard(mutex_);
    std::shared_ptr<const Spread>& kept = spreads_[{known, rank}];
    if (kept == nullptr) kept = std::make_shared<Spread>(make_spread(known, rank));
    return kept;
  }

 private:
  Spread make_spread(Index known, Index rank) const {
    Spread spread;
    spread.vectors.resize(static_cast<std::size_t>(components() * dim_ * dim_));
    spread.values.resize(dim_, components());
    const Index first = known * dim_, own = rank * dim_;
    for (Index k = 0; k < components(); ++k) {
      // Columns of the transposed factor are rows of L; those after the diagonal are zero.
      const MatrixXd rows =
          rows_of_factor_[static_cast<std::size_t>(k)].block(first, own, own + dim_ - first, dim_);
      const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(rows.transpose() * rows);
      spread.values.col(k) = eigen.values.cwiseMax(0);
      Eigen::Map<MatrixXd>(spread.vectors.data() + k * dim_ * dim_, dim_, dim_) = eigen.vectors;
    }
    return spread;
  }

  Index dim_;
  ArrayXd log_weights_;
  MatrixXd means_;                        // D x K, in the order of generation
  std::vector<MatrixXd> rows_of_factor_;  // L'
  mutable std::mutex mutex_;
  mutable std::map<std::pair<Index, Index>, std::shared_ptr<const Spread>> spreads_;
};

// One token of one block.
class Conditional {
 public:
  Conditional(const Mixture& mixture, const TokenMemory& memory, Index rank)
      : spread_(mixture.spread(memory.known, rank)),
        dim_(mixture.dim()),
        components_(mixture.components()),
        weights_(memory.arrays[weights_array]) {
    const Lanes& whitened = memory.arrays[whitened_array];
    const Index rows = whitened.rows(), known = memory.known * dim_;
    means_.resize(rows, components_ * dim_), rotated_.resize(rows, components_ * dim_);
    gains_.resize(dim_, components_), inverses_.resize(dim_, components_), constants_.resize(components_);
    scratch_.resize(static_cast<std::size_t>(8 * components_ * (dim_ + 1)));
    ArrayXd mean(rows);
    for (Index k = 0; k < components_; ++k) {
      for (Index j = 0; j < dim_; ++j) {
        mixture.expect(whitened, k, rank * dim_ + j, known, mean);
        means_.col(k * dim_ + j) = mean;
      }
      const Eigen::Map<const MatrixXd> vectors(spread_->vectors.data() + k * dim_ * dim_, dim_, dim_);
      for (Index j = 0; j < dim_; ++j) {
        auto rotated = rotated_.col(k * dim_ + j);
        rotated = vectors(0, j) * means_.col(k * dim_);
        for (Index i = 1; i < dim_; ++i) rotated += vectors(i, j) * means_.col(k * dim_ + i);
      }
    }
  }

  void predict(double a, double s, const Lanes& x, Index n, Lanes& clean) {
    for (Index k = 0; k < components_; ++k) {
      double product = 1;
      for (Index j = 0; j < dim_; ++j) {
        const double value = spread_->values(j, k), level = a * a * value + s * s;
        inverses_(j, k) = 1 / level, gains_(j, k) = a * value / level;
        product *= level;
      }
      constants_[k] = -0.5 * (product > 1e-290 ? std::log(product) : -inverses_.col(k).array().log().sum());
    }
    const ConditionalLevel level{.components = components_,
                                 .dimension = dim_,
                                 .stride = means_.rows(),
                                 .a = a,
                                 .vectors = spread_->vectors.data(),
                                 .gains = gains_.data(),
                                 .inverses = inverses_.data(),
                                 .constants = constants_.data(),
                                 .log_weights = weights_.data(),
                                 .means = means_.data(),
                                 .rotated = rotated_.data()};
    conditional_lanes(level, x.data(), (n + 7) / 8 * 8, clean.data(), scratch_.data());
  }

  void keep(const std::vector<Index>& rows) {
    for (std::size_t to = 0; to < rows.size(); ++to) {
      const auto row = static_cast<Index>(to);
      if (rows[to] == row) continue;
      weights_.row(row) = weights_.row(rows[to]);
      means_.row(row) = means_.row(rows[to]);
      rotated_.row(row) = rotated_.row(rows[to]);
    }
  }

  // tr Cov = sum_k p_k (tr C_k + |m_k|^2) - |sum_k p_k m_k|^2, about the mean for accuracy.
  ArrayXd variance() const {
    const Lanes p = weights_.exp();
    ArrayXd sum = ArrayXd::Zero(p.rows());
    for (Index k = 0; k < components_; ++k) sum += p.col(k) * spread_->values.col(k).sum();
    for (Index j = 0; j < dim_; ++j) {
      ArrayXd mean = ArrayXd::Zero(p.rows());
      for (Index k = 0; k < components_; ++k) mean += p.col(k) * means_.col(k * dim_ + j);
      for (Index k = 0; k < components_; ++k) sum += p.col(k) * (means_.col(k * dim_ + j) - mean).square();
    }
    return sum;
  }

 private:
  std::shared_ptr<const Spread> spread_;
  Index dim_, components_;
  Lanes weights_, means_, rotated_;
  MatrixXd gains_, inverses_;
  VectorXd constants_;
  AlignedVector<double> scratch_;
};

}  // namespace

TokenModel mixture_tokens(const stats::GaussianMixture& mixture, Index token_dim,
                          const std::vector<std::int64_t>& order) {
  if (token_dim < 1 || mixture.dimension() % token_dim != 0)
    throw InvalidInput("token_dim: sequences of {} numbers do not divide into tokens of {}",
                       mixture.dimension(), token_dim);
  TokenModel model;
  model.tokens = mixture.dimension() / token_dim, model.token_dim = token_dim, model.order = order;
  std::vector<bool> seen(static_cast<std::size_t>(model.tokens));
  for (const std::int64_t position : order) {
    if (position < 0 || position >= model.tokens || seen[static_cast<std::size_t>(position)])
      throw InvalidInput("order: position {} is out of range or there twice", position);
    seen[static_cast<std::size_t>(position)] = true;
  }
  if (std::ssize(order) != model.tokens)
    throw InvalidInput("order: it has {} of {} positions", order.size(), model.tokens);
  const auto shared = std::make_shared<const Mixture>(mixture, token_dim, order);
  model.begin = [shared, rows = model.rows] { return shared->begin(rows); };
  model.learn = [shared](TokenMemory& memory, const Lanes& values) { shared->learn(memory, values); };
  model.given = [shared](const TokenMemory& memory, Index rank) {
    const auto conditional = std::make_shared<Conditional>(*shared, memory, rank);
    return TokenConditional{
        .predict = [conditional](double a, double s, const Lanes& x, Index n,
                                 Lanes& clean) { conditional->predict(a, s, x, n, clean); },
        .keep = [conditional](const std::vector<Index>& rows) { conditional->keep(rows); },
        .variance = [conditional] { return conditional->variance(); }};
  };
  return model;
}

const Lanes& log_weights_of(const TokenMemory& memory) { return memory.arrays[weights_array]; }

}  // namespace lehr::diffusion
