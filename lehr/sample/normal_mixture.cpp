#include "lehr/sample/normal_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

NormalMixture::NormalMixture(std::vector<double> weights, std::vector<MultivariateNormal> components)
    : weights_(std::move(weights)), components_(std::move(components)) {
  if (weights_.size() != components_.size())
    throw InvalidInput("mixture: {} weights for {} components", weights_.size(), components_.size());
  double sum = 0;
  for (std::size_t c = 0; c < weights_.size(); ++c) {
    if (!(weights_[c] > 0) || !std::isfinite(weights_[c]))
      throw InvalidInput("mixture: weight {} must be above 0, found {}", c + 1, weights_[c]);
    if (components_[c].dimension() != components_.front().dimension())
      throw InvalidInput("mixture: component {} has {} dimensions, the first has {}", c + 1,
                         components_[c].dimension(), components_.front().dimension());
    sum += weights_[c];
  }
  if (std::abs(sum - 1) > 1e-12)  // so that weights once scaled stay as they are, bit for bit
    for (double& weight : weights_) weight /= sum;
}

void NormalMixture::log_pdf(const Points& points, Eigen::Ref<VectorXd> to) const {
  if (components_.empty()) {
    to.setConstant(-std::numeric_limits<double>::infinity());
    return;
  }
  components_.front().log_pdf(points, to);
  if (components_.size() == 1) return;
  const auto count = static_cast<Index>(components_.size());
  MatrixXd terms(points.cols(), count);
  for (Index c = 0; c < count; ++c) {
    components_[static_cast<std::size_t>(c)].log_pdf(points, terms.col(c));
    terms.col(c).array() += std::log(weights_[static_cast<std::size_t>(c)]);
  }
  const VectorXd largest = terms.rowwise().maxCoeff();
  to = (largest.array() + (terms.colwise() - largest).array().exp().rowwise().sum().log()).matrix();
}

VectorXd NormalMixture::log_pdf(const Points& points) const {
  VectorXd values(points.cols());
  for_point_blocks(points.cols(), [&](Index first, Index count) {
    log_pdf(points.middleCols(first, count), values.segment(first, count));
  });
  return values;
}

MatrixXd NormalMixture::transform(const Points& normal, const Eigen::Ref<const VectorXd>& choice) const {
  if (components_.size() == 1) return components_.front().transform(normal);
  std::vector<std::vector<Index>> members(components_.size());
  for (Index i = 0; i < choice.size(); ++i) {
    std::size_t c = 0;
    for (double left = choice[i] - weights_[0]; left >= 0 && c + 1 < members.size(); left -= weights_[c]) ++c;
    members[c].push_back(i);
  }
  MatrixXd points(normal.rows(), normal.cols());
  for (std::size_t c = 0; c < members.size(); ++c)
    points(Eigen::all, members[c]) = components_[c].transform(normal(Eigen::all, members[c]));
  return points;
}

Density NormalMixture::density() const {
  if (empty()) throw InvalidInput("mixture: it has no components to draw from");
  return {components_.front().dimension(),
          [mixture = *this](const Points& points) { return mixture.log_pdf(points); },
          [mixture = *this](const Stream& stream, Index count) {
            const Index d = mixture.components_.front().dimension();
            return mixture.transform(standard_normal_points(stream, d, count),
                                     uniform_numbers(stream, count));
          }};
}

}  // namespace lehr::sample
