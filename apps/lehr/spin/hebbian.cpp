#include "apps/lehr/spin/hebbian.hpp"

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/memory/supervised_replica_symmetric.hpp"
#include "lehr/spin/memory/tensor_noise.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {
namespace {

spin::Spins spins_from(const Eigen::Ref<const Eigen::VectorXd>& column) {
  spin::Spins spins;
  for (const double value : column) spins.push_back(value > 0 ? 1 : -1);
  return spins;
}

double mean_energy(const spin::DenseHebbianSupervised& network, const Eigen::MatrixXd& signs) {
  const auto energies = parallel_map(signs.cols(), [&](std::int64_t r) {
    return network.energy(network.configuration(spins_from(signs.col(r)))) / network.size();
  });
  return stats::mean(energies);
}

HebbianRun run_plefka(const HebbianOptions& options, const spin::DenseHebbianSupervised& network,
                      const Eigen::MatrixXd& cues, TaskContext& context) {
  spin::PlefkaOptions plefka;
  plefka.temperature = options.recall.temperature;
  plefka.damping = options.damping;
  const spin::Plefka method(network, plefka, cues);
  const auto run = drive(method, Budget::steps(500), context.seed, context.observers);
  HebbianRun made{.signs = method.signs(run.state), .steps = *run.last.find("steps")};
  made.energy = mean_energy(network, made.signs);
  return made;
}

template <class Memory>
HebbianRun run_monte_carlo(const HebbianOptions& options, const Memory& network, const Eigen::MatrixXd& cues,
                           TaskContext& context) {
  std::vector<spin::Spins> starts;
  for (Eigen::Index r = 0; r < cues.cols(); ++r) starts.push_back(spins_from(cues.col(r)));
  const std::vector<std::int64_t> targets(starts.size(), 0);
  const spin::Recall<Memory> method(network, options.recall, std::move(starts), targets);
  const auto run = drive(method, Budget::steps(options.sweeps), context.seed, context.observers);
  HebbianRun made{.signs = Eigen::MatrixXd(cues.rows(), cues.cols())};
  for (Eigen::Index r = 0; r < cues.cols(); ++r) {
    const auto& read = run.state.reads[static_cast<std::size_t>(r)];
    for (Eigen::Index i = 0; i < cues.rows(); ++i)
      made.signs(i, r) = read.configuration.spins[static_cast<std::size_t>(i)];
    made.energy += read.energy / network.size() / static_cast<double>(cues.cols());
    const std::int64_t sweeps = read.settled >= 0 ? read.settled + 1 : run.state.sweeps;
    made.steps += static_cast<double>(sweeps) / static_cast<double>(cues.cols());
  }
  return made;
}

// Classes whose network is to be trained on `means`, with noise patterns that stand for noise on the tensor's entries.
Eigen::MatrixXd with_noise_patterns(Eigen::MatrixXd x, double tensor_noise, Stream stream) {
  const auto extra = static_cast<Eigen::Index>(std::llround(tensor_noise * tensor_noise));
  if (extra == 0) return x;
  const Eigen::Index stored = x.cols();
  x.conservativeResize(Eigen::NoChange, stored + extra);
  for (Eigen::Index mu = stored; mu < x.cols(); ++mu)
    for (Eigen::Index i = 0; i < x.rows(); ++i) x(i, mu) = (stream() & 1U) != 0 ? 1 : -1;
  return x;
}

Eigen::MatrixXd generated_patterns(const HebbianOptions& options, const spin::SignPatterns& archetypes,
                                   std::int64_t examples, Stream stream) {
  if (options.protocol == "storing")
    return spin::supervised_patterns(spin::generated_means(archetypes, 1, 1, stream));
  if (options.protocol == "unsupervised")
    return spin::unsupervised_patterns(
        spin::generated_examples(archetypes, options.quality, examples, stream),
        static_cast<int>(options.order));
  const Eigen::MatrixXd means = spin::generated_means(archetypes, options.quality, examples, stream);
  return options.unit ? spin::unit_patterns(means) : spin::supervised_patterns(means);
}

// The theory's overlap at the end of the temperature schedule.
double predicted_overlap(const HebbianOptions& options, std::int64_t classes, std::int64_t examples) {
  const double couplings =
      std::pow(static_cast<double>(options.size), static_cast<double>(options.order - 1));
  const double load =
      spin::effective_load(static_cast<double>(classes) / couplings, options.tensor_noise,
                           static_cast<int>(options.order), static_cast<double>(options.size));
  const spin::DataSet data = options.protocol == "storing"
                                 ? spin::DataSet::entropy(0)
                                 : spin::DataSet::of(options.quality, examples, spin::ExampleLaw::gaussian);
  return spin::supervised_replica_symmetric(static_cast<int>(options.order), load,
                                            options.recall.temperature.at(options.sweeps - 1, options.sweeps),
                                            data)
      .m;
}

std::int64_t generated_classes(const HebbianOptions& options) {
  if (options.classes > 0) return options.classes;
  const double couplings =
      std::pow(static_cast<double>(options.size), static_cast<double>(options.order - 1));
  return std::max<std::int64_t>(1, std::llround(options.load.value_or(0.005) * couplings));
}

// Recall of generated archetypes after training with so many examples a class.
struct ArchetypeRecall {
  std::int64_t examples = 0;
  double m = 0, error = 0, predicted = 0;
  double stayed = 0, m_stayed = 0;  // share of reads above 0.5, and their mean overlap
  double energy = 0, steps = 0;
  std::optional<spin::PostSynapticTest> noise;
};

void summarize_reads(ArchetypeRecall& recall, const std::vector<double>& overlaps) {
  std::vector<double> stayed;
  for (const double m : overlaps)
    if (m > 0.5) stayed.push_back(m);
  recall.m = stats::mean(overlaps);
  recall.error = overlaps.size() > 1 ? stats::standard_error(overlaps) : 0;
  recall.stayed = static_cast<double>(stayed.size()) / static_cast<double>(overlaps.size());
  recall.m_stayed = stayed.empty() ? 0 : stats::mean(stayed);
}

ArchetypeRecall recall_at(const HebbianOptions& options, const spin::SignPatterns& archetypes,
                          std::int64_t examples, TaskContext& context) {
  const Eigen::MatrixXd x =
      generated_patterns(options, archetypes, examples, Stream(context.seed, lane("spin.hebbian.examples")));
  const spin::DenseHebbianSupervised network(
      with_noise_patterns(x, options.explicit_noise ? 0 : options.tensor_noise,
                          Stream(context.seed, lane("spin.hebbian.noise"))),
      static_cast<int>(options.order), options.self_terms);
  Eigen::MatrixXd cues(options.size, std::min(options.reads, archetypes.patterns()));
  for (Eigen::Index r = 0; r < cues.cols(); ++r)
    for (Eigen::Index i = 0; i < cues.rows(); ++i)
      cues(i, r) = archetypes.positive(r, static_cast<spin::Index>(i)) ? 1 : -1;
  const HebbianRun run = run_engine(options, network, cues, context);
  std::vector<double> overlaps;
  for (Eigen::Index r = 0; r < cues.cols(); ++r)
    overlaps.push_back(run.signs.col(r).dot(cues.col(r)) / static_cast<double>(options.size));
  ArchetypeRecall recall{.examples = examples, .energy = run.energy, .steps = run.steps, .noise = {}};
  summarize_reads(recall, overlaps);
  recall.predicted = predicted_overlap(options, archetypes.patterns(), examples);
  if (options.noise_test) recall.noise = spin::post_synaptic_test(network, archetypes, 10);
  return recall;
}

void add_recall_metrics(Report& report, const ArchetypeRecall& recall) {
  report.metric("m", recall.m);
  report.metric("m_error", recall.error);
  report.metric("m_theory", recall.predicted);
  report.metric("stayed", recall.stayed);
  report.metric("m_stayed", recall.m_stayed);
  report.metric("energy", recall.energy);
  report.metric("steps", recall.steps);
  if (!recall.noise) return;
  report.metric("noise_kurtosis", recall.noise->excess_kurtosis);
  report.metric("noise_distance", recall.noise->distance);
}

Table recall_table(const std::vector<ArchetypeRecall>& recalls) {
  Table table{.title = "Overlap with the archetypes",
              .columns = {"examples a class", "m", "standard error", "stayed", "theory", "steps"},
              .rows = {},
              .formats = {}};
  for (const ArchetypeRecall& one : recalls)
    table.rows.push_back({one.examples, one.m, one.error, one.stayed, one.predicted, one.steps});
  return table;
}

Figure recall_figure(const HebbianOptions& options, const std::vector<ArchetypeRecall>& recalls) {
  Series measured{.label = options.engine == "mc" ? "Monte Carlo" : "Plefka",
                  .style = Series::Style::points,
                  .x = {},
                  .y = {},
                  .low = {},
                  .high = {}};
  Series theory{.label = "replica theory", .x = {}, .y = {}, .low = {}, .high = {}};
  for (const ArchetypeRecall& one : recalls) {
    for (Series* series : {&measured, &theory}) series->x.push_back(static_cast<double>(one.examples));
    measured.y.push_back(one.m);
    measured.low.push_back(one.m - one.error);
    measured.high.push_back(one.m + one.error);
    theory.y.push_back(one.predicted);
  }
  Figure figure{.name = "overlap",
                .title = "Overlap with the archetypes",
                .caption = "Mean over reads with its standard error.",
                .x = {},
                .y = {},
                .series = {measured, theory}};
  figure.x.label = "examples a class";
  figure.y.label = "m";
  return figure;
}

}  // namespace

HebbianRun run_engine(const HebbianOptions& options, const spin::DenseHebbianSupervised& network,
                      const Eigen::MatrixXd& cues, TaskContext& context) {
  if (options.engine == "plefka") return run_plefka(options, network, cues, context);
  if (!options.explicit_noise) return run_monte_carlo(options, network, cues, context);
  const spin::WithTensorNoise noisy(network,
                                    spin::tensor_noise(network.size(), network.order(), options.tensor_noise,
                                                       Stream(context.seed, lane("spin.hebbian.tensor"))));
  return run_monte_carlo(options, noisy, cues, context);
}

Report recall_archetypes(const HebbianOptions& options, TaskContext& context) {
  const std::int64_t classes = generated_classes(options);
  const auto archetypes = spin::SignPatterns::random(static_cast<spin::Index>(options.size), classes,
                                                     Stream(context.seed, lane("spin.hebbian.archetypes")));
  std::vector<ArchetypeRecall> recalls;
  for (std::int64_t point = 0; point < options.points; ++point) {
    const double progress =
        options.points > 1 ? static_cast<double>(point) / static_cast<double>(options.points - 1) : 0;
    recalls.push_back(recall_at(options, archetypes, std::llround(options.per_class(progress)), context));
  }
  Report report;
  report.title = fmt::format("Dense Hebbian network of order {}: {} classes, {} spins", options.order,
                             classes, options.size);
  add_recall_metrics(report, recalls.back());
  report.metric("classes", static_cast<double>(classes));
  report.tables.push_back(recall_table(recalls));
  if (recalls.size() > 1) report.figures.push_back(recall_figure(options, recalls));
  report.notes.emplace_back(
      "'stayed' is the share of reads that end above an overlap of 0.5: at finite size a read may leave a "
      "metastable "
      "state.");
  return report;
}

void HebbianOptions::describe(OptionTable& table) {
  table.add("examples", examples,
            "file of examples, a row each (.npy, .csv, IDX); empty: generated archetypes");
  table.add("labels", labels, "file of their classes 0, 1, ...; last: the last column of the examples");
  table.add("queries", queries, "file of rows to classify; empty: examples held out by the seed");
  table.add("query_labels", query_labels, "their classes, to score; last: the last column of the queries");
  table.add("held_out", held_out, "examples held out as queries, where no file is given").at_least(1);
  table.add("binarise", binarise, "how inputs become +-1").choices({"median", "threshold", "none"});
  table.add("threshold", threshold, "binarise threshold: larger inputs are +1");
  table.add("min_deviation", min_deviation, "drop inputs whose standard deviation is at most this")
      .at_least(0);
  table.add("per_class", per_class, "training examples a class, along the points (rounded); 0: all");
  table.add("points", points, "trainings with growing data sets, from the start of per_class to its end")
      .range(1, 1000);
  table.add("order", order, "P, spins in an interaction").range(2, 100);
  table.add("protocol", protocol, "what is stored: class means, every example, or the archetypes themselves")
      .choices({"supervised", "unsupervised", "storing"});
  table.add("self_terms", self_terms,
            "energy (x.s)^P / P! in place of distinct indexes; for structured data");
  table.add("unit", unit, "give every class mean the same norm");
  table.add("engine", engine, "Monte Carlo, or Plefka's mean-field dynamics").choices({"mc", "plefka"});
  table.add("sweeps", sweeps, "length of a Monte Carlo run").unit("sweeps").at_least(1);
  table.add("damping", damping, "Plefka: share of each step that is taken");
  recall.describe(table);
  table.add("size", size, "generated: spins").range(2, 1e5);
  table.add("load", load, "generated: classes over size^(order-1)").above(0);
  table.add("classes", classes, "generated: number of classes; 0: by the load (0.005)").at_least(0);
  table.add("quality", quality, "generated: r, mean agreement of an example with its archetype").above(0);
  table.add("reads", reads, "generated: runs, each from its archetype").range(1, 1e5);
  table
      .add("tensor_noise", tensor_noise,
           "generated: tau, noise on every tensor entry, as tau^2 random patterns")
      .range(0, 3000);
  table.add("explicit_noise", explicit_noise,
            "generated: draw the noise tensor itself (Monte Carlo, at most 40 spins)");
  table.add("noise_test", noise_test, "generated: how Gaussian the other classes' fields are");
}

Task spin_hebbian_task() {
  return make_task<HebbianOptions>(
      "spin.hebbian", "",
      "learn class archetypes from labelled examples and recall them by attractor dynamics",
      "Averages the labelled examples of each class, stores the means in a network whose interactions join P "
      "spins, and "
      "lets queries flow to the stored archetypes: a classifier and denoiser without gradients. Without a "
      "file it "
      "generates archetypes and noisy examples and compares the overlap with the replica theory.",
      {"spin hebbian --examples digits.csv.gz --labels last --min-deviation 1 --self-terms --unit --order 20 "
       "--dynamics descent",
       "spin hebbian --quality 0.2 --per-class 200 --load 0.005 --temperature 0.03",
       "spin hebbian --per-class 'linear(from=20, to=200)' --points 8 --engine plefka --temperature 0.03"},
      [](const HebbianOptions& options, TaskContext& context) {
        return options.examples.empty() ? recall_archetypes(options, context)
                                        : classify_queries(options, context);
      });
}

}  // namespace lehr::command
