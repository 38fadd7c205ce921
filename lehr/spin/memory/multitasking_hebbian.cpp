#include "lehr/spin/memory/multitasking_hebbian.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

struct Sums {
  Eigen::MatrixXf rows;    // the sum of each label's examples
  Eigen::VectorXd counts;  // how many those are
};

Sums sums_by_label(const SparsePatterns& examples, std::span<const std::int32_t> labels, Eigen::Index groups,
                   std::int64_t revealed) {
  Sums sums{Eigen::MatrixXf::Zero(groups, examples.cols()), Eigen::VectorXd::Zero(groups)};
  for (std::int64_t k = 0; k < revealed; ++k) {
    const std::int32_t group = labels[static_cast<std::size_t>(k)];
    sums.rows.row(group) += examples.row(k).cast<float>();
    sums.counts(group) += 1;
  }
  return sums;
}

Eigen::Index groups_of(std::span<const std::int32_t> labels) {
  return labels.empty() ? 0 : *std::ranges::max_element(labels) + 1;
}

// s_i and the sign of the first pattern that is not blank at i; random where all are.
std::int8_t first_sign(const SparsePatterns& patterns, Eigen::Index i) {
  for (Eigen::Index mu = 0; mu < patterns.rows(); ++mu)
    if (patterns(mu, i) != 0) return patterns(mu, i);
  return 0;
}

std::int8_t majority(const SparsePatterns& patterns, Eigen::Index i) {
  const int sum = patterns.col(i).cast<int>().sum();
  return static_cast<std::int8_t>((sum > 0) - (sum < 0));
}

// Zero temperature: flips the spins whose field says so, one after another.
std::int64_t descend(const HebbianOverlaps& network, HebbianOverlaps::Configuration& c, Order order,
                     Stream& random) {
  std::int64_t accepted = 0;
  for (Index k = 0; k < network.size(); ++k) {
    const Index i = order == Order::random ? static_cast<Index>(uniform_index(random, network.size())) : k;
    if (network.flip_cost(c, i) >= 0) continue;
    network.flip(c, i);
    ++accepted;
  }
  return accepted;
}

}  // namespace

HebbianOverlaps::HebbianOverlaps(Eigen::MatrixXf rows, Eigen::VectorXd weights, double gain)
    : rows_(std::move(rows)), weights_(std::move(weights)) {
  if (rows_.size() == 0 || weights_.size() != rows_.rows())
    throw InvalidInput("Hebbian network: {} rows of {} spins with {} weights", rows_.rows(), rows_.cols(),
                       weights_.size());
  own_.resize(rows_.cols());
  for (Eigen::Index i = 0; i < rows_.cols(); ++i)
    own_(i) = weights_.dot(rows_.col(i).cast<double>().cwiseAbs2());
  diagonal_ = own_.sum();
  scale_ = gain / static_cast<double>(rows_.cols());
}

HebbianOverlaps::Configuration HebbianOverlaps::configuration(std::span<const std::int8_t> spins) const {
  Configuration c{Spins(spins.begin(), spins.end()), Eigen::VectorXd::Zero(rows_.rows())};
  for (Eigen::Index i = 0; i < rows_.cols(); ++i)
    c.overlaps += static_cast<double>(spins[static_cast<std::size_t>(i)]) * rows_.col(i).cast<double>();
  return c;
}

double HebbianOverlaps::energy(const Configuration& c) const {
  return -0.5 * scale_ * (weights_.dot(c.overlaps.cwiseAbs2()) - diagonal_);
}

void MultitaskingOptions::describe(OptionTable& table) {
  table.add("learning", learning, "what the network is made of")
      .choices({"storing", "supervised", "unsupervised"});
  table.add("normalise", normalise, "divide the energy by the examples' information R (1 - d)")
      .choices({"none", "information"});
  table.add("temperature", temperature, "of each sweep, at least 0");
  table.add("revealed", revealed, "share of the examples that the network has seen, in [0, 1]");
  table.add("dynamics", dynamics, "acceptance at T > 0").choices({"heat-bath", "metropolis"});
  table.add("order", order, "of the spins in a sweep").choices({"random", "sequential"});
  table.add("start", start, "first state").choices({"pattern", "hierarchical", "mixture", "random"});
  table.add("pattern", pattern, "with start = pattern: its number, from 1").range(1, 1e6);
}

MultitaskingHebbian::MultitaskingHebbian(MultitaskingData data, MultitaskingOptions options)
    : data_(std::move(data)), options_(std::move(options)) {
  const bool stores = options_.learning == "storing";
  if (stores && data_.patterns.size() == 0)
    throw InvalidInput(
        "learning = storing needs patterns; examples alone are learnt supervised or unsupervised");
  if (!stores && data_.examples.rows() == 0)
    throw InvalidInput("learning = {} needs examples", options_.learning);
  if (options_.learning == "supervised" && data_.labels.empty())
    throw InvalidInput("learning = supervised needs the examples' labels");
  if (data_.patterns.size() > 0 && data_.examples.size() > 0 &&
      data_.patterns.cols() != data_.examples.cols())
    throw InvalidInput("the patterns have {} spins, the examples {}", data_.patterns.cols(),
                       data_.examples.cols());
  if (!data_.labels.empty() && static_cast<Eigen::Index>(data_.labels.size()) != data_.examples.rows())
    throw InvalidInput("{} examples have {} labels", data_.examples.rows(), data_.labels.size());
  for (const std::int32_t label : data_.labels)
    if (label < 0 || label >= data_.examples.rows())
      throw InvalidInput("labels must be in [0, {}], found {}", data_.examples.rows() - 1, label);

  if (data_.patterns.size() > 0) {
    references_ = data_.patterns;
  } else if (!data_.labels.empty()) {
    const Sums sums =
        sums_by_label(data_.examples, data_.labels, groups_of(data_.labels), data_.examples.rows());
    references_ = sums.rows.cwiseSign().cast<std::int8_t>();
  } else {
    references_ = data_.examples;
  }
  if (groups_of(data_.labels) > references_.rows())
    throw InvalidInput("the labels name {} patterns, there are {}", groups_of(data_.labels),
                       references_.rows());
  if (options_.start == "pattern" && options_.pattern > references_.rows())
    throw InvalidInput("pattern: must be in [1, {}], found {}", references_.rows(), options_.pattern);
}

std::int64_t MultitaskingHebbian::revealed_rows(double share) const {
  if (!(share >= 0 && share <= 1)) throw InvalidInput("revealed: must stay in [0, 1], found {}", share);
  const auto rows = static_cast<double>(data_.examples.rows());
  return std::max<std::int64_t>(std::min<std::int64_t>(data_.examples.rows(), 1), std::llround(share * rows));
}

// R (1 - d) = the mean square of an entry of the mean examples; without labels, of the examples.
double MultitaskingHebbian::information(const SparsePatterns& rows,
                                        const std::vector<std::int32_t>& labels) const {
  if (options_.normalise == "none") return 1;
  if (labels.empty()) return rows.cast<double>().cwiseAbs2().mean();
  const Sums sums = sums_by_label(rows, labels, groups_of(labels), rows.rows());
  double total = 0;
  Eigen::Index seen = 0;
  for (Eigen::Index mu = 0; mu < sums.rows.rows(); ++mu)
    if (sums.counts(mu) > 0)
      total += (sums.rows.row(mu).cast<double>() / sums.counts(mu)).squaredNorm(), ++seen;
  return total / static_cast<double>(seen * rows.cols());
}

void MultitaskingHebbian::rebuild(State& state) const {
  const auto revealed = static_cast<Eigen::Index>(state.revealed);
  state.network_rows = state.revealed;
  if (options_.learning == "storing") {
    const double gain = 1 / information(data_.patterns, {});
    state.network = std::make_shared<HebbianOverlaps>(data_.patterns.cast<float>(),
                                                      Eigen::VectorXd::Ones(data_.patterns.rows()), gain);
    return;
  }
  const SparsePatterns rows = data_.examples.topRows(revealed);
  const std::vector<std::int32_t> labels(data_.labels.begin(),
                                         data_.labels.begin() + (data_.labels.empty() ? 0 : state.revealed));
  const double information_content = information(rows, labels);
  if (options_.learning == "unsupervised") {
    const Eigen::Index patterns = data_.labels.empty() && data_.patterns.size() == 0 ? 1 : references_.rows();
    const double per_pattern = static_cast<double>(revealed) / static_cast<double>(patterns);
    state.network = std::make_shared<HebbianOverlaps>(rows.cast<float>(), Eigen::VectorXd::Ones(revealed),
                                                      1 / (per_pattern * information_content));
    return;
  }
  Sums sums = sums_by_label(rows, labels, references_.rows(), state.revealed);
  const double most = sums.counts.maxCoeff();
  // Relative to the largest group, so that equal groups have the weight 1 and sums stay whole numbers.
  const Eigen::VectorXd weights =
      (sums.counts.array() > 0).select((most / sums.counts.array().max(1)).square(), 0.0);
  state.network = std::make_shared<HebbianOverlaps>(std::move(sums.rows), weights,
                                                    1 / (most * most * information_content));
}

Spins MultitaskingHebbian::first_spins(Stream random) const {
  Spins spins(static_cast<std::size_t>(references_.cols()));
  for (Eigen::Index i = 0; i < references_.cols(); ++i) {
    std::int8_t sign = 0;
    if (options_.start == "pattern") sign = references_(options_.pattern - 1, i);
    if (options_.start == "hierarchical") sign = first_sign(references_, i);
    if (options_.start == "mixture") sign = majority(references_, i);
    const bool up = (random() >> 63) != 0;  // drawn for every spin, so that starts share their random signs
    spins[static_cast<std::size_t>(i)] = sign != 0 ? sign : static_cast<std::int8_t>(up ? 1 : -1);
  }
  return spins;
}

MultitaskingHebbian::State MultitaskingHebbian::start(const Moment& now) const {
  State state;
  state.revealed = revealed_rows(options_.revealed(now));
  rebuild(state);
  state.configuration = state.network->configuration(first_spins(Stream(now.seed, lane("multitask start"))));
  state.temperature = options_.temperature(now);
  return state;
}

void MultitaskingHebbian::advance(State& state, const Moment& now) const {
  state.temperature = options_.temperature(now);
  if (!(state.temperature >= 0))
    throw InvalidInput("temperature: must stay at least 0, found {} at step {}", state.temperature, now.step);
  if (const std::int64_t rows = revealed_rows(options_.revealed(now)); rows != state.revealed) {
    state.revealed = rows;
    rebuild(state);
    state.configuration = state.network->configuration(state.configuration.spins);
  }
  Stream random = now.random(lane("multitask sweep"));
  const Order order = options_.order == "random" ? Order::random : Order::sequential;
  if (state.temperature == 0) {
    state.accepted = descend(*state.network, state.configuration, order, random);
  } else {
    const Rule rule = options_.dynamics == "metropolis" ? Rule::metropolis : Rule::heat_bath;
    state.accepted =
        sweep(*state.network, state.configuration, 1 / state.temperature, random, rule, order).accepted;
  }
  ++state.sweeps;
  now.spend(state.network->size());
}

Eigen::VectorXd MultitaskingHebbian::overlaps(const State& state) const {
  const auto& spins = state.configuration.spins;
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(references_.rows());
  for (Eigen::Index i = 0; i < references_.cols(); ++i)
    sums += static_cast<double>(spins[static_cast<std::size_t>(i)]) * references_.col(i).cast<double>();
  return sums / static_cast<double>(references_.cols());
}

void MultitaskingHebbian::measure(const State& state, Row& row) const {
  const auto n = static_cast<double>(references_.cols());
  const Eigen::Map<const Eigen::Matrix<std::int8_t, 1, Eigen::Dynamic>> spins(
      state.configuration.spins.data(), references_.cols());
  const Eigen::VectorXd m = overlaps(state);
  row.add("temperature", state.temperature);
  row.add("energy", state.network->energy(state.configuration) / n);
  row.add("accepted", static_cast<double>(state.accepted) / n);
  double by_overlaps = 0, by_losses = 0;
  for (Eigen::Index mu = 0; mu < m.size(); ++mu) {
    const auto xi = references_.row(mu).cast<int>();
    const double signs = static_cast<double>(xi.cwiseAbs().sum()) / n;
    const double plus = static_cast<double>((xi - spins.cast<int>()).cwiseAbs2().sum()) / n;
    const double minus = static_cast<double>((xi + spins.cast<int>()).cwiseAbs2().sum()) / n;
    by_overlaps -= 0.5 * m(mu) * m(mu);
    by_losses -= ((1 + signs) * (1 + signs) - plus * minus) / 8;
    const std::string number = std::to_string(mu + 1);
    row.add("m_" + number, m(mu));
    row.add("loss_plus_" + number, plus);
    row.add("loss_minus_" + number, minus);
  }
  row.add("identity", std::abs(by_overlaps - by_losses));
}

}  // namespace lehr::spin
