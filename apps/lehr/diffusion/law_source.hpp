// Where a law comes from: the formula of a mixture (JSON), or a file of points, to which a mixture is fitted.
#pragma once

#include <string>

#include "lehr/core/task.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::command {

struct LawSource {
  stats::GaussianMixture mixture;  // no components where points need no formula
  Eigen::MatrixXd points;          // d x n: the file's; empty for a formula
  std::vector<std::string> names;  // of the coordinates, where the file has them
  std::string note;                // what was fitted; empty for a formula

  bool has_mixture() const { return mixture.components() > 0; }
  bool is_formula() const { return points.size() == 0 && has_mixture(); }
  bool is_known() const { return has_mixture() || points.size() > 0; }
  Eigen::Index dimension() const {
    return has_mixture() ? mixture.dimension() : points.rows();
  }  // 0: not known
};

// Of a file: *.json is a mixture, anything else holds points. `components` of the fit, 0: 1 to 8, the number with the lowest BIC.
LawSource read_law(const std::filesystem::path& path, std::int64_t components, Seed seed);
// The same without a fit: a mixture or points.
LawSource read_law_or_points(const std::filesystem::path& path);
// Of an object with `key` (rho0, rho1) in a JSON file.
bool has_both_laws(const std::filesystem::path& path);
LawSource read_law_at(const std::filesystem::path& path, const std::string& key);

// Full covariances up to 10 coordinates, diagonal ones above; starts by k-means++ draws, the best of three.
stats::GaussianMixture fit_mixture(const Eigen::MatrixXd& points, std::int64_t components, Seed seed);

}  // namespace lehr::command
