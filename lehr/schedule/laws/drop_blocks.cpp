#include "lehr/schedule/laws/drop_blocks.hpp"

#include <cmath>
#include <vector>

namespace lehr::laws {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;

constexpr std::int64_t longest_block = 64;
// A block that grows gap by gap.
struct GrowingBlock {
  double drop = 0, log_rate = 0, area = 0;
  std::int64_t begin = 0;

  void add(double gap, double rate, double area_before) {
    drop += gap;
    log_rate += gap * std::log(std::max(rate, smallest_rate));
    area += gap * area_before;
  }
};

ArrayXd to_array(const std::vector<double>& values) {
  return Eigen::Map<const ArrayXd>(values.data(), static_cast<Index>(values.size()));
}

}  // namespace

DropBlocks gather_drops(const Plan& plan, std::span<const std::int64_t> steps, bool legacy_warmup_gaps) {
  std::vector<double> drop, log_rate, area_before, forward;
  DropBlocks result;
  GrowingBlock block;
  const auto close = [&] {
    if (block.drop != 0) {
      drop.push_back(block.drop);
      log_rate.push_back(block.log_rate / block.drop);
      area_before.push_back(block.area / block.drop);
    }
    block = {};
  };
  const std::int64_t first_gap = legacy_warmup_gaps ? 1 : plan.warmup + 1;
  double area = 0;
  std::size_t row = 0;
  for (std::int64_t k = 0; k < plan.steps() && row < steps.size(); ++k) {
    const double rate = plan.rates[static_cast<std::size_t>(k)];
    const double gap = k >= first_gap ? plan.rates[static_cast<std::size_t>(k) - 1] - rate : 0;
    if (gap != 0) {
      if (gap * block.drop < 0 || k - block.begin >= longest_block) close();
      if (block.drop == 0) block.begin = k;
      block.add(gap, rate, area);
    }
    area += rate;
    if (k != steps[row]) continue;
    close();
    forward.push_back(area);
    result.blocks.push_back(static_cast<Index>(drop.size()));
    ++row;
  }
  result.drop = to_array(drop);
  result.log_rate = to_array(log_rate);
  result.area_before = to_array(area_before);
  result.forward = to_array(forward);
  return result;
}

void predict_blocks(const MultiPowerLaw& law, const DropBlocks& blocks, Index row, Eigen::VectorXd& losses,
                    Eigen::MatrixXd* jacobian) {
  const ArrayXd stretch = law.C * (-law.gamma * blocks.log_rate).exp();
  ArrayXd argument, log_base, left, slope;
  for (Index i = 0; i < blocks.forward.size(); ++i, ++row) {
    const Index count = blocks.blocks[static_cast<std::size_t>(i)];
    const auto drop = blocks.drop.head(count);
    argument = stretch.head(count) * (blocks.forward[i] - blocks.area_before.head(count));
    log_base = (1 + argument).log();
    left = (-law.beta * log_base).exp();
    const double power = law.A * std::pow(blocks.forward[i], -law.alpha);
    const double reduction = law.B * (drop * (1 - left)).sum();
    losses[row] = law.L0 + power - reduction;
    if (jacobian == nullptr) continue;
    slope = drop * left * argument / (1 + argument);  // d reduction / d ln argument, over B beta
    const double by_log_argument = law.B * law.beta * slope.sum();
    jacobian->row(row) << law.L0, power, -power * law.alpha * std::log(blocks.forward[i]), -reduction,
        -by_log_argument, -law.B * law.beta * (drop * left * log_base).sum(),
        law.B * law.beta * law.gamma * (slope * blocks.log_rate.head(count)).sum();
  }
}

}  // namespace lehr::laws
