#include "lehr/stats/rashomon/rashomon_curve.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <limits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/stats/rashomon/rashomon_set.hpp"

namespace lehr::stats {
namespace {

// The loss falls at once, then the ratio shrinks for nothing.
TEST(RashomonCurve, ElbowOfAGamma) {
  const std::vector<CurvePoint> curve = {{-1, 0.4}, {-2, 0.1}, {-10, 0.09}, {-20, 0.08}};
  EXPECT_EQ(elbow(curve), 1u);
}

TEST(RashomonCurve, EndsAreElbowsToo) {
  EXPECT_EQ(elbow(std::vector<CurvePoint>{{-1, 0.2}, {-2, 0.2}, {-3, 0.2}}), 0u);  // nothing is gained
  EXPECT_EQ(elbow(std::vector<CurvePoint>{{-1, 0.4}, {-9, 0.39}, {-10, 0.0}}),
            2u);  // all is gained at the end
  const double none = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(elbow(std::vector<CurvePoint>{{-1, 0.4}, {-2, 0.1}, {-10, 0.09}, {none, 0.0}}), 1u);
  EXPECT_THROW(elbow(std::vector<CurvePoint>{{none, 0.1}}), InvalidInput);
}

TEST(RashomonSet, ToleranceCountsTies) {
  EXPECT_EQ((Tolerance{0.05}.error_limit(33, 124)), 39);
  EXPECT_EQ((Tolerance{0.1}.error_limit(3, 30)), 6);  // 0.1 * 30 is a little above 3 in floating point
  EXPECT_EQ((Tolerance{0.05, ThetaKind::relative}.error_limit(100, 1000)), 105);
  EXPECT_EQ((Tolerance{0.5}.error_limit(90, 100)), 100);
  EXPECT_LT((Tolerance{0.0}.error_limit(-1, 100)), 0);
}

// Three draws with estimates 0.1, 0.2 and 0 at the limit: mean 0.1, standard error 0.0577.
TEST(RashomonSet, AccumulatesMeansAndErrors) {
  RatioAccumulator accumulator(3, 0);
  accumulator.add(1, std::vector<double>{0.05, 0.1});
  accumulator.add(3, std::vector<double>{0.2});
  accumulator.add_nothing();
  const RatioEstimate ratio = accumulator.estimate(3);
  EXPECT_NEAR(ratio.log10_ratio, -1, 1e-12);
  EXPECT_NEAR(ratio.log10_error, 0.057735026918962574 / 0.1 / std::log(10.0), 1e-12);
  EXPECT_NEAR(accumulator.estimate(1).log10_ratio, std::log10(0.05 / 3), 1e-12);
  EXPECT_EQ(accumulator.estimate(0).log10_ratio, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(accumulator.estimate(0).log10_upper, 0);  // 3 / 3
}

TEST(RashomonSet, MeansOfLogarithms) {
  const std::vector<double> logs = {std::log(1e-200), std::log(3e-200)};
  const RatioEstimate ratio = mean_of_logs(logs);
  EXPECT_NEAR(ratio.log10_ratio, std::log10(2e-200), 1e-10);
  EXPECT_NEAR(ratio.log10_error, 0.5 / std::log(10.0), 1e-10);  // standard error 1e-200 of a mean of 2e-200
}

}  // namespace
}  // namespace lehr::stats
