#include <string>
#include <vector>

#include "apps/lehr/command.hpp"
#include "apps/lehr/task_table.hpp"
#include "lehr/neural/learn_interpolant_task.hpp"
#include "lehr/neural/train_noise_task.hpp"
#include "lehr/neural/train_task.hpp"

int main(int count, char** words) {
  lehr::Tasks tasks = lehr::command::light_tasks();
  tasks.push_back(lehr::neural::train_task());
  tasks.push_back(lehr::neural::train_noise_task());
  tasks.push_back(lehr::neural::learn_interpolant_task());
  const std::vector<std::string> arguments(words + 1, words + count);
  return lehr::command::run_command({"lehr-neural", std::move(tasks), false}, arguments);
}
