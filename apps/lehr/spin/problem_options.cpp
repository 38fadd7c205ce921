#include "apps/lehr/spin/problem_options.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::command {

void SpinProblemOptions::describe(OptionTable& table) {
  table.add("problem", problem, "file of the problem; docs/spin-files.md lists the formats").positional();
  reading.describe(table);
  table.group("generate", generated);
}

void GeneratedProblem::describe(OptionTable& table) {
  table.add("seed", seed, "makes a problem in place of a file's; 0: the run's seed").at_least(0);
  family.describe(table);
}

spin::Problem GeneratedProblem::make(Seed run, std::int64_t number) const {
  const std::uint64_t first = *seed == 0 ? run.value : static_cast<std::uint64_t>(*seed);
  return spin::generate(family, Seed{first + static_cast<std::uint64_t>(number)});
}

spin::Problem load_problem(const std::string& path, const spin::ReadOptions& reading,
                           const TaskContext& context) {
  const std::filesystem::path file = context.resolve(path);
  spin::ReadOptions told = reading;
  if (context.loading)
    told.progress = [&](std::uint64_t done, std::uint64_t total) {
      context.loading(file.filename().string(), done, total);
    };
  return spin::read_problem(file, told);
}

spin::Problem load_problem(const SpinProblemOptions& options, const TaskContext& context) {
  if (options.problem.empty() != options.generated.seed.has_value())
    throw InvalidInput(options.problem.empty() ? "problem: give a file, or generate.seed to make one"
                                               : "problem: a file and generate.seed are both given");
  if (options.problem.empty()) return options.generated.make(context.seed);
  return load_problem(options.problem, options.reading, context);
}

Table problem_table(const spin::Problem& problem) {
  Table table{.title = "Problem", .columns = {"quantity", "value"}, .rows = {}, .formats = {}};
  const auto row = [&](const char* name, Json value) { table.rows.push_back({name, std::move(value)}); };
  row("name", problem.name);
  row("kind", std::string(name(problem.kind)) + (problem.maximise() ? ", to maximise" : ", to minimise"));
  if (problem.polynomial) {
    row("variables", problem.polynomial->size());
    row("terms", problem.polynomial->terms());
    row("largest term", problem.polynomial->max_order());
    return table;
  }
  const spin::IsingModel& model = problem.ising;
  row("spins", model.size());
  row("couplings", model.couplings());
  row("largest degree", model.max_degree());
  const auto fields = std::ranges::count_if(model.fields(), [](double h) { return h != 0; });
  row("spins with a field", fields);
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (spin::Index i = 0; i < model.size(); ++i)
    for (const double weight : model.weights(i))
      least = std::min(least, std::abs(weight)), most = std::max(most, std::abs(weight));
  if (model.couplings() > 0) row("|J|", fmt::format("{:.4g} to {:.4g}", least, most));
  if (problem.optimum) row("known optimum", *problem.optimum);
  return table;
}

std::string objective_name(const spin::Problem& problem) {
  switch (problem.kind) {
    case spin::ProblemKind::max_cut:
      return "cut";
    case spin::ProblemKind::qubo:
    case spin::ProblemKind::polynomial:
      return "objective";
    case spin::ProblemKind::ising:
      return "energy";
  }
  return "objective";
}

}  // namespace lehr::command
