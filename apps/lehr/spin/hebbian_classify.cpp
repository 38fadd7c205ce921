// Classification of the user's examples by `lehr spin hebbian`.
#include <algorithm>
#include <cmath>
#include <set>

#include "apps/lehr/spin/hebbian.hpp"
#include "apps/lehr/spin/number_table.hpp"
#include "lehr/core/csv.hpp"

namespace lehr::command {
namespace {

struct LabelledTable {
  Eigen::MatrixXd points;      // N x n
  std::vector<double> labels;  // n, or empty
};

// Rows of `file` as columns, with their labels from `labels`: a file, "last", or "" for none.
LabelledTable read_labelled(const std::string& file, const std::string& labels, const TaskContext& context) {
  LabelledTable table;
  table.points = points_of(read_number_table(context.resolve(file)).view());
  if (labels == "last") {
    const Eigen::Index last = table.points.rows() - 1;
    if (last < 1) throw InvalidInput("{}: no column beside the labels", file);
    table.labels.assign(table.points.row(last).begin(), table.points.row(last).end());
    table.points.conservativeResize(last, Eigen::NoChange);
  } else if (!labels.empty()) {
    table.labels = read_number_table(context.resolve(labels)).to_doubles();
    if (table.labels.size() != static_cast<std::size_t>(table.points.cols()))
      throw InvalidInput("{}: {} examples, but {} labels in {}", file, table.points.cols(),
                         table.labels.size(), labels);
  }
  return table;
}

LabelledTable columns_of(const LabelledTable& table, std::span<const Eigen::Index> columns) {
  LabelledTable part;
  part.points.resize(table.points.rows(), static_cast<Eigen::Index>(columns.size()));
  for (std::size_t k = 0; k < columns.size(); ++k) {
    part.points.col(static_cast<Eigen::Index>(k)) = table.points.col(columns[k]);
    part.labels.push_back(table.labels[static_cast<std::size_t>(columns[k])]);
  }
  return part;
}

struct TrainAndQueries {
  LabelledTable train, queries;
};

// Examples in an order that the seed decides, the last `held_out` of them queries; or the queries' own file.
TrainAndQueries split(const HebbianOptions& options, const TaskContext& context) {
  const LabelledTable all = read_labelled(options.examples, options.labels, context);
  if (all.labels.empty()) throw InvalidInput("labels: examples need their classes");
  std::vector<Eigen::Index> order(static_cast<std::size_t>(all.points.cols()));
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = static_cast<Eigen::Index>(k);
  Stream random(context.seed, lane("spin.hebbian.split"));
  for (std::size_t k = order.size() - 1; k > 0; --k)
    std::swap(order[k],
              order[static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(k) + 1))]);
  if (!options.queries.empty())
    return {columns_of(all, order), read_labelled(options.queries, options.query_labels, context)};
  const auto held = static_cast<std::size_t>(options.held_out);
  if (held >= order.size())
    throw InvalidInput("held_out: {} of {} examples leave none to learn from", held, order.size());
  const std::span<const Eigen::Index> columns(order);
  return {columns_of(all, columns.first(order.size() - held)), columns_of(all, columns.last(held))};
}

spin::Binarizer make_binarizer(const HebbianOptions& options, const Eigen::MatrixXd& points) {
  if (options.binarise == "median") return spin::median_binarizer(points, options.min_deviation);
  if (options.binarise == "threshold")
    return spin::threshold_binarizer(points, options.threshold, options.min_deviation);
  for (Eigen::Index c = 0; c < points.cols(); ++c)
    for (Eigen::Index i = 0; i < points.rows(); ++i)
      if (std::abs(points(i, c)) != 1)
        throw InvalidInput(
            "examples: example {}, input {}: expected +1 or -1, found {} (binarise them by their median "
            "or a threshold)",
            c + 1, i + 1, points(i, c));
  return spin::threshold_binarizer(points, 0, options.min_deviation);
}

// The stored patterns and the class of each.
struct Stored {
  Eigen::MatrixXd x;
  std::vector<std::int64_t> classes;
};

Stored stored_patterns_of(const HebbianOptions& options, const spin::LabelledExamples& examples,
                          std::int64_t per_class) {
  Stored stored;
  if (options.protocol == "unsupervised") {
    stored.x = spin::unsupervised_patterns(examples, static_cast<int>(options.order));
    stored.classes = examples.labels;
    return stored;
  }
  Eigen::MatrixXd means = spin::class_means(examples, per_class);
  if (options.protocol == "storing") means = means.unaryExpr([](double v) { return v >= 0 ? 1.0 : -1.0; });
  stored.x = options.unit ? spin::unit_patterns(means) : spin::supervised_patterns(means);
  for (std::int64_t c = 0; c < examples.classes; ++c) stored.classes.push_back(c);
  return stored;
}

// The class of the pattern with the largest normalised overlap.
std::vector<std::int64_t> nearest_class(const Stored& stored, const Eigen::MatrixXd& signs) {
  Eigen::MatrixXd unit = stored.x;
  for (Eigen::Index mu = 0; mu < unit.cols(); ++mu) unit.col(mu).normalize();
  std::vector<std::int64_t> classes;
  for (Eigen::Index r = 0; r < signs.cols(); ++r) {
    Eigen::Index best = 0;
    (unit.transpose() * signs.col(r)).maxCoeff(&best);
    classes.push_back(stored.classes[static_cast<std::size_t>(best)]);
  }
  return classes;
}

double share_right(const std::vector<std::int64_t>& classes, const std::vector<double>& labels) {
  double right = 0;
  for (std::size_t k = 0; k < labels.size(); ++k) right += static_cast<double>(classes[k]) == labels[k];
  return right / static_cast<double>(labels.size());
}

Artifact class_artifact(const std::vector<std::int64_t>& classes) {
  const std::vector<double> numbers(classes.begin(), classes.end());
  const std::vector<CsvColumn> columns{{"class", numbers}};
  return {.name = "classes", .extension = "csv", .content = csv_text(columns), .path = {}};
}

// Binarised training examples and queries.
struct QuerySet {
  spin::LabelledExamples examples;
  Eigen::MatrixXd cues;        // N x queries
  std::vector<double> labels;  // of the queries, or empty
};

QuerySet query_set(const HebbianOptions& options, const TaskContext& context) {
  const TrainAndQueries data = split(options, context);
  if (data.queries.points.rows() != data.train.points.rows())
    throw InvalidInput("queries: {} inputs, the examples have {}", data.queries.points.rows(),
                       data.train.points.rows());
  const spin::Binarizer binarise = make_binarizer(options, data.train.points);
  return {spin::label_examples(binarise(data.train.points), data.train.labels, options.examples),
          binarise(data.queries.points), data.queries.labels};
}

// The queries' classes after training with so many examples a class.
struct ClassifiedQueries {
  std::int64_t per_class = 0;
  std::vector<std::int64_t> classes;
  double accuracy = 0, nearest_mean = 0;  // NaN without labels; nearest_mean without any dynamics
  double energy = 0, steps = 0;
};

ClassifiedQueries classify_at(const HebbianOptions& options, const QuerySet& set, std::int64_t per_class,
                              TaskContext& context) {
  const Stored stored = stored_patterns_of(options, set.examples, per_class);
  const spin::DenseHebbianSupervised network(stored.x, static_cast<int>(options.order), options.self_terms);
  const HebbianRun run = run_engine(options, network, set.cues, context);
  ClassifiedQueries made{.per_class = per_class, .classes = nearest_class(stored, run.signs)};
  made.accuracy = share_right(made.classes, set.labels);
  made.nearest_mean = share_right(nearest_class(stored, set.cues), set.labels);
  made.energy = run.energy;
  made.steps = run.steps;
  return made;
}

Table accuracy_table(const std::vector<ClassifiedQueries>& points) {
  Table table{.title = "Classification",
              .columns = {"examples a class", "accuracy", "nearest mean", "steps"},
              .rows = {},
              .formats = {}};
  for (const ClassifiedQueries& one : points)
    table.rows.push_back(
        {one.per_class, json_number(one.accuracy), json_number(one.nearest_mean), one.steps});
  return table;
}

Figure accuracy_figure(const std::vector<ClassifiedQueries>& points) {
  Series accuracy{.label = "network", .x = {}, .y = {}, .low = {}, .high = {}}, baseline = accuracy;
  baseline.label = "nearest mean";
  for (const ClassifiedQueries& one : points) {
    for (Series* series : {&accuracy, &baseline}) series->x.push_back(static_cast<double>(one.per_class));
    accuracy.y.push_back(one.accuracy);
    baseline.y.push_back(one.nearest_mean);
  }
  Figure figure{.name = "accuracy",
                .title = "Accuracy against examples a class",
                .caption = {},
                .x = {},
                .y = {},
                .series = {accuracy, baseline}};
  figure.x.label = "examples a class";
  figure.y.label = "accuracy";
  return figure;
}

}  // namespace

Report classify_queries(const HebbianOptions& options, TaskContext& context) {
  const QuerySet set = query_set(options, context);
  std::vector<ClassifiedQueries> points;
  for (std::int64_t point = 0; point < options.points; ++point) {
    const double progress =
        options.points > 1 ? static_cast<double>(point) / static_cast<double>(options.points - 1) : 0;
    points.push_back(classify_at(options, set, std::llround(options.per_class(progress)), context));
  }
  const ClassifiedQueries& last = points.back();
  Report report;
  report.title = fmt::format("Dense Hebbian classifier of order {}: {} classes, {} inputs, {} queries",
                             options.order, set.examples.classes, set.cues.rows(), set.cues.cols());
  if (!set.labels.empty()) {
    report.metric("accuracy", last.accuracy);
    report.metric("nearest_mean_accuracy", last.nearest_mean);
  }
  report.metric("steps", last.steps);
  report.metric("energy", last.energy);
  report.metric("inputs", static_cast<double>(set.cues.rows()));
  report.metric("attractors",
                static_cast<double>(std::set<std::int64_t>(last.classes.begin(), last.classes.end()).size()));
  report.artifacts.push_back(class_artifact(last.classes));
  report.tables.push_back(accuracy_table(points));
  if (points.size() > 1 && !set.labels.empty()) report.figures.push_back(accuracy_figure(points));
  if (options.order % 2 == 1)
    report.notes.emplace_back(
        "An odd order tells a pattern from its negative; data that mean the same want an even one.");
  return report;
}

}  // namespace lehr::command
