#include "lehr/tour/order.hpp"

#include <algorithm>

#include "lehr/core/errors.hpp"

namespace lehr::tour {

double length(const Instance& instance, const Order& order) {
  return with_distance(instance, [&](const auto& distance) {
    double sum = 0;
    for (std::size_t i = 0; i + 1 < order.size(); ++i) sum += distance(order[i], order[i + 1]);
    return order.empty() ? 0.0 : sum + distance(order.back(), order.front());
  });
}

void check_order(const Order& order, City cities, std::string_view what) {
  if (order.size() != static_cast<std::size_t>(cities))
    throw InvalidInput("{}: {} cities in the tour, {} in the problem", what, order.size(), cities);
  std::vector<char> seen(order.size(), 0);
  for (const City c : order) {
    if (c < 0 || c >= cities) throw InvalidInput("{}: no city {}; they are 1 to {}", what, c + 1, cities);
    if (seen[static_cast<std::size_t>(c)]++) throw InvalidInput("{}: city {} is visited twice", what, c + 1);
  }
}

Order canonical(const Order& order) {
  Order turned = order;
  std::rotate(turned.begin(), std::find(turned.begin(), turned.end(), City{0}), turned.end());
  if (turned.size() > 2 && turned.back() < turned[1]) std::reverse(turned.begin() + 1, turned.end());
  return turned;
}

}  // namespace lehr::tour
