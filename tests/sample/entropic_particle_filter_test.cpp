#include "lehr/sample/entropic_particle_filter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/countdown.hpp"
#include "lehr/sample/log_weights.hpp"
#include "lehr/sample/random_tree.hpp"
#include "lehr/stats/summary.hpp"
#include "tests/core/reproducible.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

// A tree of 3 children a node and depth 4 with random potentials in [0.2, 5]: 81 leaves that can be summed.
class PotentialTree {
 public:
  struct Particle {
    std::int64_t node = 0, steps = 0;
  };
  explicit PotentialTree(std::uint64_t seed) : log_potentials_(121) {
    Stream random(Seed{seed}, 0);
    for (double& g : log_potentials_) g = std::log(0.2 + 4.8 * uniform(random));
  }
  Particle start() const { return {}; }
  void extend(Particle& p, Stream& random) const {
    p.node = 3 * p.node + 1 + uniform_index(random, 3);
    ++p.steps;
  }
  bool finished(const Particle& p) const { return p.steps == 4; }
  double score(const Particle& p) const { return log_potentials_[static_cast<std::size_t>(p.node)]; }

  // Each leaf's share of the exact sum, by node, and the sum.
  std::map<std::int64_t, double> leaves() const {
    std::map<std::int64_t, double> shares;
    for (std::int64_t leaf = 40; leaf < 121; ++leaf) {
      double log_weight = -std::log(81.0);
      for (std::int64_t node = leaf; node > 0; node = (node - 1) / 3)
        log_weight += log_potentials_[static_cast<std::size_t>(node)];
      shares[leaf] = std::exp(log_weight);
    }
    return shares;
  }
  double sum() const {
    double sum = 0;
    for (const auto& [leaf, weight] : leaves()) sum += weight;
    return sum;
  }

 private:
  std::vector<double> log_potentials_;
};

ParticleFilterOptions likelihood(const std::string& method, double particles) {
  ParticleFilterOptions options;
  options.method = method;
  options.particles = particles;
  options.max_steps = 4;
  options.weight = "raw";
  options.accumulate = true;
  return options;
}

template <class Filter>
typename Filter::State run(const Filter& filter, std::uint64_t seed) {
  return drive(filter, Budget::steps(filter.steps()), Seed{seed}).state;
}

// exp(ln estimate) / sum over many runs.
std::vector<double> evidence_ratios(const PotentialTree& tree, const ParticleFilterOptions& options,
                                    std::int64_t runs) {
  const EntropicParticleFilter filter(tree, tree, options);
  const double sum = tree.sum();
  return parallel_map(runs, [&](std::int64_t r) {
    return std::exp(run(filter, static_cast<std::uint64_t>(r + 1)).course.trace.back().log_evidence) / sum;
  });
}

void expect_unbiased(const std::vector<double>& ratios) {
  EXPECT_LT(std::abs(stats::mean(ratios) - 1), 4 * stats::standard_error(ratios))
      << stats::mean(ratios) << " +- " << stats::standard_error(ratios);
}

TEST(EntropicParticleFilter, EvidenceIsUnbiasedUnderEveryScheme) {
  const PotentialTree tree(1);
  for (const std::string& scheme : resampling_schemes()) {
    SCOPED_TRACE(scheme);
    ParticleFilterOptions options = likelihood("pf", 8);
    options.resample = scheme;
    expect_unbiased(evidence_ratios(tree, options, 20000));
  }
}

// With its correction the evidence stays unbiased whatever tempers, modulates, thins out or triggers the resampling. (A trigger once made
// likelihoods wrong in LowLevelParticleFilters.jl, and weights wrong in NIMBLE.)
TEST(EntropicParticleFilter, EvidenceIsUnbiasedHoweverSurvivorsAreDrawn) {
  const PotentialTree tree(2);
  std::vector<std::pair<std::string, ParticleFilterOptions>> cases;
  for (const char* rule : {"ess", "entropy", "base", "solve", "3"}) {
    ParticleFilterOptions options = likelihood("epf", 8);
    options.temperature = TemperatureRule::parse(rule);
    options.tempering.ess_threshold = 1, options.tempering.early = 1;
    cases.emplace_back(rule, options);
  }
  ParticleFilterOptions triggered = likelihood("pf", 8);
  triggered.resample_below = 0.6;
  cases.emplace_back("where the effective size is low", triggered);
  triggered.resample_below = 0;
  cases.emplace_back("never", triggered);
  triggered = likelihood("epf", 8);
  triggered.resample_below = Schedule::parse("linear(from=1, to=0.3)");
  triggered.resample = "residual";
  cases.emplace_back("tempered, on a schedule", triggered);
  cases.emplace_back("modulated", likelihood("epf+lam", 8));
  cases.emplace_back("auxiliary", likelihood("apf", 8));
  cases.emplace_back("best of N", likelihood("bon", 8));
  ParticleFilterOptions growing = likelihood("epf", 8);
  growing.particles = Schedule::parse("linear(from=4, to=16)");
  cases.emplace_back("growing", growing);
  for (const auto& [name, options] : cases) {
    SCOPED_TRACE(name);
    expect_unbiased(evidence_ratios(tree, options, 10000));
  }
}

TEST(EntropicParticleFilter, WithoutCorrectionTemperingIsBiased) {
  const PotentialTree tree(2);
  ParticleFilterOptions options = likelihood("epf", 8);
  options.temperature = Schedule(3);
  options.tempering.ess_threshold = 1, options.tempering.early = 1;
  options.correct = false;
  const std::vector<double> ratios = evidence_ratios(tree, options, 5000);
  EXPECT_LT(stats::mean(ratios), 1 - 10 * stats::standard_error(ratios));
}

// Pooled over 200 runs of 500 particles the leaves have the frequencies of the enumeration.
TEST(EntropicParticleFilter, LeavesHaveTheFrequenciesOfTheEnumeration) {
  const PotentialTree tree(3);
  for (const char* method : {"pf", "epf", "apf", "pg"}) {
    SCOPED_TRACE(method);
    ParticleFilterOptions options = likelihood(method, 500);
    if (std::string(method) == "epf") options.temperature = TemperatureRule::parse("solve");
    const EntropicParticleFilter filter(tree, tree, options);
    std::map<std::int64_t, double> frequencies;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const auto result = filter.result(run(filter, seed), Seed{seed});
      for (std::size_t i = 0; i < result.particles.size(); ++i)
        frequencies[result.particles[i].node] += result.probabilities[i] / 200;
    }
    double distance = 0;
    for (const auto& [leaf, weight] : tree.leaves())
      distance += 0.5 * std::abs(weight / tree.sum() - frequencies[leaf]);
    EXPECT_LT(distance, 0.05);
  }
}

// The sequences kept by particle Gibbs are a Markov chain whose law is the target, even with 3 particles a sweep.
TEST(EntropicParticleFilter, ParticleGibbsKeepsSequencesOfTheTarget) {
  const PotentialTree tree(4);
  ParticleFilterOptions options = likelihood("pg", 3 * 20000);
  options.iterations = 20000;
  const EntropicParticleFilter filter(tree, tree, options);
  const auto state = run(filter, 1);
  ASSERT_EQ(state.kept.size(), 20000U);
  std::map<std::int64_t, double> frequencies;
  for (std::size_t sweep = 100; sweep < state.kept.size(); ++sweep)
    frequencies[state.kept[sweep].back().node] += 1.0 / 19900;
  double distance = 0;
  for (const auto& [leaf, weight] : tree.leaves())
    distance += 0.5 * std::abs(weight / tree.sum() - frequencies[leaf]);
  EXPECT_LT(distance, 0.05);
}

TEST(EntropicParticleFilter, PathsFollowTheGenealogy) {
  const PotentialTree tree(5);
  const EntropicParticleFilter filter(tree, tree, likelihood("epf", 50));
  const auto state = run(filter, 1);
  for (std::size_t i = 0; i < 50; ++i) {
    const auto path = filter.path(state, i);
    ASSERT_EQ(path.size(), 4U);
    EXPECT_EQ(path.back().node, state.particles[i].node);
    for (std::size_t t = 3; t > 0; --t) EXPECT_EQ((path[t].node - 1) / 3, path[t - 1].node);
  }
  EXPECT_EQ(state.course.trace.back().founders, state.course.genealogy.distinct_ancestors(0));
}

TEST(EntropicParticleFilter, IsReproducible) {
  const PotentialTree tree(6);
  for (const char* method : {"epf", "epf+lam", "apf", "bon"})
    test::expect_reproducible(EntropicParticleFilter(tree, tree, likelihood(method, 3000)), 4, 2);
  ParticleFilterOptions gibbs = likelihood("pg", 300);
  gibbs.iterations = 3;
  test::expect_reproducible(EntropicParticleFilter(tree, tree, gibbs), 12, 7);
  const RandomTree search({}, 1);
  ParticleFilterOptions options{.particles = 40, .max_steps = 16};
  options.method = "epf+lam", options.weight = "raw", options.lam.reuse = true;
  test::expect_reproducible(EntropicParticleFilter(search, search, options), 16, 9);
}

// ---- search on the random tree -------------------------------------------------------------------------------------------------------

struct SearchOutcome {
  std::vector<double> quality;
  double calls = 0;
  double mean() const { return stats::mean(quality); }
  double share_above(double threshold) const {
    return static_cast<double>(std::ranges::count_if(quality, [&](double q) { return q > threshold; })) /
           static_cast<double>(quality.size());
  }
};

SearchOutcome search(const RandomTreeOptions& tree_options, const ParticleFilterOptions& options,
                     std::int64_t instances) {
  SearchOutcome outcome;
  const auto results = parallel_map(instances, [&](std::int64_t k) {
    const RandomTree tree(tree_options, static_cast<std::uint64_t>(k + 1));
    const EntropicParticleFilter filter(tree, tree, options);
    const auto state = run(filter, static_cast<std::uint64_t>(k + 1));
    const auto result = filter.result(state, Seed{1});
    return std::pair(tree.quality(result.particles[result.chosen]), static_cast<double>(state.course.calls));
  });
  for (const auto& [quality, calls] : results)
    outcome.quality.push_back(quality), outcome.calls += calls / static_cast<double>(instances);
  return outcome;
}

ParticleFilterOptions searching(const std::string& method, double particles) {
  ParticleFilterOptions options;
  options.method = method;
  options.particles = particles;
  options.max_steps = 16;
  options.weight = "raw";
  return options;
}

// Shares of instances are compared with room for the error of 3000 (0.009 at most each); the study runs the rest.
TEST(EntropicParticleFilter, RepairsPrematureExploitation) {
  for (const double particles : {8.0, 16.0}) {
    SCOPED_TRACE(particles);
    const double pf = search({}, searching("pf", particles), 3000).share_above(3.5);
    ParticleFilterOptions systematic = searching("pf", particles);
    systematic.resample = "systematic";
    const double pf_systematic = search({}, systematic, 3000).share_above(3.5);
    const double epf = search({}, searching("epf", particles), 3000).share_above(3.5);
    const double ahead = search({}, searching("epf+lam", particles), 3000).share_above(3.5);
    EXPECT_GE(epf, 1.25 * pf);
    EXPECT_GE(epf, 1.12 * pf_systematic);
    EXPECT_GE(ahead, 1.2 * epf);
    EXPECT_NEAR(pf, particles == 8 ? 0.252 : 0.482,
                4 * 0.013);  // an independent prototype's, 3000 instances each
    EXPECT_NEAR(pf_systematic, particles == 8 ? 0.289 : 0.510, 4 * 0.013);
    EXPECT_NEAR(epf, particles == 8 ? 0.356 : 0.663, 4 * 0.013);
    EXPECT_NEAR(ahead, particles == 8 ? 0.544 : 0.859, 4 * 0.013);
  }
}

// With a calibrated score tempering costs a little, and look-ahead does not pay for its calls.
TEST(EntropicParticleFilter, HasNoFreeLunch) {
  const RandomTreeOptions calibrated{.overconfidence = 1, .noise = 0};
  for (const double particles : {8.0, 16.0}) {
    SCOPED_TRACE(particles);
    ParticleFilterOptions systematic = searching("pf", particles), entropy = searching("epf", particles);
    systematic.resample = "systematic";
    entropy.temperature = TemperatureRule(TemperatureRule::Kind::entropy);
    const double pf = search(calibrated, systematic, 3000).mean();
    const double epf = search(calibrated, searching("epf", particles), 3000).mean();
    EXPECT_GE(pf - epf, 0.03);
    EXPECT_LE(pf - epf, 0.25);
    EXPECT_LE(std::abs(pf - search(calibrated, entropy, 3000).mean()), 0.06);
  }
  const SearchOutcome ahead = search({}, searching("epf+lam", 8), 2000),
                      twice = search({}, searching("epf", 16), 2000);
  EXPECT_NEAR(ahead.calls, twice.calls, 0.05 * twice.calls);
  EXPECT_GT(twice.mean(), ahead.mean() + 0.05);
}

TEST(EntropicParticleFilter, CountsItsCalls) {
  EXPECT_EQ(search({}, searching("pf", 8), 1).calls, 2 * 8 * 16);
  EXPECT_EQ(search({}, searching("epf+lam", 8), 1).calls, 2 * 8 * 16 + 2 * 8 * 15);
  ParticleFilterOptions reuse = searching("epf+lam", 8);
  reuse.lam.reuse = true;
  const double calls = search({}, reuse, 100).calls;
  EXPECT_LT(calls, 2 * 8 * 16 + 2 * 8 * 15);
  EXPECT_GT(calls, 2 * 8 * 16);
}

// ---- sequences that end, and scores that fail ----------------------------------------------------------------------------------------

// Ends after as many steps as its first one says; the score is what the test asks for.
struct Counting {
  struct Particle {
    std::int64_t length = 0, steps = 0;
  };
  std::function<double(const Particle&)> judge = [](const Particle&) { return 0.5; };
  Particle start() const { return {}; }
  void extend(Particle& p, Stream& random) const {
    if (p.steps++ == 0) p.length = 1 + uniform_index(random, 4);
  }
  bool finished(const Particle& p) const { return p.steps >= p.length; }
  double score(const Particle& p) const { return judge(p); }
  std::string key(const Particle& p) const { return std::to_string(p.length); }
};

TEST(EntropicParticleFilter, StopsWhenAllSequencesHaveEnded) {
  const Counting model;
  const EntropicParticleFilter filter(model, model, {.method = "bon", .particles = 30, .max_steps = 1000});
  const auto outcome = drive(filter, Budget::steps(filter.steps()), Seed{1});
  EXPECT_EQ(outcome.used.steps, 4);
  EXPECT_EQ(outcome.why, Stop::finished);
  EXPECT_EQ(outcome.state.course.trace.back().finished, 30);
  for (const auto& particle : outcome.state.particles) EXPECT_EQ(particle.steps, particle.length);
}

TEST(EntropicParticleFilter, FrozenSequencesAreKeptOnceAndPooledOnesMultiply) {
  // Short sequences score best: in the pool they take over, frozen they stay as many as they are.
  Counting model;
  model.judge = [](const Counting::Particle& p) { return p.length == 1 ? 0.999 : 0.01; };
  const auto short_ones = [&](const std::string& absorbing) {
    ParticleFilterOptions options{.method = "pf", .particles = 40, .max_steps = 4};
    options.absorbing = absorbing;
    const EntropicParticleFilter filter(model, model, options);
    const auto state = run(filter, 3);
    return std::ranges::count_if(state.particles, [](const auto& p) { return p.length == 1; });
  };
  EXPECT_LT(short_ones("freeze"), 20);
  EXPECT_GT(short_ones("pool"), 35);
}

TEST(EntropicParticleFilter, VotesForTheHeaviestKey) {
  Counting model;
  model.judge = [](const Counting::Particle& p) { return p.length == 2 ? 0.6 : 0.5; };
  ParticleFilterOptions options{.method = "bon", .particles = 400, .max_steps = 4};
  options.select = "vote";
  const EntropicParticleFilter filter(model, model, options);
  const auto result = filter.result(run(filter, 1), Seed{1});
  ASSERT_EQ(result.votes.size(), 4U);
  EXPECT_EQ(result.votes.front().first, "2");
  EXPECT_EQ(result.particles[result.chosen].length, 2);
  // Odds 1.5 : 1 : 1 : 1 of about equal numbers.
  EXPECT_NEAR(result.votes.front().second, 1.5 / 4.5, 0.08);
}

TEST(EntropicParticleFilter, ScoresOutOfRangeDropTheirParticle) {
  Counting model;
  for (const double bad : {std::nan(""), 1.5, -0.1}) {
    model.judge = [&](const Counting::Particle& p) { return p.length == 3 ? bad : 0.5; };
    for (const char* method : {"pf", "epf", "epf+lam", "bon", "beam"}) {
      SCOPED_TRACE(method);
      const EntropicParticleFilter filter(model, model, {.method = method, .particles = 40, .max_steps = 4});
      const auto state = run(filter, 1);
      EXPECT_GT(state.course.dropped, 0);
      const auto result = filter.result(state, Seed{1});
      for (std::size_t i = 0; i < result.particles.size(); ++i)
        EXPECT_TRUE(result.particles[i].length != 3 || result.probabilities[i] == 0);
    }
  }
  model.judge = [](const Counting::Particle&) { return 2.0; };
  const EntropicParticleFilter filter(model, model, {.particles = 5, .max_steps = 4});
  EXPECT_NE(test::message_of<NumericalFailure>([&] { run(filter, 1); }).find("step 1: weights"),
            std::string::npos);
}

TEST(EntropicParticleFilter, RefusesOptionsThatDoNotGoTogether) {
  const PotentialTree tree(1);
  const auto message = [&](auto change) {
    ParticleFilterOptions options{.particles = 8, .max_steps = 4};
    change(options);
    return test::message_of<InvalidInput>([&] { EntropicParticleFilter(tree, tree, options); });
  };
  using O = ParticleFilterOptions;
  EXPECT_NE(message([](O& o) { o.particles = 0; }).find("particles: must be in [1,"), std::string::npos);
  EXPECT_NE(message([](O& o) { o.max_steps = 0; }).find("max_steps"), std::string::npos);
  EXPECT_NE(message([](O& o) { o.lam.weight = 1.5; }).find("lam.weight: must be in [0, 1], found 1.5"),
            std::string::npos);
  EXPECT_EQ(message([](O& o) { o.method = "pg", o.particles = 7, o.iterations = 2; }),
            "particles: 7 cannot be divided among 2 iterations");
  EXPECT_EQ(message([](O& o) { o.method = "beam", o.width = 3; }),
            "particles: 8 is not a multiple of the beam's width 3");
  EXPECT_NE(message([](O& o) { o.iterations = 4; }).find("only method pg"), std::string::npos);
  EXPECT_NE(message([](O& o) { o.method = "pg", o.resample = "systematic"; }).find("multinomial"),
            std::string::npos);
  EXPECT_NE(message([](O& o) { o.method = "pg", o.references = 2; }).find("references"), std::string::npos);
  EXPECT_NE(message([](O& o) { o.absorbing = "freeze", o.accumulate = true; }).find("freeze"),
            std::string::npos);
  EXPECT_NE(message([](O& o) { o.lam.reuse = true; }).find("reuse"), std::string::npos);
  EXPECT_NE(message([](O& o) { o.method = "apf", o.lam.reuse = true; }).find("biased"), std::string::npos);
  EXPECT_NE(message([](O& o) { o.select = "vote"; }).find("no key"), std::string::npos);
  EXPECT_NE(message([](O& o) { o.method = "pg", o.ancestor_sampling = true; }).find("density"),
            std::string::npos);
  EXPECT_NE(message([](O& o) { o.method = "epff"; }).find("method"), std::string::npos);
}

TEST(EntropicParticleFilter, OneParticleIsNotTempered) {
  const RandomTree tree({}, 1);
  const EntropicParticleFilter filter(tree, tree, {.particles = 1, .max_steps = 16, .weight = "raw"});
  for (const FilterStep& step : run(filter, 1).course.trace) EXPECT_EQ(step.tempering.temperature, 1);
}

}  // namespace
}  // namespace lehr::sample
