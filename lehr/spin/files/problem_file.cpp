#include "lehr/spin/files/problem_file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "lehr/core/files.hpp"
#include "lehr/spin/files/formats.hpp"

namespace lehr::spin {
namespace {

Problem read_as(Format format, const Source& source) {
  switch (format) {
    case Format::mc:
      return read_mc(source);
    case Format::qubo:
      return read_qubo(source);
    case Format::bqp:
      return read_bqp(source);
    case Format::sparse:
      return read_sparse(source);
    case Format::bqm:
      return read_bqm(source);
    case Format::coo:
      return read_coo(source);
    case Format::ising:
      return read_ising(source);
    case Format::mtx:
      return read_mtx(source);
    case Format::npz:
      return read_npz(source);
    case Format::npy:
      return read_npy(source);
    case Format::hubo:
      return read_hubo(source);
  }
  throw InvalidInput("{}: no reader for the format", source.name);
}

void write_as(Format format, const Problem& problem, TextSink& sink) {
  switch (format) {
    case Format::mc:
      return write_mc(problem, sink);
    case Format::qubo:
      return write_qubo(problem, sink);
    case Format::bqp:
      return write_bqp(problem, sink);
    case Format::sparse:
      return write_sparse(problem, sink);
    case Format::bqm:
      return write_bqm(problem, sink);
    case Format::coo:
      return write_coo(problem, sink);
    case Format::ising:
      return write_ising(problem, sink);
    case Format::mtx:
      return write_mtx(problem, sink);
    case Format::npy:
      return write_npy(problem, sink);
    case Format::hubo:
      return write_hubo(problem, sink);
    case Format::npz:
      throw InvalidInput("npz is an archive, not a text");
  }
}

// Sums of finite numbers may overflow: such a model is of no use to anybody.
void check_finite(const Problem& problem, std::string_view file) {
  double reach = std::abs(problem.shift) + std::abs(problem.ising.offset());
  for (Index i = 0; i < problem.ising.size(); ++i) reach += problem.ising.reach(i);
  if (!std::isfinite(reach))
    throw InvalidInput("{}: the weights are so large that their sum overflows", file);
}

// "bqp50.txt#3" is the third instance of bqp50.txt, unless a file has this very name.
std::optional<std::int64_t> split_instance(std::string& path) {
  const std::size_t mark = path.rfind('#');
  std::error_code ignored;
  if (mark == std::string::npos || std::filesystem::exists(path, ignored)) return std::nullopt;
  std::int64_t instance = 0;
  const char* const end = path.data() + path.size();
  const auto [stop, error] = std::from_chars(path.data() + mark + 1, end, instance);
  if (error != std::errc{} || stop != end || instance < 1) return std::nullopt;
  path.resize(mark);
  return instance;
}

}  // namespace

void ReadOptions::describe(OptionTable& table) {
  std::vector<std::string> names = format_names();
  names.insert(names.begin(), "auto");
  table.add("format", format, "format of the problem file; auto: by extension, else by content")
      .choices(std::move(names));
  table.add("kind", kind, "what a matrix file means").choices({"auto", "max_cut", "qubo", "ising"});
  table.add("vartype", vartype, "variables of a file that does not say it")
      .choices({"auto", "spin", "binary"});
  table.add("instance", instance, "which instance of a file with several, from 1; 0: the only one")
      .range(0, 1 << 30);
  table.add("strict", strict, "refuse repeated entries instead of adding them up");
}

void check_variables(std::int64_t variables, std::uint64_t bytes, std::string_view where) {
  constexpr std::uint64_t kAlways = 1 << 20;
  const std::uint64_t most = std::max(kAlways, bytes);
  if (variables < 0 || static_cast<std::uint64_t>(variables) > most)
    throw InvalidInput("{}: {} variables in a file of {} bytes; expected 0 to {}", where, variables, bytes,
                       most);
}

std::optional<double> number_in_comment(std::string_view comment, std::string_view key,
                                        std::string_view where) {
  constexpr std::string_view kBlanks = " \t\r";
  comment.remove_prefix(std::min(comment.find_first_not_of(kBlanks), comment.size()));
  if (!comment.starts_with(key) || comment.size() <= key.size() || comment[key.size()] != '=')
    return std::nullopt;
  comment.remove_prefix(key.size() + 1);
  comment = comment.substr(0, comment.find_last_not_of(kBlanks) + 1);
  double value = 0;
  const char* const end = comment.data() + comment.size();
  const auto [stop, error] = std::from_chars(comment.data(), end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value))
    throw InvalidInput("{}: {}: expected a finite number, found {}", where, key, quote(comment));
  return value;
}

Vartype vartype_of(std::string_view in_file, const Source& source) {
  const auto named = [](std::string_view text) -> std::optional<Vartype> {
    if (text == "SPIN" || text == "spin" || text == "Vartype.SPIN") return Vartype::spin;
    if (text == "BINARY" || text == "binary" || text == "Vartype.BINARY") return Vartype::binary;
    return std::nullopt;
  };
  const std::optional<Vartype> stated = named(in_file), wanted = named(source.options.vartype);
  if (!in_file.empty() && !stated)
    throw InvalidInput("{}: vartype {}: expected SPIN or BINARY", source.name, quote(in_file));
  if (stated && wanted && stated != wanted)
    throw InvalidInput("{}: the file says vartype {}, the option says {}", source.name, in_file,
                       source.options.vartype);
  if (!stated && !wanted)
    throw InvalidInput(
        "{}: the file does not say whether its variables are spins or bits: use --vartype "
        "spin or binary",
        source.name);
  return stated ? *stated : *wanted;
}

Problem parse_problem(std::span<const std::byte> bytes, std::string_view file, const ReadOptions& options) {
  const Source source{bytes, file, options};
  if (source.text().find_first_not_of(" \t\r\n") == std::string_view::npos)
    throw InvalidInput("{}: the file is empty", file);
  const auto report = [&](std::uint64_t done) {
    if (options.progress) options.progress(done, bytes.size());
  };
  try {
    report(0);
    const Format format =
        options.format == "auto" ? detect_format(bytes, file) : format_named(options.format);
    Problem problem = read_as(format, source);
    if (options.instance > 1 && format != Format::bqp)
      throw InvalidInput("{}: instance {}, but a file of format {} holds one", file, options.instance,
                         name(format));
    check_finite(problem, file);
    problem.name = std::filesystem::path(file).filename().string();
    if (options.instance > 0) problem.name += fmt::format("#{}", options.instance);
    report(bytes.size());
    return problem;
  } catch (const InvalidInput& error) {
    if (std::string_view(error.what()).starts_with(file)) throw;
    throw InvalidInput("{}: {}", file, error.what());
  }
}

Problem read_problem(const std::filesystem::path& path, const ReadOptions& options) {
  std::string file = path.string();
  ReadOptions used = options;
  if (const auto instance = split_instance(file)) used.instance = *instance;
  const MappedFile content(file);
  return parse_problem(content.bytes(), file, used);
}

std::string problem_text(const Problem& problem, Format format, std::vector<std::string>* notes) {
  std::string text;
  TextSink sink([&](std::string_view block) { text += block; });
  write_as(format, problem, sink);
  sink.flush();
  if (notes != nullptr) *notes = std::move(sink.notes);
  return text;
}

std::vector<std::string> write_problem(const std::filesystem::path& path, const Problem& problem,
                                       std::string_view format) {
  Format chosen = Format::mc;
  if (format != "auto") {
    chosen = format_named(format);
  } else if (const auto known = format_of_extension(path.string())) {
    chosen = *known;
  } else {
    throw InvalidInput("{}: no format has the extension {}; name one of {}", path.string(),
                       quote(path.extension().string()), fmt::join(format_names(), ", "));
  }
  if (chosen == Format::npz) return write_npz(path, problem);
  AtomicFile file(path);
  TextSink sink([&](std::string_view block) { file.append(block); });
  write_as(chosen, problem, sink);
  sink.flush();
  file.commit();
  return sink.notes;
}

}  // namespace lehr::spin
