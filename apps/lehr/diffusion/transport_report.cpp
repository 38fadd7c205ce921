// What `lehr diffusion transport` shows: distances to the target with their noise floors, likelihoods, the trace.
#include <cmath>

#include "apps/lehr/diffusion/transport.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/interpolant/transport_checks.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/stats/goodness_of_fit.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index json_points = 10000, artifact_points = 200000, sliced_points = 20000;
constexpr std::int64_t trace_rows = 20, bound_draws = 200000;
constexpr int histogram_bins = 200;
constexpr std::uint64_t floor_pairs = 4;  // of true samples, whose distances are averaged (root mean square)

const LawSource& target_of(const TransportOutcome& outcome) {
  return outcome.direction == Direction::forward ? outcome.to : outcome.from;
}

// True points of the target: the file's, or draws. `lane` keeps two sets of draws apart.
MatrixXd true_points(const LawSource& law, Index count, Seed seed, std::uint64_t lane) {
  return law.is_formula() ? draw_mixture(law.mixture, count, seed, lane) : law.points;  // may be empty
}

// Energy distance of two sets of `size` true points, the root mean square over as many disjoint pairs of sets as there are, up to 4.
double energy_floor(const MatrixXd& target, Index size) {
  const Index pairs = std::clamp<Index>(target.cols() / (2 * size), 1, static_cast<Index>(floor_pairs));
  const Index half = target.cols() / 2;
  double squared = 0;
  for (Index i = 0; i < pairs; ++i) {
    const double distance = energy_distance(target.middleCols(i * size, size),
                                            target.middleCols(target.cols() - half + i * size, size));
    squared += distance * distance / static_cast<double>(pairs);
  }
  return std::sqrt(squared);
}

void add_distances(const TransportOptions& options, const TransportOutcome& outcome, const MatrixXd& target,
                   Seed seed, Report& report) {
  const LawSource& law = target_of(outcome);
  const MatrixXd& points = outcome.end.points;
  if (points.cols() < 4 || target.cols() < 4) return;
  const auto cut = [](const MatrixXd& x, Index most) {
    return MatrixXd(x.leftCols(std::min(most, x.cols())));
  };
  const MatrixXd few = cut(points, options.compare), few_true = cut(target, options.compare);
  const MatrixXd many = cut(points, sliced_points), many_true = cut(target, sliced_points);
  const std::int64_t projections = points.rows() == 1 ? 1 : 128;  // on the line all directions say the same
  report.metric("energy_distance", energy_distance(few, few_true));
  report.metric("sw2", sliced_wasserstein(many, many_true, projections));
  if (law.is_formula()) {
    double squared = 0;
    for (std::uint64_t i = 0; i < floor_pairs; ++i) {
      const std::uint64_t own = lane("diffusion.transport.floor") + 2 * i;
      const double distance = energy_distance(draw_mixture(law.mixture, few.cols(), seed, own),
                                              draw_mixture(law.mixture, few_true.cols(), seed, own + 1));
      squared += distance * distance / floor_pairs;
    }
    report.metric("energy_floor", std::sqrt(squared));
    report.metric("sw2_floor", sliced_wasserstein(draw_mixture(law.mixture, many.cols(), seed,
                                                               lane("diffusion.transport.floor")),
                                                  many_true, projections));
  } else {
    const Index half = target.cols() / 2;
    report.metric("energy_floor", energy_floor(target, std::min<Index>(options.compare, half)));
    report.metric("sw2_floor",
                  sliced_wasserstein(target.leftCols(half), target.rightCols(half), projections));
  }
  if (points.rows() == 1 && law.is_formula() && options.points.empty()) {
    const std::span<const double> sample(points.data(), static_cast<std::size_t>(points.size()));
    const auto test =
        stats::kolmogorov_smirnov(sample, [&](double x) { return mixture_cdf(law.mixture, x); });
    report.metric("ks", test.statistic);
    report.metric("ks_p", test.p);
  }
}

void add_likelihoods(const TransportOutcome& outcome, Report& report) {
  if (outcome.log_likelihood.size() == 0) return;
  const Estimate mean = mean_with_error(outcome.log_likelihood);
  report.metric("log_likelihood", mean.value);
  report.metric("log_likelihood_error", mean.error);
  if (outcome.log_likelihood_error.size() > 0)
    report.metric("path_error", outcome.log_likelihood_error.mean());
  if (!outcome.to.has_mixture() || (outcome.learned && !outcome.to.is_formula())) return;
  const VectorXd exact = stats::MixtureDensity(outcome.to.mixture)
                             .log_density({.points = outcome.at_one(), .weights = {}, .scatter = {}});
  report.metric("log_likelihood_max_difference", (outcome.log_likelihood - exact).cwiseAbs().maxCoeff());
  if (!outcome.start_is_drawn || (outcome.stochastic && outcome.direction == Direction::forward)) return;
  // Draws of rho1 give KL(rho1 || rho1^), those of the model KL(rho1^ || rho1).
  const bool backward = outcome.direction == Direction::backward;
  const Estimate kl = mean_with_error(backward ? VectorXd(exact - outcome.log_likelihood)
                                               : VectorXd(outcome.log_likelihood - exact));
  report.metric(backward ? "kl" : "reverse_kl", kl.value);
  report.metric(backward ? "kl_error" : "reverse_kl_error", kl.error);
}

// What the theorem says of the added error, and what a histogram of the arrived points shows.
void add_bound(const TransportOptions& options, const TransportOutcome& outcome, Seed seed, Report& report) {
  const MatrixXd& points = outcome.end.points;
  if (outcome.direction == Direction::forward && points.rows() == 1 && outcome.to.is_formula() &&
      outcome.start_is_drawn) {
    const double low = mixture_quantile(outcome.to.mixture, 1e-5),
                 high = mixture_quantile(outcome.to.mixture, 1 - 1e-5);
    report.metric("histogram_kl",
                  histogram_kl(outcome.to.mixture, {points.data(), static_cast<std::size_t>(points.size())},
                               low, high, histogram_bins));
    report.metric("histogram_kl_bias", (histogram_bins + 1) / (2.0 * static_cast<double>(points.cols())));
  }
  if (options.perturb_amplitude == 0 || !outcome.stochastic) return;
  const Estimate bound = perturbation_bound(*outcome.transport, options.perturb_amplitude,
                                            options.perturb_frequency, options.epsilon, bound_draws, seed);
  report.metric("kl_bound", bound.value);
}

Table trace_table(const TransportOutcome& outcome) {
  Table table{.title = "On the way",
              .columns = {"t", "epsilon", "mean |b|", "mean |s|"},
              .rows = {},
              .formats = {".4g", ".4g", ".5g", ".5g"}};
  const std::int64_t steps = outcome.end.step, rows = std::min(trace_rows, steps);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto place = outcome.end.trace.col(row * steps / rows);
    table.rows.push_back(
        {json_number(place[0]), json_number(place[1]), json_number(place[2]), json_number(place[3])});
  }
  return table;
}

Table result_table(const TransportOutcome& outcome, const Report& report) {
  Table table{.title = "Result", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".6g"}};
  table.rows.push_back({"points", outcome.end.points.cols()});
  table.rows.push_back({"integrator", outcome.integrator});
  const std::pair<const char*, const char*> shown[] = {
      {"energy_distance", "energy distance to the target"},
      {"energy_floor", "... of two true samples"},
      {"sw2", "sliced W2 to the target"},
      {"sw2_floor", "... of two true samples"},
      {"ks", "Kolmogorov-Smirnov statistic"},
      {"ks_p", "... its p value"},
      {"kinetic_energy", "kinetic energy, int E|drift|^2 dt"},
      {"evaluations", "evaluations of the fields per point"},
      {"log_likelihood", "mean log-likelihood"},
      {"kl", "KL(rho1 || model)"},
      {"reverse_kl", "KL(model || rho1)"},
      {"histogram_kl", "KL(rho1 || histogram)"},
      {"kl_bound", "bound on KL(rho1 || model)"}};
  for (const auto& [metric, words] : shown)
    if (const auto value = report.find_metric(metric)) table.rows.push_back({words, json_number(*value)});
  return table;
}

std::vector<CsvColumn> columns_of(const TransportOutcome& outcome, bool with_start) {
  std::vector<CsvColumn> columns;
  const auto add = [&](const std::string& name, const auto& values) {
    columns.push_back({name, std::vector<double>(values.begin(), values.end())});
  };
  const auto name_of = [&](Index j) {
    return static_cast<std::size_t>(j) < outcome.names.size() ? outcome.names[static_cast<std::size_t>(j)]
                                                              : fmt::format("x{}", j);
  };
  for (Index j = 0; with_start && j < outcome.start.rows(); ++j)
    add("start_" + name_of(j), outcome.start.row(j));
  for (Index j = 0; j < outcome.end.points.rows(); ++j) add(name_of(j), outcome.end.points.row(j));
  if (outcome.log_likelihood.size() > 0) add("log_likelihood", outcome.log_likelihood);
  return columns;
}

Json json_of(const Report& report, const TransportOutcome& outcome) {
  Json json;
  for (const auto& [name, value] : report.metrics) json["metrics"][name] = json_number(value);
  const auto list = [](const MatrixXd& points) {
    Json rows = Json::array();
    for (Index i = 0; i < points.cols(); ++i) {
      Json row = Json::array();
      for (const double value : points.col(i)) row.push_back(json_number(value));
      rows.push_back(std::move(row));
    }
    return rows;
  };
  if (outcome.start.cols() <= json_points) {
    json["start"] = list(outcome.start);
    json["end"] = list(outcome.end.points);
    if (outcome.log_likelihood.size() > 0)
      json["log_likelihood"] =
          std::vector<double>(outcome.log_likelihood.begin(), outcome.log_likelihood.end());
  }
  json["notes"] = report.notes;
  return json;
}

}  // namespace

Report transport_report(const TransportOptions& options, const TransportOutcome& outcome,
                        TaskContext& context) {
  Report report;
  report.title =
      fmt::format("Transport {}, {}", options.direction, outcome.stochastic ? "with noise" : "by the flow");
  report.notes = outcome.notes;
  const MatrixXd target = true_points(target_of(outcome), outcome.end.points.cols(), context.seed,
                                      lane("diffusion.transport.target"));
  if (outcome.interrupted) {
    report.notes.push_back(
        fmt::format("Interrupted at t = {:.4g}; the same command with --resume goes on.", outcome.end.time));
  } else {
    add_distances(options, outcome, target, context.seed, report);
    add_likelihoods(outcome, report);
    add_bound(options, outcome, context.seed, report);
  }
  report.metric("kinetic_energy", outcome.end.kinetic);
  report.metric("evaluations", static_cast<double>(outcome.end.evaluations));
  report.tables = {result_table(outcome, report), trace_table(outcome)};
  report.figures = transport_figures(outcome, target);
  if (!options.points.empty())
    report.notes.push_back(
        "The points come from a file, so the distances compare where they arrive with the whole target.");
  const bool small = outcome.end.points.cols() <= artifact_points;
  if (small) report.artifacts.push_back({"transported", "csv", csv_text(columns_of(outcome, true)), ""});
  if (!options.save.empty()) {
    const std::filesystem::path path = context.resolve(options.save);
    if (path.extension() == ".csv")
      write_csv(path, columns_of(outcome, false));
    else
      write_point_set(path, outcome.end.points);
    report.notes.push_back(fmt::format("The points that arrived are in {}.", options.save));
  }
  report.json = json_of(report, outcome);
  return report;
}

}  // namespace lehr::command
