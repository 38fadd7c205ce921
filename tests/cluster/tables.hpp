// Tables for the tests of the clustering room: the stored ones, and changes that must not matter.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "lehr/cluster/generate.hpp"
#include "lehr/cluster/point_table.hpp"
#include "lehr/core/random.hpp"

namespace lehr::cluster::test {

using Eigen::Index;

inline std::optional<std::filesystem::path> stored(const std::string& name) {
  const char* const shared = std::getenv("LEHR_SHARED_DATA");
  const std::filesystem::path root = shared != nullptr ? shared : "../shared/data";
  const std::filesystem::path path = root / "ppp-clustering" / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

// The rows' numbers in random order.
inline std::vector<Index> permutation(Index count, std::uint64_t seed) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  Stream random(Seed{seed}, lane("permutation"));
  for (Index i = count - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(uniform_index(random, i + 1))]);
  return order;
}

inline GeneratedTable blobs(Index rows, Index columns, Index centres, double deviation, std::uint64_t seed) {
  return generate_table(
      {.family = "blobs", .rows = rows, .columns = columns, .centres = centres, .deviation = deviation},
      {seed});
}

}  // namespace lehr::cluster::test
