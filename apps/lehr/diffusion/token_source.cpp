#include "apps/lehr/diffusion/token_source.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/tokens/sequence_mixture.hpp"
#include "lehr/diffusion/tokens/token_model_file.hpp"

namespace lehr::command {

using namespace diffusion;

void TokensOptions::describe(OptionTable& table) {
  table
      .add("model", model,
           "mixture over whole sequences: .json, .npz, or a folder with weights.npy, means.npy, "
           "covariances.npy")
      .positional();
  table.add("sequences", sequences,
            "your own sequences instead of a model: npy, npz (count x tokens x token_dim or count x "
            "numbers), csv or safetensors; a "
            "full-covariance mixture is fitted to them");
  table.add("components", components, "components of that mixture").range(1, 10000);
  table.add("generate", generate, "a made-up model instead: series of token_dim channels")
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
  table.add("head", head, "how a token is drawn: ddpm, flow, ddim, deis(order=3), dpmpp");
  table.add("temperature", temperature, "factor on the head's noise over the generation, at least 0");
  table
      .add("tolerance", tolerance,
           "ends a token's denoising when its clean value moves less than this in a step; 0: never")
      .range(0, 1e9);
  table.add("order", order, "raster, reversed, random (by the seed), or positions: \"3, 0, 1, 2\"");
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

TokenSource token_source(const TokensOptions& options, TaskContext& context) {
  const int given = (options.model.empty() ? 0 : 1) + (options.sequences.empty() ? 0 : 1) +
                    (options.generate.empty() ? 0 : 1);
  if (given != 1)
    throw InvalidInput("diffusion.tokens: give one of --model, --sequences and --generate; found {}", given);
  const std::int64_t tokens = options.tokens > 0 ? options.tokens : 16;
  if (options.generate == "sine")
    return {sine_series(tokens, options.token_dim, options.noise),
            {},
            fmt::format("sine series of {} channels", options.token_dim)};
  if (options.generate == "ar2")
    return {ar2_series(tokens, options.token_dim),
            {},
            fmt::format("AR(2) series of {} channels", options.token_dim)};
  if (!options.model.empty())
    return {read_sequence_mixture(context.resolve(options.model)), {}, options.model};
  if (options.tokens < 1) throw InvalidInput("tokens: --sequences needs the number of tokens of a sequence");
  Eigen::MatrixXd sequences =
      read_sequences(context.resolve(options.sequences), options.tokens, options.token_dim);
  stats::GaussianMixture mixture =
      fit_sequence_mixture(sequences, context.seed, {.components = options.components});
  return {std::move(mixture), std::move(sequences), options.sequences};
}

}  // namespace lehr::command
