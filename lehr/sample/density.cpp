#include "lehr/sample/density.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lehr/core/parallel.hpp"

namespace lehr::sample {
namespace {

constexpr Index points_per_block = 512;              // their coordinates stay in the first cache levels
constexpr std::uint64_t blocks_per_point = 1 << 20;  // of a stream: room for any number of rejections
constexpr std::uint64_t uniform_block = std::uint64_t{1} << 63;
constexpr double log_two_pi = 1.837877066409345483560;
constexpr Index coordinates_shown = 12;

}  // namespace

void for_point_blocks(Index points, const std::function<void(Index, Index)>& body) {
  parallel_for((points + points_per_block - 1) / points_per_block, [&](std::int64_t block) {
    const Index first = block * points_per_block;
    body(first, std::min(points_per_block, points - first));
  });
}

Eigen::MatrixXd standard_normal_points(const Stream& stream, Index dimension, Index count) {
  Eigen::MatrixXd points(dimension, count);
  for_point_blocks(count, [&](Index first, Index size) {
    for (Index i = first; i < first + size; ++i) {
      Stream own = stream.at_block(static_cast<std::uint64_t>(i) * blocks_per_point);
      for (Index k = 0; k < dimension; ++k) points(k, i) = normal(own);
    }
  });
  return points;
}

Eigen::VectorXd standard_normal_log_pdf(const Points& points) {
  return (-0.5 * points.colwise().squaredNorm().transpose().array() -
          0.5 * log_two_pi * static_cast<double>(points.rows()))
      .matrix();
}

Eigen::VectorXd uniform_numbers(const Stream& stream, Index count) {
  Eigen::VectorXd numbers(count);
  Stream own = stream.at_block(uniform_block);
  for (double& number : numbers) number = uniform(own);
  return numbers;
}

Density standard_normal(Index dimension) {
  return {dimension, standard_normal_log_pdf, [dimension](const Stream& stream, Index count) {
            return standard_normal_points(stream, dimension, count);
          }};
}

std::string point_text(const Eigen::Ref<const Eigen::VectorXd>& point,
                       const std::vector<std::string>& names) {
  std::string text = "(";
  for (Index k = 0; k < std::min(point.size(), coordinates_shown); ++k) {
    if (k > 0) text += ", ";
    if (static_cast<std::size_t>(k) < names.size()) text += names[static_cast<std::size_t>(k)] + " = ";
    text += fmt::format("{:.6g}", point[k]);
  }
  return text + (point.size() > coordinates_shown ? ", ...)" : ")");
}

}  // namespace lehr::sample
