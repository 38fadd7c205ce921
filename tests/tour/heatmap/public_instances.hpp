// The public instances and TSPLIB files that the tests of tours use, where they are there.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/tour/instance.hpp"

namespace lehr::tour::test {

inline std::filesystem::path shared_folder() {
  const char* shared = std::getenv("LEHR_SHARED_DATA");
  const auto folder =
      std::filesystem::path(shared != nullptr ? shared : "../shared/data") / "heatmap-mcts-tsp";
  return std::filesystem::exists(folder / "reference.csv") ? folder : std::filesystem::path();
}

// Line `line` (from 1) of a file of the public sets.
inline Instance public_instance(const std::string& file, int line) {
  std::ifstream in(shared_folder() / file);
  std::string text;
  for (int i = 0; i < line; ++i) std::getline(in, text);
  std::istringstream words(text.substr(0, text.find("output")));
  std::vector<double> coordinates;
  for (double x; words >> x;) coordinates.push_back(x);
  return with_positions(std::move(coordinates), 2);
}

inline double reference_length(const std::string& file, int line) {
  std::ifstream in(shared_folder() / "reference.csv");
  const std::string start = file + "," + std::to_string(line) + ",";
  for (std::string text; std::getline(in, text);)
    if (text.starts_with(start)) {
      std::istringstream cells(text.substr(start.size()));
      std::string cities, stored, reference;
      std::getline(cells, cities, ','), std::getline(cells, stored, ','), std::getline(cells, reference, ',');
      return std::stod(reference);
    }
  return 0;
}

// Of an EUC_2D file in the tsplib folder: the three numbers of every line after NODE_COORD_SECTION.
inline Instance tsplib_instance(const std::string& file) {
  std::ifstream in(shared_folder() / "tsplib" / file);
  std::string word;
  while (in >> word && word != "NODE_COORD_SECTION") {
  }
  std::vector<double> coordinates;
  for (double id, x, y; in >> id >> x >> y;) coordinates.insert(coordinates.end(), {x, y});
  return with_positions(std::move(coordinates), 2, Metric::euc_2d, file);
}

inline Instance uniform_instance(City count, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("test.uniform"));
  std::vector<double> coordinates;
  for (City i = 0; i < 2 * count; ++i) coordinates.push_back(uniform(random));
  return with_positions(std::move(coordinates), 2);
}

}  // namespace lehr::tour::test
