#include "lehr/neural/byte_corpus.hpp"

#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::neural {
namespace {

// 200 bytes in which every position is told by its two neighbours' difference: byte i is i.
std::string counting_bytes(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

TEST(ByteCorpus, CutsTheEndOffForValidation) {
  const ByteCorpus corpus(counting_bytes(200), 0.25, 8);
  EXPECT_EQ(corpus.training_size(), 150);
  EXPECT_EQ(corpus.validation_size(), 50);
}

TEST(ByteCorpus, TrainingWindowsStayInTheTrainingPartAndTargetsAreTheNextBytes) {
  const ByteCorpus corpus(counting_bytes(200), 0.25, 8);
  const ByteBatch batch = corpus.training_batch(Stream(Seed{1}, lane("batch"), 3), 500);
  ASSERT_EQ(batch.inputs.size(), 4000u);
  for (std::size_t i = 0; i < batch.inputs.size(); ++i) {
    EXPECT_EQ(batch.targets[i], batch.inputs[i] + 1);
    EXPECT_LT(batch.targets[i], 150);
  }
  const auto [first, last] = std::minmax_element(batch.inputs.begin(), batch.inputs.end());
  EXPECT_EQ(*first, 0);  // 500 draws of 142 starts reach both ends
  EXPECT_EQ(*last, 148);
}

TEST(ByteCorpus, BatchesAreAddressedBySeedAndStep) {
  const ByteCorpus corpus(counting_bytes(200), 0.25, 8);
  const auto inputs = [&](std::uint64_t seed, std::uint64_t step) {
    return corpus.training_batch(Stream(Seed{seed}, lane("batch"), step), 4).inputs;
  };
  EXPECT_EQ(inputs(1, 5), inputs(1, 5));
  EXPECT_NE(inputs(1, 5), inputs(1, 6));
  EXPECT_NE(inputs(1, 5), inputs(2, 5));
}

TEST(ByteCorpus, ValidationWindowsSpanTheValidationPartInAnyBatching) {
  const ByteCorpus corpus(counting_bytes(200), 0.25, 8);
  const ByteBatch all = corpus.validation_batch(0, 7, 7);
  EXPECT_EQ(all.inputs.front(), 150);
  EXPECT_EQ(all.targets.back(), 199);
  const ByteBatch middle = corpus.validation_batch(2, 3, 7);
  EXPECT_TRUE(std::equal(middle.inputs.begin(), middle.inputs.end(), all.inputs.begin() + 16));
}

TEST(ByteCorpus, RefusesTextsThatHoldNoWindow) {
  EXPECT_EQ(test::message_of<Error>([] { ByteCorpus("", 0.1, 8); }), "text: the text is empty");
  EXPECT_EQ(test::message_of<Error>([] { ByteCorpus(counting_bytes(100), 0.05, 8, "a.txt"); }),
            "a.txt: the validation part has 5 bytes, a context of 8 needs at least 9");
  EXPECT_EQ(test::message_of<Error>([] { ByteCorpus(counting_bytes(18), 0.5, 9, "a.txt"); }),
            "a.txt: the training part has 9 bytes, a context of 9 needs at least 10");
  EXPECT_THAT(test::message_of<Error>([] { ByteCorpus::read("no/such/file.txt", 0.1, 8); }),
              testing::StartsWith("no/such/file.txt: "));
}

}  // namespace
}  // namespace lehr::neural
