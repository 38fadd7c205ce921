#include "lehr/spin/thresholds.hpp"

#include <algorithm>
#include <cmath>

namespace lehr::spin {

std::uint32_t threshold_of(double probability) {
  return static_cast<std::uint32_t>(std::min(std::round(std::ldexp(probability, 32)), 0x1p32 - 1));
}

void Thresholds::set(double beta, int reach, Rule rule, int wide_reach) {
  heat_bath = rule == Rule::heat_bath;
  shift = heat_bath ? reach : 0;
  entries = shift + reach + 1;
  const double step = std::exp(-2 * beta);
  int last = 0;  // the last entry that can be accepted
  double power = 1;
  for (int entry = 0; entry < entries; ++entry) {
    const int d = entry - shift;
    double probability = 0;
    if (heat_bath)
      probability = d == 0 ? 0.5 : 1 / (1 + std::exp(2 * beta * d));
    else
      probability = power, power *= step;
    const auto at = static_cast<std::size_t>(entry);
    whole[at] = threshold_of(probability);
    if (whole[at] > 0) last = entry;
  }
  // One entry that is never accepted stands at the end: larger steps are looked up there.
  pages = last / page_size + 1;
  if (last + 1 < entries && (last + 1) % page_size == 0) ++pages;
  const auto size = static_cast<std::size_t>(pages) * page_size;
  for (std::size_t entry = static_cast<std::size_t>(last) + 1; entry < std::min<std::size_t>(size, 256);
       ++entry)
    whole[entry] = 0;
  for (int k = 0; k < 4; ++k) {
    auto& digit = digits[static_cast<std::size_t>(k)];
    digit.resize(size);
    for (std::size_t entry = 0; entry < size; ++entry) {
      const std::uint32_t whole_byte = (whole[entry] >> (24 - 8 * k)) & 255;
      digit[entry] = static_cast<std::int8_t>(static_cast<int>(whole_byte) - 128);
    }
  }
  wide.clear();
  for (int d = 0; d <= wide_reach; ++d) {
    const double probability = heat_bath ? 1 / (1 + std::exp(2 * beta * d))
                               : d == 0  ? 1
                                         : std::exp(-2 * beta * d);
    wide.push_back(threshold_of(d == 0 && heat_bath ? 0.5 : probability));
    if (wide.back() == 0) break;
  }
}

LadderThresholds::LadderThresholds(int reach, int stride, Rule rule)
    : always(static_cast<std::int8_t>(rule == Rule::heat_bath ? -128 : 1)) {
  for (int d = -reach; d <= reach; d += stride)
    if (d >= always) steps.push_back(static_cast<std::int8_t>(d));
  if (steps.empty()) steps.push_back(1);
  for (auto& digit : digits) digit.assign(steps.size() * 64, -128);
}

std::vector<std::uint32_t> LadderThresholds::column(double beta, Rule rule) const {
  std::vector<std::uint32_t> whole;
  for (const std::int8_t d : steps)
    whole.push_back(threshold_of(d == 0 ? 0.5 : acceptance(rule, 2 * beta * d)));
  return whole;
}

void LadderThresholds::set(std::size_t lane, std::span<const std::uint32_t> column) {
  for (std::size_t e = 0; e < column.size(); ++e)
    for (std::size_t k = 0; k < 4; ++k)
      digits[k][64 * e + lane] =
          static_cast<std::int8_t>(static_cast<int>((column[e] >> (24 - 8 * k)) & 255) - 128);
}

void RingThresholds::set(double problem, double bond, int reach) {
  shift = reach;
  pages = 2 * reach + 1 > Thresholds::page_size ? 2 : 1;
  for (std::size_t state = 0; state < 3; ++state) {
    const double turned = bond * (static_cast<double>(state) - 1);
    always[state] = 0;
    for (int entry = 0; entry <= 2 * reach; ++entry) {
      const double change = problem * (entry - reach) + turned;
      if (change <= 0) always[state] = static_cast<std::int8_t>(entry + 1);
      const std::uint32_t whole = threshold_of(std::exp(-std::max(change, 0.0)));
      for (std::size_t k = 0; k < 4; ++k)
        digits[k][state][static_cast<std::size_t>(entry)] =
            static_cast<std::int8_t>(static_cast<int>((whole >> (24 - 8 * k)) & 255) - 128);
    }
  }
}

}  // namespace lehr::spin
