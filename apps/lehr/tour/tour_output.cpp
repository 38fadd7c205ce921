#include "apps/lehr/tour/tour_output.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/tour/lkh_file.hpp"
#include "lehr/tour/point_lines.hpp"
#include "lehr/tour/tour_file.hpp"

namespace lehr::command {

void check_tour_name(const std::string& name, bool several) {
  const std::string extension = std::filesystem::path(name).extension().string();
  if (extension != ".tour" && extension != ".csv" && extension != ".txt")
    throw InvalidInput("save: {}: the name must end in .tour, .csv or .txt", name);
  if (several && extension == ".csv")
    throw InvalidInput("save: {}: several tours are saved as .tour or .txt", name);
}

void save_tours(const std::vector<TourSolved>& solved, const std::string& name, const TaskContext& context) {
  const std::filesystem::path path = context.resolve(name);
  std::string lines;
  for (std::size_t i = 0; i < solved.size(); ++i) {
    const tour::Problem& problem = solved[i].problem;
    const TourRun& run = solved[i].run;
    if (path.extension() == ".txt") {
      tour::Problem with_tour = problem;
      with_tour.stored = tour::canonical(run.best);
      lines += tour::point_line(with_tour);
    } else if (path.extension() == ".csv") {
      write_file_atomically(path, tour::tour_csv(problem, run.best));
    } else {
      std::filesystem::path own = path;
      if (solved.size() > 1) own.replace_filename(fmt::format("{}-{}.tour", path.stem().string(), i + 1));
      write_file_atomically(own, tour::tour_text(problem, run.best, run.length));
    }
  }
  if (!lines.empty()) write_file_atomically(path, lines);
}

void write_lkh_files(const tour::Problem& problem, const std::string& stem, const TourSolveOptions& options,
                     const TaskContext& context) {
  const tour::LkhFiles files =
      tour::lkh_files(problem, {.stem = stem,
                                .seed = static_cast<std::int64_t>(context.seed.value),
                                .runs = 1,
                                .seconds = options.seconds});
  const std::filesystem::path path = context.resolve(stem);
  write_file_atomically(path.string() + ".tsp", files.problem);
  write_file_atomically(path.string() + ".par", files.parameters);
}

}  // namespace lehr::command
