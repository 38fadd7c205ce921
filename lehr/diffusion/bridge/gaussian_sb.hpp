// gaussian_sb: the Schroedinger bridge between two normal laws, in closed form.
//
//   N(m0, A) -> N(m1, B):   y | x ~ N(m1 + S (x - m0), eps S),   S = (A^-1/2 (4 A^1/2 B A^1/2 + eps^2 I)^1/2 A^-1/2 - eps A^-1) / 2
//
// On the line, A = a^2 and B = b^2: the coupling's covariance is c = (sqrt(4 a^2 b^2 + eps^2) - eps) / 2 and S = c / a^2. It is a light
// bridge of one component with r = m1 - S m0. Sources: H. Janati, B. Muzellec, G. Peyre, M. Cuturi, "Entropic optimal transport between
// unbalanced Gaussian measures has a closed form", 2020; A. Mallasto, A. Gerolin, H. Minh, 2021. Cost: O(d^3).
#pragma once

#include "lehr/diffusion/bridge/light_bridge.hpp"

namespace lehr::diffusion {

// Throws InvalidInput for sizes that differ, epsilon <= 0, or a covariance that is not positive definite.
LightBridge gaussian_sb(const Moments& from, const Moments& to, double epsilon);

}  // namespace lehr::diffusion
