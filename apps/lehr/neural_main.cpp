#include <string>
#include <vector>

#include "apps/lehr/command.hpp"
#include "apps/lehr/task_table.hpp"
#ifdef LEHR_DIFFUSION_ROOM
#include "apps/lehr/diffusion/tokens.hpp"
#include "lehr/neural/net_tokens.hpp"
#include "lehr/neural/torch_runtime.hpp"
#endif
#include "lehr/neural/learn_interpolant_task.hpp"
#include "lehr/neural/train_noise_task.hpp"
#include "lehr/neural/train_task.hpp"
#include "lehr/neural/train_tokens_task.hpp"

int main(int count, char** words) {
  lehr::Tasks tasks = lehr::command::light_tasks();
  tasks.push_back(lehr::neural::train_task());
  tasks.push_back(lehr::neural::train_noise_task());
  tasks.push_back(lehr::neural::learn_interpolant_task());
  tasks.push_back(lehr::neural::train_tokens_task());
#ifdef LEHR_DIFFUSION_ROOM
  // Here it also draws from networks.
  for (lehr::Task& task : tasks)
    if (task.name == "diffusion.tokens")
      task = lehr::command::diffusion_tokens_task([](const std::filesystem::path& path) {
        lehr::neural::set_torch_threads(1);
        return lehr::neural::read_learned_tokens(path);
      });
#endif
  const std::vector<std::string> arguments(words + 1, words + count);
  return lehr::command::run_command({"lehr-neural", std::move(tasks), false}, arguments);
}
