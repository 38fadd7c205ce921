#include "apps/lehr/tour/reference_lengths.hpp"

#include <charconv>
#include <cmath>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/tour/known_optima.hpp"
#include "lehr/tour/tour_file.hpp"

namespace lehr::command {

namespace {

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || error != std::errc()) return std::nullopt;
  return value;
}

std::string length_column(const CsvTable& table, const std::string& file) {
  for (const char* name : {"reference_length", "length", "optimum"})
    if (table.has_column(name)) return name;
  throw InvalidInput("{}: no column reference_length, length or optimum; found are {}", file,
                     fmt::join(table.columns, ", "));
}

bool is_identity(const tour::Order& order) {
  for (std::size_t i = 0; i < order.size(); ++i)
    if (order[i] != static_cast<tour::City>(i)) return false;
  return true;
}

}  // namespace

ReferenceLengths::ReferenceLengths(const std::string& text, const TaskContext& context) {
  if (text.empty()) return;
  if ((length_ = number_of(text))) {
    if (!(*length_ > 0) || !std::isfinite(*length_))
      throw InvalidInput("reference: the length is {}; allowed are numbers above 0", *length_);
    return;
  }
  const std::filesystem::path path = context.resolve(text);
  file_ = path.filename().string();
  if (path.extension() != ".csv") {
    tour_ = read_file(path);
    return;
  }
  const CsvTable table = read_csv(path);
  const std::vector<double> lengths = table.number_column(length_column(table, path.string()));
  if (!table.has_column("file"))
    throw InvalidInput("{}: no column 'file'; found are {}", path.string(), fmt::join(table.columns, ", "));
  const std::vector<std::string> files = table.text_column("file");
  const std::vector<double> lines =
      table.has_column("line") ? table.number_column("line") : std::vector<double>(table.rows, 0.0);
  for (std::size_t i = 0; i < table.rows; ++i)
    if (lengths[i] > 0 && std::isfinite(lengths[i]))
      table_[{files[i], std::isfinite(lines[i]) ? static_cast<std::int64_t>(lines[i]) : 0}] = lengths[i];
}

std::optional<TourReference> ReferenceLengths::of(const tour::Problem& problem) const {
  if (length_) return TourReference{*length_, "the length that was given", false};
  if (!tour_.empty())
    return TourReference{tour::length(problem.instance, tour::parse_tour_of(problem, tour_, file_)),
                         fmt::format("the tour in {}", file_), false};
  if (!file_.empty()) {
    const auto found = table_.find({problem.file, problem.line});
    if (found == table_.end()) return std::nullopt;
    return TourReference{found->second, fmt::format("the length in {}", file_), false};
  }
  if (const auto optimum = tour::known_optimum(problem))
    return TourReference{
        *optimum, fmt::format("the optimum that is known for TSPLIB's {}", problem.instance.name), true};
  if (!problem.stored.empty() && !is_identity(problem.stored))
    return TourReference{tour::length(problem.instance, problem.stored),
                         "the tour that stands beside the problem, which need not be the shortest", false};
  return std::nullopt;
}

}  // namespace lehr::command
