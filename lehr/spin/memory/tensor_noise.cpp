#include "lehr/spin/memory/tensor_noise.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::spin {

PolynomialModel tensor_noise(Index size, int order, double noise, Stream stream) {
  if (order < 2 || order > 6)
    throw InvalidInput("tensor noise: the order must be in [2, 6], found {}", order);
  if (size < order || size > 40)
    throw InvalidInput("tensor noise: explicit tensors take {} to 40 spins, found {}", order, size);
  if (!(noise >= 0) || !std::isfinite(noise))
    throw InvalidInput("tensor noise: expected a finite number of at least 0, found {}", noise);
  const double scale = -noise * std::pow(static_cast<double>(size), 1 - order);
  std::vector<Term> terms;
  std::vector<Index> chosen(static_cast<std::size_t>(order));
  for (std::size_t k = 0; k < chosen.size(); ++k) chosen[k] = static_cast<Index>(k);
  while (true) {
    terms.push_back({chosen, scale * normal(stream)});
    // The next combination in lexicographic order: the last index that can still grow does.
    std::size_t k = chosen.size();
    while (k > 0 && chosen[k - 1] == size - static_cast<Index>(chosen.size() - (k - 1))) --k;
    if (k == 0) break;
    ++chosen[k - 1];
    for (; k < chosen.size(); ++k) chosen[k] = chosen[k - 1] + 1;
  }
  return {size, terms, Vartype::spin};
}

}  // namespace lehr::spin
