#include "lehr/stats/persistence/slepian_iia.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

constexpr double default_means = 12;  // mean excursions that a grid spans
constexpr double formal_tolerance =
    1e-6;  // of F beyond [0, 1], and of a negative density times the mean interval

SwitchKernel kernel_above(const ClippedSlepian& slepian, const MemoryNodes& nodes) {
  return {[slepian](double t) { return slepian.memory_above(t); }, 1 - slepian.limit(), nodes,
          slepian.covariance().decay_rate};
}

SwitchKernel kernel_below(const ClippedSlepian& slepian, const MemoryNodes& nodes) {
  return {[slepian](double t) { return slepian.memory_below(t); }, 1 + slepian.limit(), nodes,
          slepian.covariance().decay_rate};
}

struct Margin {
  double least = 0, at = 0;
};

Margin least_margin_of(const ClippedSlepian& slepian, const MemoryNodes& nodes) {
  Margin margin{std::numeric_limits<double>::infinity(), 0};
  for (const double t : nodes.rule.nodes)
    if (const double value = slepian.condition_margin(t); value < margin.least) margin = {value, t};
  return margin;
}

}  // namespace

const char* name(Validity validity) {
  switch (validity) {
    case Validity::valid_monotone:
      return "valid_monotone";
    case Validity::formal_ok:
      return "formal_ok";
    case Validity::invalid:
      return "invalid";
  }
  return "";
}

struct SlepianIia::Parts {
  ClippedSlepian slepian;
  MemoryNodes nodes;
  SwitchKernel above, below;
  MarchGrid grid_above, grid_below;

  static Parts of(Covariance covariance, const SlepianIiaOptions& options) {
    ClippedSlepian slepian(std::move(covariance), options.level);
    MemoryNodes nodes = memory_nodes(slepian.covariance());
    SwitchKernel above = kernel_above(slepian, nodes), below = kernel_below(slepian, nodes);
    const auto grid = [&](double mean) {
      return march_grid(options.tmax > 0 ? options.tmax : default_means * mean, options.n, options.step);
    };
    MarchGrid grid_above = grid(slepian.mean_above()), grid_below = grid(slepian.mean_below());
    return {std::move(slepian), std::move(nodes),      std::move(above),
            std::move(below),   std::move(grid_above), std::move(grid_below)};
  }
};

SlepianIia::SlepianIia(Covariance covariance, const SlepianIiaOptions& options)
    : SlepianIia(Parts::of(std::move(covariance), options), options) {}

SlepianIia::SlepianIia(Parts parts, const SlepianIiaOptions& options)
    : slepian_(std::move(parts.slepian)),
      above_(parts.above, parts.below, parts.grid_above),
      below_(options.level == 0 ? above_ : ExcursionLaw(parts.below, parts.above, parts.grid_below)) {
  judge(options, parts.nodes);
}

void SlepianIia::judge(const SlepianIiaOptions& options, const MemoryNodes& nodes) {
  const Margin margin = least_margin_of(slepian_, nodes);
  least_margin_ = margin.least, least_margin_at_ = margin.at;
  const bool at_zero = options.level == 0;
  const SwitchKernel& worse =
      above_.own().largest_rise() >= above_.other().largest_rise() ? above_.own() : above_.other();
  const bool falls = worse.largest_rise() <= options.tolerance && worse.lowest() >= -options.tolerance;
  if (falls && (!at_zero || margin.least >= -options.tolerance)) {
    status_ = Validity::valid_monotone;
    verdict_ = at_zero
                   ? "Valid: arcsin R is convex, so the excursion time is a geometric sum of positive times."
                   : "Valid: the memory of a crossing falls on both sides of the level, so both laws are "
                     "geometric sums of positive times.";
    return;
  }
  const double interval = covariance().mean_interval();
  const double density = std::min(above_.lowest_density(), below_.lowest_density());
  const double overshoot = std::max(above_.overshoot(), below_.overshoot());
  const std::string where =
      at_zero
          ? fmt::format("the condition R''(1 - R^2) + R R'^2 >= 0 is missed by {:.2g} lambda2 at t = {:.4g}",
                        -margin.least, margin.at)
          : fmt::format("the memory of a crossing rises by {:.2g} near t = {:.4g}", worse.largest_rise(),
                        worse.rises_at());
  if (density * interval >= -formal_tolerance && overshoot <= formal_tolerance) {
    status_ = Validity::formal_ok;
    verdict_ = "No proof: " + where + ", but the density that follows is nowhere negative.";
  } else {
    status_ = Validity::invalid;
    verdict_ = fmt::format(
        "Invalid, do not use: {}; the distribution function leaves [0, 1] by {:.2g} and its density "
        "falls to {:.2g}.",
        where, overshoot, density);
  }
}

double SlepianIia::mean_error() const { return above_.mean() / slepian_.mean_above() - 1; }

PersistencyExponent slepian_exponent(const Covariance& covariance, double level) {
  const ClippedSlepian slepian(covariance, level);
  const MemoryNodes nodes = memory_nodes(covariance);
  const SwitchKernel own = kernel_above(slepian, nodes);
  PersistencyExponent exponent =
      level == 0 ? persistency_exponent(own, own) : persistency_exponent(own, kernel_below(slepian, nodes));
  const Margin margin = least_margin_of(slepian, nodes);
  if (level == 0 && margin.least < -1e-9)
    exponent.reason = fmt::format(
        "the condition is missed by {:.2g} lambda2 at t = {:.4g}: no proof that there is such "
        "a distribution",
        -margin.least, margin.at);
  return exponent;
}

}  // namespace lehr::stats
