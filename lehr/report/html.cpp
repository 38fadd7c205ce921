#include "lehr/report/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "lehr/core/bytes.hpp"
#include "lehr/report/cells.hpp"
#include "lehr/report/file_names.hpp"
#include "lehr/report/page_parts.hpp"
#include "lehr/report/unicode.hpp"

namespace lehr::report {

namespace {

constexpr std::size_t row_limit = 1000;           // of a table; the JSON has all
constexpr std::size_t preview_limit = 24 * 1024;  // bytes of an artifact's text shown on the page
constexpr std::size_t embed_limit = 96 * 1024;    // bytes of an artifact that the page carries for download

// Appends escaped and plain pieces to the page.
class PageWriter {
 public:
  PageWriter(const Report& report, const Page& page) : report_(report), page_(page) {}

  std::string html() {
    head();
    html_ += "<main>\n";
    notes();
    metrics();
    for (const Table& one : report_.tables) table(one);
    figures();
    artifacts();
    html_ += "</main>\n";
    footer();
    return std::move(html_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(html_), format, std::forward<Args>(args)...);
  }

  void head() {
    const std::string title = escape_html(report_.title.empty() ? "Report" : report_.title);
    add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; "
        "script-src 'unsafe-inline'; img-src "
        "data:\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
        title, page_style());
    add("<header>\n<h1>{}</h1>\n", title);
    if (!page_.what.empty() || !page_.when.empty()) {
      add("<p class=\"origin\">");
      if (!page_.what.empty()) add("<code>{}</code>", escape_html(page_.what));
      if (!page_.when.empty()) add("<span>{}</span>", escape_html(page_.when));
      add("</p>\n");
    }
    claims_summary();
    add("</header>\n");
  }

  void claims_summary() {
    const ClaimCount claims = count_claims(report_.tables);
    if (claims.holds + claims.fails == 0) return;
    add("<p class=\"summary\">");
    if (claims.holds > 0)
      add("<span class=\"pill holds\">{}</span> ", counted(claims.holds, "claim holds", "claims hold"));
    if (claims.fails > 0)
      add("<span class=\"pill fails\">{}</span>", counted(claims.fails, "claim fails", "claims fail"));
    add("</p>\n");
  }

  static std::string counted(int count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
  }

  void notes() {
    if (report_.notes.empty() && page_.hints.empty()) return;
    add("<section>\n");
    for (const auto* sentences : {&report_.notes, &page_.hints})
      for (const std::string& sentence : *sentences) add("<p class=\"note\">{}</p>\n", escape_html(sentence));
    add("</section>\n");
  }

  void metrics() {
    constexpr std::size_t most_cards = 24;  // more are a table's business
    if (report_.metrics.empty() || report_.metrics.size() > most_cards) return;
    add("<section>\n<dl class=\"metrics\">\n");
    for (const auto& [name, value] : report_.metrics)
      add("<div><dt>{}</dt><dd title=\"{}\">{}</dd></div>\n", escape_html(name), value,
          number_text(value, value == std::floor(value) ? "" : ".5g"));
    add("</dl>\n</section>\n");
  }

  void table(const Table& table) {
    const TextTable text = text_table(table, row_limit);
    add("<section>\n");
    if (!text.title.empty()) add("<h2>{}</h2>\n", escape_html(text.title));
    if (!text.columns.empty()) {
      add("<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr>");
      for (const TextColumn& column : text.columns)
        add("<th scope=\"col\"{}><button>{}</button></th>", column.numeric ? " class=\"number\"" : "",
            escape_html(column.name));
      add("</tr></thead>\n<tbody>\n");
      for (std::size_t r = 0; r < text.rows.size(); ++r) row(text, table.rows[r], text.rows[r]);
      add("</tbody></table></div>\n");
    }
    if (table.rows.size() > row_limit)
      add("<p class=\"more\">The first {} of {} rows; the report as JSON has all.</p>\n", row_limit,
          table.rows.size());
    add("</section>\n");
  }

  void row(const TextTable& table, const std::vector<Json>& cells, const std::vector<std::string>& texts) {
    add("<tr>");
    for (std::size_t c = 0; c < texts.size(); ++c) {
      add("<td");
      if (table.columns[c].numeric)
        add(" class=\"number\"");
      else if (display_width(texts[c]) > 26)
        add(" class=\"long\"");
      if (c < cells.size() && cells[c].is_number()) add(" data-value=\"{}\"", exact(cells[c]));
      add(">{}</td>", table.columns[c].is_verdict ? pill(texts[c]) : escape_html(texts[c]));
    }
    add("</tr>\n");
  }

  // A number in full, spelt as the page's script reads numbers.
  static std::string exact(const Json& number) {
    const double value = number.get<double>();
    return std::isinf(value) ? (value > 0 ? "Infinity" : "-Infinity") : fmt::format("{}", value);
  }

  // "holds (p = 0.01)" as a coloured "holds" and the rest beside it.
  static std::string pill(const std::string& text) {
    const Verdict verdict = verdict_of(text);
    if (verdict == Verdict::none) return escape_html(text);
    const std::string rest = text.substr(std::min(text.find_first_not_of(":,; ", 5), text.size()));
    return fmt::format("<span class=\"pill {}\">{}</span>{}", verdict == Verdict::holds ? "holds" : "fails",
                       escape_html(text.substr(0, 5)), rest.empty() ? "" : " " + escape_html(rest));
  }

  void figures() {
    const bool any =
        std::any_of(page_.figures.begin(), page_.figures.end(), [](const auto& svg) { return !svg.empty(); });
    if (!any) return;
    FileNames names;
    add("<section class=\"figures\">\n");
    for (std::size_t i = 0; i < std::min(report_.figures.size(), page_.figures.size()); ++i) {
      if (page_.figures[i].empty()) continue;
      const Figure& figure = report_.figures[i];
      add("<figure>\n{}<output class=\"readout\" hidden></output>\n<figcaption><span>{}</span>"
          "<button class=\"link\" data-save=\"{}\">download SVG</button></figcaption>\n</figure>\n",
          page_.figures[i], escape_html(figure.caption), names.next(figure.name, "svg"));
    }
    add("</section>\n");
  }

  void artifacts() {
    if (report_.artifacts.empty()) return;
    add("<section>\n<h2>Artifacts</h2>\n");
    for (std::size_t i = 0; i < report_.artifacts.size(); ++i)
      artifact(report_.artifacts[i], i < page_.artifact_paths.size() ? page_.artifact_paths[i] : "");
    add("</section>\n");
  }

  void artifact(const Artifact& artifact, const std::string& path) {
    const std::string& content = artifact.content;
    const bool preview = !content.empty() && content.size() <= preview_limit && is_utf8(content) &&
                         content.find('\0') == content.npos;
    const std::string file = FileNames().next(artifact.name, artifact.extension);
    const std::string title =
        artifact.extension.empty() ? artifact.name : artifact.name + "." + artifact.extension;
    if (preview)
      add("<details{}><summary>", content.size() <= 1500 ? " open" : "");
    else
      add("<div class=\"plain\">");
    add("<span class=\"artifact\"><b>{}</b><small>{}</small>", escape_html(title),
        content.empty() ? escape_html(artifact.path) : size_text(content.size()));
    if (preview) add("<button class=\"link\" data-copy>copy</button>");
    if (!content.empty() && content.size() <= embed_limit)
      add("<a download=\"{}\" href=\"data:application/octet-stream;base64,{}\">download</a>", file,
          to_base64(content));
    else if (!path.empty())
      add("<a href=\"{}\">open</a>", link_to(path));
    add("</span>");
    if (preview)
      add("</summary><pre><code>{}</code></pre></details>\n", escape_html(content));
    else
      add("</div>\n");
  }

  static std::string size_text(std::size_t bytes) {
    const auto size = static_cast<double>(bytes);
    if (bytes < 1024) return fmt::format("{} bytes", bytes);
    return bytes < 1024 * 1024 ? fmt::format("{:.1f} KiB", size / 1024)
                               : fmt::format("{:.1f} MiB", size / (1024 * 1024));
  }

  void footer() {
    add("<footer>Lehr report");
    if (!page_.json_path.empty()) add(" · <a href=\"{}\">as JSON</a>", link_to(page_.json_path));
    add("</footer>\n<script>{}</script>\n</body>\n</html>\n", page_script());
  }

  const Report& report_;
  const Page& page_;
  std::string html_;
};

}  // namespace

std::string render_html(const Report& report, const Page& page) { return PageWriter(report, page).html(); }

}  // namespace lehr::report
