#include "lehr/sample/particle_filter_options.hpp"

#include "lehr/sample/resampling.hpp"

namespace lehr::sample {

const std::vector<std::string>& particle_filter_methods() {
  static const std::vector<std::string> names{"epf", "pf", "epf+lam", "apf", "pg", "bon", "beam"};
  return names;
}

void LookAheadOptions::describe(OptionTable& table) {
  table
      .add("draws", draws,
           "successors drawn and scored ahead for each particle and step; default: 1 for epf+lam and apf, "
           "else 0")
      .range(0, 1e6);
  table.add("weight", weight, "share m of the score ahead in the weights that decide who survives");
  table.add("aggregate", aggregate, "what counts of several draws").choices({"mean", "max", "logmeanexp"});
  table.add("reuse", reuse, "a survivor's first copies take the draws ahead as their next steps");
}

void ParticleFilterOptions::describe(OptionTable& table) {
  table
      .add("method", method,
           "epf: entropic particle filter; pf: particle filter; epf+lam: epf with look-ahead modulation; "
           "apf: auxiliary "
           "particle filter; pg: particle Gibbs; bon: best of N; beam: beam search")
      .choices(particle_filter_methods());
  table.add("particles", particles,
            "sequences side by side, a schedule of the steps; pg: over all iterations");
  table.add("max_steps", max_steps, "steps after which a sequence ends in any case").range(1, 1e7);
  table
      .add("expected_steps", expected_steps,
           "steps that count as progress 1, where most sequences end before max_steps; default: max_steps")
      .range(1, 1e7);
  table
      .add("weight", weight,
           "logarithm of a particle's weight: logit of the score in [0, 1], its log, or the score itself "
           "(raw)")
      .choices({"logit", "log", "raw"});
  table.add("accumulate", accumulate,
            "weights multiply over the steps, as likelihoods do; else the last score is the weight");
  table.add("correct", correct,
            "survivors carry the ratio of their weight to the one they were drawn by, so that estimates stay "
            "unbiased; "
            "default: with accumulate, and for apf");
  table.add("temperature", temperature,
            "how weights are flattened before survivors are drawn: ess, entropy, base, solve, or a schedule; "
            "default: ess "
            "for epf and epf+lam, else 1");
  table.add("ess_threshold", tempering.ess_threshold,
            "share of effective particles below which they may be flattened");
  table.add("early", tempering.early, "share of the run in which they may be flattened").range(0, 1);
  table.add("target_ess", tempering.target_ess, "solve: share of effective particles to keep");
  table.add("hottest", tempering.hottest, "base: temperature at the start").at_least(1);
  table
      .add("resample", resample,
           "how survivors are drawn; default: multinomial for pf and pg, else systematic")
      .choices(resampling_schemes());
  table.add("resample_below", resample_below,
            "survivors are drawn where the share of effective particles is at most this; 1: at every step");
  table.add("shuffle", shuffle, "survivors stand in random order, not in that of their ancestors");
  table
      .add("absorbing", absorbing,
           "sequences that have ended: pool: they are resampled with the others; freeze: each is kept once")
      .choices({"pool", "freeze"});
  table.group("lam", lam);
  table
      .add("select", select,
           "which sequence is chosen in the end: the one of the largest weight, one drawn by weight, or the "
           "best of the key "
           "that has most weight")
      .choices({"argmax", "sample", "vote"});
  table.add("width", width, "beam: successors of each of the particles / width that are kept").range(1, 1e6);
  table.add("iterations", iterations, "pg: sweeps among which the particles are divided; default: 4")
      .range(1, 1e7);
  table.add("references", references, "pg: sequences of a sweep that the next one keeps").range(1, 1e6);
  table.add("ancestor_sampling", ancestor_sampling,
            "pg: draw the ancestors of the kept sequences anew (Markov models)");
  table.add("history", history, "keep every step of every particle, for paths and ancestors");
}

}  // namespace lehr::sample
