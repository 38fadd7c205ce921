#include "lehr/spin/memory/replica_symmetric.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/sum_rules.hpp"

namespace lehr::spin {
namespace {

TEST(ReplicaSymmetric, CapacityAtZeroTemperatureIsTheClosedForm) {
  EXPECT_NEAR(zero_temperature_capacity(4).load / 0.032977, 1, 1e-4);
  EXPECT_NEAR(gamma_of_load(4, zero_temperature_capacity(4).load) / 0.39572, 1, 1e-4);
  EXPECT_NEAR(zero_temperature_capacity(4).m, 0.9179, 1e-4);
  EXPECT_NEAR(zero_temperature_capacity(6).load / 1.31400e-3, 1, 1e-4);
  EXPECT_NEAR(zero_temperature_capacity(8).load / 2.77183e-5, 1, 1e-4);
  EXPECT_NEAR(zero_temperature_capacity(10).load / 3.5531e-7, 1, 1e-4);
  EXPECT_NEAR(zero_temperature_capacity(2).load, 2 / std::numbers::pi, 1e-8);
  EXPECT_THROW(zero_temperature_capacity(1), InvalidInput);
}

TEST(ReplicaSymmetric, BisectionFindsTheClosedCapacity) {
  const Capacity closed = zero_temperature_capacity(4), found = replica_symmetric_capacity(4, 0);
  EXPECT_NEAR(found.load / closed.load, 1, 1e-5);
  EXPECT_NEAR(found.m, closed.m, 0.01);
}

// Amit, Gutfreund and Sompolinsky (1987): retrieval up to 0.138 patterns a spin, m = 0.967 there.
TEST(ReplicaSymmetric, HopfieldLosesItsMemoryAt0138) {
  const auto m = [](double load) {
    return replica_symmetric(ReplicaModel::hopfield(load), 0, Branch::retrieval).order.m;
  };
  EXPECT_NEAR(m(0.1379), 0.967, 0.006);
  EXPECT_LT(m(0.1385), 0.5);
}

TEST(ReplicaSymmetric, HopfieldGlassAppearsAtOnePlusRootLoad) {
  const ReplicaModel model = ReplicaModel::hopfield(0.04);  // T_g = 1.2
  EXPECT_LT(replica_symmetric(model, 1.21, Branch::glass).q2, 1e-6);
  EXPECT_GT(replica_symmetric(model, 1.19, Branch::glass).q2, 1e-3);
}

TEST(ReplicaSymmetric, SherringtonKirkpatrick) {
  const ReplicaPoint point = replica_symmetric(ReplicaModel::sk(), 0.5, Branch::glass);
  EXPECT_NEAR(point.q2, 0.53037, 1e-5);
  EXPECT_NEAR(point.free_energy, -0.79239, 1e-5);
  EXPECT_GT(point.stability, 1);
  const ReplicaPoint cold = replica_symmetric(ReplicaModel::sk(), 0, Branch::glass);
  EXPECT_NEAR(cold.free_energy, -std::sqrt(2 / std::numbers::pi), 1e-12);
  EXPECT_NEAR(cold.entropy, -1 / (2 * std::numbers::pi), 1e-12);
}

TEST(ReplicaSymmetric, EntropyOfTheFrozenGlassIsNegative) {
  for (const int order : {3, 4, 6}) {
    const double limit = -(order - 1) / (2 * std::numbers::pi);
    EXPECT_NEAR(replica_symmetric(ReplicaModel::p_spin(order), 0, Branch::glass).entropy, limit, 1e-9)
        << order;
    EXPECT_NEAR(replica_symmetric(ReplicaModel::p_spin(order), 0.01, Branch::glass).entropy, limit,
                0.03 * order)
        << order;
  }
}

// f(T) and its slope by differences are independent of the analytic entropy.
TEST(ReplicaSymmetric, EntropyIsMinusTheSlopeOfTheFreeEnergy) {
  for (const ReplicaModel& model : {ReplicaModel::dense(4, 0.01), ReplicaModel::hopfield(0.05),
                                    ReplicaModel::p_spin(3).with_field(0.3)}) {
    const Branch branch = model.has_signal() ? Branch::retrieval : Branch::glass;
    const double t = 0.06, step = 1e-4;
    const auto f = [&](double temperature) {
      return replica_symmetric(model, temperature, branch).free_energy;
    };
    EXPECT_NEAR(replica_symmetric(model, t, branch).entropy, -(f(t + step) - f(t - step)) / (2 * step), 2e-6);
  }
}

TEST(ReplicaSymmetric, ParamagnetHasTheAnnealedFreeEnergy) {
  const ReplicaPoint point = replica_symmetric(ReplicaModel::p_spin(3), 2, Branch::glass);
  EXPECT_EQ(point.phase(), Phase::ergodic);
  EXPECT_NEAR(point.pressure, std::numbers::ln2 + 1.0 / 16, 1e-10);
  const ReplicaPoint hopfield = replica_symmetric(ReplicaModel::hopfield(0.1), 2, Branch::glass);
  EXPECT_NEAR(hopfield.pressure, std::numbers::ln2 - 0.05 * (std::log(0.5) + 0.5), 1e-9);
}

TEST(ReplicaSymmetric, BothParametrisationsAreOneFunction) {
  // The field written with beta' = 2 beta / P!, gamma = load P! / 2 (Gardner's and the paper's convention).
  const int order = 4;
  const double t = 0.07, load = 0.013, m = 0.93, q = 0.9;
  const double beta = 1 / primed_temperature(order, t), gamma = gamma_of_load(order, load);
  const double signal = beta * order / 2 * std::pow(m, order - 1);
  const double noise = beta * std::sqrt(gamma * order / 2 * std::pow(q, order - 1));
  const ReplicaModel model = ReplicaModel::dense(order, load);
  EXPECT_NEAR(signal, model.field(m) / t, 1e-12);
  EXPECT_NEAR(noise, std::sqrt(model.noise({m, q, (1 - q) / t}, t, 0).variance1) / t, 1e-12);
  EXPECT_NEAR(load_of_gamma(order, gamma), load, 1e-15);
  EXPECT_NEAR(unprimed_temperature(order, 1 / beta), t, 1e-15);
}

TEST(ReplicaSymmetric, FollowsABranchFromItsNeighbour) {
  const ReplicaModel model = ReplicaModel::dense(4, 0.01);
  const ReplicaPoint warm = replica_symmetric(model, 0.05, Branch::retrieval);
  EXPECT_NEAR(warm.order.m, 0.98957, 1e-5);
  const ReplicaPoint next = replica_symmetric(model, 0.051, Branch::retrieval, &warm);
  EXPECT_NEAR(next.order.m, replica_symmetric(model, 0.051, Branch::retrieval).order.m, 1e-10);
  EXPECT_LT(next.iterations, 40);
}

TEST(GlassDecomposition, OnlyThePairwiseNetworkHasASoftPart) {
  const ReplicaModel dense = ReplicaModel::dense(4, 0.02);
  const double t = 0.1;
  const ReplicaPoint glass =
      replica_symmetric(ReplicaModel::p_spin(4, std::sqrt(0.04 / 24)), t, Branch::glass);
  const GlassDecomposition parts = glass_decomposition(dense, t, glass.q2);
  EXPECT_NEAR(parts.hard, glass.pressure, 1e-10);
  EXPECT_NEAR(parts.soft, 0, 1e-12);

  const double load = 0.2, hopfield_t = 0.4;
  const ReplicaPoint pairwise = replica_symmetric(ReplicaModel::hopfield(load), hopfield_t, Branch::glass);
  const GlassDecomposition both = glass_decomposition(ReplicaModel::hopfield(load), hopfield_t, pairwise.q2);
  EXPECT_NEAR(both.hard + both.soft, pairwise.pressure, 1e-10);
  // -(a/2) [ln(1 - c) - bq/(1 - c)] - ab/2 and what the reshuffled quadratic terms leave, c = b (1 - q)
  const double b = 1 / hopfield_t, q = pairwise.q2, c = b * (1 - q);
  const double beta_hard = b * std::sqrt(load) / (1 - c);
  const double soft = -0.5 * load * (std::log(1 - c) - b * q / (1 - c) + b) -
                      0.5 * beta_hard * beta_hard * q * (1 - q) - 0.25 * std::pow(beta_hard * (1 - q), 2);
  EXPECT_NEAR(both.soft, soft, 1e-9);
  EXPECT_GT(std::abs(both.soft), 1e-3);
}

TEST(SumRules, BothRoutesGiveTheReplicaSymmetricPressure) {
  struct Case {
    ReplicaModel model;
    double temperature, m, q;
  };
  for (const Case& one :
       {Case{ReplicaModel::dense(4, 0.01), 0.05, 0.9, 0.85}, Case{ReplicaModel::sk(), 0.5, 0, 0.53},
        Case{ReplicaModel::dense(6, 1e-3), 0.02, 0.7, 0.6},
        Case{ReplicaModel::hopfield(0.1), 0.3, 0.8, 0.9}}) {
    const OrderParameters order{one.m, one.q, (1 - one.q) / one.temperature};
    const SumRule guerra = guerra_check(one.model, one.temperature, order, 0);
    const SumRule transport = transport_check(one.model, one.temperature, order, 0);
    EXPECT_NEAR(guerra.difference(), 0, 1e-8) << guerra.closed;
    EXPECT_NEAR(transport.difference(), 0, 1e-8) << transport.closed;
  }
  EXPECT_THROW(guerra_check(ReplicaModel::sk(), 0, {}, 0), InvalidInput);
}

TEST(ReplicaModel, RefusesWhatMakesNoSense) {
  EXPECT_THROW(ReplicaModel::dense(1, 0.1), InvalidInput);
  EXPECT_THROW(ReplicaModel::dense(4, -0.1), InvalidInput);
  EXPECT_THROW(ReplicaModel::p_spin(3, NAN), InvalidInput);
  EXPECT_THROW(replica_symmetric(ReplicaModel::sk(), -1, Branch::glass), InvalidInput);
  const ReplicaPoint empty = replica_symmetric(ReplicaModel::dense(4, 0), 0, Branch::retrieval);
  EXPECT_EQ(empty.order.m, 1);
  EXPECT_NEAR(empty.energy, -1.0 / 24, 1e-15);
}

}  // namespace
}  // namespace lehr::spin
