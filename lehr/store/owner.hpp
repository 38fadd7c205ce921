// Who works on a cell: a process on a machine. A cell whose owner has died may be done again by anybody else.
#pragma once

#include <cstdint>
#include <string>

namespace lehr::store {

struct Owner {
  std::string
      machine;  // host name, boot and process namespace: equal only where process numbers mean the same
  std::int64_t process = 0;  // process number
  std::int64_t started = 0;  // the process's start time (clock ticks since boot): tells a reused number apart
  friend bool operator==(const Owner&, const Owner&) = default;
};

// The calling process.
Owner this_process();

// Seconds without a heartbeat after which a process on another machine counts as dead.
inline constexpr double heartbeat_patience = 60;

// True when `owner` no longer runs: on this machine the process table says so, elsewhere the age of its last
// heartbeat (seconds) does.
bool is_dead(const Owner& owner, double heartbeat_age);

}  // namespace lehr::store
