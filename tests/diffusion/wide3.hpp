// Three modes in the plane, the mixture of the specifications' accuracy tables, as a model of the vp-linear process.
#pragma once

#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/process.hpp"

namespace lehr::diffusion::test {

inline stats::GaussianMixture wide3_mixture() {
  return mixture_from_json(
      parse_json(
          R"json({"weights":[0.5,0.3,0.2],"means":[[1.5,1.5],[-1.2,1.0],[0.3,-1.6]],"variances":[0.25,0.16,0.09]})json",
          "wide3"),
      "wide3");
}

struct Wide3 {
  Process process = Process::vp_linear();
  ScoreModel model = mixture_score(wide3_mixture(), process);
};

}  // namespace lehr::diffusion::test
