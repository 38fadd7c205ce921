#include "lehr/study/run_context.hpp"

#include <exception>
#include <thread>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::study {

void RunContext::count_cells() {
  const std::vector<store::Cell> cells = store.cells(run);
  const std::lock_guard lock(telling);
  done = total = 0;
  for (const store::Cell& cell : cells) {
    if (cell.arm.starts_with('@')) continue;
    ++total;
    if (cell.state == store::CellState::done || cell.state == store::CellState::failed) ++done;
  }
}

void RunContext::tell(Progress news) {
  if (!settings.progress) return;
  const std::lock_guard lock(telling);
  if (news.total == 0) news.done = done, news.total = total;
  settings.progress(news);
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw IoError(folder.string(), error.message());
}

void run_workers(int jobs, RunContext& context, const std::function<void()>& work) {
  const int count = jobs > 0 ? jobs : threads();
  std::exception_ptr first_error;
  std::mutex reporting;
  const auto guarded = [&] {
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(reporting);
      if (!first_error) first_error = std::current_exception();
      context.aborted = true;  // only now: what the others throw because of it comes second
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < count; ++i) others.emplace_back(guarded);
  guarded();
  for (std::thread& other : others) other.join();
  if (first_error) std::rethrow_exception(first_error);
}

}  // namespace lehr::study
