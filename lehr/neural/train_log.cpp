#include "lehr/neural/train_log.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "lehr/core/csv.hpp"

namespace lehr::neural {

double TrainLog::final_loss() const {
  if (loss.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto count = std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(loss.size()) / 20);
  return std::accumulate(loss.end() - count, loss.end(), 0.0) / static_cast<double>(count);
}

std::string TrainLog::csv() const {
  return csv_text(std::vector<CsvColumn>{
      {"step", step}, {"lr", lr}, {"loss", loss}, {"grad_norm", grad_norm}, {"grad_norm_1", grad_norm_1}});
}

std::string TrainLog::validation_csv() const {
  return csv_text(std::vector<CsvColumn>{{"step", val_step}, {"lr", val_lr}, {"loss", val_loss}});
}

}  // namespace lehr::neural
