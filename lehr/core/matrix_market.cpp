#include "lehr/core/matrix_market.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/number_text.hpp"

namespace lehr {
namespace {

enum class Layout { coordinate, array };
enum class Field { real, integer, pattern };
enum class Symmetry { general, symmetric, skew_symmetric };

struct Banner {
  Layout layout = Layout::coordinate;
  Field field = Field::real;
  Symmetry symmetry = Symmetry::general;
};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

class MatrixMarketParser {
 public:
  MatrixMarketParser(std::string_view text, std::string_view file) : rest_(text), file_(file) {}

  Triplets parse() {
    read_banner();
    if (!find_content_line()) refuse("expected the matrix's size, the file ends");
    if (banner_.layout == Layout::coordinate)
      read_coordinates();
    else
      read_array();
    if (find_content_line()) refuse("more elements than the size line declares");
    return std::move(matrix_);
  }

 private:
  void read_banner();
  void read_coordinates();
  void read_array();
  std::int64_t read_size() { return index("a size", 0, kLargest); }
  void add(std::int64_t i, std::int64_t j, double value);
  std::int64_t element_count_of_array() const;
  void check_room(std::int64_t count) const;

  bool find_content_line();
  void next_element_line(std::int64_t number, std::int64_t count);
  bool take_line();
  std::string_view token(std::string_view what);
  void end_line();
  std::int64_t index(std::string_view what, std::int64_t lowest, std::int64_t highest);
  double element();
  template <class Value>
  Value number(std::string_view what);
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    throw InvalidInput("{}:{}: {}", file_, line_number_, fmt::format(format, std::forward<Args>(args)...));
  }

  static constexpr std::int64_t kLargest = std::int64_t{1} << 48;

  std::string_view rest_, file_, line_;
  std::int64_t line_number_ = 0;
  Banner banner_;
  Triplets matrix_;
};

bool MatrixMarketParser::take_line() {
  if (rest_.empty()) return false;
  const std::size_t length = std::min(rest_.find('\n'), rest_.size());
  line_ = rest_.substr(0, length);
  rest_.remove_prefix(std::min(length + 1, rest_.size()));
  ++line_number_;
  return true;
}

// Goes to the next line that is neither blank nor a comment.
bool MatrixMarketParser::find_content_line() {
  while (take_line()) {
    const std::size_t first = line_.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && line_[first] != '%') return true;
  }
  return false;
}

void MatrixMarketParser::next_element_line(std::int64_t number, std::int64_t count) {
  if (!find_content_line()) refuse("expected element {} of {}, the file ends", number, count);
}

std::string_view MatrixMarketParser::token(std::string_view what) {
  const std::size_t begin = std::min(line_.find_first_not_of(" \t\r"), line_.size());
  const std::size_t end = std::min(line_.find_first_of(" \t\r", begin), line_.size());
  if (begin == end) refuse("expected {}, the line ends", what);
  const std::string_view found = line_.substr(begin, end - begin);
  line_.remove_prefix(end);
  return found;
}

void MatrixMarketParser::end_line() {
  if (const std::size_t next = line_.find_first_not_of(" \t\r"); next != std::string_view::npos)
    refuse("expected the end of the line, found {}", quote(line_.substr(next)));
}

template <class Value>
Value MatrixMarketParser::number(std::string_view what) {
  const std::string_view text = token(what);
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  Value value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size())
    refuse("expected {}, found {}", what, quote(text));
  return value;
}

std::int64_t MatrixMarketParser::index(std::string_view what, std::int64_t lowest, std::int64_t highest) {
  const auto value = number<std::int64_t>(what);
  if (value < lowest || value > highest)
    refuse("expected {} from {} to {}, found {}", what, lowest, highest, value);
  return value;
}

double MatrixMarketParser::element() {
  switch (banner_.field) {
    case Field::pattern:
      return 1;
    case Field::integer:
      return static_cast<double>(number<std::int64_t>("an integer"));
    case Field::real:
      return number<double>("a number");
  }
  return 0;
}

void MatrixMarketParser::read_banner() {
  if (!take_line() || lower_case(token("the banner '%%MatrixMarket'")) != "%%matrixmarket")
    refuse("expected the banner '%%MatrixMarket matrix ...'");
  const auto choose = [&](const char* what, const std::vector<std::string>& known) {
    const std::string found = lower_case(token(what));
    const auto at = std::find(known.begin(), known.end(), found);
    if (at == known.end()) refuse("{} {}{}", what, quote(found), hint(found, known));
    return at - known.begin();
  };
  choose("object", {"matrix"});
  banner_.layout = static_cast<Layout>(choose("layout", {"coordinate", "array"}));
  banner_.field = static_cast<Field>(choose("field", {"real", "integer", "pattern"}));
  banner_.symmetry = static_cast<Symmetry>(choose("symmetry", {"general", "symmetric", "skew-symmetric"}));
  end_line();
  if (banner_.field == Field::pattern && banner_.layout == Layout::array)
    refuse("an array cannot be a pattern");
  if (banner_.field == Field::pattern && banner_.symmetry == Symmetry::skew_symmetric)
    refuse("a pattern cannot be skew-symmetric");
}

// An element takes at least its value or two indices, each with a separator.
void MatrixMarketParser::check_room(std::int64_t count) const {
  const std::int64_t shortest = banner_.layout == Layout::array ? 2 : banner_.field == Field::pattern ? 4 : 6;
  const std::int64_t room = (static_cast<std::int64_t>(rest_.size()) + 1) / shortest;
  if (count > room) refuse("{} elements are declared, the rest of the file has room for {}", count, room);
}

void MatrixMarketParser::add(std::int64_t i, std::int64_t j, double value) {
  matrix_.add(i, j, value);
  if (banner_.symmetry == Symmetry::general || i == j) return;
  matrix_.add(j, i, banner_.symmetry == Symmetry::symmetric ? value : -value);
}

void MatrixMarketParser::read_coordinates() {
  matrix_.rows = read_size();
  matrix_.columns = read_size();
  const std::int64_t count = read_size();
  end_line();
  if (banner_.symmetry != Symmetry::general && matrix_.rows != matrix_.columns)
    refuse("a symmetric matrix must be square, found {} x {}", matrix_.rows, matrix_.columns);
  check_room(count);
  for (std::int64_t k = 0; k < count; ++k) {
    next_element_line(k + 1, count);
    const std::int64_t i = index("a row", 1, matrix_.rows);
    const std::int64_t j = index("a column", 1, matrix_.columns);
    if (banner_.symmetry != Symmetry::general && j > i)
      refuse("({}, {}) is above the diagonal; of a symmetric matrix only the lower triangle is stored", i, j);
    if (banner_.symmetry == Symmetry::skew_symmetric && i == j)
      refuse("({}, {}) is on the diagonal, which a skew-symmetric matrix has empty", i, j);
    add(i - 1, j - 1, element());
    end_line();
  }
}

std::int64_t MatrixMarketParser::element_count_of_array() const {
  std::int64_t all = 0;
  if (__builtin_mul_overflow(matrix_.rows, matrix_.columns, &all))
    refuse("{} x {} elements do not fit into memory", matrix_.rows, matrix_.columns);
  switch (banner_.symmetry) {
    case Symmetry::general:
      return all;
    case Symmetry::symmetric:
      return (all - matrix_.rows) / 2 + matrix_.rows;
    case Symmetry::skew_symmetric:
      return (all - matrix_.rows) / 2;
  }
  return all;
}

void MatrixMarketParser::read_array() {
  matrix_.rows = read_size();
  matrix_.columns = read_size();
  end_line();
  if (banner_.symmetry != Symmetry::general && matrix_.rows != matrix_.columns)
    refuse("a symmetric matrix must be square, found {} x {}", matrix_.rows, matrix_.columns);
  const std::int64_t count = element_count_of_array();
  check_room(count);
  if (count == 0) return;
  std::int64_t read = 0;
  for (std::int64_t j = 0; j < matrix_.columns; ++j) {
    const std::int64_t first = banner_.symmetry == Symmetry::general     ? 0
                               : banner_.symmetry == Symmetry::symmetric ? j
                                                                         : j + 1;
    for (std::int64_t i = first; i < matrix_.rows; ++i) {
      next_element_line(++read, count);
      add(i, j, element());
      end_line();
    }
  }
}

}  // namespace

Triplets parse_matrix_market(std::string_view text, std::string_view name) {
  return MatrixMarketParser(text, name).parse();
}

Triplets read_matrix_market(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_matrix_market(file.text(), path.native());
}

Eigen::MatrixXd to_dense(const Triplets& matrix, std::int64_t max_elements) {
  std::int64_t elements = 0;
  if (__builtin_mul_overflow(matrix.rows, matrix.columns, &elements) || elements > max_elements)
    throw InvalidInput("a dense matrix of {} x {} has more than {} elements", matrix.rows, matrix.columns,
                       max_elements);
  Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(matrix.rows, matrix.columns);
  for (std::size_t k = 0; k < matrix.size(); ++k) dense(matrix.row[k], matrix.column[k]) += matrix.value[k];
  return dense;
}

std::string matrix_market_text(const Triplets& matrix) {
  std::string text = fmt::format("%%MatrixMarket matrix coordinate real general\n{} {} {}\n", matrix.rows,
                                 matrix.columns, matrix.size());
  for (std::size_t k = 0; k < matrix.size(); ++k) {
    fmt::format_to(std::back_inserter(text), "{} {} ", matrix.row[k] + 1, matrix.column[k] + 1);
    append_number(text, matrix.value[k]);
    text += '\n';
  }
  return text;
}

std::string matrix_market_text(const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  std::string text =
      fmt::format("%%MatrixMarket matrix array real general\n{} {}\n", matrix.rows(), matrix.cols());
  for (Eigen::Index j = 0; j < matrix.cols(); ++j)
    for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
      append_number(text, matrix(i, j));
      text += '\n';
    }
  return text;
}

void write_matrix_market(const std::filesystem::path& path, const Triplets& matrix) {
  write_file_atomically(path, matrix_market_text(matrix));
}

void write_matrix_market(const std::filesystem::path& path, const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  write_file_atomically(path, matrix_market_text(matrix));
}

}  // namespace lehr
