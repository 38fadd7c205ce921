#include "lehr/diffusion/steered.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/sigma_coordinates.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;

// The noise of a batch, with its place in what goes wrong.
void noise_of(const ScoreModel& model, const char* name, std::int64_t step, double sigma, std::int64_t first,
              const Lanes& y, Lanes& out) {
  out.resize(y.rows(), y.cols());
  try {
    model.at(sigma)(y, out);
  } catch (const ModelFailure& failure) {
    refuse_model(failure, fmt::format("{}: step {} at sigma = {:g}", name, step, sigma), first);
  }
  if (std::isfinite(out.sum())) return;
  for (Index i = 0; i < out.rows(); ++i)
    if (!out.row(i).isFinite().all())
      throw NumericalFailure("{}: step {} at sigma = {:g}: the model's noise for column {} is not finite",
                             name, step, sigma, first + i);
}

}  // namespace

const std::vector<std::string>& steered_names() {
  static const std::vector<std::string> names = {"ode45", "langevin_pc"};
  return names;
}

void SteeredCounts::add(const SteeredCounts& other) {
  least = calls == 0 ? other.least : std::min(least, other.least);
  most = std::max(most, other.most);
  calls += other.calls, steps += other.steps, rejected += other.rejected;
}

SteeredSolver::SteeredSolver(std::string name, const ScoreModel& model, const Process& process,
                             std::vector<double> times, AdaptiveSteps steps, LangevinPcOptions corrector)
    : name_(std::move(name)),
      model_(model),
      process_(process),
      steps_(steps),
      corrector_(corrector),
      exploding_(in_sigma_coordinates(model, process)) {
  if (std::ranges::find(steered_names(), name_) == steered_names().end())
    throw InvalidInput("solver: unknown {}{}", quote(name_), hint(name_, steered_names()));
  if (!(steps_.rtol > 0 && steps_.atol > 0))
    throw InvalidInput("ode45: rtol {:g} and atol {:g} must be above 0", steps_.rtol, steps_.atol);
  if (!(corrector_.signal_to_noise > 0) || corrector_.corrector_moves < 0)
    throw InvalidInput("langevin_pc: signal_to_noise {:g} must be above 0 and corrector_moves {} at least 0",
                       corrector_.signal_to_noise, corrector_.corrector_moves);
  if (name_ == "langevin_pc" && times.size() < 2)
    throw InvalidInput("langevin_pc: {} times make no step", times.size());
  for (const double t : times) sigmas_.push_back(process_.rho(t));
}

SteeredCounts SteeredSolver::run(const Eigen::Ref<const Eigen::MatrixXd>& starts, Seed seed,
                                 std::int64_t first_column, Eigen::Ref<Eigen::MatrixXd> ends) const {
  if (starts.rows() != model_.dimension)
    throw InvalidInput("the model has {} dimensions, the starts {}", model_.dimension, starts.rows());
  const Index n = starts.cols(), width = model_.rows, blocks = (n + width - 1) / width;
  const double a_start = process_.a(process_.end()), a_end = process_.a(process_.t0());
  std::vector<SteeredCounts> parts(static_cast<std::size_t>(blocks));
  const auto block = [&](std::int64_t b) {
    const Index first = b * width, count = std::min(width, n - first);
    Lanes y = starts.middleCols(first, count).transpose().array() / a_start;
    parts[static_cast<std::size_t>(b)] = run_block(y, seed, first_column + first);
    ends.middleCols(first, count) = (a_end * y).transpose().matrix();
  };
  if (model_.parallel) {
    parallel_for(blocks, block);
  } else {
    for (Index b = 0; b < blocks; ++b) block(b);
  }
  SteeredCounts counts;
  for (const SteeredCounts& part : parts) counts.add(part);
  return counts;
}

SteeredCounts SteeredSolver::run_block(Lanes& y, Seed seed, std::int64_t first_column) const {
  SteeredCounts counts;
  std::int64_t calls = 0;
  if (name_ == "ode45") {
    const auto slope = [&](const Lanes& at, double u, Lanes& out) {
      const double sigma = std::exp(u);
      noise_of(exploding_, "ode45", calls++ / 6, sigma, first_column, at, out);
      out *= sigma;
    };
    const AdaptiveCourse course = integrate_adaptively(slope, y, std::log(process_.rho(process_.end())),
                                                       std::log(process_.rho(process_.t0())), steps_);
    calls = course.evaluations, counts.steps = course.steps, counts.rejected = course.rejected;
  } else {
    calls = langevin_pc(
        [&](std::int64_t step, double sigma, const Lanes& at, Lanes& out) {
          noise_of(exploding_, "langevin_pc", step, sigma, first_column, at, out);
        },
        sigmas_, corrector_, {seed, first_column}, y);
    counts.steps = static_cast<std::int64_t>(sigmas_.size()) - 1;
  }
  counts.least = counts.most = calls * model_.cost;
  counts.calls = counts.least * y.rows();
  return counts;
}

}  // namespace lehr::diffusion
