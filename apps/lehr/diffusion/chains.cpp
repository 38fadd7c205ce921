#include "apps/lehr/diffusion/chains.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/quality.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::Index;
using Eigen::MatrixXd;

void ChainsOptions::describe(OptionTable& table) {
  table
      .add("model", model,
           "mixture (json), or points (csv, npy, ...) that a normal kernel of --bandwidth makes a mixture of")
      .positional();
  table.add("score", score,
            "network, or 'worker: COMMAND', whose scores are followed in place of the mixture's; the model "
            "is then what "
            "samples are compared with");
  table.add("prediction", prediction, "what a network predicts; default: what its file says");
  table.group("worker", worker);
  table.add("bandwidth", bandwidth, "deviation of the kernel at each point of a points file").at_least(0);
  table
      .add("generate", generate,
           "makes a mixture in place of a file's: narrow modes at random places (manifold)")
      .choices({"none", "manifold"});
  table.add("generate_seed", generate_seed, "of the mixture made").at_least(0);
  table.add("dimension", dimension, "of the mixture made").range(1, 10000);
  table.add("modes", modes, "of the mixture made").range(1, 100000);
  table.add("deviation", deviation, "of the modes made, in each coordinate").above(0);
  table.add("spread", spread, "of the centres of the modes made, in each coordinate").at_least(0);
  table.add("process", process,
            "the process that the model belongs to: edm and ve are variance-exploding, others need "
            "--convert; default: "
            "what the score model states, else edm");
  table.add("convert", convert,
            "walks in x / a with sigma = s / a where the model belongs to another process");
  table.add("count", count, "samples").range(8, 1e8);
  table
      .add("sigma_conditional", sigma_conditional,
           "the law of the level given the point: the mixture's (exact), by the distance to the clean point "
           "(residual), or of a network that is trained "
           "first (classifier)")
      .choices({"exact", "residual", "classifier"});
  table.add("training_steps", training_steps, "classifier: steps of Adam").range(1, 1e7);
  table.add("hidden", hidden, "classifier: hidden units").range(1, 10000);
  table
      .add(
          "start", start,
          "chains start from solved noise, all in the first mode, or from the joint law of points and levels")
      .choices({"noise", "one_mode", "joint"});
  chains.describe(table);
  table.add("compare", compare, "also runs the integrator from pure noise at as many calls a sample");
  table.add("curve", curve, "calls a sample of the integrator from noise that the figure shows");
  table.add("tempering", tempering, "also runs parallel tempering of the density with as many evaluations");
  table.add("save", save, "file for the samples: npy, npz, csv or safetensors");
}

namespace {

stats::GaussianMixture made_mixture(const ChainsOptions& options) {
  stats::GaussianMixture mixture;
  mixture.shape = stats::CovarianceShape::spherical;
  Stream random(Seed{static_cast<std::uint64_t>(options.generate_seed)}, lane("diffusion.manifold"));
  mixture.weights.resize(options.modes), mixture.means.resize(options.dimension, options.modes);
  for (double& w : mixture.weights) w = 0.5 + uniform(random);
  mixture.weights /= mixture.weights.sum();
  for (double& m : mixture.means.reshaped()) m = options.spread * normal(random);
  mixture.covariances = MatrixXd::Constant(1, options.modes, options.deviation * options.deviation);
  return mixture;
}

stats::GaussianMixture load_mixture(const ChainsOptions& options, const TaskContext& context) {
  if (options.model.empty() == (options.generate == "none"))
    throw InvalidInput("diffusion.chains: give a file of the model, or --generate manifold to make one");
  if (options.model.empty()) return made_mixture(options);
  const std::filesystem::path path = context.resolve(options.model);
  if (path.extension() == ".json") return read_mixture(path);
  if (!(options.bandwidth > 0))
    throw InvalidInput(
        "diffusion.chains: points need --bandwidth, the deviation of the kernel at each of them");
  stats::GaussianMixture mixture;
  mixture.shape = stats::CovarianceShape::spherical;
  mixture.means = read_point_set(path).points;
  const Index n = mixture.means.cols();
  mixture.weights = Eigen::VectorXd::Constant(n, 1.0 / static_cast<double>(n));
  mixture.covariances = MatrixXd::Constant(1, n, options.bandwidth * options.bandwidth);
  return mixture;
}

// What the chains follow: the mixture, or the score model that stands in its place.
GivenModel followed_model(const ChainsOptions& options, const stats::GaussianMixture& mixture,
                          const TaskContext& context) {
  if (!options.score.empty() && !options.worker.command.empty())
    throw InvalidInput("diffusion.chains: give --score or --worker.command, one of them");
  if (!options.worker.command.empty())
    return given_model("worker: " + options.worker.command, options.worker, context);
  if (!options.score.empty()) return given_model(options.score, options.worker, context);
  GivenModel given;
  given.mixture = mixture;
  return given;
}

// The model in variance-exploding coordinates.
ScoreModel chain_model(const ChainsOptions& options, const GivenModel& given, Eigen::Index dimension,
                       const TaskContext& context) {
  const bool stated = !options.process.empty() || !given.process.empty();
  const Process process =
      !stated ? Process::edm()
              : process_of(options.process.empty() ? given.process : options.process, context);
  const ChainsOptions& o = options;
  if (given.mixture && process.variance_exploding())
    return score_model_of(given, Process::edm(o.chains.sigma_min, o.chains.sigma_max), "");
  if (!process.variance_exploding() && !options.convert)
    throw InvalidInput(
        "process: chains walk in a variance-exploding process, {} is none; --convert uses x / a with sigma = "
        "s / a",
        process.text());
  const double least = process.rho(process.t0()), most = process.rho(process.end());
  if (stated && (o.chains.sigma_min < least * (1 - 1e-9) || o.chains.sigma_max > most * (1 + 1e-9)))
    throw InvalidInput(
        "process: {} has sigma = s / a between {:.4g} and {:.4g}; set --sigma_min and --sigma_max inside",
        process.text(), least, most);
  const ScoreModel model = in_sigma_coordinates(score_model_of(given, process, options.prediction), process);
  if (model.dimension != dimension)
    throw InvalidInput("{}: has {} dimensions, what it is compared with has {}", given.name, model.dimension,
                       dimension);
  return model;
}

SigmaConditional chain_conditional(const ChainsOptions& options, const stats::GaussianMixture& mixture,
                                   Seed seed, ChainsResult& result) {
  const std::vector<double> sigmas = options.chains.sigma_grid();
  if (options.sigma_conditional == "exact") return exact_conditional(mixture, sigmas);
  if (options.sigma_conditional == "residual") {
    result.warnings.push_back(
        "The residual conditional is approximate: where the data is wider than sigma it puts chains at too "
        "small levels.");
    return residual_conditional(sigmas);
  }
  const MatrixXd clean = draw_mixture(mixture, 4096, seed, lane("diffusion.chains.training"));
  auto network = std::make_shared<const LevelClassifier>(train_level_classifier(
      clean, sigmas, {.hidden = options.hidden, .steps = options.training_steps, .seed = seed}));
  result.warnings.push_back(fmt::format(
      "The classifier of levels has a cross-entropy of {:.3f} (guessing: {:.3f}); it is approximate.",
      network->loss, std::log(static_cast<double>(sigmas.size()))));
  return classifier_conditional(sigmas, [network](const Lanes& x, Lanes& out) { network->logits(x, out); });
}

ChainStarts chain_starts(const ChainsOptions& options, const stats::GaussianMixture& mixture, Seed seed) {
  ChainStarts starts;
  if (options.start == "noise") return starts;
  stats::GaussianMixture from = mixture;
  if (options.start == "one_mode") from.weights.setZero(), from.weights[0] = 1;
  starts.points = draw_mixture(from, options.chains.chains, seed, lane("diffusion.chains.starts"));
  if (options.start == "one_mode") return starts;
  const std::vector<double> sigmas = options.chains.sigma_grid();
  for (Index c = 0; c < starts.points.cols(); ++c) {
    Stream random(seed, lane("diffusion.chains.joint"), static_cast<std::uint64_t>(c));
    starts.levels.push_back(static_cast<int>(uniform_index(random, options.chains.levels)));
    for (double& value : starts.points.col(c))
      value += sigmas[static_cast<std::size_t>(starts.levels.back())] * normal(random);
  }
  return starts;
}

double within_deviation(const stats::GaussianMixture& mixture) {
  double sum = 0;
  for (Index k = 0; k < mixture.components(); ++k) sum += mixture.weights[k] * mixture.covariance(k).trace();
  return std::sqrt(sum / static_cast<double>(mixture.dimension()));
}

// Levels at the end against the weights of the levels; adapted weights are to give equal times.
void measure_levels(bool adapted, ChainsResult& result) {
  const auto& state = result.run.state;
  const double most = *std::ranges::max_element(state.log_prior);
  std::vector<double> prior;
  double total = 0;
  for (const double log_weight : state.log_prior)
    total += prior.emplace_back(adapted ? 1 : std::exp(log_weight - most));
  std::vector<double> share(prior.size());
  for (const int level : state.levels)
    share[static_cast<std::size_t>(level)] += 1.0 / static_cast<double>(state.levels.size());
  double difference = 0;
  for (std::size_t j = 0; j < share.size(); ++j) {
    difference += share[j] - prior[j] / total;
    result.ks = std::max(result.ks, std::abs(difference));
    result.mean_level += static_cast<double>(j) * share[j];
    result.expected_level += static_cast<double>(j) * prior[j] / total;
  }
}

void compare_with_noise(const ChainsOptions& options, const ScoreModel& model, const Process& process,
                        Seed seed, ChainsResult& result) {
  const auto at = [&](std::int64_t calls) {
    DenoiseOptions denoise = options.chains.denoiser();
    denoise.calls = calls_at_least(denoise.integrator, calls);
    const auto count = static_cast<std::size_t>(options.count);
    const MatrixXd starts = prior_points(process, model.dimension, options.count, seed);
    const Denoised done = Denoiser(model, process, denoise)
                              .run(starts, std::vector<double>(count, process.s(process.end())), seed);
    SampleQuality quality = quality_of(result.mixture, done.points, result.truth);
    quality.calls = done.calls / options.count;
    return quality;
  };
  result.noise =
      at(options.chains.skip * (options.chains.variant == "dmala" ? 2 : 1) + options.chains.denoise);
  if (options.chains.integrator == "ode45") return;  // takes what calls it needs
  for (const std::int64_t calls : options.curve) result.curve.push_back(at(calls));
}

Report run_chains(const ChainsOptions& given, TaskContext& context) {
  ChainsOptions options = given;
  ChainsResult result;
  result.mixture = load_mixture(options, context);
  options.chains.outputs = (options.count + options.chains.chains - 1) / options.chains.chains;
  const GivenModel given_score = followed_model(options, result.mixture, context);
  const ScoreModel model = chain_model(options, given_score, result.mixture.dimension(), context);
  const Process process = Process::edm(options.chains.sigma_min, options.chains.sigma_max);
  if (options.chains.data_variance == 0)
    options.chains.data_variance = std::pow(within_deviation(result.mixture), 2);
  result.sigmas = options.chains.sigma_grid();
  const DenoisingMcmc method(model, process, chain_conditional(options, result.mixture, context.seed, result),
                             options.chains, chain_starts(options, result.mixture, context.seed));

  Json identity = lehr::describe(options).values();
  identity["score"] = given_score.identity;
  identity["mixture"] = fmt::format("{:016x}", lane(mixture_json(result.mixture).dump()));
  result.run = drive(method, Budget::steps(options.chains.outputs), context.seed,
                     context.observers_with_checkpoints(identity));
  if (method.outputs(result.run.state) == 0)
    throw InvalidInput("diffusion.chains: the run was interrupted before its first output");
  const MatrixXd all = method.samples(result.run.state);
  result.samples = all.leftCols(std::min<Index>(options.count, all.cols()));
  if (!options.save.empty()) write_point_set(context.resolve(options.save), result.samples);
  if (options.chains.variant == "dmala" && !method.exact_acceptance())
    result.warnings.push_back(
        "The model has no density: dmala's acceptance uses a line integral of the score and is approximate.");

  if (!given_score.mixture && options.sigma_conditional == "exact")
    result.warnings.push_back(
        "Levels are drawn by the exact conditional of what samples are compared with, scores are the other "
        "model's.");
  for (const std::string& note : worker_notes({given_score})) result.warnings.push_back(note);
  const Index n = result.samples.cols(), chains = options.chains.chains;
  const auto truth = [&](Index count, const char* name) {
    return draw_mixture(result.mixture, count, context.seed, lane(name));
  };
  result.truth = truth(n, "diffusion.chains.truth");
  result.true_deviation = within_deviation(result.mixture);
  result.chains = quality_of(result.mixture, result.samples, result.truth);
  result.floor = quality_of(result.mixture, truth(n, "diffusion.chains.floor"), result.truth);
  const MatrixXd small = truth(chains, "diffusion.chains.small");
  result.output_floor = quality_of(result.mixture, truth(chains, "diffusion.chains.small_floor"), small);
  for (Index from = 0; from + chains <= all.cols(); from += chains)
    result.outputs.push_back(quality_of(result.mixture, all.middleCols(from, chains), small));
  measure_levels(options.chains.prior == "flat_histogram", result);
  measure_outputs(all, chains, result);
  options.count = n;
  if (options.compare) compare_with_noise(options, model, process, context.seed, result);
  if (options.tempering) {
    result.tempering =
        quality_of(result.mixture, tempered_points(result.mixture, result.run.state.calls, n, context.seed),
                   result.truth);
    result.tempering->calls = result.run.state.calls / n;
  }
  return chains_report(options, result);
}

}  // namespace

Task diffusion_chains_task() {
  return make_task<ChainsOptions>(
      "diffusion.chains", "", "many samples of a diffusion model from chains over points and noise levels",
      "Denoising MCMC: chains walk in points and noise levels together; every few sweeps each is denoised "
      "from its quietest state, so that a sample costs a "
      "few calls of the model. The report compares with the same integrator from pure noise at as many calls "
      "(sliced W2, mode masses, deviation inside "
      "the modes, each with its floor between two true samples) and says how well the chains mix.",
      {"diffusion chains mixture.json --chains 1000 --integrator kar1 --skip 3 --denoise 7 --eta 0.02 "
       "--count 5000 --save x.npy",
       "diffusion chains --generate manifold --variant dmala --kappa 0.5",
       "diffusion chains points.csv --bandwidth 0.1 --sigma_conditional classifier"},
      run_chains);
}

}  // namespace lehr::command
