// Bandit controllers: choose among a few values of a knob (the arms) from the cost that each choice turned
// out to have.
//
//   Ucb         stochastic costs: pulls argmin mean_i - range sqrt(2 log t / n_i) (UCB1: Auer, Cesa-Bianchi
//               and Fischer, "Finite-time analysis of the multiarmed bandit problem", 2002); deterministic.
//               Expected regret <= 8 range sum_{gap > 0} log T / gap (in units of the range)
//               + (1 + pi^2 / 3) sum gap.
//   Exp3        adversarial costs: p_i = (1 - mix) exp(-rate L_i) / sum + mix / K on importance-weighted
//               costs L_i (Auer, Cesa-Bianchi, Freund and Schapire, "The nonstochastic multiarmed bandit
//               problem", 2002). With mix = 0, rate_t = sqrt(log K / (K t)): expected regret
//               <= 2 sqrt(T K log K) (Bubeck and Cesa-Bianchi, "Regret analysis of bandit problems", 2012,
//               theorem 3.1), at any T.
//   TsallisInf  both at once: p_i = 4 (eta_t (L_i - x))^-2 with sum p = 1, eta_t = 2 / sqrt(t), on costs over
//               their running mean (Zimmert and Seldin, "Tsallis-INF", 2021). The default for tuning solvers.
//
// Use: `predict(random)` chooses an arm, `value()` is its value, `update(cost)` (or `observe`) tells what it
// cost. All arms' costs are estimated from the chosen arm's alone. BinnedBandit takes a context: one learner
// a bin.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/schedule/controller.hpp"

namespace lehr::schedule {

// `count` values from low to high, both included; in equal ratios when `logarithmic` (needs low > 0).
std::vector<double> arm_grid(double low, double high, std::int64_t count, bool logarithmic = false);

// The arms of every bandit: their values, and which one is chosen.
class Arms {
 public:
  // Throws InvalidInput unless there are 2 to 10,000 finite values.
  explicit Arms(std::vector<double> values);
  std::int64_t count() const { return static_cast<std::int64_t>(values_.size()); }
  std::int64_t chosen() const { return chosen_; }
  double value() const { return values_[static_cast<std::size_t>(chosen_)]; }

 protected:
  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".chosen", chosen_);
  }

  std::vector<double> values_;
  std::int64_t chosen_ = 0;
};

// The arms of a bandit that draws: it divides an arm's cost by the probability with which the arm was drawn.
class DrawnArms : public Arms {
 protected:
  explicit DrawnArms(std::vector<double> values) : Arms(std::move(values)), losses_(values_.size()) {}
  // Chooses an arm; `probabilities` sum to 1.
  double draw(const std::vector<double>& probabilities, Stream& random);
  // Adds what the chosen arm cost to its loss.
  void add_loss(double cost);

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    Arms::fields(visit, name);
    visit(name + ".rounds", rounds_);
    visit(name + ".probability", probability_);
    visit(name + ".losses", losses_);
  }

  std::int64_t rounds_ = 0;
  double probability_ = 1;      // with which the chosen arm was drawn
  std::vector<double> losses_;  // importance-weighted sums
};

class Ucb : public Arms {
 public:
  using Feedback = double;
  // `range`: the width of the interval in which costs lie, above 0.
  explicit Ucb(std::vector<double> values, double range = 1);
  double predict();
  double predict(Stream&) { return predict(); }
  // Throws NumericalFailure for a cost that is not finite.
  void update(double cost);
  void observe(double cost) { update(cost); }

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    Arms::fields(visit, name);
    visit(name + ".pulls", pulls_);
    visit(name + ".mean_costs", mean_costs_);
  }

 private:
  double range_;
  std::vector<double> pulls_, mean_costs_;
};

class Exp3 : public DrawnArms {
 public:
  using Feedback = double;
  // Costs are mapped from [low, high] to [0, 1] and clamped. `rate` 0: sqrt(log K / (K t)); `mix` in [0, 1).
  explicit Exp3(std::vector<double> values, double low = 0, double high = 1, double rate = 0, double mix = 0);
  double predict(Stream& random) { return draw(probabilities(), random); }
  void update(double cost);
  void observe(double cost) { update(cost); }
  // Of the arms at the next prediction; sums to 1.
  std::vector<double> probabilities() const;

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    DrawnArms::fields(visit, name);
  }

 private:
  double low_, high_, rate_, mix_;
};

class TsallisInf : public DrawnArms {
 public:
  using Feedback = double;
  // `least`: the least cost that can occur (1 for an iteration count); costs below it count as it.
  explicit TsallisInf(std::vector<double> values, double least = 0);
  double predict(Stream& random) { return draw(probabilities(), random); }
  void update(double cost);
  void observe(double cost) { update(cost); }
  std::vector<double> probabilities() const;

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    DrawnArms::fields(visit, name);
    visit(name + ".mean_cost", mean_cost_);
  }

 private:
  double least_, mean_cost_ = 0;
};

// A bandit that sees a number before it chooses: the context's range is cut into equal bins, each with a
// learner of its own. Contexts outside [low, high] go to the outermost bins.
template <class Learner>
class BinnedBandit {
 public:
  BinnedBandit(double low, double high, std::int64_t bins, const Learner& learner)
      : low_(low), high_(high), learners_(static_cast<std::size_t>(bins), learner) {
    if (!(low < high) || bins < 1)
      throw InvalidInput("bandit: needs low < high and at least 1 bin, found {}", bins);
  }
  double predict(double context, Stream& random) {
    const auto bins = static_cast<double>(learners_.size());
    const double bin = std::floor((context - low_) / (high_ - low_) * bins);
    bin_ = static_cast<std::int64_t>(std::clamp(bin, 0.0, bins - 1));
    return learner().predict(random);
  }
  double value() const { return learners_[static_cast<std::size_t>(bin_)].value(); }
  void update(double cost) { learner().update(cost); }

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".bin", bin_);
    for (std::size_t i = 0; i < learners_.size(); ++i)
      learners_[i].fields(visit, fmt::format("{}.{}", name, i));
  }

 private:
  Learner& learner() { return learners_[static_cast<std::size_t>(bin_)]; }
  double low_, high_;
  std::int64_t bin_ = 0;
  std::vector<Learner> learners_;
};

}  // namespace lehr::schedule
