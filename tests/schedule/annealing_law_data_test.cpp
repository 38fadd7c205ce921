// The learning-rate columns of the published loss curves of Luo et al. (2025), reproduced from schedules'
// texts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ostream>

#include "lehr/core/csv.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr {
namespace {

std::filesystem::path curves() {
  const char* shared = std::getenv("LEHR_SHARED_DATA");
  return std::filesystem::path(shared != nullptr ? shared : "../shared/data") / "lr-annealing-law";
}

struct LossCurve {
  const char* file;
  std::int64_t steps;
  const char* schedule;
};

// How the tests' names show a curve.
void PrintTo(const LossCurve& curve, std::ostream* out) { *out << curve.file; }

class AnnealingLawData : public testing::TestWithParam<LossCurve> {};

TEST_P(AnnealingLawData, LearningRatesAreReproduced) {
  const LossCurve run = GetParam();
  if (!std::filesystem::exists(curves() / run.file)) GTEST_SKIP() << "no loss curves at " << curves();
  const CsvTable table = read_csv(curves() / run.file);
  const std::vector<double> steps = table.number_column("step"), rates = table.number_column("lr");
  const Schedule schedule = Schedule::parse(run.schedule);
  std::size_t checked = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] >= static_cast<double>(run.steps)) continue;
    EXPECT_NEAR(schedule.at(static_cast<std::int64_t>(steps[i]), run.steps), rates[i], 1e-18)
        << "step " << steps[i];
    ++checked;
  }
  EXPECT_GT(checked, 90u);
}

TEST_P(AnnealingLawData, TheFileItselfIsASchedule) {
  const LossCurve run = GetParam();
  if (!std::filesystem::exists(curves() / run.file)) GTEST_SKIP() << "no loss curves at " << curves();
  const CsvTable table = read_csv(curves() / run.file);
  const std::vector<double> steps = table.number_column("step"), rates = table.number_column("lr");
  const std::string text = fmt::format("table(\"{}\", column=\"lr\")", run.file);
  const Schedule schedule = Schedule::parse(text, curves());
  EXPECT_EQ(schedule.text(), text);
  for (std::size_t i = 0; i < steps.size(); ++i)
    EXPECT_EQ(schedule.at(static_cast<std::int64_t>(steps[i]), 100'000), rates[i]);
}

INSTANTIATE_TEST_SUITE_P(
    Runs, AnnealingLawData,
    testing::Values(
        LossCurve{"csv_100/constant_24000.csv", 24000, "warmup(2160steps, 3e-4)"},
        LossCurve{"csv_100/cosine_24000.csv", 24000, "warmup(2160steps, cosine(from=3e-4, to=3e-5))"},
        LossCurve{"csv_100/cosine_72000.csv", 72000, "warmup(2160steps, cosine(from=3e-4, to=3e-5))"},
        LossCurve{"csv_100/wsd_20000_24000.csv", 24000,
                  "wsd(peak=3e-4, to=3e-5, start=20000steps, shape=exponential, warmup=2160steps)"},
        LossCurve{"csv_25/wsdld_20000_24000.csv", 24000,
                  "wsd(3e-4, 3e-5, start=20000steps, warmup=2160steps)"},
        LossCurve{"csv_100/wsdcon_3.csv", 16000, "then(warmup(2160steps, 3e-4), 3e-5, at=8000steps)"},
        LossCurve{"csv_100/wsdcon_9.csv", 16000, "warmup(2160steps, steps([3e-4, 9e-5], at=[5840steps]))"}));

}  // namespace
}  // namespace lehr
