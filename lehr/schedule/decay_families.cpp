// The families in closed form: a value that goes from one level to another.
#include "lehr/schedule/families.hpp"

#include <cmath>

#include "lehr/schedule/shape.hpp"

namespace lehr::schedule {
namespace {

Parameter number(std::string name, std::string help, Range range = {}) {
  return {.name = std::move(name), .kind = ArgumentKind::number, .help = std::move(help), .range = range};
}

std::vector<Parameter> ends(Range range = {}) {
  return {number("from", "value at the start", range), number("to", "value at the end", range)};
}

std::vector<Parameter> ends_and_power() {
  auto parameters = ends();
  parameters.push_back(number("power", "exponent", positive));
  return parameters;
}

Family constant() {
  return {{"constant", "the same value throughout; a bare number means this", {number("value", "the value")}},
          [](const Arguments& given, const Source&) {
            return Curve{[value = given.number("value")](const Place&) { return value; }};
          }};
}

// The families that are nothing but a shape between two ends.
Family shaped(std::string name, std::string summary, Shape shape, Range range = {}) {
  return {{std::move(name), std::move(summary), ends(range)}, [shape](const Arguments& given, const Source&) {
            return Curve{[shape, from = given.number("from"), to = given.number("to")](const Place& place) {
              return between(shape, from, to, place.progress());
            }};
          }};
}

Family cosine_power() {
  return {{"cosine_power", "to + (from - to) ((1 + cos(pi x)) / 2)^power", ends_and_power()},
          [](const Arguments& given, const Source&) {
            return Curve{[from = given.number("from"), to = given.number("to"),
                          power = given.number("power")](const Place& place) {
              const double share = between(Shape::cosine, 1, 0, place.progress());
              return std::lerp(to, from, std::pow(share, power));
            }};
          }};
}

Family polynomial() {
  return {{"polynomial", "to + (from - to) (1 - x)^power", ends_and_power()},
          [](const Arguments& given, const Source&) {
            return Curve{[from = given.number("from"), to = given.number("to"),
                          power = given.number("power")](const Place& place) {
              return between(Shape::power, from, to, place.progress(), power);
            }};
          }};
}

Family hyperbolic_tangent() {
  Parameter scale{.name = "scale",
                  .kind = ArgumentKind::number,
                  .help = "the value that is approached",
                  .default_text = "1"};
  return {{"tanh",
           "scale tanh(from + (to - from) x): rises at first evenly, then ever more slowly",
           {number("from", "argument of tanh at the start"), number("to", "argument of tanh at the end"),
            std::move(scale)}},
          [](const Arguments& given, const Source&) {
            return Curve{[from = given.number("from"), to = given.number("to"),
                          scale = given.number("scale")](const Place& place) {
              return scale * std::tanh(std::lerp(from, to, place.progress()));
            }};
          }};
}

Family inverse_sqrt() {
  Parameter scale{.name = "scale",
                  .kind = ArgumentKind::length,
                  .help = "length over which the value falls to peak / sqrt(2)"};
  return {{"inverse_sqrt",
           "peak / sqrt(1 + x / scale): falls without an end in view",
           {number("peak", "value at the start"), std::move(scale)}},
          [](const Arguments& given, const Source&) {
            const Length scale = given.length("scale");
            if (!(scale.amount > 0)) throw InvalidInput("'scale' must be above 0");
            return Curve{[scale, peak = given.number("peak")](const Place& place) {
              if (place.length() <= 0) return peak;
              return peak / std::sqrt(1 + place.offset() / place.extent(scale));
            }};
          }};
}

std::vector<Parameter> wsd_parameters() {
  return {number("peak", "value between warm-up and decay"),
          number("to", "value at the end"),
          {.name = "start",
           .kind = ArgumentKind::length,
           .help = "where the decay starts",
           .default_text = "0.8"},
          {.name = "shape",
           .kind = ArgumentKind::word,
           .help = "shape of the decay",
           .default_text = "linear",
           .choices = {"linear", "exponential", "cosine", "sqrt", "inverse", "power"}},
          {.name = "power",
           .kind = ArgumentKind::number,
           .help = "exponent of shape=power",
           .range = positive,
           .optional = true},
          {.name = "warmup",
           .kind = ArgumentKind::length,
           .help = "length of a linear rise from 0",
           .default_text = "0"}};
}

Curve wsd_curve(const Arguments& given, const Source&) {
  const double peak = given.number("peak"), to = given.number("to");
  const Length start = given.length("start"), warmup = given.length("warmup");
  const Shape shape = shape_from(given.word("shape"));
  if (given.has("power") != (shape == Shape::power))
    throw InvalidInput("'power' goes with shape=power, and only with it");
  check_ends(shape, peak, to);
  const double power = given.has("power") ? given.number("power") : 1;
  if (start.in_steps == warmup.in_steps && start.amount < warmup.amount)
    throw InvalidInput("the decay starts before the warm-up has ended");
  return {[=](const Place& place) {
    const double warm = place.after(warmup, "the warm-up"),
                 decay = place.after(start, "the start of the decay");
    if (decay < warm) throw InvalidInput("schedule: wsd: the decay starts before the warm-up has ended");
    if (place.position < warm) return peak * place.part(place.begin, warm).progress();
    if (place.position < decay) return peak;
    return between(shape, peak, to, place.part(decay, place.end).progress(), power);
  }};
}

Family wsd() {
  return {{"wsd", "warm-up, stable, decay: rises from 0, stays at peak, then decays", wsd_parameters()},
          wsd_curve};
}

Family cyclic() {
  std::vector<Parameter> parameters{number("low", "value at both ends of a cycle"),
                                    number("high", "value in the middle of a cycle"),
                                    {.name = "count",
                                     .kind = ArgumentKind::integer,
                                     .help = "number of cycles",
                                     .range = {.low = 1, .high = 1e6}},
                                    {.name = "shape",
                                     .kind = ArgumentKind::word,
                                     .help = "shape of the rise and the fall",
                                     .default_text = "triangle",
                                     .choices = {"triangle", "cosine"}}};
  return {{"cyclic", "rises from low to high and falls back, count times", std::move(parameters)},
          [](const Arguments& given, const Source&) {
            const Shape shape = given.word("shape") == "cosine" ? Shape::cosine : Shape::linear;
            return Curve{[shape, low = given.number("low"), high = given.number("high"),
                          count = given.number("count")](const Place& place) {
              if (place.length() <= 0) return low;
              const double cycles = place.offset() * count / place.length();
              const double phase = cycles - std::floor(cycles);
              return between(shape, low, high, 1 - std::abs(2 * phase - 1));
            }};
          }};
}

}  // namespace

std::vector<Family> decay_families() {
  return {
      constant(),
      shaped("linear", "from + (to - from) x", Shape::linear),
      shaped("geometric", "from (to / from)^x: equal ratios in equal times", Shape::exponential, positive),
      shaped("cosine", "to + (from - to) (1 + cos(pi x)) / 2: half a cosine", Shape::cosine),
      cosine_power(),
      polynomial(),
      hyperbolic_tangent(),
      inverse_sqrt(),
      wsd(),
      cyclic()};
}

}  // namespace lehr::schedule
