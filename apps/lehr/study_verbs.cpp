// `lehr run STUDY` and `lehr check STUDY...`.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "apps/lehr/arguments.hpp"
#include "apps/lehr/command.hpp"
#include "apps/lehr/output.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/study/run_study.hpp"
#include "lehr/study/study_report.hpp"

namespace lehr::command {
namespace {

// One line on a terminal's standard error stream; plain lines for finished cells are not worth a log file's
// space.
class ProgressLine {
 public:
  explicit ProgressLine(std::string title, bool quiet)
      : title_(std::move(title)), active_(!quiet && isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const study::Progress& progress) {
    using Event = study::Progress::Event;
    if (progress.event == Event::cell_failed) {
      clear();
      fmt::print(stderr, "{} seed {} failed: {}\n", progress.arm, progress.seed, progress.message);
    }
    if (!active_ || progress.event == Event::finished) return;
    const std::string what =
        progress.event == Event::trial_done
            ? fmt::format("search: trial {}/{}  best {}", progress.done, progress.total, progress.message)
            : fmt::format("{}/{} cells  {} seed {}{}", progress.done, progress.total, progress.arm,
                          progress.seed,
                          progress.share > 0 ? fmt::format("  {:.0f} %", 100 * progress.share) : "");
    constexpr int width = 24;
    const int filled = progress.total > 0 ? static_cast<int>(width * progress.done / progress.total) : 0;
    fmt::print(stderr, "\r{} [{}{}] {}\x1b[K", title_, std::string(static_cast<std::size_t>(filled), '#'),
               std::string(static_cast<std::size_t>(width - filled), '-'), what);
    std::fflush(stderr);
    drawn_ = true;
  }

 private:
  void clear() {
    if (drawn_) fmt::print(stderr, "\r\x1b[K");
    drawn_ = false;
  }

  std::string title_;
  bool active_, drawn_ = false;
};

struct FinishedStudy {
  study::Study study;
  study::RunOutcome outcome;
  Report report;
};

bool needs_neural(const Program& program, const study::Study& study) {
  const auto& names = neural_task_names();
  const auto unknown = [&](const std::string& task) {
    return try_find_task(program.tasks, task) == nullptr && std::ranges::find(names, task) != names.end();
  };
  return std::ranges::any_of(study.arms, [&](const study::Arm& arm) { return unknown(arm.task); });
}

FinishedStudy run_one(const Program& program, const study::Study& study, const SharedFlags& shared) {
  study::check_study(study, program.tasks);
  ProgressLine line(study.slug, shared.quiet || shared.json);
  study::RunSettings settings;
  settings.out = shared.out.empty() ? "lehr-runs" : shared.out;
  settings.resume = shared.resume;
  settings.restart = shared.restart;
  settings.jobs = static_cast<int>(shared.jobs);
  settings.interrupted = interruption_flag();
  settings.progress = [&](const study::Progress& progress) { line.show(progress); };
  study::RunOutcome outcome = study::run_study(study, program.tasks, settings);
  Report report = study::study_report(study, outcome.folder);
  return {study, std::move(outcome), std::move(report)};
}

int exit_code(const study::RunOutcome& outcome) {
  if (outcome.interrupted) return interrupted;
  return outcome.failed > 0 ? numerical_failure : done;
}

void print_study_help(const Program& program, const char* verb) {
  fmt::print(
      "{0} {1} STUDY.toml{2}\n\n"
      "  --resume         go on with an unfinished run, or join the processes at work on it\n"
      "  --restart        throw an unfinished run away\n"
      "  --set A.B=VALUE  override a key of the study (several times)\n"
      "  --out FOLDER     where run folders go (default: lehr-runs)\n"
      "  --jobs N         cells at a time (0: as many as threads)\n"
      "  --threads N      threads of the process (0: all cores)\n"
      "  --json           print one JSON object instead of the report\n"
      "  --quiet          no progress\n",
      program.name, verb, std::string(verb) == "check" ? "..." : "");
}

// The claims of all checked studies as one table, as JSON, and whether all hold.
struct CheckedClaims {
  Table table{"Claims", {"study", "claim", "verdict", "expected", "measured", "statement"}, {}, {}};
  Json json = Json::array();
  bool all_hold = true;

  void add(const FinishedStudy& finished) {
    for (const study::ClaimResult& claim : study::evaluate_claims(finished.study, finished.outcome.folder)) {
      table.rows.push_back({finished.study.slug, claim.text, claim.holds ? "holds" : "fails", claim.expect,
                            claim.measured(), claim.statement});
      json.push_back({{"study", finished.study.slug},
                      {"text", claim.text},
                      {"expect", claim.expect},
                      {"holds", claim.holds},
                      {"clear", claim.clear},
                      {"statement", claim.statement}});
      all_hold = all_hold && claim.holds;
    }
  }
};

}  // namespace

int run_study_verb(const Program& program, const std::vector<std::string>& words) {
  const StudyArguments arguments = parse_study_arguments(words, "run");
  if (arguments.shared.help) return print_study_help(program, "run"), done;
  if (arguments.studies.size() != 1)
    throw InvalidInput("run: takes one study, found {}", arguments.studies.size());
  set_threads(static_cast<int>(arguments.shared.threads));
  const study::Study study = study::read_study(arguments.studies.front(), arguments.shared.overrides);
  if (program.delegates && needs_neural(program, study)) {
    std::vector<std::string> whole{"run"};
    whole.insert(whole.end(), words.begin(), words.end());
    delegate_to_neural(whole, arguments.studies.front());
  }
  const FinishedStudy finished = run_one(program, study, arguments.shared);
  if (arguments.shared.json)
    print_json(finished.report);
  else
    print_report(finished.report);
  write_and_tell(finished.report, finished.outcome.folder, arguments.shared,
                 fmt::format("{} {}", program.name, finished.study.file.string()));
  if (finished.outcome.interrupted)
    fmt::print(stderr, "{}: interrupted; go on with `{} run {} --resume`\n", program.name, program.name,
               arguments.studies.front());
  return exit_code(finished.outcome);
}

int check_studies_verb(const Program& program, const std::vector<std::string>& words) {
  const StudyArguments arguments = parse_study_arguments(words, "check");
  if (arguments.shared.help) return print_study_help(program, "check"), done;
  set_threads(static_cast<int>(arguments.shared.threads));
  std::vector<study::Study> studies;
  for (const std::string& file : arguments.studies)
    studies.push_back(study::read_study(file, arguments.shared.overrides));
  if (program.delegates &&
      std::ranges::any_of(studies, [&](const auto& study) { return needs_neural(program, study); })) {
    std::vector<std::string> whole{"check"};
    whole.insert(whole.end(), words.begin(), words.end());
    delegate_to_neural(whole, "check");
  }
  CheckedClaims claims;
  int worst = done;
  for (const study::Study& study : studies) {
    const FinishedStudy finished = run_one(program, study, arguments.shared);
    write_and_tell(finished.report, finished.outcome.folder, arguments.shared,
                   fmt::format("{} {}", program.name, finished.study.file.string()));
    if (finished.outcome.interrupted) return interrupted;
    worst = std::max(worst, exit_code(finished.outcome));
    claims.add(finished);
  }
  if (arguments.shared.json) {
    fmt::print("{}\n", claims.json.dump(2));
  } else {
    Report report;
    report.title = claims.all_hold ? "All claims hold" : "Some claims fail";
    report.tables.push_back(claims.table);
    print_report(report);
  }
  if (worst != done) return worst;
  return claims.all_hold ? done : claim_failed;
}

}  // namespace lehr::command
