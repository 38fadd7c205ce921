#include "lehr/schedule/bandit.hpp"

#include <gmock/gmock.h>

namespace lehr::schedule {
namespace {

static_assert(Controller<Ucb> && Controller<Exp3> && Controller<TsallisInf>);
using testing::ElementsAre;

// Arms 0, 1, 2 have mean costs 0.3, 0.5, 0.7; costs are 0 or 1.
constexpr std::array<double, 3> means{0.3, 0.5, 0.7};

// The sum over rounds of the chosen arm's mean cost above the best one's.
template <class Bandit>
double pseudo_regret(Bandit bandit, int rounds, std::uint64_t seed) {
  double regret = 0;
  for (int t = 0; t < rounds; ++t) {
    Stream choice(Seed{seed}, lane("choice"), static_cast<std::uint64_t>(t));
    Stream outcome(Seed{seed}, lane("outcome"), static_cast<std::uint64_t>(t));
    const auto arm = static_cast<std::size_t>(bandit.predict(choice));
    bandit.update(uniform(outcome) < means[arm] ? 1 : 0);
    regret += means[arm] - means[0];
  }
  return regret;
}

template <class Bandit>
double mean_regret(const Bandit& bandit, int rounds) {
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) sum += pseudo_regret(bandit, rounds, seed);
  return sum / 20;
}

const std::vector<double> arms{0, 1, 2};
constexpr int rounds = 10'000;

// Theorem 1 of Auer, Cesa-Bianchi and Fischer (2002).
TEST(Ucb, RegretIsWithinItsBound) {
  const double gaps = 1 / 0.2 + 1 / 0.4;
  const double bound = 8 * std::log(rounds) * gaps + (1 + std::pow(std::numbers::pi, 2) / 3) * 0.6;
  const double regret = mean_regret(Ucb(arms), rounds);
  EXPECT_LT(regret, bound);
  EXPECT_GT(regret, 8.0);  // it must have explored: about 2 log T / gap pulls an arm
}

TEST(Ucb, PullsEveryArmThenTheMostPromising) {
  Ucb bandit({10, 20, 30});
  std::vector<double> pulled;
  for (const double cost : {0.9, 0.1, 0.8}) pulled.push_back(bandit.predict()), bandit.update(cost);
  EXPECT_THAT(pulled, ElementsAre(10, 20, 30));
  EXPECT_EQ(bandit.predict(), 20);
}

TEST(Exp3, RegretIsWithinItsBound) {
  const double bound = 2 * std::sqrt(3.0 * rounds * std::log(3.0));
  EXPECT_LT(mean_regret(Exp3(arms), rounds), bound);
}

TEST(Exp3, ProbabilitiesByHand) {
  Exp3 bandit({1, 2}, 0, 10, 0.5, 0.2);
  EXPECT_THAT(bandit.probabilities(), ElementsAre(0.5, 0.5));
  Stream random(Seed{1}, lane("choice"));
  const double chosen = bandit.predict(random);
  bandit.update(4);  // loss 0.4 / 0.5 = 0.8
  const double weight = std::exp(-0.5 * 0.8);
  const double p = 0.8 * weight / (1 + weight) + 0.1;
  EXPECT_NEAR(bandit.probabilities()[chosen == 1 ? 0 : 1], p, 1e-15);
}

// Two arms with costs 10 +- 1 and 12 +- 1: pseudo-regret at most 6 sqrt(T).
TEST(TsallisInf, RegretOfSteadyCosts) {
  double regret = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    TsallisInf bandit({10, 12}, 1);
    for (std::uint64_t t = 0; t < rounds; ++t) {
      Stream choice(Seed{seed}, lane("choice"), t), outcome(Seed{seed}, lane("outcome"), t);
      const double mean = bandit.predict(choice);
      bandit.update(mean + 2 * uniform(outcome) - 1);
      regret += (mean - 10) / 10;
    }
  }
  EXPECT_LT(regret, 6 * std::sqrt(rounds));
  EXPECT_LT(mean_regret(TsallisInf(arms), rounds), 4 * std::sqrt(3.0 * rounds));
}

// The better arm changes half-way: the total stays near that of the best fixed arm.
TEST(TsallisInf, RegretOfASwitch) {
  TsallisInf bandit({0, 1});
  double total = 0;
  for (std::uint64_t t = 0; t < rounds; ++t) {
    Stream choice(Seed{3}, lane("choice"), t);
    const bool second = bandit.predict(choice) == 1;
    const double cost = second == (t < rounds / 2) ? 12 : 10;
    bandit.update(cost);
    total += cost;
  }
  EXPECT_LT(total, 11.0 * rounds + 8 * std::sqrt(rounds) * 2);
}

TEST(TsallisInf, ProbabilitiesSolveTheirEquation) {
  TsallisInf bandit(arm_grid(1, 2, 20));
  Stream random(Seed{8}, lane("choice"));
  for (int t = 0; t < 100'000; ++t) {
    const double value = bandit.predict(random);
    bandit.update(100 * value);
    if (t % 10'000 != 0) continue;
    const std::vector<double> p = bandit.probabilities();
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-12);
    EXPECT_GT(*std::min_element(p.begin(), p.end()), 0);
  }
  EXPECT_GT(bandit.probabilities().front(), 0.5);
}

TEST(BinnedBandit, LearnsAnArmForEachContext) {
  BinnedBandit<TsallisInf> bandit(0, 1, 2, TsallisInf({0, 1}));
  int right = 0;
  for (std::uint64_t t = 0; t < rounds; ++t) {
    Stream random(Seed{9}, lane("choice"), t), world(Seed{9}, lane("context"), t);
    const double context = uniform(world);
    const double best = context < 0.5 ? 0 : 1;
    const double arm = bandit.predict(context, random);
    bandit.update(arm == best ? 0.2 : 0.8);
    if (t >= rounds / 2) right += arm == best ? 1 : 0;
  }
  EXPECT_GT(right, 0.97 * rounds / 2);
}

TEST(Bandits, RefuseBadOptions) {
  EXPECT_THROW(Ucb({1}), InvalidInput);
  EXPECT_THROW(Exp3({1, 2}, 1, 1), InvalidInput);
  EXPECT_THROW(arm_grid(0, 1, 5, true), InvalidInput);
  EXPECT_THAT(arm_grid(1, 4, 3, true), ElementsAre(1, 2, 4));
  Ucb bandit({1, 2});
  bandit.predict();
  EXPECT_THROW(bandit.update(std::nan("")), NumericalFailure);
}

}  // namespace
}  // namespace lehr::schedule
