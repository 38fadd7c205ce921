#include "apps/lehr/spin/continual_theory.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/memory/continual_potential.hpp"
#include "lehr/spin/memory/field_perceptron.hpp"

namespace lehr::command {

using namespace spin;

namespace {

struct ContinualTheoryOptions {
  double alpha1 = 2, alpha2 = 0, teacher_overlap = 0, beta1 = 50, beta2 = 20;
  std::int64_t size = 0, instances = 2, curve = 0;
  std::vector<double> curve_overlaps = {-0.5, 0.0, 0.5};
  PotentialOptions solver;
  FieldPerceptronOptions training;

  void describe(OptionTable& table) {
    table.add("alpha1", alpha1, "patterns over inputs in the first task").above(0).range(0, 100);
    table.add("alpha2", alpha2, "patterns over inputs in the second; 0: there is none").range(0, 100);
    table.add("teacher_overlap", teacher_overlap, "of the two teachers").range(-1, 1);
    table.add("beta1", beta1, "inverse temperature on the first task's objective").above(0).range(0, 3000);
    table.add("beta2", beta2, "inverse temperature on the second's").above(0).range(0, 3000);
    table.add("size", size, "also train perceptrons with so many inputs; 0: theory alone").range(0, 1e6);
    table.add("instances", instances, "perceptrons to train").range(1, 10'000);
    table.add("curve", curve, "points of curves over alpha (the second task's, where there is one)")
        .range(0, 1000);
    table.add("curve_overlaps", curve_overlaps, "teachers' overlaps of these curves").range(-1, 1);
    table.add("hermite", solver.hermite, "nodes of the Gaussian averages").range(8, 128);
    table.add("legendre", solver.legendre, "nodes of the magnetisation").range(32, 256);
    table.add("damping", solver.damping, "of the iteration").above(0).range(0, 1);
    table.group("train", training);
  }
};

// What one trained pair of tasks came to.
struct Trained {
  double q = 0, r = 0, error1 = 0;                    // after the first task
  double error2 = 0, error1_after = 0, variance = 0;  // after the second
};

Eigen::VectorXd train(const FieldPerceptron& method, const TaskContext& context, Seed seed) {
  Observers observers;
  observers.interrupted = context.observers.interrupted;
  const auto run = drive(method, Budget::steps(method.steps()), seed, observers);
  if (run.why == Stop::interrupted) throw InvalidInput("interrupted during training");
  return run.state.theta;
}

Trained train_instance(const ContinualTheoryOptions& options, const TaskContext& context,
                       std::int64_t instance) {
  const Seed seed{context.seed.value * 100'003 + static_cast<std::uint64_t>(instance)};
  const auto n = static_cast<Eigen::Index>(options.size);
  const auto patterns = [&](double alpha) {
    return std::max<Eigen::Index>(1, std::llround(alpha * static_cast<double>(n)));
  };
  const auto magnetisation = [&](const Eigen::VectorXd& theta) -> Eigen::VectorXd {
    return (options.training.beta * theta).array().tanh();
  };
  FieldPerceptronOptions first_options = options.training;
  first_options.kl = 1;  // the first prior is uniform
  const Eigen::VectorXd first = random_signs(n, Stream(seed, lane("continual first teacher")));
  const FieldPerceptron one(
      teacher_data(first, patterns(options.alpha1), Stream(seed, lane("continual first data"))),
      Eigen::VectorXd::Zero(n), first_options);
  const Eigen::VectorXd learnt = train(one, context, seed);
  const Eigen::VectorXd m1 = magnetisation(learnt);
  const auto count = static_cast<double>(n);
  Trained trained{.q = m1.squaredNorm() / count, .r = m1.dot(first) / count, .error1 = 0};
  trained.error1 = generalisation_error(trained.r, trained.q);
  if (options.alpha2 == 0) return trained;
  const Eigen::VectorXd second =
      correlated_signs(first, options.teacher_overlap, Stream(seed, lane("continual second teacher")));
  const FieldPerceptron two(
      teacher_data(second, patterns(options.alpha2), Stream(seed, lane("continual second data"))), learnt,
      options.training);
  const Eigen::VectorXd m2 = magnetisation(train(two, context, seed));
  const double q2 = m2.squaredNorm() / count;
  trained.error2 = generalisation_error(m2.dot(second) / count, q2);
  trained.error1_after = generalisation_error(m2.dot(first) / count, q2);
  trained.variance = 1 - q2;
  return trained;
}

struct Comparison {
  std::string metric, label;
  double theory;
  double Trained::*trained;
};

void add_comparison(Report& report, const ContinualTheoryOptions& options, const TaskContext& context,
                    const std::vector<Comparison>& quantities) {
  std::vector<Trained> instances;
  if (options.size > 0)
    instances =
        parallel_map(options.instances, [&](std::int64_t i) { return train_instance(options, context, i); });
  Table table{.title = "Theory and training",
              .columns = {"quantity", "theory", "trained", "standard error"},
              .rows = {},
              .formats = {"", ".4f", ".4f", ".4f"}};
  for (const auto& [metric, label, theory, member] : quantities) {
    report.metric(metric, theory);
    Json mean, error;
    if (!instances.empty()) {
      std::vector<double> values;
      for (const Trained& trained : instances) values.push_back(trained.*member);
      const Eigen::Map<const Eigen::ArrayXd> all(values.data(), static_cast<Eigen::Index>(values.size()));
      const double average = all.mean(), count = static_cast<double>(values.size());
      report.metric("trained_" + metric, average);
      mean = average;
      if (values.size() > 1) error = std::sqrt((all - average).square().sum() / (count * (count - 1)));
    }
    table.rows.push_back({label, theory, mean, error});
  }
  report.tables.push_back(std::move(table));
}

Series line(std::string label, std::vector<double> x, std::vector<double> y, int color, bool dashed) {
  return {.label = std::move(label),
          .style = dashed ? Series::Style::dashed : Series::Style::line,
          .x = std::move(x),
          .y = std::move(y),
          .low = {},
          .high = {},
          .color = color};
}

Figure first_task_curve(const ContinualTheoryOptions& options) {
  const auto errors = parallel_map(options.curve, [&](std::int64_t i) {
    const double alpha = options.alpha1 * static_cast<double>(i + 1) / static_cast<double>(options.curve);
    return solve_first_task(alpha, options.beta1, options.solver).error;
  });
  Figure figure{.name = "first-task",
                .title = "Generalisation error of the first task",
                .caption = {},
                .x = {},
                .y = {},
                .series = {}};
  figure.x.label = "alpha";
  figure.y.label = "error";
  std::vector<double> x;
  for (std::int64_t i = 1; i <= options.curve; ++i)
    x.push_back(options.alpha1 * static_cast<double>(i) / static_cast<double>(options.curve));
  figure.series.push_back(line("task 1", std::move(x), errors, 0, false));
  return figure;
}

// Errors on both tasks against the second's patterns: how fast the first is forgotten.
Figure forgetting_curves(const ContinualTheoryOptions& options, const FirstTask& first) {
  Figure figure{.name = "forgetting",
                .title = "Errors on both tasks after the second",
                .caption = "Dashed: the first task.",
                .x = {},
                .y = {},
                .series = {}};
  figure.x.label = "alpha of the second task";
  figure.y.label = "error";
  int color = 0;
  for (const double overlap : options.curve_overlaps) {
    const auto points = parallel_map(options.curve + 1, [&](std::int64_t i) {
      const double alpha = options.alpha2 * static_cast<double>(i) / static_cast<double>(options.curve);
      return solve_second_task(first, alpha, options.beta2, overlap, options.solver);
    });
    std::vector<double> x, second, old;
    for (const SecondTask& point : points)
      x.push_back(point.alpha), second.push_back(point.error), old.push_back(point.first_error);
    figure.series.push_back(
        line(fmt::format("teachers' overlap {}", overlap), x, std::move(second), color, false));
    figure.series.push_back(line("", std::move(x), std::move(old), color++, true));
  }
  return figure;
}

Report continual_theory(const ContinualTheoryOptions& options, TaskContext& context) {
  const FirstTask first = solve_first_task(options.alpha1, options.beta1, options.solver);
  std::vector<Comparison> quantities{{"q", "q, mean square of m", first.order.q, &Trained::q},
                                     {"r", "r, overlap with the teacher", first.order.r, &Trained::r},
                                     {"error1", "error on task 1", first.error, &Trained::error1}};
  Report report;
  report.title = "Continual learning of a perceptron with weights +1 and -1";
  report.metric("q_star", first.order.q_star);
  if (options.alpha2 > 0) {
    const SecondTask second =
        solve_second_task(first, options.alpha2, options.beta2, options.teacher_overlap, options.solver);
    quantities.push_back({"error2", "error on task 2", second.error, &Trained::error2});
    quantities.push_back(
        {"error1_after", "error on task 1 after task 2", second.first_error, &Trained::error1_after});
    quantities.push_back({"variance", "mean variance of a weight", 1 - second.order.q, &Trained::variance});
    report.metric("forgetting", second.first_error - first.error);
  }
  add_comparison(report, options, context, quantities);
  if (options.curve > 0)
    report.figures.push_back(options.alpha2 > 0 ? forgetting_curves(options, first)
                                                : first_task_curve(options));
  return report;
}

}  // namespace

Task spin_continual_theory_task() {
  return make_task<ContinualTheoryOptions>(
      "spin.continual-theory", "", "predict what a binary perceptron knows after one task and after a second",
      "The replica theory of one task and the Franz-Parisi potential of the second give the errors on both "
      "tasks of a "
      "perceptron with weights +1 and -1 that is trained by the variational rule, before any training. With "
      "size "
      "above 0, perceptrons are trained too and set beside the theory; train.kl = 0 trains the second task "
      "without "
      "the prior that protects the first.",
      {"spin continual-theory --alpha1 1.5 --beta1 200",
       "spin continual-theory --alpha1 2 --alpha2 1 --teacher_overlap 0.5 --size 500 --instances 4",
       "spin continual-theory --alpha1 2 --alpha2 3 --curve 25"},
      continual_theory);
}

}  // namespace lehr::command
