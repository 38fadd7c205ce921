// A space of functions on a measured domain, by an orthonormal basis: what designs are drawn for and least
// squares fits in.
//
//   V_m = span(phi_1, ..., phi_m) in L^2(mu),  mu a probability measure,  integral phi_i phi_j dmu = [i = j]
//   Christoffel function  k(x) = sum_j phi_j(x)^2
//   optimal law           nu_m = (k / m) mu: the mixture of the laws phi_j^2 mu
//
// The first functions of a basis span a space of their own; most functions here take their number as
// `leading`. Bases of polynomials, waves and cells come from tensor_space.hpp, kernels from kernel_space.hpp,
// tables from finite_space.hpp.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lehr/sample/density.hpp"
#include "lehr/stats/quadrature.hpp"

namespace lehr::sample {

// A domain of finitely many points, with the basis as its N x m matrix U of orthonormal columns: phi_j(x_i) =
// U_ij / sqrt(p_i).
struct FiniteDomain {
  Eigen::MatrixXd points;         // d x N
  Eigen::MatrixXd orthonormal;    // U
  Eigen::VectorXd probabilities;  // p_i = mu({x_i}), above 0, with sum 1
};

// The kernel K of a reproducing kernel Hilbert space H that contains V_m.
struct ReproducingKernel {
  std::function<Eigen::MatrixXd(const Points& a, const Points& b)> matrix;  // K(a_i, b_j)
  double operator_norm = 0;  // largest eigenvalue of f -> integral K(., x) f(x) dmu: |f|^2 <= it |f|_H^2
};

struct FunctionSpace {
  std::string name;               // as a basis is written: "legendre:d=2,total=8"
  Index dimension = 0, size = 0;  // d of the domain, m
  Eigen::MatrixXi degrees;        // d x m: the factor of each coordinate in phi_j; empty: phi_j are no products
  std::vector<Index> nested;  // sizes of nested spaces V_0, V_1, ..., the last of them m; at least one

  // phi_j(x_i): m x n. Called from several threads at once, as the draws are.
  std::function<Eigen::MatrixXd(const Points& points)> features;
  // `count` independent points of mu, and of nu_leading: d x count.
  std::function<Eigen::MatrixXd(Stream& random, Index count)> draw_reference;
  std::function<Eigen::MatrixXd(Stream& random, Index count, Index leading)> draw_optimal;

  std::shared_ptr<const FiniteDomain> finite;       // null for a continuous domain
  std::shared_ptr<const ReproducingKernel> kernel;  // null where none is known
  std::vector<stats::Quadrature> quadrature;        // of mu's coordinates, where mu is a product; else empty
  // m x m: coefficients of the user's functions = to_user x those of phi; empty: they are the same functions.
  Eigen::MatrixXd to_user;
};

// k of the space of the first `leading` functions at points with these features (at least `leading` rows).
// Throws NumericalFailure where it is 0 or not finite.
Eigen::VectorXd christoffel(const Eigen::MatrixXd& features, Index leading);

// Throws InvalidInput unless `leading` is in [1, space.size].
void check_leading(const FunctionSpace& space, Index leading);

}  // namespace lehr::sample
