// A symmetric travelling salesman problem: n cities with the distance between any two of them.
//
// Distances are doubles. The rules of TSPLIB (Reinelt 1995, "TSPLIB 95", sections 2.1 to 2.8) give whole numbers, which doubles
// hold exactly: a tour's length under those rules is exact up to 2^53. `euclidean` is the plain distance, for coordinates that come
// from no TSPLIB file.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::tour {

using City = std::int32_t;

// A city as an index of arrays.
constexpr std::size_t slot(City city) { return static_cast<std::size_t>(city); }

// euclidean    |x - y| of 2 or 3 coordinates, not rounded
// euc_2d/3d    nint(|x - y|), nint(z) = floor(z + 1/2)
// ceil_2d      the next whole number above |x - y|
// att          pseudo-Euclidean: r = sqrt(|x - y|^2 / 10), the next whole number above nint(r) where that is below r
// geo          whole kilometres on a sphere of radius 6378.388; coordinates are latitude and longitude as DDD.MM
// man_2d/3d    nint(|dx| + |dy| + ...)
// max_2d/3d    max(nint |dx|, nint |dy|, ...)
// matrix       an n x n table
enum class Metric { euclidean, euc_2d, euc_3d, ceil_2d, att, geo, man_2d, man_3d, max_2d, max_3d, matrix };

struct Instance {
  std::string name;
  Metric metric = Metric::euclidean;
  int dimension = 2;  // coordinates per city: 2 or 3; 0: a matrix without a picture
  std::vector<double>
      coordinates;  // city i's stand at [i * dimension, (i + 1) * dimension); with `matrix` they are for the map alone
  std::vector<double> table;    // `matrix`: n x n, row by row
  std::vector<double> radians;  // `geo`: latitude and longitude of every city in radians, by `complete`
  City count = 0;

  City cities() const { return count; }
  bool has_positions() const { return dimension > 0 && !coordinates.empty(); }
  double distance(City a, City b) const;
};

// Instances with their derived fields filled and all preconditions checked: at least 3 cities, finite coordinates, a symmetric
// table of finite numbers >= 0 whose diagonal is ignored. Throws InvalidInput naming the city or the entry.
Instance with_positions(std::vector<double> coordinates, int dimension, Metric metric = Metric::euclidean,
                        std::string name = {});
Instance with_table(std::vector<double> table, City count, std::string name = {});

bool is_whole(Metric metric);                 // lengths are whole numbers by rule
std::string_view tsplib_name(Metric metric);  // "EUC_2D" and so on; euclidean and matrix: "EXPLICIT"

namespace rule {

// One functor per metric, so that loops over distances are compiled for each (with_distance).
struct Plane {
  const double* x;
  double dx(City a, City b) const { return x[2 * a] - x[2 * b]; }
  double dy(City a, City b) const { return x[2 * a + 1] - x[2 * b + 1]; }
  double squared(City a, City b) const {
    const double u = dx(a, b), v = dy(a, b);
    return u * u + v * v;
  }
};
struct Space {
  const double* x;
  double d(City a, City b, int axis) const { return x[3 * a + axis] - x[3 * b + axis]; }
  double squared(City a, City b) const {
    const double u = d(a, b, 0), v = d(a, b, 1), w = d(a, b, 2);
    return u * u + v * v + w * w;
  }
};
// floor(z + 1/2) for 0 <= z < 2^62.
inline double nint(double z) { return static_cast<double>(static_cast<std::int64_t>(z + 0.5)); }

struct Euclidean : Plane {
  double operator()(City a, City b) const { return std::sqrt(squared(a, b)); }
};
struct Euclidean3 : Space {
  double operator()(City a, City b) const { return std::sqrt(squared(a, b)); }
};
struct Euc2d : Plane {
  double operator()(City a, City b) const { return nint(std::sqrt(squared(a, b))); }
};
struct Euc3d : Space {
  double operator()(City a, City b) const { return nint(std::sqrt(squared(a, b))); }
};
struct Ceil2d : Plane {
  double operator()(City a, City b) const { return std::ceil(std::sqrt(squared(a, b))); }
};
struct Att : Plane {
  double operator()(City a, City b) const {
    const double r = std::sqrt(squared(a, b) / 10), t = nint(r);
    return t < r ? t + 1 : t;
  }
};
struct Geo {
  const double* radians;
  double operator()(City a, City b) const {
    if (a == b) return 0;
    const double q1 = std::cos(radians[2 * a + 1] - radians[2 * b + 1]);
    const double q2 = std::cos(radians[2 * a] - radians[2 * b]),
                 q3 = std::cos(radians[2 * a] + radians[2 * b]);
    const double cosine = 0.5 * ((1 + q1) * q2 - (1 - q1) * q3);
    return static_cast<double>(static_cast<std::int64_t>(6378.388 * std::acos(cosine < -1  ? -1
                                                                              : cosine > 1 ? 1
                                                                                           : cosine) +
                                                         1));
  }
};
struct Man2d : Plane {
  double operator()(City a, City b) const { return nint(std::abs(dx(a, b)) + std::abs(dy(a, b))); }
};
struct Man3d : Space {
  double operator()(City a, City b) const {
    return nint(std::abs(d(a, b, 0)) + std::abs(d(a, b, 1)) + std::abs(d(a, b, 2)));
  }
};
struct Max2d : Plane {
  double operator()(City a, City b) const {
    return std::fmax(nint(std::abs(dx(a, b))), nint(std::abs(dy(a, b))));
  }
};
struct Max3d : Space {
  double operator()(City a, City b) const {
    return std::fmax(std::fmax(nint(std::abs(d(a, b, 0))), nint(std::abs(d(a, b, 1)))),
                     nint(std::abs(d(a, b, 2))));
  }
};
struct Table {
  const double* entries;
  std::int64_t count;
  double operator()(City a, City b) const { return entries[a * count + b]; }
};

}  // namespace rule

// call(distance) with the functor of the instance's metric; distance(a, b) costs no branch on the metric.
template <class Call>
decltype(auto) with_distance(const Instance& instance, Call&& call) {
  const double* x = instance.coordinates.data();
  switch (instance.metric) {
    case Metric::euc_2d:
      return call(rule::Euc2d{{x}});
    case Metric::euc_3d:
      return call(rule::Euc3d{{x}});
    case Metric::ceil_2d:
      return call(rule::Ceil2d{{x}});
    case Metric::att:
      return call(rule::Att{{x}});
    case Metric::geo:
      return call(rule::Geo{instance.radians.data()});
    case Metric::man_2d:
      return call(rule::Man2d{{x}});
    case Metric::man_3d:
      return call(rule::Man3d{{x}});
    case Metric::max_2d:
      return call(rule::Max2d{{x}});
    case Metric::max_3d:
      return call(rule::Max3d{{x}});
    case Metric::matrix:
      return call(rule::Table{instance.table.data(), instance.count});
    case Metric::euclidean:
      break;
  }
  if (instance.dimension == 3) return call(rule::Euclidean3{{x}});
  return call(rule::Euclidean{{x}});
}

}  // namespace lehr::tour
