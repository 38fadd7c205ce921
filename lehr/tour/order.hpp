// A tour as the order in which the cities are visited, and what its length is.
#pragma once

#include <vector>

#include "lehr/tour/instance.hpp"

namespace lehr::tour {

// Every city once; the way from the last one back to the first closes the tour.
using Order = std::vector<City>;

// Sum of the n edges of the closed tour: exact under the rules of whole numbers.
double length(const Instance& instance, const Order& order);

// Throws InvalidInput, naming the city, unless `order` visits every one of `cities` cities exactly once. `what` starts the message.
void check_order(const Order& order, City cities, std::string_view what);

// The same closed tour written from city 0 on, towards the smaller of its two neighbours: equal tours become equal orders.
Order canonical(const Order& order);

}  // namespace lehr::tour
