// A child process behind three pipes, for those who talk with it (worker.hpp).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace lehr {

class ChildProcess {
 public:
  ChildProcess() = default;
  // Runs `command` by the shell in the folder `base` (empty: the working folder), in a process group of its own, so that
  // Ctrl-C in the terminal reaches only the parent. Throws IoError.
  ChildProcess(const std::string& command, const std::filesystem::path& base);
  // Closes the child's standard input and gives it a moment to end, then kills its group.
  ~ChildProcess() { stop(true); }
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  bool running() const { return pid_ > 0; }
  int input() const { return input_; }    // the child's; a non-blocking descriptor to write to
  int output() const { return output_; }  // non-blocking, to read from
  int errors() const { return errors_; }

  // Writes what the pipe takes; returns the number of bytes, 0 when it is full, -1 when the child no longer reads.
  long write(std::string_view bytes) const;
  // Appends what is there to `text`; false at the end of the stream.
  static bool read(int descriptor, std::string& text);

  // Ends the child; at once, or after it had a second to end by itself. Returns its exit status, or 128 + the signal.
  int stop(bool patiently);

 private:
  void close_pipes();
  int wait(bool patiently) const;

  pid_t pid_ = -1;
  int input_ = -1, output_ = -1, errors_ = -1;
};

}  // namespace lehr
