#include "lehr/sample/countdown.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <utility>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

constexpr std::int32_t largest_result = 100'000'000;

// Calls use(step) for every legal combination of a and b.
template <class Use>
void for_each_combination(std::int32_t a, std::int32_t b, Use use) {
  if (a < b) std::swap(a, b);
  use(Countdown::Step{a, b, a + b, '+'});
  if (a > b) use(Countdown::Step{a, b, a - b, '-'});
  if (b == 1) return;
  if (static_cast<std::int64_t>(a) * b <= largest_result) use(Countdown::Step{a, b, a * b, '*'});
  if (a % b == 0) use(Countdown::Step{a, b, a / b, '/'});
}

// The smallest distance from the target within reach of a sorted multiset; each multiset is looked at once.
class CountdownSearch {
 public:
  explicit CountdownSearch(std::int32_t target) : target_(target) {}

  std::int32_t least(std::vector<std::int32_t> numbers) {
    std::ranges::sort(numbers);
    look(numbers);
    return least_;
  }

 private:
  void look(const std::vector<std::int32_t>& numbers) {
    if (least_ == 0 || !seen_.insert(numbers).second) return;
    for (const std::int32_t number : numbers) least_ = std::min(least_, std::abs(number - target_));
    for (std::size_t i = 0; i < numbers.size(); ++i)
      for (std::size_t j = i + 1; j < numbers.size(); ++j)
        for_each_combination(numbers[i], numbers[j], [&](const Countdown::Step& step) {
          std::vector<std::int32_t> rest;
          for (std::size_t k = 0; k < numbers.size(); ++k)
            if (k != i && k != j) rest.push_back(numbers[k]);
          rest.insert(std::ranges::upper_bound(rest, step.result), step.result);
          look(rest);
        });
  }

  std::int32_t target_, least_ = std::numeric_limits<std::int32_t>::max();
  std::set<std::vector<std::int32_t>> seen_;
};

}  // namespace

Countdown::Countdown(std::vector<std::int32_t> numbers, std::int32_t target, double scale)
    : numbers_(std::move(numbers)), target_(target), scale_(scale) {
  if (numbers_.empty() || numbers_.size() > most_numbers)
    throw InvalidInput("countdown: 1 to {} numbers, found {}", most_numbers, numbers_.size());
  for (const std::int32_t number : numbers_)
    if (number < 1 || number > 1000)
      throw InvalidInput("countdown: numbers must be in [1, 1000], found {}", number);
  if (target < 1 || target > 1'000'000)
    throw InvalidInput("countdown: the target must be in [1, 1000000], found {}", target);
  if (!(scale > 0)) throw InvalidInput("countdown: the scale must be above 0, found {}", scale);
}

Countdown Countdown::random(std::int64_t count, double scale, Stream& random) {
  constexpr std::array<std::int32_t, 4> large{25, 50, 75, 100};
  while (true) {
    std::vector<std::int32_t> numbers;
    const std::int64_t large_ones = 1 + uniform_index(random, 2);
    for (std::int64_t k = 0; k < count; ++k)
      numbers.push_back(k < large_ones ? large[static_cast<std::size_t>(uniform_index(random, 4))]
                                       : 1 + static_cast<std::int32_t>(uniform_index(random, 10)));
    Countdown puzzle(std::move(numbers), 101 + static_cast<std::int32_t>(uniform_index(random, 899)), scale);
    if (puzzle.least_distance() == 0) return puzzle;
  }
}

Countdown::Particle Countdown::start() const {
  Particle particle;
  std::ranges::copy(numbers_, particle.numbers.begin());
  particle.count = static_cast<std::int32_t>(numbers_.size());
  return particle;
}

void Countdown::extend(Particle& particle, Stream& random) const {
  std::array<Step, 4 * most_numbers*(most_numbers - 1) / 2> legal;
  std::array<std::pair<std::int32_t, std::int32_t>, legal.size()> places;
  std::size_t count = 0;
  for (std::int32_t i = 0; i < particle.count; ++i)
    for (std::int32_t j = i + 1; j < particle.count; ++j)
      for_each_combination(particle.numbers[static_cast<std::size_t>(i)],
                           particle.numbers[static_cast<std::size_t>(j)], [&](const Step& step) {
                             legal[count] = step;
                             places[count++] = {i, j};
                           });
  const auto chosen = static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(count)));
  const auto [i, j] = places[chosen];
  particle.numbers[static_cast<std::size_t>(i)] = legal[chosen].result;
  --particle.count;
  std::swap(particle.numbers[static_cast<std::size_t>(j)],
            particle.numbers[static_cast<std::size_t>(particle.count)]);
  particle.path[static_cast<std::size_t>(particle.steps++)] = legal[chosen];
}

std::int32_t Countdown::distance(const Particle& particle) const {
  std::int32_t least = std::numeric_limits<std::int32_t>::max();
  for (std::int32_t i = 0; i < particle.count; ++i)
    least = std::min(least, std::abs(particle.numbers[static_cast<std::size_t>(i)] - target_));
  return least;
}

double Countdown::score(const Particle& particle) const {
  return std::exp(-static_cast<double>(distance(particle)) / scale_);
}

std::string Countdown::text(const Particle& particle) const {
  std::string text;
  for (std::int32_t k = 0; k < particle.steps; ++k) {
    const Step& s = particle.path[static_cast<std::size_t>(k)];
    text +=
        fmt::format("{}{} {} {} = {}", k > 0 ? ", " : "", s.a, static_cast<char>(s.operation), s.b, s.result);
  }
  return text;
}

std::int32_t Countdown::least_distance() const { return CountdownSearch(target_).least(numbers_); }

}  // namespace lehr::sample
