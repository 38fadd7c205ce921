// `lehr spin generate` (spin.generate): makes a problem of a known family and writes it to a file.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_generate_task();

}  // namespace lehr::command
