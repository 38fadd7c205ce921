#include "lehr/spin/anneal.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/greedy.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::spin {

void Cooling::describe(OptionTable& table) {
  table.add("beta", beta,
            "inverse temperature: a schedule, or the controllers ess_tempering and acceptance_rate; default: "
            "geometric between ends made from the model's weights");
  table.add("temperature", temperature, "temperature, in place of beta");
}

Control Cooling::control(const BetaRange& range) const {
  if (beta && temperature) throw InvalidInput("beta and temperature are both set; give one of them");
  if (beta) {
    const Signal needed = beta->signal();
    if (needed != Signal::none && needed != Signal::acceptance)
      beta->require(Signal::log_likelihoods, "beta");
    return *beta;
  }
  if (temperature) return *temperature;
  return Schedule::parse(fmt::format("geometric(from={}, to={})", range.hot, range.cold));
}

double Cooling::value(Knob& knob, const Moment& now, const BetaRange& range) const {
  double value = knob.value(now);
  const Signal signal = beta ? beta->signal() : Signal::none;
  if (!(value >= 0))
    throw InvalidInput("{}: {} is not at least 0", temperature ? "temperature" : "beta", value);
  if (temperature) return 1 / value;
  // ess_tempering gives a share of the coldest beta; acceptance_rate beta itself: the larger, the less is accepted.
  return signal == Signal::log_likelihoods ? value * range.cold : value;
}

void AnnealOptions::describe(OptionTable& table) {
  table.add("reads", reads, "independent copies that are annealed side by side").range(1, 1e7);
  cooling.describe(table);
  table.add("rule", rule, "how a flip is accepted").choices({"metropolis", "heat_bath"});
  table.add("kernel", kernel, "how reads are laid out; automatic takes the fastest")
      .choices({"automatic", "byte_lanes", "float_lanes", "byte_read", "float_read", "dense_read"});
  table.add("descend", descend, "end with a steepest descent from every read");
}

Rule parse_rule(const std::string& text) {
  if (text == "metropolis") return Rule::metropolis;
  if (text == "heat_bath") return Rule::heat_bath;
  throw InvalidInput("rule: found {}, expected metropolis or heat_bath", quote(text));
}

std::optional<Kernel> parse_kernel(const std::string& text) {
  if (text == "automatic") return std::nullopt;
  for (const Kernel kernel :
       {Kernel::byte_lanes, Kernel::float_lanes, Kernel::byte_read, Kernel::float_read, Kernel::dense_read})
    if (text == name(kernel)) return kernel;
  throw InvalidInput(
      "kernel: found {}, expected automatic, byte_lanes, float_lanes, byte_read, float_read or dense_read",
      quote(text));
}

Anneal::Anneal(const IsingModel& model, AnnealOptions options, std::vector<Spins> initial)
    : options_(std::move(options)),
      range_(default_beta_range(model)),
      control_(options_.cooling.control(range_)),
      rule_(parse_rule(options_.rule)),
      model_(std::make_shared<ReadModel>(model, options_.reads, parse_kernel(options_.kernel))),
      initial_(std::move(initial)) {
  for (const Spins& spins : initial_)
    if (spins.size() != static_cast<std::size_t>(model.size()))
      throw InvalidInput("an initial state has {} spins, the model {}", spins.size(), model.size());
}

Anneal::State Anneal::start(const Moment& now) const {
  State state{std::make_shared<Reads>(model_, options_.reads, now.seed), control_.start("beta")};
  const auto given = std::min<std::int64_t>(options_.reads, static_cast<std::int64_t>(initial_.size()));
  for (std::int64_t read = 0; read < given; ++read)
    state.reads->set(read, initial_[static_cast<std::size_t>(read)]);
  return state;
}

void Anneal::advance(State& state, const Moment& now) const {
  state.last_beta = options_.cooling.value(state.beta, now, range_);
  state.acceptance = state.reads->sweep(state.last_beta, rule_, now.seed, now.step);
  now.spend(options_.reads * model_->model().size());
  if (control_.signal() == Signal::acceptance) state.beta.observe(state.acceptance);
  if (control_.signal() == Signal::log_likelihoods) {
    std::vector<double> log_likelihoods = state.reads->energies();
    for (double& energy : log_likelihoods) energy *= -range_.cold;
    state.beta.observe(log_likelihoods);
  }
}

bool Anneal::finished(const State& state) const {
  const auto* tempering = std::get_if<schedule::EssTempering>(&state.beta.rule());
  return tempering != nullptr && tempering->finished();
}

void Anneal::measure(const State& state, Row& row) const {
  const std::vector<double> energies = state.reads->energies();
  const stats::Summary summary = stats::summarize(energies);
  row.add("beta", state.last_beta);
  row.add("energy", summary.minimum);
  row.add("energy_mean", summary.mean);
  row.add("energy_deviation", energies.size() > 1 ? summary.standard_deviation : 0);
  row.add("acceptance", state.acceptance);
}

SolutionPool Anneal::solutions(const State& state) const {
  const IsingModel& model = model_->model();
  std::vector<Spins> found(static_cast<std::size_t>(options_.reads));
  const FlipSearch search(model);
  parallel_for(options_.reads, [&](std::int64_t read) {
    Spins spins = state.reads->spins(read);
    if (options_.descend)
      descend(model, search, spins, Stream({0}, lane("spin.descend"), static_cast<std::uint64_t>(read)));
    found[static_cast<std::size_t>(read)] = std::move(spins);
  });
  SolutionPool pool;
  for (Spins& spins : found) {
    const double energy = model.energy(spins);
    pool.add(std::move(spins), energy);
  }
  return pool;
}

}  // namespace lehr::spin
