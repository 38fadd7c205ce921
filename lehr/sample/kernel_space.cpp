#include "lehr/sample/kernel_space.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/sample/finite_space.hpp"
#include "lehr/sample/index_set.hpp"
#include "lehr/sample/univariate_basis.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;

namespace {

constexpr Index most_candidates = 4000;
constexpr double least_eigenvalue_share = 1e-12;

double kernel_value(KernelFamily family, double r) {
  switch (family) {
    case KernelFamily::gaussian:
      return std::exp(-0.5 * r * r);
    case KernelFamily::laplace:
      return std::exp(-r);
    case KernelFamily::matern32:
      return (1 + std::sqrt(3.0) * r) * std::exp(-std::sqrt(3.0) * r);
    default:
      return (1 + std::sqrt(5.0) * r + 5 * r * r / 3) * std::exp(-std::sqrt(5.0) * r);
  }
}

MatrixXd kernel_matrix(const std::vector<KernelFactor>& factors, const Points& a, const Points& b) {
  MatrixXd matrix = MatrixXd::Ones(a.cols(), b.cols());
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto row = static_cast<Index>(i);
    for (Index j = 0; j < b.cols(); ++j)
      for (Index k = 0; k < a.cols(); ++k)
        matrix(k, j) *= kernel_value(factors[i].family, std::abs(a(row, k) - b(row, j)) / factors[i].length);
  }
  return matrix;
}

const char* family_name(KernelFamily family) {
  switch (family) {
    case KernelFamily::gaussian:
      return "gaussian";
    case KernelFamily::laplace:
      return "laplace";
    case KernelFamily::matern32:
      return "matern32";
    default:
      return "matern52";
  }
}

void check_kernel(const std::vector<KernelFactor>& factors, Index size, Index candidates) {
  if (factors.empty()) throw InvalidInput("basis: a kernel needs at least one coordinate");
  for (const KernelFactor& factor : factors) {
    check_basis_interval(family_name(factor.family), factor.from, factor.to);
    if (!(factor.length > 0) || !std::isfinite(factor.length))
      throw InvalidInput("basis: {} needs a length above 0, found {}", family_name(factor.family),
                         factor.length);
  }
  if (candidates < 1 || candidates > most_candidates)
    throw InvalidInput("basis: candidates must be in [1, {}], found {}", most_candidates, candidates);
  if (size < 1 || size > candidates)
    throw InvalidInput("basis: size must be in [1, {}], the number of candidates, found {}", candidates,
                       size);
}

MatrixXd uniform_points(const std::vector<KernelFactor>& factors, Index count, Seed seed) {
  Stream random(seed, lane("sample.kernel.candidates"));
  MatrixXd points(static_cast<Index>(factors.size()), count);
  for (Index k = 0; k < count; ++k)
    for (std::size_t i = 0; i < factors.size(); ++i)
      points(static_cast<Index>(i), k) =
          factors[i].from + (factors[i].to - factors[i].from) * uniform(random);
  return points;
}

}  // namespace

std::string KernelFactor::name() const {
  return from == 0 && to == 1
             ? fmt::format("{}(length={})", family_name(family), length)
             : fmt::format("{}(length={}, from={}, to={})", family_name(family), length, from, to);
}

FunctionSpace kernel_space(const std::vector<KernelFactor>& factors, Index size, Index candidates,
                           Seed seed) {
  check_kernel(factors, size, candidates);
  auto domain = std::make_shared<FiniteDomain>();
  domain->points = uniform_points(factors, candidates, seed);
  const auto count = static_cast<double>(candidates);
  domain->probabilities = Eigen::VectorXd::Constant(candidates, 1 / count);
  const linalg::SymmetricEigen eigen =
      linalg::symmetric_eigen(kernel_matrix(factors, domain->points, domain->points) / count);
  const Eigen::VectorXd leading = eigen.values.reverse().head(size);
  if (!(leading(size - 1) >= least_eigenvalue_share * leading(0)))
    throw InvalidInput(
        "basis: eigenvalue {} of the kernel is {:.2g} of the first, too little to tell from rounding; lower "
        "size",
        size, leading(size - 1) / leading(0));
  domain->orthonormal = eigen.vectors.rowwise().reverse().leftCols(size);

  const MatrixXd extension =
      domain->orthonormal * (leading * std::sqrt(count)).cwiseInverse().asDiagonal();  // N x m
  FunctionSpace space = space_on(domain, [factors, domain, extension](const Points& points) -> MatrixXd {
    return (kernel_matrix(factors, points, domain->points) * extension).transpose();
  });
  for (const KernelFactor& factor : factors) space.name += (space.name.empty() ? "" : "*") + factor.name();
  auto kernel = std::make_shared<ReproducingKernel>();
  kernel->matrix = [factors](const Points& a, const Points& b) { return kernel_matrix(factors, a, b); };
  kernel->operator_norm = leading(0);
  space.kernel = std::move(kernel);
  return space;
}

}  // namespace lehr::sample
