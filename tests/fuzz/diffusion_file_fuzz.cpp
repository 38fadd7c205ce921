// Any text is a mixture, a solver schedule, a step list, a process or a grid, or refused with an Error; what is accepted is consistent.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/search/step_file.hpp"
#include "lehr/diffusion/solver_schedule.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace {

template <class F>
void accepted_or_refused(F f) {
  try {
    f();
  } catch (const lehr::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lehr;
  using namespace lehr::diffusion;
  const std::string text(reinterpret_cast<const char*>(data), size);
  static const Process process = Process::vp_linear();
  accepted_or_refused([&] {
    const Json json = parse_json(text, "fuzz");
    accepted_or_refused([&] {
      const auto mixture = mixture_from_json(json, "fuzz");
      if (!(std::abs(mixture.weights.sum() - 1) < 1e-9) || mixture.means.cols() != mixture.weights.size())
        std::abort();
    });
    accepted_or_refused([&] {
      const SolverSchedule schedule = schedule_from_json(json, "fuzz");
      if (schedule.steps.size() > 100) return;
      const Plan plan = usf_plan(process, schedule);
      if (plan.evaluations() != schedule.evaluations()) std::abort();
      if (schedule_json(schedule_from_json(schedule_json(schedule), "again")) != schedule_json(schedule))
        std::abort();
    });
    accepted_or_refused([&] {
      const StepList list = step_list_from_json(json, "fuzz");
      if (list.subset.times.size() > 100) return;
      check_plan(step_plan(process, list.subset, list.total, list.options));
    });
  });
  accepted_or_refused([&] {
    const Process other = Process::parse(text, "no-such-folder");
    for (const double t : TimeGrid::parse("power_t(2)").times(other, 4))
      if (!(other.s(t) > 0)) std::abort();
  });
  accepted_or_refused([&] {
    const std::vector<double> times = TimeGrid::parse(text, "no-such-folder").times(process, 5);
    for (std::size_t i = 1; i < times.size(); ++i)
      if (!(times[i] < times[i - 1])) std::abort();
  });
  return 0;
}
