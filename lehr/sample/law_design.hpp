// Laws whose parameters have ranges, and designs of such laws: how much does a result depend on what the
// input law was assumed to be? A range stands in place of a number: `lognormal(mean=[525, 575], cov=0.08)`.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "lehr/sample/law.hpp"
#include "lehr/schedule/expression.hpp"

namespace lehr::sample {

class LawTemplate {
 public:
  struct Correlation {
    Index first, second;  // variables
    double low, high;     // equal: no range
  };

  // A variable with its law's text, in which ranges may stand. Throws InvalidInput with the column. `base` as
  // in Marginal::parse.
  void add(const std::string& name, std::string_view law, const std::filesystem::path& base = {});
  // Throws InvalidInput for the same variable twice, a pair given twice, or a range outside (-1, 1).
  void correlate(const std::string& first, const std::string& second, double low, double high);

  Index dimension() const { return static_cast<Index>(names_.size()); }
  const std::vector<std::string>& names() const { return names_; }
  // The parameters with ranges: "F_X.mean", "correlation(w, t)".
  std::vector<std::string> ranges() const;

  // The law at shares in [0, 1] of the ranges; InvalidInput where it is none (a correlation matrix that is
  // not positive definite).
  Law at(std::span<const double> shares) const;
  // The values of the ranged parameters there.
  std::vector<double> values(std::span<const double> shares) const;

 private:
  struct Range {
    std::string name;
    std::size_t variable;
    std::vector<std::size_t> path;  // of arguments, from the call down to the list of two numbers
    double low, high;
  };
  void find_ranges(const schedule::Expression& call, std::size_t variable, std::vector<std::size_t> path);

  std::vector<std::string> names_;
  std::vector<schedule::Expression> laws_;
  std::vector<std::filesystem::path> bases_;
  std::vector<Range> ranges_;
  std::vector<Correlation> correlations_;
};

struct LawDesign {
  std::vector<Law> laws;
  std::vector<std::string> parameters;  // the ranged ones
  Eigen::MatrixXd values;               // parameters x laws
};

// `count` laws at a Latin hypercube over the ranges; without ranges the one law. A hypercube in which some
// correlation matrix is not positive definite is drawn anew. Throws InvalidInput where none of many is.
LawDesign design_laws(const LawTemplate& family, Index count, Seed seed);

}  // namespace lehr::sample
