// What the sources of Store share; not a public header.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/store/store.hpp"

namespace lehr::store {

struct Store::Implementation {
  std::filesystem::path file;
  SQLite::Database database;
  std::mutex mutex;

  Implementation(const std::filesystem::path& path, int flags, int busy_milliseconds)
      : file(path), database(path.string(), flags, busy_milliseconds) {}

  // Runs `work(database)` while no other thread uses the connection; SQLite's errors become IoErrors of this
  // file.
  template <class Work>
  auto with(Work work) {
    const std::lock_guard lock(mutex);
    try {
      return work(database);
    } catch (const SQLite::Exception& error) {
      throw IoError(file.string(), error.what());
    }
  }

  // The same inside a transaction that holds the write lock from its start.
  template <class Work>
  auto write(Work work) {
    return with([&](SQLite::Database& open) {
      SQLite::Transaction transaction(open, SQLite::TransactionBehavior::IMMEDIATE);
      auto result = work(open);
      transaction.commit();
      return result;
    });
  }
};

// Binds `value` at `index` and, where REAL would change its bits (NaN, -0), these at index + 1.
void bind_double(SQLite::Statement& statement, int index, double value);
// The double of the columns `index` (value) and index + 1 (bits).
double get_double(SQLite::Statement& statement, int index);

inline std::int64_t signed_seed(std::uint64_t seed) { return static_cast<std::int64_t>(seed); }
inline std::uint64_t unsigned_seed(std::int64_t seed) { return static_cast<std::uint64_t>(seed); }

}  // namespace lehr::store
