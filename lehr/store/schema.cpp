#include "lehr/store/schema.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <array>

#include "lehr/core/errors.hpp"

namespace lehr::store {
namespace {

// A double that REAL would change (NaN becomes NULL, -0 becomes 0) keeps its 64 bits in the column beside it.
// Seeds are unsigned 64-bit numbers, kept as the signed number of the same bits.
constexpr const char* version_1 = R"(
CREATE TABLE runs(
  id INTEGER PRIMARY KEY,
  study TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  definition TEXT NOT NULL,
  created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')));
CREATE TABLE arms(
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  task TEXT NOT NULL,
  options TEXT NOT NULL,
  UNIQUE(run, name));
CREATE TABLE seeds(
  id INTEGER PRIMARY KEY,
  arm INTEGER NOT NULL REFERENCES arms(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending' CHECK(state IN ('pending', 'running', 'done', 'failed')),
  machine TEXT, process INTEGER, process_started INTEGER,
  heartbeat REAL,
  leases INTEGER NOT NULL DEFAULT 0,
  message TEXT NOT NULL DEFAULT '',
  seconds REAL NOT NULL DEFAULT 0,
  UNIQUE(arm, seed));
CREATE TABLE metrics(
  cell INTEGER NOT NULL REFERENCES seeds(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  value REAL, bits INTEGER,
  PRIMARY KEY(cell, position), UNIQUE(cell, name));
CREATE TABLE traces(
  cell INTEGER NOT NULL REFERENCES seeds(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  columns TEXT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY(cell, position));
CREATE TABLE artifacts(
  cell INTEGER NOT NULL REFERENCES seeds(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  extension TEXT NOT NULL,
  path TEXT NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY(cell, position));
CREATE TABLE reports(
  cell INTEGER PRIMARY KEY REFERENCES seeds(id) ON DELETE CASCADE,
  report TEXT NOT NULL);
CREATE TABLE trials(
  run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  value TEXT NOT NULL,
  objective REAL, bits INTEGER,
  message TEXT NOT NULL,
  PRIMARY KEY(run, number));
)";

// versions[i] brings a store of version i to version i + 1.
constexpr std::array<const char*, schema_version> versions = {version_1};

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(std::string("PRAGMA ") + name).getInt();
}

bool holds_tables(SQLite::Database& database) {
  return database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() > 0;
}

void check_owner(SQLite::Database& database) {
  if (pragma(database, "application_id") != application_id) throw InvalidInput("not a Lehr store");
  const int version = pragma(database, "user_version");
  if (version < 1 || version > schema_version)
    throw InvalidInput("written by a newer Lehr (store version {}, this one reads up to {})", version,
                       schema_version);
}

}  // namespace

void migrate(SQLite::Database& database) {
  if (holds_tables(database)) {
    check_owner(database);
    if (pragma(database, "user_version") == schema_version) return;
  }
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (holds_tables(database)) check_owner(database);  // another process may have been first
  for (int version = pragma(database, "user_version"); version < schema_version; ++version)
    database.exec(versions[static_cast<std::size_t>(version)]);
  database.exec(fmt::format("PRAGMA application_id = {}", application_id));
  database.exec(fmt::format("PRAGMA user_version = {}", schema_version));
  transaction.commit();
}

void check_schema(SQLite::Database& database) {
  if (!holds_tables(database)) throw InvalidInput("not a Lehr store");
  check_owner(database);
  if (const int version = pragma(database, "user_version"); version != schema_version)
    throw InvalidInput("store version {} is older than {}; open it for writing once", version,
                       schema_version);
}

}  // namespace lehr::store
