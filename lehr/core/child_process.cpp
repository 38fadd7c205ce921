#include "lehr/core/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "lehr/core/errors.hpp"

extern char** environ;

namespace lehr {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw IoError("pipe", std::strerror(errno));
    from = ends[0], to = ends[1];
  }
  ~Pipe() {
    if (from >= 0) ::close(from);
    if (to >= 0) ::close(to);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  // Hands one end over, which does not block from now on.
  static int take(int& end) {
    ::fcntl(end, F_SETFL, ::fcntl(end, F_GETFL) | O_NONBLOCK);
    return std::exchange(end, -1);
  }
  int from = -1, to = -1;
};

// Writing to a pipe that nobody reads raises SIGPIPE, which would end the whole process: kept from this thread while this
// object lives, and taken back where it was raised.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutSigpipe() {
    const timespec now{};
    if (!was_pending_)
      while (::sigtimedwait(&pipe_, nullptr, &now) == -1 && errno == EINTR) {
      }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

// What the child starts with: its streams, its folder, its own process group, no blocked or ignored signals.
class SpawnSettings {
 public:
  SpawnSettings(const Pipe& input, const Pipe& output, const Pipe& errors,
                const std::filesystem::path& base) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_adddup2(&files_, input.from, 0);
    ::posix_spawn_file_actions_adddup2(&files_, output.to, 1);
    ::posix_spawn_file_actions_adddup2(&files_, errors.to, 2);
    if (!base.empty()) ::posix_spawn_file_actions_addchdir_np(&files_, base.c_str());
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t none, defaults;
    ::sigemptyset(&none);
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  pid_t spawn(const std::string& command) const {
    std::string shell = "sh", flag = "-c", text = command;
    std::array<char*, 4> arguments{shell.data(), flag.data(), text.data(), nullptr};
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, "/bin/sh", &files_, &attributes_, arguments.data(), environ);
    if (error != 0) throw IoError("/bin/sh", std::strerror(error));
    return pid;
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

ChildProcess::ChildProcess(const std::string& command, const std::filesystem::path& base) {
  Pipe input, output, errors;
  pid_ = SpawnSettings(input, output, errors, base).spawn(command);
  input_ = Pipe::take(input.to);
  output_ = Pipe::take(output.from);
  errors_ = Pipe::take(errors.from);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept { *this = std::move(other); }

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this == &other) return *this;
  stop(false);
  pid_ = std::exchange(other.pid_, -1);
  input_ = std::exchange(other.input_, -1);
  output_ = std::exchange(other.output_, -1);
  errors_ = std::exchange(other.errors_, -1);
  return *this;
}

long ChildProcess::write(std::string_view bytes) const {
  const WithoutSigpipe quiet;
  for (;;) {
    const ssize_t written = ::write(input_, bytes.data(), bytes.size());
    if (written >= 0) return written;
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) return -1;
  }
}

bool ChildProcess::read(int descriptor, std::string& text) {
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
      return true;  // the rest is read when poll says so, which keeps one loud child from starving the others
    }
    if (count == 0) return false;
    if (errno == EAGAIN) return true;
    if (errno != EINTR) return false;
  }
}

int ChildProcess::stop(bool patiently) {
  if (!running()) return 0;
  if (input_ >= 0) ::close(std::exchange(input_, -1));
  const int status = wait(patiently);
  close_pipes();
  pid_ = -1;
  return status;
}

int ChildProcess::wait(bool patiently) const {
  const auto exit_status = [](int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  };
  int status = 0;
  for (int waits = patiently ? 100 : 2; waits > 0; --waits) {
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      ::kill(-pid_, SIGKILL);  // what it left behind in its group
      return exit_status(status);
    }
    ::poll(nullptr, 0, patiently ? 10 : 1);
  }
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, &status, 0) == -1 && errno == EINTR) {
  }
  return exit_status(status);
}

void ChildProcess::close_pipes() {
  for (int* const end : {&input_, &output_, &errors_})
    if (*end >= 0) ::close(std::exchange(*end, -1));
}

}  // namespace lehr
