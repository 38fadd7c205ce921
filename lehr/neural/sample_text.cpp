#include "lehr/neural/sample_text.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <stdexcept>

namespace lehr::neural {
namespace {

// The index at which the running sum of `probabilities` passes `u` in [0, 1).
std::int64_t index_at(const torch::Tensor& probabilities, double u) {
  const double* p = probabilities.data_ptr<double>();
  double sum = 0;
  for (std::int64_t i = 0; i < probabilities.numel(); ++i)
    if ((sum += p[i]) > u) return i;
  return probabilities.numel() - 1;
}

}  // namespace

std::string sample_text(const ByteTransformer& model, const torch::Tensor& parameters,
                        const std::string& prompt, std::int64_t count, double temperature, Stream random) {
  if (prompt.empty()) throw std::invalid_argument("sample_text: the prompt is empty");
  const at::NoGradGuard no_grad;
  std::string text = prompt;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto length = std::min(static_cast<std::int64_t>(text.size()), model.size().context);
    torch::Tensor ids = at::empty({1, length}, torch::kInt64);
    std::transform(text.end() - length, text.end(), ids.data_ptr<std::int64_t>(),
                   [](char c) { return static_cast<unsigned char>(c); });
    const torch::Tensor logits = model.logits(parameters, ids.to(parameters.device()))[0][length - 1];
    const torch::Tensor probabilities =
        at::softmax(logits.to(torch::kCPU, torch::kFloat64) / temperature, -1);
    text.push_back(static_cast<char>(index_at(probabilities, uniform(random))));
  }
  return text.substr(prompt.size());
}

}  // namespace lehr::neural
