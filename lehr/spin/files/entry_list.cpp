#include "lehr/spin/files/entry_list.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace lehr::spin {

void EntryList::add_linear(Index i, double value, std::int64_t line) {
  const auto at = static_cast<std::size_t>(i);
  linear[at] += value;
  if (linear_lines_[at] == 0)
    linear_lines_[at] = static_cast<std::uint32_t>(line);
  else if (repeated_linear_++ == 0)
    first_repeated_linear_ = {i, i, linear_lines_[at], line};
}

// Counting sort by the smaller index, then each row, which is short, by the larger one and the line.
void EntryList::find_repeated_couplings(std::int64_t& count, Repeat& earliest) const {
  std::vector<std::size_t> starts(linear.size() + 1, 0);
  for (const Coupling& coupling : couplings) ++starts[static_cast<std::size_t>(coupling.i) + 1];
  for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  std::vector<std::pair<Index, std::uint32_t>> entries(couplings.size());  // larger index, line
  std::vector<std::size_t> next(starts.begin(), starts.end() - 1);
  for (std::size_t k = 0; k < couplings.size(); ++k)
    entries[next[static_cast<std::size_t>(couplings[k].i)]++] = {couplings[k].j, lines_[k]};
  for (std::size_t i = 0; i < linear.size(); ++i) {
    const auto row = std::span(entries).subspan(starts[i], starts[i + 1] - starts[i]);
    std::ranges::sort(row);
    for (std::size_t k = 1; k < row.size(); ++k) {
      if (row[k].first != row[k - 1].first) continue;
      ++count;
      if (row[k].second < earliest.line)
        earliest = {static_cast<Index>(i), row[k].first, row[k - 1].second, row[k].second};
    }
  }
}

void EntryList::settle(const LineScanner& scanner, bool strict, std::vector<std::string>& notes) const {
  Repeat earliest = first_repeated_linear_;
  if (repeated_linear_ == 0) earliest.line = std::numeric_limits<std::int64_t>::max();
  std::int64_t count = repeated_linear_;
  if (!ascending_) find_repeated_couplings(count, earliest);
  if (count == 0) return;
  const std::string place = fmt::format("{} {}", earliest.i + first_index_, earliest.j + first_index_);
  if (strict)
    scanner.refuse_at(earliest.line, fmt::format("entry {} repeats the one on line {} (strict reading)",
                                                 place, earliest.first_line));
  notes.push_back(fmt::format("{} repeated entr{} added up (the first: {} on line {} repeats line {})", count,
                              count == 1 ? "y was" : "ies were", place, earliest.line, earliest.first_line));
}

}  // namespace lehr::spin
