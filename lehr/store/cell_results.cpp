// What a cell leaves behind, and the trials of a search.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "lehr/core/json.hpp"
#include "lehr/store/implementation.hpp"

namespace lehr::store {

void bind_double(SQLite::Statement& statement, int index, double value) {
  const bool changes = std::isnan(value) || (value == 0 && std::signbit(value));
  statement.bind(index, value);
  if (changes)
    statement.bind(index + 1, std::bit_cast<std::int64_t>(value));
  else
    statement.bind(index + 1);
}

double get_double(SQLite::Statement& statement, int index) {
  if (!statement.getColumn(index + 1).isNull())
    return std::bit_cast<double>(statement.getColumn(index + 1).getInt64());
  if (statement.getColumn(index).isNull()) return std::numeric_limits<double>::quiet_NaN();
  return statement.getColumn(index).getDouble();
}

namespace {

// Ends the lease with `state`; false when it is void.
bool settle(SQLite::Database& database, const Lease& lease, CellState state, std::string_view message,
            double seconds) {
  SQLite::Statement update(database,
                           "UPDATE seeds SET state = ?, message = ?, seconds = ? "
                           "WHERE id = ? AND leases = ? AND state = 'running'");
  update.bind(1, name(state));
  update.bind(2, std::string(message));
  update.bind(3, seconds);
  update.bind(4, lease.cell);
  update.bind(5, lease.number);
  return update.exec() == 1;
}

void write_metrics(SQLite::Database& database, std::int64_t cell, const CellResult& result) {
  SQLite::Statement insert(
      database, "INSERT OR IGNORE INTO metrics(cell, position, name, value, bits) VALUES(?, ?, ?, ?, ?)");
  int position = 0;
  for (const auto& [metric, value] : result.metrics) {
    insert.bind(1, cell);
    insert.bind(2, position++);
    insert.bind(3, metric);
    bind_double(insert, 4, value);
    insert.exec();
    insert.reset();
  }
}

void write_traces(SQLite::Database& database, std::int64_t cell, const CellResult& result) {
  SQLite::Statement insert(database, "INSERT INTO traces(cell, position, columns, data) VALUES(?, ?, ?, ?)");
  int position = 0;
  for (const TraceBatch& batch : result.traces) {
    insert.bind(1, cell);
    insert.bind(2, position++);
    insert.bind(3, Json(batch.columns).dump());
    insert.bind(4, static_cast<const void*>(batch.values.data()),
                static_cast<int>(batch.values.size() * sizeof(double)));
    insert.exec();
    insert.reset();
  }
}

void write_artifacts(SQLite::Database& database, std::int64_t cell, const CellResult& result) {
  SQLite::Statement insert(database,
                           "INSERT INTO artifacts(cell, position, name, extension, path, content) "
                           "VALUES(?, ?, ?, ?, ?, ?)");
  int position = 0;
  for (const Artifact& artifact : result.artifacts) {
    insert.bind(1, cell);
    insert.bind(2, position++);
    insert.bind(3, artifact.name);
    insert.bind(4, artifact.extension);
    insert.bind(5, artifact.path);
    insert.bind(6, static_cast<const void*>(artifact.content.data()),
                static_cast<int>(artifact.content.size()));
    insert.exec();
    insert.reset();
  }
}

void write_report(SQLite::Database& database, std::int64_t cell, const CellResult& result) {
  SQLite::Statement insert(database, "INSERT INTO reports(cell, report) VALUES(?, ?)");
  insert.bind(1, cell);
  insert.bind(2, result.report);
  insert.exec();
}

std::vector<std::pair<std::string, double>> read_metrics(SQLite::Database& database, std::int64_t cell) {
  SQLite::Statement query(database, "SELECT name, value, bits FROM metrics WHERE cell = ? ORDER BY position");
  query.bind(1, cell);
  std::vector<std::pair<std::string, double>> metrics;
  while (query.executeStep()) metrics.emplace_back(query.getColumn(0).getString(), get_double(query, 1));
  return metrics;
}

std::vector<TraceBatch> read_traces(SQLite::Database& database, std::int64_t cell) {
  SQLite::Statement query(database, "SELECT columns, data FROM traces WHERE cell = ? ORDER BY position");
  query.bind(1, cell);
  std::vector<TraceBatch> traces;
  while (query.executeStep()) {
    TraceBatch& batch = traces.emplace_back();
    for (const Json& column : parse_json(query.getColumn(0).getString(), "trace columns"))
      batch.columns.push_back(column.is_string() ? column.get<std::string>() : column.dump());
    const SQLite::Column data = query.getColumn(1);
    batch.values.resize(static_cast<std::size_t>(data.getBytes()) / sizeof(double));
    if (!batch.values.empty())
      std::memcpy(batch.values.data(), data.getBlob(), batch.values.size() * sizeof(double));
  }
  return traces;
}

std::vector<Artifact> read_artifacts(SQLite::Database& database, std::int64_t cell) {
  SQLite::Statement query(
      database, "SELECT name, extension, content, path FROM artifacts WHERE cell = ? ORDER BY position");
  query.bind(1, cell);
  std::vector<Artifact> artifacts;
  while (query.executeStep())
    artifacts.push_back({query.getColumn(0).getString(), query.getColumn(1).getString(),
                         query.getColumn(2).getString(), query.getColumn(3).getString()});
  return artifacts;
}

}  // namespace

bool Store::finish(const Lease& lease, const CellResult& result) {
  return implementation_->write([&](SQLite::Database& database) {
    if (!settle(database, lease, CellState::done, "", result.seconds)) return false;
    write_metrics(database, lease.cell, result);
    write_traces(database, lease.cell, result);
    write_artifacts(database, lease.cell, result);
    write_report(database, lease.cell, result);
    return true;
  });
}

bool Store::fail(const Lease& lease, std::string_view message, double seconds) {
  return implementation_->write([&](SQLite::Database& database) {
    return settle(database, lease, CellState::failed, message, seconds);
  });
}

CellResult Store::result(std::int64_t cell) const {
  return implementation_->with([&](SQLite::Database& database) {
    CellResult result;
    result.metrics = read_metrics(database, cell);
    result.traces = read_traces(database, cell);
    result.artifacts = read_artifacts(database, cell);
    SQLite::Statement report(database,
                             "SELECT report, seconds FROM seeds LEFT JOIN reports ON cell = id WHERE id = ?");
    report.bind(1, cell);
    if (!report.executeStep()) throw InvalidInput("{}: no cell {}", implementation_->file.string(), cell);
    result.report = report.getColumn(0).getString();
    result.seconds = report.getColumn(1).getDouble();
    return result;
  });
}

std::vector<MetricRecord> Store::metrics(std::int64_t run) const {
  return implementation_->with([&](SQLite::Database& database) {
    SQLite::Statement query(database,
                            "SELECT arms.name, seed, metrics.name, value, bits FROM metrics "
                            "JOIN seeds ON seeds.id = metrics.cell JOIN arms ON arms.id = seeds.arm "
                            "WHERE run = ? AND state = 'done' "
                            "ORDER BY arms.position, seeds.position, metrics.position");
    query.bind(1, run);
    std::vector<MetricRecord> records;
    while (query.executeStep())
      records.push_back({query.getColumn(0).getString(), unsigned_seed(query.getColumn(1).getInt64()),
                         query.getColumn(2).getString(), get_double(query, 3)});
    return records;
  });
}

std::vector<Artifact> Store::artifacts(std::int64_t cell) const {
  return implementation_->with([&](SQLite::Database& database) { return read_artifacts(database, cell); });
}

void Store::add_trial(std::int64_t run, const Trial& trial) {
  implementation_->write([&](SQLite::Database& database) {
    SQLite::Statement insert(database,
                             "INSERT OR IGNORE INTO trials(run, number, value, objective, bits, message) "
                             "VALUES(?, ?, ?, ?, ?, ?)");
    insert.bind(1, run);
    insert.bind(2, trial.number);
    insert.bind(3, trial.value);
    bind_double(insert, 4, trial.objective);
    insert.bind(6, trial.message);
    return insert.exec();
  });
}

std::vector<Trial> Store::trials(std::int64_t run) const {
  return implementation_->with([&](SQLite::Database& database) {
    SQLite::Statement query(
        database, "SELECT number, value, objective, bits, message FROM trials WHERE run = ? ORDER BY number");
    query.bind(1, run);
    std::vector<Trial> trials;
    while (query.executeStep())
      trials.push_back({query.getColumn(0).getInt64(), query.getColumn(1).getString(), get_double(query, 2),
                        query.getColumn(4).getString()});
    return trials;
  });
}

}  // namespace lehr::store
