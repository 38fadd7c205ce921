// Internal to the laws: the multi-power law's sum over drops with runs of drops gathered into blocks, for
// fitting.
//
// A block holds at most 64 steps, never straddles a row, and never mixes falls with rises; it stands at its
// gap-weighted mean log rate and mean area. Stretches of constant rate cost nothing.
#pragma once

#include <Eigen/Core>
#include <span>

#include "lehr/schedule/laws/multi_power_law.hpp"

namespace lehr::laws {

struct DropBlocks {
  Eigen::ArrayXd drop;         // eta_{k-1} - eta_k, summed over the block
  Eigen::ArrayXd log_rate;     // ln eta_k
  Eigen::ArrayXd area_before;  // S1 before step k
  // Per row: S1 up to it, and how many blocks lie before it.
  Eigen::ArrayXd forward;
  std::vector<Eigen::Index> blocks;
};
DropBlocks gather_drops(const Plan& plan, std::span<const std::int64_t> steps, bool legacy_warmup_gaps);

// The predictions at the rows of `blocks`, appended to `losses` from `row` on; with `jacobian` (columns L0,
// A, alpha, B, C, beta, gamma; rows as in `losses`) also their derivatives with respect to the logarithms of
// the parameters.
void predict_blocks(const MultiPowerLaw& law, const DropBlocks& blocks, Eigen::Index row,
                    Eigen::VectorXd& losses, Eigen::MatrixXd* jacobian = nullptr);

}  // namespace lehr::laws
