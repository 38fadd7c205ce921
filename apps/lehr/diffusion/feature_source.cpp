#include "apps/lehr/diffusion/feature_source.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/quality.hpp"

namespace lehr::command {
namespace {

// n of "pca(n)", nothing for another text.
std::optional<std::int64_t> components_named(const std::string& text) {
  if (!text.starts_with("pca(") || !text.ends_with(")")) return std::nullopt;
  const std::string digits = text.substr(4, text.size() - 5);
  const bool whole =
      !digits.empty() && digits.size() < 7 && digits.find_first_not_of("0123456789") == std::string::npos;
  if (!whole) throw InvalidInput("features: {} needs a whole number, as in pca(64)", quote(text));
  return std::stoll(digits);
}

}  // namespace

diffusion::Features load_features(const std::string& text, const TaskContext& context,
                                  const Eigen::MatrixXd& reference) {
  if (text.empty()) return {};
  const auto components = components_named(text);
  if (!components) return diffusion::feature_network(diffusion::read_network(context.resolve(text)), text);
  if (reference.size() == 0) throw InvalidInput("features: {} needs a reference of true samples", text);
  return diffusion::principal_features(reference, *components);
}

}  // namespace lehr::command
