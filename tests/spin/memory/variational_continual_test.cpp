#include "lehr/spin/memory/variational_continual.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/memory/elastic_network.hpp"
#include "lehr/spin/memory/metaplastic_bnn.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::spin {
namespace {

// Two classes told apart by the sign of one noisy input each; the second task uses other inputs.
std::shared_ptr<const TaskSequence> toy_tasks(Eigen::Index train = 60) {
  std::vector<ClassificationTask> tasks;
  for (int k = 0; k < 2; ++k) {
    ClassificationTask task{"toy " + std::to_string(k), {}, {}};
    Stream random(Seed{11}, static_cast<std::uint64_t>(k));
    for (auto* part : {&task.train, &task.test}) {
      part->inputs.resize(8, train);
      for (float& x : part->inputs.reshaped()) x = static_cast<float>(normal(random));
      for (Eigen::Index i = 0; i < train; ++i) part->labels.push_back(part->inputs(k, i) > 0 ? 1 : 0);
    }
    tasks.push_back(std::move(task));
  }
  return std::make_shared<const TaskSequence>(task_sequence(std::move(tasks)));
}

// The loss written out in doubles, unit by unit.
double loss_by_hand(const Layers& theta, double beta, const Batch& batch, const Layers& noise) {
  double loss = 0;
  for (Eigen::Index k = 0; k < batch.inputs.cols(); ++k) {
    Eigen::VectorXd a = batch.inputs.col(k).cast<double>();
    for (std::size_t l = 0; l < theta.size(); ++l) {
      const double n = static_cast<double>(theta[l].cols());
      Eigen::VectorXd z(theta[l].rows());
      for (Eigen::Index i = 0; i < z.size(); ++i) {
        double mean = 0, variance = 0;
        for (Eigen::Index j = 0; j < a.size(); ++j) {
          const double m = std::tanh(beta * static_cast<double>(theta[l](i, j)));
          mean += m * a(j) / std::sqrt(n);
          variance += (1 - m * m) * a(j) * a(j) / n;
        }
        z(i) = mean + static_cast<double>(noise[l](i, k)) * std::sqrt(variance);
      }
      a = l + 1 < theta.size() ? Eigen::VectorXd(z.cwiseMax(0.0)) : z;
    }
    loss += std::log(a.array().exp().sum()) - a(batch.labels[static_cast<std::size_t>(k)]);
  }
  return loss;
}

TEST(VariationalContinual, GradientIsTheLossesSlope) {
  const std::vector<Eigen::Index> widths{6, 5, 4, 3};
  const Layers theta = random_layers(widths, 0.7, Stream(Seed{1}, 1));
  Batch batch{Eigen::MatrixXf(6, 4), {0, 2, 1, 2}};
  Stream random(Seed{1}, 2);
  for (float& x : batch.inputs.reshaped()) x = static_cast<float>(normal(random));
  Layers noise;
  for (std::size_t l = 1; l < widths.size(); ++l) {
    noise.emplace_back(widths[l], 4);
    for (float& x : noise.back().reshaped()) x = static_cast<float>(normal(random));
  }
  const FieldGradient found = field_gradient(theta, 1.4, batch, noise);
  EXPECT_NEAR(found.loss, loss_by_hand(theta, 1.4, batch, noise), 1e-5);
  for (std::size_t l = 0; l < theta.size(); ++l)
    for (Eigen::Index i = 0; i < theta[l].rows(); ++i)
      for (Eigen::Index j = 0; j < theta[l].cols(); ++j) {
        constexpr float h = 0x1p-10F;
        Layers up = theta, down = theta;
        up[l](i, j) += h, down[l](i, j) -= h;
        const double slope =
            (loss_by_hand(up, 1.4, batch, noise) - loss_by_hand(down, 1.4, batch, noise)) / (2.0 * h);
        EXPECT_NEAR(static_cast<double>(found.gradient[l](i, j)), slope, 1e-4 * (1 + std::abs(slope)))
            << "layer " << l << ", weight " << i << ", " << j;
      }
}

TEST(VariationalContinual, BetaFollowsTheAuthorsSchedule) {
  const Schedule beta = annealed_polarisation();
  for (const double x : {0.0, 0.013, 0.25, 0.61, 1.0})
    EXPECT_NEAR(beta(x), 10 * std::tanh(0.1 + 2 * x), 1e-14);
}

VariationalContinualOptions small() {
  VariationalContinualOptions options;
  options.hidden = {24};
  options.epochs = 15;
  options.batch = 10;
  return options;
}

TEST(VariationalContinual, LearnsOneTaskAfterTheOther) {
  VariationalContinualOptions options = small();
  options.hidden = {64};
  options.epochs = 40;
  options.beta = 1;
  const VariationalContinual method(toy_tasks(200), options);
  const auto run = drive(method, Budget::steps(method.steps()), Seed{1});
  const AccuracyMatrix& accuracy = run.state.accuracy;
  EXPECT_EQ(accuracy.trained, 2);
  EXPECT_GT(accuracy.values(0, 0), 0.85);
  EXPECT_GT(accuracy.values(1, 1), 0.85);
  EXPECT_TRUE(std::isnan(accuracy.values(1, 0)));
  EXPECT_NEAR(accuracy.backward_transfer(), accuracy.values(0, 1) - accuracy.values(0, 0), 1e-15);
  for (const auto& layer : method.binary_weights(run.state)) EXPECT_EQ(layer.cwiseAbs().minCoeff(), 1);
}

// The pull to the last posterior, beta^2 s (theta - theta'), holds weights back.
TEST(VariationalContinual, TheDivergenceSlowsTheFieldsDown) {
  const auto moved = [](double kl) {
    VariationalContinualOptions options = small();
    options.kl = kl;
    const VariationalContinual method(toy_tasks(), options);
    const Moment now{.step = 0, .steps = 0, .progress = 0, .seed = Seed{1}, .evaluations = nullptr};
    const Layers first = method.start(now).theta;
    return (drive(method, Budget::steps(40), Seed{1}).state.theta[0] - first[0]).norm();
  };
  EXPECT_LT(moved(20), 0.7F * moved(0));
}

template <class M>
void expect_resumes(const M& method, const char* file, auto layers) {
  const lehr::test::TemporaryFolder scratch;
  const auto path = scratch / file;
  std::filesystem::remove(path);
  const auto whole = drive(method, Budget::steps(method.steps()), Seed{4});
  Observers observers;
  observers.checkpoints.path = path;
  int rows = 0;
  observers.list.push_back({.see = [&](const Moment& now, const Row&) -> std::int64_t {
                              return ++rows == 101 ? Observer::stop_run : now.step + 1;
                            },
                            .end = {}});
  EXPECT_EQ(drive(method, Budget::steps(method.steps()), Seed{4}, observers).why, Stop::observer);
  observers.list.clear();
  for (const int count : {1, 2, 8}) {
    set_threads(count);
    const auto resumed = drive(method, Budget::steps(method.steps()), Seed{4}, observers);
    EXPECT_EQ(layers(resumed.state), layers(whole.state));
    EXPECT_EQ(resumed.last.entries(), whole.last.entries());
  }
  set_threads(0);
  std::filesystem::remove(path);
}

TEST(VariationalContinual, ResumesBitForBit) {
  expect_resumes(VariationalContinual(toy_tasks(), small()), "lehr_variational_resume.safetensors",
                 [](const auto& state) { return state.theta; });
}

TEST(MetaplasticBnn, ResumesBitForBit) {
  MetaplasticBnnOptions options;
  options.hidden = {24};
  options.epochs = 15;
  options.batch = 10;
  expect_resumes(MetaplasticBnn(toy_tasks(), options), "lehr_metaplastic_resume.safetensors",
                 [](const auto& state) { return state.hidden; });
}

// With a large m a weight of magnitude 1 cannot be weakened, so no sign changes.
TEST(MetaplasticBnn, ConsolidatedWeightsKeepTheirSigns) {
  const auto changed = [](double m) {
    MetaplasticBnnOptions options;
    options.hidden = {24};
    options.batch = 10;
    options.metaplasticity = m;
    options.initial_scale = 1;
    const MetaplasticBnn method(toy_tasks(), options);
    const Moment now{.step = 0, .steps = 0, .progress = 0, .seed = Seed{1}, .evaluations = nullptr};
    const Layers first = signs(method.start(now).hidden);
    const Layers last = method.binary_weights(drive(method, Budget::steps(method.steps()), Seed{1}).state);
    return (first[0].array() != last[0].array()).count();
  };
  EXPECT_LT(10 * changed(1000), changed(0));
}

ElasticNetworkOptions springs(double stiffness) {
  ElasticNetworkOptions options;
  options.hidden = {24};
  options.batch = 10;
  options.stiffness = stiffness;
  return options;
}

TEST(ElasticNetwork, SpringsKeepTheFirstTask) {
  const auto first_task = [](double stiffness) {
    const ElasticNetwork method(toy_tasks(200), springs(stiffness));
    return drive(method, Budget::steps(method.steps()), Seed{1}).state.accuracy.values(0, 1);
  };
  EXPECT_GT(first_task(1000), first_task(0) + 0.1);
}

TEST(ElasticNetwork, ResumesBitForBit) {
  expect_resumes(ElasticNetwork(toy_tasks(), springs(10)), "lehr_elastic_resume.safetensors",
                 [](const auto& state) { return state.weights; });
}

// Four examples of two inputs as CSV and as npz; each must come back scaled by its training part's largest entry.
TEST(TaskSequence, ReadsCsvAndNpz) {
  const lehr::test::TemporaryFolder folder;
  write_file_atomically(folder / "lehr_task.csv", "1,2,0\n3,4,1\n5,6,0\n7,8,1\n");
  const ClassificationTask csv = read_task(folder / "lehr_task.csv", 3, Seed{1});
  EXPECT_EQ(csv.train.size(), 3);
  EXPECT_EQ(csv.test.size(), 1);
  EXPECT_EQ(csv.train.inputs.maxCoeff(), 1);

  const std::vector<float> inputs{1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<std::int64_t> labels{0, 1, 0, 1};
  const auto x = tensor_view(std::span(inputs), {4, 2});
  const auto y = tensor_view(std::span(labels), {4});
  write_npz(folder / "lehr_task.npz", {{"x_train", x}, {"y_train", y}, {"x_test", x}, {"y_test", y}});
  const ClassificationTask npz = read_task(folder / "lehr_task.npz", 0, Seed{1});
  EXPECT_EQ(npz.train.inputs(1, 2), 6.0F / 8);
  EXPECT_EQ(npz.test.labels, (std::vector<std::int32_t>{0, 1, 0, 1}));
  EXPECT_THROW(read_task(folder / "lehr_task.csv", 4, Seed{1}), InvalidInput);
  EXPECT_THROW(read_task(folder / "lehr_no_such_file.csv", 1, Seed{1}), IoError);
  std::filesystem::remove(folder / "lehr_task.csv");
  std::filesystem::remove(folder / "lehr_task.npz");
}

TEST(TaskSequence, PermutedTasksHoldTheSameNumbers) {
  const ClassificationTask base = toy_tasks()->tasks[0];
  const TaskSequence sequence = permuted_tasks(base, 3, Seed{1});
  ASSERT_EQ(sequence.tasks.size(), 3U);
  for (const auto& task : sequence.tasks) {
    EXPECT_NEAR(task.train.inputs.col(5).sum(), base.train.inputs.col(5).sum(), 1e-4);
    EXPECT_EQ(task.train.labels, base.train.labels);
  }
  EXPECT_NE(sequence.tasks[0].train.inputs, sequence.tasks[1].train.inputs);
}

TEST(TaskSequence, OrderVisitsEveryExampleOnceAPass) {
  const TrainingOrder order(*toy_tasks(), 3, 10);
  EXPECT_EQ(order.steps(), 2 * 3 * 6);
  auto pass = order.shuffle(20, Seed{1});
  EXPECT_EQ(pass, order.shuffle(23, Seed{1}));
  EXPECT_NE(pass, order.shuffle(24, Seed{1}));
  std::ranges::sort(pass);
  for (std::int32_t i = 0; i < 60; ++i) EXPECT_EQ(pass[static_cast<std::size_t>(i)], i);
  const auto place = order.at(17);
  EXPECT_EQ(place.task, 0U);
  EXPECT_TRUE(place.ends_task);
  EXPECT_EQ(order.at(18).task, 1U);
}

TEST(TaskSequence, RefusesTasksThatDoNotFit) {
  auto tasks = toy_tasks()->tasks;
  tasks[1].train.inputs = Eigen::MatrixXf::Zero(7, 60);
  EXPECT_THROW(task_sequence(tasks), InvalidInput);
  EXPECT_THROW(TrainingOrder(*toy_tasks(), 3, 100), InvalidInput);
  VariationalContinualOptions options = small();
  options.beta = 0;
  const VariationalContinual method(toy_tasks(), options);
  EXPECT_THROW(drive(method, Budget::steps(2), Seed{1}), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
