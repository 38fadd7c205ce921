#include "lehr/core/npy.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>

#include "lehr/core/errors.hpp"
#include "lehr/core/json.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::bytes_of;
using test::message_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string npy(std::string_view header, std::string_view data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  const auto length = static_cast<std::uint32_t>(header.size());
  file.append(reinterpret_cast<const char*>(&length), version == 1 ? 2 : 4);
  return file.append(header).append(data);
}

std::string refusal(const std::string& file, const NpyOptions& options = {}) {
  return message_of<InvalidInput>([&] { parse_npy(bytes_of(file), "t.npy", options); });
}

void flatten(const Json& value, std::vector<double>& into) {
  if (!value.is_array())
    into.push_back(value.get<double>());
  else
    for (const Json& item : value) flatten(item, into);
}

TEST(Npy, ReadsEveryVersionAndByteOrder) {
  constexpr std::string_view kHeader = "{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }\n";
  for (const int version : {1, 2, 3}) {
    const Tensor tensor =
        parse_npy(bytes_of(npy(kHeader, std::string_view("\1\2\xff\xfe", 4), version)), "t");
    EXPECT_EQ(tensor.type, ElementType::i16);
    EXPECT_THAT(tensor.shape, ElementsAre(2));
    EXPECT_THAT(tensor.to_doubles(), ElementsAre(258, -2));
  }
}

TEST(Npy, FortranOrderBecomesCOrder) {
  // Element (i, j, k) of a 2 x 3 x 2 array holds 100 i + 10 j + k; the first axis runs fastest.
  std::string data;
  for (int k = 0; k < 2; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) data += static_cast<char>(100 * i + 10 * j + k);
  const Tensor tensor =
      parse_npy(bytes_of(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}", data)), "t");
  EXPECT_THAT(tensor.to_doubles(), ElementsAre(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121));
}

TEST(Npy, ScalarsAndEmptyArraysAreRead) {
  EXPECT_TRUE(
      parse_npy(bytes_of(npy("{'descr':'|b1','fortran_order':False,'shape':()}", "\1")), "t").shape.empty());
  EXPECT_THAT(parse_npy(bytes_of(npy("{'descr':'<f8','fortran_order':True,'shape':(0, 5)}", "")), "t").shape,
              ElementsAre(0, 5));
}

TEST(Npy, FaultyFilesAreRefused) {
  const auto header = [](std::string_view descr, std::string_view order, std::string_view shape) {
    return npy(fmt::format("{{'descr': {}, 'fortran_order': {}, 'shape': {}}}", descr, order, shape), "1234");
  };
  EXPECT_EQ(refusal(""), "t.npy: byte 0: expected 6 bytes of the npy magic string, the file ends after 0");
  EXPECT_EQ(refusal("not numpy"), "t.npy: not an npy file: it does not start with \\x93NUMPY");
  EXPECT_EQ(refusal(npy("{}", "", 4)), "t.npy: npy version 4.0 (known: 1.0, 2.0, 3.0)");
  EXPECT_THAT(refusal("\x93NUMPY\1" + std::string("\0\xff\xff{", 4)),
              HasSubstr("expected 65535 bytes of the npy header"));
  EXPECT_THAT(refusal(header("'<f4'", "False", "(2,)")),
              HasSubstr("shape [2] of '<f4' needs 8 bytes, 4 follow"));
  EXPECT_THAT(refusal(header("'<u1'", "False", "(3,)")), HasSubstr("needs 3 bytes, 4 follow"));
  EXPECT_THAT(refusal(header("'<f4'", "False", "(4294967296, 4294967296)")), HasSubstr("more than 2^63"));
  EXPECT_THAT(refusal(header("'<f4'", "False", "(99999999999999999999,)")),
              HasSubstr("array extent below 2^63"));
  EXPECT_THAT(refusal(header("'<f4'", "False", "(-1,)")), HasSubstr("array extent"));
  EXPECT_THAT(refusal(header("'<f4'", "Maybe", "(1,)")), HasSubstr("expected True or False"));
  EXPECT_THAT(refusal(header("'<c8'", "False", "()")), HasSubstr("unknown array type '<c8'"));
  EXPECT_THAT(refusal(header("'|O'", "False", "()")), HasSubstr("pickled Python objects"));
  EXPECT_THAT(refusal(header("[('a', '<f4')]", "False", "()")), HasSubstr("structured arrays"));
  EXPECT_THAT(refusal(header("'<f4", "False", "()")), HasSubstr("npy header"));
  EXPECT_THAT(refusal(npy("{'descr': '<f4', 'fortran_order': False}", "1234")),
              HasSubstr("expected the keys"));
  EXPECT_THAT(refusal(npy("{'descr': '<f4', 'descr': '<f4'}", "1234")), HasSubstr("'descr' appears twice"));
  EXPECT_THAT(refusal(npy("{'x': '<f4'}", "1234")), HasSubstr("unknown key 'x'"));
  EXPECT_THAT(refusal(npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", "1234")),
              HasSubstr("text follows"));
}

TEST(Npy, TwoVoidBytesAreBfloat16OnlyOnRequest) {
  const std::string file = npy("{'descr': '|V2', 'fortran_order': False, 'shape': (1,)}", "\x80\x3f");
  EXPECT_THAT(refusal(file), HasSubstr("option v2_is_bf16"));
  EXPECT_THAT(parse_npy(bytes_of(file), "t", {.v2_is_bf16 = true}).to_doubles(), ElementsAre(1));
}

TEST(Npy, HeadersAreAlignedAndReadBack) {
  for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 0, 5}, Shape(20000, 1)}) {
    const std::string header = npy_header(ElementType::u8, shape);
    EXPECT_EQ(header.size() % 64, 0U);
    const std::string file = header + std::string(*byte_count(ElementType::u8, shape), 'x');
    EXPECT_EQ(parse_npy(bytes_of(file), "t").shape, shape);
  }
  EXPECT_THAT(message_of<InvalidInput>([] { npy_header(ElementType::f8_e5m2, {}); }),
              HasSubstr("no type for F8_E5M2"));
}

TEST(Npz, SampleArchivesGiveTheirExpectedValues) {
  const auto data = test::shared_data("fisher-merging");
  if (data.empty()) GTEST_SKIP() << "the shared data are not here";
  const Json expected = Json::parse(test::content_of(data / "npz.expected.json"));
  for (const char* file : {"stored.npz", "deflated.npz", "fortran_be.npz"}) {
    const Npz archive(data / file);
    EXPECT_GE(archive.names().size(), 2U);
    for (const std::string& name : archive.names()) {
      std::vector<double> numbers;
      flatten(expected.at(name), numbers);
      EXPECT_EQ(archive.read(name).to_doubles(), numbers) << file << " " << name;
    }
  }
}

TEST(Npz, WrittenArchivesReadBack) {
  const TemporaryFolder folder;
  const std::vector<double> doubles = {1, 2, 3, 4, 5, 6};
  const std::vector<std::int32_t> integers = {-7};
  write_npz(folder / "x.npz", {{"a", tensor_view(std::span<const double>(doubles), {2, 3})},
                               {"b/c", tensor_view(std::span<const std::int32_t>(integers), {})}});
  const Npz archive(folder / "x.npz");
  EXPECT_THAT(archive.names(), ElementsAre("a", "b/c"));
  EXPECT_EQ(archive.read("a").to_doubles(), doubles);
  EXPECT_THAT(archive.read("a").shape, ElementsAre(2, 3));
  EXPECT_EQ(archive.read("b/c").view().elements<std::int32_t>(), integers);
  EXPECT_THAT(message_of<InvalidInput>([&] { archive.read("d"); }), HasSubstr("x.npz: no array 'd'"));

  const Npz limited(folder / "x.npz", {.max_bytes = 100});
  EXPECT_THAT(message_of<InvalidInput>([&] { limited.read("a"); }), HasSubstr("more than the limit of 100"));
}

// NumPy itself is the judge of both directions.
TEST(Npz, NumpyReadsWhatIsWrittenAndTheReverse) {
  const std::string python = test::python_with("numpy");
  if (python.empty()) GTEST_SKIP() << "NumPy is not installed";
  const TemporaryFolder folder;
  std::vector<double> doubles = {0.1, -0.0, 1e300, std::nan(""), 5, 6};
  const std::vector<std::int16_t> integers = {-7, 300};
  write_npz(folder / "ours.npz", {{"d", tensor_view(std::span<const double>(doubles), {3, 2})},
                                  {"é", tensor_view(std::span<const std::int16_t>(integers), {2})}});
  write_npy(folder / "ours.npy", tensor_view(std::span<const double>(doubles), {6}));
  test::put(folder / "check.py", R"(
import numpy as np, sys
folder = sys.argv[1] + "/"
ours = np.load(folder + "ours.npz")
d = np.array([0.1, -0.0, 1e300, np.nan, 5, 6])
assert sorted(ours.files) == ["d", "é"]
assert ours["d"].dtype == np.float64 and ours["d"].tobytes() == d.tobytes() and ours["d"].shape == (3, 2)
assert ours["é"].dtype == np.int16 and ours["é"].tolist() == [-7, 300]
assert np.load(folder + "ours.npy").tobytes() == d.tobytes()
codes = ["b1", "i1", "<i2", ">i4", "<i8", "u1", ">u2", "<u4", "<u8", "<f2", ">f4", ">f8"]
arrays = {code: np.arange(24).reshape(2, 3, 4).astype(code) for code in codes}
arrays["fortran"] = np.asfortranarray(np.arange(24.).reshape(2, 3, 4))
np.savez(folder + "theirs.npz", **arrays)
np.savez_compressed(folder + "packed.npz", **arrays)
np.save(folder + "theirs.npy", np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype(">f4")))
)");
  const std::string command =
      fmt::format("{} {} {}", python, (folder / "check.py").string(), folder.path().string());
  ASSERT_EQ(std::system(command.c_str()), 0);

  std::vector<double> count(24);
  for (std::size_t i = 0; i < count.size(); ++i) count[i] = static_cast<double>(i);
  for (const char* file : {"theirs.npz", "packed.npz"}) {
    const Npz archive(folder / file);
    EXPECT_EQ(archive.names().size(), 13U);
    for (const std::string& name : archive.names()) {
      std::vector<double> expected = count;
      if (name == "b1") std::fill(expected.begin() + 1, expected.end(), 1);
      EXPECT_EQ(archive.read(name).to_doubles(), expected) << file << " " << name;
    }
  }
  EXPECT_EQ(read_npy(folder / "theirs.npy").to_doubles(), count);
}

TEST(Npz, RepeatedArraysAreRefused) {
  const TemporaryFolder folder;
  const std::string member = npy_header(ElementType::u8, {0});
  const std::vector<ZipContent> twice = {{"a.npy", {bytes_of(member)}}, {"a.npy", {bytes_of(member)}}};
  write_stored_zip(folder / "x.npz", twice);
  EXPECT_THAT(message_of<InvalidInput>([&] { Npz archive(folder / "x.npz"); }),
              HasSubstr("the array 'a' appears twice"));
}

}  // namespace
}  // namespace lehr
