#include "apps/lehr/spin/tasks.hpp"

#include "apps/lehr/spin/continual.hpp"
#include "apps/lehr/spin/continual_theory.hpp"
#include "apps/lehr/spin/convert.hpp"
#include "apps/lehr/spin/dense_hopfield.hpp"
#include "apps/lehr/spin/generate.hpp"
#include "apps/lehr/spin/hebbian.hpp"
#include "apps/lehr/spin/hebbian_theory.hpp"
#include "apps/lehr/spin/multitask.hpp"
#include "apps/lehr/spin/multitask_theory.hpp"
#include "apps/lehr/spin/replica.hpp"
#include "apps/lehr/spin/sample.hpp"
#include "apps/lehr/spin/solve.hpp"
#include "apps/lehr/spin/tts.hpp"

namespace lehr::command {

Tasks spin_tasks() {
  return {spin_solve_task(),     spin_sample_task(),           spin_tts_task(),
          spin_generate_task(),  spin_convert_task(),          spin_dense_hopfield_task(),
          spin_replica_task(),   spin_hebbian_task(),          spin_hebbian_theory_task(),
          spin_multitask_task(), spin_multitask_theory_task(), spin_continual_theory_task(),
          spin_continual_task()};
}

}  // namespace lehr::command
