#include "lehr/neural/train_tokens.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/diffusion/tokens/token_head.hpp"

namespace lehr::neural {

using torch::Tensor;

namespace {

std::int64_t below(QuickStream& random, std::int64_t n) {
  return std::min(n - 1, static_cast<std::int64_t>(uniform(random) * static_cast<double>(n)));
}

}  // namespace

TrainTokens::TrainTokens(const TokenNet& net, const Eigen::MatrixXd& sequences,
                         const std::vector<std::int64_t>& labels, TrainTokensSettings settings)
    : net_(net), sequences_(sequences), labels_(labels), settings_(std::move(settings)) {
  const TokenNetSize& size = net.size();
  if (sequences.rows() != size.tokens * size.token_dim || sequences.cols() < 1)
    throw InvalidInput("sequences: {} of {} numbers, the network has {} tokens of {}", sequences.cols(),
                       sequences.rows(), size.tokens, size.token_dim);
  if (!settings_.order.empty() && std::ssize(settings_.order) != size.tokens)
    throw InvalidInput("order: it has {} of {} positions", settings_.order.size(), size.tokens);
  if (!labels.empty() && std::ssize(labels) != sequences.cols())
    throw InvalidInput("labels: {} for {} sequences", labels.size(), sequences.cols());
  for (const std::int64_t label : labels)
    if (label < 0 || label >= size.classes)
      throw InvalidInput("labels: found {}, there are {} classes", label, size.classes);
  for (const double level : diffusion::cosine_alpha_bar())
    angles_.push_back(std::atan2(std::sqrt(1 - level), std::sqrt(level)));
}

TrainTokens::State TrainTokens::start(const Moment& now) const {
  return {AveragedParameters(net_.initial_parameters(now.seed)), {}};
}

TrainTokens::Batch TrainTokens::batch(Stream stream) const {
  const std::int64_t n = settings_.batch, all = net_.size().tokens, dim = net_.size().token_dim,
                     rows = settings_.repeats * n * all;
  QuickStream random(stream);
  Batch batch{.tokens = at::empty({n, all - 1, dim}, torch::kFloat32),
              .positions = at::empty({n, all - 1}, torch::kInt64),
              .labels = at::full({n}, net_.size().classes, torch::kInt64),
              .targets = at::empty({n, all}, torch::kInt64),
              .x = at::empty({rows, dim}, torch::kFloat32),
              .phi = at::empty({rows}, torch::kFloat32),
              .v = at::empty({rows, dim}, torch::kFloat32),
              .weight = at::empty({rows}, torch::kFloat32)};
  std::vector<std::int64_t> columns, order = settings_.order, targets;
  if (order.empty()) order.resize(static_cast<std::size_t>(all));
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t column = below(random, sequences_.cols());
    columns.push_back(column);
    if (!labels_.empty() && uniform(random) >= settings_.unlabelled)
      batch.labels.data_ptr<std::int64_t>()[i] = labels_[static_cast<std::size_t>(column)];
    if (settings_.order.empty()) {
      std::iota(order.begin(), order.end(), 0);
      for (std::int64_t r = all - 1; r > 0; --r)
        std::swap(order[static_cast<std::size_t>(r)], order[static_cast<std::size_t>(below(random, r + 1))]);
    }
    for (std::int64_t k = 0; k < all; ++k) {
      const std::int64_t rank = settings_.masked ? k + below(random, all - k) : k;
      targets.push_back(order[static_cast<std::size_t>(rank)]);
      if (k + 1 == all) continue;
      const std::int64_t position = order[static_cast<std::size_t>(k)];
      batch.positions.data_ptr<std::int64_t>()[i * (all - 1) + k] = position;
      for (std::int64_t j = 0; j < dim; ++j)
        batch.tokens.data_ptr<float>()[(i * (all - 1) + k) * dim + j] =
            static_cast<float>(sequences_(position * dim + j, column));
    }
  }
  std::ranges::copy(targets, batch.targets.data_ptr<std::int64_t>());
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t token = row % (n * all);
    const double phi = angles_[static_cast<std::size_t>(below(random, std::ssize(angles_)))],
                 c = std::cos(phi), s = std::sin(phi);
    batch.phi.data_ptr<float>()[row] = static_cast<float>(phi);
    batch.weight.data_ptr<float>()[row] = static_cast<float>(settings_.noise_loss ? c * c : 1);
    for (std::int64_t j = 0; j < dim; ++j) {
      const double clean = sequences_(targets[static_cast<std::size_t>(token)] * dim + j,
                                      columns[static_cast<std::size_t>(token / all)]),
                   xi = normal(random);
      batch.x.data_ptr<float>()[row * dim + j] = static_cast<float>(c * clean + s * xi);
      batch.v.data_ptr<float>()[row * dim + j] = static_cast<float>(c * xi - s * clean);
    }
  }
  return batch;
}

Tensor TrainTokens::loss(const Tensor& parameters, const Batch& batch) const {
  const Tensor summaries = net_.summaries(parameters, batch.tokens, batch.positions, batch.labels);
  const Tensor condition =
      net_.condition(parameters, summaries.reshape({-1, net_.size().width}), batch.targets.reshape({-1}))
          .repeat({settings_.repeats, 1});
  const Tensor v = net_.velocity(parameters, batch.x, batch.phi, condition);
  return ((v - batch.v).square() * batch.weight.unsqueeze(1)).mean();
}

void TrainTokens::advance(State& state, const Moment& now) const {
  const Tensor parameters = state.training.leaf();
  const Tensor loss = this->loss(parameters, batch(now.random(lane("train_tokens.batch"))));
  state.loss.add(state.training.step(parameters, loss, settings_.optimizer, settings_.learning_rate,
                                     settings_.average, now),
                 now.step);
}

void TrainTokens::measure(const State& state, Row& row) const {
  row.add("lr", state.training.lr);
  row.add("loss", state.loss.mean);
  row.add("grad_norm", state.training.grad_norm);
}

}  // namespace lehr::neural
