#include <fmt/format.h>

#include <iterator>

#include "lehr/report/page_parts.hpp"
#include "lehr/report/palette.hpp"

namespace lehr::report {

namespace {

constexpr std::string_view light_colors = R"css(
  --page: #f6f7f9; --card: #ffffff; --ink: #1d2126; --soft: #5d6670; --faint: #8a929b; --line: #e2e5e9;
  --head: #f3f5f7; --accent: #0064a0; --good: #0b6b4a; --good-fill: #dcf3e8; --bad: #a3271b; --bad-fill: #fce3df;
  --note: #fff7e0; --note-line: #e0a100; --code: #f3f5f7; --shadow: 0 1px 2px rgb(20 30 40 / .07);
)css";

constexpr std::string_view dark_colors = R"css(
  --page: #14171b; --card: #1c2026; --ink: #e6e9ed; --soft: #a4adb7; --faint: #7b848e; --line: #2f353d;
  --head: #22272e; --accent: #6cbcf0; --good: #5fdaa5; --good-fill: #12382b; --bad: #ff9a8c; --bad-fill: #46201c;
  --note: #2e2818; --note-line: #d9a520; --code: #161a1f; --shadow: none;
)css";

constexpr std::string_view rules = R"css(
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main, body > header, body > footer { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
body > header { padding-top: 36px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0; letter-spacing: -.01em; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 0 0 10px; overflow-wrap: anywhere; }
section { margin: 28px 0; }
.origin { margin: 6px 0 0; color: var(--soft); display: flex; flex-wrap: wrap; gap: 4px 18px; }
.origin code { overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .88em; }
a, button.link { color: var(--accent); text-decoration: none; }
a:hover, button.link:hover { text-decoration: underline; }
button { font: inherit; cursor: pointer; }
button.link { background: none; border: 0; padding: 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

.metrics { display: grid; grid-template-columns: repeat(auto-fill, minmax(168px, 1fr)); gap: 12px; margin: 0; }
.metrics div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px 9px;
  box-shadow: var(--shadow); min-width: 0; }
.metrics dt { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.metrics dd { margin: 0; font-size: 21px; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }

.table { background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: auto; max-height: 72vh;
  box-shadow: var(--shadow); width: fit-content; max-width: 100%; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 16px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th { position: sticky; top: 0; background: var(--head); font-size: 13px; font-weight: 600; white-space: nowrap; z-index: 1; }
th button { background: none; border: 0; padding: 0; color: inherit; font-weight: inherit; }
th button::after { content: "\2195"; margin-left: 5px; color: transparent; }
th:hover button::after { color: var(--faint); }
th[aria-sort] button::after { color: var(--accent); }
th[aria-sort=ascending] button::after { content: "\2191"; }
th[aria-sort=descending] button::after { content: "\2193"; }
td { max-width: 56ch; overflow-wrap: break-word; }
.long { min-width: 26ch; }
.number { text-align: right; white-space: nowrap; }
tbody tr:hover td { background: var(--head); }
.more { color: var(--soft); font-size: 13px; margin: 6px 2px 0; }

.pill { display: inline-block; border-radius: 99px; padding: 0 10px; font-weight: 600; font-size: 13px; white-space: nowrap; }
.pill.holds { color: var(--good); background: var(--good-fill); }
.pill.fails { color: var(--bad); background: var(--bad-fill); }
.pill.holds::before { content: "\2713\a0"; }
.pill.fails::before { content: "\2717\a0"; }
.summary { margin: 14px 0 0; }
.summary .pill { font-size: 14px; padding: 2px 12px; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 540px), 1fr)); gap: 18px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; box-shadow: var(--shadow);
  padding: 8px 10px 10px; position: relative; min-width: 0; max-width: 860px; display: flex; flex-direction: column; }
figure svg { width: 100%; height: auto; display: block; touch-action: pan-y; }
figure svg g { font-family: inherit; }
figcaption { color: var(--soft); font-size: 13.5px; padding: 2px 6px 0; margin-top: auto; display: flex; gap: 16px;
  justify-content: space-between; align-items: end; }
figcaption span { overflow-wrap: anywhere; }
figcaption button { white-space: nowrap; font-size: 12.5px; }
.readout { position: absolute; right: 14px; top: 12px; font-size: 12px; color: var(--soft); background: var(--card);
  padding: 1px 6px; border-radius: 4px; font-variant-numeric: tabular-nums; pointer-events: none; }
.cross { stroke: var(--faint); stroke-width: .7; stroke-dasharray: 3 3; pointer-events: none; }
.lens { fill: var(--accent); fill-opacity: .12; stroke: var(--accent); stroke-width: 1; pointer-events: none; }

.note { background: var(--note); border-left: 4px solid var(--note-line); border-radius: 4px; padding: 8px 14px;
  margin: 0 0 10px; max-width: 100ch; overflow-wrap: anywhere; white-space: pre-line; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 0 0 10px; box-shadow: var(--shadow); }
summary { padding: 8px 14px; cursor: pointer; }
.artifact { display: inline-flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; width: calc(100% - 24px); }
.artifact a, .artifact button { font-size: 14px; }
.artifact b { overflow-wrap: anywhere; }
.artifact small { color: var(--soft); font-size: 13px; margin-right: auto; }
.plain { padding: 8px 14px 8px 34px; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  margin: 0 0 10px; box-shadow: var(--shadow); }
pre { margin: 0; padding: 12px 16px; background: var(--code); border-top: 1px solid var(--line); overflow: auto;
  max-height: 420px; border-radius: 0 0 8px 8px; tab-size: 4; }
body > footer { color: var(--faint); font-size: 13px; padding-top: 8px; padding-bottom: 36px; }

@media print {
  body { font-size: 11px; }
  main, body > header, body > footer { max-width: none; padding: 0; }
  .table { max-height: none; overflow: visible; }
  th { position: static; }
  figure, .metrics div, tr, .note { break-inside: avoid; }
  .figures { grid-template-columns: 1fr 1fr; }
  figcaption button, .readout, .artifact a, .artifact button { display: none; }
  .pill, .note { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

void recolor(std::string& css, std::string_view from, std::string_view to) {
  for (const std::string_view attribute : {"stroke", "fill"})
    fmt::format_to(std::back_inserter(css), "figure svg [{0}=\"{1}\"] {{ {0}: {2}; }}\n", attribute, from,
                   to);
}

// gnuplot draws for a white page; presentation attributes give way to these rules.
std::string dark_figures() {
  std::string css;
  for (const PaletteColor& color : palette) {
    recolor(css, color.line, color.dark_line);
    recolor(css, color.text, color.dark_line);
  }
  recolor(css, figure_ink.strong, "var(--ink)");
  recolor(css, figure_ink.soft, "var(--soft)");
  recolor(css, figure_ink.axis, "var(--faint)");
  recolor(css, figure_ink.grid, "var(--line)");
  return css;
}

}  // namespace

std::string page_style() {
  std::string css = fmt::format(":root {{ color-scheme: light dark; {} }}\n", light_colors);
  fmt::format_to(std::back_inserter(css), "figure svg [fill=\"{}\"] {{ fill: transparent; }}\n",
                 figure_ink.background);
  fmt::format_to(std::back_inserter(css),
                 "@media screen and (prefers-color-scheme: dark) {{\n:root {{ {} }}\n{}}}\n", dark_colors,
                 dark_figures());
  return css + std::string(rules);
}

}  // namespace lehr::report
