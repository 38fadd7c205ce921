#include <cstring>
#include <string>
#include <vector>

#include "apps/lehr/command.hpp"
#include "apps/lehr/task_table.hpp"

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  return lehr::command::run_command({"lehr", lehr::command::light_tasks(), true}, arguments);
}
