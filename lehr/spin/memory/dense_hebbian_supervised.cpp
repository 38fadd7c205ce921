#include "lehr/spin/memory/dense_hebbian_supervised.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/elementary_symmetric.hpp"
#include "lehr/spin/memory/memory_kernels.hpp"

namespace lehr::spin {
namespace {

void check_stored(const Eigen::Ref<const Eigen::MatrixXd>& x, int order, bool self_terms) {
  if (x.size() == 0) throw InvalidInput("patterns: expected at least one pattern of one site");
  if (x.size() > (std::int64_t{1} << 28))
    throw InvalidInput("patterns: {} patterns of {} sites need more than the 4 GiB that are allowed",
                       x.cols(), x.rows());
  if (!x.allFinite()) throw InvalidInput("patterns: the entries must be finite");
  const auto most =
      self_terms ? Eigen::Index{100} : std::min<Eigen::Index>(x.rows(), memory::max_field_order);
  if (order < 2 || order > most)
    throw InvalidInput("order: the interaction order must be in [2, {}], found {}", most, order);
}

double factorial_of(int n) { return std::tgamma(n + 1.0); }

}  // namespace

DenseHebbianSupervised::DenseHebbianSupervised(const Eigen::Ref<const Eigen::MatrixXd>& x, int order,
                                               bool self_terms)
    : size_(static_cast<Index>(x.rows())), order_(order), self_terms_(self_terms) {
  check_stored(x, order, self_terms);
  const auto rows = static_cast<Eigen::Index>(memory::padded(static_cast<std::size_t>(x.rows())));
  padded_.setZero(rows, x.cols());
  padded_.topRows(x.rows()) = x * std::pow(static_cast<double>(x.rows()), (1.0 - order) / order);
  const auto scaled = padded_.topRows(x.rows());
  stride_ = memory::padded(static_cast<std::size_t>(x.cols()));
  sites_.assign(stride_ * static_cast<std::size_t>(x.rows()), 0.0);
  for (Eigen::Index i = 0; i < x.rows(); ++i)
    for (Eigen::Index mu = 0; mu < x.cols(); ++mu)
      sites_[static_cast<std::size_t>(i) * stride_ + static_cast<std::size_t>(mu)] = scaled(i, mu);
  inverse_norms_.resize(x.cols());
  for (Eigen::Index mu = 0; mu < x.cols(); ++mu) {
    const double norm = scaled.col(mu).norm() * std::sqrt(static_cast<double>(x.rows()));
    inverse_norms_(mu) = norm > 0 ? 1 / norm : 0;
  }
}

double DenseHebbianSupervised::load() const {
  double sum = 0;
  for (Eigen::Index mu = 0; mu < padded_.cols(); ++mu)
    sum += std::pow(padded_.col(mu).squaredNorm() / size(), order_);
  return sum * std::pow(static_cast<double>(size()), order_ - 1);
}

DenseHebbianSupervised::Configuration DenseHebbianSupervised::configuration(
    std::span<const std::int8_t> spins) const {
  if (spins.size() != static_cast<std::size_t>(size()))
    throw InvalidInput("a configuration of this network has {} spins, found {}", size(), spins.size());
  Configuration made{Spins(spins.begin(), spins.end()), {}};
  refresh(made);
  return made;
}

void DenseHebbianSupervised::refresh(Configuration& c) const {
  const int kept = polynomials();
  c.elementary.assign(stride_ * static_cast<std::size_t>(kept), 0.0);
  std::vector<double> y(static_cast<std::size_t>(size()));
  for (Eigen::Index mu = 0; mu < padded_.cols(); ++mu) {
    for (Eigen::Index i = 0; i < size(); ++i)
      y[static_cast<std::size_t>(i)] = padded_(i, mu) * c.spins[static_cast<std::size_t>(i)];
    const std::vector<double> e = elementary_symmetric(y, kept);
    for (std::size_t k = 0; k < static_cast<std::size_t>(kept); ++k)
      c.elementary[k * stride_ + static_cast<std::size_t>(mu)] = e[k + 1];
  }
}

double DenseHebbianSupervised::flip_cost(const Configuration& c, Index site) const {
  const auto i = static_cast<std::size_t>(site);
  const memory::SymmetricRows rows{order_, stride_, sites_.data() + i * stride_,
                                   static_cast<double>(c.spins[i])};
  if (self_terms_) return memory::power_flip_sum(rows, c.elementary.data()) / factorial_of(order_);
  return 2 * memory::flip_sum(rows, c.elementary.data());
}

void DenseHebbianSupervised::flip(Configuration& c, Index site) const {
  const auto i = static_cast<std::size_t>(site);
  memory::flip_elementary(
      {polynomials() + 1, stride_, sites_.data() + i * stride_, static_cast<double>(c.spins[i])},
      c.elementary.data());
  c.spins[i] = static_cast<std::int8_t>(-c.spins[i]);
}

double DenseHebbianSupervised::energy(const Configuration& c) const {
  std::vector<double> y(static_cast<std::size_t>(size()));
  double sum = 0;
  for (Eigen::Index mu = 0; mu < padded_.cols(); ++mu) {
    double total = 0;
    for (Eigen::Index i = 0; i < size(); ++i)
      total += y[static_cast<std::size_t>(i)] = padded_(i, mu) * c.spins[static_cast<std::size_t>(i)];
    sum +=
        self_terms_ ? std::pow(total, order_) / factorial_of(order_) : elementary_symmetric(y, order_).back();
  }
  return -sum;
}

std::vector<double> DenseHebbianSupervised::overlaps(const Configuration& c) const {
  std::vector<double> overlaps;
  overlaps.reserve(static_cast<std::size_t>(padded_.cols()));
  for (std::size_t mu = 0; mu < static_cast<std::size_t>(padded_.cols()); ++mu)
    overlaps.push_back(c.elementary[mu] * inverse_norms_(static_cast<Eigen::Index>(mu)));
  return overlaps;
}

Eigen::VectorXd DenseHebbianSupervised::fields(const Eigen::Ref<const Eigen::VectorXd>& m,
                                               std::int64_t except) const {
  if (self_terms_) {
    Eigen::VectorXd powers = padded_.topRows(size()).transpose() * m;
    for (double& overlap : powers) overlap = std::pow(overlap, order_ - 1) / factorial_of(order_ - 1);
    if (except >= 0) powers(except) = 0;
    return padded_.topRows(size()) * powers;
  }
  const std::size_t size_padded = memory::padded(static_cast<std::size_t>(size()));
  std::vector<double> at(size_padded, 0.0), sums(size_padded, 0.0);
  std::copy(m.begin(), m.end(), at.begin());
  for (Eigen::Index mu = 0; mu < padded_.cols(); ++mu)
    if (mu != except)
      memory::add_pattern_field(order_, size_padded, padded_.col(mu).data(), at.data(), sums.data());
  return Eigen::Map<const Eigen::VectorXd>(sums.data(), size());
}

Eigen::MatrixXd supervised_patterns(const Eigen::Ref<const Eigen::MatrixXd>& means) {
  const double square = mean_square(means);
  if (!(square > 0))
    throw InvalidInput("examples: the class means are all zero (R = 0), nothing can be learned");
  return means / std::sqrt(square);
}

Eigen::MatrixXd unit_patterns(const Eigen::Ref<const Eigen::MatrixXd>& means) {
  Eigen::MatrixXd x = means;
  for (Eigen::Index mu = 0; mu < x.cols(); ++mu) {
    const double square = mean_square(x.col(mu));
    if (!(square > 0))
      throw InvalidInput("examples: the mean of class {} is zero, it cannot be normalised", mu);
    x.col(mu) /= std::sqrt(square);
  }
  return x;
}

Eigen::MatrixXd unsupervised_patterns(const LabelledExamples& examples, int order) {
  const double square = mean_square(class_means(examples));
  if (!(square > 0))
    throw InvalidInput("examples: the class means are all zero (R = 0), nothing can be learned");
  const double per_class =
      static_cast<double>(examples.points.cols()) / static_cast<double>(examples.classes);
  return examples.points * std::pow(per_class * std::pow(square, 0.5 * order), -1.0 / order);
}

}  // namespace lehr::spin
