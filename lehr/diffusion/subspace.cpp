// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/diffusion/subspace.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "lehr/diffusion/subspace.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::diffusion {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<double, 8>;

// products[k] = <q_k, x> for the r columns of Q (d x r); returns |x|^2.
double Project(const double* q, std::int64_t d, std::int64_t r, const double* x, double* products) {
  const D tag;
  const auto width = static_cast<std::int64_t>(hn::Lanes(tag));
  const std::int64_t whole = d / width * width;
  const auto dot = [&](const double* a, const double* b) {
    auto sum = hn::Zero(tag);
    for (std::int64_t j = 0; j < whole; j += width)
      sum = hn::MulAdd(hn::LoadU(tag, a + j), hn::LoadU(tag, b + j), sum);
    double total = hn::GetLane(hn::SumOfLanes(tag, sum));
    for (std::int64_t j = whole; j < d; ++j) total += a[j] * b[j];
    return total;
  };
  std::int64_t k = 0;
  for (; k + 4 <= r; k += 4) {  // four sums in flight share the loads of x
    const double *const q0 = q + k * d, *const q1 = q0 + d, *const q2 = q1 + d, *const q3 = q2 + d;
    auto s0 = hn::Zero(tag), s1 = s0, s2 = s0, s3 = s0;
    for (std::int64_t j = 0; j < whole; j += width) {
      const auto v = hn::LoadU(tag, x + j);
      s0 = hn::MulAdd(hn::LoadU(tag, q0 + j), v, s0), s1 = hn::MulAdd(hn::LoadU(tag, q1 + j), v, s1);
      s2 = hn::MulAdd(hn::LoadU(tag, q2 + j), v, s2), s3 = hn::MulAdd(hn::LoadU(tag, q3 + j), v, s3);
    }
    double t0 = hn::GetLane(hn::SumOfLanes(tag, s0)), t1 = hn::GetLane(hn::SumOfLanes(tag, s1));
    double t2 = hn::GetLane(hn::SumOfLanes(tag, s2)), t3 = hn::GetLane(hn::SumOfLanes(tag, s3));
    for (std::int64_t j = whole; j < d; ++j)
      t0 += q0[j] * x[j], t1 += q1[j] * x[j], t2 += q2[j] * x[j], t3 += q3[j] * x[j];
    products[k] = t0, products[k + 1] = t1, products[k + 2] = t2, products[k + 3] = t3;
  }
  for (; k < r; ++k) products[k] = dot(q + k * d, x);
  return dot(x, x);
}

// x = factor x + Q c.
void Expand(const double* q, std::int64_t d, std::int64_t r, double factor, const double* c, double* x) {
  const D tag;
  const auto width = static_cast<std::int64_t>(hn::Lanes(tag));
  const auto g = hn::Set(tag, factor);
  std::int64_t j = 0;
  for (; j + 4 * width <= d; j += 4 * width) {
    auto x0 = hn::Mul(g, hn::LoadU(tag, x + j)), x1 = hn::Mul(g, hn::LoadU(tag, x + j + width));
    auto x2 = hn::Mul(g, hn::LoadU(tag, x + j + 2 * width)),
         x3 = hn::Mul(g, hn::LoadU(tag, x + j + 3 * width));
    for (std::int64_t k = 0; k < r; ++k) {
      const auto f = hn::Set(tag, c[k]);
      const double* const from = q + k * d + j;
      x0 = hn::MulAdd(f, hn::LoadU(tag, from), x0), x1 = hn::MulAdd(f, hn::LoadU(tag, from + width), x1);
      x2 = hn::MulAdd(f, hn::LoadU(tag, from + 2 * width), x2),
      x3 = hn::MulAdd(f, hn::LoadU(tag, from + 3 * width), x3);
    }
    hn::StoreU(x0, tag, x + j), hn::StoreU(x1, tag, x + j + width);
    hn::StoreU(x2, tag, x + j + 2 * width), hn::StoreU(x3, tag, x + j + 3 * width);
  }
  for (; j + width <= d; j += width) {
    auto sum = hn::Mul(g, hn::LoadU(tag, x + j));
    for (std::int64_t k = 0; k < r; ++k)
      sum = hn::MulAdd(hn::Set(tag, c[k]), hn::LoadU(tag, q + k * d + j), sum);
    hn::StoreU(sum, tag, x + j);
  }
  for (; j < d; ++j) {
    double sum = factor * x[j];
    for (std::int64_t k = 0; k < r; ++k) sum += c[k] * q[k * d + j];
    x[j] = sum;
  }
}

void Enter(const double* q, std::int64_t d, std::int64_t r, const double* points, std::int64_t stride,
           std::int64_t n, double* coordinates, std::int64_t rows) {
  std::vector<double> products(static_cast<std::size_t>(r));
  for (std::int64_t i = 0; i < n; ++i) {
    double rest = Project(q, d, r, points + i * stride, products.data());
    for (std::int64_t k = 0; k < r; ++k) {
      const double u = products[static_cast<std::size_t>(k)];
      coordinates[k * rows + i] = u;
      rest -= u * u;
    }
    // What is not finite stays so.
    coordinates[r * rows + i] = rest <= 1e-200 ? 1e-100 : std::sqrt(rest);
  }
}

void Leave(const double* q, std::int64_t d, std::int64_t r, const double* from, const double* to,
           std::int64_t rows, double* points, std::int64_t stride, std::int64_t n) {
  std::vector<double> change(static_cast<std::size_t>(r));
  for (std::int64_t i = 0; i < n; ++i) {
    const double g = to[r * rows + i] / from[r * rows + i];
    for (std::int64_t k = 0; k < r; ++k)
      change[static_cast<std::size_t>(k)] = to[k * rows + i] - g * from[k * rows + i];
    Expand(q, d, r, g, change.data(), points + i * stride);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::diffusion
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr::diffusion {

HWY_EXPORT(Enter);
HWY_EXPORT(Leave);

void enter_subspace(const Subspace& subspace, const Eigen::Ref<const Eigen::MatrixXd>& points,
                    Lanes& coordinates) {
  HWY_DYNAMIC_DISPATCH(Enter)
  (subspace.basis.data(), subspace.basis.rows(), subspace.basis.cols(), points.data(), points.outerStride(),
   points.cols(), coordinates.data(), coordinates.rows());
  for (Eigen::Index i = points.cols(); i < coordinates.rows(); ++i)
    coordinates.row(i) = coordinates.row(points.cols() - 1);
}

void leave_subspace(const Subspace& subspace, const Lanes& from, const Lanes& to,
                    Eigen::Ref<Eigen::MatrixXd> points) {
  HWY_DYNAMIC_DISPATCH(Leave)
  (subspace.basis.data(), subspace.basis.rows(), subspace.basis.cols(), from.data(), to.data(), from.rows(),
   points.data(), points.outerStride(), points.cols());
}

}  // namespace lehr::diffusion
#endif
