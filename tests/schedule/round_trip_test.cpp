// Random schedules: their text parses back to the same text and to the same values, bit for bit.
#include <gtest/gtest.h>

#include "lehr/core/random.hpp"
#include "lehr/schedule/families.hpp"

namespace lehr {
namespace {

using schedule::ArgumentKind;
using schedule::Parameter;

// Writes a random call of a random family, from the families' own description.
class RandomSchedules {
 public:
  explicit RandomSchedules(std::uint64_t seed) : random_(Seed{seed}, lane("schedules")) {}

  std::string any(int depth) {
    const auto& families = schedule::families();
    while (true) {
      const auto& signature = families[static_cast<std::size_t>(uniform_index(
                                           random_, static_cast<std::int64_t>(families.size())))]
                                  .signature;
      if (signature.name == "table") continue;  // needs a file; table_test.cpp
      const bool composes = std::any_of(signature.parameters.begin(), signature.parameters.end(),
                                        [](const Parameter& p) { return p.kind == ArgumentKind::schedule; });
      if (composes && depth == 0) continue;
      return call(signature, depth);
    }
  }

 private:
  bool coin() { return uniform(random_) < 0.5; }
  double positive() { return std::exp(3 * normal(random_)); }
  std::int64_t below(std::int64_t n) { return uniform_index(random_, n); }

  std::string call(const schedule::Signature& signature, int depth) {
    const bool knots = signature.name == "knots";
    const std::int64_t count = 2 + below(6);
    std::string text = signature.name + "(";
    const bool positional = coin();
    bool skipped = false;
    std::string shape;
    for (const Parameter& parameter : signature.parameters) {
      const bool may_skip = parameter.optional || !parameter.default_text.empty();
      const bool power_without_shape = parameter.name == "power" && parameter.optional;
      if (power_without_shape ? shape != "power" : may_skip && coin()) {
        skipped = true;
        continue;
      }
      const std::string value = parameter.kind == ArgumentKind::lengths   ? positions(count - (knots ? 2 : 1))
                                : parameter.kind == ArgumentKind::numbers ? numbers(count)
                                                                          : argument(parameter, depth);
      if (value.empty()) {
        skipped = true;
        continue;
      }
      if (parameter.name == "shape") shape = value;
      if (text.back() != '(') text += coin() ? "," : " , ";
      text += positional && !skipped ? value : parameter.name + (coin() ? "=" : " = ") + value;
    }
    return text + ")";
  }

  std::string argument(const Parameter& parameter, int depth) {
    switch (parameter.kind) {
      case ArgumentKind::integer:
        return fmt::format("{}", 1 + below(6));
      case ArgumentKind::length:
        return coin() ? fmt::format("{}", uniform(random_)) : fmt::format("{}steps", 1 + below(40));
      case ArgumentKind::word:
        return parameter
            .choices[static_cast<std::size_t>(below(static_cast<std::int64_t>(parameter.choices.size())))];
      case ArgumentKind::schedule:
        return coin() ? fmt::format("{}", positive()) : any(depth - 1);
      default:
        return fmt::format("{}", std::clamp(positive(), 0.02, 50.0));
    }
  }

  std::string numbers(std::int64_t count) {
    std::string text;
    for (std::int64_t i = 0; i < count; ++i) text += (i > 0 ? ", " : "[") + fmt::format("{}", positive());
    return text + "]";
  }

  std::string positions(std::int64_t count) {
    if (count == 0) return {};
    const bool steps = coin();
    std::string text;
    for (std::int64_t i = 1; i <= count; ++i)
      text += (i > 1 ? "," : "[") +
              (steps ? fmt::format("{}steps", 7 * i)
                     : fmt::format("{}", static_cast<double>(i) / static_cast<double>(count + 1)));
    return text + "]";
  }

  Stream random_;
};

// The values over a run of 1000 steps, or the message why there are none (a length that does not fit).
std::string outcome(const Schedule& schedule) {
  try {
    std::string text;
    for (const double value : schedule.sample(1000)) text += fmt::format("{} ", value);
    return text;
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(RoundTrip, OfRandomSchedules) {
  RandomSchedules random(7);
  int parsed = 0, sampled = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random.any(3);
    std::optional<Schedule> first;
    try {
      first = Schedule::parse(text);
    } catch (const InvalidInput&) {
      continue;  // random arguments that do not go together: a decay before the end of the warm-up, low above
                 // high
    }
    ++parsed;
    const Schedule second = Schedule::parse(first->text());
    ASSERT_EQ(second.text(), first->text()) << text;
    ASSERT_EQ(second.needs_steps(), first->needs_steps()) << text;
    const std::string values = outcome(*first);
    ASSERT_EQ(outcome(second), values) << text;
    if (!values.starts_with("schedule")) ++sampled;
  }
  EXPECT_GT(parsed, 1400);
  EXPECT_GT(sampled, 1000);
}

TEST(RoundTrip, OfRandomNumbers) {
  Stream random(Seed{3}, lane("numbers"));
  for (int i = 0; i < 20'000; ++i) {
    double value;
    const std::uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const std::string text = schedule::number_text(value);
    ASSERT_EQ(Schedule::parse(text)(0), value) << text;
    ASSERT_LE(text.size(), fmt::format("{}", value).size()) << text;
  }
}

}  // namespace
}  // namespace lehr
