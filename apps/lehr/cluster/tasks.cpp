#include "apps/lehr/cluster/tasks.hpp"

namespace lehr::command {

Tasks cluster_tasks() { return {}; }

}  // namespace lehr::command
