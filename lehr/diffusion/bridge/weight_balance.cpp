#include "lehr/diffusion/bridge/weight_balance.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/aligned.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/bridge/share_lanes.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::VectorXd;

constexpr Index balance_block = 512;  // a multiple of 16
constexpr int most_updates = 20;
constexpr double close_enough = 1e-4;  // sum of |E p_k - m_k|
constexpr double most_moved = 20;

class Balance {
 public:
  // `terms` at epsilon 1 and without weights.
  Balance(const QuadraticTerms& terms, const PointsRef& x)
      : points_(x.cols()), components_(terms.constant.size()) {
    blocks_ = parallel_map((points_ + balance_block - 1) / balance_block, [&](std::int64_t b) {
      Block block;
      const Index first = b * balance_block;
      block.count = std::min(balance_block, points_ - first);
      block.stride = (block.count + 15) / 16 * 16;
      block.exponents.resize(static_cast<std::size_t>(block.stride * components_));
      block.shares.resize(block.exponents.size());
      put_terms(terms, {x}, first, block.count, block.exponents.data(), block.stride);
      return block;
    });
  }

  // Shares under these weights, kept; E p_k.
  VectorXd take(const VectorXd& log_alpha, double epsilon) {
    return sum([&](Block& block) {
      for (Index k = 0; k < components_; ++k)
        for (Index i = k * block.stride; i < (k + 1) * block.stride; ++i)
          block.shares[static_cast<std::size_t>(i)] =
              block.exponents[static_cast<std::size_t>(i)] / epsilon + log_alpha[k];
      VectorXd got(components_);
      share_lanes(block.shares.data(), components_, block.count, block.stride, got.data());
      return got;
    });
  }

  // E p_k where the weights are those that were taken times `factors`.
  VectorXd with(const VectorXd& factors) {
    return sum([&](Block& block) {
      VectorXd got = VectorXd::Zero(components_);
      balance_lanes(block.shares.data(), factors.data(), components_, block.stride, got.data());
      return got;
    });
  }

 private:
  struct Block {
    Index count = 0, stride = 0;
    AlignedVector<double> exponents, shares;  // components x stride
  };

  template <class Part>
  VectorXd sum(Part part) {
    const auto parts = parallel_map(static_cast<std::int64_t>(blocks_.size()), [&](std::int64_t b) {
      return part(blocks_[static_cast<std::size_t>(b)]);
    });
    VectorXd got = VectorXd::Constant(components_, 1e-300);
    for (const VectorXd& one : parts) got += one / static_cast<double>(points_);
    return got;
  }

  Index points_, components_;
  std::vector<Block> blocks_;
};

}  // namespace

void balance_weights(const BridgeLayout& layout, VectorXd& parameters, double from, double to,
                     const VectorXd& masses, const PointsRef& x) {
  QuadraticTerms terms = source_terms(layout, parameters, 1);
  terms.constant.setZero();
  Balance balance(terms, x);
  const VectorXd wanted = masses.cwiseMax(1e-3 / static_cast<double>(masses.size()));
  for (double epsilon = from;; epsilon = std::max(to, epsilon / 2)) {
    VectorXd log_alpha = layout.weights(parameters) / epsilon;
    VectorXd moved = VectorXd::Zero(wanted.size());
    VectorXd got = balance.take(log_alpha, epsilon);
    for (int i = 0; i < most_updates && (got - wanted).cwiseAbs().sum() >= close_enough; ++i) {
      moved += (wanted.array().log() - got.array().log()).matrix();
      if (moved.cwiseAbs().maxCoeff() < most_moved) {
        got = balance.with(moved.array().exp());
      } else {
        log_alpha += moved;
        moved.setZero();
        got = balance.take(log_alpha, epsilon);
      }
    }
    log_alpha += moved;
    log_alpha.array() -= log_alpha.maxCoeff();
    layout.weights(parameters) = epsilon * log_alpha;
    if (epsilon == to) return;
  }
}

}  // namespace lehr::diffusion
