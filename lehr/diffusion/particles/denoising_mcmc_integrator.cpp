#include "lehr/diffusion/particles/denoising_mcmc_integrator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::diffusion {

using Eigen::ArrayXd;
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

// d x n standard normal numbers, row by row: those of point `first + i` under `lane`.
void add_normals(Lanes& to, const ArrayXd& factors, Seed seed, std::uint64_t lane, std::int64_t first) {
  for (Index i = 0; i < to.rows(); ++i) {
    Stream stream(seed, lane, static_cast<std::uint64_t>(first + i));
    QuickStream random(stream);
    for (Index j = 0; j < to.cols(); ++j) to(i, j) += factors[i] * normal(random);
  }
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
  noise_at(model_, process_, process_.t_of_rho(sigma))(x, out);
  if (!std::isfinite(out.sum()))
    throw NumericalFailure("denoise: the model's noise at sigma = {:g} is not finite", sigma);
  return out;
}

Denoised Denoiser::langevin_pc(const MatrixXd& points, double sigma, Seed seed,
                               std::int64_t first_column) const {
  const std::int64_t steps = (options_.calls - 1) / 2;
  Lanes x = points.transpose().array();
  if (steps > 0) {
    const std::vector<double> times = geometric_times(sigma, steps);
    const ArrayXd ones = ArrayXd::Ones(x.rows());
    for (std::size_t i = 0; i + 1 < times.size(); ++i) {
      const double s = process_.s(times[i]), next = process_.s(times[i + 1]), drop = s * s - next * next;
      const Lanes score = -noise(x, s) / s;
      Lanes xi = Lanes::Zero(x.rows(), x.cols());
      add_normals(xi, ones, seed, lane("diffusion.corrector") + i, first_column);
      // Norms are means over the points, as in the reference; a step above s^2 would leave where the score is linear.
      const double ratio = options_.signal_to_noise * xi.square().rowwise().sum().sqrt().mean() /
                           score.square().rowwise().sum().sqrt().mean();
      const double size = std::min(2 * ratio * ratio, s * s);
      x += size * score + std::sqrt(2 * size) * xi;
      x -= noise(x, s) * (drop / s);
      add_normals(x, std::sqrt(drop) * ones, seed, lane("diffusion.predictor") + i, first_column);
    }
    sigma = options_.sigma_end;
  }
  x -= sigma * noise(x, sigma);
  return {x.transpose().matrix(), (2 * steps + 1) * model_.cost * static_cast<std::int64_t>(points.cols())};
}

// Dormand and Prince, "A family of embedded Runge-Kutta formulae", 1980; the last stage is the first of the next step.
Denoised Denoiser::dormand_prince(const MatrixXd& points, double sigma) const {
  constexpr std::array<double, 7> nodes = {0, 0.2, 0.3, 0.8, 8.0 / 9, 1, 1};
  constexpr double stages[6][6] = {{0.2},
                                   {3.0 / 40, 9.0 / 40},
                                   {44.0 / 45, -56.0 / 15, 32.0 / 9},
                                   {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
                                   {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
                                   {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
  constexpr std::array<double, 7> difference = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                                -17253.0 / 339200, 22.0 / 525, -1.0 / 40};
  const double end = std::log(options_.sigma_end);
  const auto slope = [&](const Lanes& x, double u) -> Lanes { return std::exp(u) * noise(x, std::exp(u)); };
  Lanes x = points.transpose().array();
  double u = std::log(sigma), h = std::max(end - u, -0.1);
  std::array<Lanes, 7> k;
  k[0] = slope(x, u);
  std::int64_t calls = 1;
  while (u > end) {
    const bool last = u + h <= end + 1e-12 * std::abs(end);
    if (last) h = end - u;
    Lanes to;
    for (std::size_t stage = 1; stage < 7; ++stage) {
      to = x;
      for (std::size_t j = 0; j < stage; ++j) to += h * stages[stage - 1][j] * k[j];
      k[stage] = slope(to, u + nodes[stage] * h);
      ++calls;
    }
    Lanes error = Lanes::Zero(x.rows(), x.cols());
    for (std::size_t j = 0; j < 7; ++j) error += h * difference[j] * k[j];
    const Lanes scale = options_.tolerance * (1 + x.abs().max(to.abs()));
    const double ratio = std::sqrt((error / scale).square().rowwise().mean().maxCoeff());
    if (ratio <= 1) {
      x = to, u = last ? end : u + h, k[0] = k[6];
    }
    h *= std::clamp(0.9 * std::pow(std::max(ratio, 1e-10), -0.2), 0.2, 10.0);
    if (calls > 100000) throw NumericalFailure("ode45: more than 100000 calls from sigma = {:g}", sigma);
  }
  x -= options_.sigma_end * noise(x, options_.sigma_end);
  return {x.transpose().matrix(), (calls + 1) * model_.cost * static_cast<std::int64_t>(points.cols())};
}

ScoreModel in_sigma_coordinates(const ScoreModel& model, const Process& process) {
  ScoreModel converted = model;
  converted.predicts = Prediction::noise;
  converted.without = {};
  converted.at = [model, process](double sigma) -> Evaluate {
    const double t = process.t_of_rho(sigma), a = process.a(t);
    return [evaluate = noise_at(model, process, t), a](const Lanes& x, Lanes& out) { evaluate(a * x, out); };
  };
  if (model.density_at && model.predicts == Prediction::noise)
    converted.density_at = [model, process](double sigma) -> EvaluateDensity {
      const double t = process.t_of_rho(sigma), log_a = process.log_a(t);
      return [evaluate = model.density_at(t), log_a](const Lanes& x, Lanes& out, ArrayXd& log_density) {
        evaluate(std::exp(log_a) * x, out, log_density);
        log_density += static_cast<double>(x.cols()) * log_a;
      };
    };
  else
    converted.density_at = {};
  return converted;
}

}  // namespace lehr::diffusion
