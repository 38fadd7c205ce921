#include "lehr/stats/rashomon/rashomon_curve.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "lehr/core/errors.hpp"

namespace lehr::stats {

std::size_t elbow(std::span<const CurvePoint> curve) {
  std::vector<std::size_t> known;
  for (std::size_t k = 0; k < curve.size(); ++k)
    if (std::isfinite(curve[k].log10_ratio) && std::isfinite(curve[k].training_loss)) known.push_back(k);
  if (known.empty()) throw InvalidInput("Rashomon curve: no class has a ratio");
  const CurvePoint first = curve[known.front()], last = curve[known.back()];
  const double width = first.log10_ratio - last.log10_ratio,
               height = first.training_loss - last.training_loss;
  if (!(height > 0)) return known.front();
  if (!(width > 0)) return known.back();
  // On the chord, lost ratio = lost loss; the farther the loss is ahead, the better the bargain.
  std::size_t best = known.back();
  double farthest = 0;
  for (const std::size_t k : known) {
    const double ratio_lost = (first.log10_ratio - curve[k].log10_ratio) / width;
    const double loss_gained = (first.training_loss - curve[k].training_loss) / height;
    if (loss_gained - ratio_lost > farthest + 1e-12) farthest = loss_gained - ratio_lost, best = k;
  }
  return best;
}

}  // namespace lehr::stats
