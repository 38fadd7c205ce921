#include "lehr/diffusion/tokens/step_allocation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_constraint.hpp"
#include "lehr/diffusion/tokens/token_draw.hpp"
#include "lehr/linalg/dense.hpp"

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

// The nearest falling sequence in the sense of least scales.
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

// D x dim: how far a move of token `rank` carries, (0 at earlier tokens, I at its own, B at later ones), in the order of positions. `rest`
// is not correlated with the earlier tokens, so its regression needs nothing else.
MatrixXd carried(const TokenModel& model, const MatrixXd& sequences, const MatrixXd& rest, Index rank) {
  const Index dim = model.token_dim;
  const MatrixXd centred = rest.colwise() - rest.rowwise().mean();
  MatrixXd gram = centred * centred.transpose();
  gram.diagonal().array() += 1e-9 * gram.trace() + std::numeric_limits<double>::min();
  MatrixXd result = MatrixXd::Zero(sequences.rows(), dim);
  for (Index later = rank; later < model.tokens; ++later) {
    const Index place = model.order[static_cast<std::size_t>(later)] * dim;
    if (later == rank)
      result.middleRows(place, dim).setIdentity();
    else
      result.middleRows(place, dim) =
          linalg::solve_semidefinite(gram, MatrixXd(centred * sequences.middleRows(place, dim).transpose()))
              .transpose();
  }
  return result;
}

}  // namespace

ErrorCurves measure_error_curves(const TokenModel& model, const MatrixXd& sequences, std::string_view head,
                                 const std::vector<std::int64_t>& counts, Seed seed, double temperature) {
  check_counts(counts);
  if (sequences.cols() < 8)
    throw InvalidInput("curves: {} sequences, at least 8 are needed", sequences.cols());
  std::vector<TokenHead> heads;
  for (const std::int64_t n : counts) heads.push_back(token_head(head, n, temperature));
  // What is left of a token, true (first) or drawn by each head, when what the model expects is taken away.
  const auto tokens = static_cast<std::size_t>(model.tokens);
  std::vector<std::vector<MatrixXd>> rests(
      tokens, std::vector<MatrixXd>(heads.size() + 1, MatrixXd(model.token_dim, sequences.cols())));
  visit_tokens(
      model, sequences,
      [&](std::int64_t, Index rank, TokenConditional& conditional, Index first, Index count,
          const Lanes& values) {
        Lanes expected = Lanes::Zero(values.rows(), values.cols()), drawn = expected;
        conditional.predict(0, 1, drawn, count, expected);
        auto& of_rank = rests[static_cast<std::size_t>(rank)];
        of_rank[0].middleCols(first, count) = (values - expected).topRows(count).transpose().matrix();
        for (std::size_t h = 0; h < heads.size(); ++h) {
          draw_token(heads[h], conditional,
                     {.seed = Seed{seed.value + h}, .rank = rank, .first_sequence = first, .count = count},
                     drawn);
          of_rank[h + 1].middleCols(first, count) = (drawn - expected).topRows(count).transpose().matrix();
        }
      });
  ErrorCurves curves{counts, MatrixXd(model.tokens, std::ssize(counts))};
  parallel_for(model.tokens, [&](std::int64_t rank) {
    const auto& of_rank = rests[static_cast<std::size_t>(rank)];
    const MatrixXd far = carried(model, sequences, of_rank[0], rank), weights = far.transpose() * far;
    const auto variance = [&](const MatrixXd& rest) {
      return (weights * rest).cwiseProduct(rest).sum() / static_cast<double>(rest.cols());
    };
    for (Index h = 0; h < std::ssize(counts); ++h)
      curves.errors(rank, h) = variance(of_rank[0]) - variance(of_rank[static_cast<std::size_t>(h) + 1]);
  });
  return curves;
}

ErrorLaw fit_error_law(const ErrorCurves& curves) {
  check_counts(curves.counts);
  const Eigen::ArrayXd n = Eigen::Map<const Eigen::Vector<std::int64_t, Eigen::Dynamic>>(
                               curves.counts.data(), std::ssize(curves.counts))
                               .cast<double>();
  ErrorLaw best;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= 68; ++i) {
    const double p = 0.3 + 0.025 * i;
    const Eigen::ArrayXd shape = n.pow(-p), weights = n;
    Eigen::VectorXd scales(curves.errors.rows());
    double rest = 0;
    for (Index rank = 0; rank < curves.errors.rows(); ++rank) {
      const Eigen::ArrayXd errors = curves.errors.row(rank).transpose();
      scales[rank] = std::max(0.0, (weights * shape * errors).sum() / (weights * shape.square()).sum());
      rest += (weights * (errors - scales[rank] * shape).square()).sum();
    }
    if (rest < least) least = rest, best = {p, scales};
  }
  return best;
}

ErrorCurves smoothed(const ErrorCurves& curves) {
  const ErrorLaw law = fit_error_law(curves);
  ErrorCurves result;
  for (std::int64_t n = curves.counts.front(); n <= curves.counts.back(); ++n) result.counts.push_back(n);
  result.errors.resize(curves.errors.rows(), std::ssize(result.counts));
  for (Index h = 0; h < result.errors.cols(); ++h)
    result.errors.col(h) =
        law.scales * std::pow(static_cast<double>(result.counts[static_cast<std::size_t>(h)]), -law.exponent);
  return result;
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
