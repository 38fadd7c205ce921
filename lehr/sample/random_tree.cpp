#include "lehr/sample/random_tree.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

void RandomTreeOptions::describe(OptionTable& table) {
  table.add("length", length, "steps of a sequence").range(1, 62);
  table.add("children", children, "successors of a prefix").range(2, 1e6);
  table.add("overconfidence", overconfidence, "factor on the score's log-odds at the start, 1 at the end")
      .at_least(0);
  table.add("noise", noise, "standard deviation of the score's error at the start, 0 at the end").at_least(0);
  table.add("sharpness", sharpness, "log-odds of a quality of 1 at the end").at_least(0);
}

RandomTree::RandomTree(RandomTreeOptions options, std::uint64_t instance)
    : options_(options), instance_{instance} {
  describe(options_).read(describe(options_).values(), "random tree");
  if (static_cast<double>(options_.length) * std::log2(static_cast<double>(options_.children)) > 62)
    throw InvalidInput("random tree: {}^{} leaves are too many (at most 2^62)", options_.children,
                       options_.length);
}

void RandomTree::extend(Particle& particle, Stream& random) const {
  const auto children = static_cast<std::uint64_t>(options_.children);
  particle.node =
      particle.node * children + 1 + static_cast<std::uint64_t>(uniform_index(random, options_.children));
  Stream values(instance_, lane("sample.random_tree"), particle.node);
  particle.sum += normal(values);
  particle.noise = normal(values);
  ++particle.steps;
}

double RandomTree::quality(const Particle& particle) const {
  return particle.sum / std::sqrt(static_cast<double>(options_.length));
}

double RandomTree::score(const Particle& particle) const {
  if (particle.steps == 0) return 0;
  const double share = static_cast<double>(particle.steps) / static_cast<double>(options_.length);
  const double confidence = 1 + (options_.overconfidence - 1) * (1 - share);
  return confidence * options_.sharpness *
         (quality(particle) / std::sqrt(share) + options_.noise * (1 - share) * particle.noise);
}

}  // namespace lehr::sample
