#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "lehr/schedule/control.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using testing::HasSubstr;

class Table : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() /
        ("lehr_table_test_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& contents) { std::ofstream(folder_ / "t.csv") << contents; }
  Schedule parse(const std::string& text) { return Schedule::parse(text, folder_); }
  std::string refusal(const std::string& contents, const std::string& text = "table(\"t.csv\")") {
    write(contents);
    return test::message_of<Error>([&] { parse(text); });
  }

  std::filesystem::path folder_;
};

struct KnobOptions {
  Schedule one = 0.0;
  std::vector<Schedule> several = {};
  std::optional<Control> knob = std::nullopt;
  void describe(OptionTable& table) {
    table.add("one", one, "a schedule");
    table.add("several", several, "schedules");
    table.add("knob", knob, "a schedule or a controller");
  }
};

TEST_F(Table, OptionsReadItFromTheirBase) {
  write("progress,lr\n0,4\n1,2\n");
  const std::string text = "table(\"t.csv\")";
  KnobOptions options;
  read_options(options, {{"one", text}, {"several", {text, 1}}, {"knob", text}}, "options", folder_);
  EXPECT_EQ(options.one(0.5), 3);
  EXPECT_EQ(options.several.at(0)(0.5), 3);
  EXPECT_EQ(options.knob.value().text(), text);
  EXPECT_THAT(test::message_of<IoError>([&] {
                read_options(options, {{"one", text}}, "options");
              }),
              HasSubstr("t.csv"));
}

TEST_F(Table, OfProgress) {
  write("progress,lr\n0.25,4\n0.75,2\n");
  const Schedule line = parse("table(\"t.csv\")");
  EXPECT_FALSE(line.needs_steps());
  EXPECT_EQ(line(0), 4);
  EXPECT_EQ(line(0.5), 3);
  EXPECT_EQ(line(0.75), 2);
  EXPECT_EQ(line(1), 2);
  EXPECT_EQ(line.at(50, 100), 3);
  const Schedule hold = parse("table(\"t.csv\", interpolation=hold)");
  EXPECT_EQ(hold(0.74), 4);
  EXPECT_EQ(hold(0.75), 2);
  EXPECT_EQ(hold.text(), "table(\"t.csv\", interpolation=hold)");
}

TEST_F(Table, OfSteps) {
  write("loss,step,lr\n9,10,4\n8,20,2\n");
  const Schedule schedule = parse("table(\"t.csv\", column=\"lr\")");
  EXPECT_TRUE(schedule.needs_steps());
  EXPECT_THROW(schedule(0.5), InvalidInput);
  EXPECT_EQ(schedule.at(15, 1000), 3);
  EXPECT_EQ(schedule.at(900, 1000), 2);
  EXPECT_EQ(parse("table(\"t.csv\")").at(15, 1000), 8.5);  // the first column that holds no positions
  // Inside another schedule, steps count from where the table begins.
  EXPECT_EQ(parse("then(1, table(\"t.csv\", column=\"lr\"), at=100steps)").at(115, 1000), 3);
  EXPECT_TRUE(parse("then(1, table(\"t.csv\"), at=0.5)").needs_steps());
}

TEST_F(Table, KeepsItsDataWhenTheFileIsGone) {
  write("progress,lr\n0,4\n1,2\n");
  const Schedule schedule = parse("table(\"t.csv\")");
  std::filesystem::remove(folder_ / "t.csv");
  EXPECT_EQ(schedule(0.5), 3);
  EXPECT_THROW(parse("table(\"t.csv\")"), IoError);
}

TEST_F(Table, RefusesWhatItCannotUse) {
  EXPECT_THAT(refusal("progress,lr\n"), HasSubstr("t.csv: holds no rows"));
  EXPECT_THAT(refusal("progress\n0.5\n"), HasSubstr("needs two columns"));
  EXPECT_THAT(refusal("progress,lr\n0.5,1\n0.5,2\n"),
              HasSubstr("row 2: positions must rise, found 0.5 after 0.5"));
  EXPECT_THAT(refusal("progress,lr\n0.5,1\n1.5,2\n"), HasSubstr("progress must lie in [0, 1], found 1.5"));
  EXPECT_THAT(refusal("progress,lr\n0,1\n1,inf\n"), HasSubstr("row 2: the value is not finite"));
  EXPECT_THAT(refusal("progress,lr\n-1,1\n"), HasSubstr("position -1 is not in"));
  EXPECT_THAT(refusal("progress,lr\n0,1\n", "table(\"t.csv\", column=\"l\")"),
              HasSubstr("has no column 'l'"));
  EXPECT_THAT(refusal("", "table(\"other.csv\")"), HasSubstr("other.csv"));
  EXPECT_THAT(refusal("", "table(t.csv)"), HasSubstr("column 8"));
}

}  // namespace
}  // namespace lehr
