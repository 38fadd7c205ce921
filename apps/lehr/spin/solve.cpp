#include "apps/lehr/spin/solve.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/spin/beta_range.hpp"
#include "lehr/spin/files/states_file.hpp"
#include "lehr/spin/flip_anneal.hpp"
#include "lehr/spin/greedy.hpp"
#include "lehr/spin/persistency.hpp"
#include "lehr/spin/reduction.hpp"

namespace lehr::command {

using namespace spin;

namespace {

constexpr std::int64_t trace_points = 60;
// Models up to this size get a lower bound by roof duality, which is then quick.
constexpr std::int64_t bounded_couplings = 20000;

const std::vector<std::string>& methods() {
  static const std::vector<std::string> all = {"anneal",
                                               "parallel_tempering",
                                               "population_annealing",
                                               "simulated_quantum_annealing",
                                               "tabu",
                                               "simulated_bifurcation",
                                               "greedy",
                                               "exact"};
  return all;
}

// Steps of a run whose length is not given.
std::int64_t default_steps(const std::string& method) {
  if (method == "tabu") return 200;
  if (method == "greedy") return 1;
  return 1000;
}

// What decides the course of a run: the problem itself, and the options but for those that only end the run or say
// what is done with its result. `steps`: the length that schedules refer to, 0 where it is open.
Json course(SpinSolveOptions options, const Problem& problem, std::int64_t steps) {
  options.file = {};
  options.budget.reset(), options.seconds.reset(), options.target.reset();
  options.keep = 1;
  options.states.clear();
  Json values = describe(options).values();
  values["sweeps"] = steps;
  // The energy of some state tells problems of one size apart.
  Spins probe(static_cast<std::size_t>(problem.size()));
  Stream random(Seed{0}, lane("spin.solve.probe"));
  randomise(probe, random);
  const double energy = problem.polynomial ? problem.polynomial->energy(probe) : problem.ising.energy(probe);
  values["problem"] = fmt::format("{} ({} spins, H of a probe {})", problem.name, problem.size(), energy);
  return values;
}

class Solver {
 public:
  Solver(const SpinSolveOptions& options, const Problem& problem, TaskContext& context)
      : options_(options), problem_(problem), context_(context) {}

  SpinSolved run() {
    const auto start = std::chrono::steady_clock::now();
    if (!options_.initial.empty())
      initial_ = read_states(context_.resolve(options_.initial), problem_.size());
    if (problem_.polynomial)
      solve_polynomial(*problem_.polynomial);
    else if (options_.reduce)
      solve_reduced(problem_.ising);
    else
      solve_ising(problem_.ising);
    solved_.seconds =
        earlier_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (static_cast<std::int64_t>(solved_.best.size()) > options_.keep)
      solved_.best.resize(static_cast<std::size_t>(options_.keep));
    return std::move(solved_);
  }

 private:
  void solve_ising(const IsingModel& model) {
    bound(model);
    if (options_.method == "exact") return solve_exactly(model);
    if (model.size() == 0) return take_empty(model);
    const auto reads = [&](std::int64_t own) { return options_.reads.value_or(own); };
    if (options_.method == "anneal" && options_.order == "sequential") {
      AnnealOptions own = options_.anneal;
      own.reads = reads(own.reads);
      const Anneal method(model, own, initial_);
      solved_.notes.push_back(kernel_note(method.kernel()));
      run_method(method, "beta", static_cast<double>(own.reads) * model.size());
    } else if (options_.method == "anneal") {
      const IsingFlips flips(model);
      anneal_flips(flips);
    } else if (options_.method == "parallel_tempering") {
      if (options_.tempering.wolff == 0 && !options_.tempering.houdayer) return temper(model);
      const IsingFlips flips(model);
      temper(flips);
    } else if (options_.method == "population_annealing") {
      anneal_population(model);
    } else if (options_.method == "simulated_quantum_annealing") {
      SimulatedQuantumAnnealingOptions own = options_.quantum;
      own.reads = reads(own.reads);
      run_method(SimulatedQuantumAnnealing(model, own), "gamma",
                 static_cast<double>(own.reads * own.slices * own.sweeps) * model.size());
    } else if (options_.method == "tabu") {
      TabuOptions own = options_.tabu;
      own.reads = reads(own.reads);
      const Tabu method(model, own);
      run_method(method, "", static_cast<double>(own.reads * method.options().block));
    } else if (options_.method == "simulated_bifurcation") {
      SimulatedBifurcationOptions own = options_.bifurcation;
      own.reads = reads(own.reads);
      run_method(SimulatedBifurcation(model, own), "pump", static_cast<double>(own.reads) * model.size());
    } else {
      run_method(Greedy(model, {.reads = reads(128)}), "", static_cast<double>(reads(128)));
    }
  }

  void solve_polynomial(const PolynomialModel& model) {
    if (options_.method == "anneal") return anneal_flips(model);
    if (options_.method == "parallel_tempering") return temper(model);
    if (options_.method == "population_annealing") return anneal_population(model);
    throw InvalidInput(
        "method {}: {} has terms of {} variables; anneal, parallel_tempering and population_annealing take "
        "those",
        options_.method, problem_.name, model.max_order());
  }

  // Removes what can be decided exactly, solves the rest, and puts it back.
  void solve_reduced(const IsingModel& model) {
    const Reduction reduction = spin::reduce(model);
    solved_.notes.push_back(
        fmt::format("{} of {} spins were removed exactly before the search ({} by roof duality).",
                    reduction.removed.size(), model.size(), reduction.persistent));
    if (!initial_.empty()) {
      for (Spins& state : initial_) {
        Spins rest;
        for (const Index i : reduction.kept) rest.push_back(state[static_cast<std::size_t>(i)]);
        state = std::move(rest);
      }
    }
    solve_ising(reduction.model);
    for (Solution& solution : solved_.best) {
      solution.spins = reduction.restore(solution.spins);
      solution.energy = model.energy(solution.spins);
    }
  }

  template <class Model>
  void anneal_flips(const Model& model) {
    FlipAnnealOptions own{.reads = options_.reads.value_or(options_.anneal.reads),
                          .cooling = options_.anneal.cooling,
                          .rule = options_.anneal.rule,
                          .order = options_.order};
    run_method(FlipAnneal<Model>(model, default_beta_range(model), own, initial_), "beta",
               static_cast<double>(own.reads) * model.size());
  }

  template <class Model>
  void temper(const Model& model) {
    ParallelTemperingOptions own = options_.tempering;
    own.sets = options_.reads.value_or(own.sets);
    const ParallelTempering<Model> method(model, own);
    const auto run =
        run_method(method, "", static_cast<double>(own.sets * own.temperatures * own.sweeps) * model.size());
    const TemperingReport report = method.report(run);
    Table table{.title = "Temperatures",
                .columns = {"beta", "energy", "error", "autocorrelation time", "heat capacity", "swap rate",
                            "acceptance", "ln Z"},
                .rows = {},
                .formats = {".4g", ".6g", ".2g", ".3g", ".4g", ".3f", ".3f", ".6g"}};
    for (const TemperatureReport& t : report.temperatures)
      table.rows.push_back({json_number(t.beta), json_number(t.energy), json_number(t.energy_error),
                            json_number(t.autocorrelation_time), json_number(t.heat_capacity),
                            json_number(t.swap_rate), json_number(t.acceptance), json_number(t.log_z)});
    solved_.tables.push_back(std::move(table));
    solved_.notes.push_back(
        fmt::format("{} round trips between the hottest and the coldest temperature.", report.round_trips));
  }

  template <class Model>
  void anneal_population(const Model& model) {
    const PopulationAnnealing<Model> method(model, options_.population);
    const auto state = run_method(
        method, "beta",
        static_cast<double>(options_.population.population * options_.population.sweeps) * model.size());
    solved_.independent = false;  // copies of one ancestor are alike
    if (state.steps.empty()) return;
    const PopulationStep& last = state.steps.back();
    solved_.notes.push_back(
        fmt::format("Free energy: ln Z = {:.6g} +- {:.2g} at beta = {:.4g}; family entropy {:.3g}, rho_t "
                    "{:.3g} of a population of {}.",
                    last.log_z, last.log_z_error, last.beta, last.family_entropy, last.rho,
                    options_.population.population));
  }

  void solve_exactly(const IsingModel& model) {
    const ExactResult result = spin::solve_exactly(model, options_.exact);
    solved_.best = {{result.spins, result.energy, 1}};
    solved_.energies = {result.energy};
    solved_.lower_bound = result.energy;
    solved_.proved = true;
    solved_.notes.push_back(fmt::format(
        "Proved by {}{}.", result.route,
        result.degeneracy > 0 ? fmt::format("; {:.15g} states have this energy", result.degeneracy) : ""));
  }

  void take_empty(const IsingModel& model) {
    solved_.best = {{Spins{}, model.offset(), 1}};
    solved_.energies = {model.offset()};
    solved_.proved = true;
  }

  void bound(const IsingModel& model) {
    solved_.lower_bound = model.offset();
    for (Index i = 0; i < model.size(); ++i)
      solved_.lower_bound -= 0.5 * (model.reach(i) + std::abs(model.field(i)));
    if (model.couplings() <= bounded_couplings)
      solved_.lower_bound = std::max(solved_.lower_bound, roof_duality(model).lower_bound);
  }

  Budget budget() const {
    Budget budget;
    if (options_.budget) budget = budget | *options_.budget;
    if (options_.sweeps) budget = budget | Budget::steps(*options_.sweeps);
    if (options_.seconds) budget = budget | Budget::seconds(*options_.seconds);
    if (budget.empty() && options_.method != "population_annealing")
      budget = Budget::steps(default_steps(options_.method));
    if (options_.target) {
      const double energy = problem_.energy(*options_.target);
      budget = budget | Budget::target("energy", energy + 1e-9 * std::max(1.0, std::abs(energy)));
    }
    return budget;
  }

  // Runs the method and takes its states; `control` is the row's name for what is annealed,
  // `updates_per_step` the proposals of a step.
  template <class M>
  typename M::State run_method(const M& method, const std::string& control, double updates_per_step) {
    const Budget budget = this->budget();
    Observers observers =
        context_.observers_with_checkpoints(course(options_, problem_, budget.step_limit()));
    solved_.control_name = control;
    observers.list.push_back(
        {.see = [&](const Moment& now, const Row& row) { return note(now, row, control, budget); },
         .end = {}});
    const auto start = std::chrono::steady_clock::now();
    auto run = drive(method, budget, context_.seed, observers);
    earlier_ =
        std::max(0.0, run.used.seconds -
                          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    add_trace_point(run.used.steps, run.last, control);
    solved_.last = run.last;
    const SolutionPool pool = method.solutions(run.state);
    solved_.best = pool.best();
    solved_.energies = pool.energies();
    solved_.steps = run.used.steps;
    solved_.updates = updates_per_step * static_cast<double>(run.used.steps);
    if (run.why == Stop::interrupted)
      solved_.notes.push_back("Interrupted: this is what had been found by then.");
    if (!solved_.best.empty() && problem_.size() > 0)
      solved_.proved = solved_.best.front().energy <=
                       solved_.lower_bound + 1e-9 * std::max(1.0, std::abs(solved_.lower_bound));
    return std::move(run.state);
  }

  std::int64_t note(const Moment& now, const Row& row, const std::string& control, const Budget& budget) {
    add_trace_point(now.step, row, control);
    const std::int64_t limit = budget.step_limit();
    const std::int64_t stride =
        limit > 0 ? std::max<std::int64_t>(5, limit / trace_points)
                  : std::max<std::int64_t>(1, now.step / 8);  // ever wider where the end is open
    return now.step + stride;
  }

  void add_trace_point(std::int64_t step, const Row& row, const std::string& control) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    solved_.trace.push_back({static_cast<double>(step),
                             control.empty() ? nan : row.find(control).value_or(nan),
                             row.find("energy").value_or(nan), row.find("energy_mean").value_or(nan),
                             row.find("energy_deviation").value_or(nan)});
  }

  std::string kernel_note(Kernel kernel) const {
    return fmt::format("Sweeps ran in {} ({}).", name(kernel), kernels::instruction_set());
  }

  const SpinSolveOptions& options_;
  const Problem& problem_;
  TaskContext& context_;
  std::vector<Spins> initial_;
  double earlier_ = 0;  // seconds that a resumed run had used before
  SpinSolved solved_;
};

}  // namespace

void SpinSolveOptions::describe(OptionTable& table) {
  file.describe(table);
  table.add("method", method, "how to search").choices(methods());
  table
      .add("sweeps", sweeps,
           "steps of the method: sweeps, temperature or time steps, blocks of 10000 tabu iterations; default "
           "1000 (tabu 200)")
      .at_least(1);
  table.add("seconds", seconds, "stop after this time").unit("s").above(0);
  table.add("target", target, "stop when the objective is this good");
  table.add("budget", budget, "any budget, joined with the three above");
  table.add("reads", reads, "independent runs side by side; default 128 for anneal, else the method's own")
      .range(1, 1e7);
  anneal.cooling.describe(table);
  table.add("rule", anneal.rule, "anneal: how a flip is accepted").choices({"metropolis", "heat_bath"});
  table.add("order", order, "anneal: in which order spins are proposed; random is slower")
      .choices({"sequential", "random"});
  table.add("kernel", anneal.kernel, "anneal: how reads are laid out")
      .choices({"automatic", "byte_lanes", "float_lanes", "byte_read", "float_read", "dense_read"});
  table.add("descend", anneal.descend, "anneal: end with a steepest descent from every read");
  table.add("reduce", reduce, "first remove what roof duality and degrees up to 2 decide exactly");
  table.add("initial", initial, "file of states to start from (text or npy)");
  table.add("keep", keep, "distinct states to report, best first").range(1, 1e6);
  table.add("states", states, "file for these states: .txt, .npy (bits), .json or .csv");
  table.group("tempering", tempering);
  table.group("population", population);
  table.group("quantum", quantum);
  table.group("tabu", tabu);
  table.group("bifurcation", bifurcation);
  table.group("exact", exact);
}

SpinSolved solve_problem(const SpinSolveOptions& options, const Problem& problem, TaskContext& context) {
  return Solver(options, problem, context).run();
}

namespace {

Report solve(const SpinSolveOptions& options, TaskContext& context) {
  const Problem problem = load_problem(options.file, context);
  const SpinSolved solved = solve_problem(options, problem, context);
  return solve_report(options, problem, solved, context);
}

}  // namespace

Task spin_solve_task() {
  return make_task<SpinSolveOptions>(
      "spin.solve", "anneal", "lowest states of an Ising model, QUBO, graph to cut or polynomial",
      "Reads a problem in any common format and searches for its best state: by simulated annealing of many "
      "reads in "
      "SIMD lanes (the default), parallel tempering, population annealing, simulated quantum annealing, tabu "
      "search, "
      "simulated bifurcation, or exactly. Temperatures, fields and pumps are schedules. The report says how "
      "many reads "
      "reached the best state, what that means for the chance that a better one was missed, and whether a "
      "bound proves "
      "it optimal. Ctrl-C ends the run with what was found; --resume goes on.",
      {"anneal data/torus_50x60.mc",
       "anneal problem.qubo --sweeps 10000 --reads 256 --beta \"geometric(from=0.1, to=5)\"",
       "spin solve spins.ising --method parallel_tempering --seconds 60 --target -1000",
       "spin solve small.mc --method exact"},
      solve);
}

}  // namespace lehr::command
