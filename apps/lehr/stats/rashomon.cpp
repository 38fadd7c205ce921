#include "apps/lehr/stats/rashomon.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::command {

using namespace stats;

void RashomonOptions::describe(OptionTable& option) {
  table.describe(option);
  option.add("class", classes, "classes of models: tree:depth=1..7, linear, ridge:C=1,radius=10");
  option.add("theta", theta, "how much worse than the reference a model may be (ridge: of the loss J)")
      .at_least(0);
  option.add("theta_kind", theta_kind, "absolute: loss + theta; relative: (1 + theta) loss")
      .choices({"absolute", "relative"});
  option.add("method", method, "how the ratio is found; auto: exact where it can be, else rao-blackwell")
      .choices({"auto", "exact", "rao-blackwell", "importance", "naive", "splitting"});
  option
      .add("samples", samples,
           "trees (rao-blackwell: split structures; linear: great circles, a tenth as many)")
      .range(100, 1e9);
  option.add("flip", flip, "importance: probability of a label that is not a leaf's majority")
      .above(0)
      .below(1);
  option
      .add("reference", reference,
           "the loss that theta is added to: of the best tree known, of CART, or given")
      .choices({"best", "cart", "given"});
  option.add("reference_loss", reference_loss, "that loss, for reference = given").range(0, 1);
  option.add("splits", splits, "prior of a threshold: uniform on the feature's range, or on the midpoints")
      .choices({"range", "midpoints"});
  option
      .add("depth_penalty", depth_penalty, "g: a node at depth k splits with probability g^k; 1: full trees")
      .above(0)
      .range(0, 1);
  option.add("folds", folds, "of the cross-validation that gives test losses; 0: none").range(0, 1000);
  option.add("members", members, "models to draw from the set").range(0, 1e5);
  option.add("member_depth", member_depth, "their depth; 0: the elbow's").range(0, deepest_tree);
  option.add("trees", trees, "JSON file for the members");
  option.add("memory", memory, "for the exact recursion; beyond it, sampling takes over")
      .unit("MiB")
      .range(1, 1e6);
  option.add("confidence", confidence, "of the statements about existence").above(0).below(1);
  option.add("subset", subset, "models of a simpler class, for the probability that it meets the set")
      .range(1, 1e15);
  option.group("splitting", splitting);
}

Tolerance RashomonOptions::tolerance() const {
  return {.theta = theta, .kind = theta_kind == "absolute" ? ThetaKind::absolute : ThetaKind::relative};
}

TreePrior RashomonOptions::prior() const {
  return {.splits = splits == "range" ? Splits::range : Splits::midpoints, .depth_penalty = depth_penalty};
}

void set_reference(const RashomonOptions& options, double class_best, std::optional<double> cart,
                   ClassResult& result, std::int64_t records) {
  result.best_errors = class_best;
  result.reference_errors = class_best;
  if (options.reference == "cart" && cart) result.reference_errors = *cart;
  if (options.reference == "given")
    result.reference_errors = *options.reference_loss * static_cast<double>(records);
  result.limit = options.tolerance().error_limit(result.reference_errors, records);
}

bool is_interrupted(const TaskContext& context) {
  return context.observers.interrupted != nullptr && context.observers.interrupted->load();
}

Observers observers_for(const RashomonOptions& options, const std::string& purpose,
                        const TaskContext& context) {
  Observers observers = context.observers;
  observers.checkpoints.path.clear();
  if (context.directory.empty()) return observers;
  std::filesystem::create_directories(context.directory);
  RashomonOptions own = options;
  const std::uint64_t print = lane(describe(own).values().dump() + purpose);
  observers.checkpoints.path = context.directory / fmt::format("checkpoint-{:016x}.safetensors", print);
  return observers;
}

std::vector<double> shown_thetas(const RashomonOptions& options) {
  std::vector<double> thetas;
  for (int k = 0; k <= 10; ++k) thetas.push_back(options.theta * k / 10);
  return thetas;
}

namespace {

Report rashomon(const RashomonOptions& options, TaskContext& context) {
  if (options.reference == "given" && !options.reference_loss)
    throw InvalidInput("reference = given needs reference_loss");
  if (options.classes.empty()) throw InvalidInput("class: give at least one class of models");
  std::vector<ModelClass> models;
  for (const std::string& text : options.classes) models.push_back(parse_model_class(text));
  const bool only_ridge =
      std::ranges::all_of(models, [](const ModelClass& m) { return m.kind == ModelClass::Kind::ridge; });
  RashomonResult result;
  result.table = options.table.load(context, only_ridge && options.table.positive.empty());
  result.notes = result.table.notes;
  if (result.table.records() < options.folds && !only_ridge)
    throw InvalidInput("folds: {} are more than the {} records", options.folds, result.table.records());
  for (const ModelClass& model : models) {
    if (model.kind == ModelClass::Kind::tree) study_trees(options, model, context, result);
    if (model.kind == ModelClass::Kind::linear) study_linear(options, context, result);
    if (model.kind == ModelClass::Kind::ridge) study_ridge(options, model, context, result);
  }
  return rashomon_report(options, result, context);
}

}  // namespace

Task stats_rashomon_task() {
  return make_task<RashomonOptions>(
      "stats.rashomon", "", "does a simple model exist: how many models of a class are almost the best",
      "Reads a labelled table and measures the Rashomon ratio of decision trees of each depth, of linear "
      "classifiers, "
      "or the Rashomon volume of ridge regression: the share of all models of the class, under its prior, "
      "that are at "
      "most theta worse than the best one. A large ratio says that many different models are as good, and "
      "that a simple, "
      "auditable one is likely among them. On up to 24 features of 0 and 1 the ratio of trees is exact; "
      "elsewhere the "
      "splits are sampled and the labels counted. The curve of ratio and loss over the depths has an elbow, "
      "which is the "
      "depth to choose; members of the set are drawn as concrete trees.",
      {"stats rashomon data.csv --target y",
       "stats rashomon data.csv --class tree:depth=1..4 linear --theta 0.02",
       "stats rashomon data.csv --method splitting --members 100 --trees trees.json",
       "stats rashomon data.csv --class ridge:C=1,radius=10 --theta 3"},
      rashomon);
}

}  // namespace lehr::command
