// Tables for tests: the stored ones with known ratios, and small random ones.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/rashomon/labelled_table.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::stats::test {

// A file of the shared data, e.g. "rashomon/monk_1.csv"; empty when it is not there.
inline std::filesystem::path stored(const std::string& name) {
  const std::filesystem::path path(name);
  const std::filesystem::path folder = lehr::test::shared_data(path.parent_path().string());
  if (folder.empty() || !std::filesystem::exists(folder / path.filename())) return {};
  return folder / path.filename();
}

// n records of p random 0/1 features with labels in 0 .. classes - 1 that depend on the first two features, mostly.
inline LabelledTable random_binary(Eigen::Index n, Eigen::Index p, int classes, std::uint64_t seed) {
  LabelledTable table;
  table.target = "y";
  Stream random(Seed{seed}, lane("test.table"));
  table.values.resize(n, p);
  for (Eigen::Index f = 0; f < p; ++f) table.features.push_back("f" + std::to_string(f));
  for (int c = 0; c < classes; ++c) table.classes.push_back("c" + std::to_string(c));
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index f = 0; f < p; ++f) table.values(i, f) = random() & 1 ? 1 : 0;
    const int rule = static_cast<int>(table.values(i, 0) + (p > 1 ? 2 * table.values(i, 1) : 0)) % classes;
    table.labels.push_back(uniform(random) < 0.2 ? static_cast<int>(uniform_index(random, classes)) : rule);
  }
  return table;
}

// The first five measurements of the wine data, cut at their medians, class 0 against the rest.
inline LabelledTable binary_wine(const std::filesystem::path& path) {
  LabelledTable wine = read_labelled_table(path, {.target = "x14", .positive = "0"});
  LabelledTable table = wine;
  table.values.conservativeResize(Eigen::NoChange, 5);
  table.features.resize(5);
  for (Eigen::Index f = 0; f < 5; ++f) {
    std::vector<double> sorted(wine.values.col(f).begin(), wine.values.col(f).end());
    std::sort(sorted.begin(), sorted.end());
    const double median = 0.5 * (sorted[sorted.size() / 2 - 1] + sorted[sorted.size() / 2]);
    table.values.col(f) = (wine.values.col(f).array() > median).cast<double>();
  }
  return table;
}

}  // namespace lehr::stats::test
