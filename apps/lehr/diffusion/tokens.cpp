#include "apps/lehr/diffusion/tokens.hpp"

#include <cmath>
#include <numeric>

#include "apps/lehr/diffusion/token_source.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/tokens/mixture_tokens.hpp"
#include "lehr/diffusion/tokens/step_allocation.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_constraint.hpp"
#include "lehr/diffusion/tokens/token_diffusion.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::MatrixXd;

namespace {

class TokensTask {
 public:
  TokensTask(const TokensOptions& options, TaskContext& context, const ReadLearnedTokens& read_learned)
      : options_(options), context_(context), source_(token_source(options, context, read_learned)) {
    tokens_ = source_.tokens;
    drawn_ = options.iterations > 0 ? masked_draws(tokens_, options.iterations)
                                    : std::vector<std::int64_t>(static_cast<std::size_t>(tokens_), 1);
    model_ = source_.model(options, source_.order(options, context.seed), drawn_);
    if (options.reference > 0) true_ = references();
    if (options.compare && true_.cols() < 2)
      throw InvalidInput("compare: it needs --reference above 0 and something to compare with");
    counts_ = options.budget > 0 ? bought()
                                 : step_counts(options.steps, std::ssize(drawn_),
                                               options.require == "decreasing", context.base);
    // All of the options are checked before anything runs.
    TokenDiffusion(model_, method_options(counts_));
  }

  Report run() {
    report_.title = fmt::format("Tokens by diffusion: {}", source_.title);
    const TokenDiffusion method(model_, method_options(counts_));
    TokensOptions described = options_;
    described.save.clear(), described.save_model.clear();
    Json decides = describe(described).values();
    decides["content"] = source_.content();
    const auto run = drive(method, Budget::steps(method.steps()), context_.seed,
                           context_.observers_with_checkpoints(decides));
    if (run.why == Stop::interrupted) {
      report_.notes.push_back("Interrupted: the sequences are not complete.");
      return std::move(report_);
    }
    cost(run.state, run.used.seconds);
    if (!options_.save.empty()) {
      write_point_set(context_.resolve(options_.save), run.state.sequences);
      report_.notes.push_back(fmt::format("The sequences are in {}.", options_.save));
    }
    if (!options_.save_model.empty() && !source_.learned)
      write_file_atomically(context_.resolve(options_.save_model), mixture_json(*source_.law).dump());
    if (true_.cols() > 1) quality(run.state.sequences);
    if (options_.constraint && (source_.law || source_.sequences || options_.count >= 4))
      constraint(run.state.sequences);
    if (options_.compare) compare();
    report_.artifacts.push_back(
        {.name = "steps", .extension = "txt", .content = step_counts_text(counts_), .path = {}});
    return std::move(report_);
  }

 private:
  TokenDiffusionOptions method_options(const std::vector<std::int64_t>& counts) const {
    return {.count = options_.count,
            .counts = counts,
            .drawn = drawn_,
            .head = options_.head,
            .temperature = options_.temperature,
            .tolerance = options_.tolerance};
  }

  // What the drawn sequences are compared with: exact ones, or those that were given beside a network.
  MatrixXd references() const {
    const auto count = std::max<std::int64_t>(2, options_.reference);
    if (source_.law)
      return draw_mixture(*source_.law, count, context_.seed, lane("diffusion.tokens.reference"));
    if (!source_.sequences) return {};
    return source_.sequences->leftCols(std::min<Index>(count, source_.sequences->cols()));
  }

  // Two samples of the true law: exact ones beside the references, or the references in two random halves.
  std::pair<MatrixXd, MatrixXd> floor_pair(Index count, std::int64_t i) const {
    const std::uint64_t own_lane = lane("diffusion.tokens.floor") + static_cast<std::uint64_t>(i);
    if (source_.law) return {draw_mixture(*source_.law, count, context_.seed, own_lane), true_};
    MatrixXd shuffled = true_;
    Stream random(context_.seed, own_lane);
    for (Index j = shuffled.cols() - 1; j > 0; --j)
      shuffled.col(j).swap(shuffled.col(uniform_index(random, j + 1)));
    const Index half = shuffled.cols() / 2;
    return {shuffled.leftCols(half), shuffled.rightCols(shuffled.cols() - half)};
  }

  // The counts that error curves of 600 sequences buy.
  std::vector<std::int64_t> bought() const {
    if (options_.iterations > 0)
      throw InvalidInput("budget: steps are bought for one token at a time, without --iterations");
    if (!source_.law && !source_.sequences)
      throw InvalidInput("budget: the error curves of a network need --sequences or --generate");
    const MatrixXd sequences =
        source_.law ? draw_mixture(*source_.law, 600, context_.seed, lane("diffusion.tokens.curves"))
                    : MatrixXd(source_.sequences->leftCols(std::min<Index>(600, source_.sequences->cols())));
    const ErrorCurves curves = measure_error_curves(model_, sequences, options_.head,
                                                    {3, 5, 8, 12, 18, 27, 40, 60, 90}, context_.seed);
    return allocate_steps(smoothed(curves), options_.budget);
  }

  void cost(const TokenDiffusion::State& state, double seconds) {
    const double calls = std::accumulate(state.calls.begin(), state.calls.end(), 0.0);
    report_.metric("calls", calls);
    report_.metric("calls_per_token", calls / static_cast<double>(tokens_));
    report_.metric("seconds", seconds);
    Table table{"Generation",
                {"step", "tokens drawn", "denoising steps", "calls so far", "conditional sd", "last move"},
                {},
                {}};
    Figure figure{"steps",
                  "Denoising steps over the generation",
                  "Calls of the model for each token, and the deviation that the earlier tokens leave open.",
                  {"generation step"},
                  {"steps"},
                  {}};
    Series steps{.label = "steps", .style = Series::Style::steps};
    double so_far = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      so_far += state.calls[i];
      table.rows.push_back(
          {static_cast<std::int64_t>(i), drawn_[i], counts_[i], so_far, state.deviation[i], state.change[i]});
      steps.x.push_back(static_cast<double>(i)),
          steps.y.push_back(state.calls[i] / static_cast<double>(drawn_[i]));
    }
    figure.series.push_back(std::move(steps));
    report_.tables.push_back(std::move(table));
    report_.figures.push_back(std::move(figure));
  }

  void quality(const MatrixXd& sequences) {
    if (sequences.cols() < 2 || true_.cols() < 4) return;
    double energy = 0, squares = 0, sliced = 0;
    for (std::int64_t i = 0; i < options_.floors; ++i) {
      const auto [one, other] = floor_pair(sequences.cols(), i);
      const double distance = energy_distance(one, other);
      energy += distance, squares += distance * distance;
      sliced += sliced_wasserstein(one, other);
    }
    const auto n = static_cast<double>(options_.floors);
    const double spread = std::sqrt(std::max(0.0, squares / n - energy * energy / (n * n)));
    report_.metric("energy", energy_distance(sequences, true_));
    report_.metric("energy_floor", energy / n);
    report_.metric("sw2", sliced_wasserstein(sequences, true_));
    report_.metric("sw2_floor", sliced / n);
    Table table{
        source_.law ? "Distance to exact sequences" : "Distance to your sequences",
        {"statistic", "here", source_.law ? "between exact ones" : "between halves of yours", "deviation"},
        {},
        {"", ".4f", ".4f", ".4f"}};
    table.rows.push_back({"energy distance", *report_.find_metric("energy"), energy / n, spread});
    table.rows.push_back({"sliced W2", *report_.find_metric("sw2"), sliced / n, ""});
    if (source_.sequences && source_.law) {
      report_.metric("energy_to_data", energy_distance(sequences, *source_.sequences));
      table.rows.push_back({"energy distance to your sequences", *report_.find_metric("energy_to_data"),
                            energy_distance(true_, *source_.sequences), ""});
    }
    report_.tables.push_back(std::move(table));
  }

  // On the user's sequences, on exact ones, or else on those that were drawn.
  void constraint(const MatrixXd& drawn) {
    const MatrixXd sequences =
        source_.sequences ? *source_.sequences
        : source_.law ? draw_mixture(*source_.law, 2000, context_.seed, lane("diffusion.tokens.constraint"))
                      : drawn;
    if (!source_.sequences && !source_.law)
      report_.notes.push_back("What the earlier tokens decide is measured on the network's own sequences.");
    const TokenConstraint c = token_constraint(model_, sequences, context_.seed);
    Table table{"How far the earlier tokens decide a token",
                {"rank", "position", "R2 of a regression", "variance left", "straightness", "bend"},
                {},
                {"", "", ".3f", ".3f", ".3f", ".3f"}};
    Figure figure{"constraint",
                  "What the earlier tokens decide",
                  "Later tokens that are decided need fewer denoising steps.",
                  {"rank"},
                  {"share"},
                  {}};
    Series explained{.label = "R2"}, left{.label = "variance left"}, straight{.label = "straightness"};
    for (std::size_t i = 0; i < c.r_squared.size(); ++i) {
      table.rows.push_back({static_cast<std::int64_t>(i), model_.order[i], c.r_squared[i], c.unexplained[i],
                            c.straightness[i], c.bend[i]});
      for (Series* series : {&explained, &left, &straight}) series->x.push_back(static_cast<double>(i));
      explained.y.push_back(c.r_squared[i]), left.y.push_back(c.unexplained[i]),
          straight.y.push_back(c.straightness[i]);
    }
    const auto mean_of = [&](std::size_t from, std::size_t to) {
      return std::accumulate(c.unexplained.begin() + static_cast<std::ptrdiff_t>(from),
                             c.unexplained.begin() + static_cast<std::ptrdiff_t>(to), 0.0) /
             static_cast<double>(to - from);
    };
    const std::size_t n = c.unexplained.size(), quarter = std::max<std::size_t>(1, n / 4);
    report_.metric("left_first_quarter", mean_of(0, quarter));
    report_.metric("left_last_quarter", mean_of(n - quarter, n));
    report_.metric(
        "r2_last_quarter",
        std::accumulate(c.r_squared.end() - static_cast<std::ptrdiff_t>(quarter), c.r_squared.end(), 0.0) /
            static_cast<double>(quarter));
    report_.metric("straightness_first_quarter",
                   std::accumulate(c.straightness.begin(),
                                   c.straightness.begin() + static_cast<std::ptrdiff_t>(quarter), 0.0) /
                       static_cast<double>(quarter));
    report_.metric("straightness_last_quarter",
                   std::accumulate(c.straightness.end() - static_cast<std::ptrdiff_t>(quarter),
                                   c.straightness.end(), 0.0) /
                       static_cast<double>(quarter));
    figure.series = {std::move(explained), std::move(left), std::move(straight)};
    report_.tables.push_back(std::move(table));
    report_.figures.push_back(std::move(figure));
  }

  // The families between the highest and the lowest count of this run, at a third, a half and all of it.
  void compare() {
    const auto [low, high] = std::ranges::minmax(counts_);
    Figure figure{"families",
                  "Energy distance against calls",
                  "Families of step schedules at their cost; lower is better.",
                  {"calls a sequence"},
                  {"energy distance"},
                  {}};
    Table table{"Families of step schedules", {"steps", "calls", "energy distance"}, {}, {"", "", ".4f"}};
    for (const char* family : {"linear(from={}, to={})", "cosine(from={}, to={})",
                               "two_stage(from={}, to={})", "constant", "reversed(linear(from={}, to={}))"}) {
      Series series{
          .label = std::string(std::string_view(family).substr(0, std::string_view(family).find('('))),
          .style = Series::Style::line};
      for (const double share : {1 / 3.0, 0.5, 1.0}) {
        const auto from = std::max<std::int64_t>(1, std::llround(share * static_cast<double>(high))),
                   to = std::max<std::int64_t>(1, std::llround(share * static_cast<double>(low)));
        const std::string text = std::string_view(family) == "constant"
                                     ? fmt::format("constant({})", (from + to + 1) / 2)
                                     : fmt::format(fmt::runtime(family), from, to);
        const std::vector<std::int64_t> counts = step_counts(text, std::ssize(drawn_));
        const TokenDiffusion method(model_, method_options(counts));
        const auto run = drive(method, Budget::steps(method.steps()), context_.seed);
        const double calls = run.last.find("calls").value(),
                     energy = energy_distance(run.state.sequences, true_);
        series.x.push_back(calls), series.y.push_back(energy);
        table.rows.push_back({text, calls, energy});
      }
      figure.series.push_back(std::move(series));
    }
    report_.tables.push_back(std::move(table));
    report_.figures.push_back(std::move(figure));
  }

  const TokensOptions& options_;
  TaskContext& context_;
  TokenSource source_;
  Index tokens_ = 0;
  TokenModel model_;
  std::vector<std::int64_t> drawn_, counts_;
  MatrixXd true_;  // what the sequences are compared with; empty: nothing
  Report report_;
};

}  // namespace

Task diffusion_tokens_task(ReadLearnedTokens read_learned) {
  return make_task<TokensOptions>(
      "diffusion.tokens", "", "draws sequences token by token with a diffusion head",
      "Each token of a sequence is drawn by diffusion given the earlier ones; later tokens are more decided "
      "and need fewer denoising steps "
      "(step annealing). The model is a Gaussian mixture over whole sequences, whose conditionals are exact: "
      "yours, one fitted to your "
      "sequences, or a made-up series; or, in lehr-neural, a network that `diffusion train_tokens` trained. "
      "The report has the calls of each token, the distances to exact "
      "sequences with their floors, and how far "
      "the earlier tokens decide a later one.",
      {"lehr diffusion tokens mixture.npz --token_dim 4 --steps \"linear(from=50, to=5)\" --save x.npy",
       "lehr diffusion tokens --sequences windows.npy --tokens 24 --token_dim 3 --components 10 --compare",
       "lehr diffusion tokens --generate sine --token_dim 3 --head \"deis(order=2)\" --steps \"linear(17, "
       "3)\""},
      [read_learned](const TokensOptions& options, TaskContext& context) {
        return TokensTask(options, context, read_learned).run();
      });
}

}  // namespace lehr::command
