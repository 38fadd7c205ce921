#include "apps/lehr/spin/tasks.hpp"

#include "apps/lehr/spin/convert.hpp"
#include "apps/lehr/spin/generate.hpp"
#include "apps/lehr/spin/sample.hpp"
#include "apps/lehr/spin/solve.hpp"
#include "apps/lehr/spin/tts.hpp"

namespace lehr::command {

Tasks spin_tasks() {
  return {spin_solve_task(), spin_sample_task(), spin_tts_task(), spin_generate_task(), spin_convert_task()};
}

}  // namespace lehr::command
