// The first byte picks a format, the rest is the file: any bytes give a problem or a lehr::Error. A problem that
// is written in a text format reads back with the same size.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/spin/files/problem_file.hpp"

namespace {

using namespace lehr::spin;

ReadOptions options_of(unsigned choice) {
  constexpr std::array kKinds = {"max_cut", "qubo", "ising", "auto"};
  constexpr std::array kVartypes = {"spin", "binary", "auto", "auto"};
  ReadOptions options;
  options.kind = kKinds[choice & 3];
  options.vartype = kVartypes[choice >> 2 & 3];
  options.strict = (choice & 16) != 0;
  return options;
}

void write_and_read(const Problem& problem) {
  const Format format = problem.polynomial ? Format::hubo : Format::ising;
  const std::string text = problem_text(problem, format);
  ReadOptions options;
  options.format = name(format);
  const Problem again = parse_problem(std::as_bytes(std::span(text)), "written", options);
  if (again.size() != problem.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(2);
  try {
    ReadOptions options = options_of(data[1]);
    const std::size_t choice = data[0] % (formats().size() + 1);
    if (choice < formats().size()) options.format = formats()[choice].name;
    const Problem problem = parse_problem(bytes, "fuzz", options);
    constexpr Index kSmall = 1000;  // headers of many variables are slow to write
    if (problem.size() <= kSmall) write_and_read(problem);
  } catch (const lehr::Error&) {
  }
  return 0;
}
