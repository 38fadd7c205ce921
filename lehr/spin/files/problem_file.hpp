// Spin problems in files: the formats in which Ising models, QUBOs, graphs to cut and k-local polynomials are
// exchanged. docs/spin-files.md has a table of what each format means and what it cannot hold.
//
//   mc      rudy, G-set, Biq Mac and DIMACS torus graphs: "n m", then "i j w" from 1     maximise the cut
//   qubo    qbsolv: "p qubo 0 maxNodes nNodes nCouplers", then "i j q" from 0            minimise
//   bqp     OR-Library: instances of "n m" and "i j q" from 1, Q symmetric               maximise x'Qx
//   sparse  Biq Mac: "n m", then "i j q" from 1, Q symmetric                             minimise x'Qx
//   bqm     dimod's BinaryQuadraticModel as JSON                                         minimise
//   coo     dimod's coordinate text: "i j bias" from 0, i = j is linear                  minimise
//   ising   "n entries", then "i j J" from 0, i = j is a field                           minimise
//   mtx, npz, npy   a matrix (Matrix Market, SciPy sparse, NumPy dense): adjacency, Q or J by `kind`
//   hubo    polynomials of any order as JSON                                             minimise
//
// Readers take memory in proportion to the file, whatever its header claims, and refuse what they do not
// understand with an InvalidInput "file:line: reason" (text), "file:line:column: reason" (JSON syntax) or
// "file: reason".
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/spin/files/line_scanner.hpp"
#include "lehr/spin/problem.hpp"

namespace lehr::spin {

enum class Format { mc, qubo, bqp, sparse, bqm, coo, ising, mtx, npz, npy, hubo };

struct FormatInfo {
  Format format;
  std::string name;
  std::vector<std::string> extensions;  // with the dot, lower case
  std::string summary;
};
const std::vector<FormatInfo>& formats();
const char* name(Format format);
std::vector<std::string> format_names();
// Throws InvalidInput with the nearest known name.
Format format_named(std::string_view name);

struct ReadOptions {
  std::string format = "auto";   // a format's name; auto: by extension, else by content
  std::string kind = "auto";     // what a matrix means: max_cut, qubo or ising
  std::string vartype = "auto";  // of files that do not say it: spin or binary
  std::int64_t instance = 0;     // of a file with several (OR-Library), from 1; 0: the only one
  bool strict = false;           // refuse repeated entries instead of adding them up
  ReadProgress progress = {};

  void describe(OptionTable& table);
};

// Reads the file; `path` may end in "#3" for the third instance in it. Throws InvalidInput, and IoError when
// the file cannot be read.
Problem read_problem(const std::filesystem::path& path, const ReadOptions& options = {});

// The same from memory. `name` (the file's) is for messages, and its extension counts.
Problem parse_problem(std::span<const std::byte> bytes, std::string_view name,
                      const ReadOptions& options = {});

// The format that `read_problem` would take with format = "auto". Throws InvalidInput when it cannot tell.
Format detect_format(std::span<const std::byte> bytes, std::string_view name);

// Writes the file; `format` "auto" goes by the extension. Returns notes: what the format cannot hold or holds
// in another form (offsets, fields, the sense of the objective). Throws InvalidInput for terms of more than
// two variables in a quadratic format and for an extension that is not known.
std::vector<std::string> write_problem(const std::filesystem::path& path, const Problem& problem,
                                       std::string_view format = "auto");

// The content of the file that `write_problem` would write; any format but npz.
std::string problem_text(const Problem& problem, Format format, std::vector<std::string>* notes = nullptr);

}  // namespace lehr::spin
