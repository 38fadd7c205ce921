// What `lehr sample mcmc` shows of its draws: summaries with errors, traces, ranks, densities, and what to worry about.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/report.hpp"
#include "lehr/sample/draws.hpp"

namespace lehr::command {

struct ChainsReport {
  std::string title;
  sample::Draws draws;             // of what is reported, not of the unbounded coordinates
  std::vector<std::string> names;  // of the draws' rows
  std::int64_t parameters = 0;
  std::int64_t divergences = 0, evaluations = 0;
  double acceptance = 0, step = 0, seconds = 0;
  std::vector<std::string> notes;
};

Report report_chains(const ChainsReport& chains);

// One line per draw: chain, iteration, log_density, and the values.
std::string draws_csv(const ChainsReport& chains);

}  // namespace lehr::command
