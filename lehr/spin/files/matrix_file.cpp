// Matrices: Matrix Market text, SciPy's sparse .npz (csr, csc, coo) and NumPy's dense .npy. What a matrix
// means is said by the option `kind`, or by the file when Lehr wrote it: comments "% kind=qubo" and
// "% offset=c" in Matrix Market, arrays lehr_kind and lehr_offset in .npz.
#include <algorithm>

#include "lehr/core/matrix_market.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/core/zip.hpp"
#include "lehr/spin/files/formats.hpp"
#include "lehr/spin/files/matrix_entries.hpp"
#include "lehr/spin/files/quadratic_form.hpp"

namespace lehr::spin {
namespace {

struct MatrixHints {
  std::string kind;
  double constant = 0;
};

// The hints among the comments before the size line.
MatrixHints hints_of(const Source& source) {
  MatrixHints hints;
  const std::string_view text = source.text();
  for (std::size_t at = 0; at < text.size() && text[at] == '%';) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view comment = text.substr(at + 1, end - at - 1);
    hints.constant = number_in_comment(comment, "offset", source.name).value_or(hints.constant);
    comment.remove_prefix(std::min(comment.find_first_not_of(' '), comment.size()));
    constexpr std::string_view kKind = "kind=";
    if (comment.starts_with(kKind)) {
      comment.remove_prefix(kKind.size());
      hints.kind = comment.substr(0, comment.find_first_of(" \t\r"));
    }
    at = end + 1;
  }
  return hints;
}

std::vector<std::int64_t> integers(const Tensor& tensor, std::string_view array, std::string_view file) {
  constexpr std::array kIntegers = {ElementType::i8, ElementType::i16, ElementType::i32, ElementType::i64,
                                    ElementType::u8, ElementType::u16, ElementType::u32, ElementType::u64};
  if (std::ranges::find(kIntegers, tensor.type) == kIntegers.end())
    throw InvalidInput("{}: array {}: expected integers, found {}", file, array, name(tensor.type));
  std::vector<std::int64_t> result;
  for (const double value : tensor.to_doubles()) {
    if (std::abs(value) > 0x1p53)
      throw InvalidInput("{}: array {}: {} is too large for an index", file, array, value);
    result.push_back(static_cast<std::int64_t>(value));
  }
  return result;
}

// A sparse matrix in a SciPy archive.
class SparseArchive {
 public:
  explicit SparseArchive(const Source& source) : source_(source), npz_(source.bytes, source.name, kOptions) {}

  Problem read() {
    const std::vector<std::int64_t> shape = integer_array("shape");
    if (shape.size() != 2)
      throw InvalidInput("{}: array shape: expected 2 extents, found {}", source_.name, shape.size());
    MatrixEntries entries(shape[0], shape[1], 0, source_);
    const std::vector<double> data = npz_.read("data").to_doubles();
    entries.reserve(data.size());
    if (has("indptr"))
      add_compressed(entries, data, shape[0]);
    else if (has("row"))
      add_coordinates(entries, data, shape[0]);
    else
      throw InvalidInput("{}: no arrays indptr and indices (csr, csc) nor row and col (coo)", source_.name);
    return entries.problem(kind(), has("lehr_offset") ? scalar("lehr_offset") : 0);
  }

 private:
  static constexpr NpzOptions kOptions{.npy = {}, .max_bytes = std::uint64_t{1} << 32};

  bool has(std::string_view array) const {
    return std::ranges::find(npz_.names(), array) != npz_.names().end();
  }
  std::vector<std::int64_t> integer_array(std::string_view array) const {
    return integers(npz_.read(array), array, source_.name);
  }
  double scalar(std::string_view array) const {
    const std::vector<double> values = npz_.read(array).to_doubles();
    if (values.size() != 1 || !std::isfinite(values[0]))
      throw InvalidInput("{}: array {}: expected one finite number", source_.name, array);
    return values[0];
  }
  std::string kind() const {
    std::string text;
    if (!has("lehr_kind")) return text;
    for (const std::int64_t c : integer_array("lehr_kind")) text += static_cast<char>(c);
    return text;
  }
  std::int64_t checked(std::int64_t index, std::int64_t size, std::string_view array) const {
    if (index < 0 || index >= size)
      throw InvalidInput("{}: array {}: index {} of a matrix of {} rows", source_.name, array, index, size);
    return index;
  }

  // csr, and csc, which is its transpose: both triangles count alike.
  void add_compressed(MatrixEntries& entries, const std::vector<double>& data, std::int64_t size) {
    const std::vector<std::int64_t> starts = integer_array("indptr"), indices = integer_array("indices");
    const auto count = static_cast<std::int64_t>(data.size());
    if (indices.size() != data.size() || static_cast<std::int64_t>(starts.size()) != size + 1 ||
        starts.front() != 0 || starts.back() != count || !std::ranges::is_sorted(starts))
      throw InvalidInput(
          "{}: not a compressed sparse matrix: indptr must ascend from 0 to the {} elements of data, with "
          "one "
          "entry more than the {} rows, and indices must be as long as data",
          source_.name, count, size);
    for (std::int64_t i = 0; i < size; ++i)
      for (std::int64_t k = starts[static_cast<std::size_t>(i)]; k < starts[static_cast<std::size_t>(i) + 1];
           ++k)
        entries.add(i, checked(indices[static_cast<std::size_t>(k)], size, "indices"),
                    data[static_cast<std::size_t>(k)]);
  }

  void add_coordinates(MatrixEntries& entries, const std::vector<double>& data, std::int64_t size) {
    const std::vector<std::int64_t> rows = integer_array("row"), columns = integer_array("col");
    if (rows.size() != data.size() || columns.size() != data.size())
      throw InvalidInput("{}: {} elements of data, but {} of row and {} of col", source_.name, data.size(),
                         rows.size(), columns.size());
    for (std::size_t k = 0; k < data.size(); ++k)
      entries.add(checked(rows[k], size, "row"), checked(columns[k], size, "col"), data[k]);
  }

  const Source& source_;
  Npz npz_;
};

// A .npy member of text, which SciPy asks for: the matrix format in bytes, a scalar of type '|S3'.
std::string bytes_member(std::string_view text) {
  std::string header = fmt::format("{{'descr': '|S{}', 'fortran_order': False, 'shape': (), }}", text.size());
  constexpr std::size_t kBefore = 10, kAlignment = 64;
  header.append(kAlignment - (kBefore + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  std::string member("\x93NUMPY\1\0", 8);
  member += static_cast<char>(header.size() & 0xff);
  member += static_cast<char>(header.size() >> 8);
  return member + header + std::string(text);
}

struct Compressed {
  std::vector<double> data;
  std::vector<std::int32_t> indices;
  std::vector<std::int64_t> starts{0};
};

// Both triangles, rows ascending; zeros of the diagonal are left out.
Compressed compress(const IsingModel& model, const MatrixForm& form) {
  Compressed rows;
  for (Index i = 0; i < model.size(); ++i) {
    const double diagonal = form.diagonal[static_cast<std::size_t>(i)];
    bool placed = diagonal == 0;
    const auto put = [&](Index j, double value) { rows.indices.push_back(j), rows.data.push_back(value); };
    for (std::size_t k = 0; k < model.neighbours(i).size(); ++k) {
      const Index j = model.neighbours(i)[k];
      if (!placed && j > i) put(i, diagonal), placed = true;
      put(j, form.coupling_factor * model.weights(i)[k]);
    }
    if (!placed) put(i, diagonal);
    rows.starts.push_back(static_cast<std::int64_t>(rows.data.size()));
  }
  return rows;
}

}  // namespace

Problem read_mtx(const Source& source) {
  const MatrixHints hints = hints_of(source);
  const Triplets matrix = parse_matrix_market(source.text(), source.name);
  MatrixEntries entries(matrix.rows, matrix.columns, 1, source);
  entries.reserve(matrix.size());
  for (std::size_t k = 0; k < matrix.size(); ++k)
    entries.add(matrix.row[k], matrix.column[k], matrix.value[k]);
  return entries.problem(hints.kind, hints.constant);
}

void write_mtx(const Problem& problem, TextSink& sink) {
  const MatrixForm form = matrix_form(problem, sink);
  const IsingModel& model = problem.ising;
  sink.line("%%MatrixMarket matrix coordinate real symmetric");
  sink.line("% kind=" + form.kind);
  if (form.constant != 0) sink.line("% offset=" + fmt::format("{}", form.constant));
  sink.line(model.size(), model.size(), model.couplings() + count_nonzero(form.diagonal));
  for (Index i = 0; i < model.size(); ++i)
    if (const double value = form.diagonal[static_cast<std::size_t>(i)]; value != 0)
      sink.line(i + 1, i + 1, value);
  for_each_coupling(model, [&](Index i, Index j, double weight) {
    sink.line(j + 1, i + 1, form.coupling_factor * weight);
  });
}

Problem read_npz(const Source& source) { return SparseArchive(source).read(); }

std::vector<std::string> write_npz(const std::filesystem::path& path, const Problem& problem) {
  TextSink sink([](std::string_view) {});
  const MatrixForm form = matrix_form(problem, sink);
  const Compressed rows = compress(problem.ising, form);
  const auto count = static_cast<std::int64_t>(rows.data.size());
  const std::vector<std::int64_t> shape(2, problem.ising.size());
  const std::vector<std::uint8_t> kind(form.kind.begin(), form.kind.end());
  const auto kind_size = static_cast<std::int64_t>(kind.size());
  const std::string format = bytes_member("csr");
  std::vector<std::string> headers;
  std::vector<ZipContent> members;
  headers.reserve(6);
  const auto add = [&]<class T>(const char* array, std::span<const T> values, Shape extents) {
    headers.push_back(npy_header(element_type_of<T>(), extents));
    members.push_back(
        {std::string(array) + ".npy", {std::as_bytes(std::span(headers.back())), std::as_bytes(values)}});
  };
  add("indices", std::span(rows.indices), {count});
  add("indptr", std::span(rows.starts), {static_cast<std::int64_t>(rows.starts.size())});
  members.push_back({"format.npy", {std::as_bytes(std::span(format))}});
  add("shape", std::span(shape), {2});
  add("data", std::span(rows.data), {count});
  add("lehr_kind", std::span(kind), {kind_size});
  if (form.constant != 0) add("lehr_offset", std::span(&form.constant, 1), {});
  write_stored_zip(path, members);
  return sink.notes;
}

Problem read_npy(const Source& source) {
  const Tensor tensor = parse_npy(source.bytes, source.name);
  if (tensor.shape.size() != 2)
    throw InvalidInput("{}: expected a square matrix, found an array of shape {}", source.name,
                       to_string(tensor.shape));
  MatrixEntries entries(tensor.shape[0], tensor.shape[1], 0, source);
  const std::vector<double> values = tensor.to_doubles();
  const std::int64_t n = tensor.shape[0];
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j)
      if (const double value = values[static_cast<std::size_t>(i * n + j)]; value != 0)
        entries.add(i, j, value);
  return entries.problem("", 0);
}

void write_npy(const Problem& problem, TextSink& sink) {
  constexpr Index kLargest = 20000;
  const MatrixForm form = matrix_form(problem, sink);
  const IsingModel& model = problem.ising;
  if (model.size() > kLargest)
    throw InvalidInput("a dense matrix of {} spins; at most {} are written (npz holds sparse matrices)",
                       model.size(), kLargest);
  sink.note(fmt::format("read the matrix with --kind {}", form.kind));
  if (form.constant != 0)
    sink.note(fmt::format("a matrix has no constant: add {} to its values", form.constant));
  sink.put(npy_header(ElementType::f64, {model.size(), model.size()}));
  std::vector<double> row(static_cast<std::size_t>(model.size()));
  for (Index i = 0; i < model.size(); ++i) {
    std::ranges::fill(row, 0);
    row[static_cast<std::size_t>(i)] = form.diagonal[static_cast<std::size_t>(i)];
    for (std::size_t k = 0; k < model.neighbours(i).size(); ++k)
      row[static_cast<std::size_t>(model.neighbours(i)[k])] = form.coupling_factor * model.weights(i)[k];
    const auto bytes = std::as_bytes(std::span(row));
    sink.put(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
}

}  // namespace lehr::spin
