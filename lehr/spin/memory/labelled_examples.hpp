// Training data of Hebbian networks: noisy examples eta^{mu,a} = chi^{mu,a} xi^mu of archetypes xi^mu, entries +-1 with
// P(chi = +1) = (1 + r) / 2, grouped by class by a teacher.
//
//   class mean  eta_bar^mu = (1/M) sum_a eta^{mu,a},   R = E eta_bar^2 = r^2 + (1 - r^2) / M,
//   dataset entropy  rho = (1 - r^2) / (M r^2),        R = r^2 (1 + rho)
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/memory/sign_patterns.hpp"

namespace lehr::spin {

// rho of M >= 1 examples of quality r in (0, 1].
double dataset_entropy(double quality, double examples);

// Examples of +-1 (or real numbers), a column each, and their classes.
struct LabelledExamples {
  Eigen::MatrixXd points;            // N x n
  std::vector<std::int64_t> labels;  // n, each in [0, classes)
  std::int64_t classes = 0;
};

// Checks shapes; throws InvalidInput (starting with `name`) where labels and examples differ in number, a label is no
// integer of at least 0, or a class below the largest has no example.
LabelledExamples label_examples(Eigen::MatrixXd points, std::span<const double> labels,
                                const std::string& name);

// Thresholds that make real inputs +-1: per input its median over the examples ("median"), or one number. Inputs whose
// standard deviation over the examples is at most `min_deviation` are dropped.
struct Binarizer {
  std::vector<Eigen::Index> inputs;  // kept, ascending
  Eigen::VectorXd thresholds;        // one a kept input; larger is +1
  Eigen::MatrixXd operator()(const Eigen::Ref<const Eigen::MatrixXd>& points) const;
};
Binarizer median_binarizer(const Eigen::Ref<const Eigen::MatrixXd>& points, double min_deviation);
Binarizer threshold_binarizer(const Eigen::Ref<const Eigen::MatrixXd>& points, double threshold,
                              double min_deviation);

// Class means, N x K; `per_class` > 0 uses the first so many examples of each class.
Eigen::MatrixXd class_means(const LabelledExamples& examples, std::int64_t per_class = 0);
// The mean of squares of all entries: the empirical R.
double mean_square(const Eigen::Ref<const Eigen::MatrixXd>& means);

// Means of `examples` >= 1 generated examples of each archetype at quality r in (0, 1], N x K: binomial draws, so the
// examples themselves are never made.
Eigen::MatrixXd generated_means(const SignPatterns& archetypes, double quality, std::int64_t examples,
                                Stream stream);
// The examples themselves, N x (K M), class by class.
LabelledExamples generated_examples(const SignPatterns& archetypes, double quality, std::int64_t examples,
                                    Stream stream);

}  // namespace lehr::spin
