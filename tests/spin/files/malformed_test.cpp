// What is refused, and in which words.
#include <gmock/gmock.h>

#include "lehr/spin/files/problem_file.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::spin {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::string_view text, std::string_view name, const ReadOptions& options = {}) {
  return lehr::test::message_of<InvalidInput>(
      [&] { parse_problem(lehr::test::bytes_of(text), name, options); });
}

TEST(Malformed, GraphsNameFileLineAndValue) {
  EXPECT_EQ(refusal("", "g.mc"), "g.mc: the file is empty");
  EXPECT_EQ(refusal(" \n\r\n", "g.mc"), "g.mc: the file is empty");
  EXPECT_EQ(refusal("3 2\n1 2 1\n", "g.mc"), "g.mc:3: the header declares 2 edges, the file ends after 1");
  EXPECT_EQ(refusal("3 1\n1 2 1\n2 3 1\n", "g.mc"), "g.mc:3: more edges than the 1 of the header");
  EXPECT_EQ(refusal("3 1\n2 2 1\n", "g.mc"), "g.mc:2: an edge from vertex 2 to itself");
  EXPECT_EQ(refusal("3 1\n1 4 1\n", "g.mc"), "g.mc:2: expected a vertex from 1 to 3, found '4'");
  EXPECT_EQ(refusal("3 1\n0 1 1\n", "g.mc"), "g.mc:2: expected a vertex from 1 to 3, found '0'");
  EXPECT_EQ(refusal("3 1\n1 2 nan\n", "g.mc"), "g.mc:2: expected a weight, found 'nan', which is not finite");
  EXPECT_EQ(refusal("3 1\n1 2 -inf\n", "g.mc"),
            "g.mc:2: expected a weight, found '-inf', which is not finite");
  EXPECT_EQ(refusal("3 1\n1 2 1e999\n", "g.mc"),
            "g.mc:2: expected a weight, found '1e999', which is beyond the range of doubles");
  EXPECT_EQ(refusal("3 1\n1 2 1.5x\n", "g.mc"), "g.mc:2: expected a weight, found '1.5x'");
  EXPECT_EQ(refusal("3 1\n1 2 1 7\n", "g.mc"), "g.mc:2: expected the end of the line, found '7'");
  EXPECT_EQ(refusal("3 1\n1\n", "g.mc"), "g.mc:2: expected a vertex, the line ends");
  EXPECT_EQ(refusal("3\n", "g.mc"), "g.mc:1: expected a number of edges, the line ends");
  EXPECT_EQ(refusal("-3 1\n", "g.mc"),
            "g.mc:1: expected a number of vertices from 0 to 2147483647, found '-3'");
  EXPECT_EQ(refusal("99999999999999999999 1\n", "g.mc"),
            "g.mc:1: expected a number of vertices from 0 to 2147483647, found '99999999999999999999'");
  EXPECT_THAT(refusal("3 2\n1 2 1e308\n1 2 1e308\n", "g.mc"), HasSubstr("g.mc: "));
}

TEST(Malformed, HeadersCannotClaimMemory) {
  EXPECT_EQ(refusal("2000000000 1\n1 2 1\n", "g.mc"),
            "g.mc:1: 2000000000 variables in a file of 19 bytes; expected 0 to 1048576");
  EXPECT_THAT(refusal("3 1000000000000\n1 2 1\n", "g.mc"), HasSubstr("the file ends after 1"));
  EXPECT_THAT(refusal("p qubo 0 2147483647 0 0\n", "a.qubo"), HasSubstr("2147483647 variables"));
  EXPECT_THAT(refusal("2147483647 0\n", "a.ising"), HasSubstr("2147483647 variables"));
  EXPECT_THAT(refusal("1\n2147483647 0\n", "a.bqp"), HasSubstr("2147483647 variables"));
  EXPECT_THAT(refusal("{\"vartype\": \"SPIN\", \"num_variables\": 2000000000, \"terms\": []}", "a.hubo"),
              HasSubstr("2000000000 variables"));
  EXPECT_THAT(refusal("%%MatrixMarket matrix coordinate real general\n2000000000 2000000000 0\n", "a.mtx",
                      {.kind = "qubo"}),
              HasSubstr("2000000000 variables"));
}

TEST(Malformed, EndlessLinesAreQuotedFromTheirBeginning) {
  const std::string line = "3 1\n1 2 " + std::string(20'000'000, '7') + "x";
  EXPECT_EQ(refusal(line, "g.mc"), "g.mc:2: expected a weight, found '" + std::string(40, '7') + "...'");
  const std::string rest = "3 1\n1 2 1 " + std::string(20'000'000, 'y');
  EXPECT_LT(refusal(rest, "g.mc").size(), 120U);
  EXPECT_LT(refusal(std::string(20'000'000, 'z'), "g.mc").size(), 140U);
  EXPECT_LT(refusal(std::string(20'000'000, '['), "g.hubo").size(), 140U);
}

TEST(Malformed, QubosNameTheirCounts) {
  EXPECT_THAT(refusal("c only comments\n", "a.qubo"), HasSubstr("a.qubo:2: expected the line 'p qubo ...'"));
  EXPECT_EQ(refusal("q qubo 0 2 1 0\n0 0 1\n", "a.qubo"),
            "a.qubo:1: expected 'p qubo topology maxNodes nNodes nCouplers', found 'q'");
  EXPECT_EQ(refusal("p qubo 0 2 1 0\n0 0 1\n1 1 1\n", "a.qubo"),
            "a.qubo:3: more node lines than the 1 of the header");
  EXPECT_EQ(refusal("p qubo 0 2 1 1\n0 0 1\n", "a.qubo"),
            "a.qubo:3: the header declares 1 nodes and 1 couplers, the file has 1 and 0");
  EXPECT_EQ(refusal("p qubo 0 2 0 1\n0 2 1\n", "a.qubo"), "a.qubo:2: expected a node from 0 to 1, found '2'");
  EXPECT_THAT(refusal("c offset=nan\np qubo 0 1 0 0\n", "a.qubo"),
              HasSubstr("a.qubo:1: offset: expected a finite number, found 'nan'"));
}

TEST(Malformed, OtherTextFormatsToo) {
  EXPECT_EQ(refusal("2 1\n0 2 1\n", "a.ising"), "a.ising:2: expected a spin from 0 to 1, found '2'");
  EXPECT_EQ(refusal("2 1\n0 1 1\n1 1 1\n", "a.ising"), "a.ising:3: more entries than the 1 of the header");
  EXPECT_EQ(refusal("1\n2 2\n1 1 1\n", "a.bqp"),
            "a.bqp:4: the instance declares 2 entries, the file ends after 1");
  EXPECT_EQ(refusal("1\n1 1\n1 1 1\n5\n", "a.bqp"), "a.bqp:4: text follows the last of 1 instances");
  EXPECT_EQ(refusal("1 1\n1 1 1\n1 1 1\n", "a.sparse"), "a.sparse:3: more entries than the header declares");
  EXPECT_THAT(refusal("0 1 1\n", "a.coo"), HasSubstr("spins or bits: use --vartype spin or binary"));
  EXPECT_THAT(refusal("# vartype=QUTRIT\n0 1 1\n", "a.coo"), HasSubstr("vartype 'QUTRIT'"));
  EXPECT_THAT(refusal("# vartype=SPIN\n0 1 1\n", "a.coo", {.vartype = "binary"}),
              HasSubstr("the file says vartype SPIN, the option says binary"));
  EXPECT_THAT(refusal("2 0\n", "a.mc", {.instance = 2}),
              HasSubstr("instance 2, but a file of format mc holds one"));
}

TEST(Malformed, JsonModelsNameTheKey) {
  const auto bqm = [](const std::string& rest) {
    return refusal("{\"variable_type\": \"SPIN\", " + rest + "}", "a.bqm");
  };
  EXPECT_THAT(refusal("{\"linear\": {\"a\": 1}", "a.bqm"), HasSubstr("a.bqm:1:"));
  EXPECT_THAT(refusal("{\"linear\": {\"a\": 1}}", "a.bqm"), HasSubstr("spins or bits"));
  EXPECT_THAT(refusal("[1]", "a.bqm"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(bqm("\"use_bytes\": true, \"linear_biases\": \"abc\""), HasSubstr("use_bytes=False"));
  EXPECT_EQ(bqm("\"linear_biases\": [0]"), "a.bqm: the list quadratic_biases is missing");
  const std::string lists = "\"linear_biases\": [0, 0], \"quadratic_head\": [0], ";
  EXPECT_EQ(bqm(lists + "\"quadratic_biases\": [1], \"quadratic_tail\": [2]"),
            "a.bqm: quadratic_tail[0]: expected an integer from 0 to 1, found '2'");
  EXPECT_EQ(bqm(lists + "\"quadratic_biases\": [1], \"quadratic_tail\": [0]"),
            "a.bqm: a quadratic bias of variable '0' with itself");
  EXPECT_EQ(bqm(lists + "\"quadratic_biases\": [1, 2], \"quadratic_tail\": [1]"),
            "a.bqm: 2 quadratic_biases, but 1 in quadratic_head and 1 in quadratic_tail");
  EXPECT_EQ(bqm(lists + "\"quadratic_biases\": [\"x\"], \"quadratic_tail\": [1]"),
            "a.bqm: quadratic_biases[0]: expected a finite number, found '\"x\"'");
  EXPECT_EQ(bqm("\"linear_biases\": [0, 0], \"variable_labels\": [1, 1], \"quadratic_biases\": [], "
                "\"quadratic_head\": [], \"quadratic_tail\": []"),
            "a.bqm: the label '1' appears twice");
  EXPECT_THAT(bqm("\"quadratic\": {\"a\": 1}"),
              HasSubstr("expected a key \"a,b\" of two variables, found 'a'"));
  EXPECT_THAT(bqm("\"offset\": null, \"linear\": {}"), HasSubstr("offset: expected a finite number"));
}

TEST(Malformed, PolynomialsNameTheTerm) {
  const auto hubo = [](const std::string& text) { return refusal(text, "a.hubo", {.vartype = "spin"}); };
  EXPECT_EQ(hubo("[[0, 1]]"), "a.hubo: term 0: expected [[variables], weight]");
  EXPECT_EQ(hubo("[[[0], 1], [[1], \"w\"]]"),
            "a.hubo: term 1: weight: expected a finite number, found '\"w\"'");
  EXPECT_EQ(hubo("7"), "a.hubo: expected terms as a list or an object, found number");
  EXPECT_EQ(hubo("{\"num_variables\": 2, \"terms\": [[[0, 2], 1]]}"), "a.hubo: unknown variable '2' of 2");
  EXPECT_THAT(hubo("[[[0.5], 1]]"), HasSubstr("a variable's label is a string, an integer or a list"));
  EXPECT_THAT(refusal("[[[0], 1], [[0], 2]]", "a.hubo", {.vartype = "spin", .strict = true}),
              HasSubstr("1 terms repeat others or vanish (strict reading)"));
}

TEST(Malformed, MatricesMustFitTheirMeaning) {
  const std::string general = "%%MatrixMarket matrix coordinate real general\n";
  EXPECT_EQ(
      refusal(general + "2 2 1\n1 2 1\n", "a.mtx"),
      "a.mtx: a matrix can be a graph to cut, a QUBO or an Ising model: say which by --kind max_cut, qubo "
      "or ising");
  EXPECT_EQ(refusal(general + "2 3 1\n1 2 1\n", "a.mtx"), "a.mtx: the matrix must be square, found 2 x 3");
  EXPECT_EQ(refusal(general + "2 2 2\n1 2 1\n2 1 3\n", "a.mtx", {.kind = "max_cut"}),
            "a.mtx: elements (2, 1) and (1, 2) differ: 3 and 1; a graph or Ising matrix is symmetric");
  EXPECT_EQ(refusal(general + "2 2 1\n2 2 1\n", "a.mtx", {.kind = "max_cut"}),
            "a.mtx: element (2, 2) is 1, an edge from a vertex to itself");
  EXPECT_EQ(refusal(general + "2 2 1\n1 2 nan\n", "a.mtx", {.kind = "qubo"}),
            "a.mtx: element (1, 2) is nan, not finite");
  EXPECT_THAT(refusal(general + "2 2 2\n1 2 1\n1 2 1\n", "a.mtx", {.kind = "qubo", .strict = true}),
              HasSubstr("1 elements repeat a place"));
  EXPECT_THAT(refusal("PK\3\4 not an archive", "a.npz"), HasSubstr("a.npz"));
  EXPECT_THAT(refusal("\x93NUMPY", "a.npy"), HasSubstr("a.npy"));
}

}  // namespace
}  // namespace lehr::spin
