#include "apps/lehr/spin/sample.hpp"

#include <cmath>

#include "apps/lehr/spin/problem_options.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/spin/anneal.hpp"
#include "lehr/spin/files/states_file.hpp"
#include "lehr/spin/variable_elimination.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace spin;

namespace {

struct SpinSampleOptions {
  SpinProblemOptions file;
  std::string method = "chain", rule = "heat_bath", states;
  std::optional<double> beta, temperature;
  std::int64_t reads = 64, sweeps = 1000, thin = 10;
  std::optional<std::int64_t> burn_in;

  void describe(OptionTable& table) {
    file.describe(table);
    table
        .add("method", method,
             "chain: Markov chains from random states; exact: independent samples, for narrow models")
        .choices({"chain", "exact"});
    table.add("beta", beta, "inverse temperature").at_least(0);
    table.add("temperature", temperature, "temperature, in place of beta").above(0);
    table.add("rule", rule, "how a flip is accepted").choices({"metropolis", "heat_bath"});
    table.add("reads", reads, "chains side by side; exact: samples").range(2, 1e6);
    table.add("sweeps", sweeps, "of each chain, after the burn-in").at_least(1);
    table.add("burn_in", burn_in, "sweeps before samples are taken; default: a quarter of sweeps")
        .at_least(0);
    table.add("thin", thin, "sweeps from one sample to the next").at_least(1);
    table.add("states", states, "file for the last states of the chains (exact: the samples)");
  }
};

// What is averaged over a chain's samples.
struct ChainSums {
  double energy = 0, energy_squared = 0, magnetisation = 0;
  std::int64_t samples = 0;
};

double magnetisation(const Spins& spins) {
  std::int64_t sum = 0;
  for (const std::int8_t s : spins) sum += s;
  return std::abs(static_cast<double>(sum)) / static_cast<double>(std::max<std::size_t>(spins.size(), 1));
}

class Sampler {
 public:
  Sampler(const SpinSampleOptions& options, TaskContext& context)
      : options_(options), context_(context), problem_(load_problem(options.file, context)) {
    if (problem_.polynomial)
      throw InvalidInput("spin.sample: {} has terms of more than two variables", problem_.name);
    if (options.beta.has_value() == options.temperature.has_value())
      throw InvalidInput("spin.sample: give beta or temperature, one of them");
    beta_ = options.beta ? *options.beta : 1 / *options.temperature;
  }

  Report run() {
    chains_.resize(static_cast<std::size_t>(options_.reads));
    if (options_.method == "exact")
      sample_exactly();
    else
      run_chains();
    return report();
  }

 private:
  void take(std::size_t chain, double energy, double magnetisation) {
    ChainSums& sums = chains_[chain];
    sums.energy += energy, sums.energy_squared += energy * energy, sums.magnetisation += magnetisation;
    ++sums.samples;
  }

  void sample_exactly() {
    const ExactSampler sampler(problem_.ising, beta_);
    ln_z_ = sampler.ln_z();
    for (std::int64_t read = 0; read < options_.reads; ++read) {
      Stream random =
          Stream(context_.seed, lane("spin.sample.exact")).at_block(static_cast<std::uint64_t>(read) << 32);
      Spins spins = sampler.sample(random);
      const double energy = problem_.ising.energy(spins);
      take(static_cast<std::size_t>(read), energy, magnetisation(spins));
      states_.push_back({std::move(spins), energy, 1});
    }
  }

  void run_chains() {
    AnnealOptions own{.reads = options_.reads};
    own.cooling.beta = Control(beta_);
    own.rule = options_.rule;
    const Anneal method(problem_.ising, own);
    const std::int64_t burn_in = options_.burn_in.value_or(options_.sweeps / 4);
    // The chains are sampled as the run goes; sampled runs are not resumed, so no checkpoint is kept.
    Observers observers = context_.observers;
    observers.checkpoints.path.clear();
    struct Sampling {
      const Anneal& method;
      std::int64_t burn_in, thin;
      Sampler& sampler;
      using State = Anneal::State;
      State start(const Moment& now) const { return method.start(now); }
      void advance(State& state, const Moment& now) const {
        method.advance(state, now);
        const std::int64_t done = now.step + 1 - burn_in;
        if (done <= 0 || done % thin != 0) return;
        const std::vector<double> energies = state.reads->energies();
        double sum = 0;
        for (std::size_t k = 0; k < energies.size(); ++k) {
          sampler.take(k, energies[k], magnetisation(state.reads->spins(static_cast<std::int64_t>(k))));
          sum += energies[k];
        }
        sampler.course_.push_back(
            {static_cast<double>(now.step), sum / static_cast<double>(energies.size())});
      }
      void measure(const State& state, Row& row) const { method.measure(state, row); }
    };
    const auto run = drive(Sampling{method, burn_in, options_.thin, *this},
                           Budget::steps(burn_in + options_.sweeps), context_.seed, observers);
    for (std::int64_t read = 0; read < options_.reads; ++read) {
      Spins spins = run.state.reads->spins(read);
      const double energy = problem_.ising.energy(spins);
      states_.push_back({std::move(spins), energy, 1});
    }
    if (run.why == Stop::interrupted) notes_.push_back("Interrupted: fewer samples than asked for.");
    if (chains_.front().samples == 0)
      throw InvalidInput("spin.sample: the run ended before its first sample");
  }

  Report report() const {
    std::vector<double> energies, magnetisations;
    double second = 0, first = 0;
    for (const ChainSums& sums : chains_) {
      const auto count = static_cast<double>(sums.samples);
      energies.push_back(sums.energy / count);
      magnetisations.push_back(sums.magnetisation / count);
      first += sums.energy / count, second += sums.energy_squared / count;
    }
    const auto count = static_cast<double>(chains_.size());
    const stats::Summary energy = stats::summarize(energies),
                         magnetisation = stats::summarize(magnetisations);
    const double variance = second / count - (first / count) * (first / count);
    const double n = std::max<double>(1, problem_.size());

    Report report;
    report.title = fmt::format("{} at beta = {:.6g}", problem_.name, beta_);
    report.metric("energy", energy.mean);
    report.metric("energy_error", energy.standard_error);
    report.metric("energy_per_spin", energy.mean / n);
    report.metric("energy_per_spin_error", energy.standard_error / n);
    report.metric("heat_capacity_per_spin", beta_ * beta_ * variance / n);
    report.metric("magnetisation", magnetisation.mean);
    report.metric("magnetisation_error", magnetisation.standard_error);
    if (ln_z_) report.metric("ln_z", *ln_z_);
    Table table{.title = "Averages",
                .columns = {"quantity", "mean", "standard error"},
                .rows = {},
                .formats = {"", ".8g", ".2g"}};
    table.rows.push_back({"energy", energy.mean, energy.standard_error});
    table.rows.push_back({"energy per spin", energy.mean / n, energy.standard_error / n});
    table.rows.push_back({"heat capacity per spin", beta_ * beta_ * variance / n, Json()});
    table.rows.push_back({"|magnetisation|", magnetisation.mean, magnetisation.standard_error});
    if (ln_z_) table.rows.push_back({"ln Z", *ln_z_, 0});
    report.tables = {problem_table(problem_), std::move(table)};
    if (course_.size() > 1) report.figures.push_back(course_figure());
    report.notes = problem_.notes;
    report.notes.insert(report.notes.end(), notes_.begin(), notes_.end());
    report.notes.push_back(
        options_.method == "exact"
            ? fmt::format("{} independent samples.", options_.reads)
            : fmt::format("{} chains of {} samples; errors from the spread between chains.", options_.reads,
                          chains_.front().samples));
    report.artifacts.push_back({.name = "states",
                                .extension = "txt",
                                .content = states_text(problem_, states_, StatesFormat::text),
                                .path = {}});
    if (!options_.states.empty()) write_states(context_.resolve(options_.states), problem_, states_);
    return report;
  }

  Figure course_figure() const {
    Figure figure{.name = "energy",
                  .title = "Energy of the chains",
                  .caption = "Mean over the chains; a drift means that the burn-in was too short.",
                  .x = {.label = "sweep", .log = false, .low = {}, .high = {}},
                  .y = {.label = "energy", .log = false, .low = {}, .high = {}},
                  .series = {}};
    Series line{
        .label = "mean energy", .style = Series::Style::line, .x = {}, .y = {}, .low = {}, .high = {}};
    for (const auto& [step, energy] : course_) line.x.push_back(step), line.y.push_back(energy);
    figure.series.push_back(std::move(line));
    return figure;
  }

  const SpinSampleOptions& options_;
  TaskContext& context_;
  Problem problem_;
  double beta_ = 0;
  std::optional<double> ln_z_;
  std::vector<ChainSums> chains_;
  std::vector<Solution> states_;
  std::vector<std::pair<double, double>> course_;
  std::vector<std::string> notes_;
};

Report sample(const SpinSampleOptions& options, TaskContext& context) {
  return Sampler(options, context).run();
}

}  // namespace

Task spin_sample_task() {
  return make_task<SpinSampleOptions>("spin.sample", "",
                                      "states and averages of a spin model at a temperature",
                                      "Samples the Boltzmann distribution e^(-beta H) of an Ising model or "
                                      "QUBO by many Markov chains, or exactly where "
                                      "the model is narrow enough to be summed, and prints mean energy, heat "
                                      "capacity and magnetisation with standard "
                                      "errors from independent chains.",
                                      {"spin sample spins.ising --beta 0.7 --sweeps 10000",
                                       "spin sample chain.ising --method exact --temperature 1 --reads 1000"},
                                      sample);
}

}  // namespace lehr::command
