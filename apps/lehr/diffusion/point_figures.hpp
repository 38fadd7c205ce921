// Points in figures: clouds of the first two coordinates, histograms of the first one.
#pragma once

#include <Eigen/Core>
#include <string>

#include "lehr/core/report.hpp"

namespace lehr::command {

// At most 2000 of the points (d x n), evenly picked; on the line against themselves.
Series cloud(const std::string& label, const Eigen::MatrixXd& points, int color);
// Density of the first coordinate in 60 equal bins of [low, high]; what lies outside counts in the outer bins.
Series histogram(const std::string& label, const Eigen::MatrixXd& points, double low, double high, int color);

}  // namespace lehr::command
