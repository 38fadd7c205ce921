// That a method's runs are equal bit for bit: at any number of threads, and after a stop and a resume.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/random.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::test {

// A state's fields as `fields` visits them.
template <class Method>
StateTensors tensors(const Method& method, typename Method::State& state) {
  StateWriter writer;
  method.fields(writer, state);
  return writer.tensors;
}

inline void expect_equal(const StateTensors& a, const StateTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(b.at(name).bytes == tensor.bytes) << name;
}

// The state after `steps` steps is the same at 1, 2 and 8 threads, and when the run is stopped after `stop`
// steps and resumed.
template <class Method>
void expect_reproducible(const Method& method, std::int64_t steps, std::int64_t stop) {
  const Seed seed{11};
  set_threads(1);
  auto once = drive(method, Budget::steps(steps), seed);
  const StateTensors expected = tensors(method, once.state);
  for (const int threads : {2, 8}) {
    set_threads(threads);
    auto again = drive(method, Budget::steps(steps), seed);
    SCOPED_TRACE(threads);
    expect_equal(expected, tensors(method, again.state));
  }
  set_threads(0);
  const TemporaryFolder folder;
  Observers halting;
  halting.checkpoints.path = folder / "run.safetensors";
  halting.list.push_back({[&](const Moment& now, const Row&) {
                            return now.step + 1 >= stop ? Observer::stop_run : now.step + 1;
                          },
                          {}});
  ASSERT_EQ(drive(method, Budget::steps(steps), seed, halting).used.steps, stop);
  Observers resuming;
  resuming.checkpoints.path = halting.checkpoints.path;
  auto resumed = drive(method, Budget::steps(steps), seed, resuming);
  SCOPED_TRACE("resumed");
  expect_equal(expected, tensors(method, resumed.state));
}

}  // namespace lehr::test
