#include "lehr/sample/design.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/parallel.hpp"
#include "lehr/sample/pooled_density.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;

namespace {

constexpr std::int64_t most_runs = 10'000'000;
constexpr Index default_runs_per_function = 4;

// What a kind of design is drawn from.
struct DesignDraw {
  const FunctionSpace& space;
  const DesignOptions& options;
  Index runs;
  Seed seed;
  std::uint64_t repetition;

  // The stream of one part of the design, whatever the others draw.
  Stream random(std::uint64_t lane, std::uint64_t batch = 0) const {
    return {seed, lane, repetition << 24 | batch};
  }
};

// `count` independent points of (1 - s) nu_m + s mu.
MatrixXd independent_points(const DesignDraw& draw, Index count) {
  Stream random = draw.random(lane("sample.design.independent"));
  const double mixing = draw.options.mixing;
  if (mixing == 0) return draw.space.draw_optimal(random, count, draw.space.size);
  MatrixXd points(draw.space.dimension, count);
  for (Index i = 0; i < count; ++i)
    points.col(i) = uniform(random) < mixing ? draw.space.draw_reference(random, 1)
                                             : draw.space.draw_optimal(random, 1, draw.space.size);
  return points;
}

Eigen::VectorXd weights_at(const DesignDraw& draw, const MatrixXd& points, const PooledDensity& density) {
  return density.weights(draw.space.features(points));
}

Design optimal_iid(const DesignDraw& draw) {
  Design design;
  design.points = independent_points(draw, draw.runs);
  PooledDensity density;
  density.add(draw.space.size, static_cast<double>(draw.runs), draw.options.mixing);
  design.weights = weights_at(draw, design.points, density);
  design.batches.resize(static_cast<std::size_t>(draw.runs));
  std::iota(design.batches.begin(), design.batches.end(), std::int64_t{0});
  return design;
}

// A DPP and independent points, shuffled so that no point shows which it is.
Design volume(const DesignDraw& draw) {
  const Index m = draw.space.size, rest = draw.runs - m;
  DppDraw dpp = projection_dpp(draw.space, m, draw.random(lane("sample.design.dpp")));
  MatrixXd points(draw.space.dimension, draw.runs);
  points.leftCols(m) = dpp.points;
  points.rightCols(rest) = independent_points(draw, rest);
  std::vector<Index> order(static_cast<std::size_t>(draw.runs));
  std::iota(order.begin(), order.end(), Index{0});
  Stream random = draw.random(lane("sample.design.shuffle"));
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(uniform_index(random, static_cast<Index>(i)))]);
  Design design;
  design.points = points(Eigen::all, order);
  PooledDensity density;
  density.add(m, static_cast<double>(draw.runs), draw.options.mixing);
  design.weights = weights_at(draw, design.points, density);
  design.batches.assign(static_cast<std::size_t>(draw.runs), 0);
  design.steps = std::move(dpp.steps);
  return design;
}

// Full DPPs of m points, and what the options say for the remaining n mod m points.
Design repeated_dpp(const DesignDraw& draw) {
  const Index m = draw.space.size, full = draw.runs / m, rest = draw.runs % m;
  const bool subspace = draw.options.remainder == "subspace", iid = draw.options.remainder == "iid";
  const Index processes = full + (rest > 0 && !iid ? 1 : 0);
  std::vector<DppDraw> draws = parallel_map(processes, [&](std::int64_t batch) {
    Stream random = draw.random(lane("sample.design.dpp"), static_cast<std::uint64_t>(batch));
    if (batch < full) return projection_dpp(draw.space, m, random);
    return subspace ? projection_dpp(draw.space, rest, random) : projection_dpp(draw.space, m, random, rest);
  });
  Design design;
  design.points.resize(draw.space.dimension, draw.runs);
  Index at = 0;
  for (DppDraw& dpp : draws) {
    design.points.middleCols(at, dpp.points.cols()) = dpp.points;
    design.steps.insert(design.steps.end(), dpp.steps.begin(), dpp.steps.end());
    at += dpp.points.cols();
  }
  PooledDensity density;
  density.add(m, static_cast<double>(full * m));
  if (rest > 0 && iid) design.points.rightCols(rest) = independent_points(draw, rest);
  if (rest > 0) density.add(subspace ? rest : m, static_cast<double>(rest));
  design.weights = weights_at(draw, design.points, density);
  for (Index i = 0; i < draw.runs; ++i)
    design.batches.push_back(i < full * m || !iid ? i / m : i - full * (m - 1));
  return design;
}

void check_design(const DesignDraw& draw) {
  const DesignOptions& options = draw.options;
  const Index m = draw.space.size;
  if (std::ranges::find(design_kinds(), options.kind) == design_kinds().end())
    throw InvalidInput("design: unknown kind {}{}", quote(options.kind), hint(options.kind, design_kinds()));
  if (draw.runs > most_runs)
    throw InvalidInput("design: n must be at most {}, found {}", most_runs, draw.runs);
  if (options.kind == "dpp" && draw.runs != m)
    throw InvalidInput(
        "design: a dpp has n = m = {} points, found n = {}; dpp_repeat takes any n of at least m", m,
        draw.runs);
  if ((options.kind == "volume" || options.kind == "dpp_repeat") && draw.runs < m)
    throw InvalidInput("design: {} needs n of at least m = {}, found {}", options.kind, m, draw.runs);
  if (options.kind.starts_with("dpp") && options.mixing != 0)
    throw InvalidInput("design: the points of a {} have the law nu_m, so mixing must be 0, found {}",
                       options.kind, options.mixing);
}

}  // namespace

void DesignOptions::describe(OptionTable& table) {
  table.add("n", n, "number of runs; 0: as many as functions for dpp, else four times as many").range(0, 1e7);
  table
      .add("mixing", mixing,
           "share of the reference measure in the law of independent points; no weight exceeds 1 / mixing")
      .range(0, 1);
  table
      .add("remainder", remainder,
           "dpp_repeat: what fills up n where it is no multiple of the number of functions m")
      .choices({"subspace", "part", "iid"});
}

const std::vector<std::string>& design_kinds() {
  static const std::vector<std::string> kinds = {"dpp_repeat", "dpp", "volume", "optimal_iid"};
  return kinds;
}

Index design_size(const DesignOptions& options, Index functions) {
  if (options.n > 0) return options.n;
  return options.kind == "dpp" ? functions : default_runs_per_function * functions;
}

Design draw_design(const FunctionSpace& space, const DesignOptions& options, Seed seed,
                   std::uint64_t repetition) {
  const DesignDraw draw{space, options, design_size(options, space.size), seed, repetition};
  check_design(draw);
  if (options.kind == "optimal_iid") return optimal_iid(draw);
  if (options.kind == "volume") return volume(draw);
  return repeated_dpp(draw);
}

double chernoff_exponent(double delta) { return delta + (1 - delta) * std::log1p(-delta); }

double iid_failure_bound(Index functions, Index runs, double delta) {
  const auto m = static_cast<double>(functions);
  return std::min(1.0, m * std::exp(-static_cast<double>(runs) * chernoff_exponent(delta) / m));
}

Index iid_runs(Index functions, double delta, double failure) {
  const auto m = static_cast<double>(functions);
  return static_cast<Index>(std::ceil(m * std::log(m / failure) / chernoff_exponent(delta)));
}

}  // namespace lehr::sample
