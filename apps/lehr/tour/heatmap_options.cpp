#include "apps/lehr/tour/heatmap_options.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/tour/heatmap/heatmap_file.hpp"
#include "lehr/tour/heatmap/prior.hpp"
#include "lehr/tour/heatmap/softdist.hpp"

namespace lehr::command {

void HeatmapOptions::describe(OptionTable& table) {
  table.add("heatmap", heatmap,
            "heatmap_mcts: gt (shares of neighbours), softdist, zero, or a file (text of N rows, or npz of a "
            "sparse matrix)");
  table.add("prior", prior,
            "heatmap gt: csv file of shares by `lehr tour prior`; default the published ones");
  table.add("tau", tau, "heatmap softdist: temperature; default 0.16 sqrt(area / N) and the published ones")
      .above(0);
  table.group("mcts", mcts);
}

tour::Heatmap HeatmapOptions::make(const tour::Instance& instance, const TaskContext& context) const {
  if (!prior.empty() && heatmap != "gt")
    throw InvalidInput("prior: belongs to the heatmap gt, found {}", quote(heatmap));
  if (tau && heatmap != "softdist")
    throw InvalidInput("tau: belongs to the heatmap softdist, found {}", quote(heatmap));
  if (heatmap == "gt")
    return prior.empty() ? tour::gt_prior(instance)
                         : tour::gt_prior(instance, tour::read_prior(context.resolve(prior)));
  if (heatmap == "softdist")
    return tour::softdist(instance, tau.value_or(tour::softdist_temperature(instance)));
  if (heatmap == "zero") return tour::zero_heatmap(instance.count);
  return tour::read_heatmap(context.resolve(heatmap), instance.count);
}

}  // namespace lehr::command
