#include "lehr/core/csv.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string refusal(std::string_view text, const CsvOptions& options = {}) {
  return message_of<InvalidInput>([&] { parse_csv(text, "t.csv", options); });
}

TEST(Csv, ReadsColumnsByName) {
  const CsvTable table = parse_csv("step,loss,note\n0,1.5,start\n1,-2e-3,\n", "t.csv");
  EXPECT_THAT(table.columns, ElementsAre("step", "loss", "note"));
  EXPECT_EQ(table.rows, 2U);
  EXPECT_TRUE(table.has_column("loss"));
  EXPECT_FALSE(table.has_column("Loss"));
  EXPECT_THAT(table.number_column("step"), ElementsAre(0, 1));
  EXPECT_THAT(table.number_column("loss"), ElementsAre(1.5, -0.002));
  EXPECT_THAT(table.text_column("note"), ElementsAre("start", ""));
}

TEST(Csv, ReadsQuotesByRfc4180) {
  const CsvTable table =
      parse_csv("\"a,b\",\"c\"\"d\"\r\n\"x\r\ny\",\"\"\"\"\r\n\"1.5\",5\" pipe\r\n", "t.csv");
  EXPECT_THAT(table.columns, ElementsAre("a,b", "c\"d"));
  EXPECT_THAT(table.text_column("a,b"), ElementsAre("x\r\ny", "1.5"));
  EXPECT_THAT(table.text_column("c\"d"), ElementsAre("\"", "5\" pipe"));
}

TEST(Csv, SkipsMarksCommentsAndBlankLines) {
  const CsvTable table = parse_csv("\xEF\xBB\xBF# made by x\n\n#,;,\n a , b\n\n1,2\n\n#3,4", "t.csv");
  EXPECT_THAT(table.columns, ElementsAre("a", "b"));
  EXPECT_THAT(table.text_column("a"), ElementsAre("1", "#3"));
  EXPECT_THAT(table.text_column("b"), ElementsAre("2", "4"));
}

TEST(Csv, DetectsTheSeparatorFromTheHeader) {
  EXPECT_THAT(parse_csv("a;b\n1;2\n", "t").number_column("b"), ElementsAre(2));
  EXPECT_THAT(parse_csv("a\tb\n1\t2\n", "t").number_column("b"), ElementsAre(2));
  EXPECT_THAT(parse_csv("\"a,b,c\";d;e\n1;2;3\n", "t").number_column("d"), ElementsAre(2));
  EXPECT_THAT(parse_csv("a\n1\n2\n", "t").number_column("a"), ElementsAre(1, 2));
  EXPECT_THAT(parse_csv("a|b\n1|2\n", "t", {.separator = '|'}).number_column("b"), ElementsAre(2));
}

TEST(Csv, NumbersDoNotDependOnTheLocale) {
  const CsvTable table =
      parse_csv("x\n +1.25 \n1e308\n4.9406564584124654e-324\nnan\n-inf\nInfinity\n0.1\nNA\n", "t.csv");
  const std::vector<double> x = table.number_column("x");
  ASSERT_EQ(x.size(), 8U);
  EXPECT_EQ(x[0], 1.25);
  EXPECT_EQ(x[1], 1e308);
  EXPECT_EQ(x[2], std::numeric_limits<double>::denorm_min());
  EXPECT_TRUE(std::isnan(x[3]));
  EXPECT_EQ(x[4], -kInfinity);
  EXPECT_EQ(x[5], kInfinity);
  EXPECT_EQ(x[6], 0.1);
  EXPECT_TRUE(std::isnan(x[7]));
}

TEST(Csv, MissingNumbersAreNanOrRefused) {
  const CsvTable table = parse_csv("a,b\n1,\n2,3\n", "t.csv");
  EXPECT_TRUE(std::isnan(table.number_column("b")[0]));
  EXPECT_EQ(message_of<InvalidInput>([&] { table.number_column("b", MissingCells::refuse); }),
            "t.csv:2: column 'b': expected a number, found an empty cell");
}

TEST(Csv, FaultyNumbersNameLineAndColumn) {
  const CsvTable table = parse_csv("# c\nx,note\n1,\"two\nlines\"\n\nabc,n\n1e999,n\n1 2,n\n", "file.csv");
  EXPECT_EQ(message_of<InvalidInput>([&] { table.number_column("x"); }),
            "file.csv:6: column 'x': expected a number, found 'abc'");
  EXPECT_EQ(message_of<InvalidInput>([&] { parse_csv("x\n1e999\n", "f").number_column("x"); }),
            "f:2: column 'x': expected a number in the range of doubles, found '1e999'");
  EXPECT_EQ(message_of<InvalidInput>([&] { parse_csv("x\n1 2\n", "f").number_column("x"); }),
            "f:2: column 'x': expected a number, found '1 2'");
  EXPECT_THAT(message_of<InvalidInput>([&] { table.number_column("nots"); }),
              HasSubstr("did you mean 'note'?"));
}

TEST(Csv, RefusesBrokenTables) {
  EXPECT_EQ(refusal(""), "t.csv:1: expected a header with the columns' names, the file ends");
  EXPECT_EQ(refusal("# only\n\n"), "t.csv:3: expected a header with the columns' names, the file ends");
  EXPECT_EQ(refusal("1.5,2\n3,4\n"),
            "t.csv:1: expected a header with the columns' names, found numbers only ('1.5')");
  EXPECT_EQ(refusal("a,b\n1,2\n1,2,3\n"), "t.csv:3: expected 2 fields as in the header, found 3");
  EXPECT_EQ(refusal("a,b\n1,2\n\n7\n"), "t.csv:4: expected 2 fields as in the header, found 1");
  EXPECT_EQ(refusal("a,b\n1,\"2\n3,4\n"), "t.csv:2: the quote that opens here is never closed");
  EXPECT_EQ(refusal("a,b\n\"1\"x,2\n"), "t.csv:2: expected a separator after a quoted cell, found 'x'");
  EXPECT_EQ(refusal("a,b,a\n"), "t.csv:1: column 'a' appears twice in the header");
  EXPECT_EQ(refusal(std::string_view("a,b\n1,\0\n", 8)),
            "t.csv:2: a NUL byte at byte 6: not a text file in UTF-8");
  EXPECT_THAT(refusal("a\n" + std::string((1 << 20) + 1, 'x')),
              HasSubstr("t.csv:2: the line is longer than"));
  EXPECT_THAT(refusal("a,b\n" + std::string(1 << 20, 'x') + ",y"),
              HasSubstr("t.csv:2: the line is longer than"));
}

TEST(Csv, HeadersMayBeIndicesOrMissing) {
  EXPECT_THAT(parse_csv(",0,1\n0,5,6\n", "t").number_column("1"), ElementsAre(6));
  EXPECT_THAT(parse_csv("0,1\n5,6\n", "t").number_column("1"), ElementsAre(6));
  const CsvTable table = parse_csv("5.1,3\n4.9,2\n", "t", {.header = false});
  EXPECT_THAT(table.columns, ElementsAre("0", "1"));
  EXPECT_THAT(table.number_column("0"), ElementsAre(5.1, 4.9));
  EXPECT_EQ(parse_csv("", "t", {.header = false}).rows, 0U);
  EXPECT_EQ(refusal("1,2\n3\n", {.header = false}),
            "t.csv:2: expected 2 fields as in the first row, found 1");
}

TEST(Csv, LastLineNeedsNoEnd) {
  EXPECT_THAT(parse_csv("a,b\n1,", "t").text_column("b"), ElementsAre(""));
  EXPECT_THAT(parse_csv("a,b\n1,2\r", "t").number_column("b"), ElementsAre(2));
  EXPECT_THAT(parse_csv("a,b\n1,\"2\"", "t").number_column("b"), ElementsAre(2));
}

TEST(Csv, WrittenTablesReadBackBitForBit) {
  const TemporaryFolder folder;
  const std::vector<double> numbers = {0.1, -0.0, 1e300, 5e-324, 1.0 / 3, -kInfinity, 12345678901234567.0};
  const std::vector<std::string> texts = {"plain", "", "a,b", "say \"hi\"", "two\nlines", " padded ", "#5"};
  const std::vector<CsvColumn> columns = {{"#x", numbers}, {"t, or \"text\"", texts}};
  write_csv(folder / "x.csv", columns);
  const CsvTable table = read_csv(folder / "x.csv");
  EXPECT_THAT(table.columns, ElementsAre("#x", "t, or \"text\""));
  EXPECT_EQ(table.number_column("#x"), numbers);
  EXPECT_TRUE(std::signbit(table.number_column("#x")[1]));
  EXPECT_EQ(table.text_column("t, or \"text\""), texts);
  EXPECT_EQ(csv_text(std::vector<CsvColumn>{{"x", std::vector<double>{0.1, -std::nan("")}}}),
            "x\n0.1\nnan\n");
}

TEST(Csv, ColumnsOfDifferentLengthsAreNotWritten) {
  const std::vector<CsvColumn> columns = {{"a", std::vector<double>{1}}, {"b", std::vector<double>{}}};
  EXPECT_EQ(message_of<InvalidInput>([&] { csv_text(columns); }),
            "csv: column 'b' has 0 rows, column 'a' has 1");
}

TEST(Csv, ReadsCompressedFiles) {
  const TemporaryFolder folder;
  const std::string path = (folder / "x.csv.gz").string();
  gzFile file = gzopen(path.c_str(), "wb");
  gzputs(file, "a,b\n1,2\n");
  gzclose(file);
  EXPECT_THAT(read_csv(path).number_column("b"), ElementsAre(2));

  const std::string whole = test::content_of(path);
  test::put(folder / "cut.csv.gz", whole.substr(0, whole.size() - 9));
  EXPECT_THAT(message_of<InvalidInput>([&] { read_csv(folder / "cut.csv.gz"); }),
              HasSubstr("cut.csv.gz: the compressed data end too early"));
}

TEST(Csv, LongLogsAreReadWhole) {
  std::string text = "step,lr,loss\n";
  for (int i = 0; i < 24000; ++i) text += fmt::format("{},{},{}\n", i, 0.001 / (i + 1), 3.0 / (i + 2));
  const CsvTable table = parse_csv(text, "log.csv");
  ASSERT_EQ(table.rows, 24000U);
  EXPECT_EQ(table.number_column("step")[23999], 23999);
  EXPECT_EQ(table.number_column("loss")[12345], 3.0 / 12347);
}

}  // namespace
}  // namespace lehr
