// The model and the reward of `lehr diffusion guide`.
#include <cctype>

#include "apps/lehr/diffusion/guide.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/guidance/masked_diffusion.hpp"
#include "lehr/diffusion/guidance/mixture_diffusion.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/sample/expression_model.hpp"

namespace lehr::command {

using namespace diffusion;

void GuideProblemOptions::describe(OptionTable& table) {
  table
      .add("model", model,
           "the prior: JSON of a Markov chain, a hidden one, a table of sequences or a Gaussian mixture; or "
           "your "
           "sequences (FASTA, a line each, npy), from which a chain is estimated")
      .required()
      .positional();
  table.add("process", process, "noise of the model; auto: masked for sequences, vp-linear for mixtures")
      .choices({"auto", "masked", "uniform", "vp-linear"});
  table.add("steps", steps, "steps of the reverse process; default: 128 for sequences, 50 for mixtures")
      .range(1, 1e6);
  table.add(
      "joint", joint,
      "masked: weigh candidates by the joint law of what they reveal together (any number of steps is exact "
      "then)");
  table.add("length", length, "length of the designs; default: the file's").range(1, 100000);
  table.add("alphabet", alphabet, "characters of the symbols, as ACGT; default: the file's");
  table.add("pseudo_count", pseudo_count, "sequences: added to every count of the estimated chain")
      .range(0, 1e9);
  table.add("reward.weight", weight, "built-in reward: weight of the share of favoured symbols");
  table.add("reward.symbols", symbols, "built-in reward: the favoured symbols, as CG");
  table.add("reward.motif", motif, "built-in reward: the motif, as CGT");
  table.add("reward.bonus", bonus, "built-in reward: bonus for an occurrence of the motif");
  table.add("reward.cap", cap, "built-in reward: occurrences that count").range(1, 1e6);
  table.add("reward.expression", expression,
            "reward as a formula: of x0, x1, ... (points), of n_A, n_C, ... and length (sequences)");
  table.group("worker", worker);
}

std::string GuideProblem::spell(const Eigen::Ref<const Eigen::VectorXd>& design) const {
  if (sequences) return sequences->spell(design);
  std::string text;
  for (const double value : design) text += fmt::format("{}{:.4g}", text.empty() ? "" : " ", value);
  return text;
}

diffusion::DesignReward expression_reward(const GuideProblem& problem, const std::string& expression) {
  std::vector<std::string> inputs;
  if (problem.discrete()) {
    for (const char c : problem.sequences->alphabet) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0)
        throw InvalidInput("reward.expression: the symbol {} cannot be part of a name",
                           quote(std::string(1, c)));
      inputs.push_back(fmt::format("n_{}", c));
    }
    inputs.push_back("length");
  } else {
    for (Index i = 0; i < problem.model.rows; ++i) inputs.push_back(fmt::format("x{}", i));
  }
  const auto formula = sample::expression_model(inputs, {}, {{"reward", expression}});
  const auto row = [formula](const Eigen::MatrixXd& points) -> Eigen::VectorXd {
    return formula.evaluate(points).row(0).transpose();
  };
  if (!problem.discrete()) return row;
  return [row, symbols = problem.model.symbols](const Eigen::MatrixXd& x) {
    Eigen::MatrixXd counts = Eigen::MatrixXd::Zero(symbols + 1, x.cols());
    counts.row(symbols).setConstant(static_cast<double>(x.rows()));
    for (Index c = 0; c < x.cols(); ++c)
      for (const double symbol : x.col(c)) counts(static_cast<Index>(symbol), c) += 1;
    return row(counts);
  };
}

namespace {

ReverseModel sequence_process(const GuideProblemOptions& options, const SequenceModel& sequences) {
  if (options.process == "vp-linear")
    throw InvalidInput("process: vp-linear is for points; sequences take masked or uniform");
  const Index steps = options.steps.value_or(128);
  if (options.joint && options.process == "uniform")
    throw InvalidInput("joint: it is for the process masked");
  return options.process == "uniform" ? uniform_diffusion(sequences.prior, steps)
                                      : masked_diffusion(sequences.prior, steps, options.joint);
}

void load_mixture(const GuideProblemOptions& options, const Json& json, const std::string& where,
                  GuideProblem& problem) {
  if (options.process == "masked" || options.process == "uniform")
    throw InvalidInput("process: {} is for sequences; a mixture takes vp-linear", options.process);
  if (options.length || !options.alphabet.empty())
    throw InvalidInput("length and alphabet are for sequences; {} is a mixture", where);
  problem.mixture = mixture_from_json(json, where);
  problem.model = mixture_diffusion(*problem.mixture, options.steps.value_or(50));
  problem.title = fmt::format("{} in {} dimensions", where, problem.model.rows);
}

void load_model(const GuideProblemOptions& options, const TaskContext& context, GuideProblem& problem) {
  const std::filesystem::path path = context.resolve(options.model);
  const std::string where = path.filename().string(), content = read_file(path);
  problem.identity = fmt::format("{:016x}", lane(content));
  const std::size_t first = content.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && content[first] == '{') {
    const Json json = parse_json(content, where);
    if (json.contains("means")) return load_mixture(options, json, where, problem);
    problem.sequences = sequence_model_from_json(json, where, options.length, options.alphabet);
  } else {
    problem.sequences =
        estimated_model(read_sequences(path, options.alphabet), options.length, options.pseudo_count);
  }
  problem.temperature = problem.sequences->temperature;
  problem.model = sequence_process(options, *problem.sequences);
  problem.title =
      fmt::format("{}: sequences of {} symbols out of {}", where, problem.model.rows, problem.model.symbols);
}

// The file's score with what the options replace.
std::optional<SequenceScore> built_in_score(const GuideProblemOptions& options, const GuideProblem& problem) {
  const bool given = options.weight || options.bonus || !options.symbols.empty() || !options.motif.empty();
  if (!problem.sequences) {
    if (given)
      throw InvalidInput(
          "reward: the built-in reward is for sequences; points take reward.expression or worker");
    return {};
  }
  std::optional<SequenceScore> score = problem.sequences->score;
  if (!given && options.cap == 1) return score;
  if (!score) score.emplace();
  const std::string& alphabet = problem.sequences->alphabet;
  if (options.weight) score->weight = *options.weight;
  if (options.bonus) score->bonus = *options.bonus;
  if (!options.symbols.empty()) score->favoured = symbols_of(options.symbols, alphabet, "reward.symbols");
  if (!options.motif.empty()) score->motif = symbols_of(options.motif, alphabet, "reward.motif");
  if (options.cap > 1) score->cap = options.cap;
  return score;
}

}  // namespace

GuideProblem guide_problem(const GuideProblemOptions& options, const TaskContext& context) {
  GuideProblem problem;
  load_model(options, context, problem);
  if (!options.worker.command.empty()) {
    problem.worker = std::make_shared<WorkerReward>(options.worker, context.base,
                                                    problem.sequences ? problem.sequences->alphabet : "");
    problem.remembered = std::make_shared<RememberedReward>(
        [worker = problem.worker](const Eigen::MatrixXd& x) { return (*worker)(x); });
    problem.reward = [known = problem.remembered](const Eigen::MatrixXd& x) { return (*known)(x); };
  } else if (!options.expression.empty()) {
    problem.reward = expression_reward(problem, options.expression);
  } else {
    problem.score = built_in_score(options, problem);
    if (!problem.score)
      throw InvalidInput("reward: {} has none; give --reward.expression, --worker.command{}", options.model,
                         problem.discrete() ? ", or --reward.weight and --reward.symbols" : "");
    problem.reward = pointwise_reward(*problem.score);
  }
  return problem;
}

}  // namespace lehr::command
