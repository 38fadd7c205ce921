#include "lehr/tour/neighbours.hpp"

#include <algorithm>
#include <nanoflann.hpp>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::tour {

namespace {

// Points as nanoflann reads them.
struct Cloud {
  std::vector<double> values;
  std::size_t dimension;

  std::size_t kdtree_get_point_count() const { return values.size() / dimension; }
  double kdtree_get_pt(std::size_t i, std::size_t axis) const { return values[i * dimension + axis]; }
  template <class Box>
  bool kdtree_get_bbox(Box&) const {
    return false;
  }
};

Cloud cloud_of(const Instance& instance) {
  if (instance.metric != Metric::geo)
    return {instance.coordinates, static_cast<std::size_t>(instance.dimension)};
  Cloud sphere{{}, 3};  // nearest on the sphere is nearest in space
  for (City i = 0; i < instance.count; ++i) {
    const double latitude = instance.radians[2 * static_cast<std::size_t>(i)];
    const double longitude = instance.radians[2 * static_cast<std::size_t>(i) + 1];
    sphere.values.insert(sphere.values.end(), {std::cos(latitude) * std::cos(longitude),
                                               std::cos(latitude) * std::sin(longitude), std::sin(latitude)});
  }
  return sphere;
}

// The candidates of city i under the rule, the nearest first, into list[0, size).
void take_nearest(const Instance& instance, City i, std::vector<std::pair<double, City>>& candidates,
                  City* list, int size) {
  for (auto& [d, j] : candidates) d = instance.distance(i, j);
  std::partial_sort(candidates.begin(), candidates.begin() + size, candidates.end());
  for (int k = 0; k < size; ++k) list[k] = candidates[static_cast<std::size_t>(k)].second;
}

template <class Rule>
void search_tree(const Instance& instance, std::size_t reach, Neighbours& neighbours) {
  const Cloud cloud = cloud_of(instance);
  using Tree = nanoflann::KDTreeSingleIndexAdaptor<Rule, Cloud, -1, std::uint32_t>;
  Tree tree(static_cast<int>(cloud.dimension), cloud, nanoflann::KDTreeSingleIndexAdaptorParams(8));
  tree.buildIndex();
  const auto size = static_cast<std::size_t>(neighbours.size);
  parallel_for(
      instance.count,
      [&](std::int64_t city) {
        const auto i = static_cast<std::size_t>(city);
        std::vector<std::uint32_t> found(reach + 1);
        std::vector<double> squares(reach + 1);
        found.resize(
            tree.knnSearch(&cloud.values[i * cloud.dimension], reach + 1, found.data(), squares.data()));
        std::vector<std::pair<double, City>> candidates;
        for (const std::size_t j :
             found)  // of many cities at one place, this one need not be among those found
          if (j != i && candidates.size() < reach) candidates.emplace_back(0.0, static_cast<City>(j));
        take_nearest(instance, static_cast<City>(city), candidates, &neighbours.cities[i * size],
                     neighbours.size);
      },
      256);
}

void search_table(const Instance& instance, Neighbours& neighbours) {
  const auto size = static_cast<std::size_t>(neighbours.size);
  parallel_for(
      instance.count,
      [&](std::int64_t city) {
        std::vector<std::pair<double, City>> candidates;
        for (City j = 0; j < instance.count; ++j)
          if (j != city) candidates.emplace_back(0.0, j);
        take_nearest(instance, static_cast<City>(city), candidates,
                     &neighbours.cities[static_cast<std::size_t>(city) * size], neighbours.size);
      },
      64);
}

int quadrant_of(double dx, double dy) { return (dx < 0 ? 1 : 0) + (dy < 0 ? 2 : 0); }

}  // namespace

Neighbours nearest_neighbours(const Instance& instance, int size) {
  if (size < 1) throw InvalidInput("tour: {} neighbours per city; at least 1", size);
  Neighbours neighbours;
  neighbours.size = std::min(size, instance.count - 1);
  neighbours.cities.resize(static_cast<std::size_t>(neighbours.size) *
                           static_cast<std::size_t>(instance.count));
  const auto most = static_cast<std::size_t>(instance.count - 1);
  const auto wanted = static_cast<std::size_t>(neighbours.size);
  switch (instance.metric) {
    case Metric::matrix:
      search_table(instance, neighbours);
      break;
    case Metric::man_2d:
    case Metric::man_3d:
      search_tree<nanoflann::L1_Adaptor<double, Cloud>>(instance, wanted, neighbours);
      break;
    case Metric::max_2d:
    case Metric::
        max_3d:  // the tree knows no maximum norm: the best of four times as many by the straight line
      search_tree<nanoflann::L2_Simple_Adaptor<double, Cloud>>(instance, std::min(most, 4 * wanted),
                                                               neighbours);
      break;
    default:
      search_tree<nanoflann::L2_Simple_Adaptor<double, Cloud>>(instance, wanted, neighbours);
      break;
  }
  return neighbours;
}

Neighbours quadrant_neighbours(const Instance& instance, int each) {
  if (instance.dimension != 2 || instance.metric == Metric::geo || instance.metric == Metric::matrix)
    throw InvalidInput("tour: quadrant neighbours need positions in the plane");
  if (each < 1) throw InvalidInput("tour: {} neighbours per quadrant; at least 1", each);
  const int size = std::min(4 * each, instance.count - 1);
  // From a wider circle: what a quadrant lacks there is filled by the nearest of the rest.
  const Neighbours circle = nearest_neighbours(instance, 10 * size);
  Neighbours neighbours{
      size, std::vector<City>(static_cast<std::size_t>(size) * static_cast<std::size_t>(instance.count))};
  parallel_for(
      instance.count,
      [&](std::int64_t city) {
        const double* x = instance.coordinates.data();
        std::array<int, 4> taken{};
        std::vector<City> chosen, rest;
        for (const City j : circle.of(static_cast<City>(city))) {
          int& count = taken[static_cast<std::size_t>(
              quadrant_of(x[2 * j] - x[2 * city], x[2 * j + 1] - x[2 * city + 1]))];
          if (count < each) {
            ++count;
            chosen.push_back(j);
          } else {
            rest.push_back(j);
          }
        }
        for (std::size_t k = 0; static_cast<int>(chosen.size()) < size; ++k) chosen.push_back(rest[k]);
        std::vector<std::pair<double, City>> candidates;
        for (const City j : chosen) candidates.emplace_back(0.0, j);
        take_nearest(instance, static_cast<City>(city), candidates,
                     &neighbours.cities[static_cast<std::size_t>(city) * static_cast<std::size_t>(size)],
                     size);
      },
      256);
  return neighbours;
}

}  // namespace lehr::tour
