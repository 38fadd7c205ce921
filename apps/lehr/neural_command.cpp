#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "apps/lehr/command.hpp"
#include "lehr/core/errors.hpp"

namespace lehr::command {
namespace {

// lehr-neural beside this program, else the name alone, which execvp looks up in PATH.
std::string neural_program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto beside = self.parent_path() / "lehr-neural";
    if (std::filesystem::exists(beside, error)) return beside.string();
  }
  return "lehr-neural";
}

}  // namespace

const std::vector<std::string>& neural_task_names() {
  static const std::vector<std::string> names{"train", "neural.train", "diffusion.train",
                                              "diffusion.learn_interpolant", "diffusion.train_tokens"};
  return names;
}

void delegate_to_neural(const std::vector<std::string>& arguments, const std::string& reason) {
  const std::string program = neural_program();
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  std::fflush(nullptr);
  execvp(program.c_str(), words.data());
  throw InvalidInput(
      "{} needs lehr-neural, which is not installed beside lehr or in PATH: install libtorch-dev and build "
      "with "
      "-DLEHR_NEURAL=ON",
      quote(reason));
}

}  // namespace lehr::command
