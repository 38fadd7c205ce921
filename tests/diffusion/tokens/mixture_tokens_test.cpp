#include "lehr/diffusion/tokens/mixture_tokens.hpp"

#include <gtest/gtest.h>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/tokens/sequence_mixture.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_model_file.hpp"
#include "lehr/linalg/dense.hpp"
#include "tests/diffusion/tokens/digits_folder.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// The numbers of the sequence that the given ranks are made of.
std::vector<Index> places_of(const TokenModel& model, Index from, Index to) {
  std::vector<Index> places;
  for (Index rank = from; rank < to; ++rank)
    for (Index j = 0; j < model.token_dim; ++j)
      places.push_back(model.order[static_cast<std::size_t>(rank)] * model.token_dim + j);
  return places;
}

MatrixXd part(const MatrixXd& matrix, const std::vector<Index>& rows, const std::vector<Index>& columns) {
  return matrix(rows, columns);
}

// The conditional mixture by textbook formulas: explicit inverses, determinants from eigenvalues.
stats::GaussianMixture conditional_mixture(const stats::GaussianMixture& m, const std::vector<Index>& known,
                                           const std::vector<Index>& drawn, const VectorXd& x) {
  stats::GaussianMixture result;
  const auto d = static_cast<Index>(drawn.size());
  VectorXd log_weights(m.components());
  result.means.resize(d, m.components()), result.covariances.resize(d * d, m.components());
  for (Index k = 0; k < m.components(); ++k) {
    const MatrixXd c = m.covariance(k);
    const VectorXd mean = m.means.col(k), difference = x(known) - mean(known);
    const MatrixXd inverse = linalg::inverse(part(c, known, known)), across = part(c, drawn, known);
    log_weights[k] = std::log(m.weights[k]) - 0.5 * difference.dot(inverse * difference) -
                     0.5 * linalg::symmetric_eigenvalues(part(c, known, known)).array().log().sum();
    result.means.col(k) = mean(drawn) + across * inverse * difference;
    const MatrixXd covariance = part(c, drawn, drawn) - across * inverse * across.transpose();
    result.covariances.col(k) = covariance.reshaped();
  }
  result.weights = (log_weights.array() - log_weights.maxCoeff()).exp();
  result.weights /= result.weights.sum();
  return result;
}

// Weights, means and the clean token at every noise level, against explicit formulas and the mixture score of the room.
void compare_with_formulas(const stats::GaussianMixture& mixture, Index dim,
                           const std::vector<std::int64_t>& order, Index ahead) {
  const TokenModel model = mixture_tokens(mixture, dim, order);
  const MatrixXd sequences = draw_mixture(mixture, 40, Seed{5}, lane("test"));
  TokenMemory memory = model.begin();
  for (Index known = 1; known + ahead < model.tokens; known += 2) {
    while (memory.known < known) {
      Lanes values = Lanes::Zero(model.rows, dim);
      values.topRows(40) =
          sequences(places_of(model, memory.known, memory.known + 1), Eigen::all).transpose().array();
      model.learn(memory, values);
    }
    const TokenConditional conditional = model.given(memory, known + ahead);
    const auto known_places = places_of(model, 0, known),
               drawn = places_of(model, known + ahead, known + ahead + 1);
    Lanes x = 0.7 * Lanes::Ones(model.rows, dim), clean(model.rows, dim);
    for (Index i = 0; i < 40; ++i)
      for (Index j = 0; j < dim; ++j) x(i, j) = std::sin(static_cast<double>(3 * i + 7 * j));
    const Eigen::ArrayXd variance = conditional.variance();
    for (const auto& [a, s] : {std::pair{0.0, 1.0}, {5e-5, 1.0}, {0.5, 0.8}, {0.999, 0.04}}) {
      conditional.predict(a, s, x, 40, clean);
      for (Index i = 0; i < 40; i += 13) {
        const stats::GaussianMixture exact =
            conditional_mixture(mixture, known_places, drawn, sequences.col(i));
        EXPECT_LT(
            (log_weights_of(memory).row(i).exp().transpose().matrix() - exact.weights).cwiseAbs().maxCoeff(),
            1e-10)
            << known;
        const stats::MixtureDensity noisy(noised(exact, a, s));
        stats::WeightedPoints point;
        point.points = x.row(i).transpose().matrix();
        const VectorXd p = noisy.posteriors(point).col(0);
        VectorXd expected = VectorXd::Zero(dim), mean = exact.means * exact.weights;
        double spread = 0;
        for (Index k = 0; k < exact.components(); ++k) {
          const MatrixXd c = exact.covariance(k);
          const VectorXd e = point.points - a * exact.means.col(k);
          expected +=
              p[k] * (exact.means.col(k) +
                      a * c * linalg::solve(MatrixXd(a * a * c + s * s * MatrixXd::Identity(dim, dim)), e));
          spread += exact.weights[k] * (c.trace() + (exact.means.col(k) - mean).squaredNorm());
        }
        EXPECT_LT((clean.row(i).transpose().matrix() - expected).cwiseAbs().maxCoeff(), 1e-9)
            << "known " << known << " a " << a;
        EXPECT_NEAR(variance[i], spread, 1e-9 * (1 + spread));
      }
    }
  }
}

TEST(MixtureTokens, ConditionalsAreExact) {
  const stats::GaussianMixture series = sine_series(8);
  compare_with_formulas(series, 3, token_order("raster", 8, Seed{1}), 0);
  compare_with_formulas(series, 3, token_order("random", 8, Seed{2}), 0);
  compare_with_formulas(series, 3, token_order("random", 8, Seed{2}), 2);  // the tokens between stay unknown
  for (const Index dim : {1, 2, 4, 6})
    compare_with_formulas(series, dim, token_order("raster", 24 / dim, Seed{1}), 0);
}

TEST(MixtureTokens, ConditionalsOfDigitsAreExact) {
  if (!std::filesystem::exists(test::digits_folder())) GTEST_SKIP() << "needs " << test::digits_folder();
  const stats::GaussianMixture digits = read_sequence_mixture(test::digits_folder());
  ASSERT_EQ(digits.components(), 30);
  ASSERT_EQ(digits.dimension(), 64);
  compare_with_formulas(digits, 4, token_order("raster", 16, Seed{1}), 0);
}

// Joint posteriors of all numbers but the last token, from the whole mixture's marginal.
TEST(MixtureTokens, WeightsDoNotUnderflow) {
  stats::GaussianMixture sharp = sine_series(40, 3, 1e-3);
  const TokenModel model = mixture_tokens(sharp, 3, token_order("raster", 40, Seed{1}));
  TokenMemory memory = model.begin();
  Lanes values =
      Lanes::Constant(model.rows, 3 * 39, 5.0);  // far from both components: log-densities of about -1e7
  model.learn(memory, values);
  EXPECT_TRUE(log_weights_of(memory).allFinite());
  EXPECT_NEAR(log_weights_of(memory).row(0).exp().sum(), 1, 1e-12);
  Lanes clean(model.rows, 3);
  model.given(memory, 39).predict(0.5, 0.5, Lanes::Zero(model.rows, 3), 8, clean);
  EXPECT_TRUE(clean.topRows(8).allFinite());
}

TEST(MixtureTokens, WhatDoesNotFitIsRefused) {
  stats::GaussianMixture mixture = sine_series(4);
  EXPECT_THROW(mixture_tokens(mixture, 5, {0, 1}), InvalidInput);
  EXPECT_THROW(mixture_tokens(mixture, 3, {0, 1, 2}), InvalidInput);
  EXPECT_THROW(mixture_tokens(mixture, 3, {0, 1, 2, 2}), InvalidInput);
  mixture.covariances.col(1).setZero();
  EXPECT_THROW(mixture_tokens(mixture, 3, {0, 1, 2, 3}), InvalidInput);
}

}  // namespace
}  // namespace lehr::diffusion
