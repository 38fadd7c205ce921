#include "lehr/core/worker_pool.hpp"

namespace lehr {

WorkerAnswer WorkerPool::ask(std::string_view op, Json item, const Worker::Check& check) {
  std::unique_ptr<Worker> worker = take();
  std::vector<WorkerAnswer> answers = worker->ask(op, {std::move(item)}, check);
  put_back(std::move(worker));
  return std::move(answers.front());
}

WorkerPool::Counts WorkerPool::counts() const {
  Counts counts;
  for (const auto& worker : free_) {
    counts.failures += worker->counts().failures, counts.calls += worker->counts().items;
    if (!worker->last_failure().empty()) counts.last_failure = worker->last_failure();
  }
  return counts;
}

std::unique_ptr<Worker> WorkerPool::take() {
  const std::scoped_lock lock(mutex_);
  if (free_.empty()) return std::make_unique<Worker>(options_, base_);
  std::unique_ptr<Worker> worker = std::move(free_.back());
  free_.pop_back();
  return worker;
}

void WorkerPool::put_back(std::unique_ptr<Worker> worker) {
  const std::scoped_lock lock(mutex_);
  free_.push_back(std::move(worker));
}

}  // namespace lehr
