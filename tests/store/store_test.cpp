#include "lehr/store/store.hpp"

#include <unistd.h>

#include <bit>
#include <limits>

#include "lehr/core/errors.hpp"
#include "tests/core/child_process.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::store {
namespace {

// A folder of its own for each test, removed at the end.
class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("lehr-store-{}-{}", getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~StoreTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file(const std::string& name = "store.sqlite") const { return folder_ / name; }

  std::filesystem::path folder_;
};

RunRecord record_of(int arms, int seeds) {
  RunRecord record{"glass", "A title", R"({"task":"spin.solve"})", {}};
  for (int a = 0; a < arms; ++a) {
    ArmRecord& arm = record.arms.emplace_back(ArmRecord{fmt::format("arm{}", a), "spin.solve", "{}", {}});
    for (int s = 1; s <= seeds; ++s) arm.seeds.push_back(static_cast<std::uint64_t>(s));
  }
  return record;
}

std::vector<std::string> names_of(const RunRecord& record) {
  std::vector<std::string> names;
  for (const ArmRecord& arm : record.arms) names.push_back(arm.name);
  return names;
}

// Metrics that a reader can recompute from the cell's name.
CellResult result_of(const Lease& lease) {
  CellResult result;
  const double base = static_cast<double>(lease.seed) / 3.0;
  for (int i = 0; i < 20; ++i) result.metrics.emplace_back(fmt::format("m{}", i), base + i);
  result.traces.push_back({{"step", "loss"}, std::vector<double>(200, base)});
  result.report = fmt::format(R"({{"arm":"{}"}})", lease.arm);
  return result;
}

// Works on cells until none is left, as a process of a study does.
void work_until_done(const std::filesystem::path& file, const RunRecord& record) {
  Store store = Store::open(file);
  const std::int64_t run = store.add_run(record);
  const Owner owner = this_process();
  while (true) {
    const LeaseAnswer answer = store.lease_next(run, names_of(record), owner);
    if (answer.status == LeaseAnswer::Status::none) return;
    if (answer.status == LeaseAnswer::Status::wait)
      usleep(1000);
    else
      store.finish(answer.lease, result_of(answer.lease));
  }
}

void expect_complete(const std::filesystem::path& file, const RunRecord& record) {
  const Store store = Store::open_existing(file);
  EXPECT_EQ(store.integrity_check(), "ok");
  const auto run = store.find_run(record.study);
  ASSERT_TRUE(run.has_value());
  std::size_t cells = 0;
  for (const Cell& cell : store.cells(*run)) {
    EXPECT_EQ(cell.state, CellState::done);
    const CellResult result = store.result(cell.id);
    const CellResult expected = result_of({cell.id, 1, cell.arm, cell.seed});
    EXPECT_EQ(result.metrics, expected.metrics);
    EXPECT_EQ(result.traces, expected.traces);
    EXPECT_EQ(result.report, expected.report);
    ++cells;
  }
  EXPECT_EQ(cells, record.arms.size() * record.arms.front().seeds.size());
}

TEST_F(StoreTest, GivesBackARunAsItWasWritten) {
  RunRecord record = record_of(2, 3);
  record.arms[1].seeds = {7, std::numeric_limits<std::uint64_t>::max()};
  {
    Store store = Store::open(file());
    EXPECT_EQ(store.add_run(record), store.add_run(record));
  }
  const Store store = Store::open_existing(file());
  const RunRecord read = store.run(store.find_run("glass").value());
  EXPECT_EQ(read.title, record.title);
  EXPECT_EQ(read.definition, record.definition);
  ASSERT_EQ(read.arms.size(), 2U);
  EXPECT_EQ(read.arms[0].seeds, record.arms[0].seeds);
  EXPECT_EQ(read.arms[1].seeds, record.arms[1].seeds);
  EXPECT_FALSE(store.find_run("other").has_value());
}

TEST_F(StoreTest, KeepsEveryBitOfADouble) {
  const std::vector<double> values = {0.1,
                                      1.0,
                                      0.0,
                                      -0.0,
                                      5e-324,
                                      std::numeric_limits<double>::max(),
                                      std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity(),
                                      std::numeric_limits<double>::quiet_NaN(),
                                      std::bit_cast<double>(0xfff8000000001234ULL),
                                      9007199254740993.0,
                                      -1e300};
  Store store = Store::open(file());
  const std::int64_t run = store.add_run(record_of(1, 1));
  const LeaseAnswer answer = store.lease_next(run, {"arm0"}, this_process());
  ASSERT_EQ(answer.status, LeaseAnswer::Status::granted);
  CellResult result;
  for (std::size_t i = 0; i < values.size(); ++i)
    result.metrics.emplace_back(fmt::format("m{}", i), values[i]);
  result.traces.push_back({{"x"}, values});
  ASSERT_TRUE(store.finish(answer.lease, result));
  for (std::size_t i = 0; i < values.size(); ++i)
    store.add_trial(run, {static_cast<std::int64_t>(i), "1", values[i], ""});

  const auto same_bits = [](double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  };
  const CellResult read = store.result(answer.lease.cell);
  const auto records = store.metrics(run);
  const auto trials = store.trials(run);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_TRUE(same_bits(read.metrics[i].second, values[i])) << i;
    EXPECT_TRUE(same_bits(read.traces[0].values[i], values[i])) << i;
    EXPECT_TRUE(same_bits(records[i].value, values[i])) << i;
    EXPECT_TRUE(same_bits(trials[i].objective, values[i])) << i;
  }
}

TEST_F(StoreTest, KeepsArtifactsAndTheFirstOfEqualMetrics) {
  Store store = Store::open(file());
  const std::int64_t run = store.add_run(record_of(1, 1));
  const Lease lease = store.lease_next(run, {"arm0"}, this_process()).lease;
  CellResult result;
  result.metrics = {{"loss", 1}, {"loss", 2}};
  result.artifacts = {{"schedule", "txt", std::string("a\0b\xff", 4), ""},
                      {"model", "bin", "", "arm0/1/model.bin"}};
  ASSERT_TRUE(store.finish(lease, result));
  const CellResult read = store.result(lease.cell);
  EXPECT_EQ(read.metrics, (std::vector<std::pair<std::string, double>>{{"loss", 1}}));
  ASSERT_EQ(read.artifacts.size(), 2U);
  EXPECT_EQ(read.artifacts[0].content, result.artifacts[0].content);
  EXPECT_EQ(read.artifacts[1].path, "arm0/1/model.bin");
}

TEST_F(StoreTest, LeasesEachCellOnceAndInOrder) {
  Store store = Store::open(file());
  const std::int64_t run = store.add_run(record_of(2, 2));
  const Owner owner = this_process();
  const std::vector<std::string> arms = {"arm1", "arm0"};
  std::vector<std::pair<std::string, std::uint64_t>> order;
  std::vector<Lease> leases;
  while (true) {
    const LeaseAnswer answer = store.lease_next(run, arms, owner);
    if (answer.status != LeaseAnswer::Status::granted) {
      EXPECT_EQ(answer.status, LeaseAnswer::Status::wait);
      break;
    }
    leases.push_back(answer.lease);
    order.emplace_back(answer.lease.arm, answer.lease.seed);
  }
  EXPECT_EQ(order, (std::vector<std::pair<std::string, std::uint64_t>>{
                       {"arm1", 1}, {"arm1", 2}, {"arm0", 1}, {"arm0", 2}}));
  store.release(leases[1]);
  const LeaseAnswer again = store.lease_next(run, arms, owner);
  ASSERT_EQ(again.status, LeaseAnswer::Status::granted);
  EXPECT_EQ(again.lease.cell, leases[1].cell);
  EXPECT_FALSE(store.finish(leases[1], {})) << "a lease that was given back is void";
  EXPECT_TRUE(store.fail(again.lease, "energy is nan at step 3"));
  EXPECT_FALSE(store.fail(again.lease, "twice"));
  for (const std::size_t i : {0, 2, 3}) EXPECT_TRUE(store.finish(leases[i], {}));
  EXPECT_EQ(store.lease_next(run, arms, owner).status, LeaseAnswer::Status::none);
  EXPECT_EQ(store.cells(run)[3].state, CellState::failed);
  EXPECT_EQ(store.cells(run)[3].message, "energy is nan at step 3");
}

TEST_F(StoreTest, HandsOnTheCellOfADeadProcess) {
  const RunRecord record = record_of(1, 1);
  ASSERT_EQ(test::exit_status(test::in_child([&] {
              Store store = Store::open(file());
              store.lease_next(store.add_run(record), {"arm0"}, this_process());
            })),
            0);
  Store store = Store::open(file());
  const std::int64_t run = store.find_run("glass").value();
  EXPECT_EQ(store.cells(run).front().state, CellState::running);
  EXPECT_EQ(store.lease_next(run, {"arm0"}, this_process()).status, LeaseAnswer::Status::granted);
}

TEST_F(StoreTest, KnowsDeadOwners) {
  const Owner self = this_process();
  EXPECT_FALSE(is_dead(self, 1e9)) << "here the process table decides";
  Owner reused = self;
  reused.started += 1;
  EXPECT_TRUE(is_dead(reused, 0)) << "the process number now belongs to another process";
  Owner elsewhere = self;
  elsewhere.machine = "elsewhere";
  EXPECT_FALSE(is_dead(elsewhere, 1));
  EXPECT_TRUE(is_dead(elsewhere, heartbeat_patience + 1));
}

TEST_F(StoreTest, KeepsTheFirstOfEqualTrialsAndRemovesWithTheRun) {
  Store store = Store::open(file());
  const std::int64_t run = store.add_run(record_of(1, 1));
  store.add_trial(run, {1, "0.5", 3, ""});
  store.add_trial(run, {0, "0.25", 4, "diverged"});
  store.add_trial(run, {1, "0.75", 5, ""});
  const auto trials = store.trials(run);
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(trials[0].message, "diverged");
  EXPECT_EQ(trials[1].value, "0.5");
  store.remove_run(run);
  EXPECT_TRUE(store.runs().empty());
  EXPECT_TRUE(store.trials(run).empty());
  EXPECT_TRUE(store.cells(run).empty());
}

TEST_F(StoreTest, RefusesFilesThatAreNoStore) {
  const auto message_for = [&](const std::string& name) -> std::string {
    return test::message_of<IoError>([&] { Store::open(file(name)); });
  };
  std::ofstream(file("text.sqlite")) << std::string(4096, 'x');
  EXPECT_EQ(message_for("text.sqlite"), file("text.sqlite").string() + ": not a Lehr store");
  const std::string other = file("other.sqlite").string();
  { Store store = Store::open(other); }
  std::fstream bytes(other, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(68);  // application_id in SQLite's header
  bytes.write("abcd", 4);
  bytes.close();
  EXPECT_EQ(message_for("other.sqlite"), other + ": not a Lehr store");
  EXPECT_NE(message_for("missing/folder/x.sqlite"), "");
  EXPECT_THROW(Store::open_existing(file("absent.sqlite")), IoError);
  EXPECT_FALSE(std::filesystem::exists(file("absent.sqlite")));
}

TEST_F(StoreTest, RefusesANewerVersion) {
  { Store store = Store::open(file()); }
  std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(60);  // user_version, big-endian
  bytes.write("\0\0\0\x63", 4);
  bytes.close();
  try {
    Store::open(file());
    FAIL();
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("written by a newer Lehr (store version 99"), std::string::npos);
  }
}

TEST_F(StoreTest, FourProcessesFinishAllCellsOnce) {
  const RunRecord record = record_of(4, 25);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) children.push_back(test::in_child([&] { work_until_done(file(), record); }));
  for (const pid_t child : children) EXPECT_EQ(test::exit_status(child), 0);
  expect_complete(file(), record);
}

TEST_F(StoreTest, StaysWholeWhenWritersAreKilled) {
  const RunRecord record = record_of(8, 100);
  test::Waits waits(12345, 1000, 16000);
  int kills = 0;
  for (int round = 0; round < 40; ++round) {
    if (test::status_after_kill([&] { work_until_done(file(), record); }, waits) == test::killed) ++kills;
    ASSERT_EQ(Store::open(file()).integrity_check(), "ok");
  }
  EXPECT_GT(kills, 5);
  work_until_done(file(), record);
  expect_complete(file(), record);
}

}  // namespace
}  // namespace lehr::store
