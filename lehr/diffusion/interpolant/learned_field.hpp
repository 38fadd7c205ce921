// Fields of an interpolant that were learned (lehr/neural/interpolant_net.hpp), evaluated without libtorch.
//
// A safetensors file holds the tensors of one residual network for each field (residual_network.hpp), their names behind `velocity.` and
// `denoiser.`, and the metadata
//
//   learn       what the networks are, "b,eta": b (velocity) or v (velocity without the noise's part), eta (denoiser E[z | x_t = x]) or s
//   path, gamma, gamma_scale, alpha, beta    the interpolant (interpolant.hpp)
//   dimension, margin                        t was in [margin, 1 - margin] in training; outside, the fields are those at the nearer end
//
// With the noise's size g (gamma; alpha where the path is one-sided, since x0 is the noise there):
//   s = -eta / g,    b = v - g g' s,    path mirror: v = 0
// Source: Albergo et al. (2023), section 2.2 and 3.1.
#pragma once

#include <filesystem>
#include <string>

#include "lehr/core/safetensors.hpp"
#include "lehr/diffusion/interpolant/interpolant.hpp"
#include "lehr/diffusion/interpolant/transport_field.hpp"

namespace lehr::diffusion {

// Which fields are learned.
struct LearnedParts {
  enum class Velocity { none, full, conditional };  // -, b, v
  enum class Score { none, denoiser, score };       // -, eta, s
  Velocity velocity = Velocity::full;
  Score score = Score::denoiser;

  static LearnedParts parse(
      const std::string& text);  // "b", "b,eta", "v,eta", "b,s", "v,s", mirror: "eta", "s"
  std::string text() const;
  bool has_velocity() const { return velocity != Velocity::none; }
  bool has_score() const { return score != Score::none; }
  // Throws InvalidInput where the parts do not give a velocity on this path, or ask for a score where there is no noise.
  void check(const Interpolant& interpolant) const;
};

// The size of the noise in x_t, and its product with the derivative by t.
struct NoisePart {
  double size = 0, product = 0;
};
NoisePart noise_part(const Interpolant& interpolant, double t);

struct LearnedInterpolant {
  InterpolantOptions options;
  LearnedParts parts;
  double margin = 1e-3;
  TransportField field;  // with divergences, by differences
  std::string content;   // a digest of the file's bytes, which tells models apart

  Interpolant interpolant() const { return Interpolant(options); }
};

Metadata learned_metadata(const InterpolantOptions& options, const LearnedParts& parts,
                          Eigen::Index dimension, double margin);
// Throws InvalidInput that names the file and what is missing or does not fit.
LearnedInterpolant read_learned_interpolant(const std::filesystem::path& path);

}  // namespace lehr::diffusion
