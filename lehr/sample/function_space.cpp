#include "lehr/sample/function_space.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

Eigen::VectorXd christoffel(const Eigen::MatrixXd& features, Index leading) {
  Eigen::VectorXd k = features.topRows(leading).colwise().squaredNorm();
  for (Index i = 0; i < k.size(); ++i)
    if (!(k(i) > 0) || !std::isfinite(k(i)))
      throw NumericalFailure("design: the Christoffel function is {} at point {}, where it must be positive",
                             k(i), i + 1);
  return k;
}

void check_leading(const FunctionSpace& space, Index leading) {
  if (leading < 1 || leading > space.size)
    throw InvalidInput("design: a space of the first {} functions was asked for, {} has {}", leading,
                       space.name, space.size);
}

}  // namespace lehr::sample
