#include "lehr/diffusion/guidance/value_model.hpp"

namespace lehr::diffusion {

ValueModel posterior_mean_value(ReverseModel model, DesignReward reward) {
  return [model = std::move(model), reward = std::move(reward)](const MatrixXd& x, Index level, double,
                                                                const BatchAddress&) {
    const MatrixXd clean = model.decode(x, model.predict(x, level), level);
    return ValueBatch{evaluate(reward, clean), x.cols(), x.cols() * model.calls};
  };
}

}  // namespace lehr::diffusion
