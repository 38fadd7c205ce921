#include "apps/lehr/tour/problem_source.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/tour/problem_file.hpp"

namespace lehr::command {

using namespace tour;

std::vector<Problem> load_problems(const std::string& file, const std::vector<std::int64_t>& line,
                                   const std::string& metric, const TaskContext& context) {
  if (file.empty()) throw InvalidInput("file: give a file of cities, or uniform(n)");
  ReadProblemOptions reading{.lines = line, .metric = {}, .seed = context.seed};
  if (!metric.empty()) reading.metric = metric_named(metric);
  return read_problems(is_generated(file) ? std::filesystem::path(file) : context.resolve(file), reading);
}

void describe_problems(OptionTable& table, std::string& file, std::vector<std::int64_t>& line,
                       std::string& metric, const char* what) {
  table.add("file", file, what).positional();
  table.add("line", line, "of a file with a problem per line: which ones; default all").at_least(1);
  table.add("metric", metric, "rule for the distances of csv and npy points; default euclidean, not rounded")
      .choices(metric_names());
}

}  // namespace lehr::command
