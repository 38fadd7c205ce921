#include "lehr/diffusion/tokens/step_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "lehr/core/errors.hpp"
#include "lehr/core/number_text.hpp"
#include "lehr/diffusion/call_text.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {
namespace {

using Counts = std::vector<std::int64_t>;

std::int64_t whole_end(const CallText& call, std::string_view key, std::size_t position) {
  const double value = call.number(key, position, NAN);
  if (!(value >= 1 && value <= static_cast<double>(most_denoising_steps)) || value != std::floor(value))
    throw InvalidInput("steps: '{}' of '{}' must be a whole number in [1, {}], found {}", key, call.name,
                       most_denoising_steps, std::isnan(value) ? "none" : fmt::format("{:g}", value));
  return static_cast<std::int64_t>(value);
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// The count at step i of n in the family, or nothing where the family is not one of these.
std::optional<Counts> family(const CallText& call, std::int64_t n) {
  const std::string& name = call.name;
  if (name != "linear" && name != "cosine" && name != "two_stage" && name != "flowar" &&
      !(name == "constant" && call.arguments.size() == 2))
    return std::nullopt;
  if (call.arguments.size() > 2) throw InvalidInput("steps: '{}' takes from and to", name);
  for (const CallText::Argument& argument : call.arguments)
    if (!argument.key.empty() && argument.key != "from" && argument.key != "to")
      throw InvalidInput("steps: '{}' has no argument '{}': it takes from and to", name, argument.key);
  const std::int64_t from = whole_end(call, "from", 0), to = whole_end(call, "to", 1), span = from - to;
  Counts counts(static_cast<std::size_t>(n), from);
  const std::int64_t last = std::max<std::int64_t>(1, n - 1);
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t& count = counts[static_cast<std::size_t>(i)];
    // Towards `to`, as whole numbers where the formula is rational. A single step takes the first count.
    const auto truncated = [span](std::int64_t a, std::int64_t b) {
      return span >= 0 ? floor_divide(a * span, b) : -floor_divide(a * -span, b);
    };
    if (name == "linear") count = to + truncated(n == 1 ? 1 : n - 1 - i, last);
    if (name == "flowar") count = to + truncated(n - i, n);
    if (name == "cosine")
      count = to + static_cast<std::int64_t>(
                       0.5 *
                       (1 + std::cos(std::numbers::pi * static_cast<double>(i) / static_cast<double>(last))) *
                       static_cast<double>(span));
    if (name == "two_stage") count = 2 * i < n - 1 || n == 1 ? from : to;
    if (name == "constant") count = to;
  }
  return counts;
}

Counts parsed(std::string_view text, std::int64_t n, const std::filesystem::path& base) {
  const std::size_t open = text.find('(');
  const std::string name(text.substr(0, open));
  if (name == "reversed" && text.ends_with(')')) {
    Counts counts = parsed(text.substr(open + 1, text.size() - open - 2), n, base);
    std::ranges::reverse(counts);
    return counts;
  }
  if (name == "linear" || name == "cosine" || name == "two_stage" || name == "flowar" || name == "constant")
    if (const auto counts = family(CallText::parse(text, "steps"), n)) return *counts;
  Counts counts;
  const Schedule schedule = Schedule::parse(text, base);
  for (std::int64_t i = 0; i < n; ++i) {
    // A list of as many values as there are steps means those values.
    const double value = n == 1            ? schedule.at(0, 1)
                         : name == "steps" ? schedule.at(i, n)
                                           : schedule.at(i, n - 1);
    if (!(std::abs(value) < 1e15))
      throw InvalidInput("steps: {:g} at generation step {} is no count", value, i);
    counts.push_back(static_cast<std::int64_t>(std::llround(value)));
  }
  return counts;
}

}  // namespace

std::vector<std::int64_t> step_counts(std::string_view text, std::int64_t n, bool decreasing,
                                      const std::filesystem::path& base) {
  if (n < 1) throw InvalidInput("steps: a run needs at least one generation step, found {}", n);
  Counts counts = parsed(text, n, base);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 1 || counts[i] > most_denoising_steps)
      throw InvalidInput("steps: {} denoising steps at generation step {}, must be in [1, {}]", counts[i], i,
                         most_denoising_steps);
    if (decreasing && i > 0 && counts[i] > counts[i - 1])
      throw InvalidInput("steps: require=decreasing, but the counts rise from {} to {} at generation step {}",
                         counts[i - 1], counts[i], i);
  }
  return counts;
}

std::string step_counts_text(const std::vector<std::int64_t>& counts) {
  return fmt::format("steps(values=[{}])", fmt::join(counts, ", "));
}

std::int64_t total_calls(const std::vector<std::int64_t>& counts, const std::vector<std::int64_t>& drawn) {
  return std::inner_product(counts.begin(), counts.end(), drawn.begin(), std::int64_t{0});
}

std::vector<std::int64_t> masked_draws(std::int64_t tokens, std::int64_t n) {
  if (n < 1 || n > tokens)
    throw InvalidInput("iterations: must be in [1, {}] for {} tokens, found {}", tokens, tokens, n);
  std::vector<std::int64_t> drawn;
  std::int64_t masked = tokens;
  for (std::int64_t i = 0; i < n; ++i) {
    const double share =
        std::cos(0.5 * std::numbers::pi * static_cast<double>(i + 1) / static_cast<double>(n));
    std::int64_t left = static_cast<std::int64_t>(std::floor(static_cast<double>(tokens) * share));
    // Every later step still draws one.
    left = i + 1 == n ? 0 : std::clamp<std::int64_t>(left, std::min(masked - 1, n - 1 - i), masked - 1);
    drawn.push_back(masked - left);
    masked = left;
  }
  return drawn;
}

std::vector<std::int64_t> token_order(std::string_view text, std::int64_t tokens, Seed seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(tokens));
  std::iota(order.begin(), order.end(), 0);
  if (text == "raster") return order;
  if (text == "reversed") return {order.rbegin(), order.rend()};
  if (text == "random") {
    Stream random(seed, lane("diffusion.tokens.order"));
    for (std::int64_t i = tokens - 1; i > 0; --i)
      std::swap(order[static_cast<std::size_t>(i)],
                order[static_cast<std::size_t>(uniform_index(random, i + 1))]);
    return order;
  }
  std::vector<std::int64_t> given, seen(static_cast<std::size_t>(tokens));
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    std::string word(text.substr(from, comma - from));
    std::erase(word, ' ');
    if (word.empty() || word.size() > 9 ||
        !std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; }))
      throw InvalidInput(
          "order: expected raster, reversed, random or positions separated by commas, found '{}'", text);
    const std::int64_t position = std::stoll(word);
    if (position >= tokens) throw InvalidInput("order: position {} is not in [0, {}]", position, tokens - 1);
    if (seen[static_cast<std::size_t>(position)]++ > 0)
      throw InvalidInput("order: position {} is there twice", position);
    given.push_back(position);
    from = comma + 1;
  }
  const auto missing = std::ranges::find(seen, 0);
  if (missing != seen.end()) throw InvalidInput("order: position {} is missing", missing - seen.begin());
  return given;
}

}  // namespace lehr::diffusion
