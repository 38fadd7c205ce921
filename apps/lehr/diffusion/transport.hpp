// The task diffusion.transport: one law into another by the fields of an interpolant, exact ones between mixtures or learned ones.
#pragma once

#include <optional>

#include "apps/lehr/diffusion/law_source.hpp"
#include "lehr/core/task.hpp"
#include "lehr/diffusion/interpolant/interpolant_sde.hpp"
#include "lehr/diffusion/interpolant/learned_field.hpp"
#include "lehr/diffusion/interpolant/mixture_transport.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::command {

struct TransportOptions {
  std::string laws, from, to, interpolant_file, model;
  diffusion::InterpolantOptions interpolant;
  Schedule epsilon = 0.0;
  std::string direction = "forward", integrator = "auto", points, save;
  std::int64_t steps = 200, count = 10000, paths = 200, components = 0, compare = 3000;
  double margin = 0, rtol = 1e-5, atol = 1e-5, perturb_amplitude = 0, perturb_frequency = 1;
  bool log_likelihood = false;

  void describe(OptionTable& table);
};

// What a run of the task made, for its report.
struct TransportOutcome {
  std::optional<diffusion::MixtureTransport> transport;  // none for a learned model
  std::optional<diffusion::LearnedInterpolant> learned;
  LawSource from, to;
  Eigen::MatrixXd start;        // d x n
  bool start_is_drawn = false;  // from the law itself
  diffusion::TransportState end;
  Eigen::VectorXd log_likelihood, log_likelihood_error;  // log rho1^ at the points of t = 1; error: SDE only
  std::string integrator;
  std::vector<std::string> names, notes;
  diffusion::Direction direction = diffusion::Direction::forward;
  bool stochastic = false, interrupted = false;

  const Eigen::MatrixXd& at_one() const {
    return direction == diffusion::Direction::forward ? end.points : start;
  }
};

Report transport_report(const TransportOptions& options, const TransportOutcome& outcome,
                        TaskContext& context);
std::vector<Figure> transport_figures(const TransportOutcome& outcome, const Eigen::MatrixXd& target);

Task diffusion_transport_task();

}  // namespace lehr::command
