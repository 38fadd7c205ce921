#include "apps/lehr/spin/multitask.hpp"

#include <algorithm>
#include <cmath>

#include "apps/lehr/spin/number_table.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/multitasking_hebbian.hpp"
#include "lehr/spin/memory/multitasking_mean_field.hpp"

namespace lehr::command {

using namespace spin;

namespace {

struct MultitaskTaskOptions {
  std::string patterns, examples, labels;
  std::int64_t count = 3, size = 10'000, examples_each = 0, sweeps = 40;
  double dilution = 0.45, quality = 0.5;
  MultitaskingOptions method;

  void describe(OptionTable& table) {
    table.add("patterns", patterns, "file of patterns, one a row, entries -1, 0 (blank) and 1: CSV or npy");
    table.add("examples", examples, "file of noisy examples of the patterns, one a row");
    table.add("labels", labels, "file with each example's pattern, from 0; without it they are unknown");
    table.add("count", count, "patterns, where none are given").range(1, 1000);
    table.add("size", size, "spins, where no patterns are given").range(1, 1e7);
    table.add("dilution", dilution, "share of blanks, where no patterns are given").at_least(0).below(1);
    table.add("examples_each", examples_each, "examples to draw of each pattern, where none are given")
        .range(0, 1e6);
    table.add("quality", quality, "r: mean agreement of a drawn example with its pattern")
        .above(0)
        .range(0, 1);
    table.add("sweeps", sweeps, "sweeps over all spins").range(1, 1e8);
    method.describe(table);
  }
};

SparsePatterns read_patterns(const std::string& file, const TaskContext& context) {
  const auto path = context.resolve(file);
  return sparse_patterns_of(points_of(read_number_table(path).view()).transpose(), path.string());
}

std::vector<std::int32_t> read_labels(const std::string& file, const TaskContext& context) {
  const auto path = context.resolve(file);
  std::vector<std::int32_t> labels;
  for (const double value : read_number_table(path).to_doubles()) {
    if (value != std::floor(value) || value < 0 || value > 1e6)
      throw InvalidInput("{}: labels are whole numbers from 0, found {}", path.string(), value);
    labels.push_back(static_cast<std::int32_t>(value));
  }
  return labels;
}

MultitaskingData load(const MultitaskTaskOptions& options, const TaskContext& context) {
  MultitaskingData data;
  if (!options.patterns.empty()) data.patterns = read_patterns(options.patterns, context);
  if (!options.examples.empty()) {
    data.examples = read_patterns(options.examples, context);
    if (!options.labels.empty()) data.labels = read_labels(options.labels, context);
    return data;
  }
  if (options.patterns.empty())
    data.patterns =
        random_sparse_patterns(static_cast<Index>(options.count), static_cast<Index>(options.size),
                               options.dilution, Stream(context.seed, lane("multitask patterns")));
  if (options.method.learning == "storing") return data;
  if (options.examples_each < 1)
    throw InvalidInput("learning = {} needs a file of examples, or examples_each above 0",
                       options.method.learning);
  data.examples = noisy_examples(data.patterns, options.examples_each, options.quality,
                                 Stream(context.seed, lane("multitask examples")));
  for (std::int64_t k = 0; k < data.examples.rows(); ++k)
    data.labels.push_back(static_cast<std::int32_t>(k % data.patterns.rows()));
  return data;
}

// The recorded rows, a column per name.
using Trace = std::vector<std::pair<std::string, std::vector<double>>>;

Observer record(Trace& trace) {
  return lehr::trace([&trace](const Moment&, const Row& row) {
    if (trace.empty())
      for (const auto& [name, value] : row.entries()) trace.push_back({name, {}});
    for (std::size_t k = 0; k < trace.size(); ++k) trace[k].second.push_back(row.entries()[k].second);
  });
}

Figure along_sweeps(const Trace& trace, const char* name, const char* title, const char* label,
                    std::string_view prefix) {
  Figure figure{.name = name, .title = title, .caption = {}, .x = {}, .y = {}, .series = {}};
  figure.x.label = "sweep";
  figure.y.label = label;
  for (const auto& [column, values] : trace) {
    if (!column.starts_with(prefix) || figure.series.size() == 8) continue;
    Series series{.label = column, .x = {}, .y = values, .low = {}, .high = {}};
    for (std::size_t k = 0; k < values.size(); ++k) series.x.push_back(static_cast<double>(k + 1));
    figure.series.push_back(std::move(series));
  }
  return figure;
}

// What the mean-field theory says of these very patterns; nothing where only examples are known.
std::optional<RegimePoint> predict(const MultitaskTaskOptions& options, const MultitaskingData& data,
                                   double temperature) {
  if (data.patterns.size() == 0) return std::nullopt;
  NeuronClasses classes = empirical_classes(data.patterns);
  const double active = 1 - dilution_of(data.patterns).value;
  double information = active;
  if (options.method.learning != "storing") {
    if (!options.examples.empty()) return std::nullopt;  // of a quality that is not known
    const double M = static_cast<double>(options.examples_each), r = options.quality;
    classes = learnt_classes(std::move(classes), r, M);
    information *= r * r + (1 - r * r) / M;
  }
  const bool divided = options.method.normalise == "information";
  return multitasking_regime(classes, divided ? temperature * information : temperature);
}

void add_overlaps(Report& report, const MultitaskingHebbian& method, const MultitaskingHebbian::State& state,
                  const std::optional<RegimePoint>& theory) {
  const Eigen::VectorXd m = method.overlaps(state);
  std::vector<Eigen::Index> order(static_cast<std::size_t>(m.size()));
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = static_cast<Eigen::Index>(k);
  std::ranges::stable_sort(order, std::greater<>(), [&](Eigen::Index k) { return std::abs(m(k)); });
  Table table{.title = "Overlaps, the strongest first",
              .columns = {"pattern", "m", "|m|", "theory"},
              .rows = {},
              .formats = {"", ".4f", ".4f", ".4f"}};
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto rank = static_cast<Eigen::Index>(k);
    const double found = m(order[k]);
    table.rows.push_back(
        {order[k] + 1, found, std::abs(found), theory ? Json(theory->point.m(rank)) : Json()});
    if (k < 20) report.metric("m" + std::to_string(k + 1), std::abs(found));
    if (k < 20 && theory) report.metric("theory_m" + std::to_string(k + 1), theory->point.m(rank));
  }
  report.tables.push_back(std::move(table));
}

Report multitask(const MultitaskTaskOptions& options, TaskContext& context) {
  MultitaskingData data = load(options, context);
  const SparsePatterns& rows = data.patterns.size() > 0 ? data.patterns : data.examples;
  const Dilution dilution = dilution_of(rows);
  std::vector<std::string> notes;
  if (data.patterns.size() == 0 && data.labels.empty()) {
    const auto groups = group_by_blanks(data.examples);
    notes.push_back(
        fmt::format("The examples have {} different sets of blanks; examples of one pattern share theirs.",
                    *std::ranges::max_element(groups) + 1));
  }
  const MultitaskingHebbian method(data, options.method);
  Trace trace;
  MultitaskTaskOptions described = options;
  Observers observers = context.observers_with_checkpoints(describe(described).values());
  observers.list.push_back(record(trace));
  const auto run = drive(method, Budget::steps(options.sweeps), context.seed, observers);
  const auto theory = predict(options, data, run.state.temperature);

  Report report;
  report.title = "Multitasking associative memory";
  report.notes = std::move(notes);
  add_overlaps(report, method, run.state, theory);
  report.metric("energy", run.last.find("energy").value());
  report.metric("dilution", dilution.value);
  report.metric("dilution_error", dilution.standard_error);
  double identity = 0;
  for (const auto& [name, values] : trace)
    if (name == "identity" && !values.empty()) identity = *std::ranges::max_element(values);
  report.metric("identity", identity);
  if (theory) {
    report.metric("free_energy", theory->point.free_energy);
    report.notes.push_back(fmt::format("The theory of these patterns at T = {:.4g} is in the {} regime.",
                                       run.state.temperature, name(theory->regime)));
  }
  report.figures.push_back(along_sweeps(trace, "overlaps", "Overlaps with the patterns", "m", "m_"));
  report.figures.push_back(
      along_sweeps(trace, "losses", "Squared distance to each pattern and to its opposite", "loss", "loss_"));
  report.figures.push_back(along_sweeps(trace, "energy", "Energy per spin", "H / N", "energy"));
  return report;
}

}  // namespace

Task spin_multitask_task() {
  return make_task<MultitaskTaskOptions>(
      "spin.multitask", "", "raise several patterns with blanks at once",
      "A Hebbian network whose patterns leave some spins blank raises several of them together: the spins "
      "that one "
      "pattern does not need serve the next. The network stores the patterns, or learns them from noisy "
      "examples, "
      "with labels (supervised) or without. Each sweep's overlaps, energy and losses are recorded and set "
      "beside "
      "the mean-field theory of the same patterns.",
      {"spin multitask --count 3 --dilution 0.45 --temperature 0.02",
       "spin multitask --patterns motifs.csv --learning storing --temperature 'geometric(from=0.5, "
       "to=0.02)'",
       "spin multitask --examples noisy.npy --labels classes.csv --learning supervised"},
      multitask);
}

}  // namespace lehr::command
