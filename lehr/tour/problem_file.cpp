#include "lehr/tour/problem_file.hpp"

#include <algorithm>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/inflate.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/tour/line_words.hpp"
#include "lehr/tour/point_lines.hpp"
#include "lehr/tour/point_table.hpp"
#include "lehr/tour/tsplib_file.hpp"

namespace lehr::tour {

namespace {

constexpr Metric point_rules[] = {Metric::euclidean, Metric::euc_2d, Metric::euc_3d, Metric::ceil_2d,
                                  Metric::att,       Metric::geo,    Metric::man_2d, Metric::man_3d,
                                  Metric::max_2d,    Metric::max_3d};

std::string small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

bool starts_with_number(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos &&
         std::string_view("0123456789+-.").find(text[first]) != std::string_view::npos;
}

bool has_commas(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  return line.find_first_of(",;") != std::string_view::npos;
}

std::vector<Problem> read_text(const std::filesystem::path& path, const ReadProblemOptions& options) {
  std::string text = read_file(path);
  if (is_gzip(text)) text = gunzip(text, std::uint64_t{1} << 31, path.string());
  const std::string file = path.string(), name = small_letters(path.filename().string());
  const bool packed = name.ends_with(".gz");
  const std::string_view plain = std::string_view(name).substr(0, name.size() - (packed ? 3 : 0));
  const Metric metric = options.metric.value_or(Metric::euclidean);
  const bool is_table =
      plain.ends_with(".csv") || plain.ends_with(".tsv") || (starts_with_number(text) && has_commas(text));
  if (!is_table && starts_with_number(text)) {
    if (options.metric && metric != Metric::euclidean)
      throw InvalidInput("{}: problems on lines have plain distances; metric is for tables of points", file);
    return parse_point_lines(text, file, options.lines);
  }
  if (!options.lines.empty())
    throw InvalidInput("{}: line is for files with a problem per line; this one holds a single problem",
                       file);
  if (is_table) return {parse_point_csv(text, file, metric)};
  if (options.metric)
    throw InvalidInput("{}: metric is for points without a rule; this file has EDGE_WEIGHT_TYPE", file);
  return {parse_tsplib(text, file)};
}

}  // namespace

const std::vector<std::string>& metric_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = {"euclidean"};
    for (const Metric rule : point_rules)
      if (rule != Metric::euclidean) all.push_back(small_letters(tsplib_name(rule)));
    return all;
  }();
  return names;
}

Metric metric_named(std::string_view name) {
  const auto found = std::ranges::find(metric_names(), name);
  if (found == metric_names().end())
    throw InvalidInput("metric: unknown rule {}{}", quote(name), hint(name, metric_names()));
  return point_rules[found - metric_names().begin()];
}

std::vector<Problem> read_problems(const std::filesystem::path& path, const ReadProblemOptions& options) {
  std::vector<Problem> problems;
  if (is_generated(path.string())) {
    problems = generate_problems(path.string(), options.seed);
    return problems;
  }
  if (small_letters(path.extension().string()) == ".npy")
    problems.push_back(
        problem_of_array(read_npy(path), path.string(), options.metric.value_or(Metric::euclidean)));
  else
    problems = read_text(path, options);
  for (Problem& problem : problems) problem.file = path.filename().string();
  return problems;
}

}  // namespace lehr::tour
