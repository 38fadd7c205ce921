// Asymmetric problems as symmetric ones of twice as many cities (Jonker and Volgenant 1983): city i becomes an entrance n + i and an exit i,
//
//   d(i, n + i) = 0,   d(i, n + j) = c_ij + M,   between two entrances or two exits: larger than any tour
//
// with M so large that a shortest tour uses every edge between an entrance and its exit: its length is n M plus that of the directed tour.
#pragma once

#include "lehr/tour/order.hpp"

namespace lehr::tour {

struct SymmetricForm {
  Instance instance;  // 2n cities
  double offset = 0;  // n M
};

// `costs`: n x n, row i the costs from city i, the diagonal ignored; n >= 2. Throws InvalidInput for an entry that is negative or not finite.
SymmetricForm symmetric_form(const std::vector<double>& costs, City cities, std::string name = {});

// The directed tour of the n cities. Throws NumericalFailure where some entrance is not beside its exit.
Order directed_order(const Order& symmetric);

double directed_length(const std::vector<double>& costs, City cities, const Order& order);

}  // namespace lehr::tour
