#include "lehr/study/cell.hpp"

#include <algorithm>
#include <chrono>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/study/references.hpp"
#include "lehr/study/search.hpp"
#include "lehr/study/trace_recorder.hpp"

namespace lehr::study {
namespace {

// ---- references -------------------------------------------------------------------------------------------

store::Cell done_cell(const RunContext& context, const std::string& arm, std::uint64_t seed,
                      const std::string& where) {
  const std::vector<store::Cell> cells = context.store.cells(context.run);
  const auto cell = std::ranges::find_if(
      cells, [&](const store::Cell& candidate) { return candidate.arm == arm && candidate.seed == seed; });
  if (cell == cells.end()) throw InvalidInput("{}: no cell of arm '{}' with seed {}", where, arm, seed);
  if (cell->state != store::CellState::done)
    throw NumericalFailure("{}: needs arm '{}' seed {}, which is {}{}{}", where, arm, seed,
                           store::name(cell->state), cell->message.empty() ? "" : ": ", cell->message);
  return *cell;
}

std::string without_trailing_space(std::string text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text;
}

Json artifact_value(const RunContext& context, const std::vector<Artifact>& artifacts,
                    const Reference& reference, const std::string& where) {
  std::vector<std::string> known;
  for (const Artifact& artifact : artifacts) {
    known.push_back(artifact.name);
    if (artifact.name != reference.name) continue;
    if (artifact.extension == "txt" && !artifact.content.empty())
      return without_trailing_space(artifact.content);
    return (context.folder / artifact.path).string();
  }
  throw InvalidInput("{}: arm '{}' has no artifact {}{}", where, reference.arm, quote(reference.name),
                     known.empty() ? " (it makes none)" : hint(reference.name, known));
}

Json metric_value(const std::vector<std::pair<std::string, double>>& metrics, const Reference& reference,
                  const std::string& where) {
  std::vector<std::string> known;
  for (const auto& [name, value] : metrics) {
    if (name == reference.name) return json_number(value);
    known.push_back(name);
  }
  throw InvalidInput("{}: arm '{}' has no metric {}{}", where, reference.arm, quote(reference.name),
                     hint(reference.name, known));
}

// ---- results ----------------------------------------------------------------------------------------------

// Puts an artifact's content into a file of the cell's folder; its path becomes relative to the run folder.
void keep_artifact(Artifact& artifact, const std::filesystem::path& folder,
                   const std::filesystem::path& directory) {
  constexpr std::size_t max_content = 16 << 20;  // larger contents live in their file alone
  if (!artifact.content.empty()) {
    const std::filesystem::path file =
        directory / (artifact.extension.empty() ? artifact.name : artifact.name + "." + artifact.extension);
    make_folder(file.parent_path());
    write_file_atomically(file, artifact.content);
    artifact.path = file.string();
    if (artifact.content.size() > max_content) artifact.content.clear();
  }
  const std::filesystem::path absolute = std::filesystem::absolute(artifact.path).lexically_normal();
  const std::filesystem::path relative = absolute.lexically_relative(folder);
  artifact.path = relative.empty() || *relative.begin() == ".." ? absolute.string() : relative.string();
}

store::CellResult result_of(Report report, const std::filesystem::path& folder,
                            const std::filesystem::path& directory) {
  store::CellResult result;
  result.metrics = report.metrics;
  result.artifacts = std::move(report.artifacts);
  for (Artifact& artifact : result.artifacts) keep_artifact(artifact, folder, directory);
  report.artifacts.clear();
  result.report = to_json(report).dump(-1, ' ', false, Json::error_handler_t::replace);
  return result;
}

// ---- running ----------------------------------------------------------------------------------------------

// Runs a task. What it refuses is told with the place, which its own check of the options tells already.
Report run_named(const Task& task, const Json& options, const std::string& where, TaskContext& context) {
  try {
    return task.run(options, where, context);
  } catch (const InvalidInput& error) {
    if (std::string_view(error.what()).starts_with(where)) throw;
    throw InvalidInput("{}: {}", where, error.what());
  }
}

store::CellResult compute(RunContext& context, const store::Lease& lease) {
  if (lease.arm == search_arm) return run_search(context);
  const Arm& arm = *context.study.find_arm(lease.arm);
  const std::string where = fmt::format("arm '{}' seed {}", lease.arm, lease.seed);
  const Json options = resolved_options(context, arm.options, lease.seed, where);
  const std::filesystem::path directory = cell_folder(context.folder, lease.arm, lease.seed);
  make_folder(directory);

  TraceRecorder recorder(context.settings.traces, [&](double share) {
    context.tell({.event = Progress::Event::cell_advanced,
                  .arm = lease.arm,
                  .seed = lease.seed,
                  .share = share,
                  .message = {}});
  });
  TaskContext task_context{Seed{lease.seed}, context.study.base, directory, {}};
  task_context.observers.list.push_back(recorder.observer());
  task_context.observers.interrupted = context.settings.interrupted;
  Report report = run_named(find_task(context.tasks, arm.task), options, where, task_context);
  if (context.interrupted()) throw Interrupted{};  // the report may be that of an unfinished run
  store::CellResult result = result_of(std::move(report), context.folder, directory);
  result.traces = recorder.take();
  return result;
}

void tell_end(RunContext& context, const store::Lease& lease, Progress::Event event,
              const std::string& message) {
  context.count_cells();
  context.tell({.event = event, .arm = lease.arm, .seed = lease.seed, .share = 1, .message = message});
}

}  // namespace

Json resolved_options(const RunContext& context, const Json& options, std::uint64_t seed,
                      const std::string& where) {
  return resolve_references(
      options, where, [&](const std::string& option, const Reference& reference) -> Json {
        const std::string here = where + ": " + option;
        if (reference.kind == Reference::Kind::search)
          return found_value(context.store.artifacts(done_cell(context, search_arm, 0, here).id));
        const std::uint64_t other_seed = referred_seed(*context.study.find_arm(reference.arm), seed, here);
        const store::Cell other = done_cell(context, reference.arm, other_seed, here);
        if (reference.kind == Reference::Kind::metric)
          return metric_value(context.store.result(other.id).metrics, reference, here);
        return artifact_value(context, context.store.artifacts(other.id), reference, here);
      });
}

std::filesystem::path cell_folder(const std::filesystem::path& run_folder, const std::string& arm,
                                  std::uint64_t seed) {
  return run_folder / arm / std::to_string(seed);
}

void run_cell(RunContext& context, const store::Lease& lease) {
  context.tell({.event = Progress::Event::cell_started, .arm = lease.arm, .seed = lease.seed});
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  try {
    store::CellResult result = compute(context, lease);
    result.seconds = seconds();
    context.store.finish(lease, result);
    std::error_code ignored;  // a checkpoint that stays is of a cell that is done
    std::filesystem::remove(cell_folder(context.folder, lease.arm, lease.seed) / "checkpoint.safetensors",
                            ignored);
    tell_end(context, lease, Progress::Event::cell_done, "");
  } catch (const NumericalFailure& failure) {
    context.store.fail(lease, failure.what(), seconds());
    tell_end(context, lease, Progress::Event::cell_failed, failure.what());
  } catch (...) {
    context.store.release(lease);
    throw;
  }
}

}  // namespace lehr::study
