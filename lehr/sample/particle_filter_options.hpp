// Options of the particle filters of entropic_particle_filter.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/sample/entropic_tempering.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::sample {

// Look-ahead: `draws` successors of every particle are drawn and scored before survivors are chosen.
struct LookAheadOptions {
  std::optional<std::int64_t> draws = {};
  Schedule weight = 0.5;
  std::string aggregate = "mean";
  bool reuse = false;

  void describe(OptionTable& table);
};

// What is absent follows the method.
struct ParticleFilterOptions {
  std::string method = "epf";
  Schedule particles = 8;
  std::int64_t max_steps = 32;
  std::optional<std::int64_t> expected_steps = {};
  std::string weight = "logit";
  bool accumulate = false;
  std::optional<bool> correct = {};
  std::optional<TemperatureRule> temperature = {};
  TemperingOptions tempering = {};  // its temperature is the one above
  std::optional<std::string> resample = {};
  Schedule resample_below = 1;
  bool shuffle = true;
  std::string absorbing = "pool";
  LookAheadOptions lam = {};
  std::string select = "argmax";
  std::int64_t width = 4;
  std::optional<std::int64_t> iterations = {};
  std::int64_t references = 1;
  bool ancestor_sampling = false;
  bool history = true;
  // Resamplings back to which the errors of filtered means look; 0: no errors. Not described: tasks that report means set it.
  std::int64_t error_lags = 0;

  void describe(OptionTable& table);
};

// epf, pf, epf+lam, apf, pg, bon, beam
const std::vector<std::string>& particle_filter_methods();

}  // namespace lehr::sample
