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

// y += (B + B') x, B strictly lower triangular in the layout of SymmetricProduct. x and y are padded and aligned.
void AddBelowDiagonal(const double* below, std::int64_t padded, const double* HWY_RESTRICT x,
                      double* HWY_RESTRICT y) {
  const hn::CappedTag<double, 8> lanes;
  constexpr std::size_t width = HWY_MIN(8, HWY_LANES(double)), parts = 8 / width;
  double row[8];
  for (std::int64_t j = 0; j < padded; ++j) {
    const auto factor = hn::Set(lanes, x[j]);
    std::array<decltype(hn::Zero(lanes)), parts> sums;
    for (std::size_t p = 0; p < parts; ++p) sums[p] = hn::Zero(lanes);
    for (std::int64_t i = j / 8 * 8; i < padded; i += 8, below += 8)
      for (std::size_t p = 0; p < parts; ++p) {
        const auto a = hn::Load(lanes, below + p * width);
        double* const target = y + i + p * width;
        hn::Store(hn::Add(hn::Load(lanes, target), hn::Mul(a, factor)), lanes, target);
        sums[p] = hn::Add(sums[p], hn::Mul(a, hn::Load(lanes, x + i + p * width)));
      }
    for (std::size_t p = 0; p < parts; ++p) hn::StoreU(sums[p], lanes, row + p * width);
    y[j] += ((row[0] + row[1]) + (row[2] + row[3])) + ((row[4] + row[5]) + (row[6] + row[7]));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::linalg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "lehr/linalg/symmetric_product.hpp"

namespace lehr::linalg {

HWY_EXPORT(AddBelowDiagonal);

SymmetricProduct::SymmetricProduct(const Eigen::MatrixXd& matrix)
    : size_(matrix.rows()), padded_((size_ + 7) / 8 * 8), diagonal_(matrix.diagonal()) {
  for (Eigen::Index j = 0; j < padded_; ++j)
    for (Eigen::Index i = j / 8 * 8; i < padded_; ++i)
      below_.push_back(i > j && i < size_ ? matrix(i, j) : 0);
}

void SymmetricProduct::multiply(const Eigen::VectorXd& x, Eigen::VectorXd& y) const {
  AlignedVector<double> buffers(static_cast<std::size_t>(2 * padded_));
  double *const from = buffers.data(), *const to = from + padded_;
  for (Eigen::Index i = 0; i < size_; ++i) {
    from[i] = x(i);
    to[i] = diagonal_(i) * x(i);
  }
  HWY_DYNAMIC_DISPATCH(AddBelowDiagonal)(below_.data(), padded_, from, to);
  y = Eigen::Map<const Eigen::VectorXd>(to, size_);
}

}  // namespace lehr::linalg
#endif
