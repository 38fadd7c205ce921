// The style sheet and the script of the report page.
#pragma once

#include <string>
#include <string_view>

namespace lehr::report {

// The style sheet; figures' colours follow the reader's light or dark preference by the palette.
std::string page_style();

// Sorting, copying, saving figures, reading coordinates off figures and zooming into them.
std::string_view page_script();

}  // namespace lehr::report
