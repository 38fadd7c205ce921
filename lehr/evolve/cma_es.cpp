#include "lehr/evolve/cma_es.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::evolve {
namespace {

constexpr Eigen::Index largest_dimension = 2000;
constexpr double worst_condition = 1e14;

double reflect(double u) {
  const double t = std::fmod(std::abs(u), 2.0);
  return t <= 1 ? t : 2 - t;
}

// sum(w)^2 / sum(w^2): the number of equal weights with the same variance of their mean.
double effective_count(const Eigen::Ref<const Eigen::VectorXd>& weights) {
  const double squares = weights.squaredNorm();
  return squares > 0 ? weights.sum() * weights.sum() / squares : 0;
}

}  // namespace

CmaEs::CmaEs(Eigen::Index dimension, CmaEsOptions options, Domain domain)
    : options_(std::move(options)), domain_(domain), dimension_(dimension) {
  if (dimension < 1 || dimension > largest_dimension)
    throw InvalidInput("CMA-ES: the dimension must be in [1, {}], found {}", largest_dimension, dimension);
  if (!(options_.sigma > 0) || !std::isfinite(options_.sigma))
    throw InvalidInput("CMA-ES: sigma must be above 0 and finite, found {}", options_.sigma);
  if (options_.population != 0 && (options_.population < 4 || options_.population > 100'000))
    throw InvalidInput("CMA-ES: population must be 0 or in [4, 100000], found {}", options_.population);
  if (options_.start.empty())
    options_.start.assign(static_cast<std::size_t>(dimension), domain == Domain::unit_cube ? 0.5 : 0.0);
  if (static_cast<Eigen::Index>(options_.start.size()) != dimension)
    throw InvalidInput("CMA-ES: start has {} numbers, the dimension is {}", options_.start.size(), dimension);
  for (const double x : options_.start)
    if (!std::isfinite(x) || (domain == Domain::unit_cube && !(x >= 0 && x <= 1)))
      throw InvalidInput("CMA-ES: start must be {}, found {}",
                         domain == Domain::unit_cube ? "in the unit cube [0, 1]" : "finite", x);

  // Table 1 of the tutorial, with n, lambda, mu and mu_eff as there.
  const double n = static_cast<double>(dimension);
  population_ =
      options_.population != 0 ? options_.population : 4 + static_cast<Eigen::Index>(3 * std::log(n));
  parents_ = population_ / 2;
  const double lambda = static_cast<double>(population_);
  weights_.resize(population_);
  for (Eigen::Index i = 0; i < population_; ++i)
    weights_(i) = std::log((lambda + 1) / 2) - std::log(static_cast<double>(i + 1));
  mu_eff_ = effective_count(weights_.head(parents_));
  const double mu_eff_negative = effective_count(weights_.tail(population_ - parents_));
  c_sigma_ = (mu_eff_ + 2) / (n + mu_eff_ + 5);
  d_sigma_ = 1 + 2 * std::max(0.0, std::sqrt((mu_eff_ - 1) / (n + 1)) - 1) + c_sigma_;
  c_c_ = (4 + mu_eff_ / n) / (n + 4 + 2 * mu_eff_ / n);
  c_1_ = 2 / ((n + 1.3) * (n + 1.3) + mu_eff_);
  c_mu_ = std::min(1 - c_1_, 2 * (0.25 + mu_eff_ + 1 / mu_eff_ - 2) / ((n + 2) * (n + 2) + mu_eff_));
  expected_norm_ = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));

  const double negative_sum =
      std::min({1 + c_1_ / c_mu_, 1 + 2 * mu_eff_negative / (mu_eff_ + 2), (1 - c_1_ - c_mu_) / (n * c_mu_)});
  const double positive = weights_.cwiseMax(0).sum(), negative = -weights_.cwiseMin(0).sum();
  for (double& w : weights_) w = w >= 0 ? w / positive : options_.active ? w * negative_sum / negative : 0;
}

CmaEsState CmaEs::start(Seed seed) const {
  State state;
  state.seed = seed.value;
  state.sigma = options_.sigma;
  state.mean = Eigen::Map<const Eigen::VectorXd>(options_.start.data(), dimension_);
  state.path_sigma = state.path_covariance = Eigen::VectorXd::Zero(dimension_);
  state.covariance = state.directions = Eigen::MatrixXd::Identity(dimension_, dimension_);
  state.axes = Eigen::VectorXd::Ones(dimension_);
  return state;
}

CmaEs::Draws CmaEs::draw(const State& state) const {
  check_state(state);
  Stream random(Seed{state.seed}, lane("population"), static_cast<std::uint64_t>(state.generation));
  Draws draws{Eigen::MatrixXd(dimension_, population_), {}};
  for (double& z : draws.normal.reshaped()) z = normal(random);
  draws.steps = state.directions * (state.axes.asDiagonal() * draws.normal);
  return draws;
}

Eigen::MatrixXd CmaEs::place(const State& state, const Eigen::MatrixXd& steps) const {
  Eigen::MatrixXd points = (state.sigma * steps).colwise() + state.mean;
  if (domain_ == Domain::unit_cube) points = points.unaryExpr(&reflect);
  return points;
}

Eigen::MatrixXd CmaEs::ask(const State& state) const { return place(state, draw(state).steps); }

void CmaEs::tell(State& state, const Eigen::Ref<const Eigen::MatrixXd>& points,
                 std::span<const double> values) const {
  const Draws draws = draw(state);
  check_told("CMA-ES", place(state, draws.steps), points, values);
  state.record(points, values);
  const std::vector<Eigen::Index> order = ranking(values);
  const auto value = [&](Eigen::Index rank) { return values[static_cast<std::size_t>(order[rank])]; };
  if (!std::isfinite(value(0))) return;

  const Draws sorted{draws.normal(Eigen::all, order), draws.steps(Eigen::all, order)};
  move(state, sorted);
  const double full = 1 - std::pow(1 - c_sigma_, 2 * static_cast<double>(state.generation));
  const double n = static_cast<double>(dimension_);
  const bool stalled = state.path_sigma.norm() / std::sqrt(full) >= (1.4 + 2 / (n + 1)) * expected_norm_;
  adapt_covariance(state, sorted, stalled);
  const auto far = static_cast<Eigen::Index>(std::ceil(0.7 * static_cast<double>(population_))) - 1;
  adapt_sigma(state, value(0) == value(far));
  if (static_cast<double>(state.generation - state.decomposed) >= 1 / (10 * n * (c_1_ + c_mu_)))
    decompose(state);
  remember(state, values, order);
}

// m and p_sigma; C^(-1/2) y = B z.
void CmaEs::move(State& state, const Draws& sorted) const {
  const auto w = weights_.head(parents_);
  state.mean += state.sigma * (sorted.steps.leftCols(parents_) * w);
  const Eigen::VectorXd whitened = state.directions * (sorted.normal.leftCols(parents_) * w);
  state.path_sigma =
      (1 - c_sigma_) * state.path_sigma + std::sqrt(c_sigma_ * (2 - c_sigma_) * mu_eff_) * whitened;
}

// p_c and C. While p_sigma is long (`stalled`: h_sigma = 0) p_c pauses, so that C does not grow too fast.
void CmaEs::adapt_covariance(State& state, const Draws& sorted, bool stalled) const {
  const Eigen::VectorXd mean_step = sorted.steps.leftCols(parents_) * weights_.head(parents_);
  state.path_covariance *= 1 - c_c_;
  if (!stalled) state.path_covariance += std::sqrt(c_c_ * (2 - c_c_) * mu_eff_) * mean_step;

  Eigen::VectorXd weights = weights_;  // w^o: negative ones are scaled so that C stays positive definite
  for (Eigen::Index i = 0; i < population_; ++i)
    if (weights(i) < 0) weights(i) *= static_cast<double>(dimension_) / sorted.normal.col(i).squaredNorm();
  const double delta = stalled ? c_c_ * (2 - c_c_) : 0;
  Eigen::MatrixXd C = (1 + c_1_ * delta - c_1_ - c_mu_ * weights_.sum()) * state.covariance;
  C.noalias() += c_1_ * state.path_covariance * state.path_covariance.transpose();
  C.noalias() += c_mu_ * (sorted.steps * weights.asDiagonal()) * sorted.steps.transpose();
  state.covariance = 0.5 * (C + C.transpose());
}

// On a plateau (`flat`: the best value equals the worse ones) sigma grows to escape from it.
void CmaEs::adapt_sigma(State& state, bool flat) const {
  const double rate = c_sigma_ / d_sigma_;
  state.sigma *= std::exp(std::min(1.0, rate * (state.path_sigma.norm() / expected_norm_ - 1)));
  if (flat) state.sigma *= std::exp(0.2 + rate);
  if (domain_ == Domain::unit_cube) state.sigma = std::min(state.sigma, 1 / state.axes.maxCoeff());
}

void CmaEs::decompose(State& state) const {
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(state.covariance);
  if (!eigen.values.allFinite())
    throw NumericalFailure("CMA-ES: the covariance matrix of generation {} has no finite eigenvalues",
                           state.generation);
  const double floor = eigen.values.maxCoeff() / (10 * worst_condition);
  state.axes = eigen.values.cwiseMax(floor).cwiseSqrt();
  state.directions = eigen.vectors;
  state.decomposed = state.generation;
}

std::size_t CmaEs::recent_generations() const {
  return static_cast<std::size_t>(
      10 + std::ceil(30.0 * static_cast<double>(dimension_) / static_cast<double>(population_)));
}

void CmaEs::remember(State& state, std::span<const double> values,
                     const std::vector<Eigen::Index>& order) const {
  const double first = values[static_cast<std::size_t>(order.front())];
  state.recent_best.push_back(first);
  if (state.recent_best.size() > recent_generations()) state.recent_best.erase(state.recent_best.begin());
  const double last = values[static_cast<std::size_t>(order.back())];
  state.last_spread = std::isfinite(last) ? last - first : std::numeric_limits<double>::infinity();
}

bool CmaEs::finished(const State& state) const {
  const double condition = state.axes.maxCoeff() / state.axes.minCoeff();
  if (condition * condition > worst_condition) return true;
  const double reach = std::max(std::sqrt(state.covariance.diagonal().maxCoeff()),
                                state.path_covariance.cwiseAbs().maxCoeff());
  if (state.sigma * reach < options_.tolerance_point * options_.sigma) return true;
  if (state.recent_best.size() < recent_generations()) return false;
  const auto [low, high] = std::minmax_element(state.recent_best.begin(), state.recent_best.end());
  return std::max(*high - *low, state.last_spread) < options_.tolerance_value;
}

void CmaEs::measure(const State& state, Row& row) const {
  state.measure(row);
  row.add("sigma", state.sigma);
  row.add("axis_ratio", state.axes.maxCoeff() / state.axes.minCoeff());
}

void CmaEs::check_state(const State& state) const {
  const auto fits = [&](const Eigen::VectorXd& v) { return v.size() == dimension_; };
  const auto square = [&](const Eigen::MatrixXd& m) {
    return m.rows() == dimension_ && m.cols() == dimension_;
  };
  if (!fits(state.mean) || !fits(state.path_sigma) || !fits(state.path_covariance) || !fits(state.axes) ||
      !square(state.covariance) || !square(state.directions))
    throw InvalidInput("CMA-ES: the state is of dimension {}, the search of {}", state.mean.size(),
                       dimension_);
}

}  // namespace lehr::evolve
