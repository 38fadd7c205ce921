// Soft values of noisy designs: v_t(x_t) = alpha ln E[exp(r(x_0) / alpha) | x_t], v_0 = r, and estimates of them.
//
//   posterior mean   v = r(x0_hat(x_t)): no training, one model call and one reward call a state; biased where the reward is far
//                    from linear in what the noise hides
//   exact            exact_values.hpp, mixture_values.hpp
//   regression       value_regression.hpp
#pragma once

#include <cstdint>
#include <functional>

#include "lehr/diffusion/guidance/reverse_model.hpp"
#include "lehr/diffusion/guidance/reward.hpp"

namespace lehr::diffusion {

// Where a batch stands, for estimates that draw random numbers: column c is candidate first + c / designs of design c mod designs.
struct BatchAddress {
  Seed seed;
  std::uint64_t step = 0, first = 0, designs = 1;

  // The stream of one column. Each has 2^26 words: designs up to 2^20, candidates up to 2^20.
  Stream stream(std::uint64_t lane, std::uint64_t column) const {
    const std::uint64_t design = column % designs, candidate = first + column / designs;
    return Stream(seed, lane, step).at_block((design << 44) | (candidate << 24));
  }
};

struct ValueBatch {
  VectorXd values;  // NaN: infeasible
  std::int64_t reward_calls = 0, model_calls = 0;
};

// Values of the columns of x at a level of the grid, at temperature alpha >= 0. Called by one thread at a time.
using ValueModel =
    std::function<ValueBatch(const MatrixXd& x, Index level, double alpha, const BatchAddress& address)>;

ValueModel posterior_mean_value(ReverseModel model, DesignReward reward);

}  // namespace lehr::diffusion
