// Text for people from strings that nobody has checked: valid UTF-8 without control characters, measured,
// shortened and wrapped by the columns it takes on a terminal.
//
// Widths follow Unicode's East Asian Width (UAX #11) in broad ranges: wide and fullwidth blocks and emoji
// take two columns, combining marks and zero-width characters none, everything else one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lehr::report {

// `text` as valid UTF-8: ill-formed bytes, control characters (with them terminal escapes) and bidirectional
// overrides become U+FFFD. Line breaks and tabs become spaces in clean_line and stay in clean_text.
std::string clean_line(std::string_view text);
std::string clean_text(std::string_view text);

// The columns that clean text takes on a terminal.
int display_width(std::string_view text);

// `text` cut to at most `width` columns, the last of which is then "…" (or ".." in ASCII, two columns).
std::string shorten(std::string_view text, int width, bool unicode = true);

// `text` broken at spaces, and inside words longer than `width`, into lines of at most `width` columns; at
// least one.
std::vector<std::string> wrap(std::string_view text, int width);

// `text` with spaces added up to `width` columns, on the left or on the right.
std::string pad_left(std::string_view text, int width);
std::string pad_right(std::string_view text, int width);

// `text` clean and in ASCII: "±" as "+/-", "×" as "x", "≤" as "<=", dashes as "-" and so on; "?" for the
// rest.
std::string to_ascii(std::string_view text);

// `text` with &, <, >, " and ' as HTML (and XML) entities, and ill-formed bytes and control characters as
// U+FFFD.
std::string escape_html(std::string_view text);

}  // namespace lehr::report
