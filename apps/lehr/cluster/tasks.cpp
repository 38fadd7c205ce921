#include "apps/lehr/cluster/tasks.hpp"

#include "apps/lehr/cluster/ppp.hpp"

namespace lehr::command {

Tasks cluster_tasks() { return {cluster_ppp_task()}; }

}  // namespace lehr::command
