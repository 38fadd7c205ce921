// Tables whose clusters are known: what tests and studies measure on.
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/core/random.hpp"

namespace lehr::cluster {

struct GeneratedTableOptions {
  std::string family = "blobs";
  std::int64_t rows = 1000;
  std::int64_t columns = 2;
  std::int64_t centres = 5;
  double deviation = 1;
  std::int64_t order = 0;

  void describe(OptionTable& table);
};

struct GeneratedTable {
  Eigen::MatrixXd points;   // d x n, a row of the table per column
  std::vector<int> labels;  // the group of each row
};

// blobs    `centres` centres uniform in [-10, 10]^d, every row at one of them in turn plus a normal number of the given
//          deviation in each column
// cloud    one group: standard normal rows times the deviation
// uniform  one group: rows uniform in the unit cube
// hidden   standard normal rows of at least 7 columns in three groups that are shifted by (0, 0), (5, 0) and (2.5, 4.3)
//          in the columns 2 and 7 (counted from 1) alone
// Rows are in random order, that of the seed `order` where it is not 0: the same rows whatever it is. Throws InvalidInput for options out of range.
GeneratedTable generate_table(const GeneratedTableOptions& options, Seed seed);

}  // namespace lehr::cluster
