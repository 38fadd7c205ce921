// Structured data: the 8 x 8 digits of scikit-learn (Debian package python3-sklearn).
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "lehr/core/csv.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/spin/memory/dense_hebbian_supervised.hpp"
#include "lehr/spin/memory/recall.hpp"

namespace lehr::spin {
namespace {

const std::filesystem::path digits_file =
    "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz";

struct Digits {
  Eigen::MatrixXd points;
  std::vector<double> labels;
};

Digits read_digits() {
  const CsvTable table = read_csv(digits_file, {.header = false});
  Digits digits{Eigen::MatrixXd(64, static_cast<Eigen::Index>(table.rows)), table.number_column("64")};
  for (Eigen::Index i = 0; i < 64; ++i) {
    const std::vector<double> column = table.number_column(std::to_string(i));
    for (std::size_t k = 0; k < column.size(); ++k)
      digits.points(i, static_cast<Eigen::Index>(k)) = column[k];
  }
  return digits;
}

// Shares of 100 held-out images per seed that settle nearest to their own class' archetype.
double accuracy(const Digits& digits, int order, std::int64_t per_class, std::uint64_t seeds) {
  double right = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto count = static_cast<std::int64_t>(digits.labels.size());
    std::vector<Eigen::Index> order_of(digits.labels.size());
    for (std::size_t k = 0; k < order_of.size(); ++k) order_of[k] = static_cast<Eigen::Index>(k);
    Stream random({seed}, 1);
    for (std::int64_t k = count - 1; k > 0; --k)
      std::swap(order_of[static_cast<std::size_t>(k)],
                order_of[static_cast<std::size_t>(uniform_index(random, k + 1))]);
    Eigen::MatrixXd train(64, count - 100);
    std::vector<double> labels;
    for (Eigen::Index k = 0; k < count - 100; ++k) {
      train.col(k) = digits.points.col(order_of[static_cast<std::size_t>(k)]);
      labels.push_back(digits.labels[static_cast<std::size_t>(order_of[static_cast<std::size_t>(k)])]);
    }
    const Binarizer binarise = median_binarizer(train, 1);
    EXPECT_NEAR(static_cast<double>(binarise.inputs.size()), 48, 2);
    const DenseHebbianSupervised network(
        unit_patterns(class_means(label_examples(binarise(train), labels, "digits"), per_class)), order,
        true);
    std::vector<Spins> cues;
    for (std::int64_t k = count - 100; k < count; ++k) {
      const Eigen::MatrixXd signs = binarise(digits.points.col(order_of[static_cast<std::size_t>(k)]));
      cues.emplace_back();
      for (const double value : signs.reshaped()) cues.back().push_back(value > 0 ? 1 : -1);
    }
    RecallOptions options;
    options.dynamics = "descent";
    const Recall<DenseHebbianSupervised> method(network, options, cues, std::vector<std::int64_t>(100, 0));
    const auto state = drive(method, Budget::steps(100), Seed{seed}).state;
    for (std::size_t r = 0; r < 100; ++r) {
      const std::vector<double> overlaps = network.overlaps(state.reads[r].configuration);
      const auto best = std::ranges::max_element(overlaps) - overlaps.begin();
      const Eigen::Index image = order_of[static_cast<std::size_t>(count - 100) + r];
      right += static_cast<double>(best) == digits.labels[static_cast<std::size_t>(image)];
    }
  }
  return right / (100 * static_cast<double>(seeds));
}

// The standard error of a share of 300 images is at most 0.03.
TEST(Digits, LargerOrdersAndMoreExamplesSeparateTheClasses) {
  if (!std::filesystem::exists(digits_file)) GTEST_SKIP() << "needs the Debian package python3-sklearn";
  const Digits digits = read_digits();
  const double two = accuracy(digits, 2, 80, 3), four = accuracy(digits, 4, 80, 3),
               twenty = accuracy(digits, 20, 80, 3);
  EXPECT_GE(four, two + 0.25);
  EXPECT_GE(twenty, four + 0.05);
  const double few = accuracy(digits, 10, 2, 3), some = accuracy(digits, 10, 5, 3),
               more = accuracy(digits, 10, 20, 3);
  EXPECT_GT(some, few);
  EXPECT_GT(more, some);
}

}  // namespace
}  // namespace lehr::spin
