#include "lehr/diffusion/tokens/step_allocation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_constraint.hpp"
#include "lehr/diffusion/tokens/token_draw.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;

void check_counts(const std::vector<std::int64_t>& counts) {
  if (counts.empty()) throw InvalidInput("curves: no step counts to measure");
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] < 1 || counts[i] > most_denoising_steps || (i > 0 && counts[i] <= counts[i - 1]))
      throw InvalidInput("curves: step counts must rise within [1, {}], found {} at place {}",
                         most_denoising_steps, counts[i], i);
}

// The nearest falling sequence in the sense of least squares.
std::vector<double> falling(const Eigen::VectorXd& values) {
  std::vector<std::pair<double, std::size_t>> pools;
  for (const double value : values) {
    pools.emplace_back(value, 1);
    while (pools.size() > 1 && pools[pools.size() - 2].first < pools.back().first) {
      const auto [mean, count] = pools.back();
      pools.pop_back();
      auto& before = pools.back();
      before.first = (before.first * static_cast<double>(before.second) + mean * static_cast<double>(count)) /
                     static_cast<double>(before.second + count);
      before.second += count;
    }
  }
  std::vector<double> result;
  for (const auto& [mean, count] : pools) result.insert(result.end(), count, mean);
  return result;
}

}  // namespace

ErrorCurves measure_error_curves(const TokenModel& model, const MatrixXd& sequences, std::string_view head,
                                 const std::vector<std::int64_t>& counts, Seed seed, double temperature) {
  check_counts(counts);
  if (sequences.cols() < 2)
    throw InvalidInput("curves: {} sequences, at least 2 are needed", sequences.cols());
  std::vector<TokenHead> heads;
  for (const std::int64_t n : counts) heads.push_back(token_head(head, n, temperature));
  // What is left of a token, true (first) or drawn by each head, when what the model expects is taken away.
  const auto tokens = static_cast<std::size_t>(model.tokens);
  const MatrixXd empty(model.token_dim, sequences.cols());
  std::vector<std::vector<MatrixXd>> rest(tokens, std::vector<MatrixXd>(heads.size() + 1, empty));
  visit_tokens(
      model, sequences,
      [&](std::int64_t, Index rank, TokenConditional& conditional, Index first, Index count,
          const Lanes& values) {
        Lanes expected = Lanes::Zero(values.rows(), values.cols()), drawn = expected;
        conditional.predict(0, 1, drawn, count, expected);
        auto& of_rank = rest[static_cast<std::size_t>(rank)];
        of_rank[0].middleCols(first, count) = (values - expected).topRows(count).transpose().matrix();
        for (std::size_t h = 0; h < heads.size(); ++h) {
          draw_token(heads[h], conditional,
                     {.seed = Seed{seed.value + h}, .rank = rank, .first_sequence = first, .count = count},
                     drawn);
          of_rank[h + 1].middleCols(first, count) = (drawn - expected).topRows(count).transpose().matrix();
        }
      });
  ErrorCurves curves{counts, MatrixXd(model.tokens, std::ssize(counts))};
  parallel_for(model.tokens * std::ssize(counts), [&](std::int64_t i) {
    const Index rank = i / std::ssize(counts), h = i % std::ssize(counts);
    const auto& of_rank = rest[static_cast<std::size_t>(rank)];
    curves.errors(rank, h) = energy_distance(of_rank[static_cast<std::size_t>(h) + 1], of_rank[0]);
  });
  return curves;
}

std::vector<double> convex_curve(const std::vector<std::int64_t>& counts, const Eigen::VectorXd& errors) {
  check_counts(counts);
  const std::vector<double> values = falling(errors);
  std::vector<std::size_t> hull;
  const auto slope = [&](std::size_t i, std::size_t j) {
    return (values[j] - values[i]) / static_cast<double>(counts[j] - counts[i]);
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) >= slope(hull.back(), i))
      hull.pop_back();
    hull.push_back(i);
  }
  std::vector<double> curve{values[hull.front()]};
  for (std::size_t h = 1; h < hull.size(); ++h)
    for (std::int64_t n = counts[hull[h - 1]] + 1; n <= counts[hull[h]]; ++n)
      curve.push_back(values[hull[h - 1]] +
                      slope(hull[h - 1], hull[h]) * static_cast<double>(n - counts[hull[h - 1]]));
  return curve;
}

std::vector<std::int64_t> allocate_steps(const ErrorCurves& curves, std::int64_t budget) {
  check_counts(curves.counts);
  const Index ranks = curves.errors.rows();
  const std::int64_t least = curves.counts.front();
  if (budget < least * ranks)
    throw InvalidInput("budget: {} calls do not pay {} steps for each of {} tokens", budget, least, ranks);
  std::vector<std::vector<double>> curve;
  for (Index rank = 0; rank < ranks; ++rank)
    curve.push_back(convex_curve(curves.counts, curves.errors.row(rank)));
  std::vector<std::int64_t> counts(static_cast<std::size_t>(ranks), least);
  for (std::int64_t left = budget - least * ranks; left > 0; --left) {
    std::size_t best = curve.size();
    double best_gain = 0;
    for (std::size_t rank = 0; rank < curve.size(); ++rank) {
      const auto at = static_cast<std::size_t>(counts[rank] - least);
      if (at + 1 >= curve[rank].size()) continue;
      const double gain = curve[rank][at] - curve[rank][at + 1];
      if (gain > best_gain) best = rank, best_gain = gain;
    }
    if (best == curve.size()) break;
    ++counts[best];
  }
  return counts;
}

}  // namespace lehr::diffusion
