#include "lehr/spin/files/states_file.hpp"

#include <algorithm>

#include "lehr/core/files.hpp"
#include "lehr/core/json.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/spin/files/line_scanner.hpp"
#include "lehr/spin/files/text_sink.hpp"

namespace lehr::spin {
namespace {

constexpr std::size_t kBitsPerByte = 8;

std::size_t packed_size(std::size_t bits) { return (bits + kBitsPerByte - 1) / kBitsPerByte; }

std::string packed_states(std::span<const Solution> solutions, Index size) {
  const std::size_t width = packed_size(static_cast<std::size_t>(size));
  std::vector<std::uint8_t> bits(solutions.size() * width, 0);
  for (std::size_t k = 0; k < solutions.size(); ++k)
    for (std::size_t i = 0; i < solutions[k].spins.size(); ++i)
      if (solutions[k].spins[i] > 0)
        bits[k * width + i / kBitsPerByte] |= static_cast<std::uint8_t>(0x80 >> (i % kBitsPerByte));
  const Shape shape{static_cast<std::int64_t>(solutions.size()), static_cast<std::int64_t>(width)};
  return npy_header(ElementType::u8, shape) + std::string(bits.begin(), bits.end());
}

Json states_json(const Problem& problem, std::span<const Solution> solutions) {
  Json states = Json::array();
  for (const Solution& solution : solutions)
    states.push_back({{"objective", json_number(problem.objective(solution.energy))},
                      {"energy", json_number(solution.energy)},
                      {"occurrences", solution.occurrences},
                      {"state", state_text(problem, solution.spins)}});
  Json document = {{"problem", problem.name}, {"variables", problem.size()}};
  if (!problem.labels.empty()) document["variable_labels"] = problem.labels;
  document["states"] = std::move(states);
  return document;
}

// 1, +1, "+" are up; -1, 0, "-" are down.
std::int8_t spin_of(std::string_view word, const LineScanner& scanner) {
  if (word == "1" || word == "+1" || word == "+") return 1;
  if (word == "-1" || word == "0" || word == "-") return -1;
  scanner.refuse("expected a spin (1 or -1) or a bit (1 or 0), found {}", quote(word));
}

Spins read_state_line(LineScanner& scanner, std::size_t size) {
  std::string_view word = scanner.word("a state");
  Spins spins;
  if (word.size() == size && size != 1) {
    for (const char& c : word) spins.push_back(spin_of({&c, 1}, scanner));
    return spins;  // the objective and occurrences that may follow are not needed
  }
  while (spins.size() < size) {
    spins.push_back(spin_of(word, scanner));
    if (spins.size() == size) break;
    if (scanner.line_ends())
      scanner.refuse(
          "expected a state of {} variables, found {}", size,
          spins.size() == 1 ? fmt::format("one of {}", word.size()) : std::to_string(spins.size()));
    word = scanner.word("a spin");
  }
  if (size != 1) scanner.end_line();
  return spins;
}

std::vector<Spins> parse_text_states(std::string_view text, std::string_view file, Index size) {
  const ReadProgress no_progress;
  LineScanner scanner(text, file, "#", no_progress);
  std::vector<Spins> states;
  while (scanner.next_line()) states.push_back(read_state_line(scanner, static_cast<std::size_t>(size)));
  if (states.empty()) throw InvalidInput("{}: no states", file);
  return states;
}

std::vector<Spins> parse_npy_states(std::span<const std::byte> bytes, std::string_view file, Index size) {
  const Tensor tensor = parse_npy(bytes, file);
  const auto n = static_cast<std::size_t>(size);
  const std::size_t width = tensor.shape.size() == 2 ? static_cast<std::size_t>(tensor.shape[1]) : 0;
  const bool packed = tensor.type == ElementType::u8 && width == packed_size(n);
  if (tensor.shape.size() != 2 || (!packed && width != n))
    throw InvalidInput(
        "{}: expected states of {} variables in an array [states, {}] (packed bits: uint8 "
        "[states, {}]), found one of shape {}",
        file, size, size, packed_size(n), to_string(tensor.shape));
  const std::vector<double> values = tensor.to_doubles();
  std::vector<Spins> states(static_cast<std::size_t>(tensor.shape[0]), Spins(n));
  for (std::size_t k = 0; k < states.size(); ++k)
    for (std::size_t i = 0; i < n; ++i) {
      if (packed) {
        const auto byte = static_cast<unsigned>(values[k * width + i / kBitsPerByte]);
        states[k][i] = (byte & (0x80U >> (i % kBitsPerByte))) != 0 ? 1 : -1;
        continue;
      }
      const double value = values[k * width + i];
      if (value != 1 && value != -1 && value != 0)
        throw InvalidInput("{}: state {}, variable {}: expected 1, -1 or 0, found {}", file, k, i, value);
      states[k][i] = value == 1 ? 1 : -1;
    }
  return states;
}

}  // namespace

StatesFormat states_format_of(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".npy") return StatesFormat::npy;
  if (extension == ".json") return StatesFormat::json;
  if (extension == ".csv") return StatesFormat::csv;
  return StatesFormat::text;
}

std::string state_text(const Problem& problem, std::span<const std::int8_t> spins) {
  const char up = problem.binary() ? '1' : '+', down = problem.binary() ? '0' : '-';
  std::string text(spins.size(), down);
  for (std::size_t i = 0; i < spins.size(); ++i)
    if (spins[i] > 0) text[i] = up;
  return text;
}

std::string states_text(const Problem& problem, std::span<const Solution> solutions, StatesFormat format) {
  if (format == StatesFormat::npy) return packed_states(solutions, problem.size());
  if (format == StatesFormat::json) return states_json(problem, solutions).dump(1) + "\n";
  std::string text;
  TextSink sink([&](std::string_view block) { text += block; });
  const bool is_csv = format == StatesFormat::csv;
  sink.line(is_csv ? "objective,energy,occurrences,state" : "# state objective occurrences");
  for (const Solution& solution : solutions) {
    const double objective = problem.objective(solution.energy);
    if (is_csv) {
      sink.put(objective), sink.put(","), sink.put(solution.energy), sink.put(",");
      sink.put(solution.occurrences), sink.put(","), sink.put(state_text(problem, solution.spins));
      sink.put("\n");
    } else {
      sink.line(state_text(problem, solution.spins), objective, solution.occurrences);
    }
  }
  sink.flush();
  return text;
}

void write_states(const std::filesystem::path& path, const Problem& problem,
                  std::span<const Solution> solutions) {
  write_file_atomically(path, states_text(problem, solutions, states_format_of(path)));
}

std::vector<Spins> parse_states(std::span<const std::byte> bytes, std::string_view file, Index size) {
  if (size < 1) throw InvalidInput("{}: states of {} variables", file, size);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x93NUMPY")) return parse_npy_states(bytes, file, size);
  return parse_text_states(text, file, size);
}

std::vector<Spins> read_states(const std::filesystem::path& path, Index size) {
  const MappedFile file(path);
  return parse_states(file.bytes(), path.native(), size);
}

}  // namespace lehr::spin
