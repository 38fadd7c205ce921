#include "apps/lehr/spin/convert.hpp"

#include "apps/lehr/spin/problem_options.hpp"
#include "lehr/spin/files/problem_file.hpp"

namespace lehr::command {
namespace {

struct SpinConvertOptions {
  std::string problem, file, to = "auto";
  spin::ReadOptions read;

  void describe(OptionTable& table) {
    std::vector<std::string> formats = spin::format_names();
    formats.insert(formats.begin(), "auto");
    table.add("problem", problem, "problem file to read; FILE#3 is the third instance in it")
        .required()
        .positional();
    table.add("file", file, "file to write").required().positional();
    table.add("to", to, "format to write; auto: by the extension").choices(std::move(formats));
    read.describe(table);
  }
};

Report convert(const SpinConvertOptions& options, TaskContext& context) {
  const spin::Problem problem = load_problem(options.problem, options.read, context);
  Report report;
  report.title = problem.name;
  report.notes = problem.notes;
  for (std::string& note : spin::write_problem(context.resolve(options.file), problem, options.to))
    report.notes.push_back(std::move(note));
  report.metric("variables", problem.size());
  if (problem.polynomial) {
    report.metric("terms", static_cast<double>(problem.polynomial->terms()));
    report.metric("max_order", problem.polynomial->max_order());
  } else {
    report.metric("couplings", static_cast<double>(problem.ising.couplings()));
  }
  return report;
}

}  // namespace

Task spin_convert_task() {
  return make_task<SpinConvertOptions>(
      "spin.convert", "", "write a spin problem in another file format",
      "Reads a problem of any format and writes it in any other. Energies stay the same; what the target "
      "format cannot hold (constants, fields, the sense of the objective, labels) is noted.",
      {"spin convert G48.txt g48.ising", "spin convert 'bqp50.txt#3' bqp50-3.qubo",
       "spin convert adjacency.npz graph.mc --kind max_cut"},
      convert);
}

}  // namespace lehr::command
