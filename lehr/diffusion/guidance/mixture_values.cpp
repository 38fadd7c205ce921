#include "lehr/diffusion/guidance/mixture_values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::diffusion {
namespace {

constexpr double least_share = 1e-9;
constexpr Index points_at_once = 1 << 16;

// The value of one state from its draws, J in each component that has a share.
double value_of(const VectorXd& shares, const Eigen::Ref<const VectorXd>& rewards, std::int64_t draws,
                double alpha, ValueKind kind) {
  double top = -std::numeric_limits<double>::infinity();
  for (const double r : rewards)
    if (!std::isnan(r)) top = std::max(top, r);
  if (std::isinf(top)) return std::nan("");
  if (kind == ValueKind::soft && alpha == 0) return top;
  double sum = 0, feasible = 0;
  for (Index k = 0, at = 0; k < shares.size(); ++k) {
    if (shares[k] < least_share) continue;
    double component = 0, count = 0;
    for (std::int64_t j = 0; j < draws; ++j, ++at) {
      if (std::isnan(rewards[at])) continue;
      component += kind == ValueKind::mean ? rewards[at] : std::exp((rewards[at] - top) / alpha);
      count += 1;
    }
    sum += shares[k] * component / static_cast<double>(draws);
    feasible += shares[k] * count / static_cast<double>(draws);
  }
  return kind == ValueKind::mean ? sum / feasible : top + alpha * std::log(sum);
}

}  // namespace

ValueModel mixture_value(const stats::GaussianMixture& mixture, const ReverseModel& model,
                         DesignReward reward, std::int64_t draws, ValueKind kind, const Process& process) {
  if (draws < 1) throw InvalidInput("draws: at least 1 in each component is needed, found {}", draws);
  auto posterior = std::make_shared<const MixturePosterior>(mixture);
  return [posterior, reward = std::move(reward), times = model.times, draws, kind, process](
             const MatrixXd& x, Index level, double alpha, const BatchAddress& address) {
    const double t = times[static_cast<std::size_t>(level)], a = process.a(t), s = process.s(t);
    ValueBatch batch{VectorXd(x.cols()), 0, x.cols()};
    const Index at_once = std::max<Index>(1, points_at_once / (draws * posterior->components()));
    for (Index first = 0; first < x.cols(); first += at_once) {
      const Index count = std::min(at_once, x.cols() - first);
      std::vector<MixturePosterior::At> states(static_cast<std::size_t>(count));
      parallel_for(
          count,
          [&](std::int64_t c) {
            states[static_cast<std::size_t>(c)] = posterior->at(x.col(first + c), a, s);
          },
          64);
      std::vector<Index> begin{0};
      for (const auto& state : states)
        begin.push_back(begin.back() + draws * (state.shares.array() >= least_share).count());
      MatrixXd clean(x.rows(), begin.back());
      parallel_for(
          count,
          [&](std::int64_t c) {
            const MixturePosterior::At& state = states[static_cast<std::size_t>(c)];
            Stream random = address.stream(lane("guidance.posterior"), static_cast<std::uint64_t>(first + c));
            Index column = begin[static_cast<std::size_t>(c)];
            for (Index k = 0; k < posterior->components(); ++k) {
              if (state.shares[k] < least_share) continue;
              for (std::int64_t j = 0; j < draws; ++j) posterior->draw(state, k, random, clean.col(column++));
            }
          },
          16);
      const VectorXd rewards = evaluate(reward, clean);
      batch.reward_calls += clean.cols();
      for (Index c = 0; c < count; ++c) {
        const Index from = begin[static_cast<std::size_t>(c)], to = begin[static_cast<std::size_t>(c) + 1];
        batch.values[first + c] = value_of(states[static_cast<std::size_t>(c)].shares,
                                           rewards.segment(from, to - from), draws, alpha, kind);
      }
    }
    return batch;
  };
}

}  // namespace lehr::diffusion
