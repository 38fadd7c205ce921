// State-space models for the particle filters of entropic_particle_filter.hpp: a hidden Markov process of which every step is
// observed through noise. The bootstrap filter proposes by the process and weighs by the likelihood of the observation.
//
//   x_1 ~ mu,  x_t ~ f(. | x_(t-1)),  y_t ~ g(. | x_t);   Z = p(y_1 .. y_T)
//
// A model is a type with
//   using State = ...;                                        plain bytes
//   void draw_first(State&, Stream&) const;  void draw_next(State&, Stream&) const;
//   double log_likelihood(const State&, std::int64_t t) const;     of y_t, t from 0; 0 where nothing was observed
//   std::int64_t length() const;                              T
//   Eigen::Index quantities() const; void quantities(const State&, double*) const;   of which the filter takes means
//   double log_transition(const State& from, const State& to) const;   optional: ancestor sampling
//
// linear_gaussian.hpp, discrete_hmm.hpp and stochastic_volatility.hpp are models. Source: Gordon, Salmond and Smith, "Novel approach to
// nonlinear/non-Gaussian Bayesian state estimation", 1993.
#pragma once

#include <cstdint>

#include "lehr/core/random.hpp"
#include "lehr/sample/particle_filter_options.hpp"

namespace lehr::sample {

template <class Model>
class StateSpaceFilter {
 public:
  struct Particle {
    typename Model::State x{};
    std::int64_t steps = 0;
  };

  // `model` must outlive this.
  explicit StateSpaceFilter(const Model& model) : model_(model) {}

  Particle start() const { return {}; }
  void extend(Particle& particle, Stream& random) const {
    if (particle.steps++ == 0)
      model_.draw_first(particle.x, random);
    else
      model_.draw_next(particle.x, random);
  }
  bool finished(const Particle& particle) const { return particle.steps >= model_.length(); }
  double score(const Particle& particle) const {
    return model_.log_likelihood(particle.x, particle.steps - 1);
  }
  auto quantities() const { return model_.quantities(); }
  void quantities(const Particle& particle, double* values) const { model_.quantities(particle.x, values); }
  double log_transition(const Particle& from, const Particle& to) const requires
      requires(const Model& model, const typename Model::State& x) {
    model.log_transition(x, x);
  }
  { return model_.log_transition(from.x, to.x); }

 private:
  const Model& model_;
};

// Options of a likelihood filter: weights are likelihoods that multiply, over `length` steps.
inline ParticleFilterOptions likelihood_filter(std::string method, double particles, std::int64_t length) {
  ParticleFilterOptions options;
  options.method = std::move(method);
  options.particles = particles;
  options.max_steps = length;
  options.weight = "raw";
  options.accumulate = true;
  return options;
}

}  // namespace lehr::sample
