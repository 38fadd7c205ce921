// Random and stored instances for the tests of the methods that minimise, and their truth by brute force.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/ising_model.hpp"
#include "lehr/spin/problem.hpp"

namespace lehr::spin::test {

// Couplings with probability `density`, fields for all spins or none; Gaussian, or integers in [-largest, largest].
struct Family {
  Index size = 10;
  double density = 1;
  bool fields = true;
  bool integers = false;
  std::int64_t largest = 3;
};

// The name of a family in a test's name.
inline void PrintTo(const Family& family, std::ostream* out) {
  *out << family.size << (family.integers ? " integer" : " real") << " density " << family.density;
}

inline IsingModel random_model(const Family& family, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("instance"));
  const auto weight = [&] {
    return family.integers
               ? static_cast<double>(uniform_index(random, 2 * family.largest + 1) - family.largest)
               : normal(random);
  };
  std::vector<double> fields(static_cast<std::size_t>(family.size), 0.0);
  std::vector<Coupling> couplings;
  for (Index i = 0; i < family.size; ++i) {
    if (family.fields) fields[static_cast<std::size_t>(i)] = weight();
    for (Index j = i + 1; j < family.size; ++j)
      if (uniform(random) < family.density) couplings.push_back({i, j, weight()});
  }
  return {std::move(fields), couplings, 0.25};
}

// A torus of rows x columns spins with couplings of +1 or -1.
inline IsingModel torus(Index rows, Index columns, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("torus"));
  std::vector<Coupling> couplings;
  const auto sign = [&] { return random() & 1 ? 1.0 : -1.0; };
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) {
      const Index here = r * columns + c;
      couplings.push_back({here, r * columns + (c + 1) % columns, sign()});
      couplings.push_back({here, (r + 1) % rows * columns + c, sign()});
    }
  return {std::vector<double>(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns), 0.0),
          couplings};
}

// Every state's energy by IsingModel::energy; bit i of the position: spin i is +1.
inline std::vector<double> brute_force(const IsingModel& model) {
  std::vector<double> energies;
  Spins spins(static_cast<std::size_t>(model.size()));
  for (std::uint64_t bits = 0; bits >> model.size() == 0; ++bits) {
    for (std::size_t i = 0; i < spins.size(); ++i) spins[i] = (bits >> i) & 1 ? 1 : -1;
    energies.push_back(model.energy(spins));
  }
  return energies;
}

inline std::optional<std::filesystem::path> stored(const std::string& name) {
  const char* const shared = std::getenv("LEHR_SHARED_DATA");
  const std::filesystem::path root = shared != nullptr ? shared : "../shared/data";
  const std::filesystem::path path = root / "ising-annealing" / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

// The lines of numbers of a stored file: those that start with a digit.
inline std::vector<std::vector<double>> numbers(const std::filesystem::path& path) {
  std::vector<std::vector<double>> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] < '0' || line[0] > '9') continue;
    std::istringstream words(line);
    std::vector<double>& row = rows.emplace_back();
    for (double value; words >> value;) row.push_back(value);
  }
  return rows;
}

inline Problem stored_problem(const std::filesystem::path& path) {
  const bool qubo = path.extension() == ".qubo", cut = path.extension() == ".mc";
  const auto rows = numbers(path);
  const std::size_t header = qubo ? 0 : 1;  // the header of a .qubo file starts with a letter
  Index n = qubo ? 0 : static_cast<Index>(rows[0][0]);
  std::vector<Coupling> couplings;
  std::vector<double> linear;
  for (std::size_t k = header; k < rows.size(); ++k) {
    const Index first = cut ? 1 : 0;
    const auto i = static_cast<Index>(rows[k][0]) - first, j = static_cast<Index>(rows[k][1]) - first;
    n = std::max(n, std::max(i, j) + 1);
    linear.resize(static_cast<std::size_t>(n), 0);
    if (i == j)
      linear[static_cast<std::size_t>(i)] += rows[k][2];
    else
      couplings.push_back({i, j, rows[k][2]});
  }
  if (cut) return max_cut_problem(n, couplings);
  if (qubo) return qubo_problem(std::move(linear), couplings, 0, false);
  return ising_problem(IsingModel(std::move(linear), couplings));
}

// reference.csv of the stored files.
struct Stored {
  std::string file;
  double optimum, degeneracy;
};
inline std::vector<Stored> stored_optima() {
  return {{"pm1_24.mc", 30, 2}, {"random_22.qubo", -853, 1}, {"sk_field_22.ising", -18.751361, 1}};
}
inline constexpr double wishart_optimum = -49.323524;

}  // namespace lehr::spin::test
