#include "lehr/stats/rashomon/linear_class.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {

using Eigen::Index;
using Eigen::VectorXd;

LinearClass::LinearClass(const LabelledTable& table) {
  if (table.classes.size() != 2)
    throw InvalidInput(
        "linear classifiers need two classes, target {} has {}; positive = \"CLASS\" takes one against the "
        "rest",
        quote(table.target), table.classes.size());
  const Index p = table.values.cols(), n = table.records();
  mean_ = table.values.colwise().mean();
  scale_.resize(p);
  points_.resize(p + 1, n);
  for (Index f = 0; f < p; ++f) {
    const double deviation = std::sqrt((table.values.col(f).array() - mean_(f)).square().mean());
    scale_(f) = deviation > 0 ? deviation : 1;
    points_.row(f) = (table.values.col(f).array() - mean_(f)).transpose() / scale_(f);
  }
  points_.row(p).setOnes();
  for (const int label : table.labels) sides_.push_back(label == 1 ? 1 : -1);
}

std::int64_t LinearClass::errors(const Eigen::Ref<const VectorXd>& direction) const {
  std::int64_t errors = 0;
  for (Index i = 0; i < points_.cols(); ++i)
    errors += (points_.col(i).dot(direction) > 0) != (sides_[static_cast<std::size_t>(i)] > 0);
  return errors;
}

VectorXd LinearClass::in_table_units(const VectorXd& direction) const {
  const Index p = dimension() - 1;
  VectorXd weights(p + 1);
  weights.head(p) = direction.head(p).cwiseQuotient(scale_);
  weights(p) = direction(p) - weights.head(p).dot(mean_);
  const double largest = weights.head(p).cwiseAbs().maxCoeff();
  return largest > 0 ? VectorXd(weights / largest) : weights;
}

VectorXd LinearClass::direction_of(const VectorXd& weights) const {
  const Index p = dimension() - 1;
  VectorXd direction(p + 1);
  direction.head(p) = weights.head(p).cwiseProduct(scale_);
  direction(p) = weights(p) + weights.head(p).dot(mean_);
  const double length = direction.norm();
  if (!(length > 0)) return VectorXd::Unit(p + 1, p);
  return direction / length;
}

VectorXd LinearClass::draw_direction(Index dimension, Stream& random) {
  VectorXd direction(dimension);
  for (double& x : direction) x = normal(random);
  return direction / direction.norm();
}

void GreatCircle::draw(const LinearClass& linear, const VectorXd& a, Stream& random) {
  a_ = a;
  b_ = LinearClass::draw_direction(linear.dimension(), random);
  b_ -= b_.dot(a_) * a_;
  b_ /= b_.norm();
  records_ = linear.records();
  const VectorXd along_a = linear.points().transpose() * a_, along_b = linear.points().transpose() * b_;
  crossings_.clear();
  std::int64_t errors = 0;
  for (Index i = 0; i < records_; ++i) {
    // z(phi) = a cos phi + b sin phi = r cos(phi - psi) is 0 once in [0, pi), at psi +- pi / 2.
    double angle = std::atan2(along_b(i), along_a(i)) + std::numbers::pi / 2;
    if (angle < 0) angle += std::numbers::pi;
    if (angle >= std::numbers::pi) angle -= std::numbers::pi;
    const bool wrong = (along_a(i) > 0) != linear.is_positive(i);  // before the crossing
    errors += wrong ? 1 : 0;
    crossings_.emplace_back(std::clamp(angle, 0.0, std::numbers::pi), wrong ? -1 : 1);
  }
  std::ranges::sort(crossings_);
  angles_.assign(1, 0), errors_.assign(1, errors);
  for (const auto& [angle, change] : crossings_) {
    errors += change;
    angles_.push_back(angle), errors_.push_back(errors);
  }
  angles_.push_back(std::numbers::pi);
}

VectorXd GreatCircle::at(double angle) const { return std::cos(angle) * a_ + std::sin(angle) * b_; }

template <class Visit>
void GreatCircle::for_each_arc(Visit visit) const {
  for (std::size_t k = 0; k < errors_.size(); ++k) {
    const double length = angles_[k + 1] - angles_[k];
    if (length <= 0) continue;
    visit(Arc{angles_[k], length, errors_[k]});
    visit(Arc{angles_[k] + std::numbers::pi, length, records_ - errors_[k]});
  }
}

const std::vector<double>& GreatCircle::shares(std::int64_t limit) {
  shares_.assign(static_cast<std::size_t>(limit) + 1, 0);
  for_each_arc([&](const Arc& arc) {
    if (arc.errors <= limit)
      shares_[static_cast<std::size_t>(arc.errors)] += arc.length / (2 * std::numbers::pi);
  });
  for (std::size_t e = 1; e < shares_.size(); ++e) shares_[e] += shares_[e - 1];
  return shares_;
}

std::int64_t GreatCircle::fewest() const {
  std::int64_t fewest = records_ + 1;
  for_each_arc([&](const Arc& arc) { fewest = std::min(fewest, arc.errors); });
  return fewest;
}

VectorXd GreatCircle::at_fewest() const {
  const std::int64_t fewest = this->fewest();
  Arc best{0, 0, 0};  // the longest arc of those
  for_each_arc([&](const Arc& arc) {
    if (arc.errors == fewest && arc.length > best.length) best = arc;
  });
  return at(best.from + 0.5 * best.length);
}

VectorXd GreatCircle::draw_within(std::int64_t limit, Stream& random) const {
  double total = 0;
  for_each_arc([&](const Arc& arc) { total += arc.errors <= limit ? arc.length : 0; });
  if (total <= 0) return {};
  double point = uniform(random) * total, angle = 0;
  bool found = false;
  for_each_arc([&](const Arc& arc) {
    if (found || arc.errors > limit) return;
    angle = arc.from + std::min(point, arc.length);
    found = point < arc.length;
    point -= arc.length;
  });
  return at(angle);
}

VectorXd descend(const LinearClass& linear, const VectorXd& start, std::int64_t steps, Seed seed) {
  VectorXd best = start;
  std::int64_t errors = linear.errors(best);
  GreatCircle circle;
  for (std::int64_t step = 0; step < steps && errors > 0; ++step) {
    Stream random(seed, lane("rashomon.descend"), static_cast<std::uint64_t>(step));
    circle.draw(linear, best, random);
    if (circle.fewest() > errors) continue;
    VectorXd next = circle.at_fewest();
    next /= next.norm();
    const std::int64_t found = linear.errors(next);
    if (found <= errors) best = std::move(next), errors = found;
  }
  return best;
}

std::vector<VectorXd> hit_and_run(const LinearClass& linear, const VectorXd& start, std::int64_t limit,
                                  std::int64_t count, std::int64_t thinning, Seed seed) {
  if (linear.errors(start) > limit)
    throw InvalidInput("hit and run: the start makes {} errors, the set allows {}", linear.errors(start),
                       limit);
  std::vector<VectorXd> directions;
  VectorXd here = start;
  GreatCircle circle;
  for (std::int64_t step = 1; step <= count * thinning; ++step) {
    Stream random(seed, lane("rashomon.hit_and_run"), static_cast<std::uint64_t>(step));
    circle.draw(linear, here, random);
    VectorXd next = circle.draw_within(limit, random);
    if (next.size() > 0 && linear.errors(next) <= limit)
      here = next / next.norm();  // rounding at an arc's end
    if (step % thinning == 0) directions.push_back(here);
  }
  return directions;
}

LinearSampling::LinearSampling(const LinearClass& linear, std::int64_t limit,
                               const LinearSamplingOptions& options)
    : linear_(linear), limit_(std::clamp<std::int64_t>(limit, 0, linear.records())), options_(options) {
  if (options_.samples < 1)
    throw InvalidInput("linear sampling: samples must be at least 1, found {}", options_.samples);
}

LinearSampling::State LinearSampling::start(const Moment& now) const {
  return {.seed = now.seed,
          .circles = 0,
          .errors = RatioAccumulator(limit_, 0),
          .best_errors = linear_.records() + 1,
          .best = VectorXd::Unit(linear_.dimension(), 0)};
}

void LinearSampling::advance(State& state, const Moment& now) const {
  constexpr std::int64_t batch = 256, block = 16;
  const std::int64_t from = state.circles, count = std::min(batch, options_.samples - from);
  const auto sample = [&](std::int64_t first, std::int64_t last) {
    State part = start(now);
    GreatCircle circle;
    for (std::int64_t number = from + first; number < from + last; ++number) {
      Stream random(now.seed, lane("rashomon.circle"), static_cast<std::uint64_t>(number));
      const VectorXd direction = LinearClass::draw_direction(linear_.dimension(), random);
      std::int64_t fewest = 0;
      if (options_.estimator == LinearEstimator::naive) {
        const std::vector<double> one{1.0};
        fewest = linear_.errors(direction);
        part.errors.add(fewest, one);
        if (fewest < part.best_errors) part.best = direction;
      } else {
        circle.draw(linear_, direction, random);
        part.errors.add(0, circle.shares(limit_));
        fewest = circle.fewest();
        if (fewest < part.best_errors) part.best = circle.at_fewest();
      }
      part.best_errors = std::min(part.best_errors, fewest);
    }
    return part;
  };
  state = parallel_reduce(count, block, std::move(state), sample, [](State total, State part) {
    total.errors.add(part.errors);
    if (part.best_errors < total.best_errors) total.best_errors = part.best_errors, total.best = part.best;
    return total;
  });
  state.circles += count;
  now.spend(count);
}

void LinearSampling::measure(const State& state, Row& row) const {
  row.add("circles", static_cast<double>(state.circles));
  row.add("best_errors", static_cast<double>(state.best_errors));
  const RatioEstimate ratio = state.errors.estimate(limit_);
  if (std::isfinite(ratio.log10_ratio)) row.add("log10_ratio", ratio.log10_ratio);
}

}  // namespace lehr::stats
