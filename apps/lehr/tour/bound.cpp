#include "apps/lehr/tour/bound.hpp"

#include <cmath>

#include "apps/lehr/figures.hpp"
#include "apps/lehr/tour/problem_source.hpp"
#include "apps/lehr/tour/solve_methods.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/tour/asymmetric.hpp"
#include "lehr/tour/one_tree_bound.hpp"

namespace lehr::command {

using namespace tour;

namespace {

struct Bounded {
  Problem problem;
  std::optional<TourReference> reference;
  double bound = 0, seconds = 0;
  std::vector<double> certified, candidate;  // step by step

  std::optional<double> gap() const {
    if (!reference) return std::nullopt;
    return 100 * (1 - bound / reference->length);
  }
};

class Bounder {
 public:
  Bounder(const TourBoundOptions& options, TaskContext& context)
      : options_(options), context_(context), references_(options.reference, context) {}

  std::vector<Bounded> run() {
    std::vector<Problem> problems = load_problems(options_.file, options_.line, options_.metric, context_);
    std::vector<Bounded> all;
    for (Problem& problem : problems) {
      auto reference = references_.of(problem);
      all.push_back(bound(std::move(problem), std::move(reference), problems.size() == 1));
    }
    return all;
  }

 private:
  Bounded bound(Problem problem, std::optional<TourReference> reference, bool alone) const {
    Bounded result{
        .problem = std::move(problem), .reference = std::move(reference), .certified = {}, .candidate = {}};
    SymmetricForm form;
    if (result.problem.is_directed()) form = symmetric_form(result.problem.directed, result.problem.cities());
    const Instance& instance = result.problem.is_directed() ? form.instance : result.problem.instance;
    const Neighbours neighbours = nearest_neighbours(instance, static_cast<int>(options_.neighbours));
    const OneTreeBound method{.instance = &instance,
                              .neighbours = &neighbours,
                              .step = options_.step,
                              .iterations = options_.iterations,
                              .exact_every = options_.exact_every};
    Observers observers =
        alone ? context_.observers_with_checkpoints(course_of(result.problem)) : context_.observers;
    observers.list.push_back({.see =
                                  [&](const Moment& now, const Row& row) {
                                    result.certified.push_back(*row.find("bound") - form.offset);
                                    result.candidate.push_back(*row.find("candidate_bound") - form.offset);
                                    return now.step + 1;
                                  },
                              .end = {}});
    const auto run = drive(method, Budget::steps(options_.iterations), context_.seed, observers);
    result.bound = run.state.bound - form.offset, result.seconds = run.used.seconds;
    return result;
  }

  Json course_of(const Problem& problem) const {
    TourBoundOptions options = options_;
    options.reference.clear();
    Json values = describe(options).values();
    values["problem"] = fmt::format("{} ({} cities)", problem.title(), problem.cities());
    return values;
  }

  const TourBoundOptions& options_;
  TaskContext& context_;
  ReferenceLengths references_;
};

Figure course_figure(const Bounded& one) {
  Figure figure = empty_figure("bound", "The bound over the ascent",
                               "Of the candidate graph at every step, and certified on the complete graph.",
                               "step", "length");
  Series candidate = empty_series("candidate graph", Series::Style::line),
         certified = empty_series("certified", Series::Style::line);
  // The first steps are far below what is of interest.
  const double floor = one.bound - 0.05 * std::abs(one.bound);
  for (std::size_t i = 0; i < one.candidate.size(); ++i) {
    const auto step = static_cast<double>(i + 1);
    if (one.candidate[i] > floor) candidate.x.push_back(step), candidate.y.push_back(one.candidate[i]);
    if (one.certified[i] > floor) certified.x.push_back(step), certified.y.push_back(one.certified[i]);
  }
  figure.series = {std::move(candidate), std::move(certified)};
  if (one.reference) {
    Series line = empty_series("reference", Series::Style::dashed);
    line.x = {1, static_cast<double>(one.candidate.size())},
    line.y = {one.reference->length, one.reference->length};
    figure.series.push_back(std::move(line));
  }
  return figure;
}

Report bound_tours(const TourBoundOptions& options, TaskContext& context) {
  const std::vector<Bounded> all = Bounder(options, context).run();
  Report report;
  report.title = all.size() == 1 ? fmt::format("A lower bound for {}", all.front().problem.title())
                                 : fmt::format("Lower bounds for {} problems", all.size());
  double bound = 0, gap = 0, least = 1e300, most = -1e300;
  std::size_t compared = 0;
  Table table{.title = "Bounds",
              .columns = {"problem", "cities", "bound", "reference", "below it in %", "time in s"},
              .rows = {},
              .formats = {"", "", ".10g", ".10g", ".3f", ".3g"}};
  for (const Bounded& one : all) {
    bound += one.bound / static_cast<double>(all.size());
    if (const auto g = one.gap())
      gap += *g, least = std::min(least, *g), most = std::max(most, *g), ++compared;
    table.rows.push_back(
        {one.problem.line > 0 ? fmt::format("line {}", one.problem.line) : one.problem.title(),
         one.problem.cities(), json_number(one.bound),
         one.reference ? json_number(one.reference->length) : Json("none"),
         one.gap() ? json_number(*one.gap()) : Json(""), json_number(one.seconds)});
  }
  report.metric("bound", bound);
  if (compared > 0) {
    report.metric("below_reference", gap / static_cast<double>(compared));
    report.metric("least_below", least), report.metric("most_below", most);
  }
  report.metric("problems", static_cast<double>(all.size()));
  report.tables.push_back(std::move(table));
  if (all.size() == 1 && !all.front().candidate.empty()) report.figures.push_back(course_figure(all.front()));
  report.notes.push_back(
      "No tour is shorter than its bound. On uniform cities the bound is 0.7 to 0.8 % below the shortest "
      "tour.");
  return report;
}

}  // namespace

void TourBoundOptions::describe(OptionTable& table) {
  describe_problems(table, file, line, metric,
                    "cities: TSPLIB (ATSP too), csv, npy or lines of x y ...; or uniform(n, seed, count)");
  table.add(
      "reference", reference,
      "what the bound is compared with: a length, a .tour file, or a csv of file,line,reference_length");
  table.add("iterations", iterations, "steps of the ascent").range(1, 1e6);
  table.add("step", step, "length of a step, in mean edges of the first 1-tree");
  table.add("exact_every", exact_every, "steps between trees of the complete graph, which alone are bounds")
      .range(1, 1e6);
  table.add("neighbours", neighbours, "edges a city in the candidate graph").range(2, 100);
}

Task tour_bound_task() {
  return make_task<TourBoundOptions>(
      "tour.bound", "", "a length that no tour can be below (1-trees of Held and Karp)",
      "Raises the weight of the least 1-tree by penalties on the cities, step by step (subgradient ascent). "
      "The value is a "
      "certified lower bound of every tour's length: the trees that count are those of the complete graph. "
      "Under TSPLIB's "
      "whole numbers it is rounded up.",
      {"tour bound berlin52.tsp", "tour bound tsp500.txt --reference reference.csv",
       "tour bound 'uniform(100000)' --iterations 200"},
      bound_tours);
}

}  // namespace lehr::command
