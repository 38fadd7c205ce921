// e^x of many numbers x <= 0, as log-sum-exps need them after their largest term is subtracted.
//
// x below -80 counts as -80: beside 1 that is nothing, and the subnormal numbers that smaller ones lead to would slow all that follows.
// Relative error below 4e-16. Compiled for several instruction sets (Highway), chosen at run time, with the same bits in all of them.
#pragma once

#include <cstdint>

namespace lehr::diffusion {

void negative_exponentials(double* values, std::int64_t count);

}  // namespace lehr::diffusion
