#include "apps/lehr/spin/generate.hpp"

#include "lehr/spin/files/generate.hpp"
#include "lehr/spin/files/problem_file.hpp"
#include "lehr/spin/files/states_file.hpp"

namespace lehr::command {
namespace {

struct SpinGenerateOptions {
  spin::GenerateOptions problem;
  std::string file, format = "auto", planted;

  void describe(OptionTable& table) {
    std::vector<std::string> formats = spin::format_names();
    formats.insert(formats.begin(), "auto");
    table.add("file", file, "file to write").required().positional();
    table.add("format", format, "its format; auto: by the extension").choices(std::move(formats));
    table.add("planted", planted, "file for the planted state, where there is one");
    problem.describe(table);
  }
};

Report generate(const SpinGenerateOptions& options, TaskContext& context) {
  const spin::Problem problem = spin::generate(options.problem, context.seed);
  Report report;
  report.title = problem.name;
  report.notes = spin::write_problem(context.resolve(options.file), problem, options.format);
  report.metric("spins", problem.size());
  report.metric("couplings", static_cast<double>(problem.ising.couplings()));
  if (problem.optimum) {
    report.metric("optimum", *problem.optimum);
    report.notes.push_back(fmt::format("the {} {} is {}, {}", problem.maximise() ? "largest" : "least",
                                       problem.maximise() ? "cut" : "energy", *problem.optimum,
                                       problem.planted.empty() ? "by a closed form" : "by a known state"));
  }
  if (!options.planted.empty()) {
    if (problem.planted.empty()) throw InvalidInput("planted: no optimal state of {} is known", problem.name);
    const spin::Solution state{problem.planted, problem.energy_of(problem.planted)};
    spin::write_states(context.resolve(options.planted), problem, {&state, 1});
  }
  return report;
}

}  // namespace

Task spin_generate_task() {
  return make_task<SpinGenerateOptions>(
      "spin.generate", "", "make a spin problem of a known family",
      "Writes an Ising model or a graph to cut of a family that the literature measures on: tori, cubic "
      "lattices, Sherrington-Kirkpatrick, random and regular graphs, chimera, and problems with a planted "
      "ground state (Wishart, frustrated loops). The seed decides everything. Where the optimum is known, by "
      "planting or by a closed form, it is printed.",
      {"spin generate --family torus --rows 50 --columns 60 torus.mc",
       "spin generate --family wishart --size 100 --alpha 0.8 --seed 7 wishart.ising --planted "
       "best.txt",
       "spin generate --family lattice3d --rows 10 --weights pm glass.ising"},
      generate);
}

}  // namespace lehr::command
