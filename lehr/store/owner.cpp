#include "lehr/store/owner.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>

namespace lehr::store {
namespace {

std::string first_line(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string machine_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::array<char, 64> space{};
  if (readlink("/proc/self/ns/pid", space.data(), space.size() - 1) < 0) space[0] = '\0';
  return std::string(host.data()) + " " + first_line("/proc/sys/kernel/random/boot_id") + " " + space.data();
}

// Field 22 of /proc/PID/stat, 0 where there is none. The process's name (field 2) may itself hold spaces and
// brackets. A zombie has ended already and counts as gone (-1).
std::int64_t start_time(std::int64_t process) {
  const std::string line = first_line(("/proc/" + std::to_string(process) + "/stat").c_str());
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string state, field;
  fields >> state;
  if (state == "Z" || state == "X") return -1;
  for (int number = 4; number <= 22; ++number) fields >> field;
  return fields ? std::strtoll(field.c_str(), nullptr, 10) : 0;
}

}  // namespace

Owner this_process() { return {machine_name(), getpid(), start_time(getpid())}; }

bool is_dead(const Owner& owner, double heartbeat_age) {
  static const std::string here = machine_name();
  if (owner.machine != here) return heartbeat_age > heartbeat_patience;
  if (kill(static_cast<pid_t>(owner.process), 0) != 0 && errno == ESRCH) return true;
  return start_time(owner.process) != owner.started;
}

}  // namespace lehr::store
