#include "lehr/stats/rashomon/decision_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lehr::stats {
namespace {

const TreeNode& tree_node(const DecisionTree& tree, int node) {
  return tree.nodes[static_cast<std::size_t>(node)];
}

int depth_below(const DecisionTree& tree, int node) {
  const TreeNode& split = tree_node(tree, node);
  return split.feature < 0 ? 0 : 1 + std::max(depth_below(tree, split.below), depth_below(tree, split.above));
}

// Appends the simplified subtree and returns its place.
int append_simplified(const DecisionTree& tree, int node, DecisionTree& out) {
  const TreeNode split = tree_node(tree, node);
  const int place = static_cast<int>(out.nodes.size());
  out.nodes.push_back(split);
  if (split.feature < 0) return place;
  const int below = append_simplified(tree, split.below, out);
  const int above = append_simplified(tree, split.above, out);
  const TreeNode& left = tree_node(out, below);
  const TreeNode& right = tree_node(out, above);
  if (left.feature < 0 && right.feature < 0 && left.label == right.label) {
    const int label = left.label;
    out.nodes.resize(static_cast<std::size_t>(place) + 1);
    out.nodes.back() = {.feature = -1, .threshold = 0, .below = -1, .above = -1, .label = label};
  } else {
    out.nodes[static_cast<std::size_t>(place)].below = below;
    out.nodes[static_cast<std::size_t>(place)].above = above;
  }
  return place;
}

Json json_below(const DecisionTree& tree, int node, const std::vector<std::string>& features,
                const std::vector<std::string>& classes) {
  const TreeNode& split = tree_node(tree, node);
  if (split.feature < 0) return {{"class", classes[static_cast<std::size_t>(split.label)]}};
  return {{"feature", features[static_cast<std::size_t>(split.feature)]},
          {"threshold", json_number(split.threshold)},
          {"below", json_below(tree, split.below, features, classes)},
          {"above", json_below(tree, split.above, features, classes)}};
}

std::string text_below(const DecisionTree& tree, int node, const std::vector<std::string>& features,
                       const std::vector<std::string>& classes) {
  const TreeNode& split = tree_node(tree, node);
  if (split.feature < 0) return classes[static_cast<std::size_t>(split.label)];
  const auto side = [&](int child) {
    const std::string text = text_below(tree, child, features, classes);
    return tree_node(tree, child).feature < 0 ? text : "(" + text + ")";
  };
  const std::string& feature = features[static_cast<std::size_t>(split.feature)];
  const bool level =
      split.threshold == 0.5 && feature.find('=') != std::string::npos;  // "colour=red", 0 or 1
  const std::string question = level ? feature : fmt::format("{} > {:.4g}", feature, split.threshold);
  return fmt::format("if {}: {}, else {}", question, side(split.above), side(split.below));
}

}  // namespace

std::int64_t DecisionTree::leaves() const {
  return std::ranges::count_if(nodes, [](const TreeNode& node) { return node.feature < 0; });
}

int DecisionTree::depth() const { return depth_below(*this, 0); }

DecisionTree simplified(const DecisionTree& tree) {
  DecisionTree out;
  append_simplified(tree, 0, out);
  return out;
}

Json tree_json(const DecisionTree& tree, const std::vector<std::string>& features,
               const std::vector<std::string>& classes) {
  return json_below(tree, 0, features, classes);
}

std::string tree_text(const DecisionTree& tree, const std::vector<std::string>& features,
                      const std::vector<std::string>& classes) {
  return text_below(tree, 0, features, classes);
}

}  // namespace lehr::stats
