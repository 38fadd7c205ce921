#include "lehr/core/errors.hpp"

#include <algorithm>
#include <cctype>

namespace lehr {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Levenshtein distance with adjacent transpositions, letter case ignored.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> known) {
  std::string best;
  std::size_t best_distance = static_cast<std::size_t>(-1);
  if (word.size() > 64) return best;
  for (const std::string& candidate : known) {
    if (candidate.size() > 64) continue;
    const std::size_t distance = edit_distance(word, candidate);
    const std::size_t allowed = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
    if (distance <= allowed && distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

std::string hint(std::string_view word, std::span<const std::string> known) {
  if (const std::string near = nearest(word, known); !near.empty())
    return fmt::format(" (did you mean '{}'?)", near);
  if (known.empty()) return "";
  constexpr std::size_t most = 20;
  const std::string more = known.size() > most ? fmt::format(" and {} more", known.size() - most) : "";
  return fmt::format(" (known: {}{})", fmt::join(known.first(std::min(known.size(), most)), ", "), more);
}

std::string quote(std::string_view text, std::size_t limit) {
  std::string shown = "'";
  for (const char c : text.substr(0, limit)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown + (text.size() > limit ? "...'" : "'");
}

}  // namespace lehr
