#include "lehr/spin/memory/replica_scale.hpp"

namespace lehr::spin {

Capacity largest_load(const std::function<ReplicaPoint(double load)>& retrieval, double above) {
  Capacity best;
  double low = 0, high = above;
  while (retrieval(high).exists) low = high, high *= 2;
  for (int step = 0; step < 60 && high - low > 1e-6 * high; ++step) {
    const double middle = 0.5 * (low + high);
    if (middle < 1e-9 * above) return {};
    const ReplicaPoint point = retrieval(middle);
    if (point.exists)
      best = {middle, point.order.m}, low = middle;
    else
      high = middle;
  }
  return best;
}

}  // namespace lehr::spin
