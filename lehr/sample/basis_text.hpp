// A function space as text, for options and files:
//
//   legendre:d=2,total=8                         products of Legendre polynomials of two variables, total degree 8
//   legendre(from=0, to=2)*hermite:total=3       a uniform and a normal variable
//   hermite*legendre^3:cross=10                  one normal and three uniform ones, hyperbolic cross
//   trigonometric:degree=5   haar:degree=4   indicator(cells=20):degree=0
//   legendre:d=3,total=9,size=200                the first 200 functions of the set
//   legendre:d=2,total=8,candidates=10000        on 10000 points drawn from the measure, in place of the measure
//   gaussian(length=0.3):d=2,size=25             eigenfunctions of a kernel (kernel_space.hpp)
//
// Families and their arguments: basis_families().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lehr/sample/function_space.hpp"

namespace lehr::sample {

// Throws InvalidInput that starts with "basis" and says what was found and what is allowed.
FunctionSpace parse_basis(std::string_view text);

struct BasisFamilyHelp {
  std::string usage, summary;  // "jacobi(a, b, from=-1, to=1)"
};
std::vector<BasisFamilyHelp> basis_families();

}  // namespace lehr::sample
