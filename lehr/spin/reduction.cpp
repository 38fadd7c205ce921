#include "lehr/spin/reduction.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_map>

#include "lehr/spin/persistency.hpp"

namespace lehr::spin {

namespace {

// A model whose spins can be removed. Lists of neighbours keep removed
// and repeated ones until they are next read.
class ShrinkingModel {
 public:
  explicit ShrinkingModel(const IsingModel& model)
      : fields_(model.fields().begin(), model.fields().end()), offset_(model.offset()) {
    lists_.resize(fields_.size()), degrees_.assign(fields_.size(), 0), gone_.assign(fields_.size(), 0);
    couplings_.reserve(static_cast<std::size_t>(model.couplings()));
    for (Index i = 0; i < model.size(); ++i)
      for (std::size_t k = 0; k < model.neighbours(i).size() && model.neighbours(i)[k] < i; ++k)
        add(i, model.neighbours(i)[k], model.weights(i)[k]);
    for (Index i = 0; i < model.size(); ++i) suspects_.push_back(i);
  }

  // Removes spins with at most two couplings until there are none.
  void remove_low_degrees(std::vector<RemovedSpin>& removed) {
    while (!suspects_.empty()) {
      const Index i = suspects_.back();
      suspects_.pop_back();
      if (!gone_[at(i)] && degrees_[at(i)] <= 2) removed.push_back(minimise_out(i));
    }
  }

  // Removes a spin whose value is known.
  RemovedSpin fix(Index i, std::int8_t value) {
    offset_ += value * fields_[at(i)];
    for (const Index j : neighbours(i)) {
      fields_[at(j)] += value * couplings_.at(key(i, j));
      forget(i, j);
    }
    gone_[at(i)] = 1;
    return {.spin = i, .field = static_cast<double>(-value)};
  }

  // What is left as a model; `kept` receives its spins.
  IsingModel model(std::vector<Index>& kept) const {
    std::vector<Index> places(fields_.size(), -1);
    std::vector<double> fields;
    kept.clear();
    for (Index i = 0; i < static_cast<Index>(fields_.size()); ++i) {
      if (gone_[at(i)]) continue;
      places[at(i)] = static_cast<Index>(kept.size());
      kept.push_back(i);
      fields.push_back(fields_[at(i)]);
    }
    std::vector<Coupling> couplings;
    for (const auto& [pair, weight] : couplings_)
      couplings.push_back({places[pair >> 32], places[pair & 0xffffffff], weight});
    return {std::move(fields), couplings, offset_};
  }

 private:
  static std::uint64_t key(Index i, Index j) {
    const auto [low, high] = std::minmax(i, j);
    return static_cast<std::uint64_t>(low) << 32 | static_cast<std::uint32_t>(high);
  }

  // The neighbours that are left.
  const std::vector<Index>& neighbours(Index i) {
    std::vector<Index>& list = lists_[at(i)];
    std::erase_if(list, [&](Index j) { return gone_[at(j)] || !couplings_.contains(key(i, j)); });
    std::ranges::sort(list);
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return list;
  }

  void add(Index i, Index j, double weight) {
    if (weight == 0) return;
    const auto [found, fresh] = couplings_.try_emplace(key(i, j), weight);
    if (fresh) {
      lists_[at(i)].push_back(j), lists_[at(j)].push_back(i);
      ++degrees_[at(i)], ++degrees_[at(j)];
      return;
    }
    found->second += weight;
    if (found->second == 0) forget(i, j);
  }

  void forget(Index i, Index j) {
    couplings_.erase(key(i, j));
    for (const Index end : {i, j})
      if (--degrees_[at(end)] <= 2) suspects_.push_back(end);
  }

  RemovedSpin minimise_out(Index i) {
    RemovedSpin spin{.spin = i, .field = fields_[at(i)]};
    const std::vector<Index> around = neighbours(i);
    if (!around.empty()) spin.first = around[0], spin.first_weight = couplings_.at(key(i, around[0]));
    if (around.size() > 1) spin.second = around[1], spin.second_weight = couplings_.at(key(i, around[1]));
    for (const Index j : around) forget(i, j);
    gone_[at(i)] = 1;

    const double h = spin.field, a = spin.first_weight, b = spin.second_weight;
    const double pp = -std::abs(h + a + b), pm = -std::abs(h + a - b);
    const double mp = -std::abs(h - a + b), mm = -std::abs(h - a - b);
    offset_ += 0.25 * (pp + pm + mp + mm);
    if (spin.first >= 0) fields_[at(spin.first)] += 0.25 * (pp + pm - mp - mm);
    if (spin.second >= 0) {
      fields_[at(spin.second)] += 0.25 * (pp - pm + mp - mm);
      add(spin.first, spin.second, 0.25 * (pp - pm - mp + mm));
    }
    return spin;
  }

  std::vector<double> fields_;
  double offset_;
  std::unordered_map<std::uint64_t, double> couplings_;
  std::vector<std::vector<Index>> lists_;
  std::vector<Index> degrees_;
  std::vector<std::int8_t> gone_;
  std::vector<Index> suspects_;  // may have few couplings
};

}  // namespace

Reduction reduce(const IsingModel& model, ReductionOptions options) {
  Reduction reduction;
  ShrinkingModel shrinking(model);
  for (bool changed = true; changed;) {
    changed = false;
    if (options.low_degree) shrinking.remove_low_degrees(reduction.removed);
    reduction.model = shrinking.model(reduction.kept);
    if (!options.persistency || reduction.model.size() == 0) break;
    const Persistency persistency = roof_duality(reduction.model);
    for (std::size_t k = 0; k < reduction.kept.size(); ++k) {
      if (persistency.spins[k] == 0) continue;
      reduction.removed.push_back(shrinking.fix(reduction.kept[k], persistency.spins[k]));
      ++reduction.persistent;
      changed = true;
    }
  }
  return reduction;
}

Spins Reduction::restore(std::span<const std::int8_t> reduced) const {
  Spins spins(kept.size() + removed.size(), 1);
  for (std::size_t k = 0; k < kept.size(); ++k) spins[at(kept[k])] = reduced[k];
  for (auto spin = removed.rbegin(); spin != removed.rend(); ++spin) {
    double field = spin->field;
    if (spin->first >= 0) field += spin->first_weight * spins[at(spin->first)];
    if (spin->second >= 0) field += spin->second_weight * spins[at(spin->second)];
    spins[at(spin->spin)] = field > 0 ? -1 : 1;
  }
  return spins;
}

std::vector<Component> components(const IsingModel& model) {
  std::vector<Index> component(at(model.size()), -1), place(at(model.size()), 0);
  std::vector<std::vector<Index>> members;
  for (Index root = 0; root < model.size(); ++root) {
    if (component[at(root)] >= 0) continue;
    const auto number = static_cast<Index>(members.size());
    std::vector<Index>& spins = members.emplace_back(1, root);
    component[at(root)] = number;
    for (std::size_t k = 0; k < spins.size(); ++k)
      for (const Index j : model.neighbours(spins[k]))
        if (component[at(j)] < 0) component[at(j)] = number, spins.push_back(j);
    std::ranges::sort(spins);
    for (std::size_t k = 0; k < spins.size(); ++k) place[at(spins[k])] = static_cast<Index>(k);
  }
  std::vector<Component> parts;
  for (std::vector<Index>& spins : members) {
    std::vector<double> fields;
    std::vector<Coupling> couplings;
    for (const Index i : spins) {
      fields.push_back(model.field(i));
      for (std::size_t k = 0; k < model.neighbours(i).size() && model.neighbours(i)[k] < i; ++k)
        couplings.push_back({place[at(i)], place[at(model.neighbours(i)[k])], model.weights(i)[k]});
    }
    parts.push_back({IsingModel(std::move(fields), couplings), std::move(spins)});
  }
  return parts;
}

}  // namespace lehr::spin
