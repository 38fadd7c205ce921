// What `lehr diffusion guide` shows: rewards against the baselines and the exact target, diversity, likelihood, the course.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>

#include "apps/lehr/diffusion/guide.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

constexpr std::size_t shown_designs = 10;
constexpr Index shown_levels = 12;

std::vector<double> feasible(const Eigen::VectorXd& rewards) {
  std::vector<double> values;
  for (const double r : rewards)
    if (!std::isnan(r)) values.push_back(r);
  return values;
}

double unique_share(const Eigen::MatrixXd& x) {
  std::set<std::vector<double>> different;
  for (const auto& column : x.colwise()) different.emplace(column.begin(), column.end());
  return static_cast<double>(different.size()) / static_cast<double>(x.cols());
}

// Sequences: the mean share of positions in which two designs differ; points: the root mean squared distance of two designs.
double diversity(const GuideProblem& problem, const Eigen::MatrixXd& x) {
  const auto n = static_cast<double>(x.cols());
  if (n < 2) return 0;
  if (!problem.discrete()) return std::sqrt(2 * (x.colwise() - x.rowwise().mean()).squaredNorm() / (n - 1));
  double sum = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    double same = 0;
    for (Index k = 0; k < problem.model.symbols; ++k) {
      const auto count = static_cast<double>((x.row(i).array() == static_cast<double>(k)).count());
      same += count * (count - 1);
    }
    sum += 1 - same / (n * (n - 1));
  }
  return sum / static_cast<double>(x.rows());
}

// Unknown numbers leave their cell empty.
Json cell(double value) { return std::isnan(value) ? Json("") : json_number(value); }

// What is compared among methods.
struct Scores {
  double mean = 0, error = 0, median = 0, best = 0, feasible = 0, unique = 0, diversity = 0, log_prior = 0;
  double distance = std::nan(""), first_two = std::nan("");  // from the target
};

// Total variation between the target's rewards and these; rewards that the target cannot have stand apart.
double reward_distance(const RewardLaw& law, const std::vector<double>& rewards) {
  Eigen::VectorXd shares = Eigen::VectorXd::Zero(law.target.size());
  const double one = 1.0 / static_cast<double>(rewards.size());
  double outside = 0;
  for (const double r : rewards) {
    const auto found = std::ranges::lower_bound(law.levels, r - 1e-7);
    if (found == law.levels.end() || *found > r + 1e-7)
      outside += one;
    else
      shares[found - law.levels.begin()] += one;
  }
  return total_variation(law.target, shares) + 0.5 * outside;
}

Scores scores_of(const GuideProblem& problem, const GuideTarget& target, const GuidedDesigns& designs) {
  Scores scores;
  const std::vector<double> rewards = feasible(designs.rewards);
  scores.feasible = static_cast<double>(rewards.size()) / static_cast<double>(designs.rewards.size());
  scores.unique = unique_share(designs.x);
  scores.diversity = diversity(problem, designs.x);
  scores.log_prior = designs.log_prior.mean();
  if (rewards.empty()) return scores;
  scores.mean = stats::mean(rewards), scores.median = stats::median(rewards);
  scores.error = rewards.size() > 1 ? stats::standard_error(rewards) : 0;
  scores.best = *std::ranges::max_element(rewards);
  if (target.law) scores.distance = reward_distance(*target.law, rewards);
  if (target.points.cols() > 1 && designs.x.cols() > 1)
    scores.distance = sliced_wasserstein(designs.x, target.points);
  if (target.first_two.size() > 0) {
    Eigen::VectorXd two = Eigen::VectorXd::Zero(target.first_two.size());
    for (const auto& x : designs.x.colwise())
      two[static_cast<Index>(static_cast<double>(problem.model.symbols) * x[0] + x[1])] +=
          1.0 / static_cast<double>(designs.x.cols());
    scores.first_two = total_variation(two, target.first_two);
  }
  return scores;
}

// Mean total variation between a law and the histogram of n draws from it: half the sum of sqrt(2 p (1 - p) / (pi n)).
double histogram_floor(const Eigen::VectorXd& law, Index n) {
  return 0.5 *
         (2 * law.array() * (1 - law.array()) / (std::numbers::pi * static_cast<double>(n))).sqrt().sum();
}

void add_metrics(Report& report, const std::string& prefix, const GuideProblem& problem, const Scores& scores,
                 const GuidedDesigns& designs) {
  report.metric(prefix + "mean_reward", scores.mean);
  report.metric(prefix + "mean_reward_se", scores.error);
  report.metric(prefix + "median_reward", scores.median);
  report.metric(prefix + "best_reward", scores.best);
  report.metric(prefix + "feasible_share", scores.feasible);
  report.metric(prefix + "unique_share", scores.unique);
  report.metric(prefix + "diversity", scores.diversity);
  if (std::isfinite(scores.log_prior)) report.metric(prefix + "log_prior", scores.log_prior);
  if (std::isfinite(scores.distance))
    report.metric(prefix + (problem.discrete() ? "reward_tv" : "sw2"), scores.distance);
  if (std::isfinite(scores.first_two)) report.metric(prefix + "first_two_tv", scores.first_two);
  report.metric(prefix + "reward_calls", static_cast<double>(designs.reward_calls));
  report.metric(prefix + "nfe", static_cast<double>(designs.model_calls));
  if (designs.founders >= 0) report.metric(prefix + "founders", static_cast<double>(designs.founders));
}

std::vector<Json> method_row(const std::string& name, const Scores& s, const GuidedDesigns& designs) {
  return {name,
          cell(s.mean),
          cell(s.error),
          cell(s.median),
          cell(s.best),
          cell(s.unique),
          cell(s.diversity),
          cell(s.log_prior),
          cell(s.distance),
          designs.model_calls,
          designs.reward_calls};
}

Table methods_table(const GuideProblem& problem) {
  return {.title = "Rewards",
          .columns = {"method", "mean", "standard error", "median", "best", "unique", "diversity",
                      "mean ln p", problem.discrete() ? "TV of rewards from target" : "sliced W2 from target",
                      "NFE", "reward calls"},
          .rows = {},
          .formats = {"", ".4g", ".2g", ".4g", ".4g", ".3f", ".3f", ".4g", ".3f", "", ""}};
}

void add_target(Report& report, const GuideFindings& findings, Table& methods) {
  const GuideTarget& target = findings.target;
  if (!target.known()) return;
  report.metric("target_mean", target.mean);
  report.metric("target_temperature", target.temperature);
  report.metric("prior_mean", target.prior_mean);
  std::vector<Json> row(methods.columns.size(), Json(""));
  row[0] = fmt::format("exact target at temperature {:g}", target.temperature);
  row[1] = json_number(target.mean);
  const Index designs = findings.main.x.cols();
  if (target.law) {
    report.metric("log_normaliser", target.law->log_normaliser);
    const double floor = histogram_floor(target.law->target, designs);
    report.metric("reward_tv_floor", floor);
    if (target.first_two.size() > 0)
      report.metric("first_two_tv_floor", histogram_floor(target.first_two, designs));
    row[8] = json_number(floor);
    report.notes.push_back(fmt::format(
        "{} draws from the target itself have a total variation of about {:.3f} from it; it stands "
        "in the target's row.",
        designs, floor));
  } else {
    report.metric("target_mean_se", target.mean_error), report.metric("target_ess", target.ess);
    row[2] = json_number(target.mean_error);
    report.notes.push_back(
        fmt::format("The target is known by 100000 draws of the mixture, reweighted (effective sample size "
                    "{:.0f}).",
                    target.ess));
  }
  methods.rows.push_back(std::move(row));
}

Table best_designs(const GuideProblem& problem, const GuidedDesigns& designs) {
  Table table{.title = "Best designs",
              .columns = {"design", "reward", "ln p"},
              .rows = {},
              .formats = {"", ".6g", ".5g"}};
  std::vector<Index> order;
  for (Index i = 0; i < designs.rewards.size(); ++i)
    if (!std::isnan(designs.rewards[i])) order.push_back(i);
  std::ranges::stable_sort(order, std::ranges::greater(),
                           [&](Index i) { return std::pair(designs.rewards[i], designs.log_prior[i]); });
  std::set<std::string> seen;
  for (const Index i : order) {
    const std::string text = problem.spell(designs.x.col(i));
    if (!seen.insert(text).second) continue;
    table.rows.push_back({text, json_number(designs.rewards[i]), json_number(designs.log_prior[i])});
    if (seen.size() == shown_designs) break;
  }
  return table;
}

Table calibration_table(const LinearValue& value) {
  Table table{.title = "Learnt values by noise level",
              .columns = {"t", "R^2", "mean value", "mean reward", "value of the top tenth",
                          "reward of the top tenth"},
              .rows = {},
              .formats = {".3f", ".3f", ".3f", ".3f", ".3f", ".3f"}};
  const Index levels = value.r_squared.size() - 1;
  const Index stride = std::max<Index>(1, (levels + shown_levels - 1) / shown_levels);
  for (Index l = 0; l < levels; l += stride)
    table.rows.push_back({json_number(value.times[static_cast<std::size_t>(l)]),
                          json_number(value.r_squared[l]), json_number(value.calibration(0, l)),
                          json_number(value.calibration(1, l)), json_number(value.calibration(2, l)),
                          json_number(value.calibration(3, l))});
  return table;
}

std::string trace_csv(const GuidanceTrace& trace) {
  std::string text = fmt::format("step,{}\n", fmt::join(GuidanceTrace::names(), ","));
  for (Index i = 0; i < trace.size(); ++i) {
    const GuidanceStep s = trace.step(i);
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", i + 1, s.time, s.temperature, s.candidates,
                        s.mean_value, s.best_value, s.spread, s.ess, s.revealed, s.infeasible, s.reward_calls,
                        s.model_calls);
  }
  return text;
}

void add_notes(const GuideOptions& options, const GuideProblem& problem, const GuideFindings& findings,
               const Scores& scores, Report& report) {
  const GuidedDesigns& main = findings.main;
  if (main.method == "svdd" && main.trace.size() > 0 &&
      main.trace.step(main.trace.size() - 1).temperature == 0)
    report.notes.push_back(
        "Temperature 0 keeps the best candidate of every step: designs overshoot any target of a temperature "
        "above 0. Look at ln p.");
  const bool roomy = !problem.discrete() || number_of_sequences(problem.model.rows, problem.model.symbols) >
                                                4 * static_cast<double>(main.x.cols());
  if (scores.unique < 0.5 && roomy)
    report.notes.push_back(fmt::format("Only {:.0f} % of the designs are different.", 100 * scores.unique));
  for (const std::string& failure : findings.failures) report.notes.push_back(failure);
  double infeasible = 0;
  for (Index i = 0; i < main.trace.size(); ++i) infeasible += main.trace.step(i).infeasible;
  if (infeasible > 0)
    report.notes.push_back(fmt::format("{:.0f} of {} choices had no candidate that the reward could score.",
                                       infeasible, main.x.cols() * main.trace.size()));
  if (problem.discrete() && problem.model.steps() < 2 * problem.model.rows)
    report.notes.push_back(
        fmt::format("{} steps for {} positions: positions that are revealed in one step are drawn "
                    "independently; take {} or more for exactness.",
                    problem.model.steps(), problem.model.rows, 2 * problem.model.rows));
  if (findings.value_reward_calls > 0)
    report.notes.push_back(fmt::format("Learning the values took {} rewards and {} model calls more.",
                                       findings.value_reward_calls, findings.value_model_calls));
  if (problem.worker) {
    report.notes.push_back(fmt::format("The worker scored {} different designs of {} asked for.",
                                       problem.remembered->scored(), problem.remembered->asked()));
    const WorkerCounts& counts = problem.worker->counts();
    if (counts.failures > 0)
      report.notes.push_back(
          fmt::format("{} designs got no answer from the worker and count as infeasible, the last one "
                      "because: {}.",
                      counts.failures, problem.worker->last_failure()));
  }
  if (!options.save.empty()) report.notes.push_back(fmt::format("The designs are in {}.", options.save));
}

}  // namespace

std::string designs_csv(const GuideProblem& problem, const GuidedDesigns& designs) {
  std::string text;
  if (problem.discrete()) {
    text = "sequence";
  } else {
    for (Index i = 0; i < designs.x.rows(); ++i) text += fmt::format("{}x{}", i > 0 ? "," : "", i);
  }
  text += ",reward,log_prior\n";
  for (Index c = 0; c < designs.x.cols(); ++c) {
    if (problem.discrete()) {
      const std::string spelled = problem.spell(designs.x.col(c));
      text += spelled.find_first_of(",\"") == std::string::npos ? spelled : "\"" + spelled + "\"";
    } else {
      text += fmt::format("{}", fmt::join(designs.x.col(c), ","));
    }
    text += fmt::format(",{},{}\n", designs.rewards[c], designs.log_prior[c]);
  }
  return text;
}

Report guide_report(const GuideOptions& options, const GuideProblem& problem, const GuideFindings& findings) {
  Report report;
  const GuidedDesigns& main = findings.main;
  const bool valued = main.method == "svdd" || main.method == "twisted_smc";
  report.title = fmt::format("{}{}: {}", main.method, valued ? "_" + options.value : "", problem.title);
  Table methods = methods_table(problem);
  const Scores scores = scores_of(problem, findings.target, main);
  add_metrics(report, "", problem, scores, main);
  methods.rows.push_back(method_row(main.method + (valued ? " (" + options.value + ")" : ""), scores, main));
  for (const GuidedDesigns& other : findings.others) {
    const Scores others = scores_of(problem, findings.target, other);
    add_metrics(report, other.method + "_", problem, others, other);
    methods.rows.push_back(method_row(other.method, others, other));
  }
  add_target(report, findings, methods);
  report.tables.push_back(std::move(methods));
  report.tables.push_back(best_designs(problem, main));
  if (findings.value) {
    const Index levels = findings.value->r_squared.size() - 1;
    report.metric("value_reward_calls", static_cast<double>(findings.value_reward_calls));
    report.metric("value_nfe", static_cast<double>(findings.value_model_calls));
    report.metric("value_r_squared", findings.value->r_squared.head(levels).mean());
    report.metric("value_r_squared_last", findings.value->r_squared[levels - 1]);
    report.tables.push_back(calibration_table(*findings.value));
  }
  report.figures = guide_figures(problem, findings);
  report.artifacts.push_back(
      {.name = "designs", .extension = "csv", .content = designs_csv(problem, main), .path = {}});
  report.artifacts.push_back(
      {.name = "trace", .extension = "csv", .content = trace_csv(main.trace), .path = {}});
  add_notes(options, problem, findings, scores, report);
  return report;
}

}  // namespace lehr::command
