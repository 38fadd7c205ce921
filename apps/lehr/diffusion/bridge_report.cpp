#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "apps/lehr/diffusion/bridge.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/bridge/bridge_draws.hpp"
#include "lehr/diffusion/bridge/sinkhorn_sb.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index most_points_drawn = 1500, paths_drawn = 5, draws_of_a_path = 4, most_rows = 12;
constexpr double collapsed_spread = 1e-6, dead_share = 0.01;

MatrixXd first_of(const MatrixXd& points, Index most) {
  return points.leftCols(std::min(points.cols(), most));
}

Seed other_seed(Seed seed, std::uint64_t which) { return {seed.value + 0x9e3779b97f4a7c15 * which}; }

// The two axes in which the points vary most (twice the same on the line).
std::pair<Index, Index> widest_axes(const MatrixXd& points) {
  const VectorXd variances = moments_of(points).covariance.diagonal();
  std::vector<Index> order(static_cast<std::size_t>(variances.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](Index j) { return variances[j]; });
  const Index first = order.front(), second = order.size() > 1 ? order[1] : first;
  return {std::min(first, second), std::max(first, second)};
}

std::string axis_name(const BridgeData& data, Index axis) {
  const auto j = static_cast<std::size_t>(axis);
  return j < data.names.size() ? data.names[j] : fmt::format("x{}", axis);
}

class BridgeReporter {
 public:
  BridgeReporter(const DiffusionBridgeOptions& options, const BridgeData& data, const BridgeFit& fit,
                 const TaskContext& context)
      : options_(options), data_(data), fit_(fit), context_(context), plan_(fit.model) {
    check_from_ = first_of(data.from, options.check_points);
    sampled_ = draw_endpoints(plan_, check_from_, context.seed);
    shown_ = data.to.size() > 0 ? widest_axes(data.to) : widest_axes(sampled_);
  }

  Report report() {
    report_.title = "Light Schroedinger bridge";
    add_model();
    if (data_.to.size() > 0) add_marginal();
    if (data_.truth) add_truth();
    if (options_.path_check > 1) add_path_check();
    if (options_.sinkhorn_steps > 0) add_sinkhorn();
    if (!fit_.looks.empty()) add_course();
    report_.tables.push_back(component_table());
    report_.figures.push_back(clouds());
    report_.figures.push_back(paths());
    return std::move(report_);
  }

 private:
  void note(std::string text) { report_.notes.push_back(std::move(text)); }

  void add_model() {
    const LightBridge& model = fit_.model;
    use_ = plan_.responsibilities(check_from_).colwise().mean().transpose();
    const double fair = 1 / static_cast<double>(model.components());
    const auto dead = static_cast<double>((use_.array() < dead_share * fair).count());
    const double variance = moments_of(data_.to.size() > 0 ? data_.to : data_.from).covariance.trace() /
                            static_cast<double>(model.dimension());
    report_.metric("dimension", static_cast<double>(model.dimension()));
    report_.metric("components", static_cast<double>(model.components()));
    report_.metric("effective_components", effective_components(model.log_alpha));
    report_.metric("used_components", effective_components((use_.array() + 1e-300).log()));
    report_.metric("dead_components", dead);
    report_.metric("S_min", plan_.smallest_spread());
    report_.metric("S_max", plan_.largest_spread());
    report_.metric("epsilon", model.epsilon);
    report_.metric("epsilon_relative", model.epsilon / variance);
    report_.metric("scale", model.scale);
    note(fmt::format("epsilon {:.4g} is {:.3g} of the mean variance per axis ({:.4g}) of {}.", model.epsilon,
                     model.epsilon / variance, variance,
                     data_.to.size() > 0 ? "the second cloud" : "the first cloud"));
    if (fit_.steps > 0) {
      report_.metric("steps", static_cast<double>(fit_.steps));
      report_.metric("fit_seconds", fit_.seconds);
    }
    if (fit_.interrupted) note("Interrupted: this is the bridge of the steps taken by then.");
    if (fit_.revived > 0) report_.metric("revived", static_cast<double>(fit_.revived));
    if (dead > 0)
      note(fmt::format(
          "{:.0f} of {} components are used by almost no point. Nothing is lost by fewer --components; where "
          "parts of the second cloud are missed, --init kmeans++ or --revive reach them.",
          dead, model.components()));
    if (plan_.smallest_spread() < collapsed_spread)
      note(
          fmt::format("A component has collapsed (S down to {:.2g}): points of the second cloud coincide, or "
                      "there are too "
                      "few for {} components. Take fewer components, a larger epsilon, or remove duplicates.",
                      plan_.smallest_spread(), model.components()));
  }

  // How well partners look like the second cloud; in units of the model.
  void add_marginal() {
    const MatrixXd to = first_of(data_.to, options_.check_points);
    const double scale = fit_.model.scale;
    report_.metric("energy_distance", scale * energy_distance(sampled_, to));
    report_.metric("energy_unpaired", scale * energy_distance(check_from_, to));
    const Index half = to.cols() / 2;
    if (half < 2) return;
    report_.metric("energy_floor", scale * std::abs(energy_distance(to.leftCols(half), to.rightCols(half))));
  }

  void add_truth() {
    const BridgePlan truth(*data_.truth);
    const double relative = std::abs(data_.truth->epsilon / fit_.model.epsilon - 1);
    if (relative > 1e-6)
      note(fmt::format("The truth has epsilon {:.4g}, the model {:.4g}: they are different bridges.",
                       data_.truth->epsilon, fit_.model.epsilon));
    const Moments target = moments_of(data_.to.size() > 0 ? data_.to : sampled_);
    const double variance = target.covariance.trace();
    const ConditionalQuality fitted = conditional_uvp(plan_, truth, check_from_, variance);
    const ConditionalQuality independent = independent_uvp(target, truth, check_from_, variance);
    report_.metric("cbw2_uvp", fitted.uvp);
    report_.metric("cbw2_uvp_error", fitted.error);
    report_.metric("cbw2_uvp_independent", independent.uvp);
    report_.metric("independent_over_fit", independent.uvp / fitted.uvp);
    if (data_.truth->components() == 1 && fit_.model.components() == 1) {
      const MatrixXd exact = data_.truth->spread(0), found = fit_.model.spread(0);
      report_.metric("S_error",
                     ((found - exact).diagonal().array() / exact.diagonal().array()).abs().maxCoeff());
      report_.metric("S_error_mean",
                     ((found - exact).diagonal().array() / exact.diagonal().array()).abs().mean());
      report_.metric("r_error", (fit_.model.r - data_.truth->r).cwiseAbs().maxCoeff());
    }
  }

  // Simulated paths against the closed form, at times 1/2 and 1.
  void add_path_check() {
    MatrixXd x(data_.from.rows(), options_.path_check);
    for (Index i = 0; i < x.cols(); ++i) x.col(i) = data_.from.col(i % data_.from.cols());
    for (const double t : {0.5, 1.0}) {
      const MatrixXd direct = draw_between(plan_, x, t, other_seed(context_.seed, 1));
      const MatrixXd again = draw_between(plan_, x, t, other_seed(context_.seed, 2));
      const auto steps =
          static_cast<std::int64_t>(std::llround(t * static_cast<double>(options_.path_steps)));
      const MatrixXd simulated =
          simulate_bridge(plan_, x, t, std::max<std::int64_t>(1, steps), other_seed(context_.seed, 3));
      const std::string end = t == 1 ? "end" : "middle";
      report_.metric("path_energy_" + end, energy_distance(direct, simulated));
      report_.metric("path_floor_" + end, std::abs(energy_distance(direct, again)));
    }
  }

  void add_sinkhorn() {
    if (data_.to.size() == 0) throw InvalidInput("sinkhorn_steps: comparing needs the second cloud, --to");
    const auto most = static_cast<Index>(std::min<std::int64_t>(options_.check_points, most_sinkhorn_points));
    const MatrixXd x = first_of(data_.from, most), y = first_of(data_.to, most);
    const double epsilon = fit_.model.epsilon, variance = moments_of(y).covariance.trace();
    const Schedule falling =
        Schedule::parse(fmt::format("then(geometric(from={}, to={}), constant({}), at=0.5)",
                                    std::max(epsilon, variance), epsilon, epsilon));
    const SinkhornSb method(x, y, falling, options_.sinkhorn_steps);
    Observers observers = context_.observers;
    observers.checkpoints = {};
    const auto start = std::chrono::steady_clock::now();
    const auto run = drive(method, Budget::steps(options_.sinkhorn_steps), context_.seed, observers);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const MatrixXd difference = plan_.conditional_mean(x) - method.conditional_mean(run.state);
    report_.metric("sinkhorn_difference", difference.colwise().squaredNorm().mean() / variance);
    report_.metric("sinkhorn_marginal_error", run.state.error);
    report_.metric("sinkhorn_seconds", seconds);
    if (fit_.steps > 0) report_.metric("sinkhorn_over_fit_seconds", seconds / fit_.seconds);
  }

  void add_course() {
    const LightSbLook& last = fit_.looks.back();
    report_.metric("loss", last.loss);
    report_.metric("log_c", last.log_c);
    report_.metric("gradient_norm", last.gradient_norm);
    Figure figure{
        .name = "loss",
        .title = "Course of the fit",
        .caption =
            options_.fit.hold_out > 0
                ? "The objective on the points held out; its minimum over all potentials is the bridge."
                : "The objective on a fixed half of the points; its minimum over all potentials is the "
                  "bridge.",
        .x = {.label = "step"},
        .y = {.label = "E log c - E log v"},
        .series = {}};
    Figure use{.name = "components",
               .title = "Components in use",
               .caption = "exp of the entropy of alpha, and the extremes of S.",
               .x = {.label = "step"},
               .y = {.label = "number, and S", .log = true},
               .series = {}};
    Series loss{.label = "L"}, effective{.label = "effective components"}, least{.label = "smallest S"},
        largest{.label = "largest S"};
    for (const LightSbLook& look : fit_.looks) {
      for (Series* series : {&loss, &effective, &least, &largest}) series->x.push_back(look.step);
      loss.y.push_back(look.loss), effective.y.push_back(look.effective_components);
      least.y.push_back(look.least_spread), largest.y.push_back(look.largest_spread);
    }
    figure.series.push_back(std::move(loss));
    use.series = {std::move(effective), std::move(least), std::move(largest)};
    report_.figures.push_back(std::move(figure));
    report_.figures.push_back(std::move(use));
    Table table{.title = "Course of the fit",
                .columns = {"step", "epsilon", "rate", "L", "E log c", "gradient", "least alpha",
                            "largest alpha", "effective", "S from", "to"},
                .rows = {},
                .formats = {".0f", ".3g", ".3g", ".5g", ".5g", ".3g", ".2g", ".3g", ".1f", ".3g", ".3g"}};
    const std::size_t count = fit_.looks.size(), stride = std::max<std::size_t>(1, count / 10);
    for (std::size_t i = (count - 1) % stride; i < count; i += stride) {
      const LightSbLook& l = fit_.looks[i];
      table.rows.push_back({l.step, l.epsilon, l.learning_rate, l.loss, l.log_c, l.gradient_norm,
                            l.least_share, l.largest_share, l.effective_components, l.least_spread,
                            l.largest_spread});
    }
    report_.tables.push_back(std::move(table));
  }

  Table component_table() const {
    const LightBridge& model = fit_.model;
    Table table{.title = "Components that are used most",
                .columns = {"component", "share of points", "share of alpha", "|r|", "S from", "to"},
                .rows = {},
                .formats = {".0f", ".4f", ".3g", ".4g", ".4g", ".4g"}};
    const VectorXd shares = alpha_shares(model.log_alpha);
    std::vector<Index> order(static_cast<std::size_t>(use_.size()));
    std::iota(order.begin(), order.end(), Index{0});
    std::ranges::stable_sort(order, std::greater<>(), [&](Index k) { return use_[k]; });
    for (std::size_t i = 0; i < order.size() && i < most_rows; ++i) {
      const Index k = order[i];
      const VectorXd diagonal = model.spread(k).diagonal();
      table.rows.push_back({k + 1, use_[k], shares[k], model.scale * model.r.col(k).norm(),
                            diagonal.minCoeff(), diagonal.maxCoeff()});
    }
    return table;
  }

  Series cloud(std::string label, const MatrixXd& points) const {
    Series series{.label = std::move(label), .style = Series::Style::points};
    for (Index i = 0; i < std::min(points.cols(), most_points_drawn); ++i) {
      series.x.push_back(fit_.model.scale * points(shown_.first, i));
      series.y.push_back(fit_.model.scale * points(shown_.second, i));
    }
    return series;
  }

  Figure clouds() const {
    Figure figure{
        .name = "clouds",
        .title = "Clouds and partners",
        .caption = "Partners drawn for points of the first cloud should lie as the second cloud does.",
        .x = {.label = axis_name(data_, shown_.first)},
        .y = {.label = axis_name(data_, shown_.second)},
        .series = {cloud("from", data_.from)}};
    if (data_.to.size() > 0) figure.series.push_back(cloud("to", data_.to));
    figure.series.push_back(cloud("partners", sampled_));
    return figure;
  }

  // A few starts, several paths of each; on the line against time.
  Figure paths() const {
    const bool line = fit_.model.dimension() == 1;
    const Index starts = std::min(paths_drawn, data_.from.cols());
    MatrixXd x(data_.from.rows(), starts * draws_of_a_path);
    for (Index i = 0; i < x.cols(); ++i)
      x.col(i) = data_.from.col((i / draws_of_a_path) * (data_.from.cols() / starts));
    std::vector<std::pair<double, MatrixXd>> states{{0.0, x}};
    simulate_bridge(plan_, x, 1, options_.path_steps, context_.seed,
                    [&](double t, const MatrixXd& now) { states.emplace_back(t, now); });
    Figure figure{.name = "paths",
                  .title = "Paths of the bridge",
                  .caption = fmt::format("{} paths from each of {} points, simulated in {} steps.",
                                         draws_of_a_path, starts, options_.path_steps),
                  .x = {.label = line ? "time" : axis_name(data_, shown_.first)},
                  .y = {.label = axis_name(data_, shown_.second)},
                  .series = {}};
    const double scale = fit_.model.scale, gap = std::numeric_limits<double>::quiet_NaN();
    for (Index s = 0; s < starts; ++s) {
      Series series{.label = fmt::format("start {}", s + 1)};
      for (Index i = s * draws_of_a_path; i < (s + 1) * draws_of_a_path; ++i) {
        for (const auto& [t, now] : states) {
          series.x.push_back(line ? t : scale * now(shown_.first, i));
          series.y.push_back(scale * now(shown_.second, i));
        }
        series.x.push_back(gap), series.y.push_back(gap);
      }
      figure.series.push_back(std::move(series));
    }
    return figure;
  }

  const DiffusionBridgeOptions& options_;
  const BridgeData& data_;
  const BridgeFit& fit_;
  const TaskContext& context_;
  BridgePlan plan_;
  MatrixXd check_from_, sampled_;
  VectorXd use_;
  std::pair<Index, Index> shown_;
  Report report_;
};

}  // namespace

Report bridge_report(const DiffusionBridgeOptions& options, const BridgeData& data, const BridgeFit& fit,
                     const TaskContext& context) {
  return BridgeReporter(options, data, fit, context).report();
}

}  // namespace lehr::command
