#include "lehr/core/files.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::content_of;
using test::message_of;
using test::put;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::size_t entries_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST(Files, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  const std::string content("a\0b\r\n\xff", 6);
  write_file_atomically(folder / "x", content);
  EXPECT_EQ(read_file(folder / "x"), content);
  EXPECT_EQ(content_of(folder / "x"), content);
  EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST(Files, ReadingHonoursTheLimit) {
  const TemporaryFolder folder;
  put(folder / "x", "12345");
  EXPECT_EQ(read_file(folder / "x", 5), "12345");
  EXPECT_THAT(message_of<IoError>([&] { read_file(folder / "x", 4); }),
              HasSubstr("larger than the limit of 4 bytes"));
}

TEST(Files, FilesWithoutASizeAreRead) {
  EXPECT_THAT(read_file("/proc/self/status"), StartsWith("Name:"));
  EXPECT_THAT(std::string(MappedFile("/proc/self/status").text()), StartsWith("Name:"));
}

TEST(Files, ErrorsNameThePathAndTheReason) {
  const TemporaryFolder folder;
  put(folder / "x", "");
  const auto missing = folder / "missing";
  EXPECT_EQ(message_of<IoError>([&] { read_file(missing); }),
            missing.string() + ": cannot be read: No such file or directory");
  EXPECT_EQ(message_of<IoError>([&] { MappedFile file(missing); }),
            missing.string() + ": cannot be read: No such file or directory");
  EXPECT_THAT(message_of<IoError>([&] { read_file(folder / "x/y"); }), HasSubstr("Not a directory"));
  EXPECT_EQ(message_of<IoError>([&] { read_file(folder.path()); }),
            folder.path().string() + ": is a folder, a file is needed");
  EXPECT_EQ(message_of<IoError>([&] { write_file_atomically(folder.path(), ""); }),
            folder.path().string() + ": is a folder, a file is needed");
  EXPECT_EQ(message_of<IoError>([&] { write_file_atomically(folder / "no/x", ""); }),
            (folder / "no/x").string() + ": cannot be written: No such file or directory");
}

TEST(Files, AFileThatIsNotCommittedLeavesNoTrace) {
  const TemporaryFolder folder;
  put(folder / "x", "old");
  {
    AtomicFile file(folder / "x");
    file.append("new");
    EXPECT_EQ(content_of(folder / "x"), "old");
  }
  EXPECT_EQ(content_of(folder / "x"), "old");
  EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST(Files, WritersOfOneFileDoNotDisturbEachOther) {
  const TemporaryFolder folder;
  AtomicFile first(folder / "x"), second(folder / "x");
  first.append("first");
  second.append("second");
  second.commit();
  EXPECT_EQ(content_of(folder / "x"), "second");
  first.commit();
  EXPECT_EQ(content_of(folder / "x"), "first");
}

TEST(Files, WritingKeepsPermissionsAndFollowsLinks) {
  const TemporaryFolder folder;
  put(folder / "target", "old");
  std::filesystem::permissions(folder / "target", std::filesystem::perms(0640));
  std::filesystem::create_symlink("target", folder / "link");
  write_file_atomically(folder / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(content_of(folder / "target"), "new");
  EXPECT_EQ(std::filesystem::status(folder / "target").permissions(), std::filesystem::perms(0640));
}

TEST(Files, DevicesAreWrittenInPlace) {
  write_file_atomically("/dev/null", "gone");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(Files, MappedFilesSurviveMoves) {
  const TemporaryFolder folder;
  put(folder / "x", "12345");
  put(folder / "empty", "");
  MappedFile first(folder / "x");
  MappedFile second = std::move(first);
  EXPECT_EQ(second.text(), "12345");
  EXPECT_TRUE(first.text().empty());  // NOLINT(bugprone-use-after-move): a moved-from file is empty
  second = MappedFile(folder / "empty");
  EXPECT_TRUE(second.text().empty());
  second = MappedFile("/proc/self/status");
  MappedFile third = std::move(second);
  EXPECT_THAT(std::string(third.text()), StartsWith("Name:"));
}

}  // namespace
}  // namespace lehr
