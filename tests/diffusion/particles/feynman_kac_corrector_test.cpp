#include "lehr/diffusion/particles/feynman_kac_corrector.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/diffusion/particles/compositions.hpp"

namespace lehr::diffusion {
namespace {

using namespace test;

Composition annealing(double exponent, std::vector<double> ramp = {}) {
  Composition c{.laws = {annealing4()}, .exponents = {exponent}};
  c.options.path.ramp.levels = std::move(ramp);
  return c;
}

struct Errors {
  double variation = 0, log_z = 0, worst_log_z = 0;  // means over seeds; log_z signed
};
Errors errors_of(const Composition& c, const AnnealedTruth& truth, int seeds = 5) {
  Errors e;
  for (int seed = 1; seed <= seeds; ++seed) {
    const Answer a = run(c, static_cast<std::uint64_t>(seed));
    e.variation += total_variation(a.masses(annealing4().means), truth.masses) / seeds;
    e.log_z += (a.log_z - truth.log_z) / seeds;
    e.worst_log_z = std::max(e.worst_log_z, std::abs(a.log_z - truth.log_z));
  }
  printf("TV %.4f logZ %+.4f worst %.4f\n", e.variation, e.log_z, e.worst_log_z);
  return e;
}

TEST(FeynmanKacCorrector, AnnealsAtAConstantExponent) {
  const Errors fkc = errors_of(annealing(2), truth2());
  EXPECT_LE(fkc.variation, 0.13);
  EXPECT_LE(std::abs(fkc.log_z), 0.25);
  Composition mixing = annealing(2);
  mixing.options.method = "score_mixing";
  EXPECT_GE(errors_of(mixing, truth2()).variation, 0.2);
}

TEST(FeynmanKacCorrector, ExponentsOnARamp) {
  const Errors two = errors_of(annealing(2, {2, 0.1}), truth2());
  EXPECT_LE(two.variation, 0.03);
  EXPECT_LE(two.worst_log_z, 0.08);
  const Errors four = errors_of(annealing(4, {2, 0.1}), truth4());
  EXPECT_LE(four.variation, 0.04);
  EXPECT_LE(std::abs(four.log_z), 0.25);
  const Errors late = errors_of(annealing(4, {0.5, 0.02}), truth4());
  EXPECT_LE(late.variation, 0.02);
  EXPECT_LE(late.worst_log_z, 0.08);
  const Errors constant = errors_of(annealing(4), truth4());
  EXPECT_LE(four.variation, 0.5 * constant.variation);
  EXPECT_LE(late.variation, 0.5 * constant.variation);
}

TEST(FeynmanKacCorrector, TracksDensitiesWhereTheModelHasNone) {
  Composition c = annealing(2, {2, 0.1});
  c.options.density = "track";
  const Errors coarse = errors_of(c, truth2());
  c.steps = 600;
  const Errors fine = errors_of(c, truth2());
  EXPECT_LE(coarse.variation, 0.04);
  EXPECT_LE(fine.variation, 0.04);
  EXPECT_LE(std::abs(fine.log_z), std::abs(coarse.log_z) / 2.5);
}

TEST(FeynmanKacCorrector, ProductOfExperts) {
  Composition c{.laws = {two_modes(), two_modes()}, .exponents = {1, 1}, .steps = 400};
  c.options.particles = 8000;
  Composition m = c;
  m.options.method = "score_mixing";
  double right = 0, log_z = 0, mixed = 0;
  for (int seed = 1; seed <= 4; ++seed) {
    const Answer a = run(c, static_cast<std::uint64_t>(seed));
    right += a.right() / 4, log_z += a.log_z / 4;
    mixed += run(m, static_cast<std::uint64_t>(seed)).right() / 4;
  }
  printf("right %.4f log Z %.4f mixing %.4f\n", right, log_z, mixed);
  EXPECT_NEAR(right, 0.0825688, 0.015);
  EXPECT_NEAR(log_z, -1.4231953, 0.15);
  EXPECT_GT(mixed, 0.35);
}

TEST(FeynmanKacCorrector, Guidance) {
  for (const auto& [g, first, bound] : {std::tuple{2.0, 1.6146080406069332, 0.08}, {4.0, 1.7150397624862421, 0.16}}) {
    Composition c{.laws = {unconditional3(), conditional3()}, .exponents = {1 - g, g}};
    c.options.particles = 2000;
    const Answer a = run(c, 1);
    c.options.method = "score_mixing";
    const Answer m = run(c, 1);
    const double error = std::hypot(a.mean()[0] - first, a.mean()[1]), mixing = std::hypot(m.mean()[0] - first, m.mean()[1]);
    printf("guidance %g: %.4f against %.4f, logZ %.4f\n", g, error, mixing, a.log_z);
    EXPECT_LE(error, bound);
    EXPECT_LE(error, 0.5 * mixing);
  }
}

TEST(FeynmanKacCorrector, OneGaussianAndSmallZeta) {
  Composition c{.laws = {mixture(R"json({"weights":[1],"means":[[0,0]],"variances":[1]})json")}, .exponents = {2}, .steps = 400, .sigma_max = 20};
  c.options.particles = 8000;
  // The integral of (N(0, v I))^2 at v = 1 + 0.01^2.
  const double v = 1 + 1e-4, log_z = -std::log(4 * M_PI * v);
  for (const double zeta : {1.0, 1.4, 0.3}) {
    c.options.path.zeta = zeta;
    const Answer a = run(c, 1);
    double smallest = 1;
    for (const auto& s : a.trace) smallest = std::min(smallest, s.ess);
    printf("zeta %g: variance %.4f log Z error %.4f ancestors %g ess %.4f warnings %zu\n", zeta, a.variance(), a.log_z - log_z, a.trace.back().ancestors, smallest, a.warnings.size());
  }
}

TEST(Explore, Late) {
  for (const double ess : {0.0, 0.3, 0.5, 0.8}) for (const int moves : {0, 1}) {
    Composition c = annealing(4, {0.5, 0.02});
    c.options.resample.ess = ess; c.options.moves = moves;
    double m = 0, s = 0, tv = 0, big=0; const int n = 30;
    for (int seed = 1; seed <= n; ++seed) { const Answer a = run(c, seed); const double e = a.log_z - truth4().log_z; m += e / n; s += e * e / n; big += std::abs(e) > .08; tv += total_variation(a.masses(annealing4().means), truth4().masses)/n; }
    printf("ess %g moves %d: mean %.4f sd %.4f beyond %g tv %.4f\n", ess, moves, m, std::sqrt(s - m * m), big, tv);
  }
}

}  // namespace
}  // namespace lehr::diffusion
