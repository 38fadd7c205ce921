#include "apps/lehr/stats/table_options.hpp"

#include <algorithm>
#include <filesystem>

#include "lehr/core/errors.hpp"
#include "lehr/stats/rashomon/cross_validation.hpp"

namespace lehr::command {

void TableOptions::Generated::describe(OptionTable& table) {
  table.add("family", family, "makes a synthetic table in place of a file's; which problem")
      .choices({"", "step", "linear", "xor", "xor3", "ring", "band", "sine", "checkerboard", "sum", "monk1"});
  table.add("records", records, "of the synthetic table").range(10, 1e7);
  table.add("features", features, "of the synthetic table").range(3, 1e4);
  table.add("noise", noise, "share of its labels that are exchanged").range(0, 0.5);
  table.add("margin", margin, "linear: records with |x1 + x2| below it are drawn anew").range(0, 4);
}

void TableOptions::describe(OptionTable& table) {
  table.add("data", data, "CSV file of labelled records, numbers and categories").positional();
  table.add("target", target,
            "column to predict, by name or number; default: class, target, label or y, else the last");
  table.add("positive", positive, "one class against the rest; or >NUMBER, <=NUMBER for a target of numbers");
  table.add("most_levels", most_levels, "columns with more categories are left out").range(2, 1e4);
  table.add("most_records", most_records, "of a larger table a random part is taken, class by class")
      .range(20, 1e9);
  table.group("generate", generate);
}

namespace {

// At most `most` records, drawn without replacement within each class.
stats::LabelledTable thinned(stats::LabelledTable table, std::int64_t most, Seed seed) {
  if (table.records() <= most || table.labels.empty()) return table;
  const std::int64_t parts = std::max<std::int64_t>(100, (table.records() + most - 1) / most);
  const std::int64_t taken = std::max<std::int64_t>(1, parts * most / table.records());
  const std::vector<int> part_of = stats::stratified_folds(table, parts, seed);
  std::vector<Eigen::Index> rows;
  for (std::size_t k = 0; k < part_of.size(); ++k)
    if (part_of[k] < taken) rows.push_back(static_cast<Eigen::Index>(k));
  stats::LabelledTable part = stats::select_records(table, rows);
  part.notes = std::move(table.notes);
  part.notes.push_back(
      fmt::format("{} of {} records are used (most_records).", part.records(), table.records()));
  return part;
}

}  // namespace

stats::LabelledTable TableOptions::load(const TaskContext& context, bool numeric_target) const {
  if (data.empty() == generate.family.empty())
    throw InvalidInput("name the file of the records, or give generate.family to make some");
  if (generate.family.empty())
    return thinned(stats::read_labelled_table(context.resolve(data), {.target = target,
                                                                      .positive = positive,
                                                                      .numeric_target = numeric_target,
                                                                      .most_levels = most_levels}),
                   most_records, context.seed);
  return stats::synthetic_table({.family = generate.family,
                                 .records = generate.records,
                                 .features = generate.features,
                                 .noise = generate.noise,
                                 .margin = generate.margin},
                                context.seed);
}

std::string TableOptions::name() const {
  return generate.family.empty() ? std::filesystem::path(data).filename().string() : generate.family;
}

Table labelled_table_summary(const stats::LabelledTable& table, const std::string& name) {
  Table summary{.title = "Records", .columns = {"quantity", "value"}, .rows = {}, .formats = {}};
  const auto row = [&](const char* quantity, Json value) {
    summary.rows.push_back({quantity, std::move(value)});
  };
  row("table", name);
  row("records", table.records());
  Eigen::Index binary = 0;
  for (Eigen::Index f = 0; f < table.values.cols(); ++f) binary += table.is_binary(f);
  row("features", fmt::format("{}, of which {} are 0/1", table.features.size(), binary));
  row("target", table.target);
  if (!table.labels.empty()) {
    const std::vector<std::int64_t> counts = table.class_counts();
    std::string text;
    for (std::size_t c = 0; c < std::min<std::size_t>(counts.size(), 6); ++c)
      text += fmt::format("{}{} ({})", c == 0 ? "" : ", ", table.classes[c], counts[c]);
    if (counts.size() > 6) text += fmt::format(" and {} more", counts.size() - 6);
    row("classes", text);
  }
  return summary;
}

}  // namespace lehr::command
