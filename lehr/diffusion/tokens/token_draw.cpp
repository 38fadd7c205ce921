#include "lehr/diffusion/tokens/token_draw.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/diffusion/lanes.hpp"

namespace lehr::diffusion {
namespace {

class Drawing {
 public:
  Drawing(const TokenHead& head, TokenConditional& conditional, const TokenDraw& draw, Lanes& values)
      : head_(head),
        conditional_(conditional),
        draw_(draw),
        values_(values),
        reach_(static_cast<std::size_t>(head.memory()) + 1),
        states_(reach_, Lanes::Zero(values.rows(), values.cols())),
        cleans_(states_),
        expected_(states_.front()),
        change_(Eigen::ArrayXd::Zero(values.rows())) {
    for (Index row = 0; row < draw.count; ++row) {
      Stream stream(draw.seed, lane("diffusion.token") + static_cast<std::uint64_t>(draw.rank),
                    static_cast<std::uint64_t>(draw.first_sequence + row));
      random_.emplace_back(stream);
      rows_.push_back(row);
    }
    going_.assign(rows_.size(), 1);
    left_ = draw.count;
  }

  TokenUsage run() {
    for (std::size_t i = 0; i < head_.nodes.size() && left_ > 0; ++i) {
      const HeadNode& node = head_.nodes[i];
      Lanes& x = states_[i % reach_];
      if (i > 0) combine(node, x);
      add_noise(i > 0 ? node.gaussian : head_.start_deviation, x);
      if (node.evaluated)
        evaluate(i, x);
      else if (i + 1 == head_.nodes.size())
        take(x);
    }
    return usage_;
  }

 private:
  void combine(const HeadNode& node, Lanes& x) {
    from_.clear(), factors_.clear();
    for (const PlanTerm& term : node.states)
      from_.push_back(states_[slot(term)].data()), factors_.push_back(term.factor);
    for (const PlanTerm& term : node.cleans)
      from_.push_back(cleans_[slot(term)].data()), factors_.push_back(term.factor);
    combine_lanes(x.data(), from_.data(), factors_.data(), std::ssize(from_), x.size());
  }
  std::size_t slot(const PlanTerm& term) const { return static_cast<std::size_t>(term.node) % reach_; }

  void add_noise(double deviation, Lanes& x) {
    if (deviation == 0) return;
    for (std::size_t row = 0; row < rows_.size(); ++row)
      for (Index j = 0; j < x.cols(); ++j) x(static_cast<Index>(row), j) += deviation * normal(random_[row]);
  }

  void evaluate(std::size_t i, const Lanes& x) {
    Lanes& clean = cleans_[i % reach_];
    const auto active = static_cast<Index>(rows_.size());
    conditional_.predict(head_.nodes[i].a, head_.nodes[i].s, x, active, clean);
    if (!std::isfinite(clean.topRows(active).sum())) refuse(i, clean);
    usage_.calls += left_;
    if (i == 0) expected_ = clean;
    if (i == 0 || !head_.nodes[i - 1].evaluated) return;
    const Lanes& before = cleans_[(i - 1) % reach_];
    change_.head(active) =
        ((clean - before).topRows(active).square().rowwise().sum() / static_cast<double>(x.cols())).sqrt();
    if (draw_.tolerance > 0 && head_.nodes[i].a >= head_.nodes[i].s) stop_rows(clean);
  }

  void stop_rows(const Lanes& clean) {
    for (std::size_t row = 0; row < rows_.size(); ++row)
      if (going_[row] != 0 && change_[static_cast<Index>(row)] < draw_.tolerance) {
        finish(row, clean);
        going_[row] = 0, --left_;
      }
    if ((left_ + 7) / 8 < (std::ssize(rows_) + 7) / 8 && left_ > 0) close_ranks();
  }

  // Those who go on move to the front.
  void close_ranks() {
    std::vector<Index> kept;
    for (std::size_t row = 0; row < rows_.size(); ++row)
      if (going_[row] != 0) kept.push_back(static_cast<Index>(row));
    conditional_.keep(kept);
    for (std::size_t to = 0; to < kept.size(); ++to) {
      const auto from = static_cast<std::size_t>(kept[to]);
      rows_[to] = rows_[from], random_[to] = random_[from], going_[to] = 1;
      change_[static_cast<Index>(to)] = change_[kept[to]];
      for (Lanes& lanes : states_) lanes.row(static_cast<Index>(to)) = lanes.row(kept[to]);
      for (Lanes& lanes : cleans_) lanes.row(static_cast<Index>(to)) = lanes.row(kept[to]);
    }
    rows_.resize(kept.size()), going_.resize(kept.size());
    random_.erase(random_.begin() + std::ssize(kept), random_.end());
  }

  void take(const Lanes& x) {
    for (std::size_t row = 0; row < rows_.size(); ++row)
      if (going_[row] != 0) finish(row, x);
  }
  void finish(std::size_t row, const Lanes& from) {
    values_.row(rows_[row]) = from.row(static_cast<Index>(row));
    usage_.change += change_[static_cast<Index>(row)];
    usage_.spread += (values_.row(rows_[row]) - expected_.row(rows_[row])).square().sum();
  }

  [[noreturn]] void refuse(std::size_t i, const Lanes& clean) const {
    for (std::size_t row = 0; row < rows_.size(); ++row)
      if (!std::isfinite(clean.row(static_cast<Index>(row)).sum()))
        throw NumericalFailure("token {}, denoising step {}: the clean token of sequence {} is not finite",
                               draw_.rank, i, draw_.first_sequence + rows_[row]);
    throw NumericalFailure("token {}, denoising step {}: the clean tokens are too large to be added",
                           draw_.rank, i);
  }

  const TokenHead& head_;
  TokenConditional& conditional_;
  const TokenDraw& draw_;
  Lanes& values_;
  std::size_t reach_;
  std::vector<Lanes> states_, cleans_;
  Lanes expected_;  // the first clean tokens, rows as in `values`
  Eigen::ArrayXd change_;
  std::vector<QuickStream> random_;
  std::vector<Index> rows_;  // of `values`, of each active lane
  std::vector<std::uint8_t> going_;
  std::vector<const double*> from_;
  std::vector<double> factors_;
  Index left_ = 0;
  TokenUsage usage_;
};

}  // namespace

TokenUsage draw_token(const TokenHead& head, TokenConditional& conditional, const TokenDraw& draw,
                      Lanes& values) {
  return Drawing(head, conditional, draw, values).run();
}

}  // namespace lehr::diffusion
