// Point clouds in files: csv, tsv or text (a row a point; a header where there is one; gzip too), npy and npz ([n, d] or [n]; npz with
// one array, or the one called "x"), safetensors (one tensor, or the one called "x").
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <vector>

namespace lehr::diffusion {

struct PointSet {
  Eigen::MatrixXd points;          // d x n, finite
  std::vector<std::string> names;  // of the coordinates, where the file has them
};

// Throws InvalidInput (names file and row) for cells that are no finite numbers or another shape.
PointSet read_point_set(const std::filesystem::path& path);
// By the extension: csv, npy, npz (array "x"), safetensors (tensor "x"). `names` of the coordinates for csv; default x0, x1, ... Atomic.
void write_point_set(const std::filesystem::path& path, const Eigen::MatrixXd& points,
                     std::vector<std::string> names = {});

}  // namespace lehr::diffusion
