// `lehr diffusion sample` (diffusion.sample): draws from a diffusion model in few evaluations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/diffusion/model_source.hpp"
#include "lehr/core/report.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/solver.hpp"

namespace lehr::command {

struct SampleOptions {
  ModelOptions model;
  diffusion::SolverOptions solver;
  std::string grid = "power_t(2)", schedule, starts, save, reference, floor, bytes = "signed", features;
  std::int64_t count = 5000;
  std::optional<std::int64_t> fine, images;
  std::vector<double> clip, reference_map = {1, 0};
  std::vector<std::string> compare;
  std::vector<std::int64_t> sweep;

  void describe(OptionTable& table);
};

// How far points are from true ones, as far as it can be told.
struct SampleDistances {
  std::optional<double> sliced, energy, mmd, frechet, modes;
  std::optional<double> log_density;  // mean ln p of the points under an exact mixture
};

// One solver's result, with what could be measured.
struct SampledArm {
  std::string name;
  std::int64_t nfe = 0;
  Eigen::MatrixXd points;
  std::optional<double> rms, median;
  SampleDistances truth;
};

struct SampleFindings {
  const SampleOptions* options = nullptr;
  const ModelSource* source = nullptr;
  SampledArm main;
  std::vector<diffusion::StepTrace> trace;
  std::vector<double> times;
  std::vector<SampledArm> others;  // of --compare and --sweep
  Eigen::MatrixXd starts, exact;   // exact draws or the reference file's points; may be empty
  std::optional<diffusion::SteeredCounts> steered;  // of ode45 and langevin_pc
  SampleDistances floor;                            // of as many other true points
  double seconds = 0;
  std::vector<std::string> notes;
};
Report sample_report(const SampleFindings& findings);

Task diffusion_sample_task();

}  // namespace lehr::command
