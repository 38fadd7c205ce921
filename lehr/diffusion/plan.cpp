#include "lehr/diffusion/plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "lehr/core/errors.hpp"
#include "lehr/core/normals.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/lanes.hpp"
#include "lehr/diffusion/subspace.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXXd;
using Eigen::Index;
using Eigen::MatrixXd;

// Which place of the block's memory holds each state and noise while somebody still needs it.
struct Places {
  std::vector<int> state, noise;
  int count = 0;
};

class PlaceFinder {
 public:
  explicit PlaceFinder(const Plan& plan)
      : nodes_(plan.nodes), last_state_(plan.nodes.size(), -1), last_noise_(last_state_) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      last_state_[i] = static_cast<int>(i);  // at least until its own evaluation
      last_noise_[i] = nodes_[i].evaluated ? static_cast<int>(i) : -1;
      for (const PlanTerm& term : nodes_[i].states) last_state_[at(term)] = static_cast<int>(i);
      for (const PlanTerm& term : nodes_[i].noises) last_noise_[at(term)] = static_cast<int>(i);
      for (const PlanTerm& term : nodes_[i].error) last_noise_[at(term)] = static_cast<int>(i);
    }
    last_state_.back() = static_cast<int>(nodes_.size());
  }

  Places find() {
    Places places;
    places.state.assign(nodes_.size(), -1);
    places.noise.assign(nodes_.size(), -1);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      // A state that nobody needs after this node gives its place to it.
      const auto heir = std::ranges::find_if(nodes_[i].states, [&](const PlanTerm& term) {
        return last_state_[at(term)] == static_cast<int>(i);
      });
      const std::size_t inherited = heir == nodes_[i].states.end() ? nodes_.size() : at(*heir);
      places.state[i] = inherited < nodes_.size() ? places.state[inherited] : take(places);
      if (nodes_[i].evaluated) places.noise[i] = take(places);
      for (std::size_t j = 0; j <= i; ++j) {
        if (last_state_[j] == static_cast<int>(i) && j != inherited) free_.push_back(places.state[j]);
        if (last_noise_[j] == static_cast<int>(i)) free_.push_back(places.noise[j]);
      }
    }
    return places;
  }

 private:
  static std::size_t at(const PlanTerm& term) { return static_cast<std::size_t>(term.node); }
  int take(Places& places) {
    if (free_.empty()) return places.count++;
    const int place = free_.back();
    free_.pop_back();
    return place;
  }

  const std::vector<PlanNode>& nodes_;
  std::vector<int> last_state_, last_noise_, free_;
};

// Point number `column` of the prior.
void draw_prior(Seed seed, Index column, double deviation, double* to, Index dimension) {
  Stream stream(seed, lane("diffusion.start"), static_cast<std::uint64_t>(column));
  fill_normals(stream, deviation, to, dimension);
}

// Sums of squares over a block, node by node.
struct BlockSums {
  std::vector<double> state, noise, error;
  explicit BlockSums(std::size_t nodes = 0) : state(nodes), noise(nodes), error(nodes) {}
  void add(const BlockSums& other) {
    for (std::size_t i = 0; i < state.size(); ++i)
      state[i] += other.state[i], noise[i] += other.noise[i], error[i] += other.error[i];
  }
};

// Fresh noise and clipping leave the span of the start and the model's directions.
bool stays_in_subspace(const Plan& plan, const ScoreModel& model) {
  return model.subspace != nullptr && !plan.clip &&
         std::ranges::none_of(
             plan.nodes, [](const PlanNode& node) { return node.gaussian != 0 || !node.skipped.empty(); });
}

class Follower {
 public:
  Follower(const Plan& plan, const ScoreModel& whole, const Process& process, const FollowOptions& options)
      : plan_(plan),
        subspace_(stays_in_subspace(plan, whole) ? whole.subspace.get() : nullptr),
        model_(subspace_ != nullptr ? subspace_->model : whole),
        process_(process),
        options_(options),
        deviation_(process.prior_deviation()),
        places_(PlaceFinder(plan).find()) {
    // Nodes at one time with the same blocks share what the model prepares.
    std::map<std::pair<double, std::vector<int>>, Evaluate> prepared;
    for (const PlanNode& node : plan.nodes) {
      if (!node.evaluated) {
        evaluate_.emplace_back();
        continue;
      }
      Evaluate& evaluate = prepared[{node.t, node.skipped}];
      if (!evaluate) {
        if (!node.skipped.empty() && !model_.without)
          throw InvalidInput("plan: the model has no blocks to skip");
        evaluate = noise_at(node.skipped.empty() ? model_ : model_.without(node.skipped), process, node.t);
      }
      evaluate_.push_back(evaluate);
    }
    for (const PlanNode& node : plan.nodes) combinations_.push_back(combination_of(node));
  }

  using Memory = std::vector<ArrayXXd>;
  Memory memory() const {
    return Memory(static_cast<std::size_t>(places_.count) + (subspace_ != nullptr ? 1 : 0));
  }
  Index block() const { return model_.rows; }

  // Columns [first, first + count) of the batch; `starts` empty: points of the prior.
  void run(const Eigen::Ref<const MatrixXd>& starts, Index first, Index count, Eigen::Ref<MatrixXd> ends,
           BlockSums* sums, Memory& memory) const {
    run(starts, first, count, ends, sums, memory, false);
    // What is not finite stays so to the end; then the block is repeated to find where it began.
    if (!std::isfinite(memory[static_cast<std::size_t>(places_.state.back())].sum()))
      run(starts, first, count, ends, nullptr, memory, true);
  }

 private:
  void run(const Eigen::Ref<const MatrixXd>& starts, Index first, Index count, Eigen::Ref<MatrixXd> ends,
           BlockSums* sums, Memory& memory, bool watchful) const {
    const Index rows = (count + 7) / 8 * 8;
    for (ArrayXXd& place : memory) place.resize(rows, model_.dimension);
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
      ArrayXXd& x = memory[static_cast<std::size_t>(places_.state[i])];
      if (i == 0) {
        begin(starts, first, count, ends, memory);
      } else {
        combine(i, memory, x);
        add_gaussian(i, first, count, x);
      }
      if (plan_.nodes[i].evaluated) evaluate(i, first, count, memory, watchful);
      if (sums != nullptr) measure(i, count, memory, *sums);
    }
    const ArrayXXd& end = memory[static_cast<std::size_t>(places_.state.back())];
    if (subspace_ != nullptr)
      leave_subspace(*subspace_, memory.back(), end, ends.middleCols(first, count));
    else
      ends.middleCols(first, count) = end.topRows(count).transpose().matrix();
    if (watchful)
      throw NumericalFailure("the end points of columns {} to {} are not finite",
                             options_.first_column + first, options_.first_column + first + count - 1);
  }

  // Node 0. In a subspace the points themselves wait in `ends`, and their coordinates in the last place.
  void begin(const Eigen::Ref<const MatrixXd>& starts, Index first, Index count, Eigen::Ref<MatrixXd> ends,
             Memory& memory) const {
    ArrayXXd& x = memory[static_cast<std::size_t>(places_.state.front())];
    if (starts.size() > 0)
      ends.middleCols(first, count) = starts.middleCols(first, count);
    else
      for (Index i = first; i < first + count; ++i)
        draw_prior(options_.seed, options_.first_column + i, deviation_, ends.col(i).data(), ends.rows());
    if (subspace_ != nullptr) {
      enter_subspace(*subspace_, ends.middleCols(first, count), x);
      memory.back() = x;
    } else {
      x.topRows(count) = ends.middleCols(first, count).transpose().array();
      for (Index row = count; row < x.rows(); ++row) x.row(row) = x.row(count - 1);
    }
  }

  const ArrayXXd& noise(const Memory& memory, int node) const {
    return memory[static_cast<std::size_t>(places_.noise[static_cast<std::size_t>(node)])];
  }
  const ArrayXXd& state(const Memory& memory, int node) const {
    return memory[static_cast<std::size_t>(places_.state[static_cast<std::size_t>(node)])];
  }

  void combine(std::size_t i, const Memory& memory, ArrayXXd& to) const {
    const Combination& combination = combinations_[i];
    std::array<const double*, 16> few;
    std::vector<const double*> many(combination.places.size() > few.size() ? combination.places.size() : 0);
    const double** const from = many.empty() ? few.data() : many.data();
    for (std::size_t j = 0; j < combination.places.size(); ++j)
      from[j] = memory[combination.places[j]].data();
    combine_lanes(to.data(), from, combination.factors.data(),
                  static_cast<std::int64_t>(combination.places.size()), to.size());
  }

  void add_gaussian(std::size_t i, Index first, Index count, ArrayXXd& x) const {
    if (plan_.nodes[i].gaussian == 0) return;
    MatrixXd fresh(x.cols(), count);
    for (Index row = 0; row < count; ++row) {
      Stream stream(options_.seed, lane("diffusion.noise") + i,
                    static_cast<std::uint64_t>(options_.first_column + first + row));
      fill_normals(stream, plan_.nodes[i].gaussian, fresh.col(row).data(), x.cols());
    }
    x.topRows(count) += fresh.transpose().array();
  }

  void evaluate(std::size_t i, Index first, Index count, Memory& memory, bool watchful) const {
    const ArrayXXd& x = memory[static_cast<std::size_t>(places_.state[i])];
    ArrayXXd& out = memory[static_cast<std::size_t>(places_.noise[i])];
    try {
      evaluate_[i](x, out);
    } catch (const ModelFailure& failure) {
      refuse_model(failure, fmt::format("step {} at t = {:g}", plan_.nodes[i].step, plan_.nodes[i].t),
                   options_.first_column + first);
    }
    if (plan_.clip) clip(plan_.nodes[i].t, x, out);
    if (watchful && !std::isfinite(out.topRows(count).sum())) refuse(i, first, count, out);
  }

  void clip(double t, const ArrayXXd& x, ArrayXXd& noise) const {
    const double a = process_.a(t), s = process_.s(t);
    noise = (x - a * ((x - s * noise) / a).max(plan_.clip->first).min(plan_.clip->second)) / s;
  }

  [[noreturn]] void refuse(std::size_t i, Index first, Index count, const ArrayXXd& out) const {
    for (Index row = 0; row < count; ++row)
      if (!std::isfinite(out.row(row).sum()))
        throw NumericalFailure("step {} at t = {:g}: the model's noise for column {} is not finite",
                               plan_.nodes[i].step, plan_.nodes[i].t, options_.first_column + first + row);
    throw NumericalFailure("step {} at t = {:g}: the model's noise is not finite", plan_.nodes[i].step,
                           plan_.nodes[i].t);
  }

  void measure(std::size_t i, Index count, const Memory& memory, BlockSums& sums) const {
    const PlanNode& node = plan_.nodes[i];
    sums.state[i] += state(memory, static_cast<int>(i)).topRows(count).square().sum();
    if (node.evaluated) sums.noise[i] += noise(memory, static_cast<int>(i)).topRows(count).square().sum();
    if (node.error.empty()) return;
    ArrayXXd difference = ArrayXXd::Zero(count, memory.front().cols());
    for (const PlanTerm& term : node.error)
      difference += term.factor * noise(memory, term.node).topRows(count);
    sums.error[i] += difference.square().sum();
  }

  // Where a node's terms stand in the block's memory.
  struct Combination {
    std::vector<std::size_t> places;
    std::vector<double> factors;
  };
  Combination combination_of(const PlanNode& node) const {
    Combination combination;
    const auto add = [&](const std::vector<PlanTerm>& terms, const std::vector<int>& places) {
      for (const PlanTerm& term : terms) {
        combination.places.push_back(static_cast<std::size_t>(places[static_cast<std::size_t>(term.node)]));
        combination.factors.push_back(term.factor);
      }
    };
    add(node.states, places_.state);
    add(node.noises, places_.noise);
    return combination;
  }

  const Plan& plan_;
  const Subspace* subspace_;
  const ScoreModel& model_;
  const Process& process_;
  const FollowOptions& options_;
  double deviation_;  // of the prior
  Places places_;
  std::vector<Evaluate> evaluate_;
  std::vector<Combination> combinations_;
};

void write_trace(const Plan& plan, const ScoreModel& model, const BlockSums& sums, double numbers,
                 std::vector<StepTrace>& trace) {
  std::int64_t evaluations = 0;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const PlanNode& node = plan.nodes[i];
    if (node.evaluated) evaluations += model.cost;
    if (!node.ends_step) continue;
    const auto root = [numbers](double sum) { return std::sqrt(sum / numbers); };
    trace.push_back({node.step, node.order, node.t, evaluations, root(sums.state[i]), root(sums.noise[i]),
                     root(sums.error[i])});
  }
}

}  // namespace

std::int64_t Plan::evaluations() const {
  return std::ranges::count_if(nodes, [](const PlanNode& node) { return node.evaluated; });
}

void check_plan(const Plan& plan) {
  if (plan.nodes.size() < 2 || plan.nodes.back().evaluated)
    throw InvalidInput("plan: it needs a start and an end that is not evaluated");
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const PlanNode& node = plan.nodes[i];
    if (i > 0 && node.states.empty() && node.noises.empty())
      throw InvalidInput("plan: node {} has no terms", i);
    const auto check = [&](const std::vector<PlanTerm>& terms, bool noises) {
      for (const PlanTerm& term : terms) {
        if (term.node < 0 || term.node >= static_cast<int>(i) ||
            (noises && !plan.nodes[static_cast<std::size_t>(term.node)].evaluated))
          throw InvalidInput("plan: node {} uses node {}, which is not there yet", i, term.node);
        if (!std::isfinite(term.factor))
          throw InvalidInput("plan: node {} (t = {:g}) has a coefficient that is not finite", i, node.t);
      }
    };
    check(node.states, false);
    check(node.noises, true);
    check(node.error, true);
  }
}

namespace {

void follow_blocks(const Plan& plan, const ScoreModel& model, const Process& process,
                   const Eigen::Ref<const MatrixXd>& starts, const FollowOptions& options,
                   Eigen::Ref<MatrixXd> ends) {
  check_plan(plan);
  if (ends.rows() != model.dimension)
    throw InvalidInput("the model has {} dimensions, the starts {}", model.dimension, ends.rows());
  const Follower follower(plan, model, process, options);
  const Index block = follower.block(), count = ends.cols(), blocks = (count + block - 1) / block;
  std::vector<BlockSums> sums(options.trace != nullptr ? static_cast<std::size_t>(blocks) : 0,
                              BlockSums(plan.nodes.size()));
  // Several blocks share their memory.
  const Index together = model.together;
  const auto run = [&](std::int64_t group) {
    Follower::Memory memory = follower.memory();
    for (Index b = group * together; b < std::min(blocks, (group + 1) * together); ++b)
      follower.run(starts, b * block, std::min(block, count - b * block), ends,
                   sums.empty() ? nullptr : &sums[static_cast<std::size_t>(b)], memory);
  };
  const Index groups = (blocks + together - 1) / together;
  if (model.parallel) {
    parallel_for(groups, run);
  } else {
    for (Index group = 0; group < groups; ++group) run(group);
  }
  if (options.trace != nullptr) {
    BlockSums total(plan.nodes.size());
    for (const BlockSums& part : sums) total.add(part);
    write_trace(plan, model, total, static_cast<double>(ends.size()), *options.trace);
  }
}

}  // namespace

MatrixXd follow(const Plan& plan, const ScoreModel& model, const Process& process,
                const Eigen::Ref<const MatrixXd>& starts, const FollowOptions& options) {
  MatrixXd ends(starts.rows(), starts.cols());
  if (starts.cols() > 0) follow_blocks(plan, model, process, starts, options, ends);
  return ends;
}

void follow_from_prior(const Plan& plan, const ScoreModel& model, const Process& process,
                       const FollowOptions& options, Eigen::Ref<MatrixXd> ends) {
  follow_blocks(plan, model, process, MatrixXd(), options, ends);
}

MatrixXd prior_points(const Process& process, Index dimension, Index count, Seed seed,
                      std::int64_t first_column) {
  MatrixXd points(dimension, count);
  const double deviation = process.prior_deviation();
  parallel_for(
      count,
      [&](std::int64_t i) { draw_prior(seed, first_column + i, deviation, points.col(i).data(), dimension); },
      256);
  return points;
}

}  // namespace lehr::diffusion
