#include "lehr/diffusion/particles/denoising_mcmc.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::diffusion {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;

void DenoisingMcmcOptions::describe(OptionTable& table) {
  table
      .add("variant", variant,
           "how points move: Langevin steps of one size (dlg), or steps that fit the level and are accepted "
           "or not (dmala)")
      .choices({"dlg", "dmala"});
  table.add("chains", chains, "chains side by side").range(1, 1e7);
  table.add("skip", skip, "sweeps between two outputs; a sweep is one call (dlg) or two (dmala)")
      .range(1, 1e6);
  table.add("denoise", denoise, "calls of the integrator that denoises an output").range(1, 10000);
  table
      .add("split", split,
           "skip and denoise are kept (fixed), or their sum is split by how quiet the chosen states are "
           "(adaptive)")
      .choices({"fixed", "adaptive"});
  table.add("integrator", integrator, "what denoises").choices(denoising_integrators());
  table.add("eta", eta,
            "dlg: step over the outputs, a squared distance; without it 0.4 x the median squared distance a "
            "coordinate to the clean point");
  table.add("kappa", kappa, "dmala: step in units of sigma^2 + data_variance, over the outputs");
  table.add("data_variance", data_variance, "dmala: v0, the variance of the data inside a mode").at_least(0);
  table.add("mode", mode, "the level is drawn (gibbs) or the most probable one (map)")
      .choices({"gibbs", "map"});
  table.add("select", select, "which state of the sweeps is denoised").choices({"smallest", "last"});
  table.add("sigma_min", sigma_min, "where denoising ends").above(0);
  table.add("sigma_max", sigma_max, "largest noise level").above(0);
  table.add("levels", levels, "noise levels of the grid").range(1, 100000);
  table
      .add("lowest_level", lowest_level,
           "lowest level, as the exponent u of sigma_min (sigma_max / sigma_min)^u")
      .range(0, 0.999);
  table.add("prior", prior,
            "weights of the levels: log_uniform (equal), flat_histogram (adapted to equal time), or a "
            "schedule over the grid");
  table.add("initial_calls", initial_calls, "calls of the solve from noise with which chains start; 0: none")
      .range(0, 100000);
  table.add("start_noise", start_noise, "deviation of the noise added to what was solved").at_least(0);
  table.add("burn_in_eta", burn_in_eta, "dlg: step of the first sweeps; 0: five times eta").at_least(0);
  table.add("burn_in_large", burn_in_large, "sweeps with that step").range(0, 1e7);
  table.add("burn_in", burn_in, "sweeps with the working step before the first output").range(0, 1e7);
  table.add("tweedie", tweedie, "delta of a last step x + delta^2 score(x, delta), one call more; 0: none")
      .at_least(0);
  table.add("churn", churn, "kar2: S_churn").at_least(0);
  table.add("signal_to_noise", signal_to_noise, "langevin_pc: ratio r of the corrector").above(0);
  table.add("tolerance", tolerance, "ode45: relative and absolute").above(0);
  table
      .add("stuck_sweeps", stuck_sweeps,
           "sweeps with all chains at the largest level after which the run gives up")
      .range(1, 1e9);
}

DenoiseOptions DenoisingMcmcOptions::denoiser() const {
  return {.integrator = integrator,
          .calls = denoise,
          .sigma_end = sigma_min,
          .churn = {.amount = churn},
          .signal_to_noise = signal_to_noise,
          .tolerance = tolerance};
}

namespace {

std::vector<double> prior_of(const DenoisingMcmcOptions& options) {
  const auto count = static_cast<std::size_t>(options.levels);
  if (options.prior == "log_uniform" || options.prior == "flat_histogram")
    return std::vector<double>(count, 0);
  const Schedule schedule = Schedule::parse(options.prior);
  std::vector<double> weights =
      options.levels == 1 ? std::vector<double>{1} : schedule.sample(options.levels, true);
  for (double& weight : weights) {
    if (!(weight >= 0))
      throw InvalidInput("prior: {} has the weight {:g}, expected numbers of at least 0", options.prior,
                         weight);
    weight = std::log(weight);
  }
  if (std::ranges::none_of(weights, [](double w) { return std::isfinite(w); }))
    throw InvalidInput("prior: {} has no positive weight", options.prior);
  return weights;
}

}  // namespace

DenoisingMcmc::DenoisingMcmc(ScoreModel model, Process process, SigmaConditional conditional,
                             DenoisingMcmcOptions options, ChainStarts starts)
    : model_(std::move(model)),
      process_(std::move(process)),
      conditional_(std::move(conditional)),
      options_(std::move(options)),
      starts_(std::move(starts)),
      sigmas_(options_.sigma_grid()),
      log_prior_(prior_of(options_)) {
  Denoiser(model_, process_, options_.denoiser());  // checks its options
  lehr::describe(options_).read(lehr::describe(options_).values(), "dmcmc");
  if (!conditional_.evaluate || conditional_.levels != options_.levels)
    throw InvalidInput("dmcmc: the conditional '{}' has {} levels, the grid has {}", conditional_.name,
                       conditional_.levels, options_.levels);
  const Index columns = starts_.points.cols();
  if (columns > 0 &&
      (starts_.points.rows() != model_.dimension || (columns != 1 && columns != options_.chains)))
    throw InvalidInput("dmcmc: starts are {} x {}, expected {} x {} or {} x 1", starts_.points.rows(),
                       columns, model_.dimension, options_.chains, model_.dimension);
  if (!starts_.levels.empty() &&
      (starts_.levels.size() != static_cast<std::size_t>(options_.chains) || columns == 0))
    throw InvalidInput("dmcmc: {} levels of starts for {} chains", starts_.levels.size(), options_.chains);
  for (const int level : starts_.levels)
    if (level < 0 || level >= options_.levels)
      throw InvalidInput("dmcmc: a start has level {}, the grid has {}", level, options_.levels);
  for (const double sigma : sigmas_) {
    evaluate_.push_back(noise_at(model_, process_, process_.t_of_rho(sigma)));
    if (options_.variant == "dmala" && exact_acceptance())
      densities_.push_back(model_.density_at(process_.t_of_rho(sigma)));
  }
}

DenoisingMcmc::State DenoisingMcmc::start(const Moment& now) const {
  State state;
  const Index n = options_.chains, d = model_.dimension, given = starts_.points.cols();
  state.points.resize(d, n);
  const double prior = sigmas_.back();
  parallel_for(
      n,
      [&](std::int64_t c) {
        Stream stream(now.seed, lane("diffusion.start"), static_cast<std::uint64_t>(c));
        QuickStream random(stream);
        for (Index j = 0; j < d; ++j)
          state.points(j, c) = given > 0 ? starts_.points(j, given == 1 ? 0 : c) : prior * normal(random);
      },
      256);
  state.levels = starts_.levels.empty()
                     ? std::vector<int>(static_cast<std::size_t>(n), static_cast<int>(options_.levels - 1))
                     : starts_.levels;
  state.log_prior = log_prior_;
  state.skip = options_.skip, state.denoise = options_.denoise;
  state.visits.assign(sigmas_.size(), 0);
  state.sides.assign(static_cast<std::size_t>(n), 0);
  return state;
}

std::vector<DenoisingMcmc::Block> DenoisingMcmc::level_blocks(const std::vector<int>& levels) const {
  std::vector<std::vector<Index>> chains(sigmas_.size());
  for (std::size_t c = 0; c < levels.size(); ++c)
    chains[static_cast<std::size_t>(levels[c])].push_back(static_cast<Index>(c));
  std::vector<Block> blocks;
  for (std::size_t level = 0; level < chains.size(); ++level)
    for (std::size_t from = 0; from < chains[level].size(); from += static_cast<std::size_t>(model_.rows)) {
      const auto begin = chains[level].begin() + static_cast<std::ptrdiff_t>(from);
      const auto count =
          std::min<std::size_t>(chains[level].size() - from, static_cast<std::size_t>(model_.rows));
      blocks.push_back({static_cast<int>(level), {begin, begin + static_cast<std::ptrdiff_t>(count)}});
    }
  return blocks;
}

void DenoisingMcmc::for_each_block(std::size_t count, const std::function<void(std::int64_t)>& work) const {
  if (model_.parallel) return parallel_for(static_cast<std::int64_t>(count), work);
  for (std::size_t b = 0; b < count; ++b) work(static_cast<std::int64_t>(b));
}

std::vector<double> DenoisingMcmc::sigmas_of(const std::vector<int>& levels) const {
  std::vector<double> values;
  for (const int level : levels) values.push_back(sigma(level));
  return values;
}

void DenoisingMcmc::solve_from_noise(State& state, const Moment& now) const {
  DenoiseOptions options = options_.denoiser();
  options.integrator = "kar2", options.calls = calls_at_least("kar2", options_.initial_calls);
  const Denoised solved = Denoiser(model_, process_, options)
                              .run(state.points, sigmas_of(state.levels), now.seed, -options_.chains);
  state.points = solved.points;
  state.calls += solved.calls, state.initial_calls += solved.calls;
  now.spend(solved.calls);
}

// Starts without levels: noise is added and the levels are drawn. Then the sweeps with the large step and with the working one.
void DenoisingMcmc::burn_in(State& state, const Moment& now) const {
  const bool given = starts_.points.cols() > 0;
  if (!given && options_.initial_calls > 0) solve_from_noise(state, now);
  if (starts_.levels.empty() && (given || options_.initial_calls > 0)) {
    parallel_for(
        options_.chains,
        [&](std::int64_t c) {
          Stream stream(now.seed, lane("diffusion.chains.noise"), static_cast<std::uint64_t>(c));
          QuickStream random(stream);
          for (double& value : state.points.col(c)) value += options_.start_noise * normal(random);
        },
        256);
    const double guess = std::max(options_.start_noise, sigmas_.front());
    std::ranges::fill(state.levels, static_cast<int>(nearest_level(sigmas_, guess)));
    draw_levels(state, now, clean_points(state, now));
    ++state.sweeps;
  }
  const bool corrected = options_.variant == "dmala", automatic = !options_.eta && !corrected;
  if (automatic) state.auto_eta = automatic_eta(state, now);
  const double working = corrected ? options_.kappa(now) : automatic ? state.auto_eta : (*options_.eta)(now);
  const double large = corrected ? working : options_.burn_in_eta > 0 ? options_.burn_in_eta : 5 * working;
  for (std::int64_t i = 0; i < options_.burn_in_large; ++i) sweep(state, now, large);
  if (automatic) state.auto_eta = automatic_eta(state, now);
  for (std::int64_t i = 0; i < options_.burn_in; ++i) sweep(state, now, automatic ? state.auto_eta : working);
  state.initial_calls = state.calls;
  state.accepted = state.proposed = 0;
  std::ranges::fill(state.visits, 0);
  state.round_trips = 0, state.trips_from = state.sweeps;
}

Lanes DenoisingMcmc::clean_points(State& state, const Moment& now) const {
  Lanes clean(options_.chains, model_.dimension);
  const std::vector<Block> blocks = level_blocks(state.levels);
  const auto work = [&](std::int64_t b) {
    const Block& block = blocks[static_cast<std::size_t>(b)];
    const Lanes x = state.points(Eigen::all, block.chains).transpose().array();
    Lanes noise(x.rows(), x.cols());
    evaluate_[static_cast<std::size_t>(block.level)](x, noise);
    clean(block.chains, Eigen::all) = x - sigma(block.level) * noise;
  };
  for_each_block(blocks.size(), work);
  state.calls += options_.chains * model_.cost;
  now.spend(options_.chains * model_.cost);
  return clean;
}

double DenoisingMcmc::automatic_eta(State& state, const Moment& now) const {
  const Lanes clean = clean_points(state, now);
  const ArrayXd squares = (state.points.transpose().array() - clean).square().rowwise().mean();
  const double eta = 0.4 * stats::median({squares.data(), static_cast<std::size_t>(squares.size())});
  if (!(eta > 0 && std::isfinite(eta)))
    throw NumericalFailure("dmcmc: the automatic eta is {:g}; give --eta", eta);
  return eta;
}

void DenoisingMcmc::sweep(State& state, const Moment& now, double eta) const {
  Lanes clean(options_.chains, model_.dimension);
  state.eta = eta;
  move(state, now, eta, clean);
  draw_levels(state, now, clean);
  count_trips(state);
  ++state.sweeps;
  const int top = static_cast<int>(options_.levels) - 1;
  const bool stuck = top > 0 && std::ranges::all_of(state.levels, [top](int level) { return level == top; });
  state.stuck = stuck ? state.stuck + 1 : 0;
  if (state.stuck >= options_.stuck_sweeps)
    throw NumericalFailure(
        "dmcmc: all {} chains have been at sigma_max = {:g} for {} sweeps: the step is too large (eta = "
        "{:g}); take a smaller "
        "--eta, or a larger --sigma_max",
        options_.chains, sigmas_.back(), state.stuck, eta);
}

void DenoisingMcmc::advance(State& state, const Moment& now) const {
  if (outputs(state) == 0 && state.sweeps == 0) burn_in(state, now);
  const double eta = options_.variant == "dmala" ? options_.kappa(now)
                     : options_.eta              ? (*options_.eta)(now)
                                                 : state.auto_eta;
  if (!(eta > 0))
    throw InvalidInput("{}: the schedule's value at output {} is {:g}, expected a positive number",
                       options_.variant == "dmala" ? "kappa" : "eta", outputs(state) + 1, eta);
  MatrixXd best(state.points.rows(), state.points.cols());
  std::vector<int> chosen(state.levels.size(), static_cast<int>(options_.levels));
  state.accepted = state.proposed = 0;
  for (std::int64_t i = 0; i < state.skip; ++i) {
    sweep(state, now, eta);
    for (std::size_t c = 0; c < chosen.size(); ++c) {
      if (options_.select == "smallest" && state.levels[c] >= chosen[c]) continue;
      chosen[c] = state.levels[c];
      best.col(static_cast<Index>(c)) = state.points.col(static_cast<Index>(c));
    }
  }
  const std::int64_t output = outputs(state);
  DenoiseOptions denoise = options_.denoiser();
  denoise.calls = state.denoise;
  Denoised done =
      Denoiser(model_, process_, denoise).run(best, sigmas_of(chosen), now.seed, output * options_.chains);
  if (options_.tweedie > 0) {
    Lanes x = done.points.transpose().array(), noise(x.rows(), x.cols());
    noise_at(model_, process_, process_.t_of_rho(options_.tweedie))(x, noise);
    done.points = (x - options_.tweedie * noise).transpose().matrix();
    done.calls += options_.chains * model_.cost;
  }
  state.calls += done.calls;
  now.spend(done.calls);
  const std::vector<double> row = trace_row(state, chosen);
  state.trace.insert(state.trace.end(), row.begin(), row.end());
  state.outputs.insert(state.outputs.end(), done.points.data(), done.points.data() + done.points.size());
  state.chosen.insert(state.chosen.end(), chosen.begin(), chosen.end());
  if (options_.split == "adaptive") adapt_split(state, chosen);
}

void DenoisingMcmc::adapt_split(State& state, const std::vector<int>& chosen) const {
  constexpr double log_step = 1.3;  // what kar1 does well in one step of two calls
  const std::int64_t sweep_calls = options_.variant == "dmala" ? 2 : 1,
                     all = options_.skip * sweep_calls + options_.denoise;
  const double way = std::log(stats::quantile(sigmas_of(chosen), 0.75) / options_.sigma_min);
  const auto steps = static_cast<std::int64_t>(std::ceil(std::max(0.0, way) / log_step));
  // Odd, for every integrator; at least one sweep is left.
  std::int64_t calls = std::min(2 * steps + 1, all - sweep_calls);
  calls -= calls % 2 == 0 ? 1 : 0;
  state.denoise = std::max<std::int64_t>(1, calls);
  state.skip = std::max<std::int64_t>(1, (all - state.denoise) / sweep_calls);
}

std::vector<double> DenoisingMcmc::trace_row(const State& state, const std::vector<int>& chosen) const {
  const std::vector<double> all = sigmas_of(state.levels), quiet = sigmas_of(chosen);
  const double acceptance =
      state.proposed > 0 ? static_cast<double>(state.accepted) / static_cast<double>(state.proposed) : 1;
  return {stats::quantile(all, 0.1),
          stats::quantile(all, 0.5),
          stats::quantile(all, 0.9),
          stats::quantile(quiet, 0.5),
          stats::quantile(quiet, 0.9),
          acceptance,
          state.score,
          state.eta,
          static_cast<double>(state.calls),
          *std::ranges::min_element(quiet),
          static_cast<double>(state.denoise)};
}

void DenoisingMcmc::measure(const State& state, Row& row) const {
  row.add("outputs", static_cast<double>(outputs(state)));
  row.add("sweeps", static_cast<double>(state.sweeps));
  if (state.trace.empty()) return;
  const double* const last = state.trace.data() + state.trace.size() - ChainTrace::width;
  for (std::size_t i = 0; i < ChainTrace::width; ++i) row.add(ChainTrace::names[i], last[i]);
  const auto made = static_cast<double>(state.chosen.size());
  row.add("calls_per_sample", static_cast<double>(state.calls - state.initial_calls) / made);
  row.add("round_trips", static_cast<double>(state.round_trips));
}

MatrixXd DenoisingMcmc::samples(const State& state) const {
  return Eigen::Map<const MatrixXd>(state.outputs.data(), model_.dimension,
                                    static_cast<Index>(state.chosen.size()));
}

}  // namespace lehr::diffusion
