// The averages of one spin in the random field h = mean + sqrt(v1) z1 + sqrt(v2) z2 of a replica theory, z
// standard normal. With phi(h) = T ln 2 cosh(h / T) (|h| at T = 0) the inner variable z2 is weighted by e^(mu
// phi):
//
//   pressure  (1/mu) E_1 ln E_2 e^(mu phi)          m  E_1 <tanh(h/T)>          q1  E_1 <tanh(h/T)>^2
//   response  E_1 <sech^2(h/T)> / T                 phi  E_1 <phi>              fourth  E_1 <sech^4(h/T)>
//
// v2 = 0 is replica symmetry. At T = 0 the inner average is closed: with Phi the normal distribution
// function,
//   E_2 e^(mu |a + sqrt(v2) z|) = e^(mu^2 v2 / 2) [e^(mu a) Phi((mu v2 + a) / sqrt(v2)) + (a -> -a)].
// All exponentials are in log space. Quadrature is graded around h = 0, so that the accuracy (about 1e-10)
// does not depend on T. Cost: some 200 evaluations of the integrand, squared when v1 and v2 are both above 0
// and T > 0.
#pragma once

namespace lehr::spin {

struct SiteField {
  double mean = 0;
  double variance1 = 0;    // v1 >= 0
  double variance2 = 0;    // v2 >= 0
  double temperature = 0;  // >= 0
  double mu = 0;           // beta theta >= 0
};

struct SiteAverages {
  double pressure = 0, m = 0, q1 = 0, response = 0, phi = 0, fourth = 0;
};

// At T = 0 `fourth` is 0 (its product with 1 / T^2 diverges). A spin in no field at T = 0 has m = q1 =
// response = 0.
SiteAverages site_averages(const SiteField& field);

}  // namespace lehr::spin
