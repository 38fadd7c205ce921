#include "lehr/spin/tabu.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/flip_model.hpp"

namespace lehr::spin {

namespace {

constexpr std::int64_t tenure_period = 100;  // iterations for which a length of the tabu list holds

// The spins flipped last, the oldest leaving first. A ring of `capacity` places holds at most `length` of them.
class TabuList {
 public:
  template <class Flips>
  TabuList(std::span<const Index> oldest_first, Flips& flips)
      : ring_(oldest_first.size()), length_(oldest_first.size()) {
    for (const Index i : oldest_first)
      if (i >= 0) ring_[count_++] = i, flips.bar(i);
  }

  template <class Flips>
  void set_length(Flips& flips, std::int64_t length) {
    length_ = static_cast<std::size_t>(length);
    while (count_ > length_) release(flips);
  }
  // Spin i is about to be flipped: bars it and frees the spin whose time is over.
  template <class Flips>
  void add(Flips& flips, Index i) {
    if (length_ == 0) return;
    bool again = false;
    for (std::size_t k = 0; k < count_; ++k)
      if (place(k) == i) place(k) = -1, again = true;
    if (!again) flips.bar(i);
    if (count_ == length_) release(flips);
    place(count_++) = i;
  }
  // The cheapest tabu flip, or -1.
  template <class Flips>
  Index cheapest(const Flips& flips) const {
    Index best = -1;
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < count_; ++k) {
      const Index i = ring_[index(k)];
      if (i >= 0 && flips.cost(i) < lowest) lowest = flips.cost(i), best = i;
    }
    return best;
  }
  void store(std::span<Index> oldest_first) const {
    std::ranges::fill(oldest_first, -1);
    for (std::size_t k = 0; k < count_; ++k) oldest_first[k] = ring_[index(k)];
  }

 private:
  std::size_t index(std::size_t k) const {
    const std::size_t at = oldest_ + k;
    return at < ring_.size() ? at : at - ring_.size();
  }
  Index& place(std::size_t k) { return ring_[index(k)]; }
  template <class Flips>
  void release(Flips& flips) {
    if (place(0) >= 0) flips.free(place(0));
    oldest_ = index(1);
    --count_;
  }

  std::vector<Index> ring_;  // -1: flipped again since
  std::size_t length_, oldest_ = 0, count_ = 0;
};

// One read's walk; remembers the lowest state it met.
template <class Flips>
class Walk {
 public:
  // `energy` is that of `flips`; improvements of at most `slack` are none.
  Walk(Flips& flips, TabuList& tabu, double energy, double slack, BestStates& best, std::int64_t read)
      : flips_(flips),
        tabu_(tabu),
        energy_(energy),
        slack_(slack),
        lowest_(best.energies[static_cast<std::size_t>(read)]),
        best_(best),
        read_(read) {}

  void run(std::int64_t iterations, std::int64_t shortest_tenure, std::int64_t longest_tenure,
           Stream& random) {
    for (std::int64_t k = 0; k < iterations; ++k) {
      if (k % tenure_period == 0)
        tabu_.set_length(flips_,
                         shortest_tenure + uniform_index(random, longest_tenure - shortest_tenure + 1));
      const Index i = choose(random);
      if (i < 0) return;
      const double cost = flips_.cost(i);
      if (cost >= 0) remember();
      tabu_.add(flips_, i);
      flips_.flip(i);
      energy_ += cost;
    }
    remember();
  }

 private:
  Index choose(Stream& random) const {
    const Index free = flips_.cheapest(random);
    const Index tabu = tabu_.cheapest(flips_);
    if (tabu < 0) return free;
    const double cost = flips_.cost(tabu);
    const bool aspires = energy_ + cost < lowest_ - slack_ && (free < 0 || cost < flips_.cost(free));
    return aspires ? tabu : free;
  }
  void remember() {
    if (!(energy_ < lowest_ - slack_)) return;
    lowest_ = energy_;
    const auto state = best_.of(read_);
    for (Index i = 0; i < flips_.size(); ++i) state[static_cast<std::size_t>(i)] = flips_.spin(i);
    best_.energies[static_cast<std::size_t>(read_)] = energy_;
  }

  Flips& flips_;
  TabuList& tabu_;
  double energy_, slack_, lowest_;
  BestStates& best_;
  std::int64_t read_;
};

void set_defaults(TabuOptions& options, Index n) {
  const std::int64_t size = n;
  if (options.tenure == 0) options.tenure = std::min<std::int64_t>(20, size / 4);
  options.tenure = std::min(options.tenure, std::max<std::int64_t>(0, size - 1));
  if (options.iterations == 0)
    options.iterations =
        std::max<std::int64_t>(500'000 / std::max<std::int64_t>(size, 1), size <= 500 ? 10'000 : 25'000);
  if (options.restart_iterations == 0)
    options.restart_iterations = std::max<std::int64_t>(1, options.iterations / 4);
  if (options.block == 0) options.block = std::min<std::int64_t>(10'000, options.restart_iterations);
}

}  // namespace

Tabu::Tabu(const IsingModel& model, TabuOptions options) : model_(&model), options_(options), search_(model) {
  describe(options_).read(describe(options_).values(), "tabu");
  set_defaults(options_, model.size());
}

std::span<std::int8_t> Tabu::spins_of(State& state, std::int64_t read) const {
  const auto n = static_cast<std::size_t>(model_->size());
  return {state.spins.data() + static_cast<std::size_t>(read) * n, n};
}

// The longest that a tabu list becomes; some spin is always free.
std::int64_t Tabu::longest_tenure() const {
  const double longest = std::ceil((1 + options_.tenure_spread) * static_cast<double>(options_.tenure));
  const std::int64_t most = std::max<std::int64_t>(0, model_->size() - 1);
  return std::min(most, static_cast<std::int64_t>(longest));
}

std::span<Index> Tabu::tabu_of(State& state, std::int64_t read) const {
  const auto places = static_cast<std::size_t>(longest_tenure());
  return {state.tabu.data() + static_cast<std::size_t>(read) * places, places};
}

Tabu::State Tabu::start(const Moment& now) const {
  const auto reads = static_cast<std::size_t>(options_.reads);
  State state{.spins = std::vector<std::int8_t>(reads * static_cast<std::size_t>(model_->size())),
              .tabu = std::vector<Index>(reads * static_cast<std::size_t>(longest_tenure()), -1),
              .done = std::vector<std::int64_t>(reads, 0),
              .starts = std::vector<std::int64_t>(reads, 1),
              .best = BestStates(options_.reads, model_->size())};
  parallel_for(options_.reads, [&](std::int64_t read) {
    Stream random = read_stream(now.random(lane("start")), read);
    const auto spins = spins_of(state, read);
    randomise(spins, random);
    state.best.offer(read, spins, model_->energy(spins));
  });
  return state;
}

void Tabu::advance(State& state, const Moment& now) const {
  parallel_for(options_.reads, [&](std::int64_t read) { advance_read(state, read, now); });
  now.spend(options_.reads * options_.block);
}

void Tabu::advance_read(State& state, std::int64_t read, const Moment& now) const {
  const auto at = static_cast<std::size_t>(read);
  if (state.done[at] >= (state.starts[at] == 1 ? options_.iterations : options_.restart_iterations)) {
    perturb(state, read, read_stream(now.random(lane("perturbation")), read));
    ++state.starts[at];
    state.done[at] = 0;
  }
  const auto spins = spins_of(state, read);
  const auto tabu_spins = tabu_of(state, read);
  Stream random = read_stream(now.random(lane("ties")), read);
  const double before = state.best.energies[at];
  search_.with(spins, [&](auto& flips) {
    TabuList tabu(tabu_spins, flips);
    Walk walk(flips, tabu, model_->energy(spins), search_.slack(), state.best, read);
    walk.run(options_.block, options_.tenure, longest_tenure(), random);
    for (Index i = 0; i < flips.size(); ++i) spins[static_cast<std::size_t>(i)] = flips.spin(i);
    tabu.store(tabu_spins);
  });
  if (state.best.energies[at] < before) state.best.energies[at] = model_->energy(state.best.of(read));
  state.done[at] += options_.block;
}

void Tabu::perturb(State& state, std::int64_t read, Stream random) const {
  const std::int64_t n = model_->size();
  const IsingFlips flips(*model_);
  const bool from_best = state.starts[static_cast<std::size_t>(read)] % 2 == 1;
  auto now = flips.configuration(from_best ? state.best.of(read) : spins_of(state, read));
  const auto share = static_cast<std::int64_t>(options_.perturbation * static_cast<double>(n));
  const std::int64_t least = std::min<std::int64_t>(10, n), most = std::max(least, share);
  const std::int64_t count = least + uniform_index(random, most - least + 1);

  std::vector<Index> untouched(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) untouched[static_cast<std::size_t>(i)] = i;
  for (std::int64_t k = 0; k < count; ++k) {
    std::size_t chosen = 0;
    double lowest = std::numeric_limits<double>::infinity();
    for (std::int64_t c = 0; c < options_.candidates; ++c) {
      const auto place =
          static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(untouched.size())));
      const double cost = flips.flip_cost(now, untouched[place]);
      if (cost < lowest) lowest = cost, chosen = place;
    }
    flips.flip(now, untouched[chosen]);
    untouched[chosen] = untouched.back();
    untouched.pop_back();
  }
  std::ranges::copy(now.spins, spins_of(state, read).begin());
  std::ranges::fill(tabu_of(state, read), -1);
}

void Tabu::measure(const State& state, Row& row) const {
  state.best.measure(row);
  double restarts = 0;
  for (const std::int64_t starts : state.starts) restarts += static_cast<double>(starts - 1);
  row.add("restarts", restarts);
}

}  // namespace lehr::spin
