#include "lehr/store/store.hpp"

#include <sqlite3.h>

#include <chrono>
#include <thread>

#include "lehr/store/implementation.hpp"
#include "lehr/store/schema.hpp"

namespace lehr::store {
namespace {

constexpr int busy_milliseconds = 60'000;

double seconds_since_epoch() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

CellState state_named(std::string_view text) {
  for (const CellState state : {CellState::pending, CellState::running, CellState::done, CellState::failed})
    if (text == name(state)) return state;
  throw InvalidInput("unknown cell state {}", quote(text));
}

// Changing to WAL mode is the one step in which SQLite does not wait for other processes by itself.
void set_wal_mode(SQLite::Database& database) {
  for (int attempt = 0;; ++attempt) try {
      if (database.execAndGet("PRAGMA journal_mode").getString() == "wal") return;
      if (database.execAndGet("PRAGMA journal_mode = WAL").getString() == "wal") return;
      throw InvalidInput("the file system does not allow SQLite's WAL mode");
    } catch (const SQLite::Exception& error) {
      if (error.getErrorCode() != SQLITE_BUSY || attempt == 1000) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

template <class Prepare>
auto opened(const std::filesystem::path& file, Prepare prepare) {
  try {
    return prepare();
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() == SQLITE_NOTADB) throw IoError(file.string(), "not a Lehr store");
    throw IoError(file.string(), error.what());
  } catch (const InvalidInput& error) {
    throw IoError(file.string(), error.what());
  }
}

void add_arm(SQLite::Database& database, std::int64_t run, int position, const ArmRecord& arm) {
  SQLite::Statement insert_arm(database,
                               "INSERT INTO arms(run, position, name, task, options) VALUES(?, ?, ?, ?, ?)");
  insert_arm.bind(1, run);
  insert_arm.bind(2, position);
  insert_arm.bind(3, arm.name);
  insert_arm.bind(4, arm.task);
  insert_arm.bind(5, arm.options);
  insert_arm.exec();
  const std::int64_t id = database.getLastInsertRowid();
  SQLite::Statement insert_seed(database, "INSERT INTO seeds(arm, position, seed) VALUES(?, ?, ?)");
  for (std::size_t i = 0; i < arm.seeds.size(); ++i) {
    insert_seed.bind(1, id);
    insert_seed.bind(2, static_cast<std::int64_t>(i));
    insert_seed.bind(3, signed_seed(arm.seeds[i]));
    insert_seed.exec();
    insert_seed.reset();
  }
}

std::optional<std::int64_t> run_of(SQLite::Database& database, std::string_view study) {
  SQLite::Statement query(database, "SELECT id FROM runs WHERE study = ?");
  query.bind(1, std::string(study));
  if (!query.executeStep()) return std::nullopt;
  return query.getColumn(0).getInt64();
}

Owner owner_in(SQLite::Statement& query, int index) {
  return {query.getColumn(index).getString(), query.getColumn(index + 1).getInt64(),
          query.getColumn(index + 2).getInt64()};
}

// Hands the cell to `owner`; the caller holds the write lock.
Lease grant(SQLite::Database& database, std::int64_t cell, std::int64_t number, std::string arm,
            std::uint64_t seed, const Owner& owner) {
  SQLite::Statement update(
      database,
      "UPDATE seeds SET state = 'running', machine = ?, process = ?, process_started = ?, "
      "heartbeat = ?, leases = ? WHERE id = ?");
  update.bind(1, owner.machine);
  update.bind(2, owner.process);
  update.bind(3, owner.started);
  update.bind(4, seconds_since_epoch());
  update.bind(5, number);
  update.bind(6, cell);
  update.exec();
  return {cell, number, std::move(arm), seed};
}

}  // namespace

const char* name(CellState state) {
  switch (state) {
    case CellState::pending:
      return "pending";
    case CellState::running:
      return "running";
    case CellState::done:
      return "done";
    case CellState::failed:
      return "failed";
  }
  return "pending";
}

Store::Store(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::open(const std::filesystem::path& file) {
  return opened(file, [&] {
    auto made = std::make_unique<Implementation>(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                                                 busy_milliseconds);
    migrate(made->database);
    set_wal_mode(made->database);
    // A crash of the process loses nothing in this mode; a crash of the machine at most the last
    // transactions.
    made->database.exec("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    return Store(std::move(made));
  });
}

Store Store::open_existing(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) throw IoError(file.string(), "no such file");
  return opened(file, [&] {
    auto made = std::make_unique<Implementation>(file, SQLite::OPEN_READWRITE, busy_milliseconds);
    check_schema(made->database);
    made->database.exec("PRAGMA query_only = ON");
    return Store(std::move(made));
  });
}

std::optional<std::int64_t> Store::find_run(std::string_view study) const {
  return implementation_->with([&](SQLite::Database& database) { return run_of(database, study); });
}

std::vector<std::int64_t> Store::runs() const {
  return implementation_->with([](SQLite::Database& database) {
    std::vector<std::int64_t> ids;
    SQLite::Statement query(database, "SELECT id FROM runs ORDER BY id");
    while (query.executeStep()) ids.push_back(query.getColumn(0).getInt64());
    return ids;
  });
}

RunRecord Store::run(std::int64_t run) const {
  return implementation_->with([&](SQLite::Database& database) {
    SQLite::Statement query(database, "SELECT study, title, definition FROM runs WHERE id = ?");
    query.bind(1, run);
    if (!query.executeStep()) throw InvalidInput("{}: no run {}", implementation_->file.string(), run);
    RunRecord record{
        query.getColumn(0).getString(), query.getColumn(1).getString(), query.getColumn(2).getString(), {}};
    SQLite::Statement rows(
        database,
        "SELECT arms.name, task, options, seed FROM arms LEFT JOIN seeds ON seeds.arm = arms.id "
        "WHERE run = ? ORDER BY arms.position, seeds.position");
    rows.bind(1, run);
    while (rows.executeStep()) {
      const std::string arm = rows.getColumn(0).getString();
      if (record.arms.empty() || record.arms.back().name != arm)
        record.arms.push_back({arm, rows.getColumn(1).getString(), rows.getColumn(2).getString(), {}});
      if (!rows.getColumn(3).isNull())
        record.arms.back().seeds.push_back(unsigned_seed(rows.getColumn(3).getInt64()));
    }
    return record;
  });
}

std::int64_t Store::add_run(const RunRecord& record, const std::function<void()>& prepare) {
  return implementation_->write([&](SQLite::Database& database) {
    if (const auto present = run_of(database, record.study)) return *present;
    if (prepare) prepare();
    SQLite::Statement insert(database, "INSERT INTO runs(study, title, definition) VALUES(?, ?, ?)");
    insert.bind(1, record.study);
    insert.bind(2, record.title);
    insert.bind(3, record.definition);
    insert.exec();
    const std::int64_t run = database.getLastInsertRowid();
    int position = 0;
    for (const ArmRecord& arm : record.arms) add_arm(database, run, position++, arm);
    return run;
  });
}

void Store::remove_run(std::int64_t run) {
  implementation_->write([&](SQLite::Database& database) {
    SQLite::Statement remove(database, "DELETE FROM runs WHERE id = ?");
    remove.bind(1, run);
    return remove.exec();
  });
}

std::vector<Cell> Store::cells(std::int64_t run) const {
  return implementation_->with([&](SQLite::Database& database) {
    SQLite::Statement query(
        database,
        "SELECT seeds.id, name, seed, state, message, seconds, machine, process, process_started, "
        "heartbeat FROM seeds JOIN arms ON seeds.arm = arms.id WHERE run = ? "
        "ORDER BY arms.position, seeds.position");
    query.bind(1, run);
    std::vector<Cell> cells;
    while (query.executeStep())
      cells.push_back({query.getColumn(0).getInt64(), query.getColumn(1).getString(),
                       unsigned_seed(query.getColumn(2).getInt64()),
                       state_named(query.getColumn(3).getString()), query.getColumn(4).getString(),
                       query.getColumn(5).getDouble(), owner_in(query, 6),
                       seconds_since_epoch() - query.getColumn(9).getDouble()});
    return cells;
  });
}

LeaseAnswer Store::lease_next(std::int64_t run, const std::vector<std::string>& arms, const Owner& owner) {
  return implementation_->write([&](SQLite::Database& database) -> LeaseAnswer {
    LeaseAnswer answer;
    SQLite::Statement query(
        database,
        "SELECT seeds.id, leases, seed, state, machine, process, process_started, heartbeat "
        "FROM seeds JOIN arms ON seeds.arm = arms.id "
        "WHERE run = ? AND name = ? AND state IN ('pending', 'running') ORDER BY seeds.position");
    for (const std::string& arm : arms) {
      query.reset();
      query.bind(1, run);
      query.bind(2, arm);
      while (query.executeStep()) {
        const bool running = query.getColumn(3).getString() == "running";
        if (running && !is_dead(owner_in(query, 4), seconds_since_epoch() - query.getColumn(7).getDouble())) {
          answer.status = LeaseAnswer::Status::wait;
          continue;
        }
        const std::int64_t cell = query.getColumn(0).getInt64(), number = query.getColumn(1).getInt64() + 1;
        const std::uint64_t seed = unsigned_seed(query.getColumn(2).getInt64());
        return {LeaseAnswer::Status::granted, grant(database, cell, number, arm, seed, owner)};
      }
    }
    return answer;
  });
}

void Store::heartbeat(const Owner& owner) {
  implementation_->write([&](SQLite::Database& database) {
    SQLite::Statement update(
        database,
        "UPDATE seeds SET heartbeat = ? WHERE state = 'running' AND machine = ? AND process = ? "
        "AND process_started = ?");
    update.bind(1, seconds_since_epoch());
    update.bind(2, owner.machine);
    update.bind(3, owner.process);
    update.bind(4, owner.started);
    return update.exec();
  });
}

void Store::release(const Lease& lease) {
  implementation_->write([&](SQLite::Database& database) {
    SQLite::Statement update(
        database, "UPDATE seeds SET state = 'pending' WHERE id = ? AND leases = ? AND state = 'running'");
    update.bind(1, lease.cell);
    update.bind(2, lease.number);
    return update.exec();
  });
}

std::string Store::integrity_check() const {
  return implementation_->with([](SQLite::Database& database) {
    std::string problems;
    SQLite::Statement query(database, "PRAGMA integrity_check");
    while (query.executeStep()) problems += (problems.empty() ? "" : "; ") + query.getColumn(0).getString();
    return problems;
  });
}

}  // namespace lehr::store
