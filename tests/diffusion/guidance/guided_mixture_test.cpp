// Guided ancestral sampling of a Gaussian mixture: acceptance experiment 4, against the exact target on a grid.
#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/diffusion/guidance/gradient_guidance.hpp"
#include "lehr/diffusion/guidance/mixture_values.hpp"
#include "lehr/diffusion/guidance/svdd.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "tests/diffusion/guidance/guidance_cases.hpp"

namespace lehr::diffusion {
namespace {

double steps_reward(const Eigen::Ref<const VectorXd>& x) {
  return 2 * (x[0] > 0.5 ? 1 : 0) - std::floor(std::abs(x[1]));
}

class GuidedMixture : public ::testing::Test {
 protected:
  void SetUp() override {
    mixture = mixture_from_json(
        parse_json(R"json({"weights":[0.6,0.4],"means":[[-1.5,0],[1.5,0.5]],"variances":[0.25,0.25]})json",
                   "m"),
        "m");
    model = mixture_diffusion(mixture, 40);
    reward = pointwise_reward(steps_reward);
    make_target();
  }
  // Cells of 0.01 on [-5, 5]^2; draws take a cell by systematic steps through the cumulated weights.
  void make_target() {
    const int cells = 1000;
    const stats::MixtureDensity density(mixture);
    MatrixXd points(2, cells * cells);
    for (int i = 0; i < cells; ++i)
      for (int j = 0; j < cells; ++j)
        points.col(i * cells + j) << -5 + 0.01 * (i + 0.5), -5 + 0.01 * (j + 0.5);
    VectorXd weights = density.log_density({points, {}, {}});
    for (Index c = 0; c < weights.size(); ++c)
      weights[c] = std::exp(weights[c] + steps_reward(points.col(c)) / alpha);
    weights /= weights.sum();
    target.resize(2, 1000);
    double cumulated = 0;
    Index drawn = 0;
    for (Index c = 0; c < weights.size(); ++c) {
      mean_reward += weights[c] * steps_reward(points.col(c));
      right_share += points(0, c) > 0.5 ? weights[c] : 0;
      cumulated += weights[c];
      while (drawn < 1000 && cumulated > (static_cast<double>(drawn) + 0.5) / 1000)
        target.col(drawn++) = points.col(c);
    }
    while (drawn < 1000) target.col(drawn++) = points.col(weights.size() - 1);
  }
  Svdd::State run(const ValueModel& value, int candidates) const {
    return run_svdd(model, reward, value, candidates, alpha, 1000);
  }

  const double alpha = 0.5;
  stats::GaussianMixture mixture;
  ReverseModel model;
  DesignReward reward;
  MatrixXd target;
  double mean_reward = 0, right_share = 0;
};

TEST_F(GuidedMixture, TargetOnTheGrid) {
  EXPECT_NEAR(mean_reward, 1.913, 2e-3);
  EXPECT_NEAR(right_share, 0.969, 1e-3);
}

// 1000 designs: the mean reward has a standard error of about 0.02.
TEST_F(GuidedMixture, ExactValuesReachTheTargetAndThePosteriorMeanDoesNot) {
  const ValueModel exact = mixture_value(mixture, model, reward, 64, ValueKind::soft);
  const auto twenty = run(exact, 20), two = run(exact, 2),
             biased = run(posterior_mean_value(model, reward), 20);
  const double distance_20 = sliced_wasserstein(twenty.x, target),
               distance_2 = sliced_wasserstein(two.x, target),
               distance_biased = sliced_wasserstein(biased.x, target);
  RecordProperty("reward_20", std::to_string(twenty.rewards.mean()));
  RecordProperty("sw2_20", std::to_string(distance_20));
  RecordProperty("sw2_2", std::to_string(distance_2));
  RecordProperty("sw2_pm", std::to_string(distance_biased));
  EXPECT_GE(twenty.rewards.mean(), 1.72);
  EXPECT_LE(distance_20, 0.30);
  EXPECT_GE(distance_2, 0.6);
  EXPECT_GE(distance_biased, 0.45);
}

// The unguided chain of 40 steps gives back the mixture: means within 4 standard errors plus the grid's error.
TEST_F(GuidedMixture, UnguidedRunsDrawTheMixture) {
  const auto state = run_svdd(mixture_diffusion(mixture, 200), reward, {}, 1, 0, 4000);
  EXPECT_NEAR(state.x.row(0).mean(), -0.3, 0.12);
  EXPECT_NEAR(state.x.row(1).mean(), 0.2, 0.06);
}

// A linear reward c'x tilts one Gaussian N(m, I) to N(m + c / alpha, I): gradient guidance is nearly exact there, and proposals
// from it keep SVDD's target.
TEST_F(GuidedMixture, GradientOfALinearReward) {
  const auto one =
      mixture_from_json(parse_json(R"json({"weights":[1],"means":[[0,0]],"variances":[1]})json", "m"), "m");
  const ReverseModel plain = mixture_diffusion(one, 100);
  const DesignReward linear = pointwise_reward([](const auto& x) { return x[0]; });
  const ReverseModel guided = guided_by_gradient(plain, linear, 1, 1);
  const auto baseline = run_svdd(guided, linear, {}, 1, 1, 1500);
  EXPECT_NEAR(baseline.x.row(0).mean(), 1, 0.1);  // standard error 0.026; the rest is the grid's
  EXPECT_NEAR(baseline.x.row(1).mean(), 0, 0.08);
  // v_t = E + Var / (2 alpha) of x0 given x_t: equal variances, so v is the posterior mean up to a constant.
  const auto proposed = run_svdd(guided, linear, posterior_mean_value(guided, linear), 8, 1, 1500);
  const auto without = run_svdd(plain, linear, posterior_mean_value(plain, linear), 8, 1, 1500);
  EXPECT_NEAR(proposed.x.row(0).mean(), 1, 0.1);
  EXPECT_LT(std::abs(proposed.x.row(0).mean() - 1), std::abs(without.x.row(0).mean() - 1) + 0.05);
}

}  // namespace
}  // namespace lehr::diffusion
