// The trace of a training run: one row per logging interval, in the columns that every first-order run
// shares.
//
// A row stands at the last step of its interval (0-based) and carries the learning rate in force at that
// step; loss and gradient norms are means over the interval's steps. With an interval of one step a row is
// that step's loss itself.
#pragma once

#include <string>
#include <vector>

namespace lehr::neural {

struct TrainLog {
  std::vector<double> step, lr, loss, grad_norm, grad_norm_1;
  std::vector<double> val_step, val_lr, val_loss;  // one entry per evaluation on the validation part

  // The mean loss of the last 5 % of the rows (at least one); NaN without rows.
  double final_loss() const;
  // step,lr,loss,grad_norm,grad_norm_1 with numbers that read back to the same bits.
  std::string csv() const;
  // step,lr,loss where loss is the validation loss.
  std::string validation_csv() const;
};

}  // namespace lehr::neural
