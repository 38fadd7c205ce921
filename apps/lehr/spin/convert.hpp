// `lehr spin convert` (spin.convert): writes a problem file in another format.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_convert_task();

}  // namespace lehr::command
