// Workers for calls from several threads at once: each call takes a worker that is free, or starts one more.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/worker.hpp"

namespace lehr {

class WorkerPool {
 public:
  WorkerPool(WorkerOptions options, std::filesystem::path base)
      : options_(std::move(options)), base_(std::move(base)) {}

  // Worker::ask of one item.
  WorkerAnswer ask(std::string_view op, Json item, const Worker::Check& check = {});

  // Of all workers; between calls only.
  struct Counts {
    std::int64_t failures = 0, calls = 0;
    std::string last_failure;
  };
  Counts counts() const;

 private:
  std::unique_ptr<Worker> take();
  void put_back(std::unique_ptr<Worker> worker);

  WorkerOptions options_;
  std::filesystem::path base_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> free_;
};

}  // namespace lehr
