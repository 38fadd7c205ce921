#include "apps/lehr/sample/design.hpp"

#include <cmath>

#include "apps/lehr/sample/design_source.hpp"
#include "apps/lehr/sample/fit_report.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/boosted_design.hpp"

namespace lehr::command {

using namespace sample;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::int64_t default_repeats = 100;
constexpr Index quick_functions = 60;  // spaces up to this size are drawn again for the statistics by default

struct SampleDesignOptions {
  SpaceOptions space;
  std::string design = "dpp_repeat", output;
  DesignOptions drawing;
  BoostedDesignOptions boosted;
  ModelRunOptions model;
  std::optional<std::int64_t> repeats;

  void describe(OptionTable& table) {
    space.describe(table);
    table
        .add("design", design,
             "how points are drawn; boosted: designs of `boosted.of` again and again until one is stable")
        .choices({"dpp_repeat", "dpp", "volume", "optimal_iid", "boosted"});
    drawing.describe(table);
    table.group("boosted", boosted);
    model.describe(table);
    table
        .add("repeats", repeats,
             "further designs, drawn to show what luck does to lambda_min; default 100 up to 60 functions, "
             "else 0")
        .range(0, 1e6);
    table.add("output", output,
              "file for the design (CSV): coordinates, weight, batch, and y where a model is given");
  }
};

struct DrawnDesign {
  Design design;
  std::vector<std::string> notes;
};

// A checkpoint of other options is never resumed.
std::string checkpoint_name(const SampleDesignOptions& options) {
  SampleDesignOptions copy = options;
  return fmt::format("design-{:016x}.safetensors", lane(describe(copy).values().dump()));
}

DrawnDesign draw_boosted(const SampleDesignOptions& options, const FunctionSpace& space,
                         TaskContext& context) {
  BoostedDesignOptions boosted = options.boosted;
  const std::string kind = boosted.base.kind;
  boosted.base = options.drawing;
  boosted.base.kind = kind;
  const BoostedDesign method(space, boosted);
  Observers observers = context.observers;
  if (!context.directory.empty()) {
    std::filesystem::create_directories(context.directory);
    observers.checkpoints.path = context.directory / checkpoint_name(options);
  }
  const auto run = drive(method, Budget::steps(method.steps()), context.seed, observers);
  if (run.state.points.cols() == 0) throw InvalidInput("sample.design: interrupted before the first design");
  DrawnDesign drawn{method.design(run.state), {}};
  if (run.why == Stop::interrupted)
    drawn.notes.push_back("Interrupted: this is the best design that had been drawn by then.");
  else if (!observers.checkpoints.path.empty())
    std::filesystem::remove(observers.checkpoints.path);
  drawn.notes.push_back(
      run.state.stable
          ? fmt::format("Stable after {} designs of {} points; {} points were removed.", run.state.tries,
                        run.state.points.cols() + run.state.removed, run.state.removed)
          : fmt::format("None of {} designs was stable; this is the best of them. Give more points (--n) or "
                        "more tries (--boosted.tries).",
                        run.state.tries));
  return drawn;
}

DrawnDesign draw(const SampleDesignOptions& options, const FunctionSpace& space, TaskContext& context) {
  if (options.design == "boosted") return draw_boosted(options, space, context);
  DesignOptions drawing = options.drawing;
  drawing.kind = options.design;
  return {draw_design(space, drawing, context.seed), {}};
}

// What is known of the kind of design before it is drawn.
std::string kind_note(const SampleDesignOptions& options, const Certificate& certificate) {
  const Index m = certificate.functions, n = certificate.runs;
  if (options.design == "volume")
    return fmt::format(
        "Volume sampling: coefficients are unbiased, and E[G^-1] = n / (n - m + 1) I = {:.4g} I.",
        static_cast<double>(n) / static_cast<double>(n - m + 1));
  if (options.design == "dpp")
    return fmt::format(
        "One DPP: the fit is unbiased and meets every run; its mean square error is m + 1 = {} times the "
        "best.",
        m + 1);
  if (options.design == "optimal_iid")
    return fmt::format(
        "Independent points: P(lambda_min < 1/2) is at most {:.3g}; a bound of 0.1 needs n = {}.",
        iid_failure_bound(m, n, 0.5), iid_runs(m, 0.5, 0.1));
  if (options.design == "dpp_repeat")
    return "Independent DPPs: fewest runs in practice; coefficients are nearly, not exactly, unbiased.";
  return "Boosted: the design was chosen for its lambda_min, so coefficients are not exactly unbiased.";
}

// lambda_min of further designs: metrics, and how this design stands among them.
void add_luck(const SampleDesignOptions& options, const FunctionSpace& space, const Certificate& certificate,
              TaskContext& context, Report& report) {
  const std::int64_t repeats = options.repeats.value_or(space.size <= quick_functions ? default_repeats : 0);
  if (repeats == 0 || options.design == "boosted") return;
  DesignOptions drawing = options.drawing;
  drawing.kind = options.design;
  const std::vector<double> lambdas = parallel_map(repeats, [&](std::int64_t i) {
    const Design design = draw_design(space, drawing, context.seed, static_cast<std::uint64_t>(i) + 1);
    return least_eigenvalue(empirical_gram(space.features(design.points), design.weights, space.size));
  });
  const auto below = static_cast<double>(std::ranges::count_if(lambdas, [](double l) { return l < 0.5; }));
  const double share = below / static_cast<double>(repeats);
  report.metric("unstable", share);
  report.metric("unstable_error", std::sqrt(share * (1 - share) / static_cast<double>(repeats)));
  Figure figure{
      .name = "lambda",
      .title = "Stability of such designs",
      .caption = fmt::format(
          "Share of {} further designs whose least eigenvalue of G is below x; the design drawn here has "
          "{:.3g}.",
          repeats, certificate.lambda_min),
      .x = {.label = "lambda_min", .low = 0},
      .y = {.label = "share of designs", .low = 0, .high = 1},
      .series = {distribution_series(options.design, lambdas)}};
  report.figures.push_back(std::move(figure));
  report.notes.push_back(
      fmt::format("{} of {} further designs of this kind have lambda_min below 1/2.", below, repeats));
}

void add_steps(const Design& design, Report& report) {
  if (design.steps.empty()) return;
  double proposals = 0, residual = 1;
  for (const DppStep& step : design.steps) {
    proposals += static_cast<double>(step.proposals);
    residual = std::min(residual, step.residual);
  }
  report.metric("proposals", proposals);
  report.metric("acceptance", static_cast<double>(design.steps.size()) / proposals);
  report.metric("residual_min", residual);
}

std::string design_csv(const FunctionSpace& space, const Design& design,
                       const std::optional<VectorXd>& values) {
  std::vector<CsvColumn> columns;
  const std::vector<std::string> names = coordinate_names(space);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const VectorXd row = design.points.row(static_cast<Index>(i)).transpose();
    columns.push_back({names[i], std::vector<double>(row.begin(), row.end())});
  }
  columns.push_back({"weight", std::vector<double>(design.weights.begin(), design.weights.end())});
  std::vector<double> batches;
  for (const std::int64_t batch : design.batches) batches.push_back(static_cast<double>(batch + 1));
  columns.push_back({"batch", std::move(batches)});
  if (values) columns.push_back({"y", std::vector<double>(values->begin(), values->end())});
  return csv_text(columns);
}

void add_stability_note(const Certificate& certificate, Report& report) {
  if (certificate.lambda_min > 0)
    report.notes.push_back(
        fmt::format("Whatever the model f: |f - fit|^2 <= |f - P f|^2 + {:.3g} |f - P f|_n^2, P f the best "
                    "fit there is in this space.",
                    1 / certificate.lambda_min));
  if (certificate.lambda_min < 0.5)
    report.notes.push_back(
        fmt::format("lambda_min is {:.2g}, below 1/2: noise and what the space lacks may be amplified. More "
                    "runs (--n), another "
                    "--seed or --design boosted help.",
                    certificate.lambda_min));
}

Report run_sample_design(const SampleDesignOptions& options, TaskContext& context) {
  const FunctionSpace space = load_space(options.space, context);
  std::optional<ModelRuns> model;
  if (options.model.given()) model = load_model(options.model, space.dimension, context);
  const DrawnDesign drawn = draw(options, space, context);
  const Design& design = drawn.design;
  const Certificate certificate = certify(space, design.points, design.weights);

  Report report;
  report.title =
      fmt::format("{} runs for {} functions by {}", certificate.runs, certificate.functions, options.design);
  add_certificate(space, certificate, report);
  add_steps(design, report);
  report.notes = drawn.notes;
  report.notes.push_back(kind_note(options, certificate));
  add_stability_note(certificate, report);
  add_point_figures(space, design, report);
  add_luck(options, space, certificate, context, report);

  std::optional<VectorXd> values;
  if (model) {
    values = model->evaluate(design.points);
    for (const std::string& note : model->notes()) report.notes.push_back(note);
    if (values->allFinite()) {
      const Fit fit =
          weighted_least_squares(space.features(design.points), design.weights, values->transpose()).front();
      add_fit({space, design.points, design.weights, *values, fit}, "", report);
    } else {
      report.notes.push_back(
          "Some runs have no value, so nothing was fitted: complete the column y and use `lehr sample wls`.");
    }
  }
  const std::string csv = design_csv(space, design, values);
  if (!options.output.empty()) {
    write_file_atomically(context.resolve(options.output), csv);
    report.notes.push_back(fmt::format("The design is in {}.", options.output));
  }
  report.artifacts.push_back({.name = "design", .extension = "csv", .content = csv, .path = {}});
  return report;
}

}  // namespace

Task sample_design_task() {
  return make_task<SampleDesignOptions>(
      "sample.design", "", "where to run a model so that least squares from few runs is stable",
      "Draws points and weights for weighted least squares in a space of functions: by determinantal point "
      "processes (runs that "
      "repel each other), generalised volume sampling (unbiased), independent points of the optimal law, or "
      "the best of many "
      "designs. The report certifies the design whatever the model is: the least eigenvalue of its Gram "
      "matrix, and what follows "
      "for the error. With a model (a formula, or a worker that answers {\"op\":\"model\",\"x\":[...]} with "
      "{\"y\":...}) the runs are made "
      "and fitted; without one, run the design and give it to `lehr sample wls`.",
      {"sample design --basis legendre:d=2,total=8 --design dpp_repeat --n 90 --output design.csv",
       "sample design --basis \"legendre(from=0, to=2)*hermite:total=4\" --design volume --n 60 --model "
       "\"exp(-x1) * x2^2\"",
       "sample design --basis legendre:d=3,total=5 --n 112 --worker.command \"python3 model.py\" --output "
       "design.csv",
       "sample design --features features.npy --design dpp"},
      run_sample_design);
}

}  // namespace lehr::command
