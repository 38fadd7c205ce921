// Particles of any kind in a checkpoint: their bytes where those are all there is to them, else the texts that the proposal makes of them
// (text_of and particle_from of entropic_particle_filter.hpp).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/json.hpp"
#include "lehr/core/state_io.hpp"

namespace lehr::sample::particles {

// Particles in a checkpoint: their bytes, or the texts that the proposal gives them.
template <class P, class Visitor>
void visit_particles(const P& proposal, Visitor& visit, const std::string& name,
                     std::vector<typename P::Particle>& values) {
  using Particle = typename P::Particle;
  constexpr bool writing = std::is_same_v<Visitor, StateWriter>;
  if constexpr (std::is_trivially_copyable_v<Particle>) {
    std::vector<std::uint8_t> bytes;
    if (writing && !values.empty()) {
      bytes.resize(values.size() * sizeof(Particle));
      std::memcpy(bytes.data(), values.data(), bytes.size());
    }
    visit(name, bytes);
    if constexpr (!writing) {
      if (bytes.size() % sizeof(Particle) != 0)
        throw InvalidInput("checkpoint field '{}': {} bytes are no particles of {}", name, bytes.size(),
                           sizeof(Particle));
      values.resize(bytes.size() / sizeof(Particle));
      if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    }
  } else {
    Json texts = Json::array();
    if (writing)
      for (const Particle& particle : values) texts.push_back(proposal.text_of(particle));
    std::string text = texts.dump();
    visit(name, text);
    if constexpr (!writing) {
      values.clear();
      for (const Json& item : parse_json(text, name))
        values.push_back(proposal.particle_from(item.get<std::string>()));
    }
  }
}

// Generations of particles, one after another.
template <class P, class Visitor>
void visit_generations(const P& proposal, Visitor& visit, const std::string& name,
                       std::vector<std::vector<typename P::Particle>>& generations) {
  std::vector<std::int64_t> sizes;
  std::vector<typename P::Particle> all;
  for (const auto& generation : generations) {
    sizes.push_back(static_cast<std::int64_t>(generation.size()));
    all.insert(all.end(), generation.begin(), generation.end());
  }
  visit(name + ".sizes", sizes);
  visit_particles(proposal, visit, name, all);
  if constexpr (!std::is_same_v<Visitor, StateWriter>) {
    generations.clear();
    auto next = all.begin();
    for (const std::int64_t size : sizes) {
      if (size < 0 || size > all.end() - next)
        throw InvalidInput("checkpoint field '{}': its sizes do not fit its particles", name);
      generations.emplace_back(next, next + size);
      next += size;
    }
  }
}

}  // namespace lehr::sample::particles
