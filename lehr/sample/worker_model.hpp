// A model behind the worker protocol (lehr/core/worker.hpp): the user's own process, in any language.
//
//   {"op":"evaluate","x":[556.8,453.6]}   ->   {"y":[0.31]}
#pragma once

#include <memory>

#include "lehr/core/worker.hpp"
#include "lehr/sample/forward_model.hpp"

namespace lehr::sample {

// The model whose answers "y" have one number per output. Evaluating throws NumericalFailure, naming the
// point, where the worker has no answer after its retries: leaving points out would bias what is estimated
// from the others.
ForwardModel worker_model(std::shared_ptr<Worker> worker, std::vector<std::string> inputs,
                          std::vector<std::string> outputs);

}  // namespace lehr::sample
