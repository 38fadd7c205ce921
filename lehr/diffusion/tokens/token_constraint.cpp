#include "lehr/diffusion/tokens/token_constraint.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;

// The coordinates in the order of generation, a row per sequence.
MatrixXd ordered_rows(const MatrixXd& sequences, Index token_dim, const std::vector<std::int64_t>& order) {
  MatrixXd rows(sequences.cols(), sequences.rows());
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    rows.middleCols(static_cast<Index>(rank) * token_dim, token_dim) =
        sequences.middleRows(order[rank] * token_dim, token_dim).transpose();
  return rows;
}

// Squared errors on `test` of the regression of each later column on the earlier ones, fitted on `train`: all from one Gram matrix.
double squared_error(const MatrixXd& gram, const Eigen::RowVectorXd& mean, const MatrixXd& test, Index known,
                     Index token_dim, double ridge) {
  const MatrixXd targets = test.middleCols(known, token_dim).rowwise() - mean.segment(known, token_dim);
  if (known == 0) return targets.squaredNorm();
  MatrixXd a = gram.topLeftCorner(known, known);
  a.diagonal().array() += ridge;
  const MatrixXd weights = linalg::solve_semidefinite(a, MatrixXd(gram.block(0, known, known, token_dim)));
  return (targets - (test.leftCols(known).rowwise() - mean.head(known)) * weights).squaredNorm();
}

// What a flow path of one token of a block says, summed over sequences.
struct PathSums {
  double variance = 0, straightness = 0, bend = 0;
};

// What the model leaves open of the tokens, by its own account or by its error.
double left_open(TokenConditional& conditional, Index count, const Lanes& tokens) {
  if (conditional.variance) return conditional.variance().head(count).sum();
  Lanes expected = Lanes::Zero(tokens.rows(), tokens.cols());
  conditional.predict(0, 1, Lanes::Zero(tokens.rows(), tokens.cols()), count, expected);
  return (tokens - expected).topRows(count).square().sum();
}

PathSums follow_path(TokenConditional& conditional, Seed seed, Index rank, Index first, Index count,
                     const Lanes& tokens, std::int64_t steps) {
  Lanes x = Lanes::Zero(tokens.rows(), tokens.cols());
  for (Index row = 0; row < count; ++row) {
    Stream stream(seed, lane("diffusion.token.path") + static_cast<std::uint64_t>(rank),
                  static_cast<std::uint64_t>(first + row));
    QuickStream random(stream);
    for (Index j = 0; j < x.cols(); ++j) x(row, j) = normal(random);
  }
  const Lanes start = x;
  Lanes clean = x;
  ArrayXd length = ArrayXd::Zero(x.rows()), speed = length;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double t = static_cast<double>(steps - i) / static_cast<double>(steps),
                 share = 1 / static_cast<double>(steps - i);
    conditional.predict(1 - t, t, x, count, clean);
    const Lanes step = share * (clean - x);  // share = dt / t
    const ArrayXd square = step.square().rowwise().sum();
    length += square.sqrt(), speed += square;
    x += step;
  }
  const ArrayXd chord = (x - start).square().rowwise().sum();
  const auto n = static_cast<double>(steps);
  PathSums sums;
  sums.straightness = (chord.sqrt() / length).head(count).sum();
  // In units of a step: mean velocity chord / n, mean square speed / n.
  sums.bend = (1 - chord / (n * speed)).head(count).sum();
  sums.variance = left_open(conditional, count, tokens);
  return sums;
}

}  // namespace

std::vector<double> prefix_r_squared(const MatrixXd& sequences, Index token_dim,
                                     const std::vector<std::int64_t>& order) {
  const Index n = sequences.cols(), half = n / 2, tokens = std::ssize(order);
  if (n < 4) throw InvalidInput("constraint: {} sequences are too few for a regression, it needs 4", n);
  const MatrixXd rows = ordered_rows(sequences, token_dim, order);
  std::vector<double> errors(static_cast<std::size_t>(tokens)), totals(errors);
  for (int fold = 0; fold < 2; ++fold) {
    const MatrixXd train = fold == 0 ? rows.topRows(half) : rows.bottomRows(n - half),
                   test = fold == 0 ? rows.bottomRows(n - half) : rows.topRows(half);
    const Eigen::RowVectorXd mean = train.colwise().mean();
    const MatrixXd centred = train.rowwise() - mean;
    const MatrixXd gram = centred.transpose() * centred;
    const double ridge =
        1e-6 * gram.trace() / static_cast<double>(gram.rows()) + std::numeric_limits<double>::min();
    parallel_for(tokens, [&](std::int64_t rank) {
      const auto at = static_cast<std::size_t>(rank);
      const MatrixXd targets = test.middleCols(rank * token_dim, token_dim);
      errors[at] += squared_error(gram, mean, test, rank * token_dim, token_dim, ridge);
      totals[at] += (targets.rowwise() - targets.colwise().mean()).squaredNorm();
    });
  }
  std::vector<double> result;
  for (std::size_t rank = 0; rank < errors.size(); ++rank)
    result.push_back(totals[rank] > 0 ? 1 - errors[rank] / totals[rank] : 1);
  return result;
}

void visit_tokens(const TokenModel& model, const MatrixXd& sequences, const VisitToken& visit) {
  const Index dim = model.token_dim, rows = model.rows;
  if (sequences.rows() != model.tokens * dim)
    throw InvalidInput("sequences of {} numbers, the model has {} tokens of {}", sequences.rows(),
                       model.tokens, dim);
  parallel_for((sequences.cols() + rows - 1) / rows, [&](std::int64_t block) {
    const Index first = block * rows, count = std::min(rows, sequences.cols() - first);
    TokenMemory memory = model.begin();
    for (Index rank = 0; rank < model.tokens; ++rank) {
      Lanes values = Lanes::Zero(rows, dim);
      values.topRows(count) =
          sequences.block(model.order[static_cast<std::size_t>(rank)] * dim, first, dim, count)
              .transpose()
              .array();
      TokenConditional conditional = model.given(memory, rank);
      visit(block, rank, conditional, first, count, values);
      if (rank + 1 < model.tokens) model.learn(memory, values);
    }
  });
}

TokenConstraint token_constraint(const TokenModel& model, const MatrixXd& sequences, Seed seed,
                                 std::int64_t path_steps) {
  const Index n = sequences.cols();
  const auto tokens = static_cast<std::size_t>(model.tokens);
  if (path_steps < 1) throw InvalidInput("constraint: a path needs at least one step, found {}", path_steps);
  TokenConstraint result;
  result.r_squared = prefix_r_squared(sequences, model.token_dim, model.order);
  std::vector<std::vector<PathSums>> parts(static_cast<std::size_t>((n + model.rows - 1) / model.rows),
                                           std::vector<PathSums>(tokens));
  visit_tokens(model, sequences,
               [&](std::int64_t block, Index rank, TokenConditional& conditional, Index first, Index count,
                   const Lanes& values) {
                 parts[static_cast<std::size_t>(block)][static_cast<std::size_t>(rank)] =
                     follow_path(conditional, seed, rank, first, count, values, path_steps);
               });
  for (std::size_t rank = 0; rank < tokens; ++rank) {
    PathSums sums;
    for (const auto& part : parts)
      sums.variance += part[rank].variance, sums.straightness += part[rank].straightness,
          sums.bend += part[rank].bend;
    const MatrixXd token = sequences.middleRows(model.order[rank] * model.token_dim, model.token_dim);
    const double marginal = (token.colwise() - token.rowwise().mean()).squaredNorm();
    result.unexplained.push_back(marginal > 0 ? sums.variance / marginal : 0);
    result.straightness.push_back(sums.straightness / static_cast<double>(n));
    result.bend.push_back(sums.bend / static_cast<double>(n));
  }
  return result;
}

}  // namespace lehr::diffusion
