#include "lehr/evolve/ask_tell.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/evolve/cma_es.hpp"
#include "lehr/evolve/random_search.hpp"

namespace lehr::evolve {

std::vector<std::string> search_methods() { return {"cma-es", "random"}; }

AskTell make_search(std::string_view method, Eigen::Index dimension, Seed seed, const Json& options,
                    std::string_view where) {
  if (method == "cma-es") {
    CmaEsOptions chosen;
    read_options(chosen, options, where);
    return {CmaEs(dimension, chosen, Domain::unit_cube), seed};
  }
  if (method == "random") {
    RandomSearchOptions chosen;
    read_options(chosen, options, where);
    return {RandomSearch(dimension, chosen), seed};
  }
  throw InvalidInput("{}: unknown method {}{}", where, quote(method), hint(method, search_methods()));
}

}  // namespace lehr::evolve
