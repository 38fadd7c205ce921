// Resampling of a weighted population, and what its genealogy says about the population's quality.
//
// Systematic resampling: with u uniform on [0, 1), member i gets as many copies as there are numbers u + k,
// k = 0 .. R - 1, between R times the cumulative shares before and after it: within one of R w_i, and R w_i
// in the mean.
//
// Families are the members that stem from one first ancestor; nu_f is a family's share of the population:
//   entropy S_f = -sum nu_f ln nu_f,   rho_t = R sum nu_f^2,
// where R / rho_t is about the number of independent families. Source: Wang, Machta and Katzgraber,
// "Population annealing: theory and application in spin glasses", 2015.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lehr::spin {

// Copies of each member; their sum is weights.size(). `u` in [0, 1). Weights are at least 0, not all 0.
std::vector<std::int64_t> systematic_copies(std::span<const double> weights, double u);

// The ancestor of each place of the next population: members with copies keep their place, further copies
// take the places of members without any, both in ascending order. copies sum to copies.size().
std::vector<std::int64_t> ancestors_in_place(std::span<const std::int64_t> copies);

struct FamilyStatistics {
  std::int64_t families = 0;  // that are left
  double entropy = 0;         // S_f
  double rho = 0;             // rho_t
};
// family[j] in [0, R) is the first ancestor of member j of R.
FamilyStatistics family_statistics(std::span<const std::int64_t> family);

// The standard error of the mean of `values` (one per member) when members of one family depend on each other
// and families do not.
double family_error(std::span<const double> values, std::span<const std::int64_t> family);

}  // namespace lehr::spin
