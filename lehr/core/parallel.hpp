// Parallel maps and reductions on oneTBB whose results do not depend on the number of threads: work is cut
// into blocks of a fixed size, and partial results are combined in the order of the blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace lehr {

// Limits the whole process to `threads` threads (0: all cores). Call once, from the command.
void set_threads(int threads);
int threads();

// Calls body(i) for i in [0, count), in parallel; bodies must be independent.
void parallel_for(std::int64_t count, const std::function<void(std::int64_t)>& body, std::int64_t block = 1);

// [map(0), map(1), ...] computed in parallel.
template <class Map>
auto parallel_map(std::int64_t count, Map map) {
  std::vector<decltype(map(std::int64_t{}))> results(static_cast<std::size_t>(count));
  parallel_for(count, [&](std::int64_t i) { results[static_cast<std::size_t>(i)] = map(i); });
  return results;
}

// combine(...combine(combine(start, block(0, b)), block(b, 2b))..., last): blocks run in parallel, their
// results are combined from the first to the last.
template <class T, class Block, class Combine>
T parallel_reduce(std::int64_t count, std::int64_t block, T start, Block partial, Combine combine) {
  const std::int64_t blocks = (count + block - 1) / block;
  auto parts = parallel_map(blocks, [&](std::int64_t b) {
    const std::int64_t from = b * block;
    return partial(from, from + block < count ? from + block : count);
  });
  for (auto& part : parts) start = combine(std::move(start), std::move(part));
  return start;
}

}  // namespace lehr
