// The Rashomon curve: nested classes F_1, F_2, ... as points (log10 Rashomon ratio, training loss), and its elbow.
//
// With growing complexity the loss first falls while the ratio shrinks little, then the ratio shrinks while the loss
// stays: the shape of a Gamma. The elbow is the class farthest from the chord between the ends on the side of
// large ratio and low loss, after both axes are scaled to [0, 1]: beyond it, what the loss still gains is not
// worth the ratio. In the paper the elbow generalises best.
//
// Source: Semenova, Rudin and Parr (2022), section on Rashomon curves; the rule for the elbow is this library's.
#pragma once

#include <span>

namespace lehr::stats {

struct CurvePoint {
  double log10_ratio;
  double training_loss;
};

// The position of the elbow. Points whose ratio is not finite are passed over. A loss that never falls gives the
// first class, a loss that falls only in the end the last one. Throws InvalidInput when no point is left.
std::size_t elbow(std::span<const CurvePoint> curve);

}  // namespace lehr::stats
