// Runs the command as a person or a script would: exit code, output, one-line errors.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "tests/core/child_process.hpp"

namespace lehr::test {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Outcome {
  int code = -1;
  std::string out, err;
};

inline std::string content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class CommandLine : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              (std::string("lehr_command_") + test->name() + "_" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Runs `lehr ARGUMENTS` in the test's folder.
  Outcome lehr(const std::string& arguments) const { return outcome(exit_status(start(arguments))); }

  // A child that runs `lehr ARGUMENTS`.
  pid_t start(const std::string& arguments) const {
    return in_child([&] { become(arguments); });
  }

  // The status of a run that is killed a moment after it next writes `checkpoint`, so that each run gets further on any machine.
  int killed_after_a_save(const std::string& arguments, const fs::path& checkpoint, Waits& waits) const {
    std::error_code absent;
    const auto before = fs::last_write_time(checkpoint, absent);
    const pid_t child = start(arguments);
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      const auto now = fs::last_write_time(checkpoint, absent);
      if (!absent && now != before) {
        waits.wait();
        kill(child, SIGKILL);
        return exit_status(child);
      }
      usleep(500);
    }
    return code_of(status);
  }

  // What a run with --json printed, without its time.
  static std::string result(const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    Json json = Json::parse(outcome.out);
    EXPECT_GT(json["seconds"].get<double>(), 0);
    json.erase("seconds");
    return json.dump();
  }

  // Runs the command once in peace, then up to `most` times until it is killed after a save, and to the end: what is printed and
  // what stands in the file that `option` names are the same. The command must take --json.
  void expect_kills_change_nothing(const std::string& command, const std::string& option, int most) {
    const std::string whole = result(lehr(command + " --out whole " + option + " whole.txt"));
    Waits waits(11, 0, 20'000);
    const std::string again = command + " --out cut " + option + " cut.txt --resume --save-every 0.02";
    const fs::path checkpoint = folder_ / "cut" / "checkpoint.safetensors";
    int kills = 0;
    while (kills < most && killed_after_a_save(again, checkpoint, waits) == killed) ++kills;
    EXPECT_GT(kills, 0);
    EXPECT_EQ(result(lehr(again)), whole);
    EXPECT_EQ(content(folder_ / "cut.txt"), content(folder_ / "whole.txt"));
    EXPECT_FALSE(content(folder_ / "cut.txt").empty());
    EXPECT_FALSE(fs::exists(checkpoint));
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  void expect_one_line_error(const std::string& arguments, const std::string& part) const {
    const Outcome outcome = lehr(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << "\n" << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  }

  fs::path folder_;

 private:
  // Turns this process into `lehr ARGUMENTS`, with its outputs in the files `out` and `err` of the folder.
  void become(const std::string& arguments) const {
    const std::string command =
        "cd '" + folder_.string() + "' && exec '" LEHR_COMMAND "' " + arguments + " >out 2>err </dev/null";
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    throw std::runtime_error("/bin/sh cannot be run");
  }
  Outcome outcome(int code) const { return {code, content(folder_ / "out"), content(folder_ / "err")}; }
};

}  // namespace lehr::test
