#include "lehr/sample/design.hpp"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>

#include "lehr/core/parallel.hpp"
#include "lehr/sample/basis_text.hpp"
#include "lehr/sample/finite_space.hpp"
#include "lehr/sample/reference_projection.hpp"
#include "lehr/sample/weighted_least_squares.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "lehr/stats/summary.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

Eigen::VectorXd wave(const Points& points) {  // e^x cos 6x
  return (points.row(0).array().exp() * (6 * points.row(0).array()).cos()).transpose();
}
Eigen::VectorXd runge(const Points& points) {
  return (1 + 5 * points.row(0).array().square()).inverse().transpose();
}

// What the designs of one kind give, each design on its own.
struct DesignStudy {
  std::vector<double> lambda_min, trace,
      square_ratio;                               // smallest eigenvalue, tr(G^-1) / m, (error / best error)^2
  std::vector<std::vector<double>> coefficients;  // of each function

  double root_mean_square() const { return std::sqrt(stats::mean(square_ratio)); }
  double unstable() const {
    return static_cast<double>(std::ranges::count_if(lambda_min, [](double l) { return l < 0.5; })) /
           static_cast<double>(lambda_min.size());
  }
};

DesignStudy study(const FunctionSpace& space, const DesignOptions& options, const ScalarModel& function,
                  int designs, Seed seed = {11}) {
  const ReferenceProjection reference = reference_projection(space, function, seed);
  DesignStudy result;
  result.coefficients.resize(static_cast<std::size_t>(space.size));
  for (int i = 0; i < designs; ++i) {
    const Design design = draw_design(space, options, seed, static_cast<std::uint64_t>(i));
    const Eigen::MatrixXd features = space.features(design.points);
    const Eigen::VectorXd eigenvalues =
        Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(empirical_gram(features, design.weights, space.size))
            .eigenvalues();
    result.lambda_min.push_back(eigenvalues(0));
    result.trace.push_back(eigenvalues.cwiseInverse().mean());
    const Fit fit =
        weighted_least_squares(features, design.weights, function(design.points).transpose()).front();
    result.square_ratio.push_back(std::pow(reference.error_of(fit.coefficients) / reference.best_error, 2));
    for (Index j = 0; j < space.size; ++j)
      result.coefficients[static_cast<std::size_t>(j)].push_back(fit.coefficients(j));
  }
  return result;
}

// n = m: E|f - f_hat|^2 = (m + 1) |f - P f|^2, exactly.
TEST(Design, InterpolationOnADppLosesExactlyAFactorOfMPlusOne) {
  const DesignStudy dpp = study(parse_basis("legendre:degree=4"), {.kind = "dpp"}, wave, 6000);
  const double error = stats::standard_error(dpp.square_ratio);
  EXPECT_NEAR(stats::mean(dpp.square_ratio), 6, 1.0);
  EXPECT_NEAR(stats::mean(dpp.square_ratio), 6, 4 * error);
  RecordProperty("mean_square_ratio", fmt::format("{:.3f} +- {:.3f}", stats::mean(dpp.square_ratio), error));
}

// E[G^-1] = n / (n - m + 1) I, and the coefficients are unbiased.
TEST(Design, VolumeSamplingIsUnbiased) {
  const FunctionSpace space = parse_basis("legendre:degree=4");
  const ReferenceProjection reference = reference_projection(space, wave, Seed{1});
  for (const double mixing : {0.0, 0.4}) {
    const DesignStudy volume = study(space, {.kind = "volume", .n = 15, .mixing = mixing}, wave, 4000);
    EXPECT_NEAR(stats::mean(volume.trace), 15.0 / 11, 0.05);
    EXPECT_NEAR(stats::mean(volume.trace), 15.0 / 11, 4 * stats::standard_error(volume.trace));
    for (Index j = 0; j < 5; ++j) {
      const std::vector<double>& c = volume.coefficients[static_cast<std::size_t>(j)];
      EXPECT_LT(std::abs(stats::mean(c) - reference.coefficients(j)), 4 * stats::standard_error(c)) << j;
    }
  }
}

// Which coefficients are biased elsewhere is no matter, but the errors are ordered, and so are the chances of
// an unstable design.
TEST(Design, RepeatedDppsNeedFewerRuns) {
  const FunctionSpace space = parse_basis("legendre:degree=9");
  const auto run = [&](const char* kind, std::int64_t n) {
    return study(space, {.kind = kind, .n = n}, runge, 300);
  };
  const DesignStudy repeat = run("dpp_repeat", 40), volume = run("volume", 40), iid = run("optimal_iid", 40);
  RecordProperty("n_40",
                 fmt::format("repeat {:.3f} volume {:.3f} iid {:.3f}, unstable {:.2f} {:.2f} {:.2f}",
                             repeat.root_mean_square(), volume.root_mean_square(), iid.root_mean_square(),
                             repeat.unstable(), volume.unstable(), iid.unstable()));
  EXPECT_LE(repeat.root_mean_square(), 1.13);
  EXPECT_LE(volume.root_mean_square(), 1.32);
  EXPECT_GE(iid.root_mean_square(), 1.27);
  EXPECT_LT(repeat.root_mean_square(), volume.root_mean_square());
  EXPECT_LT(volume.root_mean_square(), iid.root_mean_square());
  EXPECT_LE(repeat.unstable(), 0.40);
  EXPECT_GE(iid.unstable(), 0.80);
  EXPECT_LE(run("dpp", 10).root_mean_square(), 5);
  EXPECT_GE(run("optimal_iid", 10).root_mean_square(), 50);
}

// The least n (of multiples of 10) with P(lambda_min >= 1/2) >= 0.9 over 200 designs.
TEST(Design, RepeatedDppsAreStableWithHalfTheRuns) {
  const FunctionSpace space = parse_basis("legendre:degree=9");
  const auto least_runs = [&](const char* kind) {
    for (std::int64_t n = 10;; n += 10)
      if (study(space, {.kind = kind, .n = n}, runge, 200).unstable() <= 0.1) return n;
  };
  const std::int64_t repeat = least_runs("dpp_repeat"), volume = least_runs("volume"),
                     iid = least_runs("optimal_iid");
  RecordProperty("least_runs", fmt::format("repeat {} volume {} iid {}", repeat, volume, iid));
  EXPECT_LE(static_cast<double>(repeat), 0.55 * static_cast<double>(iid));
  EXPECT_LE(repeat, volume);
  EXPECT_LE(volume, iid);
}

// E[G] = I for every design, whatever fills it up: the weights are right.
TEST(Design, WeightsMakeTheGramMatrixUnbiased) {
  const FunctionSpace space = parse_basis("legendre*hermite:total=2");
  const std::vector<DesignOptions> all = {{.kind = "optimal_iid", .n = 20},
                                          {.kind = "optimal_iid", .n = 20, .mixing = 0.5},
                                          {.kind = "optimal_iid", .n = 20, .mixing = 1},
                                          {.kind = "dpp"},
                                          {.kind = "dpp_repeat", .n = 12},
                                          {.kind = "dpp_repeat", .n = 15},
                                          {.kind = "dpp_repeat", .n = 15, .remainder = "part"},
                                          {.kind = "dpp_repeat", .n = 15, .remainder = "iid"}};
  for (const DesignOptions& options : all) {
    SCOPED_TRACE(fmt::format("{} {} {} {}", options.kind, options.n, options.mixing, options.remainder));
    const int designs = 3000;
    std::vector<std::vector<double>> entries(21);
    for (int i = 0; i < designs; ++i) {
      const Design design = draw_design(space, options, Seed{3}, static_cast<std::uint64_t>(i));
      const Eigen::MatrixXd gram = empirical_gram(space.features(design.points), design.weights, 6);
      std::size_t at = 0;
      for (Index a = 0; a < 6; ++a)
        for (Index b = a; b < 6; ++b) entries[at++].push_back(gram(a, b) - (a == b));
      if (options.mixing > 0) {
        EXPECT_LE(design.weights.maxCoeff(), 1 / options.mixing + 1e-12);
      }
    }
    for (const auto& entry : entries)
      EXPECT_LT(std::abs(stats::mean(entry)), 4.5 * stats::standard_error(entry) + 1e-12);
  }
}

// Volume sampling on a table against enumeration of all 12^4 tuples: the law of single rows and of pairs of
// rows.
TEST(Design, VolumeSamplingOnATableHasItsLaw) {
  Stream random(Seed{5}, lane("rows"));
  Eigen::MatrixXd rows(12, 3);
  for (double& x : rows.reshaped()) x = normal(random);
  const FunctionSpace space = finite_space(rows);
  const Eigen::MatrixXd& u = space.finite->orthonormal;
  const Eigen::VectorXd leverage = u.rowwise().squaredNorm();
  // Density ~ det(A'A) prod nu(x_i), A_i = sqrt(w_i) phi(x_i)', nu = l / 3: w phi phi' = 3 u u' / l.
  std::vector<double> single(12), pairs(144);
  double total = 0;
  for (int t = 0; t < 12 * 12 * 12 * 12; ++t) {
    const Index row[4] = {t % 12, t / 12 % 12, t / 144 % 12, t / 1728};
    Eigen::Matrix3d gram = Eigen::Matrix3d::Zero();
    double mass = 1;
    for (const Index r : row) {
      gram += 3 / leverage(r) * u.row(r).transpose() * u.row(r);
      mass *= leverage(r) / 3;
    }
    const double weight = mass * gram.determinant();
    total += weight;
    single[static_cast<std::size_t>(row[0])] += weight;
    pairs[static_cast<std::size_t>(12 * row[0] + row[1])] += weight;
  }
  const int designs = 100000;
  std::vector<double> single_count(12), pair_count(144);
  for (int i = 0; i < designs; ++i) {
    const Design design =
        draw_design(space, {.kind = "volume", .n = 4}, Seed{2}, static_cast<std::uint64_t>(i));
    const auto a = static_cast<std::size_t>(design.points(0)), b = static_cast<std::size_t>(design.points(1));
    ++single_count[a], ++pair_count[12 * a + b];
  }
  for (double& p : single) p *= designs / total;
  for (double& p : pairs) p *= designs / total;
  EXPECT_GT(stats::chi_square_test(single_count, single).p, 1e-3);
  EXPECT_GT(stats::chi_square_test(pair_count, pairs).p, 1e-3);
}

// m exp(-n c / m) bounds what happens.
TEST(Design, TheBoundForIndependentPointsHolds) {
  EXPECT_NEAR(chernoff_exponent(0.5), 0.5 + 0.5 * std::log(0.5), 1e-15);
  EXPECT_EQ(iid_runs(10, 0.5, 0.1), static_cast<Index>(std::ceil(10 * std::log(100) / 0.15342640972002736)));
  EXPECT_LE(iid_failure_bound(10, iid_runs(10, 0.5, 0.1), 0.5), 0.1);
  const FunctionSpace space = parse_basis("legendre:degree=4");
  const DesignStudy iid = study(space, {.kind = "optimal_iid", .n = iid_runs(5, 0.5, 0.5)}, runge, 500);
  EXPECT_LE(iid.unstable(), 0.5);
}

TEST(Design, DoesNotDependOnThreads) {
  const FunctionSpace space = parse_basis("legendre:d=2,total=6");
  const DesignOptions options{.kind = "dpp_repeat", .n = 100};
  set_threads(1);
  const Design one = draw_design(space, options, Seed{1});
  set_threads(4);
  const Design four = draw_design(space, options, Seed{1});
  set_threads(0);
  EXPECT_EQ(one.points, four.points);
  EXPECT_EQ(one.weights, four.weights);
  EXPECT_EQ(one.batches, four.batches);
  EXPECT_NE(one.points, draw_design(space, options, Seed{1}, 1).points);
  EXPECT_EQ(one.batches.front(), 0);
  EXPECT_EQ(one.batches.back(), 3);
}

TEST(Design, RefusesWhatCannotBe) {
  const FunctionSpace space = parse_basis("legendre:degree=4");
  const auto message = [&](const DesignOptions& options) {
    return test::message_of<InvalidInput>([&] { draw_design(space, options, Seed{1}); });
  };
  EXPECT_NE(message({.kind = "volume", .n = 4}).find("at least m = 5, found 4"), std::string::npos);
  EXPECT_NE(message({.kind = "dpp", .n = 6}).find("n = m = 5"), std::string::npos);
  EXPECT_NE(message({.kind = "dpp_repeat", .n = 5, .mixing = 0.5}).find("mixing"), std::string::npos);
  EXPECT_NE(message({.kind = "dpp-repeat", .n = 5}).find("did you mean 'dpp_repeat'"), std::string::npos);
}

}  // namespace
}  // namespace lehr::sample
