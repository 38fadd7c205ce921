// The tables of a store and their versions.
#pragma once

namespace SQLite {
class Database;
}

namespace lehr::store {

// Marks the file as Lehr's (SQLite's application_id): "Lehr" in ASCII.
inline constexpr int application_id = 0x4c656872;
inline constexpr int schema_version = 1;

// Makes the tables in an empty file, or brings older ones up to schema_version, in one transaction. Throws
// InvalidInput ("not a Lehr store", "written by a newer Lehr") and SQLite::Exception.
void migrate(SQLite::Database& database);

// Throws InvalidInput unless the file is a Lehr store of this version.
void check_schema(SQLite::Database& database);

}  // namespace lehr::store
