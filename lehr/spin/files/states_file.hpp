// Found states in files, and states to start from:
//   text  one state per line: "+-+-" of an Ising model or a cut, "0101" of bits; then the objective and how
//         many reads ended there. Lines that start with '#' are comments.
//   npy   bits packed as numpy.packbits(x, axis=1): uint8 [states, ceil(n / 8)], the first variable in the
//         highest bit, 1 for s = +1
//   json  {"problem", "variables", "variable_labels", "states": [{"objective", "energy", "occurrences",
//         "state"}]}
//   csv   columns objective, energy, occurrences, state
// Read are text (states as above, or n values of 1 and -1 or 1 and 0 per line) and npy (packed, or n columns
// of 1 and -1 or 1 and 0).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/spin/problem.hpp"
#include "lehr/spin/solutions.hpp"

namespace lehr::spin {

enum class StatesFormat { text, npy, json, csv };

// By the extension: .npy, .json, .csv; anything else is text.
StatesFormat states_format_of(const std::filesystem::path& path);

// "+-" or "01", a character per variable.
std::string state_text(const Problem& problem, std::span<const std::int8_t> spins);

// The file's content.
std::string states_text(const Problem& problem, std::span<const Solution> solutions, StatesFormat format);
void write_states(const std::filesystem::path& path, const Problem& problem,
                  std::span<const Solution> solutions);

// The states of `size` spins. Throws InvalidInput for states of another size and for anything else than
// states, IoError when the file cannot be read.
std::vector<Spins> read_states(const std::filesystem::path& path, Index size);
std::vector<Spins> parse_states(std::span<const std::byte> bytes, std::string_view name, Index size);

}  // namespace lehr::spin
