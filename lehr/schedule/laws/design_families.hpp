// Internal to the laws: families of schedules that a design searches.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <vector>

#include "lehr/optimize/lbfgs.hpp"
#include "lehr/schedule/laws/optimize_schedule.hpp"

namespace lehr::laws {

// Schedules with parameters in a box.
struct Family {
  std::function<Plan(const Eigen::VectorXd& parameters)> plan;
  // The gradient with respect to the parameters from that with respect to the rates (chain rule).
  std::function<Eigen::VectorXd(const Eigen::VectorXd& parameters, const std::vector<double>& gradient)>
      pull_back;
  optimize::Box box;
};

// Parameters start, power, ln(to / peak) of a power cooldown.
Family cooldown_family(const DesignOptions& options);

// eta = floor + (peak - floor) exp(-(u_0 + ... + u_j)) at knots that thicken towards the end; linear in
// between, or held (stairs). Parameters u >= 0.
class KnotFamily {
 public:
  explicit KnotFamily(const DesignOptions& options);

  Eigen::Index size() const { return static_cast<Eigen::Index>(knots_.size()); }
  Plan plan(const Eigen::VectorXd& u) const;
  Eigen::VectorXd pull_back(const Eigen::VectorXd& u, const std::vector<double>& gradient) const;
  // The parameters whose knots lie on `plan`.
  Eigen::VectorXd parameters_of(const Plan& plan) const;
  // Refers to this object.
  Family family() const;

 private:
  std::int64_t knot(Eigen::Index j) const { return knots_[static_cast<std::size_t>(j)]; }
  // How far step i lies between knots j and j + 1, in [0, 1).
  double share(Eigen::Index j, std::int64_t i) const;
  Eigen::VectorXd knot_rates(const Eigen::VectorXd& u) const;

  DesignOptions options_;
  std::vector<std::int64_t> knots_;
};

}  // namespace lehr::laws
