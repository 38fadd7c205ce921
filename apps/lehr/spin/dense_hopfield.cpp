#include "apps/lehr/spin/dense_hopfield.hpp"

#include <cmath>
#include <optional>

#include "apps/lehr/spin/number_table.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/spin/memory/dense_hopfield.hpp"
#include "lehr/spin/memory/recall.hpp"
#include "lehr/spin/memory/replica_symmetric.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {
namespace {

struct DenseHopfieldOptions {
  std::string patterns;
  std::int64_t size = 100, count = 0, order = 4, sweeps = 40, reads = 8, start = 0;
  std::optional<double> load;
  double burn_in = 0.25;
  spin::RecallOptions recall;

  void describe(OptionTable& table) {
    table.add("patterns", patterns, "file of +-1 patterns, a row each (.npy, .csv, IDX); empty: random ones");
    table.add("size", size, "spins of a network with random patterns").range(2, 1e6);
    table.add("load", load, "random patterns over size^(order-1)").above(0);
    table.add("count", count, "number of random patterns, where no load is given; 0: load 0.01").at_least(0);
    table.add("order", order, "P, spins in an interaction").range(2, 100);
    table.add("sweeps", sweeps, "length of a run").unit("sweeps").at_least(1);
    table.add("reads", reads, "runs; read r starts from pattern start + r").range(1, 1e5);
    table.add("start", start, "pattern that the first read starts from").at_least(0);
    table.add("burn_in", burn_in, "share of the sweeps that averages leave out").range(0, 0.99);
    recall.describe(table);
  }
};

spin::SignPatterns stored_patterns(const DenseHopfieldOptions& options, const TaskContext& context) {
  if (!options.patterns.empty()) {
    const auto path = context.resolve(options.patterns);
    return spin::SignPatterns::from_rows(read_number_table(path).view(), path.string());
  }
  const double couplings =
      std::pow(static_cast<double>(options.size), static_cast<double>(options.order - 1));
  double count = static_cast<double>(options.count);
  if (options.load || options.count == 0) count = std::round(options.load.value_or(0.01) * couplings);
  if (!(count >= 1 && count < 1e12))
    throw InvalidInput("load: {} spins of order {} would store {} patterns, expected 1 to 1e12", options.size,
                       options.order, count);
  return spin::SignPatterns::random(static_cast<spin::Index>(options.size), static_cast<std::int64_t>(count),
                                    Stream(context.seed, lane("spin.dense-hopfield.patterns")));
}

// What the runs looked like from sweep to sweep.
struct RecallTrace {
  std::vector<double> sweep, m, acceptance, energy;
};

Figure overlap_figure(const RecallTrace& trace, const std::optional<double>& theory) {
  Figure figure{.name = "overlap",
                .title = "Overlap with the pattern it started from",
                .caption = {},
                .x = {},
                .y = {},
                .series = {}};
  figure.x.label = "sweep";
  figure.y.label = "overlap m, mean over reads";
  figure.series.push_back({.label = "Monte Carlo", .x = trace.sweep, .y = trace.m, .low = {}, .high = {}});
  if (theory)
    figure.series.push_back({.label = "replica theory",
                             .style = Series::Style::dashed,
                             .x = {trace.sweep.front(), trace.sweep.back()},
                             .y = {*theory, *theory},
                             .low = {},
                             .high = {}});
  return figure;
}

// The theory's overlap for random patterns at the last temperature.
std::optional<double> theory_of(const DenseHopfieldOptions& options, double load) {
  if (!options.patterns.empty() || options.recall.dynamics == "descent") return std::nullopt;
  const auto order = static_cast<int>(options.order);
  const double temperature = options.recall.temperature.at(options.sweeps - 1, options.sweeps);
  const spin::ReplicaModel model =
      order == 2 ? spin::ReplicaModel::hopfield(load) : spin::ReplicaModel::dense(order, load);
  return spin::replica_symmetric(model, temperature, spin::Branch::retrieval).order.m;
}

Report recall_patterns(const DenseHopfieldOptions& options, TaskContext& context) {
  const spin::DenseHopfield network(stored_patterns(options, context), static_cast<int>(options.order));
  const std::int64_t stored = network.patterns().patterns();
  if (options.start >= stored)
    throw InvalidInput("start: the network has {} patterns, found {}", stored, options.start);
  std::vector<spin::Spins> cues;
  std::vector<std::int64_t> targets;
  for (std::int64_t r = 0; r < options.reads; ++r) {
    targets.push_back((options.start + r) % stored);
    cues.push_back(network.patterns().pattern(targets.back()));
  }
  const spin::Recall<spin::DenseHopfield> method(network, options.recall, std::move(cues), targets);
  RecallTrace seen;
  Observers observers = context.observers;
  observers.list.push_back(trace([&](const Moment& now, const Row& row) {
    seen.sweep.push_back(static_cast<double>(now.step + 1));
    seen.m.push_back(*row.find("m"));
    seen.acceptance.push_back(*row.find("acceptance"));
    seen.energy.push_back(*row.find("energy"));
  }));
  const auto run = drive(method, Budget::steps(options.sweeps), context.seed, observers);

  Report report;
  report.title = fmt::format("Dense Hopfield network: {} patterns of {} spins, order {}", stored,
                             network.size(), options.order);
  const auto from = static_cast<std::size_t>(options.burn_in * static_cast<double>(seen.m.size()));
  const auto late = [&](const std::vector<double>& values) {
    return values.empty() ? 0.0 : stats::mean(std::span(values).subspan(from));
  };
  report.metric("m", late(seen.m));
  report.metric("m_error", *run.last.find("m_error"));
  report.metric("others", *run.last.find("others"));
  report.metric("energy", late(seen.energy));
  report.metric("acceptance", late(seen.acceptance));
  report.metric("patterns", static_cast<double>(stored));
  report.metric("load", network.load());
  const std::optional<double> theory = theory_of(options, network.load());
  if (theory) report.metric("m_theory", *theory);
  if (!seen.m.empty()) report.figures.push_back(overlap_figure(seen, theory));
  Table table{.title = "Reads at the end",
              .columns = {"read", "pattern", "overlap", "energy per spin"},
              .rows = {},
              .formats = {}};
  for (std::size_t r = 0; r < run.state.reads.size(); ++r)
    table.rows.push_back({static_cast<std::int64_t>(r), targets[r], method.overlap(run.state, r),
                          run.state.reads[r].energy / network.size()});
  report.tables.push_back(std::move(table));
  report.notes.emplace_back(
      "m is the mean over reads and sweeps after the burn-in; m_error is that of one sweep.");
  return report;
}

}  // namespace

Task spin_dense_hopfield_task() {
  return make_task<DenseHopfieldOptions>(
      "spin.dense-hopfield", "", "recall in a dense (many-body) Hopfield network by Monte Carlo",
      "Stores patterns of +1 and -1 in a network whose interactions join P spins at a time, starts each read "
      "from a "
      "pattern with some spins flipped, and follows its overlap under the temperature schedule. A network of "
      "order P "
      "holds up to about size^(P-1) patterns; for random patterns the replica theory's overlap stands "
      "beside.",
      {"spin dense-hopfield --size 100 --load 0.01 --temperature 0.05",
       "spin dense-hopfield --patterns memories.npy --order 4 --flips 0.2 --dynamics descent",
       "spin dense-hopfield --temperature 'linear(from=0.2, to=0.01)' --sweeps 200 --json"},
      recall_patterns);
}

}  // namespace lehr::command
