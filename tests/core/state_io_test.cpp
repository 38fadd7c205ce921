#include "lehr/core/state_io.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

struct Everything {
  double energy = 0;
  float step = 0;
  bool done = false;
  std::int64_t count = 0;
  std::uint64_t word = 0;
  std::int32_t small = 0;
  std::vector<double> values;
  std::vector<std::int8_t> spins;
  std::string name;
  Eigen::MatrixXd matrix;
  Eigen::VectorXd vector;

  template <class Visitor>
  void visit(Visitor& visitor) {
    visitor("energy", energy);
    visitor("step", step);
    visitor("done", done);
    visitor("count", count);
    visitor("word", word);
    visitor("small", small);
    visitor("values", values);
    visitor("spins", spins);
    visitor("name", name);
    visitor("matrix", matrix);
    visitor("vector", vector);
  }
};

TEST(StateIo, EveryKindOfFieldSurvivesBitForBit) {
  const TemporaryFolder folder;
  Everything saved{.energy = -0.0,
                   .step = 0.1F,
                   .done = true,
                   .count = -(std::int64_t{1} << 62),
                   .word = ~std::uint64_t{0},
                   .small = -5,
                   .values = {0.1, std::nan(""), 5e-324},
                   .spins = {1, -1, 1},
                   .name = std::string("a\0é", 4),
                   .matrix = Eigen::MatrixXd(2, 3),
                   .vector = Eigen::VectorXd::Constant(1, 7)};
  saved.matrix << 1, 2, 3, 4, 5, 6;
  StateWriter writer;
  saved.visit(writer);
  save_state(folder / "state", writer.tensors);

  const StateTensors tensors = load_state(folder / "state");
  Everything loaded;
  StateReader reader(tensors);
  loaded.visit(reader);
  EXPECT_TRUE(std::signbit(loaded.energy));
  EXPECT_EQ(loaded.step, saved.step);
  EXPECT_TRUE(loaded.done);
  EXPECT_EQ(loaded.count, saved.count);
  EXPECT_EQ(loaded.word, saved.word);
  EXPECT_EQ(loaded.small, saved.small);
  EXPECT_EQ(std::memcmp(loaded.values.data(), saved.values.data(), 3 * sizeof(double)), 0);
  EXPECT_EQ(loaded.spins, saved.spins);
  EXPECT_EQ(loaded.name, saved.name);
  EXPECT_EQ(loaded.matrix, saved.matrix);
  EXPECT_EQ(loaded.vector, saved.vector);
}

TEST(StateIo, EmptyFieldsSurvive) {
  const TemporaryFolder folder;
  Everything saved;
  StateWriter writer;
  saved.visit(writer);
  save_state(folder / "state", writer.tensors);
  const StateTensors tensors = load_state(folder / "state");
  Everything loaded;
  loaded.values = {1, 2};
  loaded.name = "x";
  loaded.matrix = Eigen::MatrixXd::Zero(2, 2);
  StateReader reader(tensors);
  loaded.visit(reader);
  EXPECT_TRUE(loaded.values.empty());
  EXPECT_TRUE(loaded.name.empty());
  EXPECT_EQ(loaded.matrix.size(), 0);
}

TEST(StateIo, FieldsThatDoNotFitAreNamed) {
  StateWriter writer;
  writer("energy", 1.0);
  writer("values", std::vector<double>{1, 2});
  const StateReader reader(writer.tensors);
  std::int64_t integer = 0;
  double number = 0;
  EXPECT_EQ(message_of<InvalidInput>([&] { reader("enrgy", number); }),
            "the checkpoint has no field 'enrgy' (did you mean 'energy'?)");
  EXPECT_EQ(message_of<InvalidInput>([&] { reader("energy", integer); }),
            "checkpoint field 'energy': expected type I64, found F64");
  EXPECT_EQ(message_of<InvalidInput>([&] { reader("values", number); }),
            "checkpoint field 'values': expected 8 bytes, found 16");
}

TEST(StateIo, TruthValuesAreZeroOrOne) {
  const StateTensors tensors = {{"done", {"BOOL", {}, {std::byte{2}}}}};
  bool done = false;
  EXPECT_THAT(message_of<InvalidInput>([&] {
                StateReader reader(tensors);
                reader("done", done);
              }),
              HasSubstr("neither 0 nor 1"));
}

TEST(StateIo, UnknownTypesAreNotSaved) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<InvalidInput>([&] {
              save_state(folder / "x", {{"a", {"F80", {}, {}}}});
            }),
            "checkpoint field 'a': unknown type 'F80'");
}

TEST(StateIo, FilesThatAreNoCheckpointsAreRefused) {
  const TemporaryFolder folder;
  test::put(folder / "x", "no checkpoint");
  EXPECT_THROW(load_state(folder / "x"), InvalidInput);
  EXPECT_THROW(load_state(folder / "missing"), IoError);
}

}  // namespace
}  // namespace lehr
