#include "lehr/core/worker.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <utility>

#include "lehr/core/child_process.hpp"
#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

using WorkerClock = std::chrono::steady_clock;

constexpr std::size_t longest_answer = std::size_t{256} << 20;
constexpr int cannot_execute = 126, not_found = 127;  // the shell's exit statuses

// The last line that is not blank, for messages.
std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  const std::size_t begin = text.find_last_of('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

}  // namespace

void WorkerOptions::describe(OptionTable& table) {
  table.add("command", command, "what the shell runs: a program that answers JSON lines");
  table.add("processes", processes, "copies of the worker that run side by side").range(1, 1024);
  table.add("batch", batch, "items in one line; 1: a line per item, without \"items\"").range(1, 1e6);
  table.add("timeout", timeout, "silence after which a line has failed").unit("s").above(0);
  table.add("retries", retries, "how often an item is asked again after it failed").range(0, 1000);
}

// One call of `ask` and the processes that answer it.
class Worker::Pool {
 public:
  Pool(WorkerOptions options, std::filesystem::path base)
      : options_(std::move(options)), base_(std::move(base)) {
    describe(options_).read(describe(options_).values(), "worker");  // ranges
    if (options_.command.find_first_not_of(" \t") == std::string::npos)
      throw InvalidInput("worker.command: the command is empty");
    seats_.resize(static_cast<std::size_t>(options_.processes));
  }

  std::vector<WorkerAnswer> ask(std::string_view op, const std::vector<Json>& items, const Check& check);

  WorkerCounts counts;
  std::string last_failure;

 private:
  // Items that go out in one line, and how often they went before.
  struct Line {
    std::vector<std::size_t> items;
    std::int64_t attempt = 0;
  };
  // A place for a process, and the line that it works on.
  struct Seat {
    ChildProcess process;
    bool has_answered = false;  // this process, ever
    bool busy = false;
    Line line;
    std::int64_t id = 0;
    std::string to_send, received, errors;
    std::size_t sent = 0;
    WorkerClock::time_point deadline;
  };
  enum class Failure { timeout, end, violation };

  void hand_out(Seat& seat, std::string_view op, const std::vector<Json>& items);
  void wait_and_serve();
  void serve(Seat& seat, const pollfd* streams);
  void take_answer(Seat& seat);
  void read_answer(const Seat& seat, const Json& answer);
  void settle(std::size_t item, std::int64_t attempt, const Json& answer);
  void fail_line(Seat& seat, Failure kind, std::string why);
  void fail_item(std::size_t item, std::int64_t attempt, const std::string& why);
  std::string describe_end(Seat& seat, int status) const;

  WorkerOptions options_;
  std::filesystem::path base_;
  std::vector<Seat> seats_;
  std::int64_t next_id_ = 1;
  // Of the call in progress:
  std::deque<Line> waiting_;
  std::vector<WorkerAnswer> answers_;
  std::size_t open_ = 0;  // items without an answer or a failure
  const Check* check_ = nullptr;
};

std::vector<WorkerAnswer> Worker::Pool::ask(std::string_view op, const std::vector<Json>& items,
                                            const Check& check) {
  answers_.assign(items.size(), {});
  open_ = items.size();
  check_ = &check;
  counts.items += static_cast<std::int64_t>(items.size());
  waiting_.clear();
  for (std::size_t i = 0; i < items.size();) {
    Line line;
    for (; i < items.size() && line.items.size() < static_cast<std::size_t>(options_.batch); ++i)
      line.items.push_back(i);
    waiting_.push_back(std::move(line));
  }
  while (open_ > 0) {
    for (Seat& seat : seats_)
      if (!seat.busy && !waiting_.empty()) hand_out(seat, op, items);
    wait_and_serve();
  }
  return std::move(answers_);
}

void Worker::Pool::hand_out(Seat& seat, std::string_view op, const std::vector<Json>& items) {
  if (!seat.process.running()) {
    seat.process = ChildProcess(options_.command, base_);
    seat.has_answered = false;
    seat.received.clear();
    seat.errors.clear();
  }
  seat.line = std::move(waiting_.front());
  waiting_.pop_front();
  seat.id = next_id_++;
  Json question{{"id", seat.id}, {"op", op}};
  if (options_.batch == 1) {
    question.update(items[seat.line.items.front()]);
  } else {
    question["items"] = Json::array();
    for (const std::size_t item : seat.line.items) question["items"].push_back(items[item]);
  }
  seat.to_send = question.dump() + "\n";
  seat.sent = 0;
  seat.busy = true;
  seat.deadline = WorkerClock::now() + std::chrono::duration_cast<WorkerClock::duration>(
                                           std::chrono::duration<double>(std::min(options_.timeout, 1e8)));
  ++counts.lines;
}

void Worker::Pool::wait_and_serve() {
  std::vector<pollfd> streams;
  WorkerClock::time_point first = WorkerClock::time_point::max();
  for (const Seat& seat : seats_) {
    if (!seat.busy) continue;
    const bool sending = seat.sent < seat.to_send.size();
    streams.push_back({sending ? seat.process.input() : -1, POLLOUT, 0});
    streams.push_back({seat.process.output(), POLLIN, 0});
    streams.push_back({seat.process.errors(), POLLIN, 0});
    first = std::min(first, seat.deadline);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - WorkerClock::now()).count();
  const int ready =
      ::poll(streams.data(), streams.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000)));
  if (ready < 0 && errno != EINTR) throw IoError(options_.command, "poll failed");
  std::size_t next = 0;
  for (Seat& seat : seats_) {
    if (!seat.busy) continue;
    if (ready > 0) serve(seat, &streams[next]);
    next += 3;
    if (seat.busy && WorkerClock::now() >= seat.deadline)
      fail_line(seat, Failure::timeout, fmt::format("no answer within {:g} s", options_.timeout));
  }
}

void Worker::Pool::serve(Seat& seat, const pollfd* streams) {
  bool ended = false;
  if (streams[0].revents != 0) {
    const long written = seat.process.write(std::string_view(seat.to_send).substr(seat.sent));
    if (written < 0) seat.sent = seat.to_send.size();  // it reads no more; its output says how it ended
    if (written > 0) seat.sent += static_cast<std::size_t>(written);
  }
  if (streams[2].revents != 0) {
    ChildProcess::read(seat.process.errors(), seat.errors);
    if (seat.errors.size() > 8192) seat.errors.erase(0, seat.errors.size() - 4096);
  }
  if (streams[1].revents != 0) {
    ended = !ChildProcess::read(seat.process.output(), seat.received);
    take_answer(seat);
  }
  if (ended && seat.busy) {
    ChildProcess::read(seat.process.errors(), seat.errors);
    const int status = seat.process.stop(true);
    fail_line(seat, Failure::end, describe_end(seat, status));
  }
}

std::string Worker::Pool::describe_end(Seat& seat, int status) const {
  const std::string said = last_line(seat.errors);
  if (!seat.has_answered && (status == not_found || status == cannot_execute))
    throw InvalidInput("worker.command: cannot run {}{}", quote(options_.command, 80),
                       said.empty() ? "" : ": " + quote(said, 120));
  std::string text = status > 128 ? fmt::format("the worker was ended by signal {}", status - 128)
                                  : fmt::format("the worker ended with status {}", status);
  if (!said.empty()) text += ": " + quote(said, 120);
  return text;
}

// Takes the answer where a whole line of it is there.
void Worker::Pool::take_answer(Seat& seat) {
  const std::size_t end = seat.received.find('\n');
  if (end == std::string::npos) {
    if (seat.received.size() > longest_answer)
      fail_line(seat, Failure::violation, fmt::format("an answer of more than {} MiB", longest_answer >> 20));
    return;
  }
  const std::string line = seat.received.substr(0, end);
  seat.received.erase(0, end + 1);
  Json answer;
  try {
    answer = parse_json(line, fmt::format("answer {}", seat.id));
  } catch (const InvalidInput& error) {
    return fail_line(seat, Failure::violation, fmt::format("{} in {}", error.what(), quote(line)));
  }
  if (!answer.is_object())
    return fail_line(seat, Failure::violation, fmt::format("an answer that is no object: {}", quote(line)));
  if (answer.contains("id") && answer["id"] != seat.id)
    return fail_line(
        seat, Failure::violation,
        fmt::format("an answer with id {} to the question {}", quote(answer["id"].dump()), seat.id));
  const bool listed = answer.contains("items") && answer["items"].is_array() &&
                      answer["items"].size() == seat.line.items.size();
  if (options_.batch > 1 && !listed && !answer.contains("error"))
    return fail_line(seat, Failure::violation,
                     fmt::format("an answer without \"items\" for each of {} items: {}",
                                 seat.line.items.size(), quote(line)));
  seat.has_answered = true;
  seat.busy = false;
  read_answer(seat, answer);
}

void Worker::Pool::read_answer(const Seat& seat, const Json& answer) {
  if (options_.batch == 1 || !answer.contains("items")) {
    for (const std::size_t item : seat.line.items) settle(item, seat.line.attempt, answer);
    return;
  }
  for (std::size_t k = 0; k < seat.line.items.size(); ++k)
    settle(seat.line.items[k], seat.line.attempt, answer["items"][k]);
}

void Worker::Pool::settle(std::size_t item, std::int64_t attempt, const Json& answer) {
  std::string why;
  if (!answer.is_object())
    why = "an item of the answer is no object";
  else if (answer.contains("error"))
    why = answer["error"].is_string() ? quote(answer["error"].get<std::string>(), 120)
                                      : quote(answer["error"].dump());
  else if (*check_)
    why = (*check_)(answer);
  if (why.empty()) {
    answers_[item].value = answer;
    --open_;
    return;
  }
  ++counts.refusals;
  fail_item(item, attempt, why);
}

// The process of a failed line is not to be trusted any more; its items are asked again one by one.
void Worker::Pool::fail_line(Seat& seat, Failure kind, std::string why) {
  (kind == Failure::timeout ? counts.timeouts : kind == Failure::end ? counts.ends : counts.violations) += 1;
  seat.process.stop(false);
  seat.busy = false;
  if (seat.line.items.size() > 1) {  // which of them it was is not known: the next attempt tells
    for (const std::size_t item : seat.line.items) waiting_.push_back({{item}, seat.line.attempt});
    last_failure = std::move(why);
    return;
  }
  fail_item(seat.line.items.front(), seat.line.attempt, why);
}

void Worker::Pool::fail_item(std::size_t item, std::int64_t attempt, const std::string& why) {
  last_failure = why;
  if (attempt < options_.retries) {
    waiting_.push_back({{item}, attempt + 1});
    return;
  }
  answers_[item].failure = why;
  ++counts.failures;
  --open_;
}

Worker::Worker(WorkerOptions options, std::filesystem::path base)
    : pool_(std::make_unique<Pool>(std::move(options), std::move(base))) {}
Worker::~Worker() = default;
Worker::Worker(Worker&&) noexcept = default;
Worker& Worker::operator=(Worker&&) noexcept = default;

std::vector<WorkerAnswer> Worker::ask(std::string_view op, const std::vector<Json>& items,
                                      const Check& check) {
  return pool_->ask(op, items, check);
}
const WorkerCounts& Worker::counts() const { return pool_->counts; }
const std::string& Worker::last_failure() const { return pool_->last_failure; }

}  // namespace lehr
