// What `lehr diffusion compose` reports.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "apps/lehr/diffusion/compose.hpp"
#include "apps/lehr/diffusion/point_figures.hpp"
#include "apps/lehr/figures.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/sample/resampling.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::size_t drawn_rows = 25;

struct Estimates {
  VectorXd mean, masses;
  MatrixXd covariance;
  double right = 0;  // P(x0 > 0)
};

Estimates estimates_of(const Composed& run, const MatrixXd& centres) {
  Estimates e;
  e.mean = run.points * run.probabilities;
  const MatrixXd centred = run.points.colwise() - e.mean;
  e.covariance = centred * run.probabilities.asDiagonal() * centred.transpose();
  e.masses = VectorXd::Zero(centres.cols());
  for (Index i = 0; i < run.points.cols(); ++i) {
    if (run.points(0, i) > 0) e.right += run.probabilities[i];
    if (centres.cols() == 0) continue;
    Index nearest = 0;
    (centres.colwise() - run.points.col(i)).colwise().squaredNorm().minCoeff(&nearest);
    e.masses[nearest] += run.probabilities[i];
  }
  return e;
}

// The exact answers for these exponents: the file's one, or the one of the list with the same beta or guidance.
Json matching(const ComposeProblem& problem) {
  if (problem.exact.is_object()) return problem.exact;
  if (!problem.exact.is_array()) return {};
  const double last = problem.experts.back().exponent(1);
  for (const Json& entry : problem.exact) {
    if (!entry.is_object()) continue;
    for (const char* key : {"beta", "exponent", "guidance", "gamma"})
      if (entry.contains(key) && entry[key].is_number() && std::abs(entry[key].get<double>() - last) < 1e-9)
        return entry;
  }
  return {};
}

std::optional<VectorXd> numbers(const Json& json, const char* key, Index size) {
  if (!json.is_object() || !json.contains(key)) return std::nullopt;
  const Json& list = json[key];
  if (!list.is_array() || static_cast<Index>(list.size()) != size ||
      !std::all_of(list.begin(), list.end(), [](const Json& v) { return v.is_number(); }))
    throw InvalidInput("exact: {} is no list of {} numbers", key, size);
  VectorXd result(size);
  for (Index i = 0; i < size; ++i) result[i] = list[static_cast<std::size_t>(i)].get<double>();
  return result;
}

std::optional<double> number(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key)) return std::nullopt;
  if (!json[key].is_number()) throw InvalidInput("exact: {} is no number", key);
  return json[key].get<double>();
}

// Errors of the run and of score mixing, name by name.
class Comparison {
 public:
  Comparison(Report& report, const Estimates& run, const Estimates* mixed)
      : report_(report), run_(run), mixed_(mixed) {
    table_ = {"Against the exact answers",
              {"quantity", "exact", "estimate", "error", "error of score mixing"},
              {},
              {"", ".5g", ".5g", ".3g", ".3g"}};
  }
  void vector(const std::string& name, const std::string& text, const std::optional<VectorXd>& exact,
              VectorXd Estimates::*field, bool variation) {
    if (!exact) return;
    const auto error = [&](const Estimates& e) {
      return variation ? total_variation(e.*field, *exact) : (e.*field - *exact).norm();
    };
    add(name, text, Json(), Json(), error(run_),
        mixed_ != nullptr ? std::optional(error(*mixed_)) : std::nullopt);
  }
  void add(const std::string& name, const std::string& text, Json exact, Json estimate, double error,
           std::optional<double> mixed) {
    report_.metric(name, error);
    if (mixed) report_.metric("mixing_" + name, *mixed);
    table_.rows.push_back(
        {text, std::move(exact), std::move(estimate), error, mixed ? Json(*mixed) : Json("")});
  }
  void finish() {
    for (auto& row : table_.rows)
      for (Json& cell : row)
        if (cell.is_null()) cell = "";
    if (!table_.rows.empty()) report_.tables.push_back(table_);
  }

 private:
  Report& report_;
  const Estimates& run_;
  const Estimates* mixed_;
  Table table_;
};

// As many points, drawn systematically by weight.
MatrixXd equal_weights(const Composed& run) {
  const auto n = run.points.cols();
  const auto copies = sample::systematic_copies(
      std::span<const double>(run.probabilities.data(), static_cast<std::size_t>(n)), n, 0.5);
  const auto ancestors = sample::ancestors_in_order(copies);
  MatrixXd result(run.points.rows(), n);
  for (Index i = 0; i < n; ++i) result.col(i) = run.points.col(ancestors[static_cast<std::size_t>(i)]);
  return result;
}

void compare(Report& report, const ComposeProblem& problem, const Composed& run, const Composed* mixed,
             const Estimates& own, const Estimates* other, bool weighted) {
  const Json exact = matching(problem);
  Comparison comparison(report, own, other);
  if (const auto log_z = number(exact, "log_Z"); log_z && weighted)
    comparison.add("log_z_error", "log Z", *log_z, run.log_z.value, std::abs(run.log_z.value - *log_z),
                   std::nullopt);
  const Index d = run.points.rows();
  comparison.vector("tv", "mode masses, total variation",
                    numbers(exact, "mode_masses", problem.centres.cols()), &Estimates::masses, true);
  comparison.vector("mean_error", "mean", numbers(exact, "mean", d), &Estimates::mean, false);
  for (const char* key : {"cov", "covariance"}) {
    if (!exact.is_object() || !exact.contains(key)) continue;
    if (!exact[key].is_array() || static_cast<Index>(exact[key].size()) != d)
      throw InvalidInput("exact: {} is no {} x {} matrix", key, d, d);
    MatrixXd covariance(d, d);
    for (Index i = 0; i < d; ++i)
      covariance.col(i) = *numbers(Json{{"row", exact[key][static_cast<std::size_t>(i)]}}, "row", d);
    const auto error = [&](const Estimates& e) { return (e.covariance - covariance).norm(); };
    comparison.add("covariance_error", "covariance", Json(), Json(), error(own),
                   other != nullptr ? std::optional(error(*other)) : std::nullopt);
  }
  if (const auto right = number(exact, "prob_x0_positive"))
    comparison.add("right_error", "P(x0 > 0)", *right, own.right, std::abs(own.right - *right),
                   other != nullptr ? std::optional(std::abs(other->right - *right)) : std::nullopt);
  if (exact.is_object() && exact.contains("product")) {
    const MatrixXd truth = draw_mixture(mixture_from_json(exact["product"], "exact: product"),
                                        run.points.cols(), Seed{1}, lane("compose.truth"));
    const double distance = sliced_wasserstein(equal_weights(run), truth);
    comparison.add("sliced_w2", "sliced W2 to draws of the exact law", 0.0, distance, distance,
                   mixed != nullptr ? std::optional(sliced_wasserstein(mixed->points, truth)) : std::nullopt);
  }
  comparison.finish();
}

Figure steps_figure(const ComposeProblem& problem, const Composed& run) {
  Figure figure{"ess",
                "Effective particles, ancestors and exponents",
                "Shares of the particles that are effective before resampling and of those at the start that "
                "have descendants, and the "
                "exponents over their largest.",
                {},
                {},
                {}};
  figure.x = {.label = "noise level", .log = true}, figure.y = {.label = "share", .low = 0};
  Series ess = empty_series("effective", Series::Style::line, 0),
         families = empty_series("ancestors", Series::Style::steps, 1);
  double largest = 1e-12;
  for (const CorrectorStep& s : run.trace)
    for (const double beta : s.exponents) largest = std::max(largest, std::abs(beta));
  for (const CorrectorStep& s : run.trace) {
    ess.x.push_back(s.sigma), ess.y.push_back(s.ess);
    families.x.push_back(s.sigma), families.y.push_back(s.ancestors / static_cast<double>(run.points.cols()));
  }
  figure.series = {ess, families};
  for (std::size_t e = 0; e < problem.experts.size(); ++e) {
    Series beta = empty_series(fmt::format("exponent {} / {:.3g}", e + 1, largest), Series::Style::dashed,
                               static_cast<int>(2 + e));
    for (const CorrectorStep& s : run.trace)
      beta.x.push_back(s.sigma), beta.y.push_back(s.exponents[e] / largest);
    figure.series.push_back(std::move(beta));
  }
  return figure;
}

Figure cloud_figure(const Composed& run, const Composed* mixed) {
  Figure figure{"cloud",
                mixed != nullptr ? "Weighted particles against added scores" : "Particles",
                "Particles are drawn as often as their weights say.",
                {.label = "x0"},
                {.label = run.points.rows() > 1 ? "x1" : "particle"},
                {}};
  if (mixed != nullptr) figure.series.push_back(cloud("added scores", mixed->points, 1));
  figure.series.push_back(cloud(mixed != nullptr ? "weighted" : "particles", equal_weights(run), 0));
  return figure;
}

Figure families_figure(const Composed& run) {
  std::vector<double> shares(run.ancestors.size(), 0.0);
  for (std::size_t i = 0; i < run.ancestors.size(); ++i)
    shares[static_cast<std::size_t>(run.ancestors[i])] += run.probabilities[static_cast<Index>(i)];
  std::sort(shares.rbegin(), shares.rend());
  Figure figure{"ancestors",
                "Weight of the families",
                "The share of the result that stems from the k heaviest of the particles at the start.",
                {.label = "families"},
                {.label = "share", .low = 0, .high = 1},
                {}};
  Series line = empty_series("share", Series::Style::line, 0);
  double sum = 0;
  const std::size_t stride = std::max<std::size_t>(1, shares.size() / 500);
  for (std::size_t k = 0; k < shares.size(); ++k) {
    sum += shares[k];
    if (k % stride == 0) line.x.push_back(static_cast<double>(k + 1)), line.y.push_back(std::min(1.0, sum));
  }
  figure.series.push_back(std::move(line));
  return figure;
}

// Every value of the trace, thinned to `rows`.
Table trace_table(const Composed& run, std::size_t rows) {
  Table table{"Course",
              {"step", "sigma", "ess", "log_z", "ancestors", "increment_mean", "increment_deviation",
               "max_weight", "zeta", "resampled", "clamped", "acceptance", "dispersion"},
              {},
              {}};
  for (std::size_t e = 0; !run.trace.empty() && e < run.trace.front().exponents.size(); ++e)
    table.columns.push_back(fmt::format("exponent{}", e + 1));
  table.formats.assign(table.columns.size(), ".4g");
  for (std::size_t k = 0; k < run.trace.size(); ++k) {
    const bool shown =
        run.trace.size() <= rows || k * rows / run.trace.size() != (k + 1) * rows / run.trace.size();
    if (!shown) continue;
    const CorrectorStep& s = run.trace[k];
    std::vector<Json> row = {
        s.step,       s.sigma, s.ess,       s.log_z,   s.ancestors,  s.increment_mean, s.increment_deviation,
        s.max_weight, s.zeta,  s.resampled, s.clamped, s.acceptance, s.dispersion};
    for (const double beta : s.exponents) row.push_back(beta);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string trace_csv(const Composed& run) {
  const Table table = trace_table(run, run.trace.size());
  std::string text = fmt::format("{}\n", fmt::join(table.columns, ","));
  for (const auto& row : table.rows) {
    for (std::size_t j = 0; j < row.size(); ++j)
      text += (j > 0 ? "," : "") + fmt::format("{}", row[j].get<double>());
    text += "\n";
  }
  return text;
}

}  // namespace

Report compose_report(const ComposeOptions& options, const ComposeProblem& problem, const Composed& run,
                      const Composed* mixed) {
  Report report;
  std::vector<std::string> files;
  for (const std::string& name : problem.names)
    files.push_back(name.starts_with("worker:") ? name : std::filesystem::path(name).filename().string());
  report.title = fmt::format("{} particles of {}", run.points.cols(), fmt::join(files, ", "));
  const bool weighted = options.corrector.method == "fkc";
  const MatrixXd& centres = problem.centres;
  const Estimates own = estimates_of(run, centres),
                  other = mixed != nullptr ? estimates_of(*mixed, centres) : Estimates{};
  if (weighted && !options.corrector.guards.centre) {
    report.metric("log_z", run.log_z.value);
    if (std::isfinite(run.log_z.standard_error)) report.metric("log_z_se", run.log_z.standard_error);
  }
  for (Index j = 0; j < std::min<Index>(own.mean.size(), 8); ++j)
    report.metric(fmt::format("mean_x{}", j), own.mean[j]);
  report.metric("variance", own.covariance.trace() / static_cast<double>(own.mean.size()));
  report.metric("right", own.right);
  if (mixed != nullptr) report.metric("mixing_right", other.right);
  if (!run.trace.empty()) {
    double smallest = 1;
    for (const CorrectorStep& s : run.trace) smallest = std::min(smallest, s.ess);
    report.metric("ess", run.trace.back().ess);
    report.metric("least_ess", smallest);
    report.metric("ancestors", run.trace.back().ancestors);
    report.metric("dispersion", run.trace.back().dispersion);
  }
  report.metric("warnings", static_cast<double>(run.warnings.size()));
  compare(report, problem, run, mixed, own, mixed != nullptr ? &other : nullptr, weighted);
  if (problem.centres.cols() > 1) {
    Table masses{"Masses nearest to the first model's means", {"mode", "share"}, {}, {"", ".4f"}};
    for (Index k = 0; k < own.masses.size(); ++k)
      masses.rows.push_back({fmt::format("{}", k + 1), own.masses[k]});
    report.tables.push_back(std::move(masses));
  }
  report.tables.push_back(trace_table(run, drawn_rows));
  if (!run.trace.empty()) report.figures.push_back(steps_figure(problem, run));
  report.figures.push_back(cloud_figure(run, mixed));
  report.figures.push_back(families_figure(run));
  report.artifacts.push_back({.name = "trace", .extension = "csv", .content = trace_csv(run), .path = {}});
  report.notes = problem.notes;
  report.notes.insert(report.notes.end(), run.warnings.begin(), run.warnings.end());
  if (weighted && run.island_log_z.size() > 1)
    report.notes.push_back(fmt::format(
        "log Z = {:.4f} with a standard error of {:.2g} from {} islands: intervals take Student's t with {} "
        "degrees of freedom.",
        run.log_z.value, run.log_z.standard_error, run.island_log_z.size(), run.island_log_z.size() - 1));
  if (!options.save.empty()) report.notes.push_back(fmt::format("The points are in {}.", options.save));
  return report;
}

}  // namespace lehr::command
