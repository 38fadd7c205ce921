#include "lehr/schedule/control.hpp"

namespace lehr {
namespace schedule {

struct ControllerFamily {
  Signature signature;
  Signal signal;
  // Throws InvalidInput for arguments that do not fit together.
  Knob::Rule (*build)(const Arguments&);
};

namespace {

constexpr Range share{.low = 0, .high = 1};

Parameter number(std::string name, std::string default_text, std::string help, Range range = {}) {
  return {.name = std::move(name),
          .kind = ArgumentKind::number,
          .help = std::move(help),
          .default_text = std::move(default_text),
          .range = range};
}

ControllerFamily acceptance_rate() {
  return {{"acceptance_rate",
           "Robbins-Monro on the logarithm of a proposal's scale (Andrieu and Thoms 2008)",
           {number("target", "0.234", "acceptance rate to keep", share),
            number("start", "1", "first scale", positive),
            number("gain", "1", "size of the corrections", positive),
            number("decay", "0.6", "how fast they shrink; 0: never", share)}},
          Signal::acceptance,
          [](const Arguments& given) -> Knob::Rule {
            return AcceptanceRate({.target = given.number("target"),
                                   .start = given.number("start"),
                                   .gain = given.number("gain"),
                                   .decay = given.number("decay")});
          }};
}

ControllerFamily dual_averaging() {
  return {{"dual_averaging",
           "Nesterov's dual averaging of a step size (Hoffman and Gelman 2014)",
           {number("target", "0.8", "acceptance probability to keep", share),
            number("start", "1", "first step", positive),
            number("gamma", "0.05", "pull towards ten times the start", positive),
            number("offset", "10", "weight of the start, in observations", {.low = 0}),
            number("decay", "0.75", "forgetting of the average", {.low = 0.5, .high = 1, .open_low = true}),
            {.name = "adapt",
             .kind = ArgumentKind::integer,
             .help = "observations until the step is frozen at its average; 0: never",
             .default_text = "0",
             .range = {.low = 0, .high = 1e15}}}},
          Signal::acceptance,
          [](const Arguments& given) -> Knob::Rule {
            return DualAveraging({.target = given.number("target"),
                                  .start = given.number("start"),
                                  .gamma = given.number("gamma"),
                                  .offset = given.number("offset"),
                                  .decay = given.number("decay"),
                                  .adapt = given.integer("adapt")});
          }};
}

ControllerFamily step_size_pid() {
  return {{"step_size_pid",
           "step size of an integrator from its estimated error (Hairer and Wanner; Soederlind 2003)",
           {number("start", "0.001", "first step", positive),
            number("order", "5", "order of the error estimate", {.low = 1}),
            number("proportional", "0.4", "gain P"), number("integral", "0.3", "gain I"),
            number("derivative", "0", "gain D"),
            number("safety", "0.9", "aim below the tolerance by this factor",
                   {.low = 0, .high = 1, .open_low = true}),
            number("lowest", "0.2", "least factor between steps", positive),
            number("highest", "10", "greatest factor between steps", {.low = 1}),
            number("smallest", "0", "a step below this ends the run", {.low = 0})}},
          Signal::error,
          [](const Arguments& given) -> Knob::Rule {
            return StepSizePid({.start = given.number("start"),
                                .order = given.number("order"),
                                .proportional = given.number("proportional"),
                                .integral = given.number("integral"),
                                .derivative = given.number("derivative"),
                                .safety = given.number("safety"),
                                .lowest = given.number("lowest"),
                                .highest = given.number("highest"),
                                .smallest = given.number("smallest")});
          }};
}

ControllerFamily ess_tempering() {
  return {{"ess_tempering",
           "next inverse temperature at a given effective sample size (Del Moral, Doucet and Jasra 2012)",
           {number("target", "0.5", "effective share of the particles after each step", share),
            number("from", "0", "first inverse temperature"), number("to", "1", "last inverse temperature")}},
          Signal::log_likelihoods,
          [](const Arguments& given) -> Knob::Rule {
            return EssTempering(
                {.target = given.number("target"), .from = given.number("from"), .to = given.number("to")});
          }};
}

std::vector<Parameter> arms(std::vector<Parameter> more) {
  std::vector<Parameter> parameters{
      {.name = "low", .kind = ArgumentKind::number, .help = "least value of the knob"},
      {.name = "high", .kind = ArgumentKind::number, .help = "greatest value of the knob"},
      {.name = "arms",
       .kind = ArgumentKind::integer,
       .help = "how many values to choose among",
       .default_text = "20",
       .range = {.low = 2, .high = 10'000}},
      {.name = "scale",
       .kind = ArgumentKind::word,
       .help = "spacing of the values",
       .default_text = "linear",
       .choices = {"linear", "log"}}};
  parameters.insert(parameters.end(), more.begin(), more.end());
  return parameters;
}

std::vector<double> grid(const Arguments& given) {
  return arm_grid(given.number("low"), given.number("high"), given.integer("arms"),
                  given.word("scale") == "log");
}

ControllerFamily ucb() {
  return {{"ucb",
           "bandit: optimistic about what was tried little; for costs that do not drift (Auer et al. 2002)",
           arms({number("range", "1", "width of the interval in which costs lie", positive)})},
          Signal::cost,
          [](const Arguments& given) -> Knob::Rule { return Ucb(grid(given), given.number("range")); }};
}

ControllerFamily exp3() {
  return {{"exp3", "bandit: exponential weights; for costs of any kind (Auer et al. 2002)",
           arms({number("cost_low", "0", "least cost"), number("cost_high", "1", "greatest cost"),
                 number("rate", "0", "learning rate; 0: falls as 1 / sqrt(t)", {.low = 0}),
                 number("mix", "0", "share of uniform choices", {.low = 0, .high = 0.99})})},
          Signal::cost,
          [](const Arguments& given) -> Knob::Rule {
            return Exp3(grid(given), given.number("cost_low"), given.number("cost_high"),
                        given.number("rate"), given.number("mix"));
          }};
}

ControllerFamily tsallis_inf() {
  return {
      {"tsallis_inf", "bandit: the best of both, steady or adversarial costs (Zimmert and Seldin 2021)",
       arms({number("least", "0", "least cost that can occur")})},
      Signal::cost,
      [](const Arguments& given) -> Knob::Rule { return TsallisInf(grid(given), given.number("least")); }};
}

const std::vector<ControllerFamily>& controllers() {
  static const std::vector<ControllerFamily> all{
      acceptance_rate(), dual_averaging(), step_size_pid(), ess_tempering(), ucb(), exp3(), tsallis_inf()};
  return all;
}

const ControllerFamily* find_controller(std::string_view name) {
  for (const ControllerFamily& family : controllers())
    if (family.signature.name == name) return &family;
  return nullptr;
}

}  // namespace
}  // namespace schedule

struct Control::Controller {
  const schedule::ControllerFamily& family;
  schedule::Arguments arguments;
  Knob::Rule rule;  // at the start of a run
};

const char* name(Signal signal) {
  switch (signal) {
    case Signal::none:
      return "none";
    case Signal::acceptance:
      return "acceptance";
    case Signal::error:
      return "error";
    case Signal::log_likelihoods:
      return "log-likelihoods";
    case Signal::cost:
      return "cost";
  }
  return "";
}

double Knob::value(const Moment& now) {
  return std::visit(
      [&]<class R>(R& rule) -> double {
        if constexpr (std::is_same_v<R, Schedule>) {
          return rule(now);
        } else if constexpr (std::is_base_of_v<schedule::Arms, R>) {
          Stream random = now.random(lane(name_));
          return rule.predict(random);
        } else {
          return rule.value();
        }
      },
      rule_);
}

void Knob::observe(double feedback) {
  std::visit(
      [&]<class R>(R& rule) {
        if constexpr (std::is_same_v<R, schedule::EssTempering>)
          throw InvalidInput("{}: ess_tempering observes log-likelihoods, not a number", name_);
        else if constexpr (!std::is_same_v<R, Schedule>)
          rule.observe(feedback);
      },
      rule_);
}

void Knob::observe(std::span<const double> feedback) {
  std::visit(
      [&]<class R>(R& rule) {
        if constexpr (std::is_same_v<R, schedule::EssTempering>)
          rule.observe(feedback);
        else if constexpr (!std::is_same_v<R, Schedule>)
          throw InvalidInput("{}: the controller observes a number, not log-likelihoods", name_);
      },
      rule_);
}

Control Control::parse(std::string_view text, const std::filesystem::path& base) {
  const schedule::Source source{"control", base};
  const schedule::Expression expression = schedule::parse_expression(text, source.what);
  using Kind = schedule::Expression::Kind;
  const bool named = expression.kind == Kind::call || expression.kind == Kind::word;
  const auto* family = named ? schedule::find_controller(expression.text) : nullptr;
  if (family == nullptr && named && schedule::find_family(expression.text) == nullptr) {
    std::vector<std::string> names;
    for (const auto& known : controller_families()) names.push_back(known.name);
    for (const auto& known : schedule_families()) names.push_back(known.name);
    source.fail(expression.column, "no schedule or controller is called {}{}", quote(expression.text),
                hint(expression.text, names));
  }
  if (family == nullptr) return schedule::make_schedule(expression, source);
  const schedule::Arguments arguments = schedule::bind(family->signature, expression, source);
  try {
    Control control;
    control.controller_ =
        std::make_shared<const Controller>(Controller{*family, arguments, family->build(arguments)});
    return control;
  } catch (const InvalidInput& error) {
    source.fail(expression.column, "{}", error.what());
  }
}

std::string Control::text() const { return closed_loop() ? controller_->arguments.text() : schedule_.text(); }

Signal Control::signal() const { return closed_loop() ? controller_->family.signal : Signal::none; }

void Control::require(Signal given, std::string_view where) const {
  if (closed_loop() && signal() != given)
    throw InvalidInput("{}: '{}' observes {}, but here only {} can be observed", where,
                       controller_->family.signature.name, lehr::name(signal()), lehr::name(given));
}

Knob Control::start(std::string name) const {
  return {std::move(name), closed_loop() ? controller_->rule : Knob::Rule(schedule_)};
}

std::vector<FamilyHelp> controller_families() {
  std::vector<FamilyHelp> help;
  for (const schedule::ControllerFamily& family : schedule::controllers()) help.push_back(family.signature);
  return help;
}

}  // namespace lehr
