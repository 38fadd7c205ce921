// `lehr spin solve` (spin.solve, short name `lehr anneal`): the lowest states of an Ising model, QUBO, graph
// to cut or polynomial.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/spin/problem_options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/core/task.hpp"
#include "lehr/spin/anneal.hpp"
#include "lehr/spin/exact.hpp"
#include "lehr/spin/parallel_tempering.hpp"
#include "lehr/spin/population_annealing.hpp"
#include "lehr/spin/simulated_bifurcation.hpp"
#include "lehr/spin/simulated_quantum_annealing.hpp"
#include "lehr/spin/solutions.hpp"
#include "lehr/spin/tabu.hpp"

namespace lehr::command {

struct SpinSolveOptions {
  SpinProblemOptions file;
  std::string method = "anneal";
  std::optional<std::int64_t> sweeps, reads;
  std::optional<double> seconds, target;
  std::optional<Budget> budget;
  std::int64_t keep = 10;
  std::string states, initial, order = "sequential";
  bool reduce = false;

  spin::AnnealOptions anneal{.reads = 128};
  spin::ParallelTemperingOptions tempering;
  spin::PopulationAnnealingOptions population;
  spin::SimulatedQuantumAnnealingOptions quantum;
  spin::TabuOptions tabu;
  spin::SimulatedBifurcationOptions bifurcation;
  spin::ExactOptions exact;

  void describe(OptionTable& table);
};

// One look at the run: what the report draws.
struct SolveTracePoint {
  double step, control, energy, energy_mean, energy_deviation;
};

// What a method found.
struct SpinSolved {
  std::vector<spin::Solution> best;  // lowest first
  std::vector<double> energies;      // of each read
  std::vector<SolveTracePoint> trace;
  Row last;                  // what the method measured at the end
  std::string control_name;  // "beta", "pump", "field"; empty: none
  std::vector<Table> tables;
  std::vector<std::string> notes;
  std::int64_t steps = 0;
  double updates = 0, seconds = 0;
  double lower_bound = 0;   // on the energy
  bool proved = false;      // best is a ground state
  bool independent = true;  // the energies are of independent reads
};

SpinSolved solve_problem(const SpinSolveOptions& options, const spin::Problem& problem, TaskContext& context);
Report solve_report(const SpinSolveOptions& options, const spin::Problem& problem, const SpinSolved& solved,
                    TaskContext& context);
Task spin_solve_task();

}  // namespace lehr::command
