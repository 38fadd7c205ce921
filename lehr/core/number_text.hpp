// Numbers in the files that Lehr writes (CSV, Matrix Market).
#pragma once

#include <string>

namespace lehr {

// Appends the shortest digits that read back as the same double; "nan" without a sign, "inf" and "-inf".
void append_number(std::string& text, double value);

}  // namespace lehr
