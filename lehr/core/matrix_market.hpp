// Matrices in Matrix Market files (Boisvert, Pozo and Remington, "The Matrix Market exchange formats", NIST
// 5935, 1996): coordinate and array layout; real, integer and pattern fields; general, symmetric and
// skew-symmetric matrices.
//
// Complex and Hermitian matrices are refused. Every error is an InvalidInput "file:line: reason"; memory is
// bounded by the file's size, whatever its header claims.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lehr {

// A sparse matrix as a list of elements; elements at one place add up.
struct Triplets {
  std::int64_t rows = 0, columns = 0;
  std::vector<std::int64_t> row, column;  // from 0
  std::vector<double> value;

  std::size_t size() const { return value.size(); }
  void add(std::int64_t i, std::int64_t j, double x) {
    row.push_back(i);
    column.push_back(j);
    value.push_back(x);
  }
};

// All elements of the matrix, those that symmetry implies included, in the file's order. Pattern elements
// are 1. `name` (the file's) is for messages.
Triplets parse_matrix_market(std::string_view text, std::string_view name);
Triplets read_matrix_market(const std::filesystem::path& path);

// The matrix with all its zeros; InvalidInput when it has more than `max_elements`.
Eigen::MatrixXd to_dense(const Triplets& matrix, std::int64_t max_elements = std::int64_t{1} << 28);

// A general real matrix in coordinate or array layout; doubles in the shortest form that reads back to the
// same bits.
std::string matrix_market_text(const Triplets& matrix);
std::string matrix_market_text(const Eigen::Ref<const Eigen::MatrixXd>& matrix);
void write_matrix_market(const std::filesystem::path& path, const Triplets& matrix);
void write_matrix_market(const std::filesystem::path& path, const Eigen::Ref<const Eigen::MatrixXd>& matrix);

}  // namespace lehr
