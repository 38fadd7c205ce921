// `lehr sample compare-designs` (sample.compare-designs): which design needs how many runs, for a space and a
// function.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/sample/design_source.hpp"
#include "lehr/core/task.hpp"
#include "lehr/sample/reference_projection.hpp"

namespace lehr::command {

struct CompareDesignsOptions {
  SpaceOptions space;
  std::string model;
  std::vector<std::string> designs = {"dpp_repeat", "volume", "optimal_iid"};
  std::vector<std::int64_t> sizes;
  std::int64_t repeats = 200;
  double delta = 0.5, certainty = 0.9, mixing = 0;
  std::string remainder = "subspace";

  void describe(OptionTable& table);
};

// What one design gave.
struct DesignOutcome {
  double lambda_min = 0, inverse_trace = 0;  // tr(G^-1) / m
  double square_ratio = 0;                   // (error / best error)^2
  double square_position = 0;                // mean x_1^2 of the points
  Eigen::VectorXd coefficients;
};

// All designs of one kind and size.
struct DesignGroup {
  std::string kind;
  std::int64_t runs = 0;
  std::vector<DesignOutcome> outcomes;

  std::vector<double> of(double DesignOutcome::*member) const;
  // How many have lambda_min below 1 - delta.
  std::int64_t unstable(double delta) const;
  std::string metric(const char* name) const { return fmt::format("{}_{}_{}", kind, runs, name); }
};

// What is shown of the groups; `reference` where a function was fitted.
Report compare_designs_report(const sample::FunctionSpace& space, const CompareDesignsOptions& options,
                              const std::vector<DesignGroup>& groups,
                              const std::optional<sample::ReferenceProjection>& reference);

Task sample_compare_designs_task();

}  // namespace lehr::command
