#include "apps/lehr/sample/expect_problem.hpp"

#include <algorithm>

#include "apps/lehr/sample/law_file.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/sample/shared_object_model.hpp"
#include "lehr/sample/worker_model.hpp"

namespace lehr::command {

using namespace sample;

namespace {

bool is_formula_file(const std::string& model) { return std::filesystem::path(model).extension() == ".toml"; }

// The files that hold laws; the model's own where none is given.
std::vector<std::string> law_files(const ExpectProblemOptions& options) {
  if (!options.law.empty()) return options.law;
  if (is_formula_file(options.model)) return {options.model};
  throw InvalidInput("law: give a file with the law of the model's inputs");
}

LawTemplate template_of(const std::string& file, const TaskContext& context) {
  const std::filesystem::path path = context.resolve(file);
  return law_template(read_toml(path), path.parent_path());
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text)
    if (c == ',')
      words.emplace_back();
    else if (c != ' ')
      words.back() += c;
  return words;
}

std::optional<SobolOrders> sobol_orders(const std::string& text) {
  if (text.empty()) return std::nullopt;
  SobolOrders orders{.first = false, .total = false};
  for (const std::string& word : split_words(text)) {
    if (word != "first" && word != "total")
      throw InvalidInput("sobol: must be first, total or first,total, found {}", quote(word));
    (word == "first" ? orders.first : orders.total) = true;
  }
  return orders;
}

void load_model(ExpectSetup& setup, const ExpectProblemOptions& options, const TaskContext& context) {
  const std::vector<std::string> inputs = setup.design.laws.front().names();
  if (options.model.empty() == options.worker.command.empty())
    throw InvalidInput("sample.expect: give a model file or --worker.command, one of them");
  if (!options.worker.command.empty()) {
    setup.worker = std::make_shared<Worker>(options.worker, context.base);
    setup.model = worker_model(setup.worker, inputs,
                               options.outputs.empty() ? std::vector<std::string>{"y"} : options.outputs);
    setup.title = "the worker's model";
    setup.identity += options.worker.command;
    return;
  }
  const std::filesystem::path path = context.resolve(options.model);
  setup.title = path.stem().string();
  if (is_formula_file(options.model)) {
    const study::TomlDocument document = read_toml(path);
    setup.model = formula_model(document, inputs);
    if (document.root().contains("title") && document.root()["title"].is_string())
      setup.title = document.root()["title"].get<std::string>();
    setup.identity += read_file(path);
  } else if (path.extension() == ".so") {
    setup.model = shared_object_model(
        path, inputs, options.parallel_model ? CallFrom::several_threads : CallFrom::one_thread);
    setup.identity += path.string();
  } else {
    throw InvalidInput("model: {} is neither a .toml file of formulas nor a shared object (.so)",
                       quote(options.model));
  }
}

Index output_number(const ExpectProblemOptions& options, const ForwardModel& model) {
  if (options.output.empty()) return 0;
  const auto at = std::ranges::find(model.outputs, options.output);
  if (at == model.outputs.end())
    throw InvalidInput("output: the model has no output {}{}", quote(options.output),
                       hint(options.output, model.outputs));
  return at - model.outputs.begin();
}

void add_start_law(ExpectSetup& setup, const ExpectProblemOptions& options, bool standard,
                   const TaskContext& context) {
  if (options.start.empty()) return;
  if (setup.sobol) throw InvalidInput("start: Sobol' indices begin from the law itself");
  const Law start = template_of(options.start, context).at({});
  const Law& law = setup.design.laws.front();
  if (start.names() != law.names())
    throw InvalidInput("start: {} must have the variables of the law, in its order: {}", quote(options.start),
                       fmt::join(law.names(), ", "));
  setup.problem.start = standard ? in_standard_space(law, start.density()) : start.density();
  setup.identity += read_file(context.resolve(options.start));
}

}  // namespace

void ExpectProblemOptions::describe(OptionTable& table) {
  table.add("model", model, "formulas (.toml) or a shared object (.so) that gives the outputs").positional();
  table.add("law", law,
            "files with the law of the inputs; several, or ranges in one, mean the outputs under each law");
  table.add("laws", laws, "laws of a Latin hypercube over the ranges in the law file").range(0, 1e5);
  table.add("design_seed", design_seed, "of the Latin hypercube").at_least(0);
  table.add("outputs", outputs, "names of a worker's outputs; of a table's, those to take");
  table.add("parallel_model", parallel_model, "the shared object may be called from several threads at once");
  table
      .add("space", space,
           "where proposals live: the standard normal space of the law (auto with one law), or the inputs' "
           "own")
      .choices({"auto", "standard", "physical"});
  table.add("start", start,
            "file of a law from which the first batch is drawn, where the law itself sees no mass");
  table.add("sobol", sobol,
            "Sobol' indices of an output in place of expectations: first, total, or first,total");
  table.add("output", output, "the output that Sobol' indices explain; default: the first");
  table.add("shift", shift, "subtracted from that output, which leaves the indices as they are");
  table.group("worker", worker);
}

LawDesign load_laws(const ExpectProblemOptions& options, const TaskContext& context) {
  const std::vector<std::string> files = law_files(options);
  LawDesign design;
  for (const std::string& file : files) {
    const LawTemplate family = template_of(file, context);
    const std::vector<std::string> ranges = family.ranges();
    if (ranges.empty() && options.laws > 0) throw InvalidInput("laws: {} has no ranges", quote(file));
    if (!ranges.empty() && options.laws == 0)
      throw InvalidInput("laws: {} has ranges ({}), so say how many laws to take", quote(file),
                         ranges.front());
    if (!ranges.empty() && files.size() > 1) throw InvalidInput("law: ranges are for a single file");
    const LawDesign own =
        design_laws(family, options.laws, Seed{static_cast<std::uint64_t>(options.design_seed)});
    design.laws.insert(design.laws.end(), own.laws.begin(), own.laws.end());
    design.parameters = own.parameters;
    design.values = own.values;
    if (design.laws.front().names() != design.laws.back().names())
      throw InvalidInput("law: {} and {} have other variables, or in another order", quote(files.front()),
                         quote(file));
  }
  return design;
}

ExpectSetup load_expect_problem(const ExpectProblemOptions& options, const TaskContext& context) {
  ExpectSetup setup;
  setup.design = load_laws(options, context);
  for (const std::string& file : law_files(options)) setup.identity += read_file(context.resolve(file));
  load_model(setup, options, context);
  setup.sobol = sobol_orders(options.sobol);
  const std::vector<Law>& laws = setup.design.laws;
  if (setup.sobol && laws.size() > 1) throw InvalidInput("sobol: one law is needed, found {}", laws.size());
  if (laws.size() > 1 && options.space == "standard")
    throw InvalidInput("space: {} laws share the inputs' own space alone", laws.size());
  const bool standard = laws.size() == 1 && options.space != "physical";
  if (setup.sobol) {
    const Index output = output_number(options, setup.model);
    setup.sobol_output = setup.model.outputs[static_cast<std::size_t>(output)];
    setup.problem = sobol_problem(setup.model, laws.front(), *setup.sobol, output, options.shift);
  } else if (laws.size() == 1) {
    setup.problem =
        expectations_under(setup.model, laws.front(), standard ? Space::standard : Space::physical);
  } else {
    setup.problem = expectations_under(setup.model, laws);
  }
  if (!standard && !std::ranges::all_of(laws, [](const Law& law) { return law.has_density(); }))
    throw InvalidInput(
        "law: values of an empirical law repeat, so it has no density; it needs standard space");
  add_start_law(setup, options, standard, context);
  return setup;
}

}  // namespace lehr::command
