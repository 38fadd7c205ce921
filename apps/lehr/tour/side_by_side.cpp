#include "apps/lehr/tour/side_by_side.hpp"

#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "lehr/core/parallel.hpp"

namespace lehr::command {

void side_by_side(std::int64_t count, const std::function<void(std::int64_t)>& body) {
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> failed{false};
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count));
  const auto work = [&] {
    tbb::task_arena alone(1);
    for (std::int64_t i; !failed && (i = next++) < count;) try {
        alone.execute([&] { body(i); });
      } catch (...) {
        errors[static_cast<std::size_t>(i)] = std::current_exception();
        failed = true;
      }
  };
  std::vector<std::thread> others;
  for (std::int64_t k = 1; k < std::min<std::int64_t>(count, threads()); ++k) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace lehr::command
