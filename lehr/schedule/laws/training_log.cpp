#include "lehr/schedule/laws/training_log.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/json.hpp"

namespace lehr::laws {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> step_names{"step",          "steps",      "global_step",         "_step",
                                          "training_step", "train_step", "trainer/global_step", "iteration",
                                          "iter",          "update",     "num_updates"};
const std::vector<std::string> lr_names{
    "lr", "learning_rate", "train/learning_rate", "train/lr", "lr-adamw", "lr-adam", "lrs"};
const std::vector<std::string> loss_names{"loss",    "train_loss", "train/loss", "training_loss",
                                          "lm_loss", "lm loss",    "value"};

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The entry of `present` that the user named, else the first of the usual names that is there, else "".
std::string choose(const std::string& named, std::span<const std::string> usual,
                   const std::vector<std::string>& present, const std::string& where) {
  if (!named.empty()) {
    if (std::ranges::find(present, named) != present.end()) return named;
    throw InvalidInput("{}: no column {}{}", where, quote(named), hint(named, present));
  }
  for (const std::string& name : usual)
    for (const std::string& column : present)
      if (lowered(column) == name) return column;
  return "";
}

std::int64_t whole_step(double value, const std::string& where) {
  if (!(value >= 0) || value > 9e15 || std::floor(value) != value)
    throw InvalidInput("{}: a step must be a whole number of at least 0, found {}", where, value);
  return static_cast<std::int64_t>(value);
}

// Rows in any order become sorted ones; of rows with the same step the last stands.
void sort_rows(TrainingLog& log) {
  std::map<std::int64_t, std::size_t> last;
  for (std::size_t i = 0; i < log.steps.size(); ++i) last[log.steps[i]] = i;
  TrainingLog sorted{log.name, {}, {}, {}};
  for (const auto& [step, i] : last) {
    sorted.steps.push_back(step);
    if (!log.lr.empty()) sorted.lr.push_back(log.lr[i]);
    if (!log.loss.empty()) sorted.loss.push_back(log.loss[i]);
  }
  log = std::move(sorted);
}

// The rows of a log made of JSON objects: those that hold the step and at least one of lr and loss.
class ObjectRows {
 public:
  ObjectRows(std::string name, const LogColumns& columns) : name_(std::move(name)), columns_(columns) {}

  void add(const Json& object, const std::string& where) {
    if (!object.is_object())
      throw InvalidInput("{}: expected an object, found {}", where, quote(object.dump()));
    const auto step = find(object, columns_.step, step_names, where);
    const auto lr = find(object, columns_.lr, lr_names, where);
    const auto loss = find(object, columns_.loss, loss_names, where);
    for (const auto& [key, value] : object.items()) seen_[key] = true;
    if (!step || !loss) return;  // evaluation and summary rows
    steps_.push_back(whole_step(*step, where));
    loss_.push_back(*loss);
    lr_.push_back(lr.value_or(std::nan("")));
  }

  TrainingLog finish() {
    std::vector<std::string> keys;
    for (const auto& [key, value] : seen_) keys.push_back(key);
    if (steps_.empty())
      throw InvalidInput(
          "{}: no row has a step and a loss (keys found: {}; name them with --columns step=..,loss=..)",
          name_, fmt::join(keys, ", "));
    TrainingLog log{name_, std::move(steps_), {}, std::move(loss_)};
    const auto missing = std::ranges::count_if(lr_, [](double lr) { return std::isnan(lr); });
    if (missing == 0)
      log.lr = std::move(lr_);
    else if (static_cast<std::size_t>(missing) != lr_.size())
      throw InvalidInput("{}: {} of {} rows have no learning rate", name_, missing, lr_.size());
    sort_rows(log);
    return log;
  }

 private:
  // The value of the column `key`. An empty key is settled by the first row that has one of the usual names,
  // so that a summary row with another name ("train_loss" after "loss") does not count.
  static std::optional<double> find(const Json& object, std::string& key, std::span<const std::string> usual,
                                    const std::string& where) {
    if (key.empty())
      for (const std::string& name : usual)
        for (const auto& [present, value] : object.items())
          if (key.empty() && lowered(present) == name && !value.is_null()) key = present;
    if (key.empty() || !object.contains(key) || object[key].is_null()) return std::nullopt;
    const Json& value = object[key];
    if (!value.is_number())
      throw InvalidInput("{}: {} must be a number, found {}", where, key, quote(value.dump(-1, ' ', true)));
    return value.get<double>();
  }

  std::string name_;
  LogColumns columns_;
  std::vector<std::int64_t> steps_;
  std::vector<double> lr_, loss_;
  std::map<std::string, bool> seen_;
};

TrainingLog parse_part(const fs::path& path, const LogColumns& columns) {
  constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;
  const std::string text = read_file(path, most_bytes), name = path.string();
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (path.extension() == ".jsonl" || path.extension() == ".ndjson")
    return parse_json_lines_log(text, name, columns);
  if (path.extension() == ".json") {
    // One object with a log_history is the Trainer's; otherwise an object a line.
    return text.find("\"log_history\"") != std::string::npos ? parse_trainer_state(text, name, columns)
                                                             : parse_json_lines_log(text, name, columns);
  }
  if (first != std::string::npos && text[first] == '{') return parse_json_lines_log(text, name, columns);
  return parse_csv_log(text, name, columns);
}

std::vector<fs::path> parts_of(const std::string& source, const fs::path& base) {
  const auto resolved = [&](const std::string& path) {
    return fs::path(path).is_absolute() ? fs::path(path) : base / path;
  };
  std::error_code error;
  if (const fs::path whole = resolved(source); fs::is_directory(whole, error)) {
    static const std::array<std::string, 5> known{".csv", ".tsv", ".jsonl", ".ndjson", ".json"};
    std::vector<fs::path> parts;
    for (const auto& entry : fs::directory_iterator(whole))
      if (entry.is_regular_file() &&
          std::ranges::find(known, entry.path().extension().string()) != known.end())
        parts.push_back(entry.path());
    if (parts.empty())
      throw InvalidInput("{}: no log files (.csv, .tsv, .jsonl, .json) in this folder", whole.string());
    std::ranges::sort(parts);
    return parts;
  } else if (fs::exists(whole, error)) {
    return {whole};
  }
  std::vector<fs::path> parts;
  for (std::size_t from = 0; from <= source.size();) {
    const std::size_t plus = std::min(source.find('+', from), source.size());
    if (plus > from) parts.push_back(resolved(source.substr(from, plus - from)));
    from = plus + 1;
  }
  return parts;
}

// `later` replaces the rows of `log` from its own first step on.
void append_part(TrainingLog& log, const TrainingLog& later, const std::string& where) {
  if (log.lr.empty() != later.lr.empty() || log.loss.empty() != later.loss.empty())
    throw InvalidInput("{}: its columns differ from those of the parts before it", where);
  const auto kept =
      static_cast<std::size_t>(std::ranges::lower_bound(log.steps, later.steps.front()) - log.steps.begin());
  const auto join = [kept](auto& rows, const auto& more) {
    rows.resize(std::min(kept, rows.size()));
    rows.insert(rows.end(), more.begin(), more.end());
  };
  join(log.steps, later.steps);
  join(log.lr, later.lr);
  join(log.loss, later.loss);
}

}  // namespace

LogColumns parse_log_columns(const std::vector<std::string>& words) {
  LogColumns columns;
  static const std::vector<std::string> known{"step", "lr", "loss"};
  for (const std::string& word : words) {
    for (std::size_t from = 0; from <= word.size();) {
      const std::size_t comma = std::min(word.find(',', from), word.size());
      const std::string pair = word.substr(from, comma - from);
      from = comma + 1;
      if (pair.empty()) continue;
      const std::size_t equals = pair.find('=');
      const std::string key = pair.substr(0, equals);
      if (equals == std::string::npos || equals + 1 == pair.size())
        throw InvalidInput("columns: expected step=NAME,lr=NAME,loss=NAME, found {}", quote(pair));
      std::string& target = key == "step" ? columns.step : key == "lr" ? columns.lr : columns.loss;
      if (std::ranges::find(known, key) == known.end())
        throw InvalidInput("columns: unknown quantity {}{}", quote(key), hint(key, known));
      target = pair.substr(equals + 1);
    }
  }
  return columns;
}

TrainingLog parse_csv_log(std::string_view text, const std::string& name, const LogColumns& columns) {
  const CsvTable table = parse_csv(text, name);
  const std::string step = choose(columns.step, step_names, table.columns, name);
  const std::string lr = choose(columns.lr, lr_names, table.columns, name);
  const std::string loss = choose(columns.loss, loss_names, table.columns, name);
  if (step.empty())
    throw InvalidInput("{}: no column of steps (columns found: {}; name it with --columns step=..)", name,
                       fmt::join(table.columns, ", "));
  if (table.rows == 0) throw InvalidInput("{}: no rows after the header", name);
  TrainingLog log{name, {}, {}, {}};
  for (const double value : table.number_column(step)) log.steps.push_back(whole_step(value, name));
  if (!lr.empty()) log.lr = table.number_column(lr);
  if (!loss.empty()) log.loss = table.number_column(loss);
  sort_rows(log);
  return log;
}

TrainingLog parse_json_lines_log(std::string_view text, const std::string& name, const LogColumns& columns) {
  ObjectRows rows(name, columns);
  std::size_t line = 0;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const std::string_view one = text.substr(from, end - from);
    from = end + 1;
    ++line;
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}:{}", name, line);
    rows.add(parse_json(one, where), where);
  }
  return rows.finish();
}

TrainingLog parse_trainer_state(std::string_view text, const std::string& name, const LogColumns& columns) {
  const Json state = parse_json(text, name);
  if (!state.is_object() || !state.contains("log_history") || !state["log_history"].is_array())
    throw InvalidInput("{}: expected an object with a list log_history", name);
  ObjectRows rows(name, columns);
  std::size_t row = 0;
  for (const Json& entry : state["log_history"])
    rows.add(entry, fmt::format("{}: log_history[{}]", name, row++));
  return rows.finish();
}

TrainingLog read_training_log(const std::string& source, const LogColumns& columns, const fs::path& base) {
  const std::vector<fs::path> parts = parts_of(source, base);
  if (parts.empty()) throw InvalidInput("a log's name is empty");
  TrainingLog log = parse_part(parts.front(), columns);
  for (std::size_t i = 1; i < parts.size(); ++i)
    append_part(log, parse_part(parts[i], columns), parts[i].string());
  const fs::path shown(source);
  log.name =
      parts.size() == 1 ? parts.front().stem().string() : (shown.has_stem() ? shown.stem().string() : source);
  return log;
}

}  // namespace lehr::laws
