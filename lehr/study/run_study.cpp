#include "lehr/study/run_study.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <thread>

#include "lehr/core/errors.hpp"
#include "lehr/study/cell.hpp"
#include "lehr/study/references.hpp"

namespace lehr::study {
namespace {

// Tells other machines, while it lives, that this process does.
class Heartbeat {
 public:
  Heartbeat(store::Store& store, store::Owner owner)
      : thread_([this, &store, owner = std::move(owner)](const std::stop_token& stop) {
          beat(store, owner, stop);
        }) {}

 private:
  void beat(store::Store& store, const store::Owner& owner, const std::stop_token& stop) {
    constexpr auto pause = std::chrono::duration<double>(store::heartbeat_patience / 6);
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) try {
        store.heartbeat(owner);
      } catch (const IoError&) {  // the next write of a result will say it
      }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

store::RunRecord record_of(const Study& study) {
  store::RunRecord record{study.slug, study.title, definition(study).dump(), {}};
  if (study.search)
    record.arms.push_back({search_arm, study.search->task, study.search->options.dump(), {0}});
  for (const Arm& arm : study.arms)
    record.arms.push_back({arm.name, arm.task, arm.options.dump(), arm.seeds});
  return record;
}

// ---- the run that may be in the folder already ------------------------------------------------------------

void check_unchanged(const Study& study, const std::string& recorded, const std::filesystem::path& folder) {
  const Json now = definition(study);
  if (now.dump() == recorded) return;
  throw InvalidInput(
      "{}: the study has changed since the run in {} began ({}); restore it, or start a new run",
      study.file.empty() ? study.slug : study.file.string(), folder.string(),
      first_difference(parse_json(recorded, "recorded definition"), now));
}

// Throws InvalidInput when the run in the folder must not be replaced.
void check_replaceable(const std::vector<store::Cell>& cells, const std::filesystem::path& folder,
                       bool restart) {
  std::size_t settled = 0;
  for (const store::Cell& cell : cells) {
    if (cell.state == store::CellState::running && !store::is_dead(cell.owner, cell.heartbeat_age))
      throw InvalidInput("{}: process {} is at work on this run; join it with --resume", folder.string(),
                         cell.owner.process);
    if (cell.state == store::CellState::done || cell.state == store::CellState::failed) ++settled;
  }
  if (!restart && settled > 0 && settled < cells.size())
    throw InvalidInput(
        "{}: holds an unfinished run ({} of {} cells); go on with --resume, or start over with --restart",
        folder.string(), settled, cells.size());
}

// Removes the cells' folders: checkpoints of another run must not be taken for this one's.
void clear_folders(const store::RunRecord& record, const std::filesystem::path& folder) {
  for (const store::ArmRecord& arm : record.arms) {
    if (arm.name.find_first_of("/\\.") != std::string::npos)
      continue;  // no arm's name; the store may be damaged
    std::error_code error;
    std::filesystem::remove_all(folder / arm.name, error);
    if (error) throw IoError((folder / arm.name).string(), error.message());
  }
}

// The number of the run to work on: the one in the folder, or a new one.
std::int64_t begin_run(const Study& study, store::Store& store, const RunSettings& settings,
                       const std::filesystem::path& folder) {
  const std::optional<std::int64_t> present = store.find_run(study.slug);
  if (present && settings.resume) {
    check_unchanged(study, store.run(*present).definition, folder);
    return *present;
  }
  if (present) {
    check_replaceable(store.cells(*present), folder, settings.restart);
    clear_folders(store.run(*present), folder);
    store.remove_run(*present);
  }
  const store::RunRecord record = record_of(study);
  return store.add_run(record, [&] { clear_folders(record, folder); });
}

// ---- running ----------------------------------------------------------------------------------------------

// Works on the cells of one stage until none is left, waiting for those that other processes have.
void work_on(RunContext& context, const std::vector<std::string>& arms, const store::Owner& owner) {
  bool waiting = false;
  while (!context.stopping()) {
    const store::LeaseAnswer answer = context.store.lease_next(context.run, arms, owner);
    switch (answer.status) {
      case store::LeaseAnswer::Status::none:
        return;
      case store::LeaseAnswer::Status::granted:
        run_cell(context, answer.lease);
        waiting = false;
        break;
      case store::LeaseAnswer::Status::wait:
        if (!waiting) context.tell({.event = Progress::Event::waiting});
        waiting = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        break;
    }
  }
}

RunOutcome outcome_of(RunContext& context, const std::filesystem::path& folder) {
  RunOutcome outcome{.folder = folder, .store = store_file(folder)};
  for (const store::Cell& cell : context.store.cells(context.run)) {
    if (cell.state == store::CellState::failed)
      outcome.failures.push_back({cell.arm, cell.seed, cell.message});
    if (cell.arm == search_arm) continue;
    ++outcome.cells;
    if (cell.state == store::CellState::done) ++outcome.done;
    if (cell.state == store::CellState::failed) ++outcome.failed;
  }
  outcome.interrupted = outcome.done + outcome.failed < outcome.cells;
  return outcome;
}

}  // namespace

std::filesystem::path store_file(const std::filesystem::path& run_folder) {
  return run_folder / "store.sqlite";
}

RunOutcome run_study(const Study& study, const Tasks& tasks, const RunSettings& settings) {
  check_study(study, tasks);
  const std::filesystem::path folder = settings.out / study.slug;
  make_folder(folder);
  store::Store store = store::Store::open(store_file(folder));
  RunContext context{.study = study,
                     .tasks = tasks,
                     .settings = settings,
                     .store = store,
                     .folder = std::filesystem::absolute(folder).lexically_normal()};
  context.run = begin_run(study, store, settings, folder);
  context.count_cells();
  context.tell({.event = Progress::Event::started});

  const store::Owner owner = store::this_process();
  const Heartbeat heartbeat(store, owner);
  try {
    for (const std::vector<std::string>& arms : stages(study))
      run_workers(settings.jobs, context, [&] { work_on(context, arms, owner); });
  } catch (const Interrupted&) {  // everything is saved
  }
  context.tell({.event = Progress::Event::finished});
  return outcome_of(context, folder);
}

}  // namespace lehr::study
