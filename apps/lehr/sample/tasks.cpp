#include "apps/lehr/sample/tasks.hpp"

namespace lehr::command {

Tasks sample_tasks() { return {}; }

}  // namespace lehr::command
