#include "lehr/diffusion/subspace.hpp"

#include <gtest/gtest.h>

#include <random>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/plan.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

MatrixXd gaussian(Index rows, Index columns, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  return MatrixXd::NullaryExpr(rows, columns, [&] { return normal(random); });
}

stats::GaussianMixture spherical(Index dimension, Index components, double narrowest) {
  stats::GaussianMixture mixture;
  mixture.shape = stats::CovarianceShape::spherical;
  mixture.weights = gaussian(components, 1, 2).array().exp();
  mixture.weights /= mixture.weights.sum();
  mixture.means = gaussian(dimension, components, 3);
  mixture.covariances = narrowest * (1 + gaussian(1, components, 4).array().abs()).matrix();
  return mixture;
}

Plan plan_of(const Process& process) {
  return deis_plan(process, TimeGrid::parse("power_t(2)").times(process, 12), {.order = 3});
}

struct Course {
  MatrixXd ends;
  std::vector<StepTrace> trace;
};

Course course(const ScoreModel& model, const Process& process, const MatrixXd& starts) {
  Course result;
  result.ends = follow(plan_of(process), model, process, starts, {.trace = &result.trace});
  return result;
}

// The same points through all d coordinates and through K + 1 of them.
TEST(Subspace, SameEndsAndTraceAsAllCoordinates) {
  const Process process = Process::vp_linear();
  for (const auto& [dimension, components, narrowest] : std::vector<std::tuple<Index, Index, double>>{
           {64, 8, 0.1}, {20, 1, 0.5}, {19, 3, 1e-3}, {40, 6, 1e-7}, {21, 9, 1}}) {
    const ScoreModel model = mixture_score(spherical(dimension, components, narrowest), process);
    ASSERT_NE(model.subspace, nullptr);
    EXPECT_EQ(model.subspace->model.dimension, components + 1);
    ScoreModel all = model;
    all.subspace = nullptr;
    const MatrixXd starts = gaussian(dimension, 301, 5);
    const Course ours = course(model, process, starts), reference = course(all, process, starts);
    EXPECT_LT((ours.ends - reference.ends).cwiseAbs().maxCoeff(), 1e-9) << dimension << " " << components;
    ASSERT_EQ(ours.trace.size(), reference.trace.size());
    for (std::size_t i = 0; i < ours.trace.size(); ++i) {
      EXPECT_NEAR(ours.trace[i].state, reference.trace[i].state, 1e-9);
      EXPECT_NEAR(ours.trace[i].noise, reference.trace[i].noise, 1e-9);
      EXPECT_NEAR(ours.trace[i].error, reference.trace[i].error, 1e-9);
    }
  }
}

TEST(Subspace, StartsInsideTheSpan) {
  const Process process = Process::vp_linear();
  const stats::GaussianMixture mixture = spherical(30, 4, 0.2);
  const ScoreModel model = mixture_score(mixture, process);
  ScoreModel all = model;
  all.subspace = nullptr;
  MatrixXd starts = mixture.means * gaussian(4, 16, 6);
  starts.col(3).setZero();
  EXPECT_LT((course(model, process, starts).ends - course(all, process, starts).ends).cwiseAbs().maxCoeff(),
            1e-9);
}

TEST(Subspace, OnlyWhereItSaves) {
  const Process process = Process::vp_linear();
  EXPECT_EQ(mixture_score(spherical(9, 4, 1), process).subspace, nullptr);
  EXPECT_NE(mixture_score(spherical(10, 4, 1), process).subspace, nullptr);
}

TEST(Subspace, FreshNoiseTakesAllCoordinates) {
  const Process process = Process::vp_linear();
  const ScoreModel model = mixture_score(spherical(24, 3, 0.2), process);
  ScoreModel all = model;
  all.subspace = nullptr;
  Plan plan = plan_of(process);
  plan.nodes[4].gaussian = 0.1;
  const MatrixXd starts = gaussian(24, 50, 7);
  EXPECT_EQ(follow(plan, model, process, starts), follow(plan, all, process, starts));
}

TEST(Subspace, WhatIsNotFiniteIsNamed) {
  const Process process = Process::vp_linear();
  const ScoreModel model = mixture_score(spherical(24, 3, 0.2), process);
  MatrixXd starts = gaussian(24, 50, 7);
  starts(5, 17) = NAN;
  try {
    follow(plan_of(process), model, process, starts);
    FAIL() << "nothing thrown";
  } catch (const NumericalFailure& failure) {
    EXPECT_NE(std::string(failure.what()).find("column 17"), std::string::npos) << failure.what();
  }
}

}  // namespace
}  // namespace lehr::diffusion
