#include "lehr/diffusion/guidance/reward.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::diffusion {

VectorXd evaluate(const DesignReward& reward, const MatrixXd& designs) {
  VectorXd values = reward(designs);
  if (values.size() != designs.cols())
    throw InvalidInput("reward: {} values for {} designs", values.size(), designs.cols());
  for (Index i = 0; i < values.size(); ++i)
    if (std::isinf(values[i])) throw NumericalFailure("reward: a design has the reward {}", values[i]);
  return values;
}

DesignReward pointwise_reward(std::function<double(const Eigen::Ref<const VectorXd>&)> score) {
  return [score = std::move(score)](const MatrixXd& designs) {
    VectorXd values(designs.cols());
    parallel_for(
        designs.cols(), [&](std::int64_t i) { values[i] = score(designs.col(i)); }, 256);
    return values;
  };
}

std::int64_t SequenceScore::occurrences(const Eigen::Ref<const VectorXd>& x) const {
  const auto size = static_cast<Index>(motif.size());
  if (size == 0) return 0;
  std::int64_t count = 0;
  for (Index from = 0; from + size <= x.size(); ++from) {
    Index matched = 0;
    while (matched < size && static_cast<int>(x[from + matched]) == motif[static_cast<std::size_t>(matched)])
      ++matched;
    count += matched == size ? 1 : 0;
  }
  return count;
}

double SequenceScore::operator()(const Eigen::Ref<const VectorXd>& x) const {
  std::int64_t hits = 0;
  for (const double value : x) hits += std::ranges::count(favoured, static_cast<int>(value));
  return weight * static_cast<double>(hits) / static_cast<double>(x.size()) +
         bonus * static_cast<double>(std::min(cap, occurrences(x)));
}

WorkerReward::WorkerReward(WorkerOptions options, std::filesystem::path base, std::string alphabet)
    : worker_(std::move(options), std::move(base)), alphabet_(std::move(alphabet)) {}

VectorXd WorkerReward::operator()(const MatrixXd& designs) {
  std::vector<Json> items;
  for (Index i = 0; i < designs.cols(); ++i) {
    if (alphabet_.empty()) {
      items.push_back({{"x", std::vector<double>(designs.col(i).begin(), designs.col(i).end())}});
      continue;
    }
    std::string text;
    for (const double value : designs.col(i)) text += alphabet_[static_cast<std::size_t>(value)];
    items.push_back({{"sequence", text}});
  }
  const auto answers = worker_.ask("reward", items, [](const Json& answer) -> std::string {
    const auto found = answer.find("reward");
    if (found == answer.end() || !(found->is_number() || found->is_null() || *found == "nan"))
      return "the answer has no \"reward\" that is a number or null";
    return "";
  });
  VectorXd values(designs.cols());
  for (Index i = 0; i < designs.cols(); ++i) {
    const WorkerAnswer& answer = answers[static_cast<std::size_t>(i)];
    const bool scored = answer.ok() && answer.value["reward"].is_number();
    values[i] = scored ? answer.value["reward"].get<double>() : std::numeric_limits<double>::quiet_NaN();
    answered_ = answered_ || answer.ok();
  }
  if (!answered_ && designs.cols() > 0)
    throw InvalidInput("worker: none of {} designs got an answer, the last one because: {}", designs.cols(),
                       worker_.last_failure());
  return values;
}

VectorXd RememberedReward::operator()(const MatrixXd& designs) {
  VectorXd values(designs.cols());
  std::vector<std::string> keys(static_cast<std::size_t>(designs.cols()));
  std::unordered_map<std::string_view, Index> fresh;  // to its column among those to score
  std::vector<Index> columns;
  if (known_.size() > most_) known_.clear();
  const std::size_t bytes = static_cast<std::size_t>(designs.rows()) * sizeof(double);
  for (Index i = 0; i < designs.cols(); ++i) {
    std::string& key = keys[static_cast<std::size_t>(i)];
    key.assign(reinterpret_cast<const char*>(designs.col(i).data()), bytes);
    if (known_.contains(key) || fresh.contains(key)) continue;
    fresh.emplace(key, static_cast<Index>(columns.size()));
    columns.push_back(i);
  }
  if (!columns.empty()) {
    MatrixXd unknown(designs.rows(), static_cast<Index>(columns.size()));
    for (std::size_t j = 0; j < columns.size(); ++j)
      unknown.col(static_cast<Index>(j)) = designs.col(columns[j]);
    const VectorXd scores = evaluate(reward_, unknown);
    for (std::size_t j = 0; j < columns.size(); ++j)
      known_[keys[static_cast<std::size_t>(columns[j])]] = scores[static_cast<Index>(j)];
  }
  asked_ += designs.cols();
  scored_ += static_cast<std::int64_t>(columns.size());
  for (Index i = 0; i < designs.cols(); ++i) values[i] = known_.at(keys[static_cast<std::size_t>(i)]);
  return values;
}

}  // namespace lehr::diffusion
