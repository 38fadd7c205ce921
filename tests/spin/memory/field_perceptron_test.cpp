#include "lehr/spin/memory/field_perceptron.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/memory/continual_potential.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::spin {
namespace {

TEST(FieldPerceptron, GradientIsTheObjectivesSlope) {
  const Eigen::VectorXd teacher = random_signs(40, Stream(Seed{1}, 1));
  Eigen::VectorXd theta(40), prior(40);
  Stream random(Seed{1}, 2);
  for (Eigen::Index i = 0; i < 40; ++i) theta(i) = normal(random), prior(i) = normal(random);
  FieldPerceptronOptions options;
  options.beta = 1.3;
  const FieldPerceptron method(teacher_data(teacher, 60, Stream(Seed{1}, 3)), prior, options);
  const std::vector<std::int32_t> chosen{3, 1, 4, 15, 9, 26, 5};
  const auto at = method.objective(theta, chosen, 0.7);
  for (const Eigen::Index i : {0, 7, 39}) {
    constexpr double h = 1e-3;
    Eigen::VectorXd up = theta, down = theta;
    up(i) += h, down(i) -= h;
    const auto above = method.objective(up, chosen, 0.7), below = method.objective(down, chosen, 0.7);
    const double slope = (above.loss - below.loss + 0.7 * (above.kl - below.kl)) / (2 * h);
    EXPECT_NEAR(at.gradient(i), slope, 2e-3 * (1 + std::abs(slope)));
  }
}

struct Trained {
  double q = 0, r = 0, error = 0;
};

// Error bars: one network of N = 1000 has fluctuations of 0.01 in q and r and of 0.006 in the error.
TEST(FieldPerceptron, TrainingReachesTheTheorysOrderParameters) {
  constexpr Eigen::Index n = 1000;
  Trained mean;
  for (std::uint64_t s = 1; s <= 2; ++s) {
    const Eigen::VectorXd teacher = random_signs(n, Stream(Seed{s}, 1));
    const FieldPerceptron method(teacher_data(teacher, n, Stream(Seed{s}, 2)), Eigen::VectorXd::Zero(n), {});
    const auto run = drive(method, Budget::steps(method.steps()), Seed{s});
    const Eigen::VectorXd m = method.magnetisation(run.state);
    mean.q += m.squaredNorm() / n / 2, mean.r += m.dot(teacher) / n / 2;
  }
  const FirstTask theory = solve_first_task(1, 200);
  EXPECT_NEAR(mean.q, theory.order.q, 0.02);
  EXPECT_NEAR(mean.r, theory.order.r, 0.02);
  EXPECT_NEAR(generalisation_error(mean.r, mean.q), theory.error, 0.012);
}

TEST(FieldPerceptron, ThePriorProtectsTheFirstTask) {
  constexpr Eigen::Index n = 300;
  const Eigen::VectorXd first = random_signs(n, Stream(Seed{3}, 1));
  const Eigen::VectorXd second = correlated_signs(first, 0, Stream(Seed{3}, 2));
  EXPECT_EQ(first.dot(second), 0);
  const FieldPerceptron one(teacher_data(first, 2 * n, Stream(Seed{3}, 3)), Eigen::VectorXd::Zero(n), {});
  const Eigen::VectorXd learnt = drive(one, Budget::steps(one.steps()), Seed{3}).state.theta;
  const auto old_error = [&](double kl) {
    FieldPerceptronOptions options;
    options.kl = kl;
    const FieldPerceptron two(teacher_data(second, n, Stream(Seed{3}, 4)), learnt, options);
    const Eigen::VectorXd m = two.magnetisation(drive(two, Budget::steps(two.steps()), Seed{3}).state);
    return generalisation_error(m.dot(first) / n, m.squaredNorm() / n);
  };
  EXPECT_LE(old_error(1), old_error(0) - 0.15);
}

TEST(FieldPerceptron, MiniBatchesResumeBitForBitAtAnyThreadCount) {
  const lehr::test::TemporaryFolder scratch;
  const auto path = scratch / "lehr_perceptron_resume.safetensors";
  std::filesystem::remove(path);
  const Eigen::VectorXd teacher = random_signs(60, Stream(Seed{1}, 1));
  FieldPerceptronOptions options;
  options.epochs = 6;
  options.batch = 16;
  options.weight_decay = 1e-3;
  const FieldPerceptron method(teacher_data(teacher, 80, Stream(Seed{1}, 2)), Eigen::VectorXd::Zero(60),
                               options);
  const auto whole = drive(method, Budget::steps(method.steps()), Seed{2});
  Observers observers;
  observers.checkpoints.path = path;
  int rows = 0;
  observers.list.push_back({.see = [&](const Moment& now, const Row&) -> std::int64_t {
                              return ++rows == 13 ? Observer::stop_run : now.step + 1;
                            },
                            .end = {}});
  EXPECT_EQ(drive(method, Budget::steps(method.steps()), Seed{2}, observers).why, Stop::observer);
  observers.list.clear();
  for (const int count : {1, 2, 8}) {
    set_threads(count);
    EXPECT_EQ(drive(method, Budget::steps(method.steps()), Seed{2}, observers).state.theta,
              whole.state.theta);
  }
  set_threads(0);
  std::filesystem::remove(path);
}

TEST(FieldPerceptron, RefusesWhatAreNotSigns) {
  SignData data{Eigen::MatrixXf::Ones(3, 2), Eigen::VectorXf::Ones(2)};
  data.labels(1) = 0;
  EXPECT_THROW(FieldPerceptron(data, Eigen::VectorXd::Zero(3), {}), InvalidInput);
  data.labels(1) = -1;
  EXPECT_THROW(FieldPerceptron(data, Eigen::VectorXd::Zero(4), {}), InvalidInput);
  data.patterns(0, 0) = 2;
  EXPECT_THROW(FieldPerceptron(data, Eigen::VectorXd::Zero(3), {}), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
