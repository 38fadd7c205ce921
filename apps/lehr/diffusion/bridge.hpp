// `lehr diffusion bridge` (diffusion.bridge): the Schroedinger bridge between two point clouds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/task.hpp"
#include "lehr/diffusion/bridge/bridge_problem.hpp"
#include "lehr/diffusion/bridge/conditional_quality.hpp"
#include "lehr/diffusion/bridge/light_sb.hpp"

namespace lehr::command {

struct DiffusionBridgeOptions {
  std::string from, to, model, save, sample, drift, truth;
  std::string method = "light_sb", scale = "none";
  std::optional<double> at_time = {};
  std::int64_t draws = 1, steps = 10000, path_steps = 200, check_points = 2000, sinkhorn_steps = 0,
               path_check = 0;
  diffusion::LightSbOptions fit;
  std::vector<std::string> course;
  std::vector<double> times, held_out;
  std::optional<std::int64_t> generate_seed = {};
  diffusion::BridgeProblemOptions generated;

  void describe(OptionTable& table);
};

// The clouds of a task in the model's units, and what is known of them. `to` is empty where a model is only used.
struct BridgeData {
  Eigen::MatrixXd from, to;  // d x n
  std::vector<std::string> names;
  double scale = 1;
  std::optional<diffusion::LightBridge> truth = {};  // in the model's units
};

// A bridge and how it came about.
struct BridgeFit {
  diffusion::LightBridge model;
  std::vector<diffusion::LightSbLook> looks = {};
  double seconds = 0;
  std::int64_t steps = 0, revived = 0;
  bool interrupted = false;
};

BridgeData load_bridge_data(const DiffusionBridgeOptions& options, const TaskContext& context);
// Mean over the axes of the standard deviations of all sets together.
double pooled_scale(const std::vector<const Eigen::MatrixXd*>& sets);
// Fits the clouds; `part` names the fit's checkpoint where a task fits several.
BridgeFit fit_bridge(const DiffusionBridgeOptions& options, const Eigen::MatrixXd& from,
                     const Eigen::MatrixXd& to, double scale, TaskContext& context,
                     const std::string& part = "");

// Metrics, tables, figures and warnings of one bridge.
Report bridge_report(const DiffusionBridgeOptions& options, const BridgeData& data, const BridgeFit& fit,
                     const TaskContext& context);
// Every consecutive pair of a time course, and the held-out times.
Report bridge_course_report(const DiffusionBridgeOptions& options, TaskContext& context);

Task diffusion_bridge_task();

}  // namespace lehr::command
