#include "apps/lehr/tour/prior.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/tour/heatmap/prior.hpp"
#include "lehr/tour/problem_file.hpp"
#include "lehr/tour/tour_file.hpp"

namespace lehr::command {

using namespace tour;

namespace {

bool follows_the_file(const Order& order) {
  for (std::size_t i = 0; i < order.size(); ++i)
    if (order[i] != static_cast<City>(i)) return false;
  return true;
}

// The file of the tour of `path`: STEM.opt.tour or STEM.tour beside it.
std::filesystem::path tour_beside(const std::filesystem::path& path) {
  for (const char* extension : {".opt.tour", ".tour"}) {
    std::filesystem::path tour = path;
    tour.replace_extension(extension);
    if (std::filesystem::exists(tour)) return tour;
  }
  throw InvalidInput(
      "{}: no tour beside it; name the files of tours by 'tours', or give lines 'x y ... output ...'",
      path.string());
}

struct SolvedProblems {
  std::vector<Problem> problems;
  std::vector<std::string> notes;
};

SolvedProblems load_solved(const TourPriorOptions& options, const TaskContext& context) {
  SolvedProblems solved;
  if (options.files.empty()) throw InvalidInput("files: give files of solved problems");
  if (!options.tours.empty() && options.tours.size() != options.files.size())
    throw InvalidInput("tours: {} files of tours for {} files of problems", options.tours.size(),
                       options.files.size());
  for (std::size_t i = 0; i < options.files.size(); ++i) {
    const std::filesystem::path path = context.resolve(options.files[i]);
    for (Problem& problem : read_problems(path)) {
      if (problem.is_directed())
        throw InvalidInput("{}: TYPE ATSP has no nearest neighbours in both directions", path.string());
      if (problem.stored.empty()) {
        const std::filesystem::path tour =
            options.tours.empty() ? tour_beside(path) : context.resolve(options.tours[i]);
        problem.stored = parse_tour_of(problem, read_file(tour), tour.string());
      }
      if (follows_the_file(problem.stored))
        solved.notes.push_back(fmt::format(
            "{}: its tour is the order of the file, which solves nothing; left out.", problem.title()));
      else
        solved.problems.push_back(std::move(problem));
    }
  }
  if (solved.problems.empty())
    throw InvalidInput("{}: holds no tour but the order of the file", options.files.front());
  return solved;
}

Table shares_table(const TourPrior& prior, City cities) {
  const auto published = published_prior(cities);
  Table table{.title = "Shares of the edges of tours",
              .columns = {"neighbour", "share", "standard error", "published"},
              .rows = {},
              .formats = {"", ".5f", ".5f", ".5f"}};
  for (std::size_t k = 0; k < prior.shares.size(); ++k)
    table.rows.push_back({k + 1, json_number(prior.shares[k]),
                          prior.errors.empty() ? Json("") : json_number(prior.errors[k]),
                          json_number(k < published.size() ? published[k] : 0)});
  return table;
}

Series published_series(City cities, int color) {
  Series line;
  line.label = fmt::format("published, {}", cities), line.style = Series::Style::dashed, line.color = color;
  for (std::size_t k = 0; k < published_prior(cities).size(); ++k)
    line.x.push_back(static_cast<double>(k + 1)), line.y.push_back(published_prior(cities)[k]);
  return line;
}

Figure shares_figure(const TourPrior& prior) {
  Figure figure;
  figure.name = "prior", figure.title = "Where the edges of tours lead";
  figure.caption =
      "Share of the ends of edges that lead to the k-th nearest neighbour; bars are standard errors over "
      "problems.";
  figure.x.label = "k", figure.y = {.label = "share", .log = true, .low = {}, .high = {}};
  Series own;
  own.label = "these tours", own.style = Series::Style::points, own.color = 0;
  for (std::size_t k = 0; k < prior.shares.size(); ++k) {
    const double share = prior.shares[k];
    own.x.push_back(static_cast<double>(k + 1)), own.y.push_back(share);
    if (prior.errors.empty()) continue;
    own.low.push_back(std::max(share - prior.errors[k], 0.1 * share)),
        own.high.push_back(share + prior.errors[k]);
  }
  figure.series = {published_series(500, 1), published_series(1000, 2), published_series(10000, 3),
                   std::move(own)};
  return figure;
}

Report prior_report(const TourPriorOptions& options, TaskContext& context) {
  const SolvedProblems solved = load_solved(options, context);
  const TourPrior prior = estimate_prior(solved.problems, static_cast<int>(options.reach));
  const City cities = solved.problems.front().cities();
  Report report;
  report.title = fmt::format("Nearest neighbours in the tours of {} problems", prior.problems);
  report.metric("problems", static_cast<double>(prior.problems));
  report.metric("cities", static_cast<double>(prior.cities) / static_cast<double>(prior.problems));
  for (std::size_t k = 0; k < std::min<std::size_t>(5, prior.shares.size()); ++k)
    report.metric(fmt::format("share_{}", k + 1), prior.shares[k]);
  report.metric("beyond", prior.beyond);
  double farthest = 0;
  const auto published = published_prior(cities);
  for (std::size_t k = 0; k < prior.shares.size(); ++k)
    farthest = std::max(farthest, std::abs(prior.shares[k] - (k < published.size() ? published[k] : 0)));
  report.metric("from_published", farthest);
  report.tables = {shares_table(prior, cities)};
  report.figures = {shares_figure(prior)};
  report.notes = solved.notes;
  report.notes.push_back(fmt::format("Published are the shares of {} uniform cities.",
                                     cities == 500 || cities == 10000 ? cities : 1000));
  const std::string text = prior_text(prior.shares);
  report.artifacts.push_back({.name = "prior", .extension = "csv", .content = text, .path = {}});
  if (!options.save.empty()) write_file_atomically(context.resolve(options.save), text);
  return report;
}

}  // namespace

TourPrior estimate_prior(const std::vector<Problem>& solved, int reach) {
  TourPrior prior;
  std::vector<std::vector<double>> shares;  // of each problem
  std::vector<double> seen(static_cast<std::size_t>(reach), 0.0);
  double ends = 0;
  for (const Problem& problem : solved) {
    PriorCounts counts(reach);
    counts.add(problem.instance, problem.stored);
    shares.emplace_back();
    for (std::size_t k = 0; k < counts.hits.size(); ++k) {
      shares.back().push_back(static_cast<double>(counts.hits[k]) / static_cast<double>(counts.edges));
      seen[k] += static_cast<double>(counts.hits[k]);
    }
    ends += static_cast<double>(counts.edges);
    prior.cities += problem.cities();
  }
  prior.problems = static_cast<std::int64_t>(solved.size());
  while (!seen.empty() && seen.back() == 0) seen.pop_back();
  const auto m = static_cast<double>(solved.size());
  prior.beyond = 1;
  for (std::size_t k = 0; k < seen.size(); ++k) {
    prior.shares.push_back(seen[k] / ends);
    prior.beyond -= prior.shares.back();
    if (solved.size() < 2) continue;
    double squares = 0;
    for (const std::vector<double>& own : shares)
      squares += (own[k] - prior.shares[k]) * (own[k] - prior.shares[k]);
    prior.errors.push_back(std::sqrt(squares / (m - 1) / m));
  }
  prior.beyond = std::max(0.0, prior.beyond);
  return prior;
}

void TourPriorOptions::describe(OptionTable& table) {
  table
      .add("files", files,
           "solved problems: lines of x y ... output t ..., or files of cities with a tour each")
      .positional();
  table.add("tours", tours,
            "files of the tours, in the order of files; default STEM.opt.tour or STEM.tour beside each");
  table.add("reach", reach, "nearest neighbours that are told apart").range(1, 50);
  table.add("save", save, "csv file for the shares, which heatmap_mcts takes as prior");
}

Task tour_prior_task() {
  return make_task<TourPriorOptions>(
      "tour.prior", "", "how often good tours lead to the k-th nearest neighbour",
      "Counts, over solved problems of one's own, which share of the edges of their tours leads to the "
      "nearest neighbour, the second "
      "nearest, and so on, with standard errors over the problems, beside the published shares of uniform "
      "cities. The csv file is the "
      "parameter-free heatmap of heatmap_mcts for problems of this kind.",
      {"tour prior tsp500.txt --save prior.csv",
       "tour prior eil51.tsp berlin52.tsp --tours eil51.opt.tour berlin52.opt.tour"},
      prior_report);
}

}  // namespace lehr::command
