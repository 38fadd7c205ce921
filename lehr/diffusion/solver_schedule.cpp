#include "lehr/diffusion/solver_schedule.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/plan_builder.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;

// The factor on the first derivative; z = h for noise, -h for data.
double scaling_factor(const SolverStep& step, double h) {
  const double z = step.data ? -h : h, e = std::expm1(z);
  switch (step.scaling) {
    case Scaling::none:
      return 1;
    case Scaling::dpm:
      return 0.5 * z * e / (e - z);
    case Scaling::bh1:
      return 0.5 * z * z / (e - z);
    case Scaling::plus_exp:
      return 1 + 0.5 * std::expm1(h);
    case Scaling::minus_exp:
      return 1 - 0.5 * std::expm1(h);
    case Scaling::linear:
      return 1 + step.kappa * h;
  }
  return 1;
}

// c_j of the k-th derivative from points at these distances in lambda.
Eigen::VectorXd derivative_weights(const std::vector<double>& distances, int k) {
  const auto m = static_cast<Index>(distances.size());
  Eigen::MatrixXd matrix(m, m);
  Eigen::VectorXd target = Eigen::VectorXd::Zero(m);
  for (Index j = 0; j < m; ++j) {
    double power = 1;
    for (Index i = 0; i < m; ++i)
      matrix(i, j) = power *= distances[static_cast<std::size_t>(j)] / static_cast<double>(i + 1);
  }
  target[k - 1] = 1;
  return linalg::solve(matrix, target);
}

// One node of the grid: where its evaluation stands in the plan, and where its (corrected) state does.
struct GridNode {
  double t, lambda;
  int evaluated, state;
};

class UsfBuilder {
 public:
  UsfBuilder(const Process& process, const SolverSchedule& schedule)
      : process_(process), schedule_(schedule), plan_(schedule.times.front()) {
    nodes_.push_back({schedule.times.front(), process.lambda(schedule.times.front()), 0, 0});
  }

  Plan build() {
    for (std::size_t i = 0; i < schedule_.steps.size(); ++i) take_step(i);
    return plan_.finish();
  }

 private:
  void take_step(std::size_t i) {
    const SolverStep& step = schedule_.steps[i];
    const double t = schedule_.times[i + 1];
    const bool last = i + 1 == schedule_.steps.size();
    const Corrector corrector = step.corrector;
    GridNode next{t, process_.lambda(t), 0, 0};
    PlanNode predicted = update(step, next, static_cast<int>(i) + 1, nullptr);
    predicted.ends_step = corrector == Corrector::none;
    predicted.evaluated = !last || corrector != Corrector::none;
    next.evaluated = next.state = plan_.add(std::move(predicted));
    if (corrector != Corrector::none) {
      PlanNode corrected = update(step, next, static_cast<int>(i) + 1, &next);
      corrected.evaluated = corrector == Corrector::implicit && !last;
      next.state = plan_.add(std::move(corrected));
      if (corrector == Corrector::implicit && !last) next.evaluated = next.state;
    }
    nodes_.push_back(next);
  }

  const GridNode& at(int point) const { return nodes_[nodes_.size() - static_cast<std::size_t>(-point)]; }

  // The step to `to`; with `extra`, its corrector, which has one order more and takes every derivative
  // from the points of the highest one and the new point.
  PlanNode update(const SolverStep& step, const GridNode& to, int number, const GridNode* extra) const {
    const GridNode& from = at(step.start);
    const double h = to.lambda - from.lambda;
    const int order = step.order + (extra != nullptr ? 1 : 0);
    PlanNode node{.t = to.t, .step = number, .order = order};
    node.states.push_back({from.state, step.data ? process_.s(to.t) / process_.s(from.t)
                                                 : state_factor(process_, from.t, to.t)});
    const std::vector<double> phi = phi_functions(step.data ? -h : h, order);
    const double outer = step.data ? process_.a(to.t) : -process_.s(to.t);
    double power = h;
    for (int k = 0; k < order; ++k, power *= h) {
      const double factor = outer * power * phi[static_cast<std::size_t>(k)];
      if (k == 0)
        add_value(node, step.data, from, factor);
      else
        add_derivative(node, step, from, extra, k,
                       factor * (k == 1 && (extra == nullptr || order == 2) ? scaling_factor(step, h) : 1));
    }
    return node;
  }

  void add_derivative(PlanNode& node, const SolverStep& step, const GridNode& from, const GridNode* extra,
                      int k, double factor) const {
    std::vector<const GridNode*> points;
    const auto lists = step.derivative_points.size(),
               list = extra != nullptr ? lists : static_cast<std::size_t>(k);
    if (list > 0)
      for (const int point : step.derivative_points[list - 1]) points.push_back(&at(point));
    if (extra != nullptr) points.push_back(extra);
    std::vector<double> distances;
    for (const GridNode* point : points) distances.push_back(point->lambda - from.lambda);
    const Eigen::VectorXd weights = derivative_weights(distances, k);
    for (std::size_t j = 0; j < points.size(); ++j)
      add_value(node, step.data, *points[j], factor * weights[static_cast<Index>(j)]);
    add_value(node, step.data, from, -factor * weights.sum());
  }

  // factor F at a node: its noise, or (x - s eps) / a.
  void add_value(PlanNode& node, bool data, const GridNode& at, double factor) const {
    if (data) {
      add_term(node.states, at.evaluated, factor / process_.a(at.t));
      add_term(node.noises, at.evaluated, -factor * process_.s(at.t) / process_.a(at.t));
    } else {
      add_term(node.noises, at.evaluated, factor);
    }
  }

  static void add_term(std::vector<PlanTerm>& terms, int node, double factor) {
    const auto found = std::ranges::find(terms, node, &PlanTerm::node);
    if (found == terms.end())
      terms.push_back({node, factor});
    else
      found->factor += factor;
  }

  const Process& process_;
  const SolverSchedule& schedule_;
  PlanBuilder plan_;
  std::vector<GridNode> nodes_;
};

}  // namespace

std::vector<double> phi_functions(double z, int count) {
  std::vector<double> phi(static_cast<std::size_t>(count));
  if (std::abs(z) < 1) {
    // phi_k(z) = sum_j z^j / (j + k)!
    double inverse_factorial = 1;
    for (int k = 1; k <= count; ++k) {
      inverse_factorial /= k;
      double term = inverse_factorial, sum = 0;
      for (int j = 1; j <= 30; ++j) sum += term, term *= z / (j + k);
      phi[static_cast<std::size_t>(k - 1)] = sum;
    }
    return phi;
  }
  double inverse_factorial = 1;
  phi[0] = std::expm1(z) / z;
  for (int k = 1; k < count; ++k) {
    inverse_factorial /= k;
    phi[static_cast<std::size_t>(k)] = (phi[static_cast<std::size_t>(k - 1)] - inverse_factorial) / z;
  }
  return phi;
}

std::int64_t SolverSchedule::evaluations() const {
  std::int64_t count = static_cast<std::int64_t>(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool last = i + 1 == steps.size();
    if (steps[i].corrector != Corrector::none && last) ++count;
    if (steps[i].corrector == Corrector::implicit && !last) ++count;
  }
  return count;
}

void check_schedule(const SolverSchedule& schedule, const Process& process) {
  if (schedule.steps.empty() || schedule.times.size() != schedule.steps.size() + 1)
    throw InvalidInput("schedule: {} times for {} steps", schedule.times.size(), schedule.steps.size());
  for (std::size_t i = 0; i < schedule.times.size(); ++i) {
    if (!(schedule.times[i] <= process.end() * (1 + 1e-12) &&
          (schedule.times[i] > 0 || (process.discrete() && schedule.times[i] == 0))))
      throw InvalidInput("schedule: time {} is {:g}, outside of (0, {:g}] of {}", i, schedule.times[i],
                         process.end(), process.text());
    if (i > 0 && !(schedule.times[i] < schedule.times[i - 1]))
      throw InvalidInput("schedule: times must fall, but time {} is {:g} after {:g}", i, schedule.times[i],
                         schedule.times[i - 1]);
  }
  for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
    const SolverStep& step = schedule.steps[i];
    const int available = static_cast<int>(i) + 1;
    if (step.start > -1 || -step.start > available)
      throw InvalidInput("schedule: step {} starts at point {}, {} nodes are there", i + 1, step.start,
                         available);
    if (step.order < 1 || step.order > 4 || step.order > available)
      throw InvalidInput("schedule: step {} has order {}, {} nodes are there and 4 is the highest", i + 1,
                         step.order, available);
    if (static_cast<int>(step.derivative_points.size()) != step.order - 1)
      throw InvalidInput("schedule: step {} of order {} has points for {} derivatives", i + 1, step.order,
                         step.derivative_points.size());
    for (std::size_t k = 0; k < step.derivative_points.size(); ++k) {
      std::vector<int> points = step.derivative_points[k];
      if (points.size() < k + 1)
        throw InvalidInput("schedule: step {}: derivative {} needs {} points, {} are given", i + 1, k + 1,
                           k + 1, points.size());
      std::ranges::sort(points);
      if (std::ranges::adjacent_find(points) != points.end())
        throw InvalidInput("schedule: step {}: a point comes twice", i + 1);
      for (const int point : points) {
        if (point == step.start) throw InvalidInput("schedule: step {}: point {} is the start", i + 1, point);
        if (point > -1 || -point > available)
          throw InvalidInput("schedule: step {}: point {} is not there yet", i + 1, point);
      }
    }
  }
}

Plan usf_plan(const Process& process, const SolverSchedule& schedule) {
  check_schedule(schedule, process);
  return UsfBuilder(process, schedule).build();
}

}  // namespace lehr::diffusion
