#include "lehr/core/zip.hpp"

#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "lehr/core/inflate.hpp"
#include "tests/core/deflated.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::bytes_of;
using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

// A raw deflate stream of the text.
std::string deflated(std::string_view text) { return test::deflated(text, -MAX_WBITS); }

std::string stored_archive(const std::vector<std::pair<std::string, std::string>>& members) {
  const TemporaryFolder folder;
  std::vector<ZipContent> contents;
  for (const auto& [name, text] : members) contents.push_back({name, {bytes_of(text)}});
  write_stored_zip(folder / "x.zip", contents);
  return test::content_of(folder / "x.zip");
}

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string refusal(const std::string& archive) {
  return message_of<InvalidInput>([&] {
    const ZipArchive zip(bytes_of(archive), "t.zip");
    for (const ZipMember& member : zip.members()) zip.read(member, kNoLimit);
  });
}

// Overwrites bytes of the first entry in the central directory.
std::string with_central(std::string archive, std::size_t offset, std::string_view bytes) {
  return archive.replace(archive.find("PK\1\2") + offset, bytes.size(), bytes);
}

TEST(Zip, StoredMembersReadBack) {
  const std::string archive = stored_archive({{"a", "hello"}, {"b", ""}});
  const ZipArchive zip(bytes_of(archive), "t.zip");
  ASSERT_EQ(zip.members().size(), 2U);
  EXPECT_EQ(zip.members()[1].name, "b");
  EXPECT_EQ(text_of(zip.read(zip.members()[0], 5)), "hello");
  EXPECT_TRUE(zip.read(zip.members()[1], 0).empty());
  EXPECT_THAT(message_of<InvalidInput>([&] { zip.read(zip.members()[0], 4); }),
              HasSubstr("member 'a': unpacks to 5 bytes, more than the limit of 4"));
}

TEST(Zip, ACommentMayFollow) {
  std::string archive = stored_archive({{"a", "hello"}});
  archive[archive.size() - 2] = 7;
  archive += "comment";
  EXPECT_EQ(ZipArchive(bytes_of(archive), "t").members().size(), 1U);
}

TEST(Zip, Zip64SizesAreRead) {
  // The central entry's sizes are moved into a zip64 extra field of 20 bytes, behind its name.
  std::string archive = stored_archive({{"a", "hello"}});
  archive = with_central(archive, 20, std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff", 8));
  archive = with_central(archive, 30, std::string_view("\x14\0", 2));
  const std::string extra("\1\0\x10\0\5\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0", 20);
  archive.insert(archive.find("PK\1\2") + 46 + 1, extra);
  const ZipArchive zip(bytes_of(archive), "t");
  EXPECT_EQ(text_of(zip.read(zip.members().at(0), kNoLimit)), "hello");
}

TEST(Zip, DamagedArchivesAreRefused) {
  const std::string archive = stored_archive({{"a", "hello"}});
  EXPECT_EQ(refusal(""), "t.zip: not a zip archive, or cut off: it has no end record");
  for (std::size_t length = 0; length < archive.size(); ++length)
    EXPECT_THROW(ZipArchive(bytes_of(archive.substr(0, length)), "t"), InvalidInput) << length;
  std::string flipped = archive;
  flipped[archive.find("hello")] ^= 1;
  EXPECT_EQ(refusal(flipped), "t.zip: member 'a': the checksum (CRC-32) is wrong");
  EXPECT_EQ(refusal(with_central(archive, 8, "\1")), "t.zip: member 'a': is encrypted");
  EXPECT_THAT(refusal(with_central(archive, 10, "\x0c")), HasSubstr("member 'a': compression method 12"));
  EXPECT_THAT(refusal(with_central(archive, 24, "\6")), HasSubstr("stored in 5 bytes, 6 are declared"));
  EXPECT_THAT(refusal(with_central(archive, 20, "\x7f")), HasSubstr("expected 127 bytes of a member's data"));
  EXPECT_THAT(refusal(with_central(archive, 42, "\3")), HasSubstr("no local header at byte 3"));
  EXPECT_THAT(refusal(with_central(archive, 46, "x")), HasSubstr("another name"));
  std::string many = archive;
  many.replace(archive.rfind("PK\5\6") + 8, 4, "\xfe\xff\xfe\xff");
  EXPECT_THAT(refusal(many), HasSubstr("65534 members are declared"));
}

TEST(Zip, BombsAreRefusedBeforeTheyUnpack) {
  std::string bomb = stored_archive({{"a", deflated(std::string(1000, 'x'))}});
  bomb = with_central(bomb, 10, "\x08");
  bomb = with_central(bomb, 24, std::string_view("\0\0\0\x7f", 4));  // declares 2 GB
  EXPECT_THAT(refusal(bomb), HasSubstr("cannot unpack to the declared 2130706432"));
  bomb = with_central(bomb, 24, std::string_view("\x0a\0\0\0", 4));  // declares 10 bytes
  EXPECT_THAT(refusal(bomb), HasSubstr("unpacks to more than the 10 bytes"));
}

TEST(Inflate, UnpacksExactlyTheDeclaredSize) {
  std::string text;
  for (int i = 0; i < 50000; ++i) text += std::to_string(i);
  const std::string packed = deflated(text);
  EXPECT_EQ(text_of(inflate_raw(bytes_of(packed), text.size(), "t")), text);
  EXPECT_TRUE(inflate_raw(bytes_of(deflated("")), 0, "t").empty());
  const auto refused = [](std::string_view stream, std::uint64_t size) {
    return message_of<InvalidInput>([&] { inflate_raw(bytes_of(stream), size, "t"); });
  };
  EXPECT_THAT(refused(packed, text.size() + 1), HasSubstr("t: unpacks to"));
  EXPECT_THAT(refused(packed, text.size() - 1), HasSubstr("t: unpacks to more than"));
  EXPECT_EQ(refused(packed.substr(0, packed.size() - 1), text.size()),
            "t: the compressed data end too early");
  EXPECT_EQ(refused("", 1), "t: the compressed data end too early");
  EXPECT_THAT(refused("\xff\xff\xff", 5), HasSubstr("t: the compressed data are damaged"));
}

TEST(Inflate, GzipFilesMayHaveSeveralMembersAndALimit) {
  const TemporaryFolder folder;
  const std::string path = (folder / "x.gz").string();
  for (const char* text : {"hello ", "world"}) {
    gzFile file = gzopen(path.c_str(), "ab");
    gzputs(file, text);
    gzclose(file);
  }
  const std::string packed = test::content_of(path);
  EXPECT_TRUE(is_gzip(packed));
  EXPECT_EQ(gunzip(packed, 11, "t"), "hello world");
  EXPECT_EQ(message_of<InvalidInput>([&] { gunzip(packed, 10, "t"); }),
            "t: unpacks to more than the limit of 10 bytes");
  EXPECT_THAT(message_of<InvalidInput>([&] { gunzip(packed + "x", 99, "t"); }),
              HasSubstr("t: the compressed data"));
}

// A part of no bytes may have no address; zlib's checksum starts anew for it.
TEST(Zip, PartsWithoutBytesKeepTheChecksum) {
  const TemporaryFolder folder;
  write_stored_zip(folder / "x.zip", std::vector<ZipContent>{{"a", {bytes_of("text"), {}}}});
  const std::string archive = test::content_of(folder / "x.zip");
  const ZipArchive zip(bytes_of(archive), "x.zip");
  const std::vector<std::byte> content = zip.read(zip.members()[0], kNoLimit);
  EXPECT_TRUE(std::ranges::equal(content, bytes_of("text")));
}

}  // namespace
}  // namespace lehr
