// What `lehr stats rashomon` shows: the classes and their ratios, the curve with its elbow, what follows for the existence
// of simpler models, and members of the set.
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "apps/lehr/figures.hpp"
#include "apps/lehr/stats/rashomon.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/core/files.hpp"
#include "lehr/stats/rashomon/existence_bounds.hpp"

namespace lehr::command {

using namespace stats;

namespace {

constexpr std::size_t shown_members = 5, shown_features = 15;

// 10^x as people read it.
std::string power_text(double log10) {
  if (log10 == -std::numeric_limits<double>::infinity()) return "0";
  if (std::isnan(log10)) return "nan";
  return std::abs(log10) < 300 ? fmt::format("{:.3g}", std::pow(10, log10)) : fmt::format("10^{:.1f}", log10);
}

double loss_of(double errors, const RashomonResult& result) {
  return errors / static_cast<double>(result.table.records());
}

Json optional_json(const std::optional<double>& value) { return value ? json_number(*value) : Json(); }

std::string with_error(const std::optional<double>& value, const std::optional<double>& error) {
  return value ? fmt::format("{:.4f} ± {:.2g}", *value, error.value_or(0)) : "";
}

std::string log_ratio_text(const RatioEstimate& ratio) {
  if (!std::isfinite(ratio.log10_ratio)) return "";
  return ratio.exact ? fmt::format("{:.4f}", ratio.log10_ratio)
                     : fmt::format("{:.3f} ± {:.2g}", ratio.log10_ratio, ratio.log10_error);
}

Table classes_table(const RashomonResult& result) {
  Table table{.title = "Rashomon ratios",
              .columns = {"class", "best errors", "known from", "allowed", "ratio", "log10 ratio", "method",
                          "training loss", "test loss"},
              .rows = {},
              .formats = {"", "", "", "", "", "", "", ".4f", ""}};
  for (const ClassResult& c : result.classes) {
    const bool known = std::isfinite(c.ratio.log10_ratio) || c.ratio.exact;
    table.rows.push_back({c.name, static_cast<std::int64_t>(c.best_errors), c.best_from, c.limit,
                          known ? power_text(c.ratio.log10_ratio) : "< " + power_text(c.ratio.log10_upper),
                          log_ratio_text(c.ratio), c.method, json_number(loss_of(c.best_errors, result)),
                          with_error(c.test_loss, c.test_error)});
  }
  return table;
}

Table existence_table(const RashomonOptions& options, const RashomonResult& result) {
  const double eps = 1 - options.confidence;
  Table table{.title = "Does a simpler class contain one of them?",
              .columns = {"class", fmt::format("P({:g} models meet it) >=", options.subset),
                          fmt::format("models for {:g} %", 100 * options.confidence), "loss within"},
              .rows = {},
              .formats = {"", ".4g", "", ".3f"}};
  for (const ClassResult& c : result.classes) {
    if (!std::isfinite(c.ratio.log10_ratio)) continue;
    const double log_models = c.log_models.value_or(0);
    table.rows.push_back({c.name, json_number(subset_hit_bound(c.ratio.log10_ratio, options.subset)),
                          power_text(log10_subset_size(c.ratio.log10_ratio, eps)),
                          c.log_models ? json_number(finite_class_bound(
                                             options.theta, 1, result.table.records(), log_models, eps))
                                       : Json("")});
  }
  return table;
}

Figure curve_figure(const RashomonResult& result) {
  Figure figure{
      .name = "curve",
      .title = "Rashomon curve",
      .caption =
          "Each point is a class, the simplest on the right. Where the loss has stopped falling, deeper "
          "trees only make good models rarer: the elbow. Bars are one standard error.",
      .x = {.label = "log10 of the Rashomon ratio", .log = false, .low = {}, .high = {}},
      .y = {.label = "loss", .log = false, .low = 0.0, .high = {}},
      .series = {}};
  Series line = empty_series("", Series::Style::line, 0),
         training = empty_series("training loss", Series::Style::points, 0);
  Series test_line = empty_series("", Series::Style::dashed, 1),
         test = empty_series("test loss", Series::Style::points, 1);
  for (const ClassResult& c : result.classes) {
    if (c.depth == 0 || !std::isfinite(c.ratio.log10_ratio)) continue;
    training.x.push_back(c.ratio.log10_ratio), training.y.push_back(loss_of(c.best_errors, result));
    if (!c.test_loss) continue;
    test.x.push_back(c.ratio.log10_ratio), test.y.push_back(*c.test_loss);
    test.low.push_back(*c.test_loss - *c.test_error), test.high.push_back(*c.test_loss + *c.test_error);
  }
  line.x = training.x, line.y = training.y;
  test_line.x = test.x, test_line.y = test.y;
  figure.series = {std::move(line), std::move(training)};
  if (!test.x.empty())
    figure.series.push_back(std::move(test_line)), figure.series.push_back(std::move(test));
  if (result.elbow) {
    const ClassResult& at = result.classes[*result.elbow];
    Series mark = empty_series(fmt::format("elbow: depth {}", at.depth), Series::Style::points, 2);
    mark.x = {at.ratio.log10_ratio}, mark.y = {loss_of(at.best_errors, result)};
    figure.series.push_back(std::move(mark));
  }
  return figure;
}

Figure theta_figure(const RashomonOptions& options, const RashomonResult& result) {
  Figure figure{.name = "theta",
                .title = "Ratio against theta",
                .caption = fmt::format("How the set grows with what counts as almost as good ({}).",
                                       options.theta_kind),
                .x = {.label = "theta", .log = false, .low = {}, .high = {}},
                .y = {.label = "log10 of the Rashomon ratio", .log = false, .low = {}, .high = {}},
                .series = {}};
  for (const ClassResult& c : result.classes) {
    Series line{.label = c.name, .style = Series::Style::line, .x = {}, .y = {}, .low = {}, .high = {}};
    for (const ClassResult::AtTheta& at : c.by_theta) {
      if (!std::isfinite(at.ratio.log10_ratio)) continue;
      line.x.push_back(at.theta), line.y.push_back(at.ratio.log10_ratio);
    }
    if (line.x.size() > 1) figure.series.push_back(std::move(line));
  }
  return figure;
}

// How many trees use each feature, the most used first; leaves and depths.
void add_member_tables(const RashomonResult& result, Report& report) {
  if (result.members.empty()) return;
  const double count = static_cast<double>(result.members.size());
  Table members{.title = fmt::format("Members of the set: {}", result.members_of),
                .columns = {"errors", "model"},
                .rows = {},
                .formats = {}};
  std::map<int, double> used;
  double leaves = 0;
  for (const Member& member : result.members) {
    std::map<int, bool> own;
    std::string text;
    if (member.tree) {
      leaves += static_cast<double>(member.tree->leaves()) / count;
      for (const TreeNode& node : member.tree->nodes)
        if (node.feature >= 0) own[node.feature] = true;
      text = tree_text(*member.tree, result.table.features, result.table.classes);
    } else {
      for (Eigen::Index f = 0; f + 1 < member.weights.size(); ++f)
        text +=
            fmt::format("{:+.3g} {} ", member.weights(f), result.table.features[static_cast<std::size_t>(f)]);
      text += fmt::format("{:+.3g} > 0", member.weights(member.weights.size() - 1));
    }
    for (const auto& [feature, yes] : own) used[feature] += 1 / count;
    if (members.rows.size() < shown_members) members.rows.push_back({member.errors, std::move(text)});
  }
  report.tables.push_back(std::move(members));
  if (used.empty()) return;
  report.metric("member_leaves", leaves);
  std::vector<std::pair<double, int>> ranked;
  for (const auto& [feature, share] : used) ranked.emplace_back(-share, feature);
  std::ranges::sort(ranked);
  Table features{
      .title = fmt::format("What {} members use ({:.1f} leaves on average)", result.members.size(), leaves),
      .columns = {"feature", "share of the members"},
      .rows = {},
      .formats = {"", ".2f"}};
  for (std::size_t k = 0; k < std::min(ranked.size(), shown_features); ++k)
    features.rows.push_back(
        {result.table.features[static_cast<std::size_t>(ranked[k].second)], -ranked[k].first});
  report.tables.push_back(std::move(features));
}

Json members_json(const RashomonOptions& options, const RashomonResult& result) {
  Json list = Json::array();
  for (const Member& member : result.members) {
    Json one{{"errors", member.errors}};
    if (member.tree) {
      one["leaves"] = member.tree->leaves();
      one["depth"] = member.tree->depth();
      one["tree"] = tree_json(*member.tree, result.table.features, result.table.classes);
    } else {
      for (Eigen::Index f = 0; f + 1 < member.weights.size(); ++f)
        one["weights"][result.table.features[static_cast<std::size_t>(f)]] = json_number(member.weights(f));
      one["intercept"] = json_number(member.weights(member.weights.size() - 1));
    }
    list.push_back(std::move(one));
  }
  return {{"table", options.table.name()},   {"target", result.table.target},
          {"classes", result.table.classes}, {"records", result.table.records()},
          {"class", result.members_of},      {"members", std::move(list)}};
}

Table ridge_table(const RashomonResult& result) {
  Table table{.title = "Rashomon volume of ridge regression (standardised features)",
              .columns = {"C", "features", "loss J", "theta", "log10 volume", "log10 ratio",
                          "shortest semi-axis", "longest"},
              .rows = {},
              .formats = {"", "", ".5g", ".4g", ".5g", ".5g", ".4g", ".4g"}};
  for (const RidgeResult& r : result.ridges) {
    const double volume = r.set.log_volume / std::numbers::ln10;
    table.rows.push_back({r.model.C, r.set.center.size(), json_number(r.set.loss), json_number(r.set.theta),
                          json_number(volume),
                          r.log10_prior ? json_number(volume - *r.log10_prior) : Json(""),
                          json_number(r.set.shortest_semi_axis()), json_number(r.set.longest_semi_axis())});
  }
  return table;
}

void add_ridge(const RashomonResult& result, Report& report) {
  if (result.ridges.empty()) return;
  report.tables.push_back(ridge_table(result));
  const RidgeResult& first = result.ridges.front();
  const double volume = first.set.log_volume / std::numbers::ln10;
  report.metric("log10_volume_ridge", volume);
  if (first.log10_prior) report.metric("log10_ratio_ridge", volume - *first.log10_prior);
  report.metric("shortest_semi_axis", first.set.shortest_semi_axis());
  report.notes.push_back(
      "The volume of ridge regression depends on the features, C, theta and their number, not on the target. "
      "A cover of "
      "the weights by balls as wide as the shortest semi-axis contains a member.");
  for (const RidgeResult& r : result.ridges)
    if (r.sticks_out)
      report.notes.push_back(
          "The set reaches out of the prior's ball or box: the ratio of the volumes is above the true "
          "share.");
}

// The metrics of a class end in its depth, or in "linear".
void add_metrics(const RashomonResult& result, Report& report) {
  for (const ClassResult& c : result.classes) {
    const std::string suffix = c.depth > 0 ? fmt::format("_{}", c.depth) : "_linear";
    if (std::isfinite(c.ratio.log10_ratio)) {
      report.metric("log10_ratio" + suffix, c.ratio.log10_ratio);
      report.metric("log10_error" + suffix, c.ratio.log10_error);
    }
    report.metric("log10_upper" + suffix, c.ratio.log10_upper);
    report.metric("best_errors" + suffix, c.best_errors);
    report.metric("errors_allowed" + suffix, static_cast<double>(c.limit));
    report.metric("training_loss" + suffix, loss_of(c.best_errors, result));
    if (c.test_loss) report.metric("test_loss" + suffix, *c.test_loss);
  }
  if (result.elbow) {
    report.metric("elbow", result.classes[*result.elbow].depth);
    if (const auto& test = result.classes[*result.elbow].test_loss) report.metric("elbow_test_loss", *test);
  }
  report.metric("members", static_cast<double>(result.members.size()));
}

void add_notes(const RashomonResult& result, Report& report) {
  for (const ClassResult& c : result.classes) {
    if (static_cast<double>(c.limit) < c.best_errors)
      report.notes.push_back(
          fmt::format("{}: the reference allows {} errors, the best model known makes {:.0f}: nothing is "
                      "known to be in the set.",
                      c.name, c.limit, c.best_errors));
    else if (!c.ratio.exact && !std::isfinite(c.ratio.log10_ratio))
      report.notes.push_back(fmt::format("{}: no model of the set was met; its ratio is below {} (95 %).",
                                         c.name, power_text(c.ratio.log10_upper)));
    else if (!c.ratio.exact && !(c.ratio.log10_error <= 0.3))
      report.notes.push_back(fmt::format(
          "{}: a few models carry the whole ratio, which may be off by more than its error; more samples "
          "or --method splitting would tell.",
          c.name));
  }
  if (result.elbow) {
    const ClassResult& at = result.classes[*result.elbow];
    report.notes.push_back(fmt::format(
        "The elbow is depth {}: {} of its trees make at most {} errors (best {:.0f} of {}){}.", at.depth,
        power_text(at.ratio.log10_ratio), at.limit, at.best_errors, result.table.records(),
        at.test_loss ? fmt::format("; test loss {:.4f} ± {:.2g}", *at.test_loss, *at.test_error) : ""));
  }
  if (result.classes.empty()) return;
  report.notes.push_back(
      "Ratios are of training errors and depend on the prior and the reference; test losses are "
      "cross-validated. The "
      "ratio is no VC dimension, stability, margin or flatness. lehr stats spread is the quick check beside "
      "it.");
}

Json classes_json(const RashomonResult& result) {
  Json list = Json::array();
  for (const ClassResult& c : result.classes) {
    Json thetas = Json::array();
    for (const ClassResult::AtTheta& at : c.by_theta)
      thetas.push_back({{"theta", at.theta}, {"log10_ratio", json_number(at.ratio.log10_ratio)}});
    list.push_back({{"class", c.name},
                    {"best_errors", c.best_errors},
                    {"best_from", c.best_from},
                    {"reference_errors", c.reference_errors},
                    {"errors_allowed", c.limit},
                    {"method", c.method},
                    {"exact", c.ratio.exact},
                    {"log10_ratio", json_number(c.ratio.log10_ratio)},
                    {"log10_error", json_number(c.ratio.log10_error)},
                    {"log10_upper", json_number(c.ratio.log10_upper)},
                    {"test_loss", optional_json(c.test_loss)},
                    {"test_loss_error", optional_json(c.test_error)},
                    {"by_theta", std::move(thetas)}});
  }
  return list;
}

std::string curve_csv(const RashomonResult& result) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> names;
  std::vector<double> ratio, error, upper, training, test;
  for (const ClassResult& c : result.classes) {
    names.push_back(c.name);
    ratio.push_back(c.ratio.log10_ratio), error.push_back(c.ratio.log10_error),
        upper.push_back(c.ratio.log10_upper);
    training.push_back(loss_of(c.best_errors, result)), test.push_back(c.test_loss.value_or(nan));
  }
  const std::vector<CsvColumn> columns = {
      {"class", names},       {"log10_ratio", ratio},      {"log10_error", error},
      {"log10_upper", upper}, {"training_loss", training}, {"test_loss", test}};
  return csv_text(columns);
}

}  // namespace

Report rashomon_report(const RashomonOptions& options, const RashomonResult& result, TaskContext& context) {
  Report report;
  report.title = fmt::format("Rashomon sets of {}: theta = {:g} ({})", options.table.name(), options.theta,
                             options.theta_kind);
  report.notes = result.notes;
  report.tables.push_back(labelled_table_summary(result.table, options.table.name()));
  if (!result.classes.empty()) {
    report.tables.push_back(classes_table(result));
    report.tables.push_back(existence_table(options, result));
    report.artifacts.push_back(
        {.name = "curve", .extension = "csv", .content = curve_csv(result), .path = {}});
  }
  const auto drawn = std::ranges::count_if(
      result.classes, [](const ClassResult& c) { return c.depth > 0 && std::isfinite(c.ratio.log10_ratio); });
  if (drawn > 1) report.figures.push_back(curve_figure(result));
  if (Figure figure = theta_figure(options, result); !figure.series.empty())
    report.figures.push_back(std::move(figure));
  add_metrics(result, report);
  add_member_tables(result, report);
  add_ridge(result, report);
  add_notes(result, report);

  const Json members = members_json(options, result);
  if (!result.members.empty())
    report.artifacts.push_back(
        {.name = "members", .extension = "json", .content = members.dump(1) + "\n", .path = {}});
  if (!options.trees.empty()) write_file_atomically(context.resolve(options.trees), members.dump(1) + "\n");
  report.json = {{"table", options.table.name()},
                 {"records", result.table.records()},
                 {"features", result.table.features.size()},
                 {"theta", options.theta},
                 {"theta_kind", options.theta_kind},
                 {"classes", classes_json(result)},
                 {"elbow", result.elbow ? Json(result.classes[*result.elbow].depth) : Json()},
                 {"members_of", result.members_of},
                 {"members", members["members"]},
                 {"notes", report.notes}};
  for (const RidgeResult& r : result.ridges) {
    const double volume = r.set.log_volume / std::numbers::ln10;
    report.json["ridge"].push_back(
        {{"C", r.model.C},
         {"loss", json_number(r.set.loss)},
         {"theta", json_number(r.set.theta)},
         {"log10_volume", json_number(volume)},
         {"log10_ratio", r.log10_prior ? json_number(volume - *r.log10_prior) : Json()},
         {"shortest_semi_axis", json_number(r.set.shortest_semi_axis())}});
  }
  return report;
}

}  // namespace lehr::command
