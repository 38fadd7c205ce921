// Point clouds in files: csv, tsv or text (a row a point; a header where there is one; gzip too), npy and npz ([n, d] or [n]; npz with
// one array, or the one called "x"), safetensors (one tensor, or the one called "x"), and IDX (the format of MNIST, gzip too; known by its
// first bytes, whatever the file's name): a point an image, its pixels row by row.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::diffusion {

struct PointSet {
  Eigen::MatrixXd points;          // d x n, finite
  std::vector<std::string> names;  // of the coordinates, where the file has them
};

// What becomes of the bytes 0..255 of an IDX file: numbers from -1 to 1, from 0 to 1, or as they are. Other files keep their numbers.
enum class ByteScale { signed_unit, unit, raw };
const std::vector<std::string>& byte_scale_names();  // signed, unit, raw
ByteScale byte_scale_named(std::string_view name);   // throws InvalidInput
inline constexpr const char* byte_scale_help =
    "bytes of an IDX file as numbers: signed, -1 to 1; unit, 0 to 1; raw, 0 to 255";

// Throws InvalidInput (names file and row) for cells that are no finite numbers or another shape.
PointSet read_point_set(const std::filesystem::path& path, ByteScale bytes = ByteScale::raw);
// By the extension: csv, npy, npz (array "x"), safetensors (tensor "x"). `names` of the coordinates for csv; default x0, x1, ... Atomic.
void write_point_set(const std::filesystem::path& path, const Eigen::MatrixXd& points,
                     std::vector<std::string> names = {});

}  // namespace lehr::diffusion
