#include "lehr/stats/persistence/circulant_embedding.hpp"

#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::stats {
namespace {

TEST(CirculantEmbedding, EigenvaluesAreTheCosineSums) {
  const std::vector<double> r{2, 1.2, 0.5, 0.1, -0.05};
  double lowest = 1e300, largest = -1e300;
  for (int k = 0; k < 8; ++k) {
    double lambda = r[0] + (k % 2 == 0 ? 1 : -1) * r[4];
    for (int j = 1; j < 4; ++j)
      lambda += 2 * r[static_cast<std::size_t>(j)] * std::cos(2 * std::numbers::pi * j * k / 8);
    lowest = std::min(lowest, lambda), largest = std::max(largest, lambda);
  }
  const CirculantEmbedding embedding(r);
  EXPECT_NEAR(embedding.lowest_eigenvalue(), lowest, 1e-12);
  EXPECT_NEAR(embedding.largest_eigenvalue(), largest, 1e-12);
  EXPECT_EQ(embedding.length(), 5);
}

// Every covariance of the samples, against the given ones with the error bars of Bartlett's formula.
TEST(CirculantEmbedding, SamplesHaveTheCovariances) {
  std::vector<double> r;
  for (int j = 0; j <= 24; ++j) r.push_back(1.7 * std::exp(-0.3 * j) * std::cos(0.4 * j));
  const CirculantEmbedding embedding(r);
  EXPECT_LT(embedding.clipped(), 1e-3);
  constexpr int count = 40'000;
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(25, 25);
  Eigen::VectorXd means = Eigen::VectorXd::Zero(25);
  for (int k = 0; k < count; ++k) {
    const std::vector<double> x = embedding.sample(Stream(Seed{4}, 7, static_cast<std::uint64_t>(k)));
    const Eigen::Map<const Eigen::VectorXd> v(x.data(), 25);
    sums += v * v.transpose() / count, means += v / count;
  }
  double squares = 0;
  for (int i = 0; i < 25; ++i) {
    EXPECT_NEAR(means[i], 0, 5 * std::sqrt(1.7 / count));
    for (int j = 0; j <= i; ++j) {
      const double truth = r[static_cast<std::size_t>(i - j)];
      const double error = std::sqrt((1.7 * 1.7 + truth * truth) / count);
      EXPECT_NEAR(sums(i, j), truth, 5 * error) << i << " " << j;
      squares += std::pow((sums(i, j) - truth) / error, 2);
    }
  }
  EXPECT_NEAR(squares / (25 * 26 / 2), 1, 0.5);  // neither too far off nor too near
}

TEST(CirculantEmbedding, ReportsWhatIsClipped) {
  const std::vector<double> positive{1, 0.5, 0.25, 0.125}, cut{1, 0.9, 0.9, -0.5};
  EXPECT_EQ(CirculantEmbedding(positive).clipped(), 0);
  const CirculantEmbedding embedding(cut);
  EXPECT_LT(embedding.lowest_eigenvalue(), 0);
  EXPECT_GT(embedding.clipped(), 0.05);
  EXPECT_LT(embedding.clipped(), 0.5);
}

TEST(CirculantEmbedding, EqualStreamsGiveEqualSamples) {
  const CirculantEmbedding embedding(std::vector<double>{1, 0.5, 0.25});
  EXPECT_EQ(embedding.sample(Stream(Seed{1}, 2, 3)), embedding.sample(Stream(Seed{1}, 2, 3)));
  EXPECT_NE(embedding.sample(Stream(Seed{1}, 2, 3)), embedding.sample(Stream(Seed{1}, 2, 4)));
}

TEST(CirculantEmbedding, RefusesWhatIsNoCovariance) {
  EXPECT_THROW(CirculantEmbedding(std::vector<double>{1}), InvalidInput);
  EXPECT_THROW(CirculantEmbedding(std::vector<double>{0, 0}), InvalidInput);
  EXPECT_THROW(CirculantEmbedding(std::vector<double>{1, std::nan("")}), InvalidInput);
}

TEST(RealFourier, ConvolutionAndLengths) {
  const std::vector<double> a{1, 2, 3}, b{4, 5};
  const std::vector<double> product = convolution(a, b);
  ASSERT_EQ(product.size(), 4u);
  const double expected[] = {4, 13, 22, 15};
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(product[k], expected[k], 1e-13);
  EXPECT_EQ(fast_length(1), 2);
  EXPECT_EQ(fast_length(11), 12);
  EXPECT_EQ(fast_length(1021), 1024);
}

}  // namespace
}  // namespace lehr::stats
