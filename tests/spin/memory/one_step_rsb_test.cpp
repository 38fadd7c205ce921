#include "lehr/spin/memory/one_step_rsb.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/p_spin_transitions.hpp"
#include "lehr/spin/memory/sum_rules.hpp"

namespace lehr::spin {
namespace {

TEST(PSpinTransitions, AgreeWithTheLiterature) {
  const GlassTransition three = static_transition(ReplicaModel::p_spin(3));
  EXPECT_NEAR(three.temperature, 0.6514, 5e-4);
  EXPECT_NEAR(three.q, 0.8135, 5e-4);
  EXPECT_NEAR(dynamical_transition(ReplicaModel::p_spin(3)).temperature, 0.6816, 5e-4);
  EXPECT_NEAR(static_transition(ReplicaModel::p_spin(4)).temperature, 0.6169, 5e-4);
  EXPECT_NEAR(static_transition(ReplicaModel::p_spin(6)).temperature, 0.6033, 5e-4);
  EXPECT_NEAR(static_transition(ReplicaModel::p_spin(30)).temperature, 1 / (2 * std::sqrt(std::numbers::ln2)),
              1e-6);
  // J scales every temperature.
  EXPECT_NEAR(static_transition(ReplicaModel::p_spin(3, 0.5)).temperature, 0.5 * three.temperature, 1e-9);
  EXPECT_THROW(static_transition(ReplicaModel::sk()), InvalidInput);
  EXPECT_THROW(static_transition(ReplicaModel::dense(4, 0)), InvalidInput);
}

// E. Gardner (1985) gives T_G = 0.240 for P = 3.
TEST(PSpinTransitions, GardnersInstability) {
  EXPECT_NEAR(gardner_transition(ReplicaModel::p_spin(3)).temperature, 0.240, 1e-3);
}

// A_1 of the p-spin glass at q1 = 0 by the trapezoidal rule, which is spectrally accurate here: independent of the
// solver's quadrature and of its reduction to (C, mu).
double p_spin_free_energy(int order, double temperature, double theta, double q) {
  const double beta = 1 / temperature, spread = std::sqrt(0.5 * order * std::pow(q, order - 1)), step = 0.005;
  double sum = 0;
  for (double z = -12; z <= 12; z += step)
    sum += step * std::exp(theta * std::log(std::cosh(beta * spread * z)) - 0.5 * z * z);
  const double inner = std::log(sum / std::sqrt(2 * std::numbers::pi)) / theta;
  const double noise = 1 - order * std::pow(q, order - 1) + (order - 1) * (1 - theta) * std::pow(q, order);
  return -temperature * (std::numbers::ln2 + inner + 0.25 * beta * beta * noise);
}

TEST(OneStepRsb, FreeEnergyOfThePSpinGlassIsStationary) {
  for (const int order : {3, 4}) {
    const ReplicaPoint point = one_step_rsb(ReplicaModel::p_spin(order), 0.2, Branch::glass);
    EXPECT_TRUE(point.exists && point.converged && !point.rsb_irrelevant);
    EXPECT_NEAR(point.order.q1, 0, 1e-12);
    const auto f = [&](double theta, double q) { return p_spin_free_energy(order, 0.2, theta, q); };
    EXPECT_NEAR(f(point.theta, point.q2), point.free_energy, 1e-10);
    EXPECT_NEAR((f(point.theta + 1e-4, point.q2) - f(point.theta - 1e-4, point.q2)) / 2e-4, 0, 1e-7);
    EXPECT_NEAR((f(point.theta, point.q2 + 1e-5) - f(point.theta, point.q2 - 1e-5)) / 2e-5, 0, 1e-5);
    EXPECT_NEAR(point.free_energy, order == 3 ? -0.8139 : -0.8258, 2e-4);
  }
}

TEST(OneStepRsb, EntropyIsMinusTheSlopeOfTheFreeEnergy) {
  const ReplicaModel model = ReplicaModel::p_spin(3);
  for (const double t : {0.05, 0.2, 0.4}) {
    const auto f = [&](double at) { return one_step_rsb(model, at, Branch::glass).free_energy; };
    EXPECT_NEAR(one_step_rsb(model, t, Branch::glass).entropy, -(f(t + 1e-3) - f(t - 1e-3)) / 2e-3, 1e-5)
        << t;
  }
}

TEST(OneStepRsb, RaisesTheFreeEnergyAtEveryTemperatureBelowTheTransition) {
  const ReplicaModel model = ReplicaModel::p_spin(3);
  for (const double t : {0.05, 0.3, 0.5, 0.65}) {
    const ReplicaPoint broken = one_step_rsb(model, t, Branch::glass);
    EXPECT_TRUE(broken.exists && !broken.rsb_irrelevant) << t;
    // The replica-symmetric branch with q > 0 where it exists, else the paramagnet.
    const ReplicaPoint symmetric = replica_symmetric(model, t, Branch::glass);
    const double paramagnet = -t * std::numbers::ln2 - 0.25 / t;
    EXPECT_LT(paramagnet, broken.free_energy) << t;
    if (symmetric.q2 > 1e-3) {
      EXPECT_LT(symmetric.free_energy, broken.free_energy) << t;
    }
    EXPECT_GT(broken.entropy, -3e-3) << t;  // replica symmetry: -0.31 at T = 0
  }
  const ReplicaPoint above = one_step_rsb(model, 0.66, Branch::glass);
  EXPECT_TRUE(above.rsb_irrelevant);
}

TEST(OneStepRsb, SherringtonKirkpatrick) {
  const ReplicaPoint half = one_step_rsb(ReplicaModel::sk(), 0.5, Branch::glass);
  EXPECT_NEAR(half.free_energy, -0.79121, 1e-5);
  EXPECT_GT(half.order.q1, 0);
  EXPECT_NEAR(one_step_rsb(ReplicaModel::sk(), 0.2, Branch::glass).free_energy, -0.76556, 1e-5);
  EXPECT_TRUE(one_step_rsb(ReplicaModel::sk(), 1.1, Branch::glass).rsb_irrelevant);
  // G. Parisi (1980): one step gives -0.7652 at T = 0, and an entropy of -0.01.
  const ReplicaPoint cold = one_step_rsb(ReplicaModel::sk(), 0, Branch::glass);
  EXPECT_NEAR(cold.free_energy, -0.7652, 1e-4);
  EXPECT_NEAR(cold.entropy, -0.01, 5e-3);
}

// T = 0 has formulas of its own: they must be the limit of those at T > 0.
TEST(OneStepRsb, ZeroTemperatureIsTheLimit) {
  const ReplicaModel model = ReplicaModel::p_spin(3);
  const ReplicaPoint zero = one_step_rsb(model, 0, Branch::glass),
                     cold = one_step_rsb(model, 0.004, Branch::glass);
  EXPECT_NEAR(cold.free_energy, zero.free_energy, 1e-4);
  EXPECT_NEAR(cold.mu, zero.mu, 0.01);
  EXPECT_NEAR(zero.energy, zero.free_energy, 1e-7);  // u by its own formula
}

TEST(OneStepRsb, EnlargesTheRetrievalRegion) {
  const ReplicaModel model = ReplicaModel::dense(4, 0.0335);
  EXPECT_LT(replica_symmetric(model, 0, Branch::retrieval).order.m, 0.01);
  const ReplicaPoint broken = one_step_rsb(model, 0, Branch::retrieval);
  EXPECT_TRUE(broken.exists && broken.converged);
  EXPECT_NEAR(broken.order.m, 0.949, 0.01);
  EXPECT_NEAR(broken.mu, 54, 3);
}

TEST(OneStepRsb, IsReplicaSymmetryWhereThatIsStable) {
  const ReplicaModel model = ReplicaModel::dense(4, 0.01);
  const ReplicaPoint broken = one_step_rsb(model, 0.05, Branch::retrieval);
  EXPECT_TRUE(broken.rsb_irrelevant);
  EXPECT_NEAR(broken.order.m, 0.98957, 1e-5);
}

// H. Steffan and R. Kuehn (1994): the pairwise network holds 0.137905 patterns a spin at T = 0 under replica symmetry,
// 0.138186 with one step.
TEST(OneStepRsb, HopfieldHoldsSlightlyMoreThanReplicaSymmetrySays) {
  EXPECT_FALSE(replica_symmetric(ReplicaModel::hopfield(0.13805), 0, Branch::retrieval).exists);
  const ReplicaPoint broken = one_step_rsb(ReplicaModel::hopfield(0.13805), 0, Branch::retrieval);
  EXPECT_TRUE(broken.exists);
  EXPECT_GT(broken.order.m, 0.95);
  EXPECT_FALSE(one_step_rsb(ReplicaModel::hopfield(0.1383), 0, Branch::retrieval).exists);
}

TEST(OneStepRsb, IsStationaryInEveryOrderParameter) {
  struct Case {
    ReplicaModel model;
    double temperature;
    Branch branch;
  };
  for (const Case& one :
       {Case{ReplicaModel::sk(), 0.4, Branch::glass}, Case{ReplicaModel::p_spin(3), 0.3, Branch::glass},
        Case{ReplicaModel::dense(4, 0.0335), 0, Branch::retrieval},
        Case{ReplicaModel::hopfield(0.1), 0, Branch::glass}}) {
    const ReplicaPoint point = one_step_rsb(one.model, one.temperature, one.branch);
    ASSERT_TRUE(point.exists);
    const auto value = [&](OrderParameters order, double mu) {
      return pressure_over_beta(one.model, one.temperature, order, mu);
    };
    const double h = 1e-4;
    OrderParameters up = point.order, down = point.order;
    up.m += h, down.m -= h;
    EXPECT_NEAR((value(up, point.mu) - value(down, point.mu)) / (2 * h), 0, 1e-4);
    up = down = point.order;
    up.q1 += h, down.q1 = std::max(0.0, down.q1 - h);
    EXPECT_NEAR((value(up, point.mu) - value(down, point.mu)) / (2 * h), 0, 2e-4);
    up = down = point.order;
    up.response *= 1 + h, down.response *= 1 - h;
    EXPECT_NEAR((value(up, point.mu) - value(down, point.mu)) / (2 * h), 0, 1e-5);
    EXPECT_NEAR((value(point.order, point.mu * (1 + h)) - value(point.order, point.mu * (1 - h))) / (2 * h),
                0, 1e-6);
  }
}

TEST(SumRules, BothRoutesGiveTheOneStepPressure) {
  for (const OrderParameters& order : {OrderParameters{0, 0.3, 1.0}, OrderParameters{0.4, 0.2, 0.5}}) {
    const ReplicaModel model = order.m > 0 ? ReplicaModel::dense(3, 1) : ReplicaModel::sk();
    const double t = 0.4, mu = 1.1;
    EXPECT_NEAR(guerra_check(model, t, order, mu).difference(), 0, 1e-8);
    EXPECT_NEAR(transport_check(model, t, order, mu).difference(), 0, 1e-8);
  }
}

}  // namespace
}  // namespace lehr::spin
