#include "lehr/spin/memory/labelled_examples.hpp"

#include <algorithm>
#include <boost/random/binomial_distribution.hpp>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::spin {
namespace {

void check_quality(double quality, double examples) {
  if (!(quality > 0 && quality <= 1)) throw InvalidInput("quality: r must be in (0, 1], found {}", quality);
  if (!(examples >= 1)) throw InvalidInput("examples: expected at least 1 a class, found {}", examples);
}

// Inputs that vary over the examples by more than `min_deviation`.
std::vector<Eigen::Index> varying_inputs(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                         double min_deviation) {
  std::vector<Eigen::Index> kept;
  const double count = static_cast<double>(points.cols());
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const double mean = points.row(i).mean();
    if (std::sqrt((points.row(i).array() - mean).square().sum() / count) > min_deviation) kept.push_back(i);
  }
  if (kept.empty())
    throw InvalidInput("examples: no input has a standard deviation above {} over the examples",
                       min_deviation);
  return kept;
}

}  // namespace

double dataset_entropy(double quality, double examples) {
  check_quality(quality, examples);
  return (1 - quality * quality) / (examples * quality * quality);
}

LabelledExamples label_examples(Eigen::MatrixXd points, std::span<const double> labels,
                                const std::string& name) {
  if (static_cast<std::size_t>(points.cols()) != labels.size())
    throw InvalidInput("{}: {} examples, but {} labels", name, points.cols(), labels.size());
  if (labels.empty()) throw InvalidInput("{}: no examples", name);
  LabelledExamples made{std::move(points), {}, 0};
  for (std::size_t k = 0; k < labels.size(); ++k) {
    if (!(labels[k] >= 0 && labels[k] < 1e6) || labels[k] != std::floor(labels[k]))
      throw InvalidInput("{}: label {}: expected an integer in [0, 1000000), found {}", name, k + 1,
                         labels[k]);
    made.labels.push_back(static_cast<std::int64_t>(labels[k]));
    made.classes = std::max(made.classes, made.labels.back() + 1);
  }
  for (std::int64_t c = 0; c < made.classes; ++c)
    if (std::ranges::find(made.labels, c) == made.labels.end())
      throw InvalidInput("{}: class {} of {} has no example", name, c, made.classes);
  return made;
}

Eigen::MatrixXd Binarizer::operator()(const Eigen::Ref<const Eigen::MatrixXd>& points) const {
  Eigen::MatrixXd signs(static_cast<Eigen::Index>(inputs.size()), points.cols());
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const auto row = static_cast<Eigen::Index>(k);
    for (Eigen::Index c = 0; c < points.cols(); ++c)
      signs(row, c) = points(inputs[k], c) > thresholds(row) ? 1 : -1;
  }
  return signs;
}

Binarizer median_binarizer(const Eigen::Ref<const Eigen::MatrixXd>& points, double min_deviation) {
  Binarizer made{varying_inputs(points, min_deviation), {}};
  made.thresholds.resize(static_cast<Eigen::Index>(made.inputs.size()));
  for (std::size_t k = 0; k < made.inputs.size(); ++k) {
    const Eigen::VectorXd values = points.row(made.inputs[k]);
    made.thresholds(static_cast<Eigen::Index>(k)) =
        stats::median({values.data(), static_cast<std::size_t>(values.size())});
  }
  return made;
}

Binarizer threshold_binarizer(const Eigen::Ref<const Eigen::MatrixXd>& points, double threshold,
                              double min_deviation) {
  Binarizer made{varying_inputs(points, min_deviation), {}};
  made.thresholds.setConstant(static_cast<Eigen::Index>(made.inputs.size()), threshold);
  return made;
}

Eigen::MatrixXd class_means(const LabelledExamples& examples, std::int64_t per_class) {
  Eigen::MatrixXd means = Eigen::MatrixXd::Zero(examples.points.rows(), examples.classes);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(examples.classes), 0);
  for (std::size_t k = 0; k < examples.labels.size(); ++k) {
    const auto c = static_cast<std::size_t>(examples.labels[k]);
    if (per_class > 0 && counts[c] == per_class) continue;
    means.col(examples.labels[k]) += examples.points.col(static_cast<Eigen::Index>(k));
    ++counts[c];
  }
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] < per_class)
      throw InvalidInput("examples: class {} has {} examples, {} are asked for", c, counts[c], per_class);
    means.col(static_cast<Eigen::Index>(c)) /= static_cast<double>(counts[c]);
  }
  return means;
}

double mean_square(const Eigen::Ref<const Eigen::MatrixXd>& means) { return means.array().square().mean(); }

Eigen::MatrixXd generated_means(const SignPatterns& archetypes, double quality, std::int64_t examples,
                                Stream stream) {
  check_quality(quality, static_cast<double>(examples));
  Eigen::MatrixXd means(archetypes.sites(), archetypes.patterns());
  boost::random::binomial_distribution<std::int64_t, double> agreements(examples, 0.5 * (1 + quality));
  for (Eigen::Index mu = 0; mu < means.cols(); ++mu)
    for (Eigen::Index i = 0; i < means.rows(); ++i) {
      const double mean = 2.0 * static_cast<double>(agreements(stream)) / static_cast<double>(examples) - 1;
      means(i, mu) = archetypes.positive(mu, static_cast<Index>(i)) ? mean : -mean;
    }
  return means;
}

LabelledExamples generated_examples(const SignPatterns& archetypes, double quality, std::int64_t examples,
                                    Stream stream) {
  check_quality(quality, static_cast<double>(examples));
  LabelledExamples made;
  made.classes = archetypes.patterns();
  made.points.resize(archetypes.sites(), archetypes.patterns() * examples);
  for (Eigen::Index k = 0; k < made.points.cols(); ++k) {
    made.labels.push_back(k / examples);
    for (Eigen::Index i = 0; i < made.points.rows(); ++i) {
      const double agrees = uniform(stream) < 0.5 * (1 + quality) ? 1 : -1;
      made.points(i, k) = archetypes.positive(k / examples, static_cast<Index>(i)) ? agrees : -agrees;
    }
  }
  return made;
}

}  // namespace lehr::spin
