// The features of value_regression.hpp.
#include <algorithm>

#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/guidance/value_regression.hpp"

namespace lehr::diffusion {
namespace {

// The probability that the model gives to symbol k at position i: a revealed symbol has 1.
struct Marginals {
  ColumnRef prediction;
  Index symbols;
  double operator()(Index position, int symbol) const { return prediction[position * symbols + symbol]; }
};

// Windows of the motif in one state of a sequence.
struct Windows {
  double complete = 0, expected = 0, one_missing = 0, begun = 0, open = 0;
};

Windows count_windows(const ColumnRef& x, const Marginals& marginals, const std::vector<int>& motif) {
  Windows windows;
  const auto size = static_cast<Index>(motif.size());
  for (Index from = 0; size > 0 && from + size <= x.size(); ++from) {
    Index matched = 0, blocked = 0;
    double probability = 1;
    for (Index j = 0; j < size; ++j) {
      const int wanted = motif[static_cast<std::size_t>(j)];
      const auto here = static_cast<Index>(x[from + j]);
      probability *= marginals(from + j, wanted);
      matched += here == wanted ? 1 : 0;
      blocked += here != wanted && here < marginals.symbols ? 1 : 0;
    }
    windows.expected += probability;
    if (blocked > 0) continue;
    windows.complete += matched == size ? 1 : 0;
    windows.one_missing += matched == size - 1 ? 1 : 0;
    windows.begun += matched > 0 && matched < size - 1 ? 1 : 0;
    windows.open += matched < size ? 1 : 0;
  }
  return windows;
}

}  // namespace

FeatureMap motif_features(const ReverseModel& model, const SequenceScore& score) {
  FeatureMap map;
  map.names = {
      "1",     "masked share", "favoured share", "complete windows", "expected windows", "one symbol missing",
      "begun", "open"};
  map.features = [model, score](const MatrixXd& x, Index level) {
    const MatrixXd prediction = model.predict(x, level);
    MatrixXd features(8, x.cols());
    parallel_for(
        x.cols(),
        [&](std::int64_t c) {
          const Marginals marginals{prediction.col(c), model.symbols};
          const Windows windows = count_windows(x.col(c), marginals, score.motif);
          double favoured = 0, masked = 0;
          for (Index i = 0; i < x.rows(); ++i) {
            masked += x(i, c) >= static_cast<double>(model.symbols) ? 1 : 0;
            for (const int k : score.favoured) favoured += marginals(i, k);
          }
          const auto length = static_cast<double>(x.rows());
          features.col(c) << 1, masked / length, favoured / length, windows.complete, windows.expected,
              windows.one_missing, windows.begun, windows.open;
        },
        64);
    return features;
  };
  return map;
}

FeatureMap plain_features(const ReverseModel& model, const DesignReward& reward) {
  FeatureMap map;
  map.names = {"1", "reward of the decoded", "revealed", "revealed x reward"};
  map.reward_calls_per_column = 1;
  if (model.symbols > 0)
    for (Index k = 1; k < model.symbols; ++k) map.names.push_back(fmt::format("symbol {}", k));
  else
    for (const char* power : {"", "^2"})
      for (Index i = 0; i < model.rows; ++i) map.names.push_back(fmt::format("x{}{}", i, power));
  map.features = [model, reward, count = static_cast<Index>(map.names.size())](const MatrixXd& x,
                                                                               Index level) {
    const MatrixXd prediction = model.predict(x, level), clean = model.decode(x, prediction, level);
    const VectorXd rewards = evaluate(reward, clean);
    MatrixXd features = MatrixXd::Zero(count, x.cols());
    for (Index c = 0; c < x.cols(); ++c) {
      const double revealed = model.revealed_share(x.col(c), level);
      const double r = std::isnan(rewards[c]) ? 0 : rewards[c];
      features.col(c).head(4) << 1, r, revealed, revealed * r;
      if (model.symbols > 0) {
        for (Index i = 0; i < model.rows; ++i)
          for (Index k = 1; k < model.symbols; ++k)
            features(3 + k, c) += prediction(i * model.symbols + k, c) / static_cast<double>(model.rows);
      } else {
        features.col(c).segment(4, model.rows) = clean.col(c);
        features.col(c).tail(model.rows) = clean.col(c).cwiseAbs2();
      }
    }
    return features;
  };
  return map;
}

}  // namespace lehr::diffusion
