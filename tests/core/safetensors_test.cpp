#include "lehr/core/safetensors.hpp"

#include <gmock/gmock.h>

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

void flatten(const Json& value, std::vector<double>& into) {
  if (!value.is_array())
    into.push_back(value.get<double>());
  else
    for (const Json& item : value) flatten(item, into);
}

// Compares every tensor with the values in the JSON file.
void expect_values(const Safetensors& found, const std::filesystem::path& expected_file) {
  const Json expected = Json::parse(test::content_of(expected_file));
  EXPECT_EQ(found.tensors().size(), expected.size());
  for (const auto& [name, value] : expected.items()) {
    std::vector<double> numbers;
    flatten(value, numbers);
    EXPECT_EQ(found.at(name).to_doubles(), numbers) << name;
  }
}

std::string file_of(std::string_view header, std::size_t data_bytes = 0) {
  const std::uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  return file.append(header).append(data_bytes, '\1');
}

std::string refusal(const std::string& file) {
  return message_of<InvalidInput>([&] { parse_safetensors(bytes_of(file), "t"); });
}

TEST(Safetensors, SampleFilesGiveTheirExpectedValues) {
  const auto data = test::shared_data("fisher-merging");
  if (data.empty()) GTEST_SKIP() << "the shared data are not here";
  const Safetensors good(data / "good.safetensors");
  expect_values(good, data / "good.expected.json");
  EXPECT_EQ(good.metadata().find("note")->second, "sample");
  EXPECT_THAT(good.at("layer.0.weight").shape, ElementsAre(3, 4));
  EXPECT_THAT(good.at("empty").shape, ElementsAre(0, 4));
  EXPECT_TRUE(good.at("scalar").shape.empty());
  expect_values(Safetensors(data / "sharded"), data / "sharded/expected.json");
  expect_values(Safetensors(data / "sharded/model.safetensors.index.json"), data / "sharded/expected.json");
}

TEST(Safetensors, BadSampleFilesAreRefused) {
  const auto data = test::shared_data("fisher-merging");
  if (data.empty()) GTEST_SKIP() << "the shared data are not here";
  const auto refused = [&](const char* file) {
    return message_of<InvalidInput>([&] { Safetensors bad(data / file); });
  };
  EXPECT_THAT(refused("bad_header_too_long.safetensors"), HasSubstr("byte 0: the header's length is"));
  EXPECT_THAT(refused("bad_overlap.safetensors"),
              HasSubstr("tensor 'b': starts at byte 8 of the buffer instead of 12"));
  EXPECT_THAT(refused("bad_size_mismatch.safetensors"),
              HasSubstr("tensor 'a': F32 of shape [3] needs 12 bytes"));
  EXPECT_THAT(refused("bad_truncated.safetensors"),
              HasSubstr("tensor 'a': data_offsets 0 to 32 leave the buffer"));
}

TEST(Safetensors, EveryPrefixOfAFileIsRefused) {
  const std::string file = file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  )", 8);
  EXPECT_EQ(parse_safetensors(bytes_of(file), "t").tensors.size(), 1U);
  for (std::size_t length = 0; length < file.size(); ++length)
    EXPECT_THROW(parse_safetensors(bytes_of(file.substr(0, length)), "t"), InvalidInput) << length;
}

TEST(Safetensors, FaultyHeadersNameTheTensorOrByte) {
  EXPECT_EQ(refusal("123"), "t: byte 0: expected 8 bytes of the header's length, the file ends after 3");
  EXPECT_THAT(refusal(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)),
              HasSubstr("length is 9223372036854775807"));
  EXPECT_EQ(refusal(file_of("[]")), "t: byte 8: the header must start with '{'");
  EXPECT_EQ(refusal(file_of("{\"a\":}")), "t: byte 13: the header is not valid JSON");
  EXPECT_EQ(refusal(file_of(std::string_view("{}\0{}", 5))), "t: byte 10: a NUL byte in the header");
  EXPECT_EQ(refusal(file_of("{\"\xff\":1}")), "t: byte 10: the header is not valid JSON");
  EXPECT_EQ(refusal(file_of("{\"a\":1}")), "t: tensor 'a': a number is out of place");
  EXPECT_EQ(refusal(file_of("{\"a\":{}}")), "t: tensor 'a': expected dtype, shape and two data_offsets");
  EXPECT_EQ(refusal(file_of("{\"a\":{\"size\":1}}")),
            "t: tensor 'a': unknown key 'size' (known: dtype, shape, data_offsets)");
  EXPECT_EQ(refusal(file_of("{\"__metadata__\":{\"a\":1}}")), "t: header: a number is out of place");
  EXPECT_EQ(refusal(file_of("{\"__metadata__\":{},\"__metadata__\":{}}")),
            "t: header: __metadata__ appears twice");
  EXPECT_EQ(refusal(file_of("{}", 1)), "t: the tensors end at byte 0 of a buffer of 1 bytes");
}

TEST(Safetensors, FaultyTensorsAreRefused) {
  const auto tensor = [](const char* type, const char* shape, const char* offsets) {
    return fmt::format(R"({{"a":{{"dtype":"{}","shape":{},"data_offsets":{}}}}})", type, shape, offsets);
  };
  EXPECT_THAT(refusal(file_of(tensor("F99", "[]", "[0,4]"), 4)),
              HasSubstr("tensor 'a': unknown dtype 'F99'"));
  EXPECT_THAT(refusal(file_of(tensor("U8", "[4]", "[4,0]"), 4)), HasSubstr("run backwards"));
  EXPECT_THAT(refusal(file_of(tensor("U8", "[4]", "[0,5]"), 4)), HasSubstr("leave the buffer of 4 bytes"));
  EXPECT_THAT(refusal(file_of(tensor("U8", "[3]", "[1,4]"), 4)), HasSubstr("leaves a gap"));
  EXPECT_THAT(refusal(file_of(tensor("U8", "[3]", "[0,3]"), 4)), HasSubstr("end at byte 3 of a buffer of 4"));
  EXPECT_THAT(refusal(file_of(tensor("U8", "[-4]", "[0,4]"), 4)), HasSubstr("the number -4 is negative"));
  EXPECT_THAT(refusal(file_of(tensor("U8", "[4.0]", "[0,4]"), 4)), HasSubstr("not a whole number"));
  EXPECT_THAT(refusal(file_of(tensor("U8", "[4]", "[0,4,4]"), 4)), HasSubstr("two data_offsets"));
  EXPECT_THAT(refusal(file_of(tensor("U8", "[[4]]", "[0,4]"), 4)), HasSubstr("an array is out of place"));
  EXPECT_THAT(refusal(file_of(tensor("F64", "[4294967296,4294967296]", "[0,0]"))),
              HasSubstr("more elements"));
  EXPECT_THAT(refusal(file_of(tensor("U8", "[18446744073709551615]", "[0,0]"))), HasSubstr("more elements"));
  const std::string one = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(refusal(file_of("{" + one + "," + one + "}", 1)), "t: tensor 'a' appears twice");
}

TEST(Safetensors, WrittenFilesReadBack) {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> bytes = {1, 2, 3};
  const std::vector<double> doubles = {0.1, -0.0};
  const TensorViews tensors = {
      {"b", tensor_view(std::span<const std::uint8_t>(bytes), {3})},
      {"z \"é\"", tensor_view(std::span<const double>(doubles), {2, 1})},
      {"none", {ElementType::f16, {0, 7}, {}}},
  };
  write_safetensors(folder / "x.safetensors", tensors, {{"note", "a\nb"}});

  const Safetensors read(folder / "x.safetensors");
  ASSERT_EQ(read.tensors().size(), 3U);
  for (const auto& [name, view] : tensors) {
    EXPECT_EQ(read.at(name).type, view.type);
    EXPECT_EQ(read.at(name).shape, view.shape);
    EXPECT_TRUE(std::equal(view.bytes.begin(), view.bytes.end(), read.at(name).bytes.begin(),
                           read.at(name).bytes.end()));
    const auto address = reinterpret_cast<std::uintptr_t>(read.at(name).bytes.data());
    EXPECT_EQ(address % size_of(view.type), 0U) << "every tensor is aligned";
  }
  EXPECT_EQ(read.metadata(), (Metadata{{"format", "pt"}, {"note", "a\nb"}}));
  EXPECT_EQ(message_of<InvalidInput>([&] { (void)read.at("nose"); }),
            (folder / "x.safetensors").string() + ": no tensor 'nose' (did you mean 'none'?)");
}

TEST(Safetensors, TheWriterStreamsAndChecks) {
  const TemporaryFolder folder;
  const std::string data = "0123456789";
  {
    SafetensorsWriter writer(folder / "x", {{"a", ElementType::u8, {2}}, {"b", ElementType::f64, {}}});
    EXPECT_EQ(writer.order()[0].name, "b");
    writer.append(bytes_of(data).first(5));
    EXPECT_THAT(message_of<InvalidInput>([&] { writer.commit(); }),
                HasSubstr("5 bytes of the tensors were not written"));
    writer.append(bytes_of(data).subspan(5));
    EXPECT_THAT(message_of<InvalidInput>([&] { writer.append(bytes_of("x")); }), HasSubstr("more bytes"));
    EXPECT_FALSE(std::filesystem::exists(folder / "x"));
    writer.commit();
  }
  const Safetensors read(folder / "x");
  EXPECT_THAT(read.at("a").to_doubles(), ElementsAre('8', '9'));

  const auto refused = [&](std::vector<TensorHeader> tensors) {
    return message_of<InvalidInput>([&] { SafetensorsWriter writer(folder / "y", std::move(tensors)); });
  };
  EXPECT_THAT(refused({{"a", ElementType::u8, {1}}, {"a", ElementType::u8, {1}}}), HasSubstr("'a' is taken"));
  EXPECT_THAT(refused({{"__metadata__", ElementType::u8, {1}}}), HasSubstr("'__metadata__' is taken"));
  EXPECT_THAT(refused({{"\xff", ElementType::u8, {1}}}), HasSubstr("not UTF-8"));
  EXPECT_THAT(refused({{"a", ElementType::u8, {-1}}}), HasSubstr("shape [-1] is impossible"));
  EXPECT_THAT(message_of<InvalidInput>([&] {
                write_safetensors(folder / "y", {{"a", {ElementType::u8, {2}, {}}}});
              }),
              HasSubstr("tensor 'a': shape [2] does not fit 0 bytes"));
  EXPECT_FALSE(std::filesystem::exists(folder / "y"));
}

TEST(Safetensors, FaultyModelsAreRefused) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of<InvalidInput>([&] { Safetensors model(folder.path()); }),
              HasSubstr("found 0 such files"));
  write_safetensors(folder / "one.safetensors", {{"a", {ElementType::u8, {0}, {}}}});
  EXPECT_EQ(Safetensors(folder.path()).tensors().size(), 1U);

  const auto index = folder / "model.safetensors.index.json";
  const auto refused = [&](std::string_view content) {
    test::put(index, content);
    return message_of<Error>([&] { Safetensors model(folder.path()); });
  };
  EXPECT_THAT(refused("[]"), HasSubstr("expected an object \"weight_map\""));
  EXPECT_THAT(refused("{\"weight_map\": 1}"), HasSubstr("expected an object \"weight_map\""));
  EXPECT_THAT(refused("{\"weight_map\": {"), HasSubstr("model.safetensors.index.json:1:"));
  EXPECT_THAT(refused("{\"weight_map\": {\"a\": 1}}"), HasSubstr("tensor 'a': expected a file's name"));
  EXPECT_THAT(refused("{\"weight_map\": {\"a\": \"../one.safetensors\"}}"),
              HasSubstr("not the name of a file"));
  EXPECT_THAT(refused("{\"weight_map\": {\"a\": \"..\"}}"), HasSubstr("not the name of a file"));
  EXPECT_THAT(refused("{\"weight_map\": {\"a\": \"two.safetensors\"}}"), HasSubstr("No such file"));
  EXPECT_THAT(refused("{\"weight_map\": {\"b\": \"one.safetensors\"}}"),
              HasSubstr("tensor 'b' is not in 'one.safetensors'"));
}

}  // namespace
}  // namespace lehr
