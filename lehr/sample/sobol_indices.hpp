// Sobol' indices of a model with independent inputs, as functions of expectations that one sample estimates
// (pick-freeze):
//
//   X = (X1, X2) ~ f (x) f,   X^u takes the coordinates in u from X1 and the rest from X2
//   I = E Y(X1),  I_2 = E Y(X1)^2,  I_u = E Y(X1) Y(X^u)
//   first order   S_i = (I_{i} - I^2) / (I_2 - I^2)
//   total         T_i = 1 - S_{all but i}
//
// A point of the sampling space (standard normal, 2 d coordinates) costs one call of the model and one more
// per set. Standard errors come from the joint covariance of the expectations by the delta method. Sources:
// I. Sobol', "Sensitivity estimates for nonlinear mathematical models", 1993; J. Demange-Chryst, F. Bachoc
// and J. Morio 2022.
#pragma once

#include <string>
#include <vector>

#include "lehr/sample/expectation_estimate.hpp"
#include "lehr/sample/expectation_problem.hpp"
#include "lehr/sample/forward_model.hpp"
#include "lehr/sample/law.hpp"

namespace lehr::sample {

struct SobolOrders {
  bool first = true, total = false;
};

// The expectations of the sets asked for, then I and I_2. J = sets + 2. `output` is the model's output whose
// variance is explained; `shift` is subtracted from it, which leaves the indices as they are (near the mean
// it saves cancellation, but makes the function signed). Throws InvalidInput for dependent inputs, no order,
// or an output that the model has not.
ExpectationProblem sobol_problem(const ForwardModel& model, const Law& law, const SobolOrders& orders,
                                 Index output = 0, double shift = 0);

struct SobolIndex {
  std::string input;
  double value = 0, standard_error = 0;
};
struct SobolIndices {
  std::vector<SobolIndex> first, total;  // per input; empty where not asked for
  double mean = 0, variance = 0;         // of the output
};

// `estimate` is of sobol_problem with the same law and orders. Throws NumericalFailure where the output's
// variance is not estimated to be above 0.
SobolIndices sobol_indices(const ExpectationEstimate& estimate, const Law& law, const SobolOrders& orders,
                           double shift = 0);

}  // namespace lehr::sample
