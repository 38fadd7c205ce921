// y = A x of a dense symmetric matrix from one of its triangles: half the memory of the full matrix is read, which is what
// such products cost. Compiled for several instruction sets (Highway), chosen at run time; sums run over eight partial sums
// whatever the width of the vectors, so that results do not depend on the machine. Cost: n^2 multiplications and additions.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "lehr/core/aligned.hpp"

namespace lehr::linalg {

class SymmetricProduct {
 public:
  SymmetricProduct() = default;
  // Of the symmetric matrix whose lower triangle is that of `matrix`, which is square.
  explicit SymmetricProduct(const Eigen::MatrixXd& matrix);

  Eigen::Index size() const { return size_; }
  // x of length `size`; y gets that length, and may be x.
  void multiply(const Eigen::VectorXd& x, Eigen::VectorXd& y) const;

 private:
  Eigen::Index size_ = 0, padded_ = 0;  // padded to a multiple of 8
  Eigen::VectorXd diagonal_;
  // Four columns after four, by blocks of 8 rows from the diagonal's on; 0 on and above the diagonal.
  AlignedVector<double> below_;
};

}  // namespace lehr::linalg
