// Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari and Gelman, 2018): where parameters are drawn from the
// prior and data from the parameters, the rank of the true parameter among independent draws from the posterior is uniform.
// A wrong density, gradient, Jacobian, or acceptance rule makes it uneven.
#include <gtest/gtest.h>

#include <boost/random/gamma_distribution.hpp>
#include <boost/random/poisson_distribution.hpp>

#include "lehr/core/drive.hpp"
#include "lehr/core/random.hpp"
#include "lehr/sample/hmc.hpp"
#include "lehr/sample/mcmc.hpp"
#include "lehr/sample/model/model.hpp"
#include "lehr/sample/nuts.hpp"
#include "lehr/sample/random_walk.hpp"
#include "lehr/sample/slice.hpp"
#include "lehr/stats/goodness_of_fit.hpp"

namespace lehr::sample {
namespace {

// A model's data and the parameters that made them.
struct Simulated {
  Json description;
  std::vector<double> truth;
};

double draw_gamma(double shape, Stream& random) {
  return boost::random::gamma_distribution<double>(shape)(random);
}

// Groups of observations around group means around a common mean, with unknown spreads.
Simulated hierarchy(Stream& random) {
  const double mu = 2 * normal(random), tau = std::abs(normal(random)), sigma = 0.5 + 0.5 * uniform(random);
  Simulated result{Json::object(), {mu, tau, sigma}};
  std::vector<double> y, group;
  for (int g = 1; g <= 4; ++g) {
    const double eta = normal(random);
    result.truth.push_back(eta);
    for (int k = 0; k < 5; ++k) y.push_back(mu + tau * eta + sigma * normal(random)), group.push_back(g);
  }
  result.description = {{"data", {{"y", y}, {"g", group}}},
                        {"parameters",
                         {{"mu", "normal(0, 2)"},
                          {"tau", "half_normal(1)"},
                          {"sigma", "uniform(0.5, 1)"},
                          {"eta", {{"prior", "normal(0, 1)"}, {"size", 4}}}}},
                        {"model", {{"y", "normal(mu + tau * eta[g], sigma)"}}}};
  return result;
}

// Logistic regression with an intercept.
Simulated regression(Stream& random) {
  const double a = normal(random), b = normal(random);
  std::vector<double> x, y;
  for (int k = 0; k < 20; ++k) {
    x.push_back(normal(random));
    y.push_back(uniform(random) < 1 / (1 + std::exp(-a - b * x.back())) ? 1 : 0);
  }
  return {{{"data", {{"x", x}, {"y", y}}},
           {"parameters", {{"a", "normal(0, 1)"}, {"b", "normal(0, 1)"}}},
           {"model", {{"y", "bernoulli_logit(a + b * x)"}}}},
          {a, b}};
}

// Counts whose rate has a gamma law, and exponential times whose rate has a beta law.
Simulated counts(Stream& random) {
  const double rate = draw_gamma(3, random) / 0.5, first = draw_gamma(2, random),
               second = draw_gamma(3, random);
  const double share = first / (first + second);
  std::vector<double> n, t;
  for (int k = 0; k < 4; ++k) {
    n.push_back(static_cast<double>(boost::random::poisson_distribution<int>(rate)(random)));
    t.push_back(exponential(random) / share);
  }
  return {{{"data", {{"n", n}, {"t", t}}},
           {"parameters", {{"rate", "gamma(3, 0.5)"}, {"share", "beta(2, 3)"}}},
           {"model", {{"n", "poisson(rate)"}, {"t", "exponential(share)"}}}},
          {rate, share}};
}

constexpr int calibration_draws = 39, calibration_bins = 10;  // ranks 0 .. 39, four to a bin

// The ranks of each parameter over `runs` simulations, as counts in bins.
template <class Kernel>
std::vector<std::vector<double>> rank_counts(Simulated (*simulate)(Stream&), const Kernel& kernel,
                                             std::int64_t thin, int runs, std::uint64_t seed) {
  std::vector<std::vector<double>> bins;
  for (int r = 0; r < runs; ++r) {
    Stream random(Seed{seed}, lane("simulation"), static_cast<std::uint64_t>(r));
    const Simulated simulated = simulate(random);
    const Model model(simulated.description, "m");
    const McmcOptions options{
        .chains = 1, .warm_up = 400, .iterations = calibration_draws, .thin = thin, .block = 1000};
    const Mcmc<Kernel> method(model.log_density(), kernel, model.start(), options);
    const Draws draws = method.draws(
        drive(method, Budget::steps(method.steps()), Seed{seed + static_cast<std::uint64_t>(r)}).state);
    bins.resize(simulated.truth.size(), std::vector<double>(calibration_bins, 0.0));
    std::vector<int> ranks(simulated.truth.size(), 0);
    for (Eigen::Index k = 0; k < draws.values.cols(); ++k) {
      const Eigen::VectorXd values = model.values(draws.values.col(k));
      for (std::size_t i = 0; i < ranks.size(); ++i)
        ranks[i] += values(static_cast<Eigen::Index>(i)) < simulated.truth[i];
    }
    for (std::size_t i = 0; i < ranks.size(); ++i)
      bins[i][static_cast<std::size_t>(ranks[i] * calibration_bins / (calibration_draws + 1))] += 1;
  }
  return bins;
}

// The smallest p-value of the chi-square tests of all parameters.
double least_p(const std::vector<std::vector<double>>& bins, int runs) {
  const std::vector<double> expected(calibration_bins, static_cast<double>(runs) / calibration_bins);
  double least = 1;
  for (const std::vector<double>& observed : bins)
    least = std::min(least, stats::chi_square_test(observed, expected).p);
  return least;
}

// The battery: 17 tests of uniformity (7 + 2 + 2 + 2 + 2 + 2 parameters); by Bonferroni the smallest p must exceed 0.01 / 17.
TEST(Calibration, RanksAreUniformOverTheBattery) {
  constexpr int runs = 160;
  double least = 1;
  least = std::min(least, least_p(rank_counts(hierarchy, Nuts(), 3, runs, 100), runs));
  least = std::min(least, least_p(rank_counts(regression, Hmc(6), 3, runs, 200), runs));
  least = std::min(least, least_p(rank_counts(regression, RandomWalk(2), 20, runs, 300), runs));
  least = std::min(least, least_p(rank_counts(counts, Slice(), 4, runs, 400), runs));
  least = std::min(least, least_p(rank_counts(counts, Hmc(1), 15, runs, 500), runs));
  least = std::min(least, least_p(rank_counts(counts, Nuts(), 3, runs, 600), runs));
  EXPECT_GT(least, 0.01 / 17);
}

// The test has power: data from a law that is not the model's are noticed.
TEST(Calibration, AWrongModelIsNoticed) {
  constexpr int runs = 160;
  const auto wrong = [](Stream& random) {
    Simulated simulated = regression(random);
    simulated.description["parameters"]["a"] = "normal(1.5, 1)";
    return simulated;
  };
  EXPECT_LT(least_p(rank_counts(+wrong, Nuts(), 3, runs, 700), runs), 1e-4);
}

}  // namespace
}  // namespace lehr::sample
