#include "lehr/stats/rashomon/labelled_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lehr/core/errors.hpp"
#include "tests/stats/rashomon/tables.hpp"

namespace lehr::stats {
namespace {

using lehr::test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;

std::string repeated(const std::string& header, const std::string& a, const std::string& b, int times = 6) {
  std::string text = header;
  for (int k = 0; k < times; ++k) text += a + b;
  return text;
}

TEST(LabelledTable, NumbersAndCategories) {
  const auto table = parse_labelled_table(
      "size,colour,shape,y\n1.5,red,round,no\n2,green,flat,yes\n3,blue,flat,no\n4,red,flat,no\n5,red,flat,"
      "yes\n"
      "6,red,flat,no\n7,red,round,no\n8,red,flat,no\n9,red,flat,no\n10,red,flat,no\n",
      "t.csv");
  EXPECT_THAT(table.features,
              ElementsAre("size", "colour=blue", "colour=green", "colour=red", "shape=round"));
  EXPECT_THAT(table.classes, ElementsAre("no", "yes"));
  EXPECT_EQ(table.labels[1], 1);
  EXPECT_EQ(table.values(0, 0), 1.5);
  EXPECT_EQ(table.values(1, 2), 1);
  EXPECT_EQ(table.values(0, 4), 1);
  EXPECT_TRUE(table.is_binary(1));
  EXPECT_FALSE(table.is_binary(0));
}

struct Dialect {
  const char* name;
  const char *header, *first, *second;
};
void PrintTo(const Dialect& dialect, std::ostream* out) { *out << dialect.name; }
class Dialects : public testing::TestWithParam<Dialect> {};

// However it is written, it is two features and two classes.
TEST_P(Dialects, AreUnderstood) {
  const auto& [name, header, first, second] = GetParam();
  const auto table = parse_labelled_table(repeated(header, first, second), "t.csv");
  EXPECT_EQ(table.features.size(), 2u);
  EXPECT_EQ(table.classes.size(), 2u);
  EXPECT_EQ(table.records(), 12);
  EXPECT_EQ(table.values(0, 0), 1.5);
  EXPECT_EQ(table.values(1, 0), -2);
}

INSTANTIATE_TEST_SUITE_P(
    All, Dialects,
    testing::Values(
        Dialect{"commas", "a,b,c\n", "1.5,3,no\n", "-2,4,yes\n"},
        Dialect{"semicolons and decimal commas", "a;b;c\n", "1,5;3;no\n", "-2;4;yes\n"},
        Dialect{"tabs", "a\tb\tc\n", "1.5\t3\tno\n", "-2\t4\tyes\n"},
        Dialect{"blanks", "", "  1.5   3  1\n", " -2     4  2\n"},
        Dialect{"no header", "", "1.5,3,no\n", "-2,4,yes\n"},
        Dialect{"numbers only", "", "1.5,3,0\n", "-2,4,1\n"},
        Dialect{"scikit-learn", "12,2,no,yes\n", "1.5,3,0\n", "-2,4,1\n"},
        Dialect{"scikit-learn, as many cells", "12,2,other\n", "1.5,3,0\n", "-2,4,1\n"},
        Dialect{"scikit-learn with names", "12,2,,\n\"a\",\"b\",\"c\"\n", "1.5,3,0\n", "-2,4,1\n"},
        Dialect{"pandas without names", "0,1,2\n", "1.5,3,no\n", "-2,4,yes\n"},
        Dialect{"target in front", "y,a,b\n", "no,1.5,3\n", "yes,-2,4\n"},
        Dialect{"quotes, blanks and CRLF", "\"a\", b ,\"c\"\r\n", "1.5, 3,\"no\"\r\n", "-2,4, yes\r\n"},
        Dialect{"separator at the end", "a,b,c,\n", "1.5,3,no,\n", "-2,4,yes,\n"},
        Dialect{"equal names", "a,a,c\n", "1.5,3,no\n", "-2,4,yes\n"},
        Dialect{"a constant column", "a,b,k,c\n", "1.5,3,5,no\n", "-2,4,5,yes\n"},
        Dialect{"byte order mark and comment", "\xEF\xBB\xBF# made by hand\na,b,c\n", "1.5,3,no\n",
                "-2,4,yes\n"}));

TEST(LabelledTable, ColumnOfRecordNumbersIsLeftOut) {
  std::string text = "id,x,y\n";
  for (int k = 0; k < 12; ++k)
    text += std::to_string(k) + "," + std::to_string(k % 5) + "," + (k < 6 ? "a" : "b") + "\n";
  const auto table = parse_labelled_table(text, "t.csv");
  EXPECT_THAT(table.features, ElementsAre("x"));
  EXPECT_THAT(table.notes, ElementsAre(HasSubstr("numbers of the records: 'id'")));
}

TEST(LabelledTable, ColumnCalledIdIsLeftOut) {
  std::string text = "ID,x,y\n";
  for (int k = 0; k < 12; ++k)
    text +=
        std::to_string(1000 + 37 * k % 101) + "," + std::to_string(k % 5) + "," + (k < 6 ? "a" : "b") + "\n";
  EXPECT_THAT(parse_labelled_table(text, "t.csv").features, ElementsAre("x"));
}

TEST(LabelledTable, MissingCells) {
  std::string text = "x,colour,y\n,red,a\n3,?,b\n5,red,b\n7,blue,a\n1,red,\n";
  for (int k = 0; k < 8; ++k) text += "4,red,a\n";
  const auto table = parse_labelled_table(text, "t.csv");
  EXPECT_EQ(table.records(), 12);  // the one without a target is left out
  EXPECT_THAT(table.features, ElementsAre("x", "colour=blue", "colour=red", "colour=missing"));
  EXPECT_EQ(table.values(0, 0), 4);  // the median
  EXPECT_EQ(table.values(1, 3), 1);
  EXPECT_EQ(table.notes.size(), 2u);
}

TEST(LabelledTable, OneClassAgainstTheRest) {
  const std::string text = repeated("x,y\n", "1,a\n2,b\n", "3,c\n");
  EXPECT_EQ(parse_labelled_table(text, "t.csv").classes.size(), 3u);
  const auto table = parse_labelled_table(text, "t.csv", {.positive = "b"});
  EXPECT_THAT(table.classes, ElementsAre("rest", "b"));
  EXPECT_EQ(table.class_counts()[1], 6);
}

TEST(LabelledTable, NumbersAreSplitOnRequest) {
  std::string text = "x,price\n";
  for (int k = 0; k < 40; ++k) text += std::to_string(k % 7) + "," + std::to_string(k) + ".5\n";
  EXPECT_THAT(message_of<InvalidInput>([&] { parse_labelled_table(text, "t.csv"); }),
              HasSubstr("40 different numbers"));
  const auto table = parse_labelled_table(text, "t.csv", {.positive = ">9.5"});
  EXPECT_EQ(table.class_counts()[1], 30);
  EXPECT_EQ(parse_labelled_table(text, "t.csv", {.positive = "<=9.5"}).class_counts()[1], 10);
  const auto numbers = parse_labelled_table(text, "t.csv", {.numeric_target = true});
  EXPECT_TRUE(numbers.labels.empty());
  EXPECT_EQ(numbers.response(3), 3.5);
}

TEST(LabelledTable, FreeTextIsLeftOut) {
  std::string text = "name,x,y\n";
  for (int k = 0; k < 60; ++k)
    text += "n" + std::to_string(k) + "," + std::to_string(k % 3) + "," + (k % 2 ? "a" : "b") + "\n";
  const auto table = parse_labelled_table(text, "t.csv");
  EXPECT_THAT(table.features, ElementsAre("x"));
}

TEST(LabelledTable, RefusesInOneLine) {
  const auto refused = [](const std::string& text, const LabelledTableOptions& options = {}) {
    return message_of<InvalidInput>([&] { parse_labelled_table(text, "t.csv", options); });
  };
  EXPECT_THAT(refused(""), HasSubstr("t.csv"));
  EXPECT_THAT(refused("a,b\n"), HasSubstr("t.csv"));
  EXPECT_THAT(refused("a,y\n1,0\n2,1\n"), HasSubstr("at least 10"));
  EXPECT_THAT(refused(repeated("a,y\n", "1,0\n", "2,0\n")), HasSubstr("single class"));
  EXPECT_THAT(refused(repeated("a,y\n", "1,0\n", "1,1\n")), HasSubstr("no column is left"));
  EXPECT_THAT(refused(repeated("a,b,y\n", "1,0\n", "2,1,1\n")), HasSubstr("t.csv:2"));
  EXPECT_THAT(refused(repeated("a,y\n", "1,0\n", "2,1\n"), {.target = "z"}), HasSubstr("'z'"));
  EXPECT_THAT(refused(repeated("a,y\n", "1,0\n", "2,1\n"), {.positive = "2"}), HasSubstr("no class '2'"));
  EXPECT_THAT(refused(repeated("a,y\n", "1,u\n", "2,v\n"), {.positive = ">2"}), HasSubstr("number"));
}

TEST(LabelledTable, StoredFiles) {
  const auto wine = test::stored("ppp-clustering/wine.csv"), monk = test::stored("rashomon/monk_1.csv");
  if (wine.empty() || monk.empty()) GTEST_SKIP() << "the stored tables are not there";
  const auto table = read_labelled_table(wine);
  EXPECT_EQ(table.features.size(), 13u);
  EXPECT_EQ(table.classes.size(), 3u);
  EXPECT_EQ(table.records(), 178);
  EXPECT_EQ(read_labelled_table(monk).features.size(), 11u);
}

}  // namespace
}  // namespace lehr::stats
