// Who descends from whom in a population that is resampled step after step: generations of members, each with the index of
// its parent in the generation before. A line of descent costs one index a generation, whatever a member holds.
//
// Families are the members that stem from one founder; with nu_f a family's share of the population,
//   entropy S_f = -sum nu_f ln nu_f,   rho_t = R sum nu_f^2
// (Wang, Machta and Katzgraber, "Population annealing: theory and application in spin glasses", 2015), and the relative variance of
// the estimate Z of a normalising constant after n resamplings of N particles with final probabilities p is estimated by
//   V = 1 - (N / (N - 1))^(n + 1) (1 - sum_f (sum_{i in f} p_i)^2)
// (Lee and Whiteley, "Variance estimation in the particle filter", 2018; unbiased for multinomial resampling at every step). The power
// takes off what the resamplings themselves add to the families' spread, 1 / N each. Systematic, stratified and residual resampling add
// next to nothing: for them n = 0, which leaves sum_f (sum_{i in f} p_i - 1 / N)^2 (H. P. Chan and T. L. Lai, "A general theory of
// particle filters in hidden Markov models and some applications", 2013). With the wrong n intervals cover in 0.08 to 0.9. The variance of
// the weighted mean m of values v under the last generation is, with families by the ancestors l resamplings ago,
//   V_l = (N / (N - 1))^(l + 1) sum_f (sum_{i in f} p_i (v_i - m))^2
// A small l leaves out what older resamplings added, a large l finds all members in a few families, which say nothing: both make V_l
// too small, and a filter forgets. (J. Olsson and R. Douc, "Numerically stable online estimation of variance in particle filters",
// 2019; the largest over lags as A. Mastrototaro and J. Olsson, "Adaptive online variance estimation in particle filters", 2024.)
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lehr::sample {

class Genealogy {
 public:
  // `founders` members without parents. With keep_lines = false only families are remembered: lines, ancestors and old generations
  // cannot be asked for, and memory does not grow.
  explicit Genealogy(std::int64_t founders = 0, bool keep_lines = true);
  // The next generation: member j of it descends from member parents[j] of the last one.
  void descend(std::span<const std::int64_t> parents);

  std::int64_t generations() const { return generations_; }
  std::int64_t size() const { return static_cast<std::int64_t>(family_.size()); }  // of the last generation
  // The founder of each member of the last generation.
  std::span<const std::int64_t> family() const { return family_; }
  // How many founders, and how many members of the generation before, have descendants in the last one.
  std::int64_t distinct_founders() const;
  std::int64_t distinct_parents() const { return distinct_parents_; }

  // The indices of a member of the last generation and its ancestors, from the founder on; `generations()` of them. Throws
  // InvalidInput where lines are not kept or there is no such member.
  std::vector<std::int64_t> line(std::int64_t member) const;
  // How many members of `generation` (0: the founders) have descendants in the last one.
  std::int64_t distinct_ancestors(std::int64_t generation) const;

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".generations", generations_);
    visit(name + ".founders", founders_);
    visit(name + ".distinct_parents", distinct_parents_);
    visit(name + ".family", family_);
    visit(name + ".parents", parents_);
    visit(name + ".sizes", sizes_);
  }

 private:
  std::vector<std::int64_t> ancestors_in(std::int64_t generation) const;

  bool keep_lines_ = true;
  std::int64_t generations_ = 0, founders_ = 0, distinct_parents_ = 0;
  std::vector<std::int64_t> family_;
  std::vector<std::int64_t> parents_;  // of all generations but the first, one after another
  std::vector<std::int64_t> sizes_;    // of the generations
};

// The ancestors of each member 0 .. `lags` resamplings ago, and no further: what the error of a filtered mean needs.
class RecentAncestors {
 public:
  explicit RecentAncestors(std::int64_t members = 0, std::int64_t lags = 0);
  void descend(std::span<const std::int64_t> parents);  // as Genealogy's; nothing to do where everybody stays
  std::int64_t lags() const {
    return static_cast<std::int64_t>(generations_.size()) - 1;
  }  // that are known by now
  std::span<const std::int64_t> ago(std::int64_t lag) const {
    return generations_[static_cast<std::size_t>(lag)];
  }

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    std::vector<std::int64_t> packed = this->packed();
    visit(name + ".lags", most_lags_), visit(name + ".ancestors", packed);
    unpack(packed);
  }

 private:
  std::vector<std::int64_t> packed() const;  // the number of generations, then one after another
  void unpack(std::span<const std::int64_t> packed);

  std::int64_t most_lags_ = 0;
  std::vector<std::vector<std::int64_t>> generations_;  // by lag
};

// The standard error of the weighted mean m of `values` (one per member): the root of the largest V_l of the lags 0, 1, 2, 3, 4, 6,
// 9, 13, 19, .. that are known. nan for one particle. For 1000 particles intervals of +- 1.96 cover in 0.93 to 0.97 of the filters of
// linear-Gaussian models (multinomial or systematic resampling, tempered or not), for 100 in 0.88 to 0.97.
double filtered_mean_error(std::span<const double> values, std::span<const double> probabilities,
                           const RecentAncestors& ancestors);

struct FamilyStatistics {
  std::int64_t families = 0;  // that are left
  double entropy = 0;         // S_f
  double rho = 0;             // rho_t
};
// family[j] >= 0 is the founder of member j.
FamilyStatistics family_statistics(std::span<const std::int64_t> family);

// The standard error of the mean of `values` (one per member) when members of one family depend on each other and families do not.
double family_error(std::span<const double> values, std::span<const std::int64_t> family);

// V above; nan for one particle. `probabilities` of the last generation sum to 1, `resamplings` counts the multinomial ones. In [0, 1] up to noise; 1 where one family is left,
// which says that the estimate has no information on its error.
double relative_variance(std::span<const double> probabilities, std::span<const std::int64_t> family,
                         std::int64_t resamplings);

}  // namespace lehr::sample
