#include "lehr/diffusion/guidance/reverse_model.hpp"

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {

double ReverseModel::revealed_share(const MatrixXd& x, Index level) const {
  if (!masked) return 1 - times[static_cast<std::size_t>(level)] / times.front();
  const auto mask = static_cast<double>(symbols);
  return static_cast<double>((x.array() < mask).count()) / static_cast<double>(x.size());
}

std::vector<double> even_times(double from, double to, Index steps) {
  if (steps < 1) throw InvalidInput("steps: at least 1 is needed, found {}", steps);
  std::vector<double> times(static_cast<std::size_t>(steps) + 1);
  for (Index i = 0; i <= steps; ++i)
    times[static_cast<std::size_t>(i)] =
        from + (to - from) * static_cast<double>(i) / static_cast<double>(steps);
  times.back() = to;
  return times;
}

MatrixXd draw_starts(const ReverseModel& model, Index count, Seed seed, std::uint64_t lane) {
  MatrixXd x(model.rows, count);
  for (Index i = 0; i < count; ++i) {
    Stream random(seed, lane, static_cast<std::uint64_t>(i));
    model.start(random, x.col(i));
  }
  return x;
}

}  // namespace lehr::diffusion
