#include "lehr/neural/net_tokens.hpp"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/safetensors.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/neural/flat_tensor.hpp"

namespace lehr::neural {

using diffusion::Lanes;
using diffusion::LearnedTokensUse;
using diffusion::TokenConditional;
using diffusion::TokenMemory;
using diffusion::TokenModel;
using Eigen::Index;
using torch::Tensor;

namespace {

constexpr const char* token_net_kind = "token network";

// Rows x columns of a block as floats, row by row.
Tensor floats_of(const Lanes& lanes) {
  Tensor result = at::empty({lanes.rows(), lanes.cols()}, torch::kFloat32);
  using Rows = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<Rows>(result.data_ptr<float>(), lanes.rows(), lanes.cols()) = lanes.cast<float>();
  return result;
}

Lanes lanes_of(const Tensor& tensor) {
  using Rows = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Tensor local = tensor.contiguous();
  return Eigen::Map<const Rows>(local.data_ptr<float>(), local.size(0), local.size(1)).cast<double>();
}

// OpenMP counts threads anew in each thread that starts them; blocks run side by side already.
void one_torch_thread() {
  thread_local bool done = false;
  if (!done) at::set_num_threads(1);
  done = true;
}

// What all blocks of a run share.
struct NetInUse {
  std::shared_ptr<const TokenNetModel> file;
  TokenNet net;
  Tensor parameters;
  LearnedTokensUse use;
  std::vector<double> weights;  // of guidance, of each rank

  NetInUse(std::shared_ptr<const TokenNetModel> model, LearnedTokensUse how)
      : file(std::move(model)),
        net(file->size),
        parameters(flat_tensor(file->parameters)),
        use(std::move(how)) {
    Index known = 0;
    std::vector<std::int64_t> drawn = use.drawn;
    if (drawn.empty()) drawn.assign(static_cast<std::size_t>(file->size.tokens), 1);
    for (const std::int64_t count : drawn) {
      known += count;
      const double share = static_cast<double>(known) / static_cast<double>(file->size.tokens);
      weights.insert(weights.end(), static_cast<std::size_t>(count), 1 + (use.guidance - 1) * share);
    }
  }
};

// One token of one block: what the backbone says is computed once.
class NetConditional {
 public:
  NetConditional(const NetInUse& net, const TokenMemory& memory, Index rank) : net_(net) {
    one_torch_thread();
    const at::NoGradGuard no_grad;
    const TokenNetSize& size = net.file->size;
    const Lanes& known = memory.arrays.front();
    const Index rows = known.rows(), dim = size.token_dim;
    const auto position = net.use.order[static_cast<std::size_t>(rank)];
    shift_ = net.file->shift.segment(position * dim, dim).transpose().array();
    const Tensor tokens = floats_of(known.leftCols(memory.known * dim)).view({rows, memory.known, dim});
    Tensor positions = at::empty({memory.known}, torch::kInt64);
    std::copy_n(net.use.order.begin(), memory.known, positions.data_ptr<std::int64_t>());
    const auto summary_of = [&](std::int64_t label) {
      const Tensor summary = net.net
                                 .summaries(net.parameters, tokens,
                                            positions.unsqueeze(0).expand({rows, memory.known}).contiguous(),
                                            at::full({rows}, label, torch::kInt64))
                                 .select(1, memory.known);
      return net.net.condition(net.parameters, summary, at::full({rows}, position, torch::kInt64));
    };
    const bool labelled = net.use.label >= 0;
    weight_ = labelled ? net.weights[static_cast<std::size_t>(rank)] : 1;
    condition_ = summary_of(labelled ? net.use.label : size.classes);
    if (weight_ != 1) unlabelled_ = summary_of(size.classes);
  }

  void predict(double a, double s, const Lanes& x, Lanes& clean) {
    one_torch_thread();
    const at::NoGradGuard no_grad;
    const double level = s / net_.file->scale, size = std::hypot(a, level), phi = std::atan2(level, a);
    const Lanes u = (x.rowwise() - a * shift_) / (net_.file->scale * size);
    const Tensor input = floats_of(u), angle = at::full({1}, phi, torch::kFloat32);
    Lanes v = lanes_of(net_.net.velocity(net_.parameters, input, angle, condition_));
    if (unlabelled_.defined()) {
      const Lanes without = lanes_of(net_.net.velocity(net_.parameters, input, angle, unlabelled_));
      v = without + weight_ * (v - without);
    }
    clean = (net_.file->scale * (std::cos(phi) * u - std::sin(phi) * v)).rowwise() + shift_;
  }

  void keep(const std::vector<Index>& rows) {
    // Rows beyond those kept stay as they are: every block is computed whole.
    std::vector<std::int64_t> from(static_cast<std::size_t>(condition_.size(0)));
    for (std::size_t row = 0; row < from.size(); ++row)
      from[row] = row < rows.size() ? rows[row] : static_cast<std::int64_t>(row);
    const Tensor index = at::tensor(from, torch::kInt64);
    condition_ = condition_.index_select(0, index);
    if (unlabelled_.defined()) unlabelled_ = unlabelled_.index_select(0, index);
  }

 private:
  const NetInUse& net_;
  Eigen::Array<double, 1, Eigen::Dynamic> shift_;
  Tensor condition_, unlabelled_;
  double weight_ = 1;
};

void check_use(const TokenNetModel& model, const LearnedTokensUse& use) {
  const TokenNetSize& size = model.size;
  if (std::ssize(use.order) != size.tokens)
    throw InvalidInput("order: it has {} of {} positions", use.order.size(), size.tokens);
  if (!model.order.empty() && model.order != use.order)
    throw InvalidInput(
        "order: the network was trained for the order {}; train it with --order any for others",
        fmt::join(model.order, ","));
  for (const std::int64_t count : use.drawn)
    if (count > 1 && !model.masked)
      throw InvalidInput(
          "iterations: the network was trained for one token at a time; train it with --masked");
  if (use.label >= size.classes)
    throw InvalidInput("label: found {}, the network knows {}", use.label,
                       size.classes == 0 ? "no labels" : fmt::format("labels 0 to {}", size.classes - 1));
  if (use.guidance != 1 && use.label < 0) throw InvalidInput("guidance: it needs a label to go to");
}

std::vector<std::int64_t> order_from(const std::string& text, std::int64_t tokens, const std::string& where) {
  if (text == "any") return {};
  try {
    return diffusion::token_order(text, tokens, Seed{0});
  } catch (const InvalidInput& error) {
    throw InvalidInput("{}: {}", where, error.what());
  }
}

TokenNetModel model_from(const SafetensorsContent& content, const std::string& where) {
  const auto text = [&](const char* key) {
    const auto found = content.metadata.find(key);
    if (found == content.metadata.end())
      throw InvalidInput("{}: no metadata '{}'; expected a model that diffusion.train_tokens wrote", where,
                         key);
    return found->second;
  };
  if (text("kind") != token_net_kind)
    throw InvalidInput("{}: it is a {}, expected a {}", where, quote(text("kind")), token_net_kind);
  TokenNetModel model;
  model.size = TokenNetSize::from_json(parse_json(text("architecture"), where), where);
  model.order = order_from(text("order"), model.size.tokens, where);
  model.masked = text("masked") == "true";
  model.parameters = TokenNet(model.size).parameters(content.tensors, where);
  const auto numbers = [&](const char* name, const Shape& shape) {
    const auto found = content.tensors.find(name);
    if (found == content.tensors.end() || found->second.shape != shape)
      throw InvalidInput("{}: there is no tensor '{}' of shape {}", where, name, to_string(shape));
    return found->second.to_doubles();
  };
  const std::vector<double> shift = numbers("shift", {model.size.tokens, model.size.token_dim});
  model.shift = Eigen::Map<const Eigen::VectorXd>(shift.data(), std::ssize(shift));
  model.scale = numbers("scale", {1}).front();
  if (!model.shift.allFinite() || !(model.scale > 0 && std::isfinite(model.scale)))
    throw InvalidInput("{}: 'shift' or 'scale' is not usable (scale {:g})", where, model.scale);
  return model;
}

}  // namespace

void standardize_by(const Eigen::MatrixXd& sequences, TokenNetModel& model) {
  model.shift = sequences.rowwise().mean();
  model.scale = std::sqrt((sequences.colwise() - model.shift).squaredNorm() /
                          static_cast<double>(std::max<Index>(1, sequences.size())));
  if (!(model.scale > 0 && std::isfinite(model.scale)))
    throw InvalidInput("sequences: all {} are the same, there is nothing to learn", sequences.cols());
}

Eigen::MatrixXd standardized(const Eigen::MatrixXd& sequences, const TokenNetModel& model) {
  return (sequences.colwise() - model.shift) / model.scale;
}

void write_token_net(const std::filesystem::path& path, const TokenNetModel& model) {
  auto tensors = TokenNet(model.size).tensors(model.parameters);
  tensors["shift"] = tensor_of<double>({model.shift.data(), static_cast<std::size_t>(model.shift.size())},
                                       {model.size.tokens, model.size.token_dim});
  tensors["scale"] = tensor_of<double>({&model.scale, 1}, {1});
  TensorViews views;
  for (const auto& [name, tensor] : tensors) views[name] = tensor.view();
  write_safetensors(path, views,
                    {{"kind", token_net_kind},
                     {"architecture", model.size.json().dump()},
                     {"order", model.order.empty() ? "any" : fmt::format("{}", fmt::join(model.order, ","))},
                     {"masked", model.masked ? "true" : "false"}});
}

TokenNetModel read_token_net(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  return model_from(parse_safetensors(std::as_bytes(std::span(bytes)), path.string()), path.string());
}

TokenModel net_tokens(const std::shared_ptr<const TokenNetModel>& file, const LearnedTokensUse& use) {
  check_use(*file, use);
  const auto net = std::make_shared<const NetInUse>(file, use);
  TokenModel model;
  model.tokens = file->size.tokens, model.token_dim = file->size.token_dim, model.order = use.order;
  model.begin = [net, rows = model.rows, numbers = model.tokens * model.token_dim] {
    return TokenMemory{.known = 0, .arrays = {Lanes::Zero(rows, numbers)}};
  };
  // The memory holds the known tokens in the order of ranks, as the network sees them.
  model.learn = [net](TokenMemory& memory, const Lanes& values) {
    const Index dim = net->file->size.token_dim;
    for (Index t = 0; t < values.cols() / dim; ++t, ++memory.known) {
      const Index position = net->use.order[static_cast<std::size_t>(memory.known)];
      const Eigen::Array<double, 1, Eigen::Dynamic> shift =
          net->file->shift.segment(position * dim, dim).transpose().array();
      memory.arrays.front().middleCols(memory.known * dim, dim) =
          (values.middleCols(t * dim, dim).rowwise() - shift) / net->file->scale;
    }
  };
  model.given = [net](const TokenMemory& memory, Index rank) {
    const auto conditional = std::make_shared<NetConditional>(*net, memory, rank);
    return TokenConditional{
        .predict = [net, conditional](double a, double s, const Lanes& x, Index,
                                      Lanes& clean) { conditional->predict(a, s, x, clean); },
        .keep = [conditional](const std::vector<Index>& rows) { conditional->keep(rows); }};
  };
  return model;
}

diffusion::LearnedTokens read_learned_tokens(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  const auto file = std::make_shared<const TokenNetModel>(
      model_from(parse_safetensors(std::as_bytes(std::span(bytes)), path.string()), path.string()));
  return {.tokens = file->size.tokens,
          .token_dim = file->size.token_dim,
          .classes = file->size.classes,
          .order = file->order,
          .masked = file->masked,
          .content = fmt::format("{:016x}", lane(bytes)),
          .model = [file](const LearnedTokensUse& use) { return net_tokens(file, use); }};
}

}  // namespace lehr::neural
