// Generated problems: see problem_file.hpp.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/tour/line_words.hpp"
#include "lehr/tour/problem_file.hpp"

namespace lehr::tour {

namespace {

constexpr std::int64_t most_generated = 10'000'000;

struct GeneratorCall {
  std::string family;
  std::int64_t n = 0, seed = 0, count = 1;
};

std::int64_t argument(std::string_view text, std::string_view call) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error != std::errc() || value < 0)
    throw InvalidInput("{}: expected a whole number of at least 0, found {}", quote(call), quote(text));
  return value;
}

GeneratorCall parse_generator(std::string_view text, Seed seed) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')'))
    throw InvalidInput("{}: expected uniform(n, seed, count) or clustered(n, seed, count)", quote(text));
  GeneratorCall call{std::string(text.substr(0, open)), 0, static_cast<std::int64_t>(seed.value), 1};
  const std::vector<std::string> names = {"n", "seed", "count"};
  std::int64_t* const values[] = {&call.n, &call.seed, &call.count};
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  for (std::size_t place = 0; !trimmed(rest).empty(); ++place) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string_view word = trimmed(rest.substr(0, end));
    rest = end < rest.size() ? rest.substr(end + 1) : std::string_view();
    std::size_t target = place;
    if (const std::size_t equals = word.find('='); equals != std::string_view::npos) {
      const std::string key(trimmed(word.substr(0, equals)));
      target = static_cast<std::size_t>(std::ranges::find(names, key) - names.begin());
      if (target == names.size())
        throw InvalidInput("{}: unknown argument {}{}", quote(text), quote(key), hint(key, names));
      word = trimmed(word.substr(equals + 1));
    }
    if (target >= names.size()) throw InvalidInput("{}: more arguments than n, seed, count", quote(text));
    *values[target] = argument(word, text);
  }
  if (call.n < 3 || call.n > most_generated)
    throw InvalidInput("{}: n is {}; allowed are 3 to {} cities", quote(text), call.n, most_generated);
  if (call.count < 1 || call.count > 10'000 || call.n * call.count > most_generated)
    throw InvalidInput("{}: count is {}; allowed are 1 to 10000 problems with {} cities in all", quote(text),
                       call.count, most_generated);
  return call;
}

std::vector<double> uniform_cities(std::int64_t n, Seed seed) {
  Stream random(seed, lane("tour.generate.uniform"));
  std::vector<double> coordinates(static_cast<std::size_t>(2 * n));
  for (double& x : coordinates) x = uniform(random);
  return coordinates;
}

std::vector<double> clustered_cities(std::int64_t n, Seed seed) {
  Stream random(seed, lane("tour.generate.clustered"));
  std::vector<double> centres(static_cast<std::size_t>(2 * ((n + 99) / 100)));
  for (double& x : centres) x = uniform(random);
  const double deviation = 1 / std::sqrt(static_cast<double>(n));
  std::vector<double> coordinates;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto centre =
        static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(centres.size() / 2)));
    for (std::size_t axis = 0; axis < 2; ++axis)
      coordinates.push_back(centres[2 * centre + axis] + deviation * normal(random));
  }
  return coordinates;
}

}  // namespace

bool is_generated(std::string_view text) {
  return text.starts_with("uniform(") || text.starts_with("clustered(");
}

std::vector<Problem> generate_problems(std::string_view text, Seed seed) {
  const GeneratorCall call = parse_generator(text, seed);
  std::vector<Problem> problems;
  for (std::int64_t k = 0; k < call.count; ++k) {
    const Seed own{static_cast<std::uint64_t>(call.seed + k)};
    Problem problem;
    problem.instance =
        with_positions(call.family == "uniform" ? uniform_cities(call.n, own) : clustered_cities(call.n, own),
                       2, Metric::euclidean, fmt::format("{}({}, seed={})", call.family, call.n, own.value));
    problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace lehr::tour
