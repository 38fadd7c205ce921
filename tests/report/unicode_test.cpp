#include "lehr/report/unicode.hpp"

#include <gtest/gtest.h>

namespace lehr::report {
namespace {

using Lines = std::vector<std::string>;

TEST(Unicode, WidthsOfNarrowWideAndCombining) {
  EXPECT_EQ(display_width("naïve ±"), 7);
  EXPECT_EQ(display_width("e\xCC\x81"), 1);  // e and a combining acute accent
  EXPECT_EQ(display_width("退火"), 4);
}

TEST(Unicode, CleaningRemovesEscapesAndIllFormedBytes) {
  EXPECT_EQ(clean_line("\x1b[31mred\a\n\tend"), "\xEF\xBF\xBD[31mred\xEF\xBF\xBD  end");
  EXPECT_EQ(clean_text("a\r\nb"), "a\nb");
  EXPECT_EQ(clean_line("\xC3(\xE2\x80\xAE"), "\xEF\xBF\xBD(\xEF\xBF\xBD");  // a broken byte, an override
}

TEST(Unicode, ShorteningKeepsTheWidth) {
  EXPECT_EQ(shorten("annealing", 9), "annealing");
  EXPECT_EQ(shorten("annealing", 6), "annea…");
  EXPECT_EQ(shorten("annealing", 6, false), "anne..");
  EXPECT_EQ(shorten("退火法", 4), "退…");
  EXPECT_EQ(shorten("ab", 1), "…");
  EXPECT_EQ(shorten("ab", 0), "");
}

TEST(Unicode, WrappingBreaksAtSpacesAndLongWords) {
  EXPECT_EQ(wrap("the law predicts", 8), (Lines{"the law", "predicts"}));
  EXPECT_EQ(wrap("to abcdefghij end", 4), (Lines{"to", "abcd", "efgh", "ij", "end"}));
  EXPECT_EQ(wrap("", 8), Lines{""});
  EXPECT_EQ(wrap("  two   words ", 20), Lines{"two words"});
}

TEST(Unicode, HtmlEscapesAllThatIsMarkup) {
  EXPECT_EQ(escape_html("<a href=\"x\" title='y'>&amp;"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;");
}

}  // namespace
}  // namespace lehr::report
