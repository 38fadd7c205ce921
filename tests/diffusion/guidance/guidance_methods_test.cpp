// Choice, rules, errors and reproducibility of guided sampling.
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/guidance/choice.hpp"
#include "lehr/diffusion/guidance/value_regression.hpp"
#include "tests/core/reproducible.hpp"
#include "tests/diffusion/guidance/guidance_cases.hpp"

namespace lehr::diffusion {
namespace {

using test::message_of;

// Shares of 20000 designs that chose each of the values, offered in blocks of `block`.
VectorXd choice_shares(const VectorXd& values, double alpha, Index block) {
  const Index designs = 20000;
  StreamingChoice choice(1, designs, alpha);
  for (Index first = 0; first < values.size(); first += block) {
    const Index count = std::min(block, values.size() - first);
    MatrixXd candidates(1, designs * count);
    VectorXd offered(designs * count);
    for (Index c = 0; c < offered.size(); ++c) {
      candidates(0, c) = static_cast<double>(first + c / designs);
      offered[c] = values[first + c / designs];
    }
    choice.offer(candidates, offered, {}, {{5}, 0, static_cast<std::uint64_t>(first), designs});
  }
  VectorXd shares = VectorXd::Zero(values.size());
  for (const double m : choice.chosen().row(0)) shares[static_cast<Index>(m)] += 1.0 / designs;
  return shares;
}

// Standard error of a share: at most 0.0036.
TEST(StreamingChoice, DrawsBySoftmax) {
  VectorXd values(5);
  values << 0.3, -1, 1000, 1000.5, std::nan("");
  const VectorXd shares = choice_shares(values, 0.5, 2);
  EXPECT_NEAR(shares[3], 1 / (1 + std::exp(-1.0)), 0.015);
  EXPECT_NEAR(shares[2] + shares[3], 1, 1e-12);
  EXPECT_EQ(shares, choice_shares(values, 0.5, 5));  // blocks change nothing
  EXPECT_NEAR(choice_shares(values, 0, 3)[3], 1, 1e-9);
}

TEST(StreamingChoice, StatisticsOfTheWeights) {
  StreamingChoice choice(1, 1, 1);
  VectorXd values(3);
  values << std::log(1.0), std::log(2.0), std::log(5.0);
  choice.offer(MatrixXd::Zero(1, 3), values, {}, {{1}, 0, 0, 1});
  EXPECT_NEAR(choice.mean_ess(), 64.0 / 30, 1e-12);
  EXPECT_NEAR(choice.best_value(), std::log(5.0), 1e-15);
  EXPECT_NEAR(choice.mean_value(), std::log(10.0) / 3, 1e-12);
}

TEST(StreamingChoice, KeepsTheFirstWhereNoneIsFeasible) {
  StreamingChoice choice(1, 2, 1);
  MatrixXd candidates(1, 4);
  candidates << 7, 8, 9, 10;
  VectorXd values(4);
  values << std::nan(""), std::nan(""), std::nan(""), 0.5;
  choice.offer(candidates, values, {}, {{1}, 0, 0, 2});
  EXPECT_EQ(choice.infeasible_designs(), 1);
  EXPECT_EQ(choice.chosen()(0, 0), 7);
  EXPECT_EQ(choice.chosen()(0, 1), 10);
  EXPECT_TRUE(std::isnan(choice.values()[0]));
}

// A thousand candidates: greedy choice among them finds more than ten do, one block of memory at a time.
TEST(Svdd, ThousandCandidates) {
  const auto prior = small_chain(8);
  const ReverseModel model = masked_diffusion(prior, 16);
  const DesignReward reward = pointwise_reward(small_score());
  const auto few = run_svdd(model, reward, posterior_mean_value(model, reward), 10, 0, 20);
  const auto many = run_svdd(model, reward, posterior_mean_value(model, reward), 1000, 0, 20);
  EXPECT_GT(many.rewards.mean(), few.rewards.mean());
}

TEST(Svdd, SpreadRuleSpendsTheSameNumberOfCandidates) {
  const auto prior = small_chain(6);
  const ReverseModel model = masked_diffusion(prior, 12);
  const DesignReward reward = pointwise_reward(small_score());
  const ValueModel value = posterior_mean_value(model, reward);
  const Svdd method(model, reward, value,
                    {.count = 50, .candidates = 8, .temperature = 0.3, .rule = "spread"});
  const auto state = drive(method, Budget::steps(method.steps()), {1}).state;
  double total = 0, least = 1e9, most = 0;
  for (Index i = 0; i < state.trace.size(); ++i) {
    const double m = state.trace.step(i).candidates;
    total += m, least = std::min(least, m), most = std::max(most, m);
  }
  EXPECT_EQ(total, 12 * 8);
  EXPECT_LT(least, most);
  EXPECT_EQ(state.reward_calls, 12 * 8 * 50);
}

TEST(Svdd, SchedulesOfCandidatesAndTemperature) {
  const auto prior = small_chain(6);
  const ReverseModel model = masked_diffusion(prior, 10);
  const DesignReward reward = pointwise_reward(small_score());
  const auto state =
      run_svdd(model, reward, posterior_mean_value(model, reward), Schedule::parse("linear(from=2, to=12)"),
               Schedule::parse("linear(from=1, to=0)"), 10);
  EXPECT_EQ(state.trace.step(0).candidates, 2);
  EXPECT_EQ(state.trace.step(9).candidates, 11);
  EXPECT_NEAR(state.trace.step(9).temperature, 0.1, 1e-12);
  EXPECT_EQ(state.trace.step(9).revealed, 1);
}

TEST(Svdd, InfeasibleDesignsAreNeverChosenWhereOthersAre) {
  const auto prior = small_chain(5);
  const ReverseModel model = masked_diffusion(prior, 10);
  const DesignReward even =
      pointwise_reward([](const auto& x) { return x[0] == 1 ? std::nan("") : x.sum(); });
  const auto state = run_svdd(model, even, posterior_mean_value(model, even), 30, 0.5, 200);
  EXPECT_LE((state.x.row(0).array() == 1).count(), 2);
  const DesignReward never = pointwise_reward([](const auto&) { return std::nan(""); });
  const auto message = message_of<NumericalFailure>(
      [&] { run_svdd(model, never, posterior_mean_value(model, never), 3, 0, 20); });
  EXPECT_NE(message.find("200 of 200 choices had no candidate"), std::string::npos) << message;
}

// A reward that scores only what begins with 2: the argmax decoding of the first states does not, so no value is feasible there.
TEST(TwistedSmc, StepsWithoutFeasibleValuesLeaveTheWeights) {
  const auto prior = small_chain(6);
  const ReverseModel model = masked_diffusion(prior, 24);
  const DesignReward picky =
      pointwise_reward([](const auto& x) { return x[0] == 2 ? x.sum() : std::nan(""); });
  MatrixXd start = MatrixXd::Constant(6, 1, 3);
  ASSERT_TRUE(std::isnan(posterior_mean_value(model, picky)(start, 0, 1, {}).values[0]));
  const TwistedSmc method(model, picky, posterior_mean_value(model, picky), {.count = 400, .temperature = 1});
  const auto state = drive(method, Budget::steps(method.steps()), {1}).state;
  EXPECT_TRUE((state.x.row(0).array() == 2).all());
}

TEST(Svdd, RefusesWhatCannotBe) {
  const auto prior = small_chain(5);
  const ReverseModel model = masked_diffusion(prior, 10);
  const DesignReward reward = pointwise_reward(small_score());
  const ValueModel value = posterior_mean_value(model, reward);
  EXPECT_NE(message_of<InvalidInput>([&] { run_svdd(model, reward, value, 0, 0, 5); }).find("candidates: 0"),
            std::string::npos);
  EXPECT_NE(
      message_of<InvalidInput>([&] { run_svdd(model, reward, value, 2, -0.5, 5); }).find("temperature: -0.5"),
      std::string::npos);
  const DesignReward two = [](const MatrixXd&) { return VectorXd(2); };
  EXPECT_EQ(
      message_of<InvalidInput>([&] { run_svdd(model, two, posterior_mean_value(model, two), 2, 0, 5); }),
      "reward: 2 values for 10 designs");
  EXPECT_NE(message_of<InvalidInput>([&] {
              ValueRegression(model, reward, motif_features(model, small_score()), {.rollouts = 3});
            }).find("rollouts: 3 are fewer than the 8 features"),
            std::string::npos);
  const TwistedSmc cold(model, reward, value, {.count = 5, .temperature = 0});
  EXPECT_NE(message_of<InvalidInput>([&] { drive(cold, Budget::steps(10), {1}); }).find("above 0"),
            std::string::npos);
}

TEST(Guidance, RunsAreReproducible) {
  const auto prior = small_chain(7);
  const ReverseModel model = masked_diffusion(prior, 14);
  const SequenceScore score = small_score();
  const DesignReward reward = pointwise_reward(score);
  const ValueModel value = posterior_mean_value(model, reward);
  test::expect_reproducible(
      Svdd(model, reward, value, {.count = 300, .candidates = 6, .temperature = 0.4, .rule = "spread"}), 14,
      5);
  test::expect_reproducible(BestOfN(model, reward, {.count = 300, .runs = 6, .temperature = 0.4}), 6, 3);
  test::expect_reproducible(TwistedSmc(model, reward, value, {.count = 300, .temperature = 0.4}), 14, 9);
  test::expect_reproducible(ValueRegression(model, reward, motif_features(model, score),
                                            {.rollouts = 300, .form = "bellman", .temperature = 0.4}),
                            28, 17);
}

}  // namespace
}  // namespace lehr::diffusion
