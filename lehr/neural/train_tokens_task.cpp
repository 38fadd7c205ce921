#include "lehr/neural/train_tokens_task.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/tokens/sequence_mixture.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_diffusion.hpp"
#include "lehr/diffusion/tokens/token_model_file.hpp"
#include "lehr/neural/net_tokens.hpp"
#include "lehr/neural/torch_runtime.hpp"
#include "lehr/neural/train_tokens.hpp"

namespace lehr::neural {

using namespace diffusion;
using Eigen::Index;
using Eigen::MatrixXd;

namespace {

constexpr std::int64_t check_steps = 50, check_batches = 8;
constexpr Index most_checked = 1000;

struct TrainTokensOptions {
  std::string sequences, labels, generate, order = "raster", loss = "noise", save = "tokens.safetensors";
  std::int64_t generated = 20000, steps = 4000, torch_threads = 1;
  double noise = 0.1, held_out = 0.1;
  bool masked = false;
  Schedule learning_rate = Schedule::parse("warmup(0.05, cosine(from=2e-3, to=1e-5))");
  TokenNetSize size{.tokens = 0};
  TrainTokensSettings settings{.learning_rate = 1, .optimizer = {.beta2 = 0.999, .weight_decay = 0}};

  void describe(OptionTable& table) {
    table
        .add(
            "sequences", sequences,
            "your sequences: npy or npz (count x tokens x token_dim, or count x numbers), csv or safetensors")
        .positional();
    table.add("generate", generate, "made-up series of token_dim channels instead")
        .choices({"", "sine", "ar2"});
    table.add("generated", generated, "sequences to make up").range(10, 1e7);
    table.add("noise", noise, "generate sine: deviation of the noise").above(0);
    table.add("labels", labels,
              "file of a whole number from 0 up for each sequence: the network then draws by label too");
    table.add("tokens", size.tokens, "tokens of a sequence; 0: 16 made-up ones").range(0, 100000);
    table.add("token_dim", size.token_dim, "numbers of a token").range(1, 4096);
    table.add("held_out", held_out, "share of the sequences that the network never sees and is judged by")
        .range(0, 0.9);
    table.add(
        "order", order,
        "in which tokens are drawn: raster, reversed, random (by the seed), positions \"3, 0, 1, 2\", or "
        "any (each sequence has its own; slower to learn)");
    table.add("masked", masked, "learns tokens that are not the next one too: for several tokens a step");
    table.add(
        "save", save,
        "safetensors file for the network, which `lehr-neural diffusion tokens` takes; empty: among the "
        "run's artifacts");
    table.add("learning_rate", learning_rate, "by step");
    table.add("steps", steps, "training steps").range(1, 1e9);
    table.add("batch", settings.batch, "sequences of a step").range(1, 1e6);
    table.add("repeats", settings.repeats, "noisy copies of each token in a step").range(1, 1000);
    table.add("loss", loss, "noise (of diffusion heads) or velocity, which weighs high noise more")
        .choices({"noise", "velocity"});
    table.add("average", settings.average,
              "decay of the parameters' average, which is what is saved, by step");
    table.add("unlabelled", settings.unlabelled, "share of a batch whose labels are left out").range(0, 1);
    table.add("backbone", size.backbone, "what sums up the known tokens").choices({"transformer", "mlp"});
    table.add("width", size.width, "of the backbone").range(4, 8192);
    table.add("layers", size.layers, "of the backbone").range(1, 64);
    table.add("heads", size.heads, "of the transformer's attention; they divide the width").range(1, 1024);
    table.add("head_width", size.head_width, "of the denoising head").range(4, 8192);
    table.add("head_blocks", size.head_blocks, "of the denoising head").range(1, 64);
    table.add("frequencies", size.frequencies, "waves in which the noise level is embedded").range(1, 1024);
    table.add("clip", settings.optimizer.clip, "largest L2 norm of a gradient; 0: no clipping").at_least(0);
    table.add("torch_threads", torch_threads, "threads of torch; results are equal for equal counts")
        .range(1, 1024);
  }
};

// What is learned from and what is held out, in the user's numbers.
struct TokenData {
  MatrixXd training, held_out;
  std::vector<std::int64_t> labels, held_out_labels;
  std::int64_t classes = 0;
  std::string content;  // a digest of the files' bytes
};

std::vector<std::int64_t> read_labels(const std::filesystem::path& path, Index sequences) {
  const MatrixXd numbers = read_point_set(path).points;
  if (numbers.rows() != 1 || numbers.cols() != sequences)
    throw InvalidInput("labels: {} holds {} rows of {} numbers, expected {} of one", path.string(),
                       numbers.cols(), numbers.rows(), sequences);
  std::vector<std::int64_t> labels;
  for (const double label : numbers.row(0)) {
    if (!(label >= 0 && label < 1e6) || label != std::floor(label))
      throw InvalidInput("labels: {} holds {:g}, expected whole numbers in [0, 1e6)", path.string(), label);
    labels.push_back(static_cast<std::int64_t>(label));
  }
  return labels;
}

TokenData made_up(const TrainTokensOptions& options, const TokenNetSize& size, Seed seed) {
  if (!options.sequences.empty() || !options.labels.empty())
    throw InvalidInput("diffusion.train_tokens: give a file or --generate {}, not both", options.generate);
  const stats::GaussianMixture law = options.generate == "sine"
                                         ? sine_series(size.tokens, size.token_dim, options.noise)
                                         : ar2_series(size.tokens, size.token_dim);
  TokenData data;
  data.training = draw_mixture(law, options.generated, seed, lane("train_tokens.generate"));
  data.held_out = draw_mixture(law, most_checked, seed, lane("train_tokens.generate_held_out"));
  return data;
}

// Held out are the sequences that a shuffle by the seed puts last.
TokenData from_files(const TrainTokensOptions& options, const TokenNetSize& size,
                     const TaskContext& context) {
  if (options.sequences.empty())
    throw InvalidInput("diffusion.train_tokens: give a file of sequences, or --generate sine or ar2");
  if (size.tokens < 1) throw InvalidInput("tokens: a file needs the number of tokens of a sequence");
  const MatrixXd all = read_sequences(context.resolve(options.sequences), size.tokens, size.token_dim);
  TokenData data;
  std::string bytes = read_file(context.resolve(options.sequences));
  std::vector<std::int64_t> labels;
  if (!options.labels.empty()) {
    labels = read_labels(context.resolve(options.labels), all.cols());
    data.classes = 1 + *std::ranges::max_element(labels);
    bytes += read_file(context.resolve(options.labels));
  }
  data.content = fmt::format("{:016x}", lane(bytes));
  std::vector<Index> shuffled(static_cast<std::size_t>(all.cols()));
  std::iota(shuffled.begin(), shuffled.end(), 0);
  Stream random(context.seed, lane("train_tokens.held_out"));
  for (Index i = all.cols() - 1; i > 0; --i)
    std::swap(shuffled[static_cast<std::size_t>(i)],
              shuffled[static_cast<std::size_t>(uniform_index(random, i + 1))]);
  const Index out = std::llround(options.held_out * static_cast<double>(all.cols())), kept = all.cols() - out;
  if (kept < 2) throw InvalidInput("held_out: {} of {} sequences are left to learn from", kept, all.cols());
  data.training.resize(all.rows(), kept), data.held_out.resize(all.rows(), out);
  for (Index i = 0; i < all.cols(); ++i) {
    const Index from = shuffled[static_cast<std::size_t>(i)];
    (i < kept ? data.training.col(i) : data.held_out.col(i - kept)) = all.col(from);
    if (!labels.empty())
      (i < kept ? data.labels : data.held_out_labels).push_back(labels[static_cast<std::size_t>(from)]);
  }
  return data;
}

std::filesystem::path network_file(const TrainTokensOptions& options, const TaskContext& context) {
  if (!options.save.empty()) return context.resolve(options.save);
  if (context.directory.empty()) throw InvalidInput("diffusion.train_tokens: --save is missing");
  return context.directory / "tokens.safetensors";
}

class TrainTokensTask {
 public:
  TrainTokensTask(const TrainTokensOptions& options, TaskContext& context)
      : options_(options), context_(context), path_(network_file(options, context)) {
    model_.size = options.size;
    if (!options.generate.empty() && model_.size.tokens == 0) model_.size.tokens = 16;
    data_ = options.generate.empty() ? from_files(options, model_.size, context)
                                     : made_up(options, model_.size, context.seed);
    model_.size.classes = data_.classes;
    if (options.order != "any") model_.order = token_order(options.order, model_.size.tokens, context.seed);
    model_.masked = options.masked;
    standardize_by(data_.training, model_);
  }

  Report run() {
    const TokenNet net(model_.size);
    const MatrixXd sequences = standardized(data_.training, model_);
    const TrainTokens method(net, sequences, data_.labels, settings());
    TrainTokensOptions own = options_;
    own.save.clear();
    Json decides = describe(own).values();
    decides["content"] = data_.content;
    const Observers observers = context_.observers_with_checkpoints(decides);
    const auto run = drive(method, Budget::steps(options_.steps), context_.seed, observers);
    model_.parameters = method.averaged(run.state);
    write_token_net(path_, model_);
    report_.title =
        fmt::format("A token network for {}",
                    options_.generate.empty() ? options_.sequences : options_.generate + " series");
    report_.metric("loss", run.state.loss.mean);
    report_.metric("steps", static_cast<double>(run.used.steps));
    report_.metric("parameters", static_cast<double>(net.parameter_count()));
    losses(run.state.loss.every_hundred);
    if (data_.held_out.cols() >= 4) held_out(net);
    report_.artifacts.push_back({"model", "safetensors", "", std::filesystem::absolute(path_).string()});
    report_.notes.push_back(fmt::format("The network is in {}.", path_.string()));
    if (run.used.steps < options_.steps)
      report_.notes.push_back(
          fmt::format("Stopped after step {} of {}; the same command with --resume goes on.", run.used.steps,
                      options_.steps));
    return std::move(report_);
  }

 private:
  TrainTokensSettings settings() const {
    TrainTokensSettings settings = options_.settings;
    settings.learning_rate = options_.learning_rate;
    settings.noise_loss = options_.loss == "noise";
    settings.order = model_.order, settings.masked = model_.masked;
    return settings;
  }

  void losses(const std::vector<double>& values) {
    if (values.empty()) return;
    Figure figure{
        "loss",   "Loss",   "Mean squared error of the prediction, averaged over about a hundred steps.",
        {"step"}, {"loss"}, {}};
    Series line{.label = "training"};
    for (std::size_t i = 0; i < values.size(); ++i)
      line.x.push_back(100.0 * static_cast<double>(i + 1)), line.y.push_back(values[i]);
    figure.series = {std::move(line)};
    report_.figures.push_back(std::move(figure));
  }

  // The loss on sequences that were held out, and how far sequences drawn with equal steps are from them.
  void held_out(const TokenNet& net) {
    const MatrixXd sequences = standardized(data_.held_out, model_);
    const TrainTokens judge(net, sequences, data_.held_out_labels, settings());
    const at::NoGradGuard no_grad;
    const torch::Tensor parameters = flat_tensor(model_.parameters);
    double loss = 0;
    for (std::int64_t i = 0; i < check_batches; ++i)
      loss += judge
                  .loss(parameters, judge.batch(Stream(context_.seed, lane("train_tokens.judge"),
                                                       static_cast<std::uint64_t>(i))))
                  .item<double>() /
              static_cast<double>(check_batches);
    report_.metric("loss_held_out", loss);
    const Index count = std::min(data_.held_out.cols(), most_checked);
    const std::vector<std::int64_t> order =
        model_.order.empty() ? token_order("raster", model_.size.tokens, context_.seed) : model_.order;
    const TokenDiffusion method(
        net_tokens(std::make_shared<const TokenNetModel>(model_), {.order = order}),
        {.count = count, .counts = std::vector<std::int64_t>(order.size(), check_steps)});
    const auto drawn = drive(method, Budget::steps(method.steps()), context_.seed);
    const MatrixXd reference = data_.held_out.leftCols(count);
    report_.metric("energy", energy_distance(drawn.state.sequences, reference));
    report_.metric("energy_floor",
                   energy_distance(reference.leftCols(count / 2), reference.rightCols(count - count / 2)));
    report_.notes.push_back(fmt::format(
        "energy: between {} sequences drawn with {} steps a token and as many held out; its floor: "
        "between two halves of these.",
        count, check_steps));
  }

  const TrainTokensOptions& options_;
  TaskContext& context_;
  std::filesystem::path path_;
  TokenNetModel model_;
  TokenData data_;
  Report report_;
};

Report run_train_tokens(const TrainTokensOptions& options, TaskContext& context) try {
  set_torch_threads(options.torch_threads);
  return TrainTokensTask(options, context).run();
} catch (const c10::Error& error) {
  const std::string what = error.what_without_backtrace();
  throw InvalidInput("torch cannot run this training: {}", what.substr(0, what.find('\n')));
}

}  // namespace

Task train_tokens_task() {
  return make_task<TrainTokensOptions>(
      "diffusion.train_tokens", "", "trains a network that draws sequences token by token",
      "A causal transformer, or a network on the padded sequence, sums up the tokens so far; a small head "
      "learns to denoise the next one given that sum. "
      "AdamW under a learning-rate schedule, an average of the parameters is saved. `lehr-neural diffusion "
      "tokens` draws from the file under any "
      "schedule of denoising steps.",
      {"lehr diffusion train_tokens windows.npy --tokens 24 --token_dim 3 --save windows.safetensors",
       "lehr diffusion train_tokens digits.npy --tokens 16 --token_dim 4 --labels classes.npy --steps 6000",
       "lehr-neural diffusion tokens windows.safetensors --sequences windows.npy --steps \"linear(from=50, "
       "to=5)\""},
      run_train_tokens);
}

}  // namespace lehr::neural
