#include "lehr/diffusion/particles/feynman_kac_corrector.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "tests/diffusion/particles/compositions.hpp"

namespace lehr::diffusion {
namespace {

using namespace test;

stats::GaussianMixture standard_normal() {
  return mixture(R"json({"weights":[1],"means":[[0,0]],"variances":[1]})json");
}

Composition annealing(double exponent, std::vector<double> ramp = {}) {
  Composition c{.laws = {annealing4()}, .exponents = {exponent}};
  c.options.path.ramp.levels = std::move(ramp);
  return c;
}

Composition product(std::int64_t particles) {
  Composition c{.laws = {two_modes(), two_modes()}, .exponents = {1, 1}, .steps = 400};
  c.options.particles = particles;
  return c;
}

Composition guided(double guidance) {
  Composition c{.laws = {unconditional3(), conditional3()}, .exponents = {1 - guidance, guidance}};
  c.options.particles = 2000;
  return c;
}

Composition mixing(Composition c) {
  c.options.method = "score_mixing";
  return c;
}

struct Errors {
  double variation = 0, log_z = 0,
         worst_log_z = 0;  // means over seeds, log_z signed, and the largest |log_z|
};
Errors errors_of(const Composition& c, const AnnealedTruth& truth, int seeds = 5) {
  Errors e;
  for (int seed = 1; seed <= seeds; ++seed) {
    const Answer a = run(c, static_cast<std::uint64_t>(seed));
    e.variation += total_variation(a.masses(annealing4().means), truth.masses) / seeds;
    e.log_z += (a.log_z - truth.log_z) / seeds;
    e.worst_log_z = std::max(e.worst_log_z, std::abs(a.log_z - truth.log_z));
  }
  return e;
}

// N = 4000, seeds 1 to 5. Over 16 seeds the mean variation is 0.057, the standard deviation of log Z 0.14.
TEST(FeynmanKacCorrector, AnnealsAtAConstantExponent) {
  const Errors fkc = errors_of(annealing(2), truth2()), mixed = errors_of(mixing(annealing(2)), truth2());
  EXPECT_LE(fkc.variation, 0.13);
  EXPECT_LE(std::abs(fkc.log_z), 0.25);
  EXPECT_GE(mixed.variation, 0.2);
}

// N = 4000, seeds 1 to 5; the standard deviation of log Z is 0.02 (exponent 2), 0.13 (4) and 0.026 (4, late).
TEST(FeynmanKacCorrector, ExponentsOnARamp) {
  const Errors two = errors_of(annealing(2, {2, 0.1}), truth2());
  EXPECT_LE(two.variation, 0.03);
  EXPECT_LE(two.worst_log_z, 0.08);
  const Errors four = errors_of(annealing(4, {2, 0.1}), truth4()),
               late = errors_of(annealing(4, {0.5, 0.02}), truth4());
  EXPECT_LE(four.variation, 0.04);
  EXPECT_LE(std::abs(four.log_z), 0.25);
  EXPECT_LE(late.variation, 0.02);
  EXPECT_LE(late.worst_log_z, 0.08);
  const Errors constant = errors_of(annealing(4), truth4());
  EXPECT_LE(four.variation, 0.5 * constant.variation);
  EXPECT_LE(late.variation, 0.5 * constant.variation);
}

// The estimate of log q along the path is of first order in the step. Standard deviation of log Z: 0.017.
TEST(FeynmanKacCorrectorSlow, TracksDensitiesWhereTheModelHasNone) {
  Composition c = annealing(2, {2, 0.1});
  c.options.density = "track";
  const Errors coarse = errors_of(c, truth2());
  c.steps = 600;
  const Errors fine = errors_of(c, truth2());
  EXPECT_LE(coarse.variation, 0.04);
  EXPECT_LE(fine.variation, 0.04);
  EXPECT_LE(std::abs(fine.log_z), std::abs(coarse.log_z) / 2.5);
}

// N = 8000, 400 steps, seeds 1 to 4; P(x0 > 0) and log Z in closed form.
TEST(FeynmanKacCorrectorSlow, ProductOfExperts) {
  constexpr double exact_right = 0.0825688056551085, exact_log_z = -1.4231952827970153;
  const stats::GaussianMixture law = mixture(
      R"json({"weights":[0.9174311739456503,0.0825688056551085],"means":[[-3,0],[3,0]],"variances":[0.045,0.5]})json");
  const Eigen::MatrixXd truth = draw_mixture(law, 8000, Seed{77}, lane("truth"));
  Eigen::MatrixXd corrected(2, 32000), mixed_points(2, 32000);
  double right = 0, log_z = 0, mixed = 0, ramped_distance = 0;
  Composition ramped = product(8000);
  ramped.options.path.ramp.levels = {2, 0.1};
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Answer a = run(product(8000), seed), m = run(mixing(product(8000)), seed);
    right += a.right() / 4, log_z += a.log_z / 4, mixed += m.right() / 4;
    const auto first = static_cast<Eigen::Index>(seed - 1) * 8000;
    corrected.middleCols(first, 8000) = a.equal_weights(), mixed_points.middleCols(first, 8000) = m.points;
    ramped_distance += sliced_wasserstein(run(ramped, seed).equal_weights(), truth) / 4;
  }
  EXPECT_NEAR(right, exact_right, 0.015);
  EXPECT_NEAR(log_z, exact_log_z, 0.15);
  EXPECT_GE(mixed, 0.35);
  // Of the four clouds together; of one cloud the ratio is 0.20 on average, for its mass on the right scatters by 0.02.
  const double mixed_distance = sliced_wasserstein(mixed_points, truth);
  EXPECT_LE(sliced_wasserstein(corrected, truth), 0.2 * mixed_distance);
  EXPECT_LE(ramped_distance, 0.2 * mixed_distance);
}

// N = 2000, seed 1; over 10 seeds the mean error is 0.044 and 0.065 (exact moments from a grid).
TEST(FeynmanKacCorrector, Guidance) {
  for (const auto& [guidance, first, bound] :
       {std::tuple{2.0, 1.6146080406069332, 0.08}, {4.0, 1.7150397624862421, 0.16}}) {
    const Eigen::Vector2d exact(first, 0);
    const double error = (run(guided(guidance), 1).mean() - exact).norm(),
                 mixed = (run(mixing(guided(guidance)), 1).mean() - exact).norm();
    EXPECT_LE(error, bound) << guidance;
    EXPECT_LE(error, 0.5 * mixed) << guidance;
  }
}

// N = 8000, 400 steps: q^2 has variance 1/2 and the integral 1 / (4 pi v), v = 1 + 0.01^2.
TEST(FeynmanKacCorrector, OneGaussianAndSmallZeta) {
  Composition c{.laws = {standard_normal()}, .exponents = {2}, .steps = 400, .sigma_max = 20};
  c.options.particles = 8000;
  const double log_z = -std::log(4 * M_PI * (1 + 1e-4));
  for (const double zeta : {1.0, 1.4}) {
    c.options.path.zeta = zeta;
    const Answer a = run(c, 1);
    EXPECT_NEAR(a.variance(), 0.5, 0.02) << zeta;
    EXPECT_NEAR(a.log_z, log_z, 0.3) << zeta;
    EXPECT_NEAR(a.trace.back().dispersion, 1, 0.05) << zeta;
    EXPECT_TRUE(a.warnings.empty()) << a.warnings.front();
  }
  // Too little noise: the cloud is five times too narrow and its weights are almost equal, so that neither effective size nor ancestors
  // tell. The dispersion does.
  c.options.path.zeta = 0.3;
  const Answer narrow = run(c, 1);
  EXPECT_LT(narrow.variance(), 0.2);
  EXPECT_LT(narrow.trace.back().dispersion, 0.4);
  ASSERT_EQ(narrow.warnings.size(), 2u);
  EXPECT_NE(narrow.warnings[0].find("too narrow"), std::string::npos) << narrow.warnings[0];
  EXPECT_NE(narrow.warnings[1].find("Small zeta"), std::string::npos) << narrow.warnings[1];
}

// A tilt e^(c'x) of N(m, v I) is N(m + v c, v I) with log Z = c'm + v |c|^2 / 2. At a constant strength only where the noise is as wide as
// the data (variance preserving); at noise level 10 the tilted law lies far off the start. N = 8000: standard deviation of the mean 0.012.
TEST(FeynmanKacCorrector, TiltsByAReward) {
  const Eigen::RowVector2d slope(0.8, -0.4);
  for (const auto& [process, strength, steps] : {std::tuple{"edm(0.01, 10)", "linear(from=0, to=1)", 200},
                                                 {"vp-linear", "linear(from=0, to=1)", 200},
                                                 {"vp-linear", "1", 800}}) {
    Composition c{.laws = {mixture(R"json({"weights":[1],"means":[[1,0]],"variances":[0.5]})json")},
                  .exponents = {1}};
    c.process = Process::parse(process);
    c.steps = steps, c.options.particles = 8000;
    c.reward.strength = Schedule::parse(strength);
    c.reward.evaluate = [slope](const Lanes& x, Eigen::ArrayXd& value, Lanes& gradient) {
      value = (x.matrix() * slope.transpose()).array();
      gradient = slope.array().replicate(x.rows(), 1);
    };
    const Answer a = run(c, 3);
    EXPECT_NEAR(a.mean()[0], 1.4, 0.06) << process << strength;
    EXPECT_NEAR(a.mean()[1], -0.2, 0.06) << process << strength;
    EXPECT_NEAR(a.log_z, 0.8 + 0.25 * 0.8, 0.06) << process << strength;
    EXPECT_NEAR(a.variance(), 0.5, 0.04) << process << strength;
  }
}

// Exponents, products and ramps on a variance preserving process: N(0, I)^1.5 N((1, 1), I/2)^1 ~ N((4, 4)/7, 2/7 I), B = 2.5. At constant
// exponents weights scatter more the longer the way is, so that B = 1.5 and the noise starts at rho = 6 there; the standard
// deviation of a mean is 0.03 all the same.
TEST(FeynmanKacCorrector, VariancePreserving) {
  const double log_two_pi = std::log(2 * M_PI);
  for (const bool ramp : {false, true}) {
    const double first = ramp ? 1.5 : 0.9, second = ramp ? 1 : 0.6;
    Composition c{
        .laws = {standard_normal(), mixture(R"json({"weights":[1],"means":[[1,1]],"variances":[0.5]})json")},
        .exponents = {first, second}};
    c.process = ramp ? Process::vp_linear() : Process::vp_linear().between(1e-3, 0.6);
    c.steps = ramp ? 200 : 400, c.options.particles = 8000;
    if (ramp) c.options.path.ramp.levels = {1, 0.1};
    const Answer a = run(c, 2);
    const double precision = first + 2 * second, mean = 2 * second / precision;
    // log of the integral of prod N^beta: twice that of the line.
    const double line = -0.5 * first * log_two_pi - 0.5 * second * (log_two_pi + std::log(0.5)) +
                        0.5 * std::log(2 * M_PI / precision) - 0.5 * (2 * second - 2 * second * mean);
    EXPECT_NEAR(a.mean()[0], mean, ramp ? 0.04 : 0.1) << ramp;
    EXPECT_NEAR(a.mean()[1], mean, ramp ? 0.04 : 0.1) << ramp;
    EXPECT_NEAR(a.variance(), 1 / precision, 0.03) << ramp;
    EXPECT_NEAR(a.log_z, 2 * line, ramp ? 0.1 : 0.25) << ramp;
  }
}

// Every way to resample follows the same law: N(0, 1)^2 on a ramp (variance 1/2).
TEST(FeynmanKacCorrector, EverySchemeOfResampling) {
  for (const char* scheme : {"systematic", "stratified", "residual", "multinomial", "birth_death"}) {
    Composition c{.laws = {standard_normal()}, .exponents = {2}};
    c.options.path.ramp.levels = {1, 0.1};
    c.options.resample.scheme = scheme;
    const Answer a = run(c, 4);
    EXPECT_NEAR(a.variance(), 0.5, 0.04) << scheme;
    EXPECT_NEAR(a.log_z, -std::log(4 * M_PI), 0.1) << scheme;
  }
  Composition never{.laws = {standard_normal()}, .exponents = {2}};
  never.options.path.ramp.levels = {1, 0.1};
  never.options.resample.ess = 0;
  EXPECT_EQ(run(never, 4).trace.back().ancestors, 4000);
  never.options.resample.every = 7;
  never.options.resample.window = {0.5, 1};
  const Answer windowed = run(never, 4);
  for (const CorrectorStep& s : windowed.trace)
    EXPECT_EQ(s.resampled, s.step >= 100 && static_cast<int>(s.step) % 7 == 0 ? 1 : 0) << s.step;
  EXPECT_NEAR(windowed.variance(), 0.5, 0.04);
}

// The controller raises the exponents so that each step keeps its share effective; rejuvenation keeps the law.
TEST(FeynmanKacCorrector, RampByEffectiveSizeAndRejuvenation) {
  Composition c = annealing(4, {0.5, 0.02});
  c.options.path.ramp.ess = 0.98;
  const Errors controlled = errors_of(c, truth4(), 3);
  EXPECT_LE(controlled.variation, 0.02);
  EXPECT_LE(controlled.worst_log_z, 0.15);
  c.options.path.ramp.ess = 0;
  c.options.moves = 1;
  const Answer moved = run(c, 1);
  EXPECT_NEAR(moved.log_z, truth4().log_z, 0.1);
  EXPECT_NEAR(moved.trace[150].acceptance, 0.574, 0.15);
}

TEST(FeynmanKacCorrector, GuardsAreCountedAndReported) {
  Composition c = annealing(4);
  c.options.guards.clamp = 0.02;
  const Answer clamped = run(c, 1);
  double count = 0;
  for (const CorrectorStep& s : clamped.trace) count += s.clamped;
  EXPECT_GT(count, 0);
  EXPECT_TRUE(std::any_of(clamped.warnings.begin(), clamped.warnings.end(),
                          [](const auto& w) { return w.find("limited") != w.npos; }));
  c.options.guards = {.centre = true, .clamp = 0, .quantile = 0.9};
  const Answer centred = run(c, 1);
  EXPECT_NEAR(centred.trace.front().clamped, 400, 2);
  c.options.guards.quantile = 0;
  EXPECT_LT(std::abs(run(c, 1).trace.front().increment_mean), 1e-12);
}

TEST(FeynmanKacCorrector, ThreadsAndResumesChangeNothing) {
  Composition c = annealing(4, {2, 0.1});
  c.options.particles = 500, c.options.islands = 3, c.options.moves = 1, c.steps = 40;
  const FeynmanKacCorrector method = c.corrector();
  set_threads(1);
  const auto one = drive(method, Budget::steps(40), Seed{5});
  set_threads(2);
  const auto two = drive(method, Budget::steps(40), Seed{5});
  set_threads(0);
  EXPECT_TRUE(one.state.x == two.state.x);
  EXPECT_EQ(one.state.log_weights, two.state.log_weights);
  EXPECT_EQ(one.state.trace, two.state.trace);

  const auto half = [&](auto state) {
    StateWriter writer;
    method.fields(writer, state);
    auto restored = method.start({.steps = 40, .seed = Seed{9}});
    StateReader reader(writer.tensors);
    method.fields(reader, restored);
    for (std::int64_t k = restored.step; k < 40; ++k)
      method.advance(restored,
                     {.step = k, .steps = 40, .progress = static_cast<double>(k) / 40, .seed = Seed{5}});
    return restored;
  };
  auto state = method.start({.steps = 40, .seed = Seed{5}});
  for (std::int64_t k = 0; k < 17; ++k)
    method.advance(state, {.step = k, .steps = 40, .progress = static_cast<double>(k) / 40, .seed = Seed{5}});
  const auto resumed = half(state);
  EXPECT_TRUE(resumed.x == one.state.x);
  EXPECT_EQ(resumed.trace, one.state.trace);
  EXPECT_EQ(method.log_weights(resumed), method.log_weights(one.state));
}

// Intervals log Z +- t s with four islands (t = 3.18 of 3 degrees of freedom) on q = N(0, I), q^2 on a ramp: 200 repeats of 400 particles.
// A binomial count at 95 % is 190 +- 3.1.
TEST(FeynmanKacCorrectorSlow, CoverageOfTheErrorOfLogZ) {
  Composition c{.laws = {standard_normal()}, .exponents = {2}, .steps = 150};
  c.options.path.ramp.levels = {1, 0.1};
  c.options.islands = 4, c.options.particles = 400;
  const double log_z = -std::log(4 * M_PI * (1 + 1e-4));
  int covered = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Answer a = run(c, seed);
    covered += std::abs(a.log_z - log_z) <= 3.182 * a.log_z_error ? 1 : 0;
  }
  RecordProperty("covered", covered);
  EXPECT_GE(covered, 180);
  EXPECT_LE(covered, 199);
}

std::string refusal(const Composition& c) {
  try {
    run(c, 1);
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "";
}

TEST(FeynmanKacCorrector, RefusesWhatHasNoAnswer) {
  Composition c = guided(2);
  c.exponents = {-3, 2};
  EXPECT_NE(refusal(c).find("exponents -3 2 cannot be normalised"), std::string::npos) << refusal(c);
  c = annealing(2, {2, 0.1});
  c.options.density = "track", c.options.path.zeta = 1.4;
  EXPECT_NE(refusal(c).find("zeta"), std::string::npos);
  c = annealing(2, {0.1, 2});
  EXPECT_NE(refusal(c).find("ramp.levels"), std::string::npos);
  c = annealing(2, {2, 0.001});
  EXPECT_NE(refusal(c).find("ramp ends at"), std::string::npos);
  c = annealing(2);
  c.options.islands = 3000;
  EXPECT_NE(refusal(c).find("islands"), std::string::npos);
  c = annealing(2);
  c.options.resample.scheme = "systemic";
  EXPECT_NE(refusal(c).find("systematic"), std::string::npos);
  c = annealing(2);
  c.options.density = "track", c.options.moves = 1;
  EXPECT_NE(refusal(c).find("moves"), std::string::npos);
}

TEST(FeynmanKacCorrector, FailuresNameTheStep) {
  // A model whose score breaks below noise level 1.
  Composition c = annealing(2);
  std::vector<Expert> experts = {expert(annealing4(), c.process, 2)};
  experts[0].model.density_at = {};
  experts[0].model.at = [inner = experts[0].model.at](double t) -> Evaluate {
    return [eval = inner(t), t](const Lanes& x, Lanes& out) {
      eval(x, out);
      if (t < 1) out(0, 0) = std::nan("");
    };
  };
  const FeynmanKacCorrector broken(c.process, TimeGrid::parse("rho(7)").times(c.process, 50), experts, {},
                                   c.options);
  try {
    drive(broken, Budget::steps(50), Seed{1});
    FAIL();
  } catch (const NumericalFailure& error) {
    EXPECT_NE(std::string(error.what()).find("particle 0"), std::string::npos) << error.what();
  }
  // Exponent 400 without resampling: one particle is all that counts.
  Composition cold = annealing(400, {0.5, 0.02});
  cold.options.particles = 50, cold.options.resample.ess = 0;
  try {
    run(cold, 1);
    FAIL();
  } catch (const NumericalFailure& error) {
    EXPECT_NE(std::string(error.what()).find("starts later"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace lehr::diffusion
