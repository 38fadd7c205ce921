#include "lehr/spin/memory/recall.hpp"

#include "lehr/stats/summary.hpp"

namespace lehr::spin {

RecallSummary summarize_overlaps(const std::vector<double>& overlaps, std::int64_t target) {
  RecallSummary summary{.m = overlaps[static_cast<std::size_t>(target)], .others = 0};
  for (std::size_t mu = 0; mu < overlaps.size(); ++mu)
    if (static_cast<std::int64_t>(mu) != target)
      summary.others = std::max(summary.others, std::abs(overlaps[mu]));
  return summary;
}

void add_recall_row(Row& row, double temperature, const std::vector<double>& energies,
                    const std::vector<RecallSummary>& summaries, double acceptance) {
  std::vector<double> m, others;
  for (const RecallSummary& one : summaries) m.push_back(one.m), others.push_back(one.others);
  row.add("temperature", temperature);
  row.add("energy", stats::mean(energies));
  row.add("best", *std::ranges::min_element(energies));
  row.add("m", stats::mean(m));
  row.add("m_error", m.size() > 1 ? stats::standard_error(m) : 0);
  row.add("others", stats::mean(others));
  row.add("acceptance", acceptance);
}

}  // namespace lehr::spin
