#include "lehr/diffusion/particles/denoising_mcmc_integrator.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/dormand_prince.hpp"
#include "lehr/diffusion/langevin_pc.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::diffusion {

using Eigen::Index;
using Eigen::MatrixXd;

namespace {

bool takes_odd_calls(const std::string& integrator) {
  return integrator == "kar1" || integrator == "kar2" || integrator == "langevin_pc";
}

// The last node becomes a state that Tweedie's step leaves.
Plan with_tweedie(Plan plan, const Process& process) {
  const int last = static_cast<int>(plan.nodes.size()) - 1;
  plan.nodes.back().evaluated = true;
  const double t = plan.nodes.back().t;
  const int step = plan.nodes.back().step + 1;
  plan.nodes.push_back({.t = t,
                        .states = {{last, 1}},
                        .noises = {{last, -process.s(t)}},
                        .evaluated = false,
                        .step = step,
                        .order = 1});
  return plan;
}

}  // namespace

const std::vector<std::string>& denoising_integrators() {
  static const std::vector<std::string> names = {
      "kar1", "kar2", "reverse_diffusion", "euler_maruyama", "ancestral", "langevin_pc", "ode45"};
  return names;
}

std::int64_t calls_at_least(const std::string& integrator, std::int64_t calls) {
  return takes_odd_calls(integrator) && calls % 2 == 0 ? calls + 1 : calls;
}

Denoiser::Denoiser(ScoreModel model, Process process, DenoiseOptions options)
    : model_(std::move(model)), process_(std::move(process)), options_(std::move(options)) {
  const auto& names = denoising_integrators();
  if (std::ranges::find(names, options_.integrator) == names.end())
    throw InvalidInput("integrator: unknown {}{}", quote(options_.integrator),
                       hint(options_.integrator, names));
  if (!process_.variance_exploding())
    throw InvalidInput("denoise: needs a variance-exploding model; {} is none: use x / a with sigma = s / a",
                       process_.text());
  if (options_.calls < 1) throw InvalidInput("denoise: {} calls, expected at least 1", options_.calls);
  if (calls_at_least(options_.integrator, options_.calls) != options_.calls)
    throw InvalidInput(
        "denoise: {} takes an odd number of calls (2 a step and the last), found {}; take {} or {}",
        options_.integrator, options_.calls, options_.calls - 1, options_.calls + 1);
  if (!(options_.sigma_end > 0)) throw InvalidInput("sigma_end: {:g} is not positive", options_.sigma_end);
}

std::vector<double> Denoiser::geometric_times(double sigma, std::int64_t steps) const {
  std::vector<double> times;
  for (std::int64_t i = 0; i <= steps; ++i)
    times.push_back(process_.t_of_rho(
        sigma * std::pow(options_.sigma_end / sigma, static_cast<double>(i) / static_cast<double>(steps))));
  return times;
}

Plan Denoiser::plan(double sigma) const {
  const bool karras = options_.integrator == "kar1" || options_.integrator == "kar2";
  const std::int64_t steps = karras ? (options_.calls - 1) / 2 : options_.calls - 1;
  const double start = process_.t_of_rho(sigma);
  if (steps < 1 || sigma < 1.000001 * options_.sigma_end) {
    Plan only;
    only.nodes.push_back({.t = start});
    only.nodes.push_back(
        {.t = start, .states = {{0, 1}}, .noises = {{0, -sigma}}, .evaluated = false, .step = 1, .order = 1});
    return only;
  }
  if (karras) {
    const Process part = process_.between(process_.t_of_rho(options_.sigma_end), start);
    const std::vector<double> times = TimeGrid::parse("rho(7)").times(part, steps);
    return karras_plan(process_, times, true, options_.integrator == "kar2" ? options_.churn : Churn{});
  }
  const std::vector<double> times = geometric_times(sigma, steps);
  if (options_.integrator == "reverse_diffusion")
    return with_tweedie(reverse_diffusion_plan(process_, times), process_);
  if (options_.integrator == "euler_maruyama")
    return with_tweedie(euler_maruyama_plan(process_, times), process_);
  return with_tweedie(ancestral_plan(process_, times, true), process_);
}

Denoised Denoiser::run(const Eigen::Ref<const MatrixXd>& points, const std::vector<double>& sigmas, Seed seed,
                       std::int64_t first_column) const {
  if (points.rows() != model_.dimension || points.cols() != static_cast<Index>(sigmas.size()))
    throw InvalidInput("denoise: {} x {} points with {} levels for a model of {} dimensions", points.rows(),
                       points.cols(), sigmas.size(), model_.dimension);
  struct Group {
    double sigma;
    std::int64_t offset;
    std::vector<Index> columns;
  };
  std::map<double, std::vector<Index>> by_level;
  for (std::size_t i = 0; i < sigmas.size(); ++i) by_level[sigmas[i]].push_back(static_cast<Index>(i));
  std::vector<Group> groups;
  std::int64_t offset = first_column;
  for (auto& [sigma, columns] : by_level) {
    const auto count = static_cast<std::int64_t>(columns.size());
    groups.push_back({sigma, offset, std::move(columns)});
    offset += count;
  }
  Denoised all{MatrixXd(points.rows(), points.cols()), 0};
  std::vector<std::int64_t> calls(groups.size());
  const auto run_group = [&](std::int64_t g) {
    const Group& group = groups[static_cast<std::size_t>(g)];
    const MatrixXd part = points(Eigen::all, group.columns);
    const Denoised done = run_level(part, group.sigma, seed, group.offset);
    all.points(Eigen::all, group.columns) = done.points;
    calls[static_cast<std::size_t>(g)] = done.calls;
  };
  if (model_.parallel) {
    parallel_for(static_cast<std::int64_t>(groups.size()), run_group);
  } else {
    for (std::size_t g = 0; g < groups.size(); ++g) run_group(static_cast<std::int64_t>(g));
  }
  for (const std::int64_t count : calls) all.calls += count;
  return all;
}

Denoised Denoiser::run_level(const MatrixXd& points, double sigma, Seed seed,
                             std::int64_t first_column) const {
  const bool quiet = sigma < 1.000001 * options_.sigma_end;
  if (options_.integrator == "langevin_pc" && !quiet) return langevin_pc(points, sigma, seed, first_column);
  if (options_.integrator == "ode45" && !quiet) return dormand_prince(points, sigma);
  const Plan way = plan(sigma);
  return {follow(way, model_, process_, points, {.seed = seed, .first_column = first_column}),
          way.evaluations() * model_.cost * static_cast<std::int64_t>(points.cols())};
}

Lanes Denoiser::noise(const Lanes& x, double sigma) const {
  Lanes out(x.rows(), x.cols());
  try {
    noise_at(model_, process_, process_.t_of_rho(sigma))(x, out);
  } catch (const ModelFailure& failure) {
    refuse_model(failure, fmt::format("denoise: step at sigma = {:g}", sigma), 0);
  }
  if (!std::isfinite(out.sum()))
    throw NumericalFailure("denoise: the model's noise at sigma = {:g} is not finite", sigma);
  return out;
}

Denoised Denoiser::langevin_pc(const MatrixXd& points, double sigma, Seed seed,
                               std::int64_t first_column) const {
  const std::int64_t steps = (options_.calls - 1) / 2;
  Lanes x = points.transpose().array();
  if (steps > 0) {
    std::vector<double> sigmas;
    for (const double t : geometric_times(sigma, steps)) sigmas.push_back(process_.s(t));
    diffusion::langevin_pc(
        [this](std::int64_t, double s, const Lanes& at, Lanes& out) { out = noise(at, s); }, sigmas,
        {.signal_to_noise = options_.signal_to_noise}, {seed, first_column}, x);
    sigma = options_.sigma_end;
  }
  x -= sigma * noise(x, sigma);
  return {x.transpose().matrix(), (2 * steps + 1) * model_.cost * static_cast<std::int64_t>(points.cols())};
}

Denoised Denoiser::dormand_prince(const MatrixXd& points, double sigma) const {
  Lanes x = points.transpose().array();
  const AdaptiveCourse course = integrate_adaptively(
      [this](const Lanes& at, double u, Lanes& out) { out = std::exp(u) * noise(at, std::exp(u)); }, x,
      std::log(sigma), std::log(options_.sigma_end),
      {.rtol = options_.tolerance, .atol = options_.tolerance});
  x -= options_.sigma_end * noise(x, options_.sigma_end);
  return {x.transpose().matrix(),
          (course.evaluations + 1) * model_.cost * static_cast<std::int64_t>(points.cols())};
}

}  // namespace lehr::diffusion
