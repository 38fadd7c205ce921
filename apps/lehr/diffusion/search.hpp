// `lehr diffusion search` (diffusion.search): finds the steps, or the solver of every step, for a model and a number of evaluations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/diffusion/model_source.hpp"
#include "lehr/core/task.hpp"
#include "lehr/diffusion/search/fitness.hpp"
#include "lehr/diffusion/search/solver_search.hpp"
#include "lehr/diffusion/search/subset_evolution.hpp"

namespace lehr::command {

struct SearchOptions {
  ModelOptions model;
  std::string kind = "solver", metric = "rms", reference, features, bytes = "signed", sampler = "ddim",
              first_rule = "leading", save, transfer;
  std::vector<double> reference_map = {1, 0}, clip;
  std::int64_t nfe = 5, total = 1000, points = 400, fresh_points = 2000, order = 2, fine = 1500;
  std::optional<std::int64_t> blocks_budget, evaluations;
  diffusion::SolverSearchOptions solver;
  diffusion::SubsetEvolutionOptions steps;

  void describe(OptionTable& table);
};

// A candidate in the final judgement.
struct JudgedCandidate {
  std::string name;
  double fitness = 0, fresh = 0;  // on the search's noise, on fresh noise
  std::optional<double> transfer;
};

struct SearchFindings {
  std::vector<JudgedCandidate> judged;  // the result, then what it is compared with
  std::vector<double> kendall;          // tau of the predictor's order and the true one, batch by batch
  std::vector<double> values;           // of all candidates evaluated
  std::string others;                   // what the result is compared with
  std::size_t presets = 0;              // how many of the values are published solvers'
};

// Metrics, the table of the judgement, the course of the search, and notes.
Report search_report(const SearchOptions& options, const SearchFindings& findings);
// The decisions of each step of a solver.
Table decisions_table(const diffusion::SolverSchedule& schedule);
// The times of a list of steps and the blocks that each skips.
Table step_list_table(const diffusion::Subset& steps, const std::vector<double>& times, int blocks);

Task diffusion_search_task();

}  // namespace lehr::command
