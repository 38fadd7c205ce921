// Where runs live: one SQLite file with the runs of studies, their arms and cells (arm x seed), and each
// cell's metrics, traces, artifacts and report, and the trials of a search.
//
// Several processes may work on one run at once. A cell is leased before it is worked on, its results are
// written in one transaction, and the cell of a process that died is handed to the next that asks. Every
// double comes back with the same bits, NaN and -0 included. The file is in WAL mode; a process that dies at
// any moment leaves it whole. Source of the format: https://sqlite.org/wal.html; the tables stand in
// schema.cpp.
//
// Every function throws IoError that names the file when it cannot be read or written, or is not a Lehr
// store. A Store may be used by several threads; after fork() a child must open its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lehr/core/report.hpp"
#include "lehr/store/owner.hpp"

namespace lehr::store {

struct ArmRecord {
  std::string name, task;
  std::string options;  // JSON text
  std::vector<std::uint64_t> seeds;
};

struct RunRecord {
  std::string study, title;
  std::string definition;  // JSON text of everything that the results depend on
  std::vector<ArmRecord> arms;
};

enum class CellState { pending, running, done, failed };
const char* name(CellState state);

struct Cell {
  std::int64_t id = 0;
  std::string arm;
  std::uint64_t seed = 0;
  CellState state = CellState::pending;
  std::string message;       // why it failed
  double seconds = 0;        // how long it took
  Owner owner;               // of a running cell
  double heartbeat_age = 0;  // seconds since the owner's last sign of life
};

// The right to work on a cell and to write its results; void once the cell has been handed to somebody else.
struct Lease {
  std::int64_t cell = 0;
  std::int64_t number = 0;  // counts the leases of this cell
  std::string arm;
  std::uint64_t seed = 0;
};

struct LeaseAnswer {
  enum class Status { granted, wait, none };
  Status status = Status::none;  // wait: others are at work on all cells that are left
  Lease lease;
};

// Rows of a trace that share their columns; `values` holds them row after row.
struct TraceBatch {
  std::vector<std::string> columns;
  std::vector<double> values;
  friend bool operator==(const TraceBatch&, const TraceBatch&) = default;
};

struct CellResult {
  std::vector<std::pair<std::string, double>> metrics;  // of equal names the first counts
  std::vector<TraceBatch> traces;
  std::vector<Artifact> artifacts;
  std::string report;  // JSON text of the cell's Report
  double seconds = 0;
};

// One evaluated point of a search.
struct Trial {
  std::int64_t number = 0;
  std::string value;  // JSON text of the knob's value
  double objective = 0;
  std::string message;  // why the evaluation failed, or empty
};

struct MetricRecord {
  std::string arm;
  std::uint64_t seed = 0;
  std::string name;
  double value = 0;
};

class Store {
 public:
  // Opens the store, makes it when the file does not exist or is empty, and brings an older one up to date.
  static Store open(const std::filesystem::path& file);
  // Opens a store that must exist, for reading.
  static Store open_existing(const std::filesystem::path& file);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // The number of the study's run, if there is one.
  std::optional<std::int64_t> find_run(std::string_view study) const;
  // Numbers of all runs, oldest first.
  std::vector<std::int64_t> runs() const;
  RunRecord run(std::int64_t run) const;
  // Adds a run with a pending cell per arm and seed; when the study has a run already, returns that one
  // unchanged. `prepare` is called just before a new run is added, by one process at a time.
  std::int64_t add_run(const RunRecord& record, const std::function<void()>& prepare = {});
  // Removes a run with everything that belongs to it.
  void remove_run(std::int64_t run);

  // All cells, in the order of the arms and their seeds.
  std::vector<Cell> cells(std::int64_t run) const;
  // Hands out the first cell of the named arms that is pending, or whose owner has died.
  LeaseAnswer lease_next(std::int64_t run, const std::vector<std::string>& arms, const Owner& owner);
  // Tells the others that `owner` lives; call at least every heartbeat_patience / 4 seconds.
  void heartbeat(const Owner& owner);
  // Gives a cell back undone.
  void release(const Lease& lease);
  // Writes a cell's results in one transaction. False (and nothing written) when the lease is void.
  bool finish(const Lease& lease, const CellResult& result);
  // Records that a cell cannot be computed. False when the lease is void.
  bool fail(const Lease& lease, std::string_view message, double seconds = 0);

  CellResult result(std::int64_t cell) const;
  // The metrics of all cells that are done, in the order of cells and metrics.
  std::vector<MetricRecord> metrics(std::int64_t run) const;
  std::vector<Artifact> artifacts(std::int64_t cell) const;

  // Records a trial; one that is there already stays as it is.
  void add_trial(std::int64_t run, const Trial& trial);
  std::vector<Trial> trials(std::int64_t run) const;  // by number

  // SQLite's own check of the whole file: "ok", or what is wrong.
  std::string integrity_check() const;

 private:
  struct Implementation;
  explicit Store(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace lehr::store
