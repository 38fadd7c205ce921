// Children of a test, for what must survive a kill at any moment.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <exception>

namespace lehr::test {

// Runs `work` in a child, which exits with 0, or with 1 where `work` throws.
template <class Work>
pid_t in_child(Work work) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    work();
  } catch (const std::exception& error) {
    fmt::print(stderr, "child: {}\n", error.what());
    _exit(1);
  }
  _exit(0);
}

constexpr int killed = 128 + SIGKILL;  // the status of a child that was killed

// The exit status as a shell tells it, from that of waitpid.
inline int code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Waits for the child's end.
inline int exit_status(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return code_of(status);
}

// A fixed sequence of waits between two bounds.
class Waits {
 public:
  Waits(std::uint64_t seed, std::uint64_t least_microseconds, std::uint64_t most_microseconds)
      : random_(seed), least_(least_microseconds), range_(most_microseconds - least_microseconds) {}
  // `stretch` times as long as the sequence says.
  void wait(double stretch = 1) {
    random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
    usleep(static_cast<useconds_t>(stretch * static_cast<double>(least_ + (random_ >> 33) % range_)));
  }

 private:
  std::uint64_t random_, least_, range_;
};

// Runs `work` in a child that is killed after a wait, if it is not done by then; its exit status. Where children of
// the same work were `killed_before`, the wait is longer: on a busy machine a child needs more time to get anywhere.
template <class Work>
int status_after_kill(Work work, Waits& waits, int killed_before = 0) {
  const pid_t child = in_child(work);
  waits.wait(1 + killed_before / 10.0);
  kill(child, SIGKILL);
  return exit_status(child);
}

}  // namespace lehr::test
