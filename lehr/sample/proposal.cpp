#include "lehr/sample/proposal.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd Proposal::log_components(const Points& points) const {
  MatrixXd values(points.cols(), static_cast<Index>(components.size()));
  for_point_blocks(points.cols(), [&](Index first, Index count) {
    VectorXd column(count);
    for (std::size_t j = 0; j < components.size(); ++j) {
      components[j].log_pdf(points.middleCols(first, count), column);
      values.col(static_cast<Index>(j)).segment(first, count) = column;
    }
  });
  return values;
}

VectorXd Proposal::log_density(const MatrixXd& log_components, const VectorXd& log_start) const {
  if (is_start()) return log_start;
  const double floor = std::numeric_limits<double>::lowest();
  const Eigen::RowVectorXd log_alpha = alpha.array().log().max(floor).matrix().transpose();
  VectorXd values(log_components.rows());
  for_point_blocks(values.size(), [&](Index first, Index count) {
    const MatrixXd terms =
        (log_components.middleRows(first, count).rowwise() + log_alpha).array() + std::log1p(-defensive);
    VectorXd largest = terms.rowwise().maxCoeff();
    if (defensive > 0)
      largest = largest.cwiseMax((log_start.segment(first, count).array() + std::log(defensive)).matrix());
    largest = largest.cwiseMax(floor);
    VectorXd sum = (terms.colwise() - largest).array().exp().rowwise().sum().matrix();
    if (defensive > 0)
      sum.array() += (log_start.segment(first, count).array() + std::log(defensive) - largest.array()).exp();
    values.segment(first, count) = (largest.array() + sum.array().log()).matrix();
  });
  return values;
}

// Which points each component draws, the start law last: point i by the i-th number of `lots` in [0, 1).
std::vector<std::vector<Index>> Proposal::shares_of(const VectorXd& lots) const {
  std::vector<std::vector<Index>> members(components.size() + 1);
  for (Index i = 0; i < lots.size(); ++i) {
    if (lots[i] < defensive) {
      members.back().push_back(i);
      continue;
    }
    double place = (lots[i] - defensive) / (1 - defensive);
    Index chosen = 0;  // the last component with weight, where rounding leaves the number beyond all
    for (Index k = 0; k < alpha.size(); ++k) {
      if (alpha[k] == 0) continue;
      chosen = k;
      if ((place -= alpha[k]) < 0) break;
    }
    members[static_cast<std::size_t>(chosen)].push_back(i);
  }
  return members;
}

MatrixXd Proposal::sample(const ExpectationProblem& problem, const Moment& now, Index count) const {
  const Stream start_stream = now.random(lane("start points"));
  if (is_start()) return problem.sample_start(start_stream, count);
  const MatrixXd normal = standard_normal_points(now.random(lane("points")), problem.dimension, count);
  const VectorXd part = uniform_numbers(now.random(lane("parts of components")), count);
  const auto members = shares_of(uniform_numbers(now.random(lane("components")), count));
  MatrixXd points(problem.dimension, count);
  for (std::size_t j = 0; j < components.size(); ++j)
    if (!members[j].empty())
      points(Eigen::all, members[j]) =
          components[j].transform(normal(Eigen::all, members[j]), part(members[j]));
  if (!members.back().empty())
    points(Eigen::all, members.back()) =
        problem.sample_start(start_stream, members.back().back() + 1)(Eigen::all, members.back());
  return points;
}

MatrixXd Proposal::control_variates(const MatrixXd& log_components, const VectorXd& log_density) const {
  return (log_components.colwise() - log_density).array().exp();
}

Proposal::Packed Proposal::pack() const {
  Packed packed;
  std::vector<const MultivariateNormal*> laws;
  for (const NormalMixture& mixture : components) {
    packed.sizes.push_back(static_cast<std::int64_t>(mixture.components().size()));
    packed.weights.insert(packed.weights.end(), mixture.weights().begin(), mixture.weights().end());
    for (const MultivariateNormal& law : mixture.components()) laws.push_back(&law);
  }
  const Index d = laws.empty() ? 0 : laws.front()->dimension(), count = static_cast<Index>(laws.size());
  packed.means.resize(d, count);
  packed.covariances.resize(d, d * count);
  for (Index c = 0; c < count; ++c) {
    packed.means.col(c) = laws[static_cast<std::size_t>(c)]->mean();
    packed.covariances.middleCols(c * d, d) = laws[static_cast<std::size_t>(c)]->covariance();
  }
  return packed;
}

void Proposal::unpack(const Packed& packed) {
  components.clear();
  const Index d = packed.means.rows();
  if (packed.covariances.rows() != d || packed.covariances.cols() != d * packed.means.cols() ||
      packed.weights.size() != static_cast<std::size_t>(packed.means.cols()))
    throw InvalidInput("checkpoint: the proposal's components do not fit together");
  Index c = 0;
  for (const std::int64_t size : packed.sizes) {
    if (size < 0 || size > packed.means.cols() - c)
      throw InvalidInput("checkpoint: the proposal's components do not fit together");
    const auto from = packed.weights.begin() + c;
    const std::vector<double> weights(from, from + size);
    std::vector<MultivariateNormal> laws;
    for (const Index end = c + size; c < end; ++c)
      laws.emplace_back(packed.means.col(c), packed.covariances.middleCols(c * d, d));
    components.push_back(size == 0 ? NormalMixture() : NormalMixture(weights, std::move(laws)));
  }
}

}  // namespace lehr::sample
