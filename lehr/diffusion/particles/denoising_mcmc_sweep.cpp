// One sweep of denoising MCMC: points, then levels.
#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/diffusion/particles/denoising_mcmc.hpp"

namespace lehr::diffusion {

using Eigen::ArrayXd;
using Eigen::Index;

namespace {

// Chain c's numbers for one sweep.
QuickStream chain_stream(Seed seed, std::uint64_t lane, std::int64_t sweep, Index chain) {
  Stream stream =
      Stream(seed, lane, static_cast<std::uint64_t>(sweep)).at_block(static_cast<std::uint64_t>(chain));
  return QuickStream(stream);
}

}  // namespace

void DenoisingMcmc::move(State& state, const Moment& now, double eta, Lanes& clean) const {
  const std::vector<Block> blocks = level_blocks(state.levels);
  const bool corrected = options_.variant == "dmala", exact = !densities_.empty();
  ArrayXd score_squares(options_.chains);
  std::vector<std::int64_t> accepted(blocks.size());
  const auto work = [&](std::int64_t b) {
    const Block& block = blocks[static_cast<std::size_t>(b)];
    const auto level = static_cast<std::size_t>(block.level);
    const double s = sigmas_[level], step = corrected ? eta * (s * s + options_.data_variance) : eta;
    const Lanes x = state.points(Eigen::all, block.chains).transpose().array();
    Lanes noise(x.rows(), x.cols()), noise_to(x.rows(), x.cols()), xi(x.rows(), x.cols());
    ArrayXd density = ArrayXd::Zero(x.rows()), density_to = density, uniforms(x.rows());
    const auto evaluate = [&](const Lanes& at, Lanes& out, ArrayXd& log_density) {
      try {
        corrected&& exact ? densities_[level](at, out, log_density) : evaluate_[level](at, out);
      } catch (const ModelFailure& failure) {
        refuse_model(failure, fmt::format("dmcmc: step {} at sigma = {:g}", state.sweeps, s), 0);
      }
    };
    evaluate(x, noise, density);
    if (!std::isfinite(noise.sum()))
      throw NumericalFailure(
          "dmcmc: sweep {}: the score at sigma = {:g} is not finite: the model fails, or the step {:g} is "
          "too large; take a smaller --eta",
          state.sweeps, s, step);
    for (Index i = 0; i < x.rows(); ++i) {
      QuickStream random = chain_stream(now.seed, lane("diffusion.chains.move"), state.sweeps,
                                        block.chains[static_cast<std::size_t>(i)]);
      for (Index j = 0; j < x.cols(); ++j) xi(i, j) = normal(random);
      uniforms[i] = uniform(random);
    }
    const Lanes score = -noise / s;
    Lanes to = x + 0.5 * step * score + std::sqrt(step) * xi;
    clean(block.chains, Eigen::all) = x - s * noise;
    score_squares(block.chains) = score.square().rowwise().sum();
    if (corrected) {
      evaluate(to, noise_to, density_to);
      const Lanes score_to = -noise_to / s;
      const ArrayXd rise = exact ? ArrayXd(density_to - density)
                                 : ArrayXd(0.5 * ((score + score_to) * (to - x)).rowwise().sum());
      const ArrayXd forth = xi.square().rowwise().sum();
      const ArrayXd back = (x - to - 0.5 * step * score_to).square().rowwise().sum() / step;
      const ArrayXd log_ratio = rise + 0.5 * (forth - back);
      for (Index i = 0; i < x.rows(); ++i) {
        const bool take = std::log(std::max(uniforms[i], 1e-300)) < log_ratio[i];
        accepted[static_cast<std::size_t>(b)] += take ? 1 : 0;
        if (!take) to.row(i) = x.row(i);
      }
    }
    state.points(Eigen::all, block.chains) = to.transpose().matrix();
  };
  for_each_block(blocks.size(), work);
  for (const std::int64_t count : accepted) state.accepted += count;
  if (corrected) state.proposed += options_.chains;
  state.score = std::sqrt(score_squares.mean());
  const std::int64_t calls = (corrected ? 2 : 1) * options_.chains * model_.cost;
  state.calls += calls;
  now.spend(calls);
}

void DenoisingMcmc::draw_levels(State& state, const Moment& now, const Lanes& clean) const {
  constexpr Index width = 64;
  const Index n = options_.chains, blocks = (n + width - 1) / width;
  const Eigen::Map<const ArrayXd> log_prior(state.log_prior.data(),
                                            static_cast<Index>(state.log_prior.size()));
  Lanes occupancy = Lanes::Zero(blocks, options_.levels);
  parallel_for(blocks, [&](std::int64_t b) {
    const Index first = b * width, count = std::min(width, n - first);
    const Lanes x = state.points.middleCols(first, count).transpose().array(),
                x0 = clean.middleRows(first, count);
    Lanes terms;
    conditional_.evaluate(x, x0, terms);
    terms.rowwise() += log_prior.transpose();
    for (Index i = 0; i < count; ++i) {
      ArrayXd p = terms.row(i).transpose();
      Index largest = 0;
      const double most = p.maxCoeff(&largest);
      if (!std::isfinite(most))
        throw NumericalFailure(
            "dmcmc: sweep {}: chain {} has left where any level is possible: the step is too large; take a "
            "smaller --eta",
            state.sweeps, first + i);
      p = (p - most).exp();
      p /= p.sum();
      occupancy.row(b) += p.transpose();
      Index level = largest;
      if (options_.mode == "gibbs") {
        QuickStream random = chain_stream(now.seed, lane("diffusion.chains.level"), state.sweeps, first + i);
        const double u = uniform(random);
        double sum = 0;
        for (Index j = 0; j < p.size(); ++j)
          if (sum += p[j]; u < sum) {
            level = j;
            break;
          }
      }
      state.levels[static_cast<std::size_t>(first + i)] = static_cast<int>(level);
    }
  });
  ArrayXd mean = ArrayXd::Zero(options_.levels);
  for (Index b = 0; b < blocks; ++b) mean += occupancy.row(b).transpose();
  mean /= static_cast<double>(n);
  for (Index j = 0; j < mean.size(); ++j) state.visits[static_cast<std::size_t>(j)] += mean[j];
  if (options_.prior == "flat_histogram") adapt_prior(state, mean);
}

void DenoisingMcmc::adapt_prior(State& state, const ArrayXd& occupancy) const {
  constexpr double bound = 50;
  const double gain = std::pow(100 + static_cast<double>(state.sweeps), -0.7);
  Eigen::Map<ArrayXd> log_prior(state.log_prior.data(), static_cast<Index>(state.log_prior.size()));
  log_prior -= gain * (static_cast<double>(options_.levels) * occupancy - 1);
  log_prior -= log_prior.mean();
  log_prior = log_prior.max(-bound).min(bound);
}

// Bottom and top are the lowest and the highest tenth of the grid.
void DenoisingMcmc::count_trips(State& state) const {
  const auto tenth = std::max<std::int64_t>(1, options_.levels / 10);
  if (options_.levels < 3) return;
  for (std::size_t c = 0; c < state.levels.size(); ++c) {
    int& side = state.sides[c];
    if (state.levels[c] < tenth) {
      if (side == 2) ++state.round_trips;
      side = 1;
    } else if (state.levels[c] >= options_.levels - tenth && side == 1) {
      side = 2;
    }
  }
}

}  // namespace lehr::diffusion
