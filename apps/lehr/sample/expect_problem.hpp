// What `lehr sample expect` estimates: the model, the laws, and the expectations that they make.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/task.hpp"
#include "lehr/core/worker.hpp"
#include "lehr/sample/expectation_problem.hpp"
#include "lehr/sample/law_design.hpp"
#include "lehr/sample/sobol_indices.hpp"

namespace lehr::command {

struct ExpectProblemOptions {
  std::string model;
  std::vector<std::string> law;
  WorkerOptions worker;
  std::vector<std::string> outputs;
  bool parallel_model = false;
  std::int64_t laws = 0, design_seed = 1;
  std::string space = "auto", start, sobol, output;
  double shift = 0;

  void describe(OptionTable& table);
};

// What is asked: expectations under one law, under many, or Sobol' indices.
struct ExpectSetup {
  sample::ForwardModel model;
  sample::LawDesign design;  // the laws, and the ranged parameters where there are some
  std::optional<sample::SobolOrders> sobol;
  std::string sobol_output;
  sample::ExpectationProblem problem;
  std::string title;
  std::string identity;            // text that changes where the problem does
  std::shared_ptr<Worker> worker;  // empty where the model is none
  std::vector<std::string> notes;
};

// The laws of the files (and of their ranges, at a Latin hypercube). Throws InvalidInput.
sample::LawDesign load_laws(const ExpectProblemOptions& options, const TaskContext& context);
ExpectSetup load_expect_problem(const ExpectProblemOptions& options, const TaskContext& context);

}  // namespace lehr::command
