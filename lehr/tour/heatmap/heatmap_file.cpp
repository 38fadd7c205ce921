#include "lehr/tour/heatmap/heatmap_file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/npy.hpp"

namespace lehr::tour {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ','; }

// Numbers of a text, one after the other.
class NumberReader {
 public:
  NumberReader(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  bool at_end() {
    while (place_ < text_.size() && is_blank(text_[place_])) line_ += text_[place_++] == '\n';
    return place_ == text_.size();
  }
  double next(City row, City column) {
    if (at_end()) throw InvalidInput("{}: the file ends before row {}, column {}", name_, row, column);
    return next();
  }
  double next() {
    if (at_end()) throw InvalidInput("{}: the file has no number", name_);
    const char *from = text_.data() + place_, *end = text_.data() + text_.size();
    if (*from == '+') ++from;
    double value = 0;
    const auto [stop, error] = std::from_chars(from, end, value);
    const bool beyond = error == std::errc::result_out_of_range;  // 1e-400 is a 0 for a heatmap
    if ((error != std::errc() && !beyond) || (stop != end && !is_blank(*stop)))
      throw InvalidInput("{}: line {}: {} is no number", name_, line_, quote(word()));
    place_ = static_cast<std::size_t>(stop - text_.data());
    return beyond ? 0 : value;
  }

 private:
  std::string word() const {
    std::size_t to = place_;
    while (to < text_.size() && !is_blank(text_[to]) && to < place_ + 40) ++to;
    return std::string(text_.substr(place_, to - place_));
  }

  std::string_view text_, name_;
  std::size_t place_ = 0;
  std::int64_t line_ = 1;
};

void check_heatmap_size(double found, City count, std::string_view name) {
  if (found != static_cast<double>(count))
    throw InvalidInput("{}: a heatmap of {} cities, the problem has {}", name, found, count);
}

std::vector<std::int64_t> whole_numbers(const Npz& file, std::string_view array, std::string_view name) {
  const std::vector<double> values = file.read(array).to_doubles();
  std::vector<std::int64_t> whole;
  whole.reserve(values.size());
  for (const double v : values) {
    if (!(std::abs(v) < 9e15) || v != std::floor(v))
      throw InvalidInput("{}: array '{}' holds {}, which is no index", name, array, v);
    whole.push_back(static_cast<std::int64_t>(v));
  }
  return whole;
}

Heatmap heatmap_of_csr(const Npz& file, City count, std::string_view name) {
  const std::vector<std::int64_t> shape = whole_numbers(file, "shape", name);
  if (shape.size() != 2 || shape[0] != shape[1])
    throw InvalidInput("{}: 'shape' holds {} numbers that are not n, n", name, shape.size());
  check_heatmap_size(static_cast<double>(shape[0]), count, name);
  const std::vector<std::int64_t> starts = whole_numbers(file, "indptr", name);
  const std::vector<std::int64_t> cities = whole_numbers(file, "indices", name);
  const std::vector<double> data = file.read("data").to_doubles();
  if (cities.size() != data.size())
    throw InvalidInput("{}: {} indices for {} entries", name, cities.size(), data.size());
  if (starts.size() != static_cast<std::size_t>(count) + 1 || starts.front() != 0 ||
      starts.back() != static_cast<std::int64_t>(data.size()) || !std::ranges::is_sorted(starts))
    throw InvalidInput("{}: 'indptr' does not cut {} entries into {} rows", name, data.size(), count);
  std::vector<std::vector<HeatmapEntry>> rows(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (auto k = static_cast<std::size_t>(starts[i]); k < static_cast<std::size_t>(starts[i + 1]); ++k) {
      if (cities[k] < 0 || cities[k] >= count)
        throw InvalidInput("{}: row {} has an entry in column {}; they are 1 to {}", name, i + 1,
                           cities[k] + 1, count);
      rows[i].push_back({static_cast<City>(cities[k]), data[k]});
    }
  return heatmap_of_rows(std::move(rows), "file", std::string(name));
}

}  // namespace

Heatmap parse_heatmap_text(std::string_view text, City count, std::string_view name) {
  NumberReader reader(text, name);
  check_heatmap_size(reader.next(), count, name);
  std::vector<std::vector<HeatmapEntry>> rows(static_cast<std::size_t>(count));
  for (City i = 0; i < count; ++i)
    for (City j = 0; j < count; ++j) {
      const double value = reader.next(i + 1, j + 1);
      if (value != 0) rows[static_cast<std::size_t>(i)].push_back({j, value});
    }
  if (!reader.at_end()) throw InvalidInput("{}: more than {} rows of {} numbers", name, count, count);
  return heatmap_of_rows(std::move(rows), "file", std::string(name));
}

Heatmap parse_heatmap_npz(std::span<const std::byte> bytes, City count, std::string_view name) {
  return heatmap_of_csr(Npz(bytes, name), count, name);
}

Heatmap read_heatmap(const std::filesystem::path& path, City count) {
  const std::string name = path.string();
  if (path.extension() == ".npz") return heatmap_of_csr(Npz(path), count, name);
  const MappedFile file(path);
  return parse_heatmap_text(file.text(), count, name);
}

}  // namespace lehr::tour
