// Means of correlated series with honest standard errors, in constant memory: the blocking method.
//
// A level l holds the means of 2^l values in a row. The naive variance of the mean, var_l / m_l over the m_l
// bins of a level, rises with l until bins are longer than the series' memory; the largest level with at
// least 64 bins gives the error, and the integrated autocorrelation time is tau = error^2 n / (2 var_0),
// which is 1/2 for independent values.
//
// Source: Flyvbjerg and Petersen, "Error estimates on averages of correlated data", 1989. Cost two additions
// a value, 3 numbers a level and series.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lehr::spin {

class BinnedMeans {
 public:
  explicit BinnedMeans(std::size_t series = 0) : series_(series) {}

  std::size_t series() const { return series_; }
  std::int64_t count() const { return count_; }
  // One new value of each series.
  void add(std::span<const double> values);

  double mean(std::size_t k) const;                  // nan before the first value
  double variance(std::size_t k) const;              // of the values; nan below two
  double error(std::size_t k) const;                 // standard error of the mean; nan below two values
  double autocorrelation_time(std::size_t k) const;  // in values; 1/2 where the values do not vary

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".series", series_);
    visit(name + ".count", count_);
    visit(name + ".shift", shift_);
    visit(name + ".sum", sum_);
    visit(name + ".square", square_);
    visit(name + ".pending", pending_);
  }

 private:
  double level_variance(std::size_t level, std::size_t k) const;

  std::uint64_t series_;
  std::int64_t count_ = 0;
  std::vector<double> shift_;                   // the first values: sums are of differences to them
  std::vector<double> sum_, square_, pending_;  // level * series + k
};

}  // namespace lehr::spin
