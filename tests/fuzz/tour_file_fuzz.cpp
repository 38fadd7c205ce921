// Any text is a problem or a tour of the room's formats, or refused with an Error; what is accepted is consistent.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/tour/point_lines.hpp"
#include "lehr/tour/point_table.hpp"
#include "lehr/tour/problem_file.hpp"
#include "lehr/tour/tour_file.hpp"
#include "lehr/tour/tsplib_file.hpp"

namespace {

using namespace lehr::tour;

template <class F>
void accepted_or_refused_in_one_line(F f) {
  try {
    f();
  } catch (const lehr::Error& error) {
    if (std::string(error.what()).find('\n') != std::string::npos) std::abort();
  }
}

void check_problem(const Problem& problem) {
  const City n = problem.cities();
  if (n < 3 || (!problem.ids.empty() && problem.ids.size() != static_cast<std::size_t>(n))) std::abort();
  if (!problem.labels.empty() && problem.labels.size() != static_cast<std::size_t>(n)) std::abort();
  const auto map = problem.map();
  if (!map.empty() && map.size() != 2 * static_cast<std::size_t>(n)) std::abort();
  if (problem.is_directed()) return;
  const double d = problem.instance.distance(0, n - 1);
  if (!(d >= 0) || d != problem.instance.distance(n - 1, 0)) std::abort();
  if (!problem.stored.empty()) check_order(problem.stored, n, "fuzz");
}

// What is read, written and read again is the same.
void check_tsplib(const std::string& text) {
  const Problem problem = parse_tsplib(text, "fuzz");
  check_problem(problem);
  const Problem again = parse_tsplib(tsplib_text(problem), "again");
  if (again.instance.coordinates != problem.instance.coordinates ||
      again.instance.table != problem.instance.table || again.directed != problem.directed ||
      again.positions != problem.positions)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  accepted_or_refused_in_one_line([&] { check_tsplib(text); });
  accepted_or_refused_in_one_line([&] {
    for (const Problem& problem : parse_point_lines(text, "fuzz")) {
      check_problem(problem);
      if (parse_point_lines(point_line(problem), "again").front().instance.coordinates !=
          problem.instance.coordinates)
        std::abort();
    }
  });
  accepted_or_refused_in_one_line([&] { check_problem(parse_point_csv(text, "fuzz")); });
  accepted_or_refused_in_one_line([&] { parse_tour(text, "fuzz"); });
  if (is_generated(text) && text.size() < 20)
    accepted_or_refused_in_one_line([&] {
      if (text.find('9') == std::string::npos && text.find("000") == std::string::npos)
        check_problem(generate_problems(text, lehr::Seed{1}).front());
    });
  return 0;
}
