// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/linalg/symmetric_product.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

#include <array>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace lehr::linalg {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// y += (B + B') x, B strictly lower triangular in the layout of SymmetricProduct. x and y are padded and aligned. Four columns
// are worked on at once, so that the blocks of x and y are loaded once for them; a part is as much of 8 rows as a vector holds.
void AddBelowDiagonal(const double* below, std::int64_t padded, const double* HWY_RESTRICT x,
                      double* HWY_RESTRICT y) {
  const hn::CappedTag<double, 8> lanes;
  constexpr std::int64_t width = HWY_MIN(8, HWY_LANES(double));
  double partial[4][8];
  for (std::int64_t j = 0; j < padded; j += 4) {
    const std::int64_t first = j / 8 * 8, blocks = (padded - first) / 8;
    const auto factor0 = hn::Set(lanes, x[j]), factor1 = hn::Set(lanes, x[j + 1]);
    const auto factor2 = hn::Set(lanes, x[j + 2]), factor3 = hn::Set(lanes, x[j + 3]);
    for (std::int64_t part = 0; part < 8; part += width) {
      auto sum0 = hn::Zero(lanes), sum1 = sum0, sum2 = sum0, sum3 = sum0;
      for (std::int64_t block = 0; block < blocks; ++block) {
        const double* const a = below + 32 * block + part;
        const std::int64_t i = first + 8 * block + part;
        const auto from = hn::Load(lanes, x + i);
        const auto a0 = hn::Load(lanes, a), a1 = hn::Load(lanes, a + 8);
        const auto a2 = hn::Load(lanes, a + 16), a3 = hn::Load(lanes, a + 24);
        const auto left = hn::Add(hn::Mul(a0, factor0), hn::Mul(a1, factor1));
        const auto right = hn::Add(hn::Mul(a2, factor2), hn::Mul(a3, factor3));
        hn::Store(hn::Add(hn::Load(lanes, y + i), hn::Add(left, right)), lanes, y + i);
        sum0 = hn::Add(sum0, hn::Mul(a0, from));
        sum1 = hn::Add(sum1, hn::Mul(a1, from));
        sum2 = hn::Add(sum2, hn::Mul(a2, from));
        sum3 = hn::Add(sum3, hn::Mul(a3, from));
      }
      hn::StoreU(sum0, lanes, partial[0] + part);
      hn::StoreU(sum1, lanes, partial[1] + part);
      hn::StoreU(sum2, lanes, partial[2] + part);
      hn::StoreU(sum3, lanes, partial[3] + part);
    }
    below += 32 * blocks;
    for (std::int64_t c = 0; c < 4; ++c) {
      const double* const p = partial[c];
      y[j + c] += ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::linalg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "lehr/linalg/symmetric_product.hpp"

namespace lehr::linalg {

HWY_EXPORT(AddBelowDiagonal);

namespace {

constexpr Eigen::Index largest_on_stack = 512;

}  // namespace

SymmetricProduct::SymmetricProduct(const Eigen::MatrixXd& matrix)
    : size_(matrix.rows()), padded_((size_ + 7) / 8 * 8), diagonal_(matrix.diagonal()) {
  for (Eigen::Index first = 0; first < padded_; first += 4)
    for (Eigen::Index block = first / 8 * 8; block < padded_; block += 8)
      for (Eigen::Index j = first; j < first + 4; ++j)
        for (Eigen::Index i = block; i < block + 8; ++i)
          below_.push_back(i > j && i < size_ ? matrix(i, j) : 0);
}

void SymmetricProduct::multiply(const Eigen::VectorXd& x, Eigen::VectorXd& y) const {
  alignas(64) double on_stack[2 * largest_on_stack];
  AlignedVector<double> on_heap;
  double* from = on_stack;
  if (padded_ > largest_on_stack) {
    on_heap.resize(static_cast<std::size_t>(2 * padded_));
    from = on_heap.data();
  }
  double* const to = from + padded_;
  for (Eigen::Index i = 0; i < size_; ++i) {
    from[i] = x(i);
    to[i] = diagonal_(i) * x(i);
  }
  std::fill(from + size_, from + padded_, 0.0);
  std::fill(to + size_, to + padded_, 0.0);
  HWY_DYNAMIC_DISPATCH(AddBelowDiagonal)(below_.data(), padded_, from, to);
  y = Eigen::Map<const Eigen::VectorXd>(to, size_);
}

}  // namespace lehr::linalg
#endif
