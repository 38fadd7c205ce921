#include "lehr/core/json.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/json_lines.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::message_of;
using ::testing::HasSubstr;

std::string refusal(std::string_view text) {
  return message_of<InvalidInput>([&] { parse_json(text, "t.json"); });
}

TEST(Json, KeepsTypesAndTheOrderOfKeys) {
  const Json value = parse_json(R"( {"z": [1, -2, 0.5, true, null, "é\n"], "a": {}, "m": [[]]} )", "t.json");
  EXPECT_EQ(value.dump(), R"({"z":[1,-2,0.5,true,null,"é\n"],"a":{},"m":[[]]})");
  EXPECT_TRUE(value["z"][0].is_number_unsigned());
  EXPECT_TRUE(value["z"][1].is_number_integer());
  EXPECT_TRUE(value["z"][2].is_number_float());
}

TEST(Json, AgreesWithTheLibrarysOwnParser) {
  std::string text = "{";
  for (int i = 0; i < 100; ++i) text += fmt::format("\"k{}\": [{}, {{\"x\": {}}}],\n", i, i, i * 0.25);
  text += "\"last\": 18446744073709551615}";
  EXPECT_EQ(parse_json(text, "t"), Json::parse(text));
}

TEST(Json, FaultsNameLineAndColumn) {
  EXPECT_THAT(refusal("{\"a\": 1,\n \"b\" 2}"), testing::StartsWith("t.json:2:6: unexpected number literal"));
  EXPECT_THAT(refusal(""), testing::StartsWith("t.json:1:"));
  EXPECT_THAT(refusal("[1, 2"), testing::StartsWith("t.json:1:6: unexpected end of input"));
  EXPECT_THAT(refusal("[1] x"), testing::StartsWith("t.json:1:5: invalid literal"));
  EXPECT_EQ(refusal("[1, 1e999]"), "t.json:1:9: a number beyond the range of doubles");
  EXPECT_THAT(refusal("\"\xff\""), HasSubstr("ill-formed UTF-8"));
  EXPECT_EQ(refusal(std::string_view("[1]\0[2]", 7)), "t.json:1:4: a NUL byte");
}

TEST(Json, RepeatedKeysAreRefused) {
  EXPECT_EQ(refusal("{\"a\": 1,\n \"a\": 2}"), "t.json:2:4: the key 'a' appears twice");
  EXPECT_EQ(parse_json(R"([{"a": 1}, {"a": {"a": 2}}])", "t").size(), 2U);
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += fmt::format("\"k{}\": 0,", i);
  EXPECT_THAT(refusal(many + "\"k7\": 0}"), HasSubstr("the key 'k7' appears twice"));
  EXPECT_THAT(refusal(many + "\"k90\": 0}"), HasSubstr("the key 'k90' appears twice"));
}

TEST(Json, DeepNestingIsRefused) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(parse_json(nested(200), "t"));
  EXPECT_EQ(refusal(nested(201)), "t.json:1:201: nested deeper than 200 levels");
  EXPECT_EQ(refusal(std::string(10'000'000, '[')), "t.json:1:201: nested deeper than 200 levels");
}

TEST(Json, NumbersSurviveARoundTrip) {
  for (const double x : {0.1, -0.0, 1e-320, 1.7976931348623157e308, 3.0, 1.0 / 3}) {
    const Json read = parse_json(json_number(x).dump(), "t");
    EXPECT_EQ(number_from(read), x);
    EXPECT_EQ(std::signbit(number_from(read)), std::signbit(x));
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(json_number(-infinity).dump(), "\"-inf\"");
  EXPECT_EQ(number_from(json_number(infinity)), infinity);
  EXPECT_EQ(number_from(json_number(-infinity)), -infinity);
  EXPECT_TRUE(std::isnan(number_from(json_number(std::nan("")))));
  EXPECT_EQ(number_from(Json(7)), 7);
  EXPECT_THAT(message_of<InvalidInput>([] { number_from(Json("seven")); }), HasSubstr("found 'seven'"));
  EXPECT_THAT(message_of<InvalidInput>([] { number_from(Json::array()); }),
              HasSubstr("found JSON of type array"));
}

TEST(Json, TheFirstDifferenceIsToldInWords) {
  const Json before = {{"rate", 1}, {"inner", {{"name", "a"}, {"size", 3}}}};
  Json now = before;
  now["inner"]["size"] = 4;
  EXPECT_EQ(first_difference(before, now), "inner.size was '3', is '4'");
  EXPECT_EQ(first_difference(before, {{"rate", 1}}), "inner is gone");
  EXPECT_EQ(first_difference({{"rate", 1}}, before), "inner is new");
  EXPECT_EQ(first_difference({{"a", 1}, {"b", 2}}, {{"b", 2}, {"a", 1}}), "the order of the keys");
}

TEST(JsonLines, SkipsBlankLinesAndCountsThem) {
  std::vector<std::int64_t> lines;
  for_each_json_line(
      "\xEF\xBB\xBF{\"a\": 1}\r\n\n  \n{\"a\": 2}", "t",
      [&](std::int64_t line, Json&& object) { lines.push_back(line + 10 * object["a"].get<int>()); });
  EXPECT_THAT(lines, testing::ElementsAre(11, 24));
  EXPECT_TRUE(parse_json_lines("", "t").empty());
}

TEST(JsonLines, FaultsNameTheLine) {
  const auto refusal = [](std::string_view text) {
    return message_of<InvalidInput>([&] { parse_json_lines(text, "t.jsonl"); });
  };
  EXPECT_THAT(refusal("{}\n\n{\"a\": }\n"), testing::StartsWith("t.jsonl:3:7: unexpected '}'"));
  EXPECT_EQ(refusal("{}\n[1]\n"), "t.jsonl:2: expected a JSON object, found array");
  EXPECT_THAT(refusal("{}\n{\"a\": 1"), testing::StartsWith("t.jsonl:2:"));
}

TEST(JsonLines, ReadsFiles) {
  const test::TemporaryFolder folder;
  test::put(folder / "x.jsonl", "{\"a\": 1}\n{\"a\": 2}\n");
  const std::vector<Json> objects = read_json_lines(folder / "x.jsonl");
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[1]["a"], 2);
}

}  // namespace
}  // namespace lehr
