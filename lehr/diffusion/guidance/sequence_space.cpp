#include "lehr/diffusion/guidance/sequence_space.hpp"
#include "lehr/diffusion/guidance/minus_infinity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <unordered_map>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::diffusion {
namespace {

constexpr double most_masked_states = 2e7;

double log_sum(const double* terms, Index count) {
  return stats::log_sum_exp({terms, static_cast<std::size_t>(count)});
}
double largest(const double* terms, Index count) { return *std::max_element(terms, terms + count); }
double plain_sum(const double* terms, Index count) { return std::accumulate(terms, terms + count, 0.0); }
using Sum = double (*)(const double*, Index);

// K^L numbers -> (K + 1)^L: the symbol K of a position sums over all others.
VectorXd summed_over_masks(VectorXd values, Index symbols, Index length, Sum sum) {
  Index outer = 1, inner = values.size();
  for (Index i = 0; i < length; ++i) {
    inner /= symbols;
    VectorXd wider(outer * (symbols + 1) * inner);
    parallel_for(outer, [&](std::int64_t o) {
      std::vector<double> terms(static_cast<std::size_t>(symbols));
      const double* from = values.data() + o * symbols * inner;
      double* to = wider.data() + o * (symbols + 1) * inner;
      std::copy(from, from + symbols * inner, to);
      for (Index j = 0; j < inner; ++j) {
        for (Index k = 0; k < symbols; ++k) terms[static_cast<std::size_t>(k)] = from[k * inner + j];
        to[symbols * inner + j] = sum(terms.data(), symbols);
      }
    });
    values = std::move(wider);
    outer *= symbols + 1;
  }
  return values;
}

// K^L numbers of clean sequences -> of noisy ones at time t, `log_space` or plain.
VectorXd summed_over_noise(VectorXd values, Index symbols, Index length, double t, Sum sum, bool log_space) {
  const double other = t / static_cast<double>(symbols), same = 1 - t + other;
  const double log_other = std::log(other), log_same = std::log(same);
  Index inner = values.size();
  for (Index i = 0; i < length; ++i) {
    inner /= symbols;
    VectorXd noisy(values.size());
    parallel_for(values.size() / (symbols * inner), [&](std::int64_t o) {
      std::vector<double> terms(static_cast<std::size_t>(symbols));
      const double* from = values.data() + o * symbols * inner;
      double* to = noisy.data() + o * symbols * inner;
      for (Index j = 0; j < inner; ++j)
        for (Index l = 0; l < symbols; ++l) {
          for (Index k = 0; k < symbols; ++k) {
            const double value = from[k * inner + j];
            terms[static_cast<std::size_t>(k)] =
                log_space ? value + (k == l ? log_same : log_other) : value * (k == l ? same : other);
          }
          to[l * inner + j] = sum(terms.data(), symbols);
        }
    });
    values = std::move(noisy);
  }
  return values;
}

// Tables of values for one space and process, made when first needed.
class ValueTables {
 public:
  ValueTables(std::shared_ptr<const SequenceSpace> space, const ReverseModel& model, ValueKind kind)
      : space_(std::move(space)), times_(model.times), masked_(model.masked), kind_(kind) {
    const auto base = static_cast<double>(space_->symbols + 1);
    tabulated_ = !masked_ || std::pow(base, static_cast<double>(space_->length)) <= most_masked_states;
  }

  VectorXd values(const MatrixXd& x, Index level, double alpha) {
    if (alpha_ != alpha) tables_.clear(), known_.clear(), alpha_ = alpha;
    VectorXd values(x.cols());
    if (!tabulated_) {
      for (Index c = 0; c < x.cols(); ++c) values[c] = summed(x.col(c));
      return values;
    }
    const Index base = masked_ ? space_->symbols + 1 : space_->symbols;
    const VectorXd& table = table_of(masked_ ? 0 : level);
    for (Index c = 0; c < x.cols(); ++c) {
      Index index = 0;
      for (Index i = 0; i < x.rows(); ++i) index = index * base + static_cast<Index>(x(i, c));
      values[c] = table[index];
    }
    return values;
  }

 private:
  const VectorXd& table_of(Index level) {
    VectorXd& table = tables_[level];
    if (table.size() == 0) table = kind_ == ValueKind::mean ? mean_table(level) : soft_table(level);
    return table;
  }
  VectorXd spread_out(VectorXd values, Index level, Sum sum, bool log_space) const {
    if (masked_) return summed_over_masks(std::move(values), space_->symbols, space_->length, sum);
    return summed_over_noise(std::move(values), space_->symbols, space_->length,
                             times_[static_cast<std::size_t>(level)], sum, log_space);
  }
  VectorXd soft_table(Index level) const {
    if (alpha_ == 0) {  // the highest reward that the prior can reach from here
      VectorXd best(space_->size());
      for (Index i = 0; i < best.size(); ++i)
        best[i] = std::isnan(space_->rewards[i]) || space_->log_prior[i] == minus_infinity
                      ? minus_infinity
                      : space_->rewards[i];
      if (masked_) return spread_out(std::move(best), level, largest, true);
      return VectorXd::Constant(best.size(), best.maxCoeff());  // noise forbids nothing
    }
    VectorXd weighted(space_->size());
    for (Index i = 0; i < weighted.size(); ++i)
      weighted[i] = std::isnan(space_->rewards[i]) ? minus_infinity
                                                   : space_->log_prior[i] + space_->rewards[i] / alpha_;
    const VectorXd with = spread_out(std::move(weighted), level, log_sum, true);
    const VectorXd without = spread_out(space_->log_prior, level, log_sum, true);
    VectorXd table(with.size());
    for (Index i = 0; i < table.size(); ++i)
      table[i] = with[i] == minus_infinity ? minus_infinity : alpha_ * (with[i] - without[i]);
    return table;
  }
  VectorXd mean_table(Index level) const {
    VectorXd weighted(space_->size()), mass(space_->size());
    for (Index i = 0; i < mass.size(); ++i) {
      const bool feasible = !std::isnan(space_->rewards[i]);
      mass[i] = feasible ? std::exp(space_->log_prior[i]) : 0;
      weighted[i] = feasible ? mass[i] * space_->rewards[i] : 0;
    }
    const VectorXd with = spread_out(std::move(weighted), level, plain_sum, false);
    const VectorXd without = spread_out(std::move(mass), level, plain_sum, false);
    return with.cwiseQuotient(without);  // NaN where the prior forbids the state
  }

  // The masked value by summation over the completions of one state.
  double summed(const ColumnRef& x) {
    std::string key(static_cast<std::size_t>(x.size()), '\0');
    for (Index i = 0; i < x.size(); ++i) key[static_cast<std::size_t>(i)] = static_cast<char>(x[i]);
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    std::vector<double> with, without, rewards;
    const std::function<void(Index, Index)> descend = [&](Index position, Index index) {
      if (position == x.size()) {
        const double r = space_->rewards[index], p = space_->log_prior[index];
        without.push_back(p);
        if (std::isnan(r) || p == minus_infinity) return;
        rewards.push_back(r);
        with.push_back(kind_ == ValueKind::mean || alpha_ == 0 ? p : p + r / alpha_);
        return;
      }
      const auto here = static_cast<Index>(x[position]);
      for (Index k = 0; k < space_->symbols; ++k)
        if (here == space_->symbols || here == k) descend(position + 1, index * space_->symbols + k);
    };
    descend(0, 0);
    double value = minus_infinity;
    if (!rewards.empty()) {
      const double total = stats::log_sum_exp(with);
      if (kind_ == ValueKind::mean) {
        value = 0;
        for (std::size_t i = 0; i < with.size(); ++i) value += std::exp(with[i] - total) * rewards[i];
      } else {
        value =
            alpha_ == 0 ? *std::ranges::max_element(rewards) : alpha_ * (total - stats::log_sum_exp(without));
      }
    }
    if (known_.size() > 4'000'000) known_.clear();
    return known_[key] = value;
  }

  std::shared_ptr<const SequenceSpace> space_;
  std::vector<double> times_;
  bool masked_, tabulated_ = true;
  ValueKind kind_;
  double alpha_ = -1;
  std::map<Index, VectorXd> tables_;  // by level; masked: one
  std::unordered_map<std::string, double> known_;
};

}  // namespace

double number_of_sequences(Index length, Index symbols) {
  return std::pow(static_cast<double>(symbols), static_cast<double>(length));
}

VectorXd SequenceSpace::sequence(Index index) const {
  VectorXd x(length);
  for (Index i = length - 1; i >= 0; --i, index /= symbols) x[i] = static_cast<double>(index % symbols);
  return x;
}

SequenceSpace enumerate(const SequencePrior& prior, const DesignReward& reward) {
  const double count = number_of_sequences(prior.length(), prior.symbols());
  if (count > most_sequences)
    throw InvalidInput("{}^{} sequences are more than the {:.0f} that can be enumerated", prior.symbols(),
                       prior.length(), most_sequences);
  SequenceSpace space{prior.length(), prior.symbols(), VectorXd(static_cast<Index>(count)), {}};
  space.rewards.resize(space.size());
  constexpr Index at_once = 16384;
  for (Index first = 0; first < space.size(); first += at_once) {
    MatrixXd batch(space.length, std::min(at_once, space.size() - first));
    parallel_for(
        batch.cols(),
        [&](std::int64_t c) {
          batch.col(c) = space.sequence(first + c);
          space.log_prior[first + c] = prior.log_probability(batch.col(c));
        },
        256);
    space.rewards.segment(first, batch.cols()) = evaluate(reward, batch);
  }
  return space;
}

RewardLaw reward_law(std::vector<double> levels, VectorXd prior, double alpha) {
  RewardLaw law;
  law.prior = prior / prior.sum();
  const Eigen::Map<const VectorXd> r(levels.data(), static_cast<Index>(levels.size()));
  const double top = levels.back();
  if (alpha > 0) {
    law.target = law.prior.array() * ((r.array() - top) / alpha).exp();
    law.log_normaliser = std::log(law.target.sum()) + top / alpha;
    law.target /= law.target.sum();
  } else {
    law.target = VectorXd::Unit(r.size(), r.size() - 1);
  }
  law.prior_mean = law.prior.dot(r);
  law.target_mean = law.target.dot(r);
  law.levels = std::move(levels);
  return law;
}

RewardLaw reward_law(const SequenceSpace& space, double alpha) {
  std::vector<Index> order;
  for (Index i = 0; i < space.size(); ++i)
    if (!std::isnan(space.rewards[i]) && space.log_prior[i] > minus_infinity) order.push_back(i);
  if (order.empty()) throw InvalidInput("reward: none of the {} sequences is feasible", space.size());
  std::ranges::sort(order, {}, [&](Index i) { return std::pair(space.rewards[i], i); });
  std::vector<double> levels, mass;
  for (const Index i : order) {
    if (levels.empty() || space.rewards[i] - levels.back() > 1e-9)
      levels.push_back(space.rewards[i]), mass.push_back(0);
    mass.back() += std::exp(space.log_prior[i]);
  }
  return reward_law(std::move(levels), Eigen::Map<VectorXd>(mass.data(), static_cast<Index>(mass.size())),
                    alpha);
}

VectorXd target_of_first_two(const SequenceSpace& space, double alpha) {
  const Index pairs = space.symbols * space.symbols, rest = space.size() / pairs;
  VectorXd logs(space.size());
  double top = minus_infinity;
  for (Index i = 0; i < space.size(); ++i)
    if (!std::isnan(space.rewards[i]) && space.log_prior[i] > minus_infinity)
      top = std::max(top, space.rewards[i]);
  for (Index i = 0; i < space.size(); ++i) {
    const double over = space.rewards[i] - top;
    const bool none = std::isnan(over) || (alpha == 0 && over < 0);
    logs[i] = none ? minus_infinity : space.log_prior[i] + (alpha > 0 ? over / alpha : 0);
  }
  VectorXd law(pairs);
  for (Index i = 0; i < pairs; ++i) law[i] = logs.segment(i * rest, rest).array().exp().sum();
  return law / law.sum();
}

ValueModel exact_value(std::shared_ptr<const SequenceSpace> space, const ReverseModel& model,
                       ValueKind kind) {
  auto tables = std::make_shared<ValueTables>(std::move(space), model, kind);
  return [tables](const MatrixXd& x, Index level, double alpha, const BatchAddress&) {
    return ValueBatch{tables->values(x, level, alpha), 0, 0};
  };
}

}  // namespace lehr::diffusion
