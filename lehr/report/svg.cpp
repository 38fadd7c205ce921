#include "lehr/report/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>
#include <vector>

#include "lehr/report/unicode.hpp"

namespace lehr::report {

namespace {

struct Tag {
  std::string name;  // "g", "/g"
  std::vector<std::pair<std::string, std::string>> attributes;
  bool closed = false;  // <name ... />

  std::string* find(std::string_view key) {
    for (auto& [name, value] : attributes)
      if (name == key) return &value;
    return nullptr;
  }
  void remove(std::string_view key) {
    std::erase_if(attributes, [key](const auto& attribute) { return attribute.first == key; });
  }
  std::string text() const {
    std::string result = "<" + name;
    for (const auto& [key, value] : attributes) result += fmt::format(" {}=\"{}\"", key, value);
    return result + (closed ? "/>" : ">");
  }
};

void skip_spaces(std::string_view& text) {
  while (!text.empty() && std::string_view(" \t\r\n").find(text.front()) != text.npos) text.remove_prefix(1);
}

// "M1,2   L3,4  " -> "M1,2 L3,4".
std::string single_spaces(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space)
      result += c;
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

// "rgb(  0, 114, 178)" -> "#0072b2"; other values as they are.
std::string plain_color(const std::string& value) {
  if (!value.starts_with("rgb(")) return value == "#FFFFFF" ? "#ffffff" : value;
  int channels[3] = {0, 0, 0};
  std::string_view rest = std::string_view(value).substr(4);
  for (int& channel : channels) {
    skip_spaces(rest);
    const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), channel).ptr;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.starts_with(',')) rest.remove_prefix(1);
  }
  return fmt::format("#{:02x}{:02x}{:02x}", channels[0], channels[1], channels[2]);
}

// Takes a tag from the front of `text`, which starts with '<' and contains the tag's '>'.
Tag take_tag(std::string_view& text) {
  text.remove_prefix(1);
  Tag tag;
  const std::size_t name_end = std::min(text.find_first_of(" \t\r\n/>", 1), text.size());
  tag.name = text.substr(0, name_end);
  text.remove_prefix(name_end);
  for (;;) {
    skip_spaces(text);
    const std::size_t equals = text.find_first_of("=>/");
    if (equals == text.npos || text[equals] != '=') break;
    const std::string key = single_spaces(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    skip_spaces(text);
    const char quote = text.empty() ? '"' : text.front();
    const std::size_t end = text.find(quote, 1);
    if (end == text.npos) break;
    tag.attributes.emplace_back(key, plain_color(single_spaces(text.substr(1, end - 1))));
    text.remove_prefix(end + 1);
  }
  tag.closed = text.starts_with('/');
  text.remove_prefix(std::min(text.find('>'), text.size() - 1) + 1);
  return tag;
}

// gnuplot's filled circle <use xlink:href="#gpPt6" transform="translate(x,y) scale(r)" color="c"/> as a
// <circle>.
Tag as_circle(Tag& use) {
  const std::string* transform = use.find("transform");
  const std::string* color = use.find("color");
  double x = 0, y = 0, radius = 0;
  if (transform == nullptr || color == nullptr ||
      std::sscanf(transform->c_str(), "translate(%lf,%lf) scale(%lf)", &x, &y, &radius) != 3)
    return use;
  return {"circle",
          {{"cx", fmt::format("{:.2f}", x)},
           {"cy", fmt::format("{:.2f}", y)},
           {"r", fmt::format("{:.2f}", radius)},
           {"fill", *color},
           {"stroke", "none"}},
          true};
}

std::string scale_attribute(const AxisScale& scale) {
  return fmt::format("{} {} {}", scale.low, scale.high, scale.log ? "log" : "linear");
}

std::string root(std::string_view title, const GnuplotScript& script) {
  const FigureGeometry& g = script.geometry;
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "role=\"img\" "
      "aria-label=\"{2}\" data-box=\"{3} {4} {5} {6}\" data-x=\"{7}\" data-y=\"{8}\">",
      g.width, g.height, escape_html(clean_line(title)), g.left, g.top, g.plot_width(), g.plot_height(),
      scale_attribute(script.plan.x), scale_attribute(script.plan.y));
}

// Collects the tidied document piece by piece.
class Tidier {
 public:
  Tidier(std::string_view title, const GnuplotScript& script) {
    pieces_.push_back(root(title, script) + "\n");
    for (const Layer& layer : script.plan.layers)
      if (!layer.runs.empty()) series_.push_back(layer.label);
  }

  void text(std::string_view text) {
    if (in_text_) pieces_.emplace_back(text);
  }

  void tag(Tag tag) {
    if (tag.name == "g") return open_group(std::move(tag));
    if (tag.name == "/g") return close_group();
    if (tag.name == "use") tag = as_circle(tag);
    if (tag.name == "text" || tag.name == "/text") in_text_ = tag.name == "text";
    const bool inside = in_text_ || tag.name == "/text";
    pieces_.push_back(tag.text() + (inside && tag.name != "/text" ? "" : "\n"));
  }

  std::string document() const {
    std::string document;
    for (const std::string& piece : pieces_) document += piece;
    return document + "</svg>\n";
  }

 private:
  void open_group(Tag group) {
    const std::string* id = group.find("id");
    const bool is_series = id != nullptr && id->starts_with("gnuplot_plot_");
    group.remove("id");
    group.remove("shape-rendering");
    if (std::string* font = group.find("font-family"); font != nullptr && *font == "sans-serif:Bold") {
      *font = "sans-serif";
      group.attributes.emplace_back("font-weight", "bold");
    }
    open_.push_back(pieces_.size());
    pieces_.push_back(group.text() + "\n");
    if (!is_series) return;
    if (next_series_ < series_.size() && !series_[next_series_].empty())
      pieces_.push_back("<title>" + escape_html(series_[next_series_]) + "</title>\n");
    ++next_series_;
  }

  void close_group() {
    if (open_.empty()) return;
    const bool empty = open_.back() + 1 == pieces_.size();
    open_.pop_back();
    if (empty)
      pieces_.pop_back();
    else
      pieces_.emplace_back("</g>\n");
  }

  std::vector<std::string> pieces_;
  std::vector<std::size_t> open_;  // the pieces that opened the groups we are in
  std::vector<std::string> series_;
  std::size_t next_series_ = 0;
  bool in_text_ = false;
};

// Drops what lies between `text`'s start and the end of the element `name`.
void skip_element(std::string_view& text, std::string_view name) {
  const std::string end = fmt::format("</{}>", name);
  const std::size_t found = text.find(end);
  text.remove_prefix(found == text.npos ? text.size() : found + end.size());
}

}  // namespace

std::optional<std::string> tidy_svg(std::string_view raw, std::string_view title,
                                    const GnuplotScript& script) {
  const std::size_t start = raw.find("<svg"), end = raw.rfind("</svg>");
  if (start == raw.npos || end == raw.npos || end < start) return std::nullopt;
  std::string_view rest = raw.substr(start, end - start);
  take_tag(rest);
  Tidier tidier(title, script);
  while (!rest.empty()) {
    const std::size_t open = rest.find('<');
    tidier.text(rest.substr(0, open));
    rest.remove_prefix(std::min(open, rest.size()));
    if (rest.find('>') == rest.npos) break;
    Tag tag = take_tag(rest);
    if (!tag.closed && (tag.name == "title" || tag.name == "desc" || tag.name == "defs"))
      skip_element(rest, tag.name);
    else
      tidier.tag(std::move(tag));
  }
  return tidier.document();
}

}  // namespace lehr::report
