// Exact values three ways (tables, the chain's recursion, plain sums over all sequences), exact marginals against enumeration, and what
// learnt values tend to.
#include <cmath>

#include "lehr/diffusion/guidance/chain_values.hpp"
#include "lehr/diffusion/guidance/value_regression.hpp"
#include "tests/diffusion/guidance/guidance_cases.hpp"

namespace lehr::diffusion {
namespace {

// alpha ln sum_x p(x | evidence) exp(r / alpha), term by term.
double summed_value(const SequencePrior& prior, const SequenceScore& score, const MatrixXd& evidence,
                    double alpha) {
  double with = 0, without = 0, best = -INFINITY;
  const auto count = static_cast<Index>(number_of_sequences(prior.length(), prior.symbols()));
  for (Index i = 0; i < count; ++i) {
    const VectorXd x = SequenceSpace{prior.length(), prior.symbols(), {}, {}}.sequence(i);
    double p = std::exp(prior.log_probability(x));
    for (Index j = 0; j < x.size(); ++j) p *= evidence(static_cast<Index>(x[j]), j);
    if (p == 0) continue;
    without += p;
    if (alpha > 0) with += p * std::exp(score(x) / alpha);
    best = std::max(best, score(x));
  }
  return alpha > 0 ? alpha * std::log(with / without) : best;
}

std::shared_ptr<const SequencePrior> hidden_chain(Index length) {
  MatrixXd transition(2, 2), emission(2, 3);
  transition << 0.8, 0.2, 0.3, 0.7;
  emission << 0.6, 0.3, 0.1, 0.1, 0.2, 0.7;
  return std::make_shared<const SequencePrior>(
      SequencePrior::hidden_markov(Eigen::Vector2d(0.3, 0.7), transition, emission, length));
}

// States of a run: what the process visits.
MatrixXd visited(const ReverseModel& model, Index level, Index count) {
  MatrixXd x = draw_starts(model, count, {4}, lane("test"));
  VectorXd ratios;
  for (Index l = 0; l < level; ++l)
    x = draw_candidates(model, x, model.predict(x, l), l, 1,
                        {{4}, static_cast<std::uint64_t>(l), 0, static_cast<std::uint64_t>(count)}, ratios);
  return x;
}

void compare_values(const std::shared_ptr<const SequencePrior>& prior, bool masked) {
  const SequenceScore score = small_score();
  const ReverseModel model = masked ? masked_diffusion(prior, 10) : uniform_diffusion(prior, 10);
  const auto space = std::make_shared<const SequenceSpace>(enumerate(*prior, pointwise_reward(score)));
  const ValueModel table = exact_value(space, model, ValueKind::soft);
  const ValueModel chain = chain_value(std::make_shared<const ChainScore>(prior, score), model);
  for (const double alpha : {0.0, 0.1, 0.7, 5.0})
    for (const Index level : {0, 3, 6, 9, 10}) {
      const MatrixXd x = visited(model, level, 8);
      const VectorXd by_table = table(x, level, alpha, {}).values,
                     by_chain = chain(x, level, alpha, {}).values;
      for (Index c = 0; c < x.cols(); ++c) {
        const MatrixXd evidence =
            masked ? masked_evidence(x.col(c), 3)
                   : uniform_evidence(x.col(c), 3, model.times[static_cast<std::size_t>(level)]);
        const double expected = summed_value(*prior, score, evidence, alpha);
        if (std::isnan(expected) || std::isinf(expected))
          continue;  // the steps went where the prior does not
        EXPECT_NEAR(by_table[c], expected, 1e-9) << alpha << " level " << level;
        EXPECT_NEAR(by_chain[c], expected, 1e-9) << alpha << " level " << level;
      }
    }
}

TEST(ExactValues, AgreeOnMaskedChains) { compare_values(small_chain(5), true); }
TEST(ExactValues, AgreeOnUniformChains) { compare_values(small_chain(5), false); }
TEST(ExactValues, AgreeOnHiddenChains) {
  compare_values(hidden_chain(5), true);
  compare_values(hidden_chain(5), false);
}

TEST(ExactValues, MarginalsOfChainsAndTables) {
  for (const auto& prior : {small_chain(4), hidden_chain(4)}) {
    const auto space = enumerate(*prior, pointwise_reward(small_score()));
    EXPECT_NEAR(space.log_prior.array().exp().sum(), 1, 1e-12);
    const SequencePrior table =
        SequencePrior::table(space.log_prior.unaryExpr([](double l) { return std::exp(l); }), 3, 4);
    MatrixXd evidence = uniform_evidence(Eigen::Vector4d(1, 0, 2, 1), 3, 0.4);
    evidence.col(2).setOnes();
    const MatrixXd marginals = prior->marginals(evidence);
    EXPECT_LT((marginals - table.marginals(evidence)).cwiseAbs().maxCoeff(), 1e-12);
    EXPECT_NEAR(marginals.colwise().sum().maxCoeff(), 1, 1e-12);
    for (Index i = 0; i < space.size(); i += 7)
      EXPECT_NEAR(std::exp(table.log_probability(space.sequence(i))), std::exp(space.log_prior[i]), 1e-14);
  }
}

// A binary chain of 19 positions has more masked states than a table may: sums over completions take its place.
TEST(ExactValues, LargeBinarySpacesAgreeWithTheChain) {
  MatrixXd transition(2, 2);
  transition << 0.7, 0.3, 0.4, 0.6;
  const auto prior =
      std::make_shared<const SequencePrior>(SequencePrior::markov(Eigen::Vector2d(0.5, 0.5), transition, 16));
  const SequenceScore score{.weight = 2, .favoured = {1}, .motif = {1, 0, 1}, .bonus = 0.5, .cap = 2};
  const ReverseModel model = masked_diffusion(prior, 16);
  const auto space = std::make_shared<const SequenceSpace>(enumerate(*prior, pointwise_reward(score)));
  const ValueModel sums = exact_value(space, model, ValueKind::soft);
  const ValueModel chain = chain_value(std::make_shared<const ChainScore>(prior, score), model);
  const MatrixXd x = visited(model, 6, 10);
  EXPECT_LT((sums(x, 6, 0.3, {}).values - chain(x, 6, 0.3, {}).values).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((sums(x, 6, 0, {}).values - chain(x, 6, 0, {}).values).cwiseAbs().maxCoeff(), 1e-9);
}

TEST(ExactValues, RewardLawOfTheChainIsThatOfTheSpace) {
  const auto prior = hidden_chain(6);
  const SequenceScore score{.weight = 1.5, .favoured = {0, 2}, .motif = {2, 0, 2}, .bonus = 0.7, .cap = 2};
  const RewardLaw law = ChainScore(prior, score).law(0.4);
  const RewardLaw expected = reward_law(enumerate(*prior, pointwise_reward(score)), 0.4);
  ASSERT_EQ(law.levels.size(), expected.levels.size());
  EXPECT_LT((law.prior - expected.prior).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT((law.target - expected.target).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_NEAR(law.log_normaliser, expected.log_normaliser, 1e-12);
}

// Three steps for six positions: independent draws are far from the target, joint weights are not (1500 designs: a histogram from
// the target itself is 0.03 from it).
TEST(ExactValues, JointWeightsMakeFewStepsExact) {
  const auto prior = small_chain(6);
  const DesignReward reward = pointwise_reward(small_score());
  const auto space = std::make_shared<const SequenceSpace>(enumerate(*prior, reward));
  EXPECT_NEAR(prior->log_evidence(MatrixXd::Ones(3, 6)), 0, 1e-12);
  const RewardLaw law = reward_law(*space, 0.5);
  double impossible[2], off[2];
  for (const bool joint : {false, true}) {
    const ReverseModel model = masked_diffusion(prior, 3, joint);
    const auto state = run_svdd(model, reward, exact_value(space, model, ValueKind::soft), 400, 0.5, 1500);
    impossible[joint] = 0;
    for (const auto& x : state.x.colwise())
      impossible[joint] += std::isinf(prior->log_probability(x)) ? 1 : 0;
    off[joint] = std::abs(state.rewards.mean() - law.target_mean);
    if (joint) {
      EXPECT_LE(histogram_distance(law, state.rewards), 0.06);
    }
  }
  EXPECT_EQ(impossible[1], 0);
  EXPECT_LE(off[1], 0.05);  // standard error 0.014
}

// The uniform process needs finer steps: 60 of them, 3000 designs (a histogram of 8 levels from the target is 0.02 from it).
TEST(ExactValues, UniformProcessReachesTheTarget) {
  const auto prior = hidden_chain(5);
  const ReverseModel model = uniform_diffusion(prior, 60);
  const DesignReward reward = pointwise_reward(small_score());
  const auto space = std::make_shared<const SequenceSpace>(enumerate(*prior, reward));
  const RewardLaw law = reward_law(*space, 0.4);
  const ValueModel value = exact_value(space, model, ValueKind::soft);
  const double unguided = histogram_distance(law, run_svdd(model, reward, {}, 1, 0.4, 3000).rewards);
  const double guided = histogram_distance(law, run_svdd(model, reward, value, 20, 0.4, 3000).rewards);
  EXPECT_GE(unguided, 0.2);
  EXPECT_LE(guided, 0.05);
}

// Soft values learnt backwards and from exp(r / alpha) guide better than none; 8 features, 1000 rollouts, 1500 designs.
TEST(ExactValues, LearntSoftValuesApproachTheTarget) {
  const auto prior = hidden_chain(6);
  const ReverseModel model = masked_diffusion(prior, 24);
  const SequenceScore score = small_score();
  const DesignReward reward = pointwise_reward(score);
  const RewardLaw law = reward_law(enumerate(*prior, reward), 0.5);
  const FeatureMap features = motif_features(model, score);
  const double unguided = histogram_distance(law, run_svdd(model, reward, {}, 1, 0.5, 1500).rewards);
  for (const char* form : {"mean", "soft", "bellman"}) {
    const ValueRegression regression(model, reward, features,
                                     {.rollouts = 1000, .form = form, .temperature = 0.5});
    const auto state = drive(regression, Budget::steps(regression.steps()), {2}).state;
    const auto run = run_svdd(model, reward, regression_value(state.value, features, model), 10, 0.5, 1500);
    EXPECT_LE(histogram_distance(law, run.rewards), 0.5 * unguided) << form;
    EXPECT_GE(state.value.r_squared[23], 0.5) << form;
  }
}

}  // namespace
}  // namespace lehr::diffusion
