#include "lehr/stats/distributions.hpp"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void check_probability(double p) {
  if (!(p >= 0 && p <= 1)) throw InvalidInput("quantile: the probability must be in [0, 1], found {}", p);
}

void check_freedom(double freedom) {
  if (!(freedom > 0)) throw InvalidInput("the degrees of freedom must be above 0, found {}", freedom);
}

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_quantile(double p) {
  check_probability(p);
  if (p == 0) return -infinity;
  if (p == 1) return infinity;
  return boost::math::quantile(boost::math::normal(), p);
}

double student_t_cdf(double t, double freedom) {
  check_freedom(freedom);
  if (std::isnan(t)) return t;
  if (std::isinf(t)) return t > 0 ? 1 : 0;
  return boost::math::cdf(boost::math::students_t(freedom), t);
}

double student_t_quantile(double p, double freedom) {
  check_probability(p);
  check_freedom(freedom);
  if (p == 0) return -infinity;
  if (p == 1) return infinity;
  return boost::math::quantile(boost::math::students_t(freedom), p);
}

double student_t_two_sided(double t, double freedom) { return 2 * student_t_cdf(-std::abs(t), freedom); }

double chi_square_tail(double x, double freedom) {
  check_freedom(freedom);
  if (!(x >= 0)) throw InvalidInput("chi-square: the statistic must be at least 0, found {}", x);
  if (std::isinf(x)) return 0;
  return boost::math::cdf(boost::math::complement(boost::math::chi_squared(freedom), x));
}

double beta_quantile(double p, double a, double b) {
  check_probability(p);
  if (!(a > 0 && b > 0)) throw InvalidInput("beta law: shapes must be above 0, found {} and {}", a, b);
  return boost::math::quantile(boost::math::beta_distribution(a, b), p);
}

}  // namespace lehr::stats
