#include "lehr/core/parallel.hpp"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>

#include <memory>
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace lehr {
namespace {

// What oneTBB guarantees of a loop: it starts after what stands before it, and what stands after it sees what the bodies
// did. ThreadSanitizer has to be told, because oneTBB itself is not instrumented.
class LoopOrder {
 public:
#if defined(__SANITIZE_THREAD__)
  void begin() { __tsan_release(&begin_); }
  void body_begins() { __tsan_acquire(&begin_); }
  void body_ends() { __tsan_release(&end_); }
  void end() { __tsan_acquire(&end_); }

 private:
  char begin_ = 0, end_ = 0;
#else
  void begin() {}
  void body_begins() {}
  void body_ends() {}
  void end() {}
#endif
};

// The process-wide limit; oneTBB keeps it only while this object lives.
std::unique_ptr<tbb::global_control>& limit() {
  static std::unique_ptr<tbb::global_control> control;
  return control;
}

}  // namespace

void set_threads(int threads) {
  limit().reset();
  if (threads > 0)
    limit() = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                    static_cast<std::size_t>(threads));
}

int threads() {
  return static_cast<int>(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
}

void parallel_for(std::int64_t count, const std::function<void(std::int64_t)>& body, std::int64_t block) {
  LoopOrder order;
  order.begin();
  tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, count, static_cast<std::size_t>(block)),
                    [&](const tbb::blocked_range<std::int64_t>& range) {
                      order.body_begins();
                      for (std::int64_t i = range.begin(); i != range.end(); ++i) body(i);
                      order.body_ends();
                    });
  order.end();
}

}  // namespace lehr
