// The colours of figures: Okabe and Ito's palette ("Color Universal Design", 2008), which people with the
// common forms of colour blindness tell apart, without its yellow and black, which are hard to see on a light
// or a dark page; wine of Tol's "muted" scheme and a grey take their places.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace lehr::report {

struct PaletteColor {
  std::string_view line;       // on a light page
  std::string_view text;       // darker, for labels on a light page
  std::string_view dark_line;  // on a dark page, also for labels
  std::string_view terminal;   // SGR parameters
};

inline constexpr std::array<PaletteColor, 8> palette{{
    {"#0072b2", "#00609a", "#4fa9e2", "34"},
    {"#d55e00", "#b44f00", "#ff8b45", "31"},
    {"#009e73", "#007a59", "#2fcf9f", "32"},
    {"#cc79a7", "#a8517f", "#e59bc6", "35"},
    {"#e69f00", "#966800", "#f3b941", "33"},
    {"#56b4e9", "#1f7fb5", "#93d3f9", "36"},
    {"#882255", "#882254", "#d4659f", "95"},
    {"#666666", "#555556", "#b4b8bd", "90"},
}};

// The colours of a figure's text and frame on a light page.
struct FigureInk {
  std::string_view background = "#ffffff", strong = "#222222", soft = "#5a5f66", axis = "#9aa0a6",
                   grid = "#e3e5e8";
};
inline constexpr FigureInk figure_ink;

inline constexpr const PaletteColor& palette_color(int index) {
  return palette[static_cast<std::size_t>(index) % palette.size()];
}

}  // namespace lehr::report
