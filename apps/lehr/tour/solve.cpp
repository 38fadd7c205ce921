#include "apps/lehr/tour/solve.hpp"

#include <algorithm>
#include <mutex>

#include "apps/lehr/tour/lower_bound.hpp"
#include "apps/lehr/tour/problem_source.hpp"
#include "apps/lehr/tour/side_by_side.hpp"
#include "apps/lehr/tour/solve_methods.hpp"
#include "apps/lehr/tour/tour_output.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/tour/tour_file.hpp"

namespace lehr::command {

using namespace tour;

namespace {

// Seconds of a search without an end whose budget is not given.
constexpr double default_seconds = 10;

// What decides the course of a run: the problem itself, and the options but for those that only end the run or say what is done with
// its result.
Json tour_course(TourSolveOptions options, const Problem& problem, std::int64_t steps) {
  options.file.clear(), options.reference.clear(), options.save.clear(), options.lkh.clear(),
      options.line.clear();
  options.seconds.reset(), options.seconds_per_city.reset(), options.target.reset(), options.budget.reset();
  options.bound = false;
  Json values = describe(options).values();
  values["steps"] = steps;
  Order probe;  // its length tells problems of one size apart
  for (City c = 0; c < problem.cities(); ++c) probe.push_back(c);
  values["problem"] =
      fmt::format("{} ({} cities, {} in the order of the file)", problem.title(), problem.cities(),
                  problem.is_directed() ? directed_length(problem.directed, problem.cities(), probe)
                                        : length(problem.instance, probe));
  return values;
}

// Several runs told to one progress bar, which counts the runs that have ended.
class SharedProgress {
 public:
  SharedProgress(const std::vector<Observer>& shown, std::size_t runs)
      : shown_(shown), progress_(runs, 0.0), gaps_(runs) {}

  void tell(std::size_t run, const Moment& now, double length, std::optional<double> gap) {
    const std::lock_guard lock(mutex_);
    progress_[run] = now.progress, gaps_[run] = gap;
    Moment all = now;
    all.steps = 0;
    if (progress_.size() > 1) all.progress = sum() / static_cast<double>(progress_.size());
    Row row;
    row.add("length", length);
    if (const auto mean = mean_gap()) row.add("gap %", *mean);
    for (const Observer& observer : shown_) observer.see(all, row);
  }

 private:
  double sum() const {
    double total = 0;
    for (const double p : progress_) total += p;
    return total;
  }
  std::optional<double> mean_gap() const {
    double total = 0;
    int count = 0;
    for (const auto& gap : gaps_)
      if (gap) total += *gap, ++count;
    return count > 0 ? std::optional(total / count) : std::nullopt;
  }

  const std::vector<Observer>& shown_;
  std::mutex mutex_;
  std::vector<double> progress_;
  std::vector<std::optional<double>> gaps_;
};

class TourSolver {
 public:
  TourSolver(const TourSolveOptions& options, TaskContext& context)
      : options_(options), context_(context), references_(options.reference, context) {}

  std::vector<TourSolved> run() {
    for (Problem& problem : load()) {
      auto reference = references_.of(problem);
      std::optional<SymmetricForm> symmetric;
      if (problem.is_directed())
        symmetric = symmetric_form(problem.directed, problem.cities(), problem.instance.name);
      solved_.push_back({std::move(problem), std::move(symmetric), {}, std::move(reference), {}, {}});
    }
    check_files();
    prepare_checkpoints();
    SharedProgress progress(context_.observers.list, solved_.size());
    const auto count = static_cast<std::int64_t>(solved_.size());
    if (count == 1)
      solve(0, progress);
    else
      side_by_side(count, [&](std::int64_t i) { solve(static_cast<std::size_t>(i), progress); });
    for (const Observer& observer : context_.observers.list)
      if (observer.end) observer.end();
    if (options_.bound)
      for (TourSolved& one : solved_) add_lower_bound(one, context_);
    if (count > 1) tidy_checkpoints();
    return std::move(solved_);
  }

 private:
  std::vector<Problem> load() const {
    return load_problems(options_.file, options_.line, options_.metric, context_);
  }

  // Before the work begins rather than after.
  void check_files() const {
    const bool several = solved_.size() > 1;
    if (!options_.save.empty()) check_tour_name(options_.save, several);
    if (several && !options_.lkh.empty())
      throw InvalidInput("lkh: the file has {} problems; choose one by line", solved_.size());
    if (several && !options_.initial.empty() && options_.initial != "stored")
      throw InvalidInput("initial: a tour is of one problem, and the file has {}; choose one by line",
                         solved_.size());
    if (!options_.lkh.empty()) write_lkh_files(solved_.front().problem, options_.lkh, options_, context_);
  }

  Order initial(const Problem& problem) const {
    if (options_.initial.empty()) return {};
    if (options_.initial == "stored") {
      if (problem.stored.empty()) throw InvalidInput("initial: {} has no tour beside it", problem.title());
      return problem.stored;
    }
    const std::filesystem::path path = context_.resolve(options_.initial);
    return parse_tour_of(problem, read_file(path), path.string());
  }

  Budget budget(const Problem& problem, double offset, bool ends) const {
    Budget budget;
    if (options_.budget) budget = budget | *options_.budget;
    if (options_.steps) budget = budget | Budget::steps(*options_.steps);
    if (options_.seconds) budget = budget | Budget::seconds(*options_.seconds);
    if (options_.seconds_per_city)
      budget = budget | Budget::seconds(*options_.seconds_per_city * problem.cities());
    if (budget.empty() && !ends) budget = Budget::seconds(default_seconds);
    if (options_.target) budget = budget | Budget::target("length", *options_.target + offset);
    return budget;
  }

  void solve(std::size_t which, SharedProgress& progress) {
    TourSolved& one = solved_[which];
    const TourMethod& method = tour_method(options_.method);
    const Budget budget = this->budget(one.problem, one.offset(), method.ends);
    Observers observers = observers_of(which, tour_course(options_, one.problem, budget.step_limit()));
    observers.list.clear();
    if (!context_.observers.list.empty())
      observers.list.push_back(
          {.see = [&](const Moment& now, const Row& row) { return tell(which, now, row, progress); },
           .end = {}});
    if (one.symmetric && !options_.initial.empty())
      throw InvalidInput("initial: not for a problem of TYPE ATSP yet");
    one.run =
        method.run({one.searched(), options_, context_, initial(one.problem), budget, std::move(observers)});
    if (one.symmetric) as_directed(one);
  }

  // The tour of twice as many cities as the directed one that it stands for.
  static void as_directed(TourSolved& one) {
    one.run.best = directed_order(one.run.best);
    one.run.length = directed_length(one.problem.directed, one.problem.cities(), one.run.best);
    for (TourTracePoint& point : one.run.trace) point.length -= one.offset();
  }

  std::int64_t tell(std::size_t which, const Moment& now, const Row& row, SharedProgress& progress) const {
    const double length = row.find("length").value_or(0) - solved_[which].offset();
    std::optional<double> gap;
    if (const auto& reference = solved_[which].reference) gap = 100 * (length / reference->length - 1);
    progress.tell(which, now, length, gap);
    return now.step + 10;
  }

  // With the run's own checkpoint.
  Observers observers_of(std::size_t which, const Json& course) const {
    if (solved_.size() == 1 || context_.directory.empty()) return context_.observers_with_checkpoints(course);
    Observers with = context_.observers;
    with.checkpoints.path = checkpoint_of(which);
    with.checkpoints.options = course.dump();
    return with;
  }

  void prepare_checkpoints() const {
    if (solved_.size() == 1 || context_.directory.empty()) return;
    std::error_code error;
    std::filesystem::create_directories(context_.directory, error);
    if (error) throw IoError(context_.directory.string(), error.message());
    bool some = false;
    for (std::size_t i = 0; i < solved_.size(); ++i) some = some || std::filesystem::exists(checkpoint_of(i));
    if (context_.observers.checkpoints.resume && context_.notice && !some)
      context_.notice(fmt::format("no checkpoints in {}; the runs start at their beginning",
                                  context_.directory.string()));
  }

  std::filesystem::path checkpoint_of(std::size_t which) const {
    return context_.directory / fmt::format("checkpoint-{}.safetensors", which + 1);
  }

  // Whoever runs the task removes its one checkpoint; those of several problems are ours.
  void tidy_checkpoints() const {
    if (context_.directory.empty()) return;
    const bool interrupted =
        context_.observers.interrupted != nullptr && context_.observers.interrupted->load();
    if (interrupted && context_.notice)
      context_.notice(fmt::format("interrupted; --resume goes on from the checkpoints in {}",
                                  context_.directory.string()));
    std::error_code absent;
    for (std::size_t i = 0; i < solved_.size() && !interrupted; ++i)
      std::filesystem::remove(checkpoint_of(i), absent);
  }

  const TourSolveOptions& options_;
  TaskContext& context_;
  ReferenceLengths references_;
  std::vector<TourSolved> solved_;
};

Report solve_tours(const TourSolveOptions& options, TaskContext& context) {
  const std::vector<TourSolved> solved = TourSolver(options, context).run();
  if (!options.save.empty()) save_tours(solved, options.save, context);
  return tour_solve_report(options, solved, context);
}

}  // namespace

std::optional<double> TourSolved::gap() const {
  if (!reference) return std::nullopt;
  return 100 * (run.length / reference->length - 1);
}

std::optional<double> TourSolved::bound_gap() const {
  if (!bound || !(*bound > 0)) return std::nullopt;
  return 100 * (run.length / *bound - 1);
}

void TourSolveOptions::describe(OptionTable& table) {
  describe_problems(
      table, file, line, metric,
      "cities: TSPLIB, csv, npy or lines of x y ...; or uniform(n, seed, count), clustered(n, ...)");
  table.add("method", method, "how to search").choices(tour_method_names());
  table.add("seconds", seconds, "stop each problem after this time; default 10 where a method has no end")
      .unit("s")
      .above(0);
  table.add("seconds_per_city", seconds_per_city, "stop each problem after this time for each of its cities")
      .unit("s")
      .above(0);
  table.add("steps", steps, "stop after so many steps of the method: the same tour at every speed")
      .at_least(1);
  table.add("target", target, "stop at a tour of this length or less").above(0);
  table.add("budget", budget, "any budget, joined with the four above");
  table.group("kick", kick);
  table.group("chained", chained);
  table.group("anneal", anneal);
  heat.describe(table);
  table.add("neighbours", neighbours, "candidates per city").range(1, 1000);
  table.add("reference", reference,
            "what the tour is compared with: a length, a .tour file, or a csv of file,line,reference_length");
  table.add("initial", initial, "a .tour file to start from; 'stored': the tour beside the problem");
  table.add("bound", bound, "show a lower bound beside the tour");
  table.add(
      "save", save,
      "file for the tour: .tour, .csv (with names and coordinates), or .txt (lines of x y ... output ...)");
  table.add("lkh", lkh, "writes this name with .tsp and .par for LKH-3 before the search");
}

Task tour_solve_task() {
  return make_task<TourSolveOptions>(
      "tour.solve", "", "a short tour through up to 100,000 cities, and how far it can be from the best",
      "Reads cities from a file of TSPLIB, a table of points or the benchmark files of learned heuristics, "
      "searches for a short closed "
      "tour by the method chosen, and reports its length, its gap to a reference and its course, and draws "
      "it on a map. Lengths follow "
      "TSPLIB's rules to the letter for its files and are not rounded for others. Several problems of one "
      "file are solved side by side, "
      "one thread each. Ctrl-C ends a run with the best tour found; --resume goes on.",
      {"tour solve berlin52.tsp --seconds 2", "tour solve cities.csv --save tour.csv",
       "tour solve tsp500.txt --line 2 3 4 5 --reference reference.csv --seconds 10",
       "tour solve 'uniform(10000)' --seconds 60 --bound"},
      solve_tours);
}

}  // namespace lehr::command
