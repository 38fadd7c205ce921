#include "lehr/spin/branch_and_bound.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/spin/tabu.hpp"

namespace lehr::spin {

namespace {

constexpr double bound_tie = 1e-12;

// The spins in the order in which they are fixed: those with the largest sum of |weights| first.
std::vector<Index> fixing_order(const IsingModel& model) {
  std::vector<Index> order(static_cast<std::size_t>(model.size()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](Index a, Index b) { return model.reach(a) > model.reach(b); });
  return order;
}

// The model of the spins order[from], order[from + 1], ... alone, without offset.
IsingModel last_spins(const IsingModel& model, const std::vector<Index>& order, std::size_t from) {
  std::vector<Index> places(order.size(), -1);
  for (std::size_t k = from; k < order.size(); ++k)
    places[static_cast<std::size_t>(order[k])] = static_cast<Index>(k - from);
  std::vector<double> fields;
  std::vector<Coupling> couplings;
  for (std::size_t k = from; k < order.size(); ++k) {
    fields.push_back(model.field(order[k]));
    const auto neighbours = model.neighbours(order[k]);
    for (std::size_t l = 0; l < neighbours.size(); ++l) {
      const Index place = places[static_cast<std::size_t>(neighbours[l])];
      if (place > static_cast<Index>(k - from))
        couplings.push_back({static_cast<Index>(k - from), place, model.weights(order[k])[l]});
    }
  }
  return {std::move(fields), couplings};
}

// A low state to beat.
Solution local_search(const IsingModel& model) {
  const Tabu tabu(model, {.reads = 4, .block = 100 * std::int64_t{model.size()}});
  const Moment now{.seed = Seed{1}};
  Tabu::State state = tabu.start(now);
  tabu.advance(state, now);
  return tabu.solutions(state).best().front();
}

class Search {
 public:
  Search(const IsingModel& model, std::int64_t max_nodes)
      : model_(model), max_nodes_(max_nodes), order_(fixing_order(model)), n_(order_.size()) {
    couplings_.assign(n_ * n_, 0);
    std::vector<std::size_t> places(n_);
    for (std::size_t k = 0; k < n_; ++k) places[static_cast<std::size_t>(order_[k])] = k;
    double sum = 0;
    for (std::size_t k = 0; k < n_; ++k) {
      fields_.push_back(model.field(order_[k]));
      sum += model.reach(order_[k]);
      const auto neighbours = model.neighbours(order_[k]);
      for (std::size_t l = 0; l < neighbours.size(); ++l)
        couplings_[k * n_ + places[static_cast<std::size_t>(neighbours[l])]] = model.weights(order_[k])[l];
    }
    tie_ = bound_tie * sum;
    mirrored_ = std::ranges::all_of(fields_, [](double h) { return h == 0; });
    minima_.assign(n_ + 1, 0);
    felt_.assign((n_ + 1) * n_, 0);
    state_.assign(n_, 1);
  }

  BranchAndBoundResult run() {
    for (std::size_t from = n_; from-- > 0;) solve_from(from);
    BranchAndBoundResult result{.spins = Spins(n_, 1), .energy = 0, .nodes = nodes_};
    for (std::size_t k = 0; k < n_; ++k) result.spins[static_cast<std::size_t>(order_[k])] = best_state_[k];
    result.energy = model_.energy(result.spins);
    return result;
  }

 private:
  // The minimum of the spins from place `from` on alone.
  void solve_from(std::size_t from) {
    const Solution start = local_search(last_spins(model_, order_, from));
    best_ = start.energy;
    best_state_.assign(n_, 1);
    std::ranges::copy(start.spins, best_state_.begin() + static_cast<std::ptrdiff_t>(from));
    std::fill_n(felt_.begin() + static_cast<std::ptrdiff_t>(from * n_), n_, 0.0);
    first_ = from;
    fix(from, 0);
    minima_[from] = best_;
  }

  // Tries both values of the spin at place d; felt_ row d holds the fields of the fixed spins on the others.
  void fix(std::size_t d, double energy) {
    if (++nodes_ > max_nodes_)
      throw InvalidInput("branch and bound: {} spins need more than the limit of {} nodes", n_, max_nodes_);
    if (d == n_) {
      if (energy < best_) best_ = energy, best_state_ = state_;
      return;
    }
    const double* const felt = felt_.data() + d * n_;
    const double* const row = couplings_.data() + d * n_;
    double plus = 0, minus = 0;  // sum of |fields| on the free spins for s = +1 and s = -1
    for (std::size_t i = d + 1; i < n_; ++i)
      plus += std::abs(felt[i] + row[i]), minus += std::abs(felt[i] - row[i]);
    const double own = fields_[d] + felt[d];
    const double bound_up = energy + own + minima_[d + 1] - plus;
    const double bound_down = energy - own + minima_[d + 1] - minus;
    const bool up_first = bound_up <= bound_down;
    descend(d, up_first ? 1 : -1, energy, own, up_first ? bound_up : bound_down);
    if (mirrored_ && d == first_) return;
    descend(d, up_first ? -1 : 1, energy, own, up_first ? bound_down : bound_up);
  }

  void descend(std::size_t d, std::int8_t spin, double energy, double own, double bound) {
    if (bound >= best_ - tie_) return;
    const double* const felt = felt_.data() + d * n_;
    const double* const row = couplings_.data() + d * n_;
    double* const next = felt_.data() + (d + 1) * n_;
    for (std::size_t i = d + 1; i < n_; ++i) next[i] = felt[i] + spin * row[i];
    state_[d] = spin;
    fix(d + 1, energy + spin * own);
  }

  const IsingModel& model_;
  std::int64_t max_nodes_, nodes_ = 0;
  std::vector<Index> order_;
  std::size_t n_, first_ = 0;
  std::vector<double> couplings_, fields_;  // by places in the order
  std::vector<double> felt_;                // a row for each depth
  std::vector<double> minima_;              // G_d
  Spins state_, best_state_;
  double best_ = 0, tie_ = 0;
  bool mirrored_ = false;
};

}  // namespace

BranchAndBoundResult branch_and_bound(const IsingModel& model, std::int64_t max_nodes) {
  if (model.size() > largest_branch_and_bound)
    throw InvalidInput("branch and bound: at most {} spins, the model has {}", largest_branch_and_bound,
                       model.size());
  return Search(model, max_nodes).run();
}

}  // namespace lehr::spin
