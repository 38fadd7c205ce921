// Internal to the spin problem files: what the readers and writers of the formats share, and the two
// functions of each format.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/spin/files/problem_file.hpp"
#include "lehr/spin/files/text_sink.hpp"
#include "lehr/spin/problem.hpp"

namespace lehr::spin {

// A file's content on its way into a problem.
struct Source {
  std::span<const std::byte> bytes;
  std::string_view name;
  const ReadOptions& options;

  std::string_view text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

Problem read_mc(const Source& source);
Problem read_qubo(const Source& source);
Problem read_bqp(const Source& source);
Problem read_sparse(const Source& source);
Problem read_bqm(const Source& source);
Problem read_coo(const Source& source);
Problem read_ising(const Source& source);
Problem read_mtx(const Source& source);
Problem read_npz(const Source& source);
Problem read_npy(const Source& source);
Problem read_hubo(const Source& source);

void write_mc(const Problem& problem, TextSink& sink);
void write_qubo(const Problem& problem, TextSink& sink);
void write_bqp(const Problem& problem, TextSink& sink);
void write_sparse(const Problem& problem, TextSink& sink);
void write_bqm(const Problem& problem, TextSink& sink);
void write_coo(const Problem& problem, TextSink& sink);
void write_ising(const Problem& problem, TextSink& sink);
void write_mtx(const Problem& problem, TextSink& sink);
void write_npy(const Problem& problem, TextSink& sink);
void write_hubo(const Problem& problem, TextSink& sink);
// Returns the notes.
std::vector<std::string> write_npz(const std::filesystem::path& path, const Problem& problem);

// The format that the file name's extension stands for.
std::optional<Format> format_of_extension(std::string_view file);

// Refuses a number of variables that a file of `bytes` bytes cannot mean: more than a million, and more than
// it has bytes.
void check_variables(std::int64_t variables, std::uint64_t bytes, std::string_view where);

// The number in a comment "KEY=NUMBER", blanks around it ignored; nothing for any other comment. Throws
// InvalidInput when the number is not finite.
std::optional<double> number_in_comment(std::string_view comment, std::string_view key,
                                        std::string_view where);

// What the file says ("SPIN", "BINARY", in either case), else what the option says. Throws InvalidInput when
// neither does, or they differ.
Vartype vartype_of(std::string_view in_file, const Source& source);

}  // namespace lehr::spin
