#include "lehr/spin/memory/supervised_replica_symmetric.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/replica_symmetric.hpp"

namespace lehr::spin {
namespace {

double overlap(double quality, std::int64_t examples, ExampleLaw law, int order = 4) {
  return supervised_replica_symmetric(order, 0, 0, DataSet::of(quality, examples, law)).m;
}

TEST(SupervisedReplicaSymmetric, LearningLawWithoutLoad) {
  EXPECT_NEAR(overlap(0.2, 25, ExampleLaw::exact), 0.69246, 1e-5);
  EXPECT_NEAR(overlap(0.2, 25, ExampleLaw::gaussian), 0.69257, 1e-5);
  EXPECT_NEAR(overlap(0.2, 100, ExampleLaw::exact), 0.95614, 1e-5);
  EXPECT_NEAR(overlap(0.2, 100, ExampleLaw::gaussian), 0.95877, 1e-5);
  EXPECT_NEAR(overlap(0.1, 200, ExampleLaw::exact), 0.84322, 1e-5);
  EXPECT_NEAR(overlap(0.1, 200, ExampleLaw::gaussian), 0.84478, 1e-5);
  // independent of P
  EXPECT_NEAR(overlap(0.2, 25, ExampleLaw::gaussian, 8), overlap(0.2, 25, ExampleLaw::gaussian), 1e-12);
}

TEST(SupervisedReplicaSymmetric, CapacityShrinksWithTheEntropyOfTheData) {
  EXPECT_NEAR(supervised_capacity(4, 0) / 0.03298, 1, 1e-3);
  EXPECT_NEAR(supervised_capacity(4, 0.1) / 0.02176, 1, 1e-3);
  EXPECT_NEAR(supervised_capacity(4, 0.2) / 0.01645, 1, 1e-3);
  EXPECT_NEAR(supervised_capacity(4, 0.3) / 0.01355, 1, 1e-3);
  EXPECT_NEAR(supervised_capacity(4, 0.5) / 0.01062, 1, 1e-3);
  for (const int order : {2, 4, 6})
    EXPECT_NEAR(supervised_capacity(order, 0) / zero_temperature_capacity(order).load, 1, 1e-7);
}

// The solver against the closed line: retrieval just below, none just above.
TEST(SupervisedReplicaSymmetric, TheSolverLosesRetrievalAtTheLine) {
  const double line = supervised_capacity(4, 0.2);
  EXPECT_TRUE(supervised_replica_symmetric(4, 0.999 * line, 0, DataSet::entropy(0.2)).exists);
  EXPECT_FALSE(supervised_replica_symmetric(4, 1.001 * line, 0, DataSet::entropy(0.2)).exists);
  EXPECT_NEAR(*largest_entropy(4, line), 0.2, 1e-6);
  EXPECT_FALSE(largest_entropy(4, 0.04).has_value());
  EXPECT_TRUE(std::isinf(*largest_entropy(4, 1e-4)));
}

TEST(SupervisedReplicaSymmetric, PerfectDataIsTheDenseNetwork) {
  const ReplicaPoint dense = replica_symmetric(ReplicaModel::dense(4, 0.01), 0.05, Branch::retrieval);
  for (const DataSet& data : {DataSet::entropy(0), DataSet::of(1, 7, ExampleLaw::exact)}) {
    const SupervisedPoint point = supervised_replica_symmetric(4, 0.01, 0.05, data);
    EXPECT_NEAR(point.m, dense.order.m, 1e-10);
    EXPECT_NEAR(point.s, dense.order.m, 1e-10);
    EXPECT_NEAR(point.pressure, dense.pressure, 1e-10);
    EXPECT_NEAR(point.entropy, dense.entropy, 1e-8);
    EXPECT_NEAR(point.stability, dense.stability, 1e-8);
  }
}

TEST(SupervisedReplicaSymmetric, PredictionsForTheMonteCarloPoints) {
  EXPECT_NEAR(supervised_replica_symmetric(4, 0.005, 0.03, DataSet::of(0.2, 50, ExampleLaw::gaussian)).m,
              0.7715, 1e-4);
  EXPECT_NEAR(supervised_replica_symmetric(4, 0.005, 0.03, DataSet::of(0.2, 200, ExampleLaw::gaussian)).m,
              0.9706, 1e-4);
}

// The argument in the papers' variables, with n(1 + rho) = m + the response term.
TEST(SupervisedReplicaSymmetric, PapersForm) {
  const double rho = 0.3, t = 0.03, load = 0.005;
  const SupervisedPoint point = supervised_replica_symmetric(4, load, t, DataSet::entropy(rho));
  const double beta_prime = 1 / primed_temperature(4, t), n = point.n;
  const double signal =
      beta_prime * 2 * std::pow(n, 3) * (1 + rho);  // beta' (P/2) n^(P-1) (1 + rho)^(P/2 - 1)
  const double beta = 1 / t;
  EXPECT_NEAR(signal, beta * std::pow(point.s, 3) / 6 / std::sqrt(1 + rho), 1e-9);
  const double noise = gamma_of_load(4, load) * beta_prime * beta_prime * 2 * std::pow(point.q, 3);
  EXPECT_NEAR(noise, beta * beta * load * std::pow(point.q, 3) / 6, 1e-9);
  EXPECT_NEAR(n * (1 + rho), point.m + rho * signal * (1 - point.q), 1e-9);
}

// f is stationary, so its slope in T is minus the entropy at fixed data.
TEST(SupervisedReplicaSymmetric, EntropyIsMinusTheSlopeOfTheFreeEnergy) {
  for (const DataSet& data : {DataSet::entropy(0.2), DataSet::of(0.3, 20, ExampleLaw::exact)}) {
    const auto f = [&](double t) { return supervised_replica_symmetric(4, 0.004, t, data).free_energy; };
    const double t = 0.03, step = 1e-4;
    EXPECT_NEAR(supervised_replica_symmetric(4, 0.004, t, data).entropy,
                -(f(t + step) - f(t - step)) / (2 * step), 1e-5);
  }
}

TEST(SupervisedReplicaSymmetric, Queries) {
  const std::int64_t needed = *how_many_examples(0.9, 4, 0, 0, 0.2, ExampleLaw::gaussian);
  // erf(1 / sqrt(2 rho)) = 0.9 at 1 / sqrt(rho) = 1.6449: M = 24 * 1.6449^2 = 64.9
  EXPECT_EQ(needed, 65);
  EXPECT_FALSE(how_many_examples(0.9, 4, 0.05, 0, 0.2, ExampleLaw::gaussian, 1000).has_value());
  const DataSet data = DataSet::entropy(0.1);
  const double edge = *largest_temperature(4, 0.005, data);
  EXPECT_TRUE(supervised_replica_symmetric(4, 0.005, 0.99 * edge, data).exists);
  EXPECT_FALSE(supervised_replica_symmetric(4, 0.005, 1.01 * edge, data).exists);
  EXPECT_NEAR(effective_load(0.001, 50, 4, 100), 0.001 + 2500e-6, 1e-15);
  EXPECT_THROW(DataSet::of(0, 5, ExampleLaw::exact), InvalidInput);
  EXPECT_THROW(DataSet::of(1.2, 5, ExampleLaw::exact), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
