#include "peers.hpp"

namespace lehr::bench {

PeerModel::PeerModel(const spin::IsingModel& model) : fields(model.fields().begin(), model.fields().end()) {
  for (spin::Index i = 0; i < model.size(); ++i)
    for (std::size_t k = 0; k < model.neighbours(i).size(); ++k)
      if (const spin::Index j = model.neighbours(i)[k]; i < j)
        from.push_back(i), to.push_back(j), weights.push_back(model.weights(i)[k]);
}

std::vector<Peer> peers() {
  return {
#ifdef LEHR_WITH_DWAVE_SAMPLERS
      dwave_samplers(),
#endif
#ifdef LEHR_WITH_OPENJIJ
      openjij(),
#endif
  };
}

}  // namespace lehr::bench
