// The problem that a spin task works on: a file in any of the formats of lehr/spin/files, or one that is
// generated.
#pragma once

#include <optional>
#include <string>

#include "lehr/core/report.hpp"
#include "lehr/core/task.hpp"
#include "lehr/spin/files/generate.hpp"
#include "lehr/spin/files/problem_file.hpp"

namespace lehr::command {

// A problem made in place of a file's, as `lehr spin generate` makes it.
struct GeneratedProblem {
  std::optional<std::int64_t> seed;  // no seed: a file is wanted
  spin::GenerateOptions family;

  void describe(OptionTable& table);
  spin::Problem make(Seed run, std::int64_t number = 0) const;
};

struct SpinProblemOptions {
  std::string problem;
  spin::ReadOptions reading;
  GeneratedProblem generated;

  void describe(OptionTable& table);
};

// Reads or generates the problem. Throws InvalidInput unless exactly one of both is asked for.
spin::Problem load_problem(const SpinProblemOptions& options, const TaskContext& context);
spin::Problem load_problem(const std::string& path, const spin::ReadOptions& reading,
                           const TaskContext& context);

// The model's size and weights as a table.
Table problem_table(const spin::Problem& problem);

// "cut", "objective" or "energy": what the user's objective is called.
std::string objective_name(const spin::Problem& problem);

}  // namespace lehr::command
