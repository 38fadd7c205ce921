#include "lehr/spin/vector_loops.hpp"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/spin/vector_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::loops::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Wide = hn::CappedTag<T, padding>;

template <class T>
T update(const T* row, T scale, const T* spin, const T* bar, T* cost, std::size_t size) {
  const Wide<T> d;
  const auto factor = hn::Set(d, scale);
  auto least = hn::Set(d, std::numeric_limits<T>::infinity());
  for (std::size_t j = 0; j < size; j += hn::Lanes(d)) {
    const auto change = hn::Mul(hn::Mul(factor, hn::LoadU(d, row + j)), hn::LoadU(d, spin + j));
    const auto now = hn::Add(hn::LoadU(d, cost + j), change);
    hn::StoreU(now, d, cost + j);
    least = hn::Min(least, hn::Add(now, hn::LoadU(d, bar + j)));
  }
  return hn::GetLane(hn::MinOfLanes(d, least));
}

template <class T>
T lowest(const T* bar, const T* cost, std::size_t size) {
  const Wide<T> d;
  auto least = hn::Set(d, std::numeric_limits<T>::infinity());
  for (std::size_t j = 0; j < size; j += hn::Lanes(d))
    least = hn::Min(least, hn::Add(hn::LoadU(d, cost + j), hn::LoadU(d, bar + j)));
  return hn::GetLane(hn::MinOfLanes(d, least));
}

template <class T>
std::size_t find(const T* bar, const T* cost, T value, std::size_t from, std::size_t to) {
  const Wide<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto wanted = hn::Set(d, value);
  std::size_t j = from;
  for (; j + lanes <= to; j += lanes) {
    const auto equal = hn::Eq(hn::Add(hn::LoadU(d, cost + j), hn::LoadU(d, bar + j)), wanted);
    const auto first = hn::FindFirstTrue(d, equal);
    if (first >= 0) return j + static_cast<std::size_t>(first);
  }
  while (j < to && cost[j] + bar[j] != value) ++j;
  return j;
}

template <bool subtract, class T>
T shift(const T* change, T* energies, std::size_t size) {
  const Wide<T> d;
  auto least = hn::Set(d, std::numeric_limits<T>::max());
  for (std::size_t k = 0; k < size; k += hn::Lanes(d)) {
    const auto before = hn::LoadU(d, energies + k), by = hn::LoadU(d, change + k);
    const auto now = subtract ? hn::Sub(before, by) : hn::Add(before, by);
    hn::StoreU(now, d, energies + k);
    least = hn::Min(least, now);
  }
  return hn::GetLane(hn::MinOfLanes(d, least));
}

// One row against one stripe of two vectors; four rows share the loads of `values` in `four_rows`.
template <class Row>
void one_row(const Row& row, const float* values, float* force) {
  const Wide<float> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t r = 0; r < batch; r += 2 * lanes) {
    auto a = hn::Zero(d), b = hn::Zero(d);
    for (std::size_t k = 0; k < row.size; ++k) {
      const auto weight = hn::Set(d, row.weights[k]);
      const float* value = values + row.column(k) * batch + r;
      a = hn::NegMulAdd(weight, hn::LoadU(d, value), a);
      b = hn::NegMulAdd(weight, hn::LoadU(d, value + lanes), b);
    }
    hn::StoreU(a, d, force + r);
    hn::StoreU(b, d, force + r + lanes);
  }
}

void four_rows(const float* matrix, std::size_t stride, std::size_t size, const float* values,
               float* forces) {
  const Wide<float> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t r = 0; r < batch; r += 2 * lanes) {
    auto a0 = hn::Zero(d), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    const float* value = values + r;
    for (std::size_t j = 0; j < size; ++j, value += batch) {
      const auto x = hn::LoadU(d, value), y = hn::LoadU(d, value + lanes);
      const auto w0 = hn::Set(d, matrix[j]), w1 = hn::Set(d, matrix[stride + j]);
      const auto w2 = hn::Set(d, matrix[2 * stride + j]), w3 = hn::Set(d, matrix[3 * stride + j]);
      a0 = hn::NegMulAdd(w0, x, a0), b0 = hn::NegMulAdd(w0, y, b0);
      a1 = hn::NegMulAdd(w1, x, a1), b1 = hn::NegMulAdd(w1, y, b1);
      a2 = hn::NegMulAdd(w2, x, a2), b2 = hn::NegMulAdd(w2, y, b2);
      a3 = hn::NegMulAdd(w3, x, a3), b3 = hn::NegMulAdd(w3, y, b3);
    }
    float* const at = forces + r;
    hn::StoreU(a0, d, at), hn::StoreU(b0, d, at + lanes);
    hn::StoreU(a1, d, at + batch), hn::StoreU(b1, d, at + batch + lanes);
    hn::StoreU(a2, d, at + 2 * batch), hn::StoreU(b2, d, at + 2 * batch + lanes);
    hn::StoreU(a3, d, at + 3 * batch), hn::StoreU(b3, d, at + 3 * batch + lanes);
  }
}

struct DenseRow {
  const float* weights;
  std::size_t size;
  std::size_t column(std::size_t k) const { return k; }
};

struct SparseRow {
  const float* weights;
  std::size_t size;
  const Index* neighbours;
  std::size_t column(std::size_t k) const { return static_cast<std::size_t>(neighbours[k]); }
};

void dense(const float* matrix, std::size_t stride, std::size_t size, const float* values, std::size_t from,
           std::size_t to, float* forces) {
  std::size_t i = from;
  for (; i + 4 <= to; i += 4) four_rows(matrix + i * stride, stride, size, values, forces + i * batch);
  for (; i < to; ++i) one_row(DenseRow{matrix + i * stride, size}, values, forces + i * batch);
}

void sparse(const std::int64_t* starts, const Index* neighbours, const float* weights, const float* values,
            std::size_t from, std::size_t to, float* forces) {
  for (std::size_t i = from; i < to; ++i) {
    const auto begin = starts[i];
    one_row(SparseRow{weights + begin, static_cast<std::size_t>(starts[i + 1] - begin), neighbours + begin},
            values, forces + i * batch);
  }
}

void kick_all(const float* x, const float* force, float push, float pull, float cubic, float* y,
              std::size_t size) {
  const Wide<float> d;
  const auto p = hn::Set(d, push), l = hn::Set(d, pull), c = hn::Set(d, cubic);
  for (std::size_t k = 0; k < size; k += hn::Lanes(d)) {
    const auto at = hn::LoadU(d, x + k);
    const auto pulled = hn::MulAdd(c, hn::Mul(at, at), l);
    const auto pushed = hn::MulAdd(p, hn::LoadU(d, force + k), hn::LoadU(d, y + k));
    hn::StoreU(hn::NegMulAdd(pulled, at, pushed), d, y + k);
  }
}

void drift_all(float dt, bool walls, float* x, float* y, std::size_t size) {
  const Wide<float> d;
  const auto step = hn::Set(d, dt), one = hn::Set(d, 1.0F);
  const auto wall = hn::Set(d, walls ? 1.0F : std::numeric_limits<float>::infinity());
  for (std::size_t k = 0; k < size; k += hn::Lanes(d)) {
    const auto speed = hn::LoadU(d, y + k);
    const auto moved = hn::MulAdd(step, speed, hn::LoadU(d, x + k));
    const auto beyond = hn::Gt(hn::Abs(moved), wall);
    hn::StoreU(hn::IfThenElse(beyond, hn::CopySign(one, moved), moved), d, x + k);
    hn::StoreU(hn::IfThenZeroElse(beyond, speed), d, y + k);
  }
}

void signs_of(const float* x, float* signs, std::size_t size) {
  const Wide<float> d;
  const auto one = hn::Set(d, 1.0F), minus = hn::Set(d, -1.0F), zero = hn::Zero(d);
  for (std::size_t k = 0; k < size; k += hn::Lanes(d))
    hn::StoreU(hn::IfThenElse(hn::Lt(hn::LoadU(d, x + k), zero), minus, one), d, signs + k);
}

float update_float(const float* row, float scale, const float* spin, const float* bar, float* cost,
                   std::size_t size) {
  return update(row, scale, spin, bar, cost, size);
}
double update_double(const double* row, double scale, const double* spin, const double* bar, double* cost,
                     std::size_t size) {
  return update(row, scale, spin, bar, cost, size);
}
float lowest_float(const float* bar, const float* cost, std::size_t size) { return lowest(bar, cost, size); }
double lowest_double(const double* bar, const double* cost, std::size_t size) {
  return lowest(bar, cost, size);
}
std::size_t find_float(const float* bar, const float* cost, float value, std::size_t from, std::size_t to) {
  return find(bar, cost, value, from, to);
}
std::size_t find_double(const double* bar, const double* cost, double value, std::size_t from,
                        std::size_t to) {
  return find(bar, cost, value, from, to);
}
std::int32_t shift_int(const std::int32_t* change, bool subtract, std::int32_t* energies, std::size_t size) {
  return subtract ? shift<true>(change, energies, size) : shift<false>(change, energies, size);
}
double shift_double(const double* change, bool subtract, double* energies, std::size_t size) {
  return subtract ? shift<true>(change, energies, size) : shift<false>(change, energies, size);
}

}  // namespace lehr::spin::loops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr::spin::loops {

HWY_EXPORT(update_float);
HWY_EXPORT(update_double);
HWY_EXPORT(lowest_float);
HWY_EXPORT(lowest_double);
HWY_EXPORT(find_float);
HWY_EXPORT(find_double);
HWY_EXPORT(shift_int);
HWY_EXPORT(shift_double);
HWY_EXPORT(dense);
HWY_EXPORT(sparse);
HWY_EXPORT(kick_all);
HWY_EXPORT(drift_all);
HWY_EXPORT(signs_of);

float update_costs(const float* row, float scale, const float* spin, const float* bar, float* cost,
                   std::size_t size) {
  return HWY_DYNAMIC_DISPATCH(update_float)(row, scale, spin, bar, cost, size);
}
double update_costs(const double* row, double scale, const double* spin, const double* bar, double* cost,
                    std::size_t size) {
  return HWY_DYNAMIC_DISPATCH(update_double)(row, scale, spin, bar, cost, size);
}
float lowest_cost(const float* bar, const float* cost, std::size_t size) {
  return HWY_DYNAMIC_DISPATCH(lowest_float)(bar, cost, size);
}
double lowest_cost(const double* bar, const double* cost, std::size_t size) {
  return HWY_DYNAMIC_DISPATCH(lowest_double)(bar, cost, size);
}
std::size_t find_cost(const float* bar, const float* cost, float value, std::size_t from, std::size_t to) {
  return HWY_DYNAMIC_DISPATCH(find_float)(bar, cost, value, from, to);
}
std::size_t find_cost(const double* bar, const double* cost, double value, std::size_t from, std::size_t to) {
  return HWY_DYNAMIC_DISPATCH(find_double)(bar, cost, value, from, to);
}
std::int32_t shift_energies(const std::int32_t* change, bool subtract, std::int32_t* energies,
                            std::size_t size) {
  return HWY_DYNAMIC_DISPATCH(shift_int)(change, subtract, energies, size);
}
double shift_energies(const double* change, bool subtract, double* energies, std::size_t size) {
  return HWY_DYNAMIC_DISPATCH(shift_double)(change, subtract, energies, size);
}
void accumulate_dense(const float* matrix, std::size_t stride, std::size_t size, const float* values,
                      std::size_t from, std::size_t to, float* forces) {
  HWY_DYNAMIC_DISPATCH(dense)(matrix, stride, size, values, from, to, forces);
}
void accumulate_sparse(const std::int64_t* starts, const Index* neighbours, const float* weights,
                       const float* values, std::size_t from, std::size_t to, float* forces) {
  HWY_DYNAMIC_DISPATCH(sparse)(starts, neighbours, weights, values, from, to, forces);
}
void kick(const float* x, const float* force, float push, float pull, float cubic, float* y,
          std::size_t size) {
  HWY_DYNAMIC_DISPATCH(kick_all)(x, force, push, pull, cubic, y, size);
}
void drift(float dt, bool walls, float* x, float* y, std::size_t size) {
  HWY_DYNAMIC_DISPATCH(drift_all)(dt, walls, x, y, size);
}
void take_signs(const float* x, float* signs, std::size_t size) {
  HWY_DYNAMIC_DISPATCH(signs_of)(x, signs, size);
}

}  // namespace lehr::spin::loops
#endif
