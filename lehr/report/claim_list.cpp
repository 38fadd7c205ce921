#include "lehr/report/claim_list.hpp"

#include <algorithm>

#include "lehr/report/paint.hpp"
#include "lehr/report/unicode.hpp"

namespace lehr::report {
namespace {

std::optional<std::size_t> column_named(const TextTable& table, std::string_view name) {
  const auto found = std::ranges::find(table.columns, name, &TextColumn::name);
  if (found == table.columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - table.columns.begin());
}

// Claims are sentences, which columns would squeeze; on a terminal they stand below each other:
//
//   ✓ holds: The annealing term makes the forecast at least 4 times better
//     expected  annealing.mean_error < 0.25 * power.mean_error
//     measured  annealing.mean_error = 0.0067, power.mean_error = 0.034
class ClaimList {
 public:
  ClaimList(const TextTable& table, const TerminalStyle& style) : table_(table), style_(style) {
    for (const TextColumn& column : table.columns)
      label_width_ = std::max(label_width_, display_width(column.name));
    label_width_ = std::min(label_width_, style.width / 3);
  }

  std::string lines() const {
    const auto study = column_named(table_, "study");
    std::string text, last_study;
    for (const auto& row : table_.rows) {
      if (!text.empty()) text += '\n';
      if (study && row[*study] != last_study) {
        last_study = row[*study];
        for (const std::string& line : wrap(last_study, style_.width))
          text += paint(line, bold, style_.color) + '\n';
      }
      text += headline(row);
      for (std::size_t c = 0; c < row.size(); ++c) {
        const std::string& name = table_.columns[c].name;
        if (name != "study" && name != "claim" && !table_.columns[c].is_verdict && !row[c].empty())
          text += labelled(name, row[c]);
      }
    }
    return text;
  }

 private:
  // The verdict, and the claim behind it.
  std::string headline(const std::vector<std::string>& row) const {
    const std::size_t verdict = verdict_column();
    const std::string marked = with_mark(row[verdict], style_.unicode);
    const std::string_view color = verdict_color(row[verdict]);
    const std::string& claim = row[*column_named(table_, "claim")];
    std::string text;
    for (std::string line : wrap(claim.empty() ? marked : marked + ": " + claim, style_.width - indent)) {
      if (text.empty() && line.starts_with(marked))
        line = paint(marked, color, style_.color) + line.substr(marked.size());
      text += (text.empty() ? "" : std::string(indent, ' ')) + line + '\n';
    }
    return text;
  }

  std::string labelled(const std::string& name, const std::string& value) const {
    const std::string label = pad_right(shorten(name, label_width_, style_.unicode), label_width_);
    const int before = indent + label_width_ + 2;
    std::string text;
    for (const std::string& line : wrap(value, style_.width - before)) {
      if (text.empty())
        text += std::string(indent, ' ') + paint(label, dim, style_.color) + "  ";
      else
        text += std::string(static_cast<std::size_t>(before), ' ');
      text += line + '\n';
    }
    return text;
  }

  std::size_t verdict_column() const {
    return static_cast<std::size_t>(std::ranges::find(table_.columns, true, &TextColumn::is_verdict) -
                                    table_.columns.begin());
  }

  static constexpr int indent = 2;
  const TextTable& table_;
  const TerminalStyle& style_;
  int label_width_ = 0;
};

}  // namespace

bool holds_claims(const TextTable& table) {
  return column_named(table, "claim") && column_named(table, "expected") &&
         std::ranges::any_of(table.columns, &TextColumn::is_verdict);
}

std::string claim_lines(const TextTable& table, const TerminalStyle& style) {
  return ClaimList(table, style).lines();
}

}  // namespace lehr::report
