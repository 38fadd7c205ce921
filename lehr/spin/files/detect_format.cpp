// The formats' names and extensions, and how a file's format is found.
#include <algorithm>
#include <filesystem>
#include <optional>

#include "lehr/spin/files/formats.hpp"

namespace lehr::spin {
namespace {

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// The first words of the first lines that are neither blank nor start with '#', at most `most` lines.
std::vector<std::vector<std::string_view>> first_lines(std::string_view text, std::size_t most) {
  constexpr std::size_t kWords = 4, kBytes = 1 << 16;
  text = text.substr(0, kBytes);
  std::vector<std::vector<std::string_view>> lines;
  while (!text.empty() && lines.size() < most) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    std::vector<std::string_view> words;
    for (std::size_t at = line.find_first_not_of(" \t\r"); at < line.size() && words.size() < kWords;
         at = line.find_first_not_of(" \t\r", at)) {
      const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
      words.push_back(line.substr(at, end - at));
      at = end;
    }
    if (!words.empty() && words[0][0] != '#') lines.push_back(std::move(words));
  }
  return lines;
}

bool is_integer(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

// An object with linear biases is a quadratic model; everything else in JSON is a polynomial.
Format json_format(std::string_view text) {
  constexpr std::size_t kLooked = 1 << 16;
  const std::string_view begin = text.substr(0, kLooked);
  for (const std::string_view key : {"\"linear\"", "\"linear_biases\"", "\"linear_terms\"", "\"quadratic\""})
    if (begin.find(key) != std::string_view::npos) return Format::bqm;
  return Format::hubo;
}

// Headers of two integers: entries of an Ising file count from 0, edges from 1.
Format counted_format(const std::vector<std::vector<std::string_view>>& lines) {
  for (std::size_t k = 1; k < lines.size(); ++k)
    if (lines[k].size() >= 2 && (lines[k][0] == "0" || lines[k][1] == "0")) return Format::ising;
  return Format::mc;
}

std::optional<Format> format_of_text(std::string_view text) {
  constexpr std::size_t kLines = 200;
  if (text.starts_with("%%MatrixMarket")) return Format::mtx;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  if (text[first] == '{' || text[first] == '[') return json_format(text);
  const auto lines = first_lines(text, kLines);
  const auto qubo = std::ranges::find_if(lines, [](const auto& words) { return words[0] != "c"; });
  if (qubo != lines.end() && qubo->size() > 1 && (*qubo)[0] == "p" && (*qubo)[1] == "qubo")
    return Format::qubo;
  if (text[first] == '#' && text.substr(0, text.find('\n', first)).find("vartype") != std::string_view::npos)
    return Format::coo;
  if (lines.empty() || !is_integer(lines[0][0])) return std::nullopt;
  if (lines[0].size() == 1 && lines.size() > 1 && lines[1].size() == 2) return Format::bqp;
  if (lines[0].size() == 2 && is_integer(lines[0][1])) return counted_format(lines);
  return std::nullopt;
}

}  // namespace

const std::vector<FormatInfo>& formats() {
  static const std::vector<FormatInfo> all = {
      {Format::mc,
       "mc",
       {".mc", ".rud", ".rudy", ".gset", ".dat"},
       "graph to cut (rudy, G-set, Biq Mac, DIMACS torus)"},
      {Format::qubo, "qubo", {".qubo"}, "qbsolv QUBO, minimised"},
      {Format::bqp, "bqp", {".bqp"}, "OR-Library binary quadratic programs, maximised"},
      {Format::sparse, "sparse", {".sparse"}, "Biq Mac binary quadratic program, minimised"},
      {Format::bqm, "bqm", {".bqm"}, "dimod BinaryQuadraticModel as JSON"},
      {Format::coo, "coo", {".coo"}, "dimod coordinate text"},
      {Format::ising, "ising", {".ising"}, "Ising model as text"},
      {Format::mtx, "mtx", {".mtx"}, "Matrix Market"},
      {Format::npz, "npz", {".npz"}, "SciPy sparse matrix"},
      {Format::npy, "npy", {".npy"}, "NumPy dense matrix"},
      {Format::hubo, "hubo", {".hubo"}, "polynomial of any order as JSON"}};
  return all;
}

const char* name(Format format) {
  for (const FormatInfo& info : formats())
    if (info.format == format) return info.name.c_str();
  return "";
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const FormatInfo& info : formats()) names.push_back(info.name);
  return names;
}

Format format_named(std::string_view wanted) {
  for (const FormatInfo& info : formats())
    if (info.name == wanted) return info.format;
  throw InvalidInput("unknown format {}{}", quote(wanted), hint(wanted, format_names()));
}

std::optional<Format> format_of_extension(std::string_view file) {
  const std::string extension = lower_case(std::filesystem::path(file).extension().string());
  for (const FormatInfo& info : formats())
    if (std::ranges::find(info.extensions, extension) != info.extensions.end()) return info.format;
  return std::nullopt;
}

Format detect_format(std::span<const std::byte> bytes, std::string_view file) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x1f\x8b"))
    throw InvalidInput("{}: the file is compressed by gzip; unpack it first (gunzip)", file);
  if (text.starts_with("\x93NUMPY")) return Format::npy;
  if (text.starts_with("PK\x03\x04")) return Format::npz;
  if (const auto known = format_of_extension(file)) return *known;
  if (const auto found = format_of_text(text)) return *found;
  throw InvalidInput(
      "{}: the format cannot be told from the extension or the content; name it by --format ({})", file,
      fmt::join(format_names(), ", "));
}

}  // namespace lehr::spin
