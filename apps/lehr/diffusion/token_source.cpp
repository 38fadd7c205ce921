#include "apps/lehr/diffusion/token_source.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/tokens/mixture_tokens.hpp"
#include "lehr/diffusion/tokens/sequence_mixture.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_model_file.hpp"

namespace lehr::command {

using namespace diffusion;

void TokensOptions::describe(OptionTable& table) {
  table
      .add("model", model,
           "mixture over whole sequences: .json, .npz, or a folder with weights.npy, means.npy, "
           "covariances.npy; or a network of `diffusion train_tokens`: .safetensors (lehr-neural)")
      .positional();
  table.add("sequences", sequences,
            "your own sequences instead of a model: npy, npz (count x tokens x token_dim or count x "
            "numbers), csv or safetensors; a "
            "full-covariance mixture is fitted to them. Beside a network: what to compare with");
  table.add("components", components, "components of that mixture").range(1, 10000);
  table
      .add("generate", generate,
           "a made-up model instead: series of token_dim channels. Beside a network: the law to compare with")
      .choices({"", "sine", "ar2"});
  table.add("noise", noise, "generate sine: deviation of the noise").above(0);
  table.add("tokens", tokens, "tokens of a sequence; 0: as many as the model has (generate: 16)")
      .range(0, 100000);
  table.add("token_dim", token_dim, "numbers of a token").range(1, 4096);
  table.add("steps", steps,
            "denoising steps over the generation, in [1, 1000]: linear, cosine, two_stage, constant or "
            "flowar(from, to), reversed(...) of "
            "one, or any schedule (rounded)");
  table.add("require", require, "refuses steps that rise").choices({"", "decreasing"});
  table
      .add("budget", budget,
           "calls a sequence: buys the steps of each token on measured error curves instead of `steps`; 0: "
           "off")
      .range(0, 1e9);
  table.add(
      "head", head,
      "how a token is drawn: ddpm, flow, ddim, deis(order=3), dpmpp, or another solver preset (unipc, ...)");
  table.add("temperature", temperature, "factor on the head's noise over the generation, at least 0");
  table
      .add("tolerance", tolerance,
           "ends a token's denoising when its clean value moves less than this in a step; 0: never")
      .range(0, 1e9);
  table.add("order", order,
            "raster, reversed, random (by the seed), or positions: \"3, 0, 1, 2\"; default: raster, or a "
            "network's own");
  table.add("label", label, "class of all sequences, of a network that was trained with labels; -1: none")
      .range(-1, 1e6);
  table
      .add("guidance", guidance,
           "scale g of classifier-free guidance towards the label: weight 1 + (g - 1) k / L with k of L "
           "tokens drawn")
      .range(-100, 100);
  table
      .add("iterations", iterations,
           "generation steps of a masked model, few tokens first, many later; 0: a token a step")
      .range(0, 100000);
  table.add("count", count, "sequences to draw").range(1, 1e6);
  table.add("save", save, "file for the sequences: npy, npz, csv or safetensors");
  table.add("save_model", save_model, "file for the fitted mixture (json)");
  table.add("reference", reference, "exact sequences to compare with; 0: no comparison").range(0, 1e6);
  table.add("floors", floors, "repetitions of the noise floor").range(1, 100);
  table.add("constraint", constraint, "measures how far the earlier tokens decide a later one");
  table.add("compare", compare,
            "energy distance against calls for the families of step schedules, between the ends of `steps`");
}

namespace {

// The made-up law that the options name.
stats::GaussianMixture series_law(const TokensOptions& options, Eigen::Index tokens, Eigen::Index token_dim) {
  return options.generate == "sine" ? sine_series(tokens, token_dim, options.noise)
                                    : ar2_series(tokens, token_dim);
}

TokenSource learned_source(const TokensOptions& options, TaskContext& context,
                           const ReadLearnedTokens& read_learned) {
  if (!read_learned)
    throw InvalidInput("{}: drawing from a network needs lehr-neural: lehr-neural diffusion tokens {}",
                       options.model, options.model);
  if (!options.sequences.empty() && !options.generate.empty())
    throw InvalidInput("diffusion.tokens: compare a network with --sequences or with --generate, not both");
  TokenSource source;
  source.learned = read_learned(context.resolve(options.model));
  source.tokens = source.learned->tokens, source.token_dim = source.learned->token_dim;
  source.title = options.model;
  if (options.tokens > 0 && options.tokens != source.tokens)
    throw InvalidInput("tokens: found {}, the network draws {}", options.tokens, source.tokens);
  if (!options.generate.empty()) source.law = series_law(options, source.tokens, source.token_dim);
  if (!options.sequences.empty())
    source.sequences = read_sequences(context.resolve(options.sequences), source.tokens, source.token_dim);
  return source;
}

// The mixture, and the sequences that it was fitted to.
TokenSource mixture_source(const TokensOptions& options, TaskContext& context) {
  const int given = (options.model.empty() ? 0 : 1) + (options.sequences.empty() ? 0 : 1) +
                    (options.generate.empty() ? 0 : 1);
  if (given != 1)
    throw InvalidInput("diffusion.tokens: give one of --model, --sequences and --generate; found {}", given);
  if (options.label >= 0 || options.guidance != 1)
    throw InvalidInput("{}: only a network that was trained with labels has them",
                       options.label >= 0 ? "label" : "guidance");
  TokenSource source;
  if (!options.generate.empty()) {
    source.law = series_law(options, options.tokens > 0 ? options.tokens : 16, options.token_dim);
    source.title = fmt::format("{} series of {} channels", options.generate == "sine" ? "sine" : "AR(2)",
                               options.token_dim);
  } else if (!options.model.empty()) {
    source.law = read_sequence_mixture(context.resolve(options.model));
    source.title = options.model;
  } else {
    if (options.tokens < 1)
      throw InvalidInput("tokens: --sequences needs the number of tokens of a sequence");
    source.sequences = read_sequences(context.resolve(options.sequences), options.tokens, options.token_dim);
    source.law = fit_sequence_mixture(*source.sequences, context.seed, {.components = options.components});
    source.title = options.sequences;
  }
  const Eigen::Index dimension = source.law->dimension();
  if (dimension % options.token_dim != 0 ||
      (options.tokens > 0 && dimension != options.tokens * options.token_dim))
    throw InvalidInput("tokens: sequences of {} numbers do not divide into {} tokens of {}", dimension,
                       options.tokens > 0 ? std::to_string(options.tokens) : "whole", options.token_dim);
  source.tokens = dimension / options.token_dim, source.token_dim = options.token_dim;
  return source;
}

}  // namespace

TokenSource token_source(const TokensOptions& options, TaskContext& context,
                         const ReadLearnedTokens& read_learned) {
  return options.model.ends_with(".safetensors") ? learned_source(options, context, read_learned)
                                                 : mixture_source(options, context);
}

std::vector<std::int64_t> TokenSource::order(const TokensOptions& options, Seed seed) const {
  if (options.order.empty() && learned && !learned->order.empty()) return learned->order;
  return token_order(options.order.empty() ? "raster" : options.order, tokens, seed);
}

TokenModel TokenSource::model(const TokensOptions& options, const std::vector<std::int64_t>& order,
                              const std::vector<std::int64_t>& drawn) const {
  return learned ? learned->model(
                       {.order = order, .drawn = drawn, .label = options.label, .guidance = options.guidance})
                 : mixture_tokens(*law, token_dim, order);
}

std::string TokenSource::content() const {
  std::string bytes = learned ? learned->content : mixture_json(*law).dump();
  if (sequences)
    bytes.append(reinterpret_cast<const char*>(sequences->data()),
                 static_cast<std::size_t>(sequences->size()) * sizeof(double));
  return fmt::format("{:016x}", lane(bytes));
}

}  // namespace lehr::command
