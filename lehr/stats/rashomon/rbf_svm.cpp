#include "lehr/stats/rashomon/rbf_svm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <list>
#include <memory>
#include <unordered_map>

namespace lehr::stats {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using Eigen::VectorXd;
using Eigen::VectorXf;

namespace {

// exp(-gamma |x_i - z|^2) for all rows x_i.
VectorXf kernel_row(const MatrixXf& points, const VectorXf& squares, const VectorXf& z, float gamma) {
  const float own = z.squaredNorm();
  return (-gamma * (squares.array() + own - 2 * (points * z).array()).max(0.0f)).exp();
}

// Rows of the kernel matrix, the last used ones kept.
class KernelRows {
 public:
  KernelRows(const MatrixXf& points, float gamma, double mebibytes) : points_(points), gamma_(gamma) {
    squares_ = points.rowwise().squaredNorm();
    const double row_bytes = 4.0 * static_cast<double>(points.rows());
    most_ = std::max<std::size_t>(2, static_cast<std::size_t>(mebibytes * 0x1p20 / row_bytes));
  }

  // Holds until two other rows were asked for.
  const VectorXf& row(Index i) {
    if (const auto found = kept_.find(i); found != kept_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return found->second->second;
    }
    if (order_.size() >= most_) {
      kept_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(i, kernel_row(points_, squares_, points_.row(i).transpose(), gamma_));
    kept_[i] = order_.begin();
    return order_.front().second;
  }

 private:
  const MatrixXf& points_;
  VectorXf squares_;
  float gamma_;
  std::size_t most_;
  std::list<std::pair<Index, VectorXf>> order_;
  std::unordered_map<Index, std::list<std::pair<Index, VectorXf>>::iterator> kept_;
};

// Decides between two classes: sign of sum_k coefficient_k K(support_k, x) - threshold.
struct SupportVectors {
  MatrixXf points;  // support x features
  VectorXf squares;
  VectorXf coefficients;
  float threshold = 0, gamma = 0;

  bool decide(const VectorXf& x) const {
    return coefficients.dot(kernel_row(points, squares, x, gamma)) > threshold;
  }
};

// Keeps v = -y G, G the gradient: the pair with the largest violation rises v_i and lowers v_j.
class Smo {
 public:
  Smo(const MatrixXf& points, const VectorXd& sides, float gamma, const SvmOptions& options)
      : points_(points), y_(sides), gamma_(gamma), options_(options), rows_(points, gamma, options.memory) {
    alpha_ = VectorXd::Zero(y_.size());
    value_ = y_;
    may_rise_.resize(static_cast<std::size_t>(y_.size()));
    may_fall_.resize(may_rise_.size());
    for (Index t = 0; t < y_.size(); ++t) mark(t);
  }

  SupportVectors run() {
    const std::int64_t most = std::max<std::int64_t>(100'000, 100 * y_.size());
    for (std::int64_t step = 0; step < most; ++step) {
      const Index i = first_of_pair();
      const Index j = second_of_pair(i);
      if (j < 0) break;
      move_pair(i, j);
    }
    return support();
  }

 private:
  // Whether y alpha may rise or fall inside the box.
  void mark(Index t) {
    const auto at = static_cast<std::size_t>(t);
    may_rise_[at] = y_(t) > 0 ? alpha_(t) < options_.C : alpha_(t) > 0;
    may_fall_[at] = y_(t) > 0 ? alpha_(t) > 0 : alpha_(t) < options_.C;
  }

  // The largest v among those whose y alpha may rise.
  Index first_of_pair() {
    const double* const value = value_.data();
    Index best = 0;
    highest_ = -std::numeric_limits<double>::infinity();
    for (Index t = 0; t < y_.size(); ++t)
      if (value[t] > highest_ && may_rise_[static_cast<std::size_t>(t)] != 0) highest_ = value[t], best = t;
    return best;
  }

  // The partner that promises the largest decrease b^2 / a; -1 when the pair is optimal.
  Index second_of_pair(Index i) {
    const float* const row = rows_.row(i).data();
    const double* const value = value_.data();
    Index best = -1;
    double largest = 0, lowest = std::numeric_limits<double>::infinity();
    for (Index t = 0; t < y_.size(); ++t) {
      const double b = highest_ - value[t];
      if (b <= 0 || may_fall_[static_cast<std::size_t>(t)] == 0) continue;
      lowest = std::min(lowest, value[t]);
      const double a = std::max(2 - 2 * static_cast<double>(row[t]), 1e-12);
      if (b * b > largest * a) largest = b * b / a, best = t;
    }
    return highest_ - lowest < options_.tolerance ? -1 : best;
  }

  // Newton's step along y_i alpha_i + t, y_j alpha_j - t, cut at the box.
  void move_pair(Index i, Index j) {
    const VectorXf& row_i = rows_.row(i);
    const VectorXf& row_j = rows_.row(j);
    const double a = std::max(2 - 2 * static_cast<double>(row_i(j)), 1e-12);
    double t = (value_(i) - value_(j)) / a;
    t = std::min(t, y_(i) > 0 ? options_.C - alpha_(i) : alpha_(i));
    t = std::min(t, y_(j) > 0 ? alpha_(j) : options_.C - alpha_(j));
    alpha_(i) = in_box(alpha_(i) + y_(i) * t);
    alpha_(j) = in_box(alpha_(j) - y_(j) * t);
    mark(i), mark(j);
    const float* const from_i = row_i.data();
    const float* const from_j = row_j.data();
    double* const value = value_.data();
    for (Index k = 0; k < y_.size(); ++k) value[k] -= t * static_cast<double>(from_i[k] - from_j[k]);
  }

  // What rounding left beside a bound is on it.
  double in_box(double alpha) const {
    const double rounding = 1e-12 * options_.C;
    return alpha < rounding ? 0 : alpha > options_.C - rounding ? options_.C : alpha;
  }

  // The threshold is the mean of -v over free records, or the middle of its bounds.
  SupportVectors support() const {
    SupportVectors model;
    std::vector<Index> chosen;
    double sum = 0, low = -std::numeric_limits<double>::infinity(), high = -low;
    std::int64_t free = 0;
    for (Index t = 0; t < y_.size(); ++t) {
      const auto at = static_cast<std::size_t>(t);
      if (alpha_(t) > 0) chosen.push_back(t);
      if (alpha_(t) > 0 && alpha_(t) < options_.C) ++free, sum -= value_(t);
      if (may_rise_[at] != 0) high = std::min(high, -value_(t));
      if (may_fall_[at] != 0) low = std::max(low, -value_(t));
    }
    model.points = points_(chosen, Eigen::all);
    model.squares = model.points.rowwise().squaredNorm();
    model.coefficients = alpha_.cwiseProduct(y_)(chosen).cast<float>();
    model.threshold = static_cast<float>(free > 0 ? sum / static_cast<double>(free) : 0.5 * (low + high));
    model.gamma = gamma_;
    return model;
  }

  const MatrixXf& points_;
  VectorXd y_;
  float gamma_;
  SvmOptions options_;
  KernelRows rows_;
  VectorXd alpha_, value_;
  std::vector<std::uint8_t> may_rise_, may_fall_;
  double highest_ = 0;
};

struct Machine {
  int positive, negative;
  SupportVectors vectors;
};

std::vector<Machine> train_machines(const MatrixXf& points, const std::vector<int>& labels, int classes,
                                    float gamma, const SvmOptions& options) {
  std::vector<Machine> machines;
  for (int a = 0; a < classes; ++a)
    for (int b = a + 1; b < classes; ++b) {
      std::vector<Index> rows;
      std::vector<double> sides;
      for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] == a || labels[i] == b)
          rows.push_back(static_cast<Index>(i)), sides.push_back(labels[i] == b ? 1 : -1);
      const VectorXd y = Eigen::Map<const VectorXd>(sides.data(), static_cast<Index>(sides.size()));
      if (y.size() == 0 || y.minCoeff() == y.maxCoeff())
        continue;  // a class that this part lacks gets no votes
      const MatrixXf own = points(rows, Eigen::all);
      machines.push_back({b, a, Smo(own, y, gamma, options).run()});
    }
  return machines;
}

}  // namespace

Classifier rbf_svm(const SvmOptions& options) {
  return {.name = "RBF-kernel SVM", .fit = [options](const LabelledTable& training, Seed) -> Predictor {
            const Standardisation standardise(training.values);
            const MatrixXf points = standardise(training.values).cast<float>();
            const double gamma = options.gamma > 0 ? options.gamma : 1.0 / static_cast<double>(points.cols());
            const int classes = static_cast<int>(training.classes.size());
            const std::vector<std::int64_t> counts = training.class_counts();
            const auto fallback = static_cast<int>(std::ranges::max_element(counts) - counts.begin());
            auto machines = std::make_shared<const std::vector<Machine>>(
                train_machines(points, training.labels, classes, static_cast<float>(gamma), options));
            return [=](const MatrixXd& values) {
              const MatrixXf standard = standardise(values).cast<float>();
              std::vector<int> labels;
              for (Index row = 0; row < standard.rows(); ++row) {
                std::vector<int> votes(static_cast<std::size_t>(classes), 0);
                for (const Machine& machine : *machines)
                  ++votes[static_cast<std::size_t>(machine.vectors.decide(standard.row(row).transpose())
                                                       ? machine.positive
                                                       : machine.negative)];
                labels.push_back(machines->empty()
                                     ? fallback
                                     : static_cast<int>(std::ranges::max_element(votes) - votes.begin()));
              }
              return labels;
            };
          }};
}

}  // namespace lehr::stats
