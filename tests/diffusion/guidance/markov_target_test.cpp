// Masked sequences against the exact target: acceptance experiments 1 and 2 of the method's specification, on its file of 4^6
// sequences. 1200 designs: a histogram of 11 levels that is drawn from the target itself has a total variation of about 0.03.
#include "lehr/diffusion/guidance/value_regression.hpp"
#include "tests/diffusion/guidance/guidance_cases.hpp"

namespace lehr::diffusion {
namespace {

class MarkovTarget : public ::testing::Test {
 protected:
  void SetUp() override {
    if (markov6_path().empty()) GTEST_SKIP() << "shared/data/svdd-guidance is not there";
    json = markov6_json();
    file = sequence_model_from_json(json, "markov6.json");
    model = masked_diffusion(file.prior, 24);
    reward = pointwise_reward(*file.score);
    space = std::make_shared<const SequenceSpace>(enumerate(*file.prior, reward));
    law = reward_law(*space, alpha);
  }
  Svdd::State run(const ValueModel& value, int candidates, double temperature) const {
    return run_svdd(model, reward, value, candidates, temperature, 1200);
  }

  const double alpha = 0.5;
  Json json;
  SequenceModel file;
  ReverseModel model;
  DesignReward reward;
  std::shared_ptr<const SequenceSpace> space;
  RewardLaw law;
};

TEST_F(MarkovTarget, EnumerationIsThatOfTheFile) {
  const Json& exact = json["exact"];
  EXPECT_NEAR(law.prior_mean, exact["prior_mean_reward"].get<double>(), 1e-9);
  EXPECT_NEAR(law.target_mean, exact["target_mean_reward"].get<double>(), 1e-9);
  // The file's log_E_exp is that of the target's normaliser.
  EXPECT_NEAR(law.log_normaliser, exact["log_E_exp"].get<double>(), 1e-9);
  ASSERT_EQ(law.levels.size(), exact["reward_levels"].size());
  for (std::size_t i = 0; i < law.levels.size(); ++i) {
    EXPECT_NEAR(law.levels[i], exact["reward_levels"][i].get<double>(), 1e-8);
    EXPECT_NEAR(law.target[static_cast<Index>(i)], exact["target_reward_histogram"][i].get<double>(), 1e-9);
  }
  const VectorXd two = target_of_first_two(*space, alpha);
  for (Index i = 0; i < 16; ++i)
    EXPECT_NEAR(two[i], exact["target_first_two_symbols"][static_cast<std::size_t>(i)].get<double>(), 1e-9);
}

TEST_F(MarkovTarget, ExactValuesConvergeToTheTarget) {
  const ValueModel value = exact_value(space, model, ValueKind::soft);
  std::map<int, double> distance;
  Svdd::State last;
  for (const int candidates : {1, 2, 5, 20}) {
    last = run(value, candidates, alpha);
    distance[candidates] = histogram_distance(law, last.rewards);
    RecordProperty("tv_" + std::to_string(candidates), std::to_string(distance[candidates]));
  }
  EXPECT_GE(distance[1], 0.2);
  EXPECT_GE(distance[2], 0.12);
  EXPECT_LE(distance[2], 0.20);
  EXPECT_LE(distance[5], 0.09);
  EXPECT_LE(distance[20], 0.06);
  EXPECT_GT(distance[1], distance[2]);
  EXPECT_GT(distance[2], distance[5]);
  EXPECT_NEAR(last.rewards.mean(), 1.166, 0.05);
  VectorXd two = VectorXd::Zero(16);
  for (const auto& x : last.x.colwise()) two[static_cast<Index>(4 * x[0] + x[1])] += 1.0 / 1200;
  EXPECT_LE(total_variation(two, target_of_first_two(*space, alpha)), 0.07);
}

TEST_F(MarkovTarget, EstimatorsOfTheValue) {
  const auto posterior_mean = run(posterior_mean_value(model, reward), 10, alpha);
  const auto conditional_mean = run(exact_value(space, model, ValueKind::mean), 10, alpha);
  EXPECT_LE(histogram_distance(law, posterior_mean.rewards), 0.08);
  EXPECT_LE(histogram_distance(law, conditional_mean.rewards), 0.07);
}

TEST_F(MarkovTarget, GreedyRunsOvershoot) {
  const auto greedy = run(exact_value(space, model, ValueKind::soft), 10, 0);
  const auto greedy_mean = run(posterior_mean_value(model, reward), 10, 0);
  const auto best = run_best_of_n(model, reward, 10, 0, 1200);
  for (const auto& state : {greedy, greedy_mean}) {
    EXPECT_GE(state.rewards.mean(), 1.4);
    EXPECT_GE(histogram_distance(law, state.rewards), 0.35);
  }
  EXPECT_GE(histogram_distance(law, best.rewards), 0.35);
}

// Importance resampling among complete runs tends to the target as well, only slower.
TEST_F(MarkovTarget, ImportanceResamplingOfCompleteRuns) {
  const double few = histogram_distance(law, run_best_of_n(model, reward, 2, alpha, 1200).rewards);
  const double many = histogram_distance(law, run_best_of_n(model, reward, 50, alpha, 1200).rewards);
  EXPECT_LT(many, few);
  EXPECT_LE(many, 0.08);
}

// 4000 designs: the bias of resampling and its common ancestors together stay below 0.1 at this temperature.
TEST_F(MarkovTarget, TwistedSmcAgreesWhereAncestorsSurvive) {
  const TwistedSmc method(model, reward, exact_value(space, model, ValueKind::soft),
                          {.count = 4000, .temperature = alpha});
  const auto state = drive(method, Budget::steps(method.steps()), {3}).state;
  EXPECT_LE(histogram_distance(law, state.rewards), 0.1);
}

// Acceptance experiment 3: the same chain at length 30, medians over 200 designs.
TEST_F(MarkovTarget, LengthThirty) {
  json["reward"]["motif_bonus"] = 1;
  json["reward"]["motif_cap"] = 3;
  const SequenceModel longer = sequence_model_from_json(json, "markov6.json", 30);
  const ReverseModel chain = masked_diffusion(longer.prior, 30);
  const DesignReward score = pointwise_reward(*longer.score);
  const auto median = [](const VectorXd& rewards) {
    std::vector<double> sorted(rewards.begin(), rewards.end());
    std::ranges::sort(sorted);
    return 0.5 * (sorted[99] + sorted[100]);
  };
  const FeatureMap features = motif_features(chain, *longer.score);
  ASSERT_EQ(features.names.size(), 8u);
  const ValueRegression regression(chain, score, features, {.rollouts = 1500});
  const auto fitted = drive(regression, Budget::steps(regression.steps()), {1}).state;
  const auto plain = run_svdd(chain, score, {}, 1, 0, 200);
  const auto best = run_best_of_n(chain, score, 10, 0, 200);
  const auto pm = run_svdd(chain, score, posterior_mean_value(chain, score), 10, 0, 200);
  const auto mc = run_svdd(chain, score, regression_value(fitted.value, features, chain), 10, 0, 200);
  RecordProperty("plain", std::to_string(median(plain.rewards)));
  RecordProperty("best_of_10", std::to_string(median(best.rewards)));
  RecordProperty("pm", std::to_string(median(pm.rewards)));
  RecordProperty("mc", std::to_string(median(mc.rewards)));
  EXPECT_GE(median(pm.rewards), 1.15 * median(best.rewards));
  EXPECT_GE(median(mc.rewards), 1.4 * median(pm.rewards));
  EXPECT_EQ(unique_share(pm.x), 1);
  EXPECT_EQ(unique_share(mc.x), 1);
  // The population that is resampled by independent draws collapses. (Systematic resampling keeps between 0.14 and 0.77 of the
  // designs different in eight seeds, and at most 10 of 200 ancestors.)
  for (const std::uint64_t seed : {1, 2, 3}) {
    const TwistedSmc twisted(chain, score, posterior_mean_value(chain, score),
                             {.count = 200, .temperature = 0.2, .resampling = "multinomial"});
    const auto population = drive(twisted, Budget::steps(twisted.steps()), {seed}).state;
    EXPECT_LE(unique_share(population.x), 0.5) << seed;
    EXPECT_GT(population.rewards.mean(), 1.5 * plain.rewards.mean()) << seed;
    EXPECT_LE(std::set(population.founder.begin(), population.founder.end()).size(), 20u) << seed;
  }
}

}  // namespace
}  // namespace lehr::diffusion
