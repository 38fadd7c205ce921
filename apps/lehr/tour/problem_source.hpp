// The problems that the tour tasks work on: which file, which of its lines, by which distances.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/task.hpp"
#include "lehr/tour/problem.hpp"

namespace lehr::command {

// `file`: a file as lehr/tour/problem_file.hpp reads it, beside the run's base folder, or uniform(n) and its like, drawn by the run's
// seed. An empty metric leaves the file's. Throws InvalidInput.
std::vector<tour::Problem> load_problems(const std::string& file, const std::vector<std::int64_t>& line,
                                         const std::string& metric, const TaskContext& context);

// The options `file`, `line` and `metric`; `what` says what a file may be.
void describe_problems(OptionTable& table, std::string& file, std::vector<std::int64_t>& line,
                       std::string& metric, const char* what);

}  // namespace lehr::command
