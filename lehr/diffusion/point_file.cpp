#include "lehr/diffusion/point_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/idx.hpp"
#include "lehr/core/inflate.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/core/safetensors.hpp"

namespace lehr::diffusion {
namespace {

bool is_number(const std::string& cell) {
  char* end = nullptr;
  std::strtod(cell.c_str(), &end);
  return end != cell.c_str() && *end == '\0';
}

// Without a header the first line is numbers alone.
bool first_line_has_numbers(std::string_view text) {
  std::size_t from = 0;
  while (from < text.size() && (text[from] == '#' || text[from] == '\n' || text[from] == '\r')) {
    const std::size_t line = text.find('\n', from);
    if (line == std::string_view::npos) return false;
    from = line + 1;
  }
  std::string cell;
  for (std::size_t i = from;; ++i) {
    const char c = i < text.size() ? text[i] : '\n';
    if (c == ' ' || c == '\r') continue;
    if (c != ',' && c != ';' && c != '\t' && c != '\n') {
      cell += c;
      continue;
    }
    if (!is_number(cell)) return false;
    cell.clear();
    if (c == '\n') return true;
  }
}

// No text begins with two zero bytes.
bool is_idx(std::string_view text) { return text.size() >= 4 && text[0] == 0 && text[1] == 0; }

// [n], [n, d] or [n, height, width, ...]: n points of the product of the other extents.
PointSet from_idx(std::string_view text, const std::filesystem::path& path, ByteScale bytes) {
  const Tensor tensor = parse_idx(std::as_bytes(std::span(text)), path.string());
  if (tensor.shape.empty()) throw InvalidInput("{}: an IDX file without axes holds no points", path.string());
  const auto count = static_cast<Eigen::Index>(tensor.shape.front());
  if (tensor.bytes.empty()) throw InvalidInput("{}: holds no points", path.string());
  PointSet set;
  set.points.resize(static_cast<Eigen::Index>(tensor.view().size()) / count, count);
  decode(tensor.view(), std::span(set.points.data(), static_cast<std::size_t>(set.points.size())));
  if (tensor.type == ElementType::u8 && bytes == ByteScale::unit) set.points.array() /= 255;
  if (tensor.type == ElementType::u8 && bytes == ByteScale::signed_unit)
    set.points.array() = set.points.array() / 127.5 - 1;
  return set;
}

PointSet from_text_or_idx(const std::filesystem::path& path, ByteScale bytes) {
  std::string text = read_file(path);
  if (is_gzip(text)) text = gunzip(text, std::uint64_t{1} << 32, path.string());
  if (is_idx(text)) return from_idx(text, path, bytes);
  const bool header = !first_line_has_numbers(text);
  const CsvTable table = parse_csv(text, path.string(), {.header = header});
  PointSet set;
  set.points.resize(static_cast<Eigen::Index>(table.columns.size()), static_cast<Eigen::Index>(table.rows));
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    const std::vector<double> column = table.number_column(table.columns[j], MissingCells::refuse);
    for (std::size_t i = 0; i < column.size(); ++i)
      set.points(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(i)) = column[i];
  }
  if (header) set.names = table.columns;
  return set;
}

// The only array, or the one called "x".
template <class Names>
std::string array_name(const Names& names, const std::filesystem::path& path) {
  std::vector<std::string> known(names.begin(), names.end());
  if (known.size() == 1) return known.front();
  for (const std::string& name : known)
    if (name == "x") return name;
  throw InvalidInput("{}: holds {} arrays and none is called 'x'", path.string(), known.size());
}

PointSet read_by_extension(const std::filesystem::path& path, ByteScale bytes) {
  const std::string extension = path.extension().string();
  if (extension == ".npy") return {points_of(read_npy(path).view()), {}};
  if (extension == ".npz") {
    const Npz file(path);
    return {points_of(file.read(array_name(file.names(), path)).view()), {}};
  }
  if (extension == ".safetensors") {
    const Safetensors file(path);
    std::vector<std::string> names;
    for (const auto& [name, tensor] : file.tensors()) names.push_back(name);
    return {points_of(file.at(array_name(names, path))), {}};
  }
  return from_text_or_idx(path, bytes);
}

}  // namespace

const std::vector<std::string>& byte_scale_names() {
  static const std::vector<std::string> names = {"signed", "unit", "raw"};
  return names;
}

ByteScale byte_scale_named(std::string_view name) {
  const auto found = std::ranges::find(byte_scale_names(), name);
  if (found == byte_scale_names().end())
    throw InvalidInput("bytes: unknown {}{}", quote(name), hint(name, byte_scale_names()));
  return static_cast<ByteScale>(found - byte_scale_names().begin());
}

PointSet read_point_set(const std::filesystem::path& path, ByteScale bytes) {
  PointSet set;
  try {
    set = read_by_extension(path, bytes);
  } catch (const InvalidInput& error) {
    const std::string text = error.what();
    if (text.starts_with(path.string())) throw;
    throw InvalidInput("{}: {}", path.string(), text);
  }
  if (set.points.size() == 0) throw InvalidInput("{}: holds no points", path.string());
  for (Eigen::Index i = 0; i < set.points.cols(); ++i)
    for (Eigen::Index j = 0; j < set.points.rows(); ++j)
      if (!std::isfinite(set.points(j, i)))
        throw InvalidInput("{}: row {}, coordinate {}: {} is not finite", path.string(), i + 1, j + 1,
                           set.points(j, i));
  return set;
}

void write_point_set(const std::filesystem::path& path, const Eigen::MatrixXd& points,
                     std::vector<std::string> names) {
  const std::string extension = path.extension().string();
  const Tensor tensor = tensor_of_points(points);
  if (extension == ".npy") return write_npy(path, tensor.view());
  if (extension == ".npz") return write_npz(path, {{"x", tensor.view()}});
  if (extension == ".safetensors") return write_safetensors(path, {{"x", tensor.view()}});
  if (extension != ".csv")
    throw InvalidInput("{}: points are written as .csv, .npy, .npz or .safetensors", path.string());
  std::vector<CsvColumn> columns;
  for (Eigen::Index j = 0; j < points.rows(); ++j) {
    const auto index = static_cast<std::size_t>(j);
    const Eigen::VectorXd row = points.row(j);
    columns.push_back({index < names.size() ? names[index] : fmt::format("x{}", j),
                       std::vector<double>(row.begin(), row.end())});
  }
  write_csv(path, columns);
}

}  // namespace lehr::diffusion
