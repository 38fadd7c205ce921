// The lower bound that `lehr tour solve --bound` shows beside a tour.
#pragma once

#include "apps/lehr/tour/solve.hpp"

namespace lehr::command {

void add_lower_bound(TourSolved& solved, const TaskContext& context);

}  // namespace lehr::command
