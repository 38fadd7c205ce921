// A search space of schedules: a family whose free numbers are read from a point of the unit cube, for
// CMA-ES, random search or any other optimiser of a study's [search] block.
//
//   ScheduleFamily::parse("knots(6)", {.low = 1e-3, .high = 10})       6 dimensions: the values
//   ScheduleFamily::parse("wsd(shape=sqrt)", ...)                      peak, to, start
//   ScheduleFamily::parse("warmup(cosine_power)", ...)                 length of the warm-up, from, to, power
//
// Coordinates are mapped to values in [low, high] on a linear or logarithmic scale, and to shares and
// exponents in ranges of their own. With `order`, the n values along the run fall (or rise): the k-th stands
// at the share s_k = s_{k-1} u_k^(1/(n-k+1)) of the scale, which maps the cube one-to-one and uniformly onto
// ordered values (the order statistics of uniforms).
#pragma once

#include <Eigen/Core>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/schedule/schedule.hpp"

namespace lehr {

class ScheduleFamily {
 public:
  enum class Scale { log, linear };
  enum class Order { free, falling, rising };
  struct Bounds {
    double low = 0, high = 1;  // of the schedule's values; low < high, and above 0 on a logarithmic scale
    Scale scale = Scale::log;
    Order order = Order::free;
  };

  // Parses the name of a family, with the count of values for knots and steps, and the shape where the family
  // has one. Throws InvalidInput with the column, or for bounds that cannot hold.
  static ScheduleFamily parse(std::string_view text, const Bounds& bounds);
  // parse(f.text(), bounds) is the same family.
  const std::string& text() const { return text_; }

  // The number of coordinates, and what each stands for ("peak", "value 2", "warmup").
  Eigen::Index dimension() const { return static_cast<Eigen::Index>(coordinates_.size()); }
  std::vector<std::string> coordinate_names() const;

  // The schedule at a point of the unit cube; coordinates are clamped to [0, 1]. Throws InvalidInput for
  // another dimension or a coordinate that is not a number.
  Schedule decode(const Eigen::VectorXd& point) const;

 private:
  // What a coordinate sets: one of the schedule's values, within the bounds; or a number in a range of its
  // own, linear or logarithmic.
  enum class Role { value, share, ratio };
  struct Coordinate {
    std::string name;
    Role role = Role::value;
    double low = 0, high = 1;  // of a share or a ratio
  };
  struct Known;
  static const std::vector<Known>& known();
  static const Known& find(std::string_view name, std::size_t column);
  void check_bounds() const;
  std::vector<double> values_at(const Eigen::VectorXd& point) const;

  std::string text_, family_, shape_;  // shape_ is empty for a family without one
  Bounds bounds_;
  bool listed_ = false,
       warms_up_ = false;  // values are a list; the first coordinate is the length of a warm-up
  std::vector<Coordinate> coordinates_;
};

}  // namespace lehr
