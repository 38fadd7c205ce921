// Cities from tables: CSV (with or without a header) and .npy arrays of n x 2 or n x 3.
//
// With a header the columns x, y and z are taken, or lon and lat, where they have these names; else the columns of numbers, of which
// there must be two or three. One column of text (or one called name, city, label, id) names the cities. Without a header the same
// holds by what stands in the first line. A first column that only counts the rows is not a coordinate.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "lehr/core/tensor.hpp"
#include "lehr/tour/problem.hpp"

namespace lehr::tour {

// `metric`: the rule by which lengths are measured. Throws InvalidInput for tables that are not points, empty cells, fewer than 3 cities.
Problem parse_point_csv(std::string_view text, const std::string& file, Metric metric = Metric::euclidean);
Problem problem_of_array(const Tensor& array, const std::string& file, Metric metric = Metric::euclidean);

}  // namespace lehr::tour
