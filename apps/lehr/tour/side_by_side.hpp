// Several runs at once, a thread for each.
#pragma once

#include <cstdint>
#include <functional>

namespace lehr::command {

// Calls body(i) for i in [0, count), each from beginning to end on one thread, as many side by side as threads() allows; parallel loops
// inside a body run on that body's thread, so that a body's clock counts its own work alone. After an error the bodies that have begun
// end, and the error of the first one in the order of i is thrown.
void side_by_side(std::int64_t count, const std::function<void(std::int64_t)>& body);

}  // namespace lehr::command
