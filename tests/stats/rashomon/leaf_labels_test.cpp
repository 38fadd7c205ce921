#include "lehr/stats/rashomon/leaf_labels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace lehr::stats {
namespace {

// Every labeling of the leaves that hold records, by enumeration.
std::map<std::vector<int>, std::int64_t> labelings(const std::vector<std::int32_t>& counts, int classes) {
  const std::size_t leaves = counts.size() / static_cast<std::size_t>(classes);
  std::map<std::vector<int>, std::int64_t> all;
  std::vector<int> labels(leaves, 0);
  for (int code = 0; code < std::pow(classes, leaves); ++code) {
    for (std::size_t leaf = 0, rest = static_cast<std::size_t>(code); leaf < leaves; ++leaf) {
      labels[leaf] = static_cast<int>(rest % static_cast<std::size_t>(classes));
      rest /= static_cast<std::size_t>(classes);
    }
    all[labels] = errors_of(counts, classes, labels);
  }
  return all;
}

TEST(LeafLabels, SharesAgreeWithEnumeration) {
  const std::vector<std::pair<std::vector<std::int32_t>, int>> cases = {
      {{5, 2, 0, 3, 4, 4, 0, 0, 1, 7, 0, 0, 2, 1, 3, 3}, 2}, {{2, 1, 0, 0, 0, 0, 3, 3, 1, 0, 5, 4}, 3}};
  for (const auto& [counts, classes] : cases) {
    const auto all = labelings(counts, classes);
    const std::int64_t least = least_errors(counts, classes);
    EXPECT_EQ(errors_of(counts, classes, majority_labels(counts, classes)), least);
    LeafLabels labels;
    for (const std::int64_t extra : {0, 1, 3, 9}) {
      const auto shares = labels.shares(counts, classes, extra);
      for (std::int64_t s = 0; s <= extra; ++s) {
        double within = 0;
        for (const auto& [labeling, errors] : all) within += errors <= least + s;
        const int depth = static_cast<int>(std::log2(counts.size() / static_cast<std::size_t>(classes)));
        EXPECT_NEAR(shares[static_cast<std::size_t>(s)] / std::exp(LeafLabels::log_scale(depth, classes)),
                    within / static_cast<double>(all.size()), 1e-14)
            << s << " of " << extra;
      }
    }
  }
}

// Drawn labelings are uniform over those within the limit (empty leaves always have label 0).
TEST(LeafLabels, DrawsAreUniform) {
  const std::vector<std::int32_t> counts = {5, 2, 0, 3, 4, 4, 0, 0};
  const std::int64_t extra = 3, least = least_errors(counts, 2);
  double within = 0;
  for (const auto& [labels, errors] : labelings(counts, 2))
    within += errors <= least + extra && labels[3] == 0;
  LeafLabels labels;
  std::map<std::vector<int>, double> drawn;
  Stream random(Seed{2}, lane("test"));
  constexpr int draws = 6000;
  for (int k = 0; k < draws; ++k) {
    const std::vector<int> labeling = labels.draw(counts, 2, extra, random);
    ASSERT_LE(errors_of(counts, 2, labeling), least + extra);
    ++drawn[labeling];
  }
  EXPECT_EQ(static_cast<double>(drawn.size()), within);
  for (const auto& [labeling, count] : drawn)
    EXPECT_NEAR(count, draws / within, 4.5 * std::sqrt(draws / within))
        << labeling[0] << labeling[1] << labeling[2];
}

// 128 leaves of which one labeling is right: the share 2^-128 neither underflows nor loses a digit.
TEST(LeafLabels, TinySharesKeepTheirDigits) {
  std::vector<std::int32_t> counts;
  for (int leaf = 0; leaf < 128; ++leaf)
    counts.push_back(leaf % 2 == 0 ? 9 : 0), counts.push_back(leaf % 2 == 0 ? 0 : 7);
  LeafLabels labels;
  const double share = std::log(labels.shares(counts, 2, 6)[6]) - LeafLabels::log_scale(7, 2);
  EXPECT_NEAR(share, -128 * std::log(2.0), 1e-10);
}

}  // namespace
}  // namespace lehr::stats
